//! A model that speaks OpenAI's protocol and says the first quotation again; what it was told is kept.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, http::header, response::IntoResponse, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What it was told, request by request.
pub type Heard = Arc<Mutex<Vec<String>>>;

/// Its address up to `/v1`, and what it will have heard.
pub async fn model() -> (String, Heard) {
    let heard = Heard::default();
    let router = Router::new()
        .route("/v1/chat/completions", post(answer))
        .with_state(Arc::clone(&heard));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, heard)
}

async fn answer(State(heard): State<Heard>, body: String) -> impl IntoResponse {
    let asked: Value = serde_json::from_str(&body).unwrap();
    let last = asked["messages"].as_array().unwrap().last().unwrap();
    let content = last["content"].as_str().unwrap();
    let quote = content
        .split("<quotation number=\"1\">")
        .nth(1)
        .and_then(|rest| rest.split("</quotation>").next())
        .unwrap();
    // Small pieces, so that a placeholder comes in several.
    let said: Vec<char> = format!("{quote} [1].").chars().collect();
    let mut stream = String::new();
    for piece in said.chunks(3) {
        let piece: String = piece.iter().collect();
        let chunk = json!({"choices": [{"delta": {"content": piece}}]});
        stream += &format!("data: {chunk}\n\n");
    }
    let usage =
        json!({"prompt_tokens": body.split_whitespace().count(), "completion_tokens": said.len()});
    stream += &format!("data: {}\n\n", json!({"choices": [], "usage": usage}));
    stream += "data: [DONE]\n\n";
    heard.lock().unwrap().push(body);
    ([(header::CONTENT_TYPE, "text/event-stream")], stream)
}
