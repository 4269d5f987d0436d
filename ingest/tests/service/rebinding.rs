//! Where whoever asks is the administrator, the service answers under this machine's own names alone: a page whose
//! name was made to lead here, with an origin that is its own, gets nothing.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::auditing::refused_lines;
use crate::server::{Caller, Shared, folder, problem, turn};

#[tokio::test]
async fn without_authentication_no_other_name_is_answered() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let cors = ("MEDBOT_CORS_ORIGINS", "http://evil.example");
    let (server, _) = shared.serve(&[("MEDBOT_AUTH", "off"), cors]);
    let anybody = Caller::new(&server.url, None);
    let (_, port) = server.url.rsplit_once(':').unwrap();
    let key = json!({"role": "admin"});

    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("192.168.0.1:{port}"),
    ] {
        for (method, path) in [
            (Method::POST, "/v1/admin/keys"),
            (Method::GET, "/v1/jobs"),
            (Method::DELETE, "/v1/session"),
            (Method::OPTIONS, "/v1/jobs"),
            (Method::PUT, "/nothing"),
            (Method::GET, "/"),
            (Method::GET, "/openapi.json"),
            (Method::GET, "/healthz"),
        ] {
            let asked = anybody.ask(method, path).header("host", &host);
            let asked = asked.header("origin", format!("http://{host}")).json(&key);
            problem(asked.send().await.unwrap(), 421, "misdirected").await;
        }
    }
    // Each stands in the log, and the log is not filled with them.
    let lines = refused_lines(&shared.with(&[]), 421);
    assert_eq!(lines.first(), Some(&("another name".to_owned(), 1)));
    assert!(lines.len() <= 3, "one a minute: {lines:?}");

    for host in ["localhost", "127.0.0.1", "[::1]"] {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            let session = anybody
                .ask(Method::GET, "/v1/session")
                .header("host", &host);
            let session = session.send().await.unwrap();
            assert_eq!(session.status(), StatusCode::OK, "{host}");
            let made = anybody.ask(Method::POST, "/v1/admin/keys");
            let made = made.header("host", &host).json(&key);
            let made = made.header("origin", format!("http://{host}"));
            let made = made.send().await.unwrap();
            assert_eq!(made.status(), StatusCode::CREATED, "{host}");
        }
    }

    // Who must say who they are may ask under any name: a proxy passes on its own.
    let (_server, caller) = shared.serve(&[]);
    let asked = caller
        .ask(Method::GET, "/v1/jobs")
        .header("host", "clinic.example");
    assert_eq!(asked.send().await.unwrap().status(), StatusCode::OK);
}
