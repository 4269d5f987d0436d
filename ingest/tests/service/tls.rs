//! HTTP in TLS of its own: what clients accept and refuse, what one bad connection may do, and how a certificate is
//! replaced.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use reqwest::{Certificate, Client, StatusCode, tls::Version};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    certificates::{Authority, Signed},
    server::{Medbot, PATIENCE, Shared, document, folder, turn},
};

const NAMES: [&str; 2] = ["127.0.0.1", "localhost"];

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn new(folder: &Path) -> Self {
        Self {
            certificate: folder.join("tls.crt"),
            key: folder.join("tls.key"),
        }
    }

    fn write(&self, signed: &Signed) {
        fs::write(&self.certificate, &signed.certificate).unwrap();
        fs::write(&self.key, &signed.key).unwrap();
    }

    fn settings(&self) -> [(&str, &str); 2] {
        [
            ("MEDBOT_TLS_CERT_FILE", self.certificate.to_str().unwrap()),
            ("MEDBOT_TLS_KEY_FILE", self.key.to_str().unwrap()),
        ]
    }
}

/// A client that believes one authority and keeps no connection.
fn client(authority: &Authority, versions: [Version; 2]) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .tls_certs_only([Certificate::from_pem(authority.pem.as_bytes()).unwrap()])
        .tls_version_min(versions[0])
        .tls_version_max(versions[1])
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
}

/// An answer's status, or why there is none.
async fn healthz(client: &Client, url: &str) -> Result<StatusCode, String> {
    let answer = client.get(format!("{url}/healthz")).send().await;
    answer.map(|answer| answer.status()).map_err(|error| {
        let mut said = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            said += &format!(": {inner}");
            source = inner.source();
        }
        said
    })
}

/// Waits until a client finds what it should.
async fn until(client: &Client, url: &str, wanted: Result<StatusCode, &str>) {
    let start = Instant::now();
    loop {
        let found = healthz(client, url).await;
        let is_so = match (&found, wanted) {
            (Ok(status), Ok(wanted)) => *status == wanted,
            (Err(error), Err(wanted)) => error.contains(wanted),
            _ => false,
        };
        if is_so {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{found:?} and not {wanted:?}");
        sleep(Duration::from_millis(200)).await;
    }
}

/// Says something and gives what is heard until the server ends the connection.
async fn heard(address: &str, said: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(said).await.unwrap();
    let mut heard = Vec::new();
    // Reset or ended: the server let it go.
    let ended = timeout(Duration::from_mins(1), stream.read_to_end(&mut heard)).await;
    assert!(ended.is_ok(), "the connection is held");
    heard
}

#[tokio::test]
async fn http_is_answered_in_tls_and_its_certificate_is_replaced() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let (ours, others) = (Authority::new("ours"), Authority::new("others"));
    let files = Files::new(folder.path());
    files.write(&ours.sign(&NAMES, 2090));
    let (server, _) = shared.serve(&files.settings());
    let address = server.url.strip_prefix("http://").unwrap();
    let url = format!("https://{address}");
    let any = [Version::TLS_1_2, Version::TLS_1_3];
    let known = client(&ours, any);

    for versions in [any, [any[0]; 2], [any[1]; 2]] {
        assert_eq!(
            healthz(&client(&ours, versions), &url).await,
            Ok(StatusCode::OK)
        );
    }
    let key = fs::read_to_string(folder.path().join("admin.key")).unwrap();
    let taken = known
        .post(format!("{url}/v1/documents"))
        .bearer_auth(key.trim())
        .body(document("prescription_handwritten.jpg"))
        .send()
        .await
        .unwrap();
    assert_eq!(taken.status(), StatusCode::ACCEPTED);
    let session = known
        .post(format!("{url}/v1/session"))
        .json(&serde_json::json!({"key": key.trim()}))
        .send()
        .await
        .unwrap();
    let cookie = session.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; Secure"), "{cookie}");

    // Who speaks no TLS hears no HTTP; who says nothing, or half of a greeting, is let go; and nobody waits for them.
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let plain = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let half = [22, 3, 1, 2, 0, 1, 0, 1];
    let (plain, nothing, half, ()) = tokio::join!(
        heard(address, plain),
        heard(address, b""),
        heard(address, &half),
        async { assert_eq!(healthz(&known, &url).await, Ok(StatusCode::OK)) },
    );
    for heard in [plain, nothing, half] {
        let heard = String::from_utf8_lossy(&heard).into_owned();
        assert!(!heard.contains("HTTP"), "{heard}");
    }
    drop(silent);

    // Others' clients refuse it, and so does everybody what expired or has another name.
    until(&client(&others, any), &url, Err("UnknownIssuer")).await;
    files.write(&ours.sign(&["clinic.example"], 2090));
    until(&known, &url, Err("not valid for name")).await;
    files.write(&ours.sign(&NAMES, 2001));
    until(&known, &url, Err("expired")).await;
    files.write(&others.sign(&NAMES, 2090));
    until(&client(&others, any), &url, Ok(StatusCode::OK)).await;
    until(&known, &url, Err("UnknownIssuer")).await;

    // What fits nothing changes nothing.
    fs::write(&files.key, "no key").unwrap();
    let said = "another certificate of HTTP is not taken";
    server.logged(said, "error").await;
    until(&client(&others, any), &url, Ok(StatusCode::OK)).await;
    fs::remove_file(&files.key).unwrap();
    let said = "the certificate of HTTP cannot be read again";
    server.logged(said, "error").await;
    until(&client(&others, any), &url, Ok(StatusCode::OK)).await;
}

