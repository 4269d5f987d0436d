//! A FHIR server is told of a document once its last doubt is settled, as often as it takes, and twice
//! makes nothing double.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::State, http::HeaderMap, routing::post};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::server::{Caller, Medbot, PATIENCE, document, folder, turn};

/// What the server keeps, and what it was sent: the answer and the number of entries.
#[derive(Clone)]
struct Peer {
    kept: Arc<Mutex<BTreeMap<String, Value>>>,
    failures: Arc<Mutex<Vec<StatusCode>>>,
    told: mpsc::UnboundedSender<StatusCode>,
}

/// A transaction of PUTs, all or nothing; the first ones fail as asked.
async fn take(
    State(peer): State<Peer>,
    headers: HeaderMap,
    Json(bundle): Json<Value>,
) -> (StatusCode, Json<Value>) {
    assert_eq!(headers["authorization"], "Bearer the-token");
    assert_eq!(bundle["type"], "transaction");
    let failure = peer.failures.lock().unwrap().pop();
    if let Some(failure) = failure {
        peer.told.send(failure).unwrap();
        return (failure, Json(Value::Null));
    }
    let mut kept = peer.kept.lock().unwrap();
    for entry in bundle["entry"].as_array().unwrap() {
        assert_eq!(entry["request"]["method"], "PUT");
        let url = entry["request"]["url"].as_str().unwrap();
        kept.insert(url.to_owned(), entry["resource"].clone());
    }
    peer.told.send(StatusCode::OK).unwrap();
    (StatusCode::OK, Json(json!({"resourceType": "Bundle"})))
}

#[tokio::test]
async fn a_fhir_server_is_told_after_the_last_review() {
    let _turn = turn().await;
    let (told, mut heard) = mpsc::unbounded_channel();
    let peer = Peer {
        kept: Arc::default(),
        failures: Arc::new(Mutex::new(vec![StatusCode::SERVICE_UNAVAILABLE])),
        told,
    };
    let fhir = Router::new().route(
        "/fhir",
        post(take).layer(axum::extract::DefaultBodyLimit::disable()),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/fhir", listener.local_addr().unwrap());
    let router = fhir.with_state(peer.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let data = folder();
    let token = data.path().join("fhir.token");
    std::fs::write(&token, "the-token\n").unwrap();
    let server = Medbot::up(
        data.path(),
        &[
            ("MEDBOT_FHIR_URL", &url),
            ("MEDBOT_FHIR_TOKEN_FILE", token.to_str().unwrap()),
        ],
    );
    let caller = Caller::admin(&server, data.path());
    caller.until("/readyz", StatusCode::OK).await;
    // A trailing zero that can be misread ten times as large: it needs a review.
    let (job, id) = caller
        .take("order.pdf", document("order_hidden_text.pdf"))
        .await;
    let ended = caller.end_of(&job).await;
    assert_eq!(ended["state"], "needs_review");
    assert!(
        heard.try_recv().is_err(),
        "nothing is sent before the review"
    );

    let doubtful = format!("/v1/entities?document={id}&needs_review=true&limit=100");
    let doubtful = caller.json(&doubtful).await;
    let doubtful = doubtful["entities"].as_array().unwrap().clone();
    assert!(!doubtful.is_empty());
    for entity in &doubtful {
        assert!(peer.kept.lock().unwrap().is_empty());
        accept(&caller, entity).await;
    }
    for want in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::OK] {
        let answer = tokio::time::timeout(PATIENCE, heard.recv()).await;
        assert_eq!(answer.unwrap(), Some(want));
    }
    let first = peer.kept.lock().unwrap().clone();
    let accepted = |kept: &BTreeMap<String, Value>| {
        let tags = kept.values().map(|resource| &resource["meta"]["tag"]);
        tags.filter(|tags| tags[0]["code"] == "accepted").count()
    };
    assert!(accepted(&first) > 0);
    assert!(
        !serde_json::to_string(&first)
            .unwrap()
            .contains("needs-review")
    );
    let drug = first.values().find(|r| {
        let text = r["medicationCodeableConcept"]["text"].as_str();
        text.is_some_and(|text| text.starts_with("Warfarin"))
    });
    assert_eq!(drug.unwrap()["meta"]["tag"][0]["code"], "accepted");

    // Another review changes the content: the same resources are put again.
    let others = format!("/v1/entities?document={id}&needs_review=false&type=medication&limit=100");
    let others = caller.json(&others).await;
    let others = others["entities"].as_array().unwrap().iter();
    let fresh = others
        .filter(|entity| {
            !doubtful
                .iter()
                .any(|d| d["entity_id"] == entity["entity_id"])
        })
        .next()
        .unwrap();
    accept(&caller, fresh).await;
    let answer = tokio::time::timeout(PATIENCE, heard.recv()).await;
    assert_eq!(answer.unwrap(), Some(StatusCode::OK));
    let second = peer.kept.lock().unwrap().clone();
    assert!(first.keys().eq(second.keys()), "nothing is there twice");
    assert!(accepted(&second) > accepted(&first));

    // What left stands in the log, each time before it left and with what became of it.
    let object = format!("/v1/documents/{id}");
    let log = caller.json("/v1/admin/audit").await;
    let exports = log["events"].as_array().unwrap().iter();
    let exports = exports.filter(|event| event["action"] == "document.export");
    let exports: Vec<u64> = exports
        .map(|event| {
            assert_eq!(event["object"], *object, "{event}");
            assert_eq!(event["actor"]["role"], "service", "{event}");
            event["outcome"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(exports[..5], [102, 503, 102, 200, 102]);
}

async fn accept(caller: &Caller, entity: &Value) {
    let path = format!("/v1/entities/{}", entity["entity_id"].as_str().unwrap());
    let body = json!({"version": entity["version"], "decision": "accept"});
    let answer = caller.ask(Method::PATCH, &path).json(&body).send().await;
    assert_eq!(answer.unwrap().status(), StatusCode::OK);
}
