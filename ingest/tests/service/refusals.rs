//! What the API refuses, and that it says so in problems; poison stops nobody else.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{Caller, Medbot, document, folder, problem, turn};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story of one service")]
async fn refusals_are_problems_and_poison_is_a_failed_job() {
    let _turn = turn().await;
    let data = folder();
    let server = Medbot::up(data.path(), &[]);
    let caller = Caller::admin(&server, data.path());
    caller.until("/readyz", StatusCode::OK).await;

    let nobody = Caller::new(&server.url, None);
    problem(nobody.get("/v1/entities").await, 401, "unauthenticated").await;
    let wrong = nobody
        .ask(Method::GET, "/v1/entities")
        .bearer_auth("mbk_wrong");
    problem(wrong.send().await.unwrap(), 401, "unauthenticated").await;
    assert_eq!(nobody.get("/healthz").await.status(), StatusCode::OK);

    let nowhere = "00000000-0000-4000-8000-000000000000";
    for path in [
        format!("/v1/jobs/{nowhere}"),
        "/v1/jobs/no-id".into(),
        format!("/v1/jobs/{nowhere}/events"),
        format!("/v1/documents/{nowhere}"),
        format!("/v1/documents/{nowhere}/pages/0.png"),
        format!("/v1/documents/{nowhere}/pages/zero"),
        format!("/v1/batches/{nowhere}"),
        format!("/v1/entities/{nowhere}/evidence.png"),
        "/v1/nothing".into(),
        "/nothing".into(),
    ] {
        problem(caller.get(&path).await, 404, "not-found").await;
    }
    let method = caller
        .ask(Method::PUT, "/v1/entities")
        .send()
        .await
        .unwrap();
    problem(method, 405, "method-not-allowed").await;

    for (case, query) in [
        ("unknown parameter", "colour=red"),
        ("no type", "type=wine"),
        ("no date", "from=yesterday"),
        ("too much", "limit=5000"),
        ("no cursor", "cursor=xyz"),
        ("no share", "min_confidence=7"),
        ("a name in a URL", "name=Miller"),
    ] {
        let answer = caller.get(&format!("/v1/entities?{query}")).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{case}");
        problem(answer, 400, "bad-request").await;
    }
    let search = |body: &'static str, kind: &'static str| {
        caller
            .ask(Method::POST, "/v1/entities/search")
            .header("content-type", kind)
            .body(body)
            .send()
    };
    problem(
        search("{", "application/json").await.unwrap(),
        400,
        "bad-request",
    )
    .await;
    problem(
        search("{\"x\":1}", "application/json").await.unwrap(),
        422,
        "invalid-body",
    )
    .await;
    problem(
        search("x", "text/plain").await.unwrap(),
        415,
        "unsupported-media-type",
    )
    .await;

    problem(
        caller.upload("note.png", b"a text".to_vec()).await,
        415,
        "mislabelled",
    )
    .await;
    problem(
        caller.upload("note", b"a text".to_vec()).await,
        415,
        "unsupported-format",
    )
    .await;
    problem(caller.upload("empty.png", Vec::new()).await, 422, "empty").await;
    let unknown = caller.ask(
        Method::POST,
        "/v1/documents?webhook=00000000-0000-4000-8000-000000000000",
    );
    let unknown = unknown
        .body(document("lab_columns.png"))
        .send()
        .await
        .unwrap();
    problem(unknown, 422, "no-such-webhook").await;
    let no_engine = caller.ask(Method::POST, "/v1/documents?engines=abacus");
    let no_engine = no_engine
        .body(document("lab_columns.png"))
        .send()
        .await
        .unwrap();
    problem(no_engine, 400, "bad-request").await;
    let private = caller
        .ask(Method::POST, "/v1/webhooks")
        .json(&json!({"url": "https://127.0.0.1/"}));
    problem(private.send().await.unwrap(), 422, "webhook-refused").await;

    // Poison: cut off in the middle, and a picture that would fill all memory.
    let whole = document("prescription_handwritten.jpg");
    let (cut, _) = caller
        .take("cut.jpg", whole[..whole.len() / 3].to_vec())
        .await;
    let (bomb, id) = caller.take("bomb.png", bomb()).await;
    let (good, _) = caller
        .take("good.png", document("prescription_letterhead.png"))
        .await;
    for (job, kind) in [(cut, "truncated"), (bomb, "too-large")] {
        let ended = caller.end_of(&job).await;
        assert_eq!(ended["state"], "failed", "{ended}");
        assert_eq!(ended["error"]["type"], format!("urn:medbot:problem:{kind}"));
    }
    let ended = caller.end_of(&good).await;
    assert!(matches!(
        ended["state"].as_str(),
        Some("succeeded" | "needs_review")
    ));
    problem(
        caller.get(&format!("/v1/documents/{id}")).await,
        409,
        "conflict",
    )
    .await;

    // Both are dead letters, and trying again gives the same.
    let letters = caller.json("/v1/admin/dead-letters").await;
    let letters = letters["dead_letters"].as_array().unwrap().clone();
    assert_eq!(letters.len(), 2, "{letters:?}");
    let replay = format!(
        "/v1/admin/dead-letters/{}/replay",
        letters[0]["task_id"].as_str().unwrap()
    );
    let replayed = caller.ask(Method::POST, &replay).send().await.unwrap();
    assert_eq!(replayed.status(), StatusCode::ACCEPTED);
    let ended = caller.end_of(letters[0]["job_id"].as_str().unwrap()).await;
    assert_eq!(ended["state"], "failed");

    let description: Value = nobody.get("/openapi.json").await.json().await.unwrap();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(description["paths"]["/v1/documents"]["post"].is_object());
    assert!(description["components"]["schemas"]["Document"]["properties"]["entities"].is_object());
}

/// A PNG whose header promises 50,000 by 50,000 pixels.
fn bomb() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(50_000_u32.to_be_bytes());
    bytes.extend(50_000_u32.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0]);
    let crc = !bytes[12..].iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            (c >> 1) ^ (0xedb8_8320 & (0_u32.wrapping_sub(c & 1)))
        })
    });
    bytes.extend(crc.to_be_bytes());
    bytes.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82");
    bytes
}