#[tokio::test]
async fn a_service_that_would_answer_others_in_the_clear_does_not_start() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let ours = Authority::new("ours");
    let files = Files::new(folder.path());
    files.write(&ours.sign(&NAMES, 2090));
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let another = file("another.key", &ours.sign(&NAMES, 2090).key);
    let empty = file("empty.pem", "");
    let missing = folder.path().join("missing.pem");
    let missing = missing.to_str().unwrap();
    let [certificate, key] = files.settings();
    let (of_certificate, of_key) = (certificate.0, key.0);
    for (case, listen, settings, said) in [
        ("in the clear", "0.0.0.0:0", vec![], "MEDBOT_TLS_CERT_FILE"),
        ("in the clear", "[::]:0", vec![], "MEDBOT_TLS_AT_PROXY=1"),
        ("no key", "127.0.0.1:0", vec![certificate], of_key),
        ("no certificate", "127.0.0.1:0", vec![key], of_certificate),
        (
            "no file",
            "127.0.0.1:0",
            vec![(of_certificate, missing), key],
            of_certificate,
        ),
        (
            "no file",
            "127.0.0.1:0",
            vec![certificate, (of_key, missing)],
            of_key,
        ),
        (
            "empty",
            "127.0.0.1:0",
            vec![(of_certificate, &*empty), key],
            of_certificate,
        ),
        (
            "empty",
            "127.0.0.1:0",
            vec![certificate, (of_key, &*empty)],
            of_key,
        ),
        (
            "another's",
            "127.0.0.1:0",
            vec![certificate, (of_key, &*another)],
            of_key,
        ),
    ] {
        let arguments = ["serve", "--listen", listen];
        let mut server = Medbot::start(&arguments, &shared.with(&settings), false);
        assert_eq!(server.ended(), Some(1), "{case}");
        let log = server.log();
        assert!(log.contains(said), "{case}: {log}");
    }
    for settings in [
        &[("MEDBOT_TLS_AT_PROXY", "1")][..],
        &[("MEDBOT_ALLOW_PLAINTEXT", "1")],
        &files.settings(),
    ] {
        let (server, _) = shared.serve_at("0.0.0.0:0", settings);
        assert!(server.log().contains("HTTP is answered"), "{settings:?}");
    }
}
