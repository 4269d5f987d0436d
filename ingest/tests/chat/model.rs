//! Answers in a model's words, against a server that speaks OpenAI's protocol. Servers that err are ours;
//! the real one is named by `MEDBOT_TEST_LLM_URL` and `MEDBOT_TEST_LLM_MODEL` and asked when one asks for
//! ignored tests: `cargo test --release --workspace --test chat -- --ignored`.

use std::time::Duration;

use infra::llm::{Llm, LlmError, LlmSettings, Message};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

fn settings(url: &str) -> LlmSettings {
    let _ = rustls::crypto::ring::default_provider().install_default();
    LlmSettings {
        url: url.parse().unwrap(),
        model: std::env::var("MEDBOT_TEST_LLM_MODEL").unwrap_or_else(|_| "test".into()),
        key: None,
        silence: Duration::from_millis(800),
        whole: Duration::from_secs(120),
    }
}

fn hello() -> Vec<Message> {
    vec![Message {
        role: "user",
        content: "Count from one to twenty in words.".into(),
    }]
}

/// A server that answers every request with these bytes, and then ends or says nothing more.
async fn server(answer: &'static str, ends: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 8192];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                if !ends {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    format!("http://{address}/v1")
}

async fn generated(url: &str) -> (Result<infra::db::TokenCounts, LlmError>, String) {
    let (parts, mut said) = mpsc::channel::<String>(64);
    let llm = Llm::new(settings(url)).unwrap();
    let listen = tokio::spawn(async move {
        let mut text = String::new();
        while let Some(part) = said.recv().await {
            text.push_str(&part);
        }
        text
    });
    let ended = llm.generate(&hello(), 64, &parts).await;
    drop(parts);
    (ended, listen.await.unwrap())
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_server_that_errs_is_told_apart() {
    for (case, answer, ends, want) in [
        (
            "error 500",
            "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            true,
            "status 500",
        ),
        (
            "a wrong key",
            "HTTP/1.1 401 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            true,
            "status 401",
        ),
        ("silence", "", false, "too long"),
        (
            "garbage",
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\ndata: {not json\n",
            true,
            "malformed",
        ),
        (
            "a page",
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html></html>\n",
            true,
            "malformed",
        ),
        ("no HTTP", "hello\r\n\r\n", true, "does not answer"),
    ] {
        let (ended, _) = generated(&server(answer, ends).await).await;
        let error = ended.expect_err(case).to_string();
        assert!(error.contains(want), "{case}: {error}");
    }
    let good = [
        HEAD,
        "data: {\"choices\":[{\"delta\":{\"content\":\"One\"}}]}\n\n: comment\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\" [1].\"}}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3}}\n\ndata: [DONE]\n\n",
    ];
    let (ended, said) = generated(&server(good.concat().leak(), false).await).await;
    assert_eq!((ended.unwrap().prompt, said.as_str()), (7, "One [1]."));
}

#[tokio::test]
#[ignore = "needs a server of a real model"]
async fn a_real_model_streams_and_stops() {
    let url = std::env::var("MEDBOT_TEST_LLM_URL").unwrap();
    let mut settings = settings(&url);
    settings.silence = Duration::from_secs(60);
    let llm = Llm::new(settings).unwrap();
    let (parts, mut said) = mpsc::channel::<String>(64);
    let listen = tokio::spawn(async move {
        let mut pieces = 0;
        while said.recv().await.is_some() {
            pieces += 1;
        }
        pieces
    });
    let counts = llm.generate(&hello(), 48, &parts).await.unwrap();
    drop(parts);
    let pieces = listen.await.unwrap();
    println!(
        "{pieces} pieces, {} + {} tokens",
        counts.prompt, counts.completion
    );
    assert!(pieces > 3, "it streams");

    // Who stops listening ends the request.
    let (parts, mut said) = mpsc::channel::<String>(1);
    let asks = tokio::spawn(async move { llm.generate(&hello(), 400, &parts).await });
    said.recv().await.unwrap();
    drop(said);
    let ended = tokio::time::timeout(Duration::from_secs(5), asks).await;
    assert!(ended.unwrap().unwrap().is_ok(), "it stops at once");
}

#[tokio::test]
#[ignore = "needs a server of a real model"]
async fn a_real_server_that_is_late_or_refuses_is_told_apart() {
    let url = std::env::var("MEDBOT_TEST_LLM_URL").unwrap();
    // The whole answer takes longer than this, also on a fast machine.
    let mut late = settings(&url);
    late.silence = Duration::from_secs(60);
    late.whole = Duration::from_millis(100);
    let (parts, mut said) = mpsc::channel::<String>(1024);
    let listen = tokio::spawn(async move { while said.recv().await.is_some() {} });
    let ended = Llm::new(late)
        .unwrap()
        .generate(&hello(), 2000, &parts)
        .await;
    drop(parts);
    listen.await.unwrap();
    let error = ended.expect_err("it is cut off").to_string();
    assert!(error.contains("too long"), "{error}");
    // No such route: the server's own error, in its own words.
    let (ended, said) = generated(&format!("{url}/nowhere")).await;
    let error = ended.expect_err("there is nothing").to_string();
    assert!(error.contains("status 404") && said.is_empty(), "{error}");
}
