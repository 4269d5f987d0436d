//! A request that is sent again after kill -9 of who answered the first has its answer in seconds.

use std::time::{Duration, Instant};

use reqwest::{Body, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

use crate::server::{Caller, PATIENCE, Shared, document, folder, turn};

/// Far less than anybody waits for a process to be missed; leases are a few seconds.
const SECONDS: Duration = Duration::from_secs(30);

type Pieces = mpsc::UnboundedSender<std::io::Result<Vec<u8>>>;

/// An upload with the same key each time, whose body comes as it is sent.
fn upload(caller: &Caller) -> (RequestBuilder, Pieces) {
    let (sender, pieces) = mpsc::unbounded_channel();
    let body = Body::wrap_stream(UnboundedReceiverStream::new(pieces));
    let request = caller.ask(Method::POST, "/v1/documents");
    (request.header("idempotency-key", "once").body(body), sender)
}

#[tokio::test]
async fn the_key_of_a_killed_process_is_free_in_seconds() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let (first, caller) = shared.serve(&[]);
    let (_second, other) = shared.serve(&[]);
    for caller in [&caller, &other] {
        caller.until("/readyz", StatusCode::OK).await;
    }
    let bytes = document("claim_form.png");
    let send_all = async |caller: &Caller| {
        let (request, pieces) = upload(caller);
        pieces.send(Ok(bytes.clone())).unwrap();
        drop(pieces);
        request.send().await.unwrap()
    };

    // A request that goes on for longer than a lease keeps its key.
    let (slow, pieces) = upload(&caller);
    let slow = tokio::spawn(slow.send());
    pieces.send(Ok(bytes[..8192].to_vec())).unwrap();
    let url = shared.database.variable("MEDBOT_TEST_DATABASE_URL");
    let pool = PgPool::connect_lazy(url).unwrap();
    let keys = "SELECT count(*) FROM idempotency_keys";
    let begun = Instant::now();
    while sqlx::query_scalar::<_, i64>(keys)
        .fetch_one(&pool)
        .await
        .unwrap()
        == 0
    {
        assert!(begun.elapsed() < PATIENCE, "it takes no key");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(9) {
        let answer = send_all(&other).await;
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        assert_eq!(answer.headers()["retry-after"], "1");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    drop(first);
    let killed = Instant::now();
    assert!(slow.await.unwrap().is_err(), "its server is gone");
    drop(pieces);

    let taken: Value = loop {
        let answer = send_all(&other).await;
        if answer.status() == StatusCode::ACCEPTED {
            break answer.json().await.unwrap();
        }
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        assert!(killed.elapsed() < SECONDS, "the key is not free");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    println!("free after {:?}", killed.elapsed());
    let again = send_all(&other).await;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.json::<Value>().await.unwrap(), taken);
}
