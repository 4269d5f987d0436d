//! A guest has one page read, and nothing of it stays.

use std::time::Instant;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::server::{Caller, Medbot, PATIENCE, document, folder, turn};

async fn tried(caller: &Caller, bytes: Vec<u8>) -> (StatusCode, Value) {
    let asked = caller.ask(Method::POST, "/v1/tryout").body(bytes);
    let answer = asked.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_guest_tries_one_page_and_nothing_of_it_stays() {
    let _turn = turn().await;
    let data = folder();
    let settings = [("MEDBOT_ENGINES", "paddle"), ("MEDBOT_GUESTS", "yes")];
    let server = Medbot::up(data.path(), &settings);
    let admin = Caller::admin(&server, data.path());
    let guest = Caller::new(&server.url, None);
    let page = document("prescription_letterhead.png");
    let start = Instant::now();
    while tried(&admin, page.clone()).await.0 == StatusCode::SERVICE_UNAVAILABLE {
        assert!(start.elapsed() < PATIENCE, "nothing reads");
    }

    let (status, read) = tried(&guest, page).await;
    assert_eq!(status, StatusCode::OK, "{read}");
    assert_eq!(read["schema"], "medbot.document/1");
    let found = read["entities"].as_array().unwrap();
    assert!(
        found.iter().any(|entity| entity["name"] == "Hydroxyzine"),
        "{found:?}"
    );

    for (what, bytes, status) in [
        ("two pages", document("discharge_two_pages.pdf"), 413),
        ("6 MB", vec![b'%'; 6_000_000], 413),
        ("no document", b"no document".to_vec(), 415),
    ] {
        let (answered, problem) = tried(&guest, bytes).await;
        assert_eq!(answered.as_u16(), status, "{what}: {problem}");
    }
    let wrong = guest
        .ask(Method::POST, "/v1/tryout")
        .bearer_auth("mbk_wrong");
    let refused = wrong.send().await.unwrap().status();
    assert_eq!(refused, StatusCode::UNAUTHORIZED, "a wrong key is no guest");

    let jobs = admin.json("/v1/jobs").await;
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(0), "{jobs}");
    let objects = data.path().join("objects");
    let kept = std::fs::read_dir(&objects).unwrap();
    let names: Vec<_> = kept.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [".incoming"], "nothing is stored");
}
