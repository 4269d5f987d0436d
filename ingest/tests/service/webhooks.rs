//! Webhooks arrive, signed, once the job has ended.

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use infra::webhook::{Secret, verify};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::server::{Caller, Medbot, PATIENCE, folder, turn};

#[tokio::test]
async fn the_end_of_a_job_is_told() {
    let _turn = turn().await;
    let data = folder();
    let server = Medbot::up(data.path(), &[("MEDBOT_ALLOW_PRIVATE_WEBHOOKS", "1")]);
    let caller = Caller::admin(&server, data.path());
    caller.until("/readyz", StatusCode::OK).await;

    let (sender, mut received) = mpsc::unbounded_channel();
    let receiver = Router::new().route(
        "/hook",
        post(move |headers: HeaderMap, body: Bytes| {
            let first = sender.send((headers, body)).is_ok();
            async move {
                if first {
                    StatusCode::NO_CONTENT.as_u16()
                } else {
                    500
                }
                .to_string()
            }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, receiver).await });

    let made = caller
        .ask(Method::POST, "/v1/webhooks")
        .json(&json!({"url": url}));
    let made = made.send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    let made: Value = made.json().await.unwrap();
    let secret: Secret = made["secret"].as_str().unwrap().parse().unwrap();
    let id = made["id"].as_str().unwrap();
    let listed = caller.json("/v1/webhooks").await;
    assert_eq!(listed["webhooks"][0]["id"], id);
    assert!(listed["webhooks"][0].get("secret").is_none(), "shown once");

    // A job that fails at once ends as well.
    let cut = &crate::server::document("claim_form.png")[..2000];
    let upload = caller.ask(Method::POST, &format!("/v1/documents?webhook={id}"));
    let upload: Value = upload
        .body(cut.to_vec())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let told = tokio::time::timeout(PATIENCE, received.recv())
        .await
        .unwrap()
        .unwrap();
    let (headers, body) = told;
    let header = |name: &str| headers[name].to_str().unwrap();
    let stamp = header("webhook-timestamp").parse().unwrap();
    let signature = header("webhook-signature");
    assert!(verify(
        &secret,
        header("webhook-id"),
        stamp,
        &body,
        signature
    ));
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["type"], "job.failed");
    assert_eq!(body["data"]["job_id"], upload["jobs"][0]["job_id"]);

    let removed = caller
        .ask(Method::DELETE, &format!("/v1/webhooks/{id}"))
        .send()
        .await;
    assert_eq!(removed.unwrap().status(), StatusCode::NO_CONTENT);
}
