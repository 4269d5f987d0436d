//! What S3 adds to the contract: pages of a listing, uploads that end unfinished, servers that do
//! not answer, answer half, or refuse.

use schemas::Artefact;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use url::Url;
use uuid::Uuid;

use super::*;
use crate::store::contract::{Source, document, key, s3_settings};
use crate::store::{body, collect};

fn some_key() -> ArtefactKey {
    key(TenantId(Uuid::new_v4()), document())
}

/// A store at an address of this machine, whoever listens there.
fn at(address: std::net::SocketAddr) -> S3 {
    let endpoint = Url::parse(&format!("http://{address}")).unwrap();
    let settings = S3Settings {
        endpoint: Some(endpoint),
        region: "us-east-1".into(),
        bucket: "bucket".into(),
        prefix: String::new(),
        access_key: "who".into(),
        secret_key: "secret".to_owned().into(),
        session_token: None,
        allow_plaintext: false,
        attempt_timeout: Duration::from_millis(200),
    };
    S3::open(&settings).unwrap()
}

#[tokio::test]
async fn an_erase_goes_through_all_pages_of_the_listing() {
    let store = S3::open(&s3_settings()).unwrap();
    let original = some_key();
    // A listing gives 1,000 names at a time.
    let places = (0..1005).map(|page| ArtefactKey {
        artefact: Artefact::Raster(schemas::JobId(Uuid::nil()), page),
        ..original
    });
    stream::iter(places.map(Ok))
        .try_for_each_concurrent(32, async |place| {
            store.put(place, body("a")).await.map(drop)
        })
        .await
        .unwrap();
    store
        .erase(original.tenant, original.document)
        .await
        .unwrap();
    let prefix = store.name(ArtefactKey::prefix(original.tenant, original.document));
    let listing = store
        .client
        .list_objects_v2()
        .bucket(&store.bucket)
        .prefix(prefix);
    assert_eq!(listing.send().await.unwrap().contents().len(), 0);
}

async fn unfinished(store: &S3, key: ArtefactKey) -> usize {
    let name = store.name(key);
    let listing = store
        .client
        .list_multipart_uploads()
        .bucket(&store.bucket)
        .prefix(&name);
    listing.send().await.unwrap().uploads().len()
}

#[tokio::test]
async fn no_unfinished_upload_stays() {
    let store = S3::open(&s3_settings()).unwrap();
    let place = some_key();
    let broken = Source::new(1, 3 * PART_BYTES).broken_body();
    store.put(place, broken).await.unwrap_err();
    assert_eq!(unfinished(&store, place).await, 0, "a body that breaks off");

    let begun = Source::new(1, 2 * PART_BYTES).body();
    let mut put = store.put(place, begun.chain(stream::pending()).boxed());
    let deadline = Instant::now() + Duration::from_secs(30);
    while unfinished(&store, place).await == 0 {
        assert!(Instant::now() < deadline, "the upload never began");
        let _ = timeout(Duration::from_millis(50), &mut put).await;
    }
    drop(put);
    let deadline = Instant::now() + Duration::from_secs(30);
    while unfinished(&store, place).await > 0 {
        assert!(Instant::now() < deadline, "an upload that was given up");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_refused_is_said_in_words() {
    let good = s3_settings();
    let mut wrong_secret = good.clone();
    wrong_secret.secret_key = "wrong".to_owned().into();
    let mut no_bucket = good.clone();
    no_bucket.bucket = "no-such-bucket".into();
    for (case, settings, said) in [
        ("secret", wrong_secret, "it does not know the credentials"),
        ("bucket", no_bucket, "there is no such bucket"),
    ] {
        let store = S3::open(&settings).unwrap();
        let place = some_key();
        let put = store.put(place, body("a")).await.unwrap_err();
        let get = store.get(place).await.err().unwrap();
        let ready = store.ready().await.unwrap_err();
        for error in [&put, &get, &ready] {
            assert_eq!(error.kind, StoreErrorKind::Refused, "{case}: {error}");
        }
        assert!(put.detail.starts_with(said), "{case}: {put}");
        assert!(
            !put.to_string().contains(&place.document.to_string()),
            "{put}"
        );
    }
    let mut plaintext = good;
    plaintext.endpoint = Some(Url::parse("http://store.example").unwrap());
    assert_eq!(S3::open(&plaintext).err(), Some(S3SettingsError::Plaintext));
    plaintext.allow_plaintext = true;
    assert!(S3::open(&plaintext).is_ok());
}

#[tokio::test]
async fn a_server_that_is_not_there_or_silent_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = at(listener.local_addr().unwrap());
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let absent = at(gone.local_addr().unwrap());
    drop(gone);
    for (case, store, said) in [
        ("silent", silent, "no answer came in time"),
        (
            "absent",
            absent,
            "no connection: Connection refused (os error 111)",
        ),
    ] {
        let began = Instant::now();
        let error = store.put(some_key(), body("a")).await.unwrap_err();
        assert_eq!(
            (error.kind, error.detail.as_str()),
            (StoreErrorKind::Unavailable, said),
            "{case}"
        );
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{case}: it took too long"
        );
        assert!(store.ready().await.is_err(), "{case}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_of_the_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let store = at(listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = [0; 16 * 1024];
        let _ = connection.read(&mut request).await.unwrap();
        let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf a body";
        connection.write_all(half).await.unwrap();
    });
    let answer = store.get(some_key()).await.unwrap();
    let error = collect(answer, 1000).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    server.await.unwrap();
}
