//! Against real servers on loopback.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use axum::{Router, body::Bytes, http::HeaderMap, response::IntoResponse, routing::post};
use chrono::DateTime;
use http::{StatusCode, header};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use uuid::Uuid;

use super::{Attempt, Cause, Message, Sender, Times};
use crate::webhook::{Guard, Lookup, Refusal, Secret, verify};

const TIMES: Times = Times {
    connect: Duration::from_secs(5),
    whole: Duration::from_secs(10),
};

fn sender(guard: Guard, times: Times) -> Sender {
    // Fails where another test of this process was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Sender::new(guard, times).unwrap()
}

fn private() -> Guard {
    Guard::new(true)
}

fn message() -> Message {
    Message {
        id: Uuid::from_u128(7),
        timestamp: DateTime::from_timestamp(1_700_000_000, 0).unwrap(),
        body: Bytes::from_static(br#"{"type":"job.succeeded","data":{}}"#),
    }
}

/// Requests that a server got.
type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A server that answers every post to `/hook` alike.
async fn server(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> (u16, Seen) {
    let seen = Seen::default();
    let notebook = seen.clone();
    let hook = move |headers: HeaderMap, body: Bytes| {
        notebook.lock().unwrap().push((headers, body));
        let answer = answer.clone();
        async move { answer }
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new().route("/hook", post(hook));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (port, seen)
}

/// A server that says `bytes` again and again once it has the request, if `endless`, or once and
/// then nothing more; and counts connections.
async fn raw_server(bytes: &'static [u8], endless: bool) -> (u16, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                while stream.write_all(bytes).await.is_ok() && endless {}
                // Holds the connection until the client closes it.
                while stream.read(&mut request).await.is_ok_and(|n| n > 0) {}
            });
        }
    });
    (port, connections)
}

async fn send(guard: Guard, times: Times, url: &str) -> Attempt {
    let secrets = [Secret::random().unwrap()];
    sender(guard, times).send(url, &secrets, &message()).await
}

#[tokio::test]
async fn a_delivery_verifies_with_each_secret() {
    let (port, seen) = server(StatusCode::NO_CONTENT).await;
    let secrets = [Secret::random().unwrap(), Secret::random().unwrap()];
    let url = format!("http://127.0.0.1:{port}/hook");
    let sent = message();
    let attempt = sender(private(), TIMES).send(&url, &secrets, &sent).await;
    assert_eq!(attempt, Attempt::Delivered);

    let seen = seen.lock().unwrap();
    let [(headers, body)] = seen.as_slice() else {
        panic!("{} requests came", seen.len());
    };
    let header = |name: &str| headers[name].to_str().unwrap();
    assert_eq!(*body, sent.body);
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("webhook-id"), "00000000-0000-0000-0000-000000000007");
    assert_eq!(header("webhook-timestamp"), "1700000000");
    for secret in &secrets {
        assert!(verify(
            secret,
            header("webhook-id"),
            1_700_000_000,
            body,
            header("webhook-signature")
        ));
    }
}

#[tokio::test]
async fn the_status_decides() {
    let retry = |after: Option<u64>, status| Attempt::Retry {
        after: after.map(Duration::from_secs),
        cause: Cause::Status(status),
    };
    for (status, wait, attempt) in [
        (200, None, Attempt::Delivered),
        (202, Some("5"), Attempt::Delivered),
        (410, None, Attempt::Gone),
        (429, Some("17"), retry(Some(17), 429)),
        (429, None, retry(None, 429)),
        (500, None, retry(None, 500)),
        (503, Some("1000000"), retry(Some(86_400), 503)),
        (503, Some("soon"), retry(None, 503)),
        (400, None, retry(None, 400)),
        (404, None, retry(None, 404)),
        (304, None, retry(None, 304)),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let headers: HeaderMap = wait
            .map(|wait| (header::RETRY_AFTER, wait.parse().unwrap()))
            .into_iter()
            .collect();
        let (port, seen) = server((status, headers)).await;
        let url = format!("http://localhost:{port}/hook");
        assert_eq!(send(private(), TIMES, &url).await, attempt, "{status}");
        assert_eq!(seen.lock().unwrap().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (target, seen) = server(StatusCode::OK).await;
    for status in [301, 302, 303, 307, 308] {
        let status = StatusCode::from_u16(status).unwrap();
        let there = format!("http://127.0.0.1:{target}/hook");
        let (port, _) = server((status, [(header::LOCATION, there)])).await;
        let url = format!("http://127.0.0.1:{port}/hook");
        let cause = Cause::Status(status.as_u16());
        let attempt = Attempt::Retry { after: None, cause };
        assert_eq!(send(private(), TIMES, &url).await, attempt);
    }
    assert_eq!(seen.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_server_that_hangs_is_left() {
    let (silent, _) = raw_server(b"", false).await;
    let times = Times {
        whole: Duration::from_millis(200),
        ..TIMES
    };
    let began = Instant::now();
    let attempt = send(private(), times, &format!("http://127.0.0.1:{silent}/hook")).await;
    let cause = Cause::Timeout;
    assert_eq!(attempt, Attempt::Retry { after: None, cause });
    assert!(began.elapsed() >= times.whole);
    assert!(began.elapsed() < TIMES.whole);
}

#[tokio::test]
async fn the_body_of_an_answer_cannot_hold_us() {
    const STALLED: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx";
    const ENDLESS: &[u8] = b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n";
    let times = Times {
        whole: Duration::from_secs(1),
        ..TIMES
    };
    for (bytes, endless) in [(STALLED, false), (ENDLESS, true)] {
        let (port, _) = raw_server(bytes, endless).await;
        let began = Instant::now();
        let url = format!("http://127.0.0.1:{port}/hook");
        assert_eq!(send(private(), times, &url).await, Attempt::Delivered);
        assert!(began.elapsed() < TIMES.whole, "endless: {endless}");
    }
}

#[tokio::test]
async fn what_does_not_speak_http_or_tls_is_tried_again() {
    let (port, _) = raw_server(b"220 mail ready\r\n", true).await;
    let closed = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        listener.local_addr().unwrap().port()
    };
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{closed}/"),
    ] {
        let cause = Cause::Connection;
        let attempt = Attempt::Retry { after: None, cause };
        assert_eq!(send(private(), TIMES, &url).await, attempt, "{url}");
    }
}

/// A name that says something else each time it is asked; the last answer stays.
#[derive(Clone)]
struct Rebinding {
    answers: Vec<IpAddr>,
    asked: Arc<AtomicUsize>,
}

impl Rebinding {
    fn new(answers: &[&str]) -> Self {
        Self {
            answers: answers.iter().map(|a| a.parse().unwrap()).collect(),
            asked: Arc::default(),
        }
    }
}

#[async_trait]
impl Lookup for Rebinding {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let last = self.answers.last().ok_or(io::ErrorKind::NotFound)?;
        Ok(vec![*self.answers.get(turn).unwrap_or(last)])
    }
}

#[tokio::test]
async fn no_connection_is_made_to_a_private_address() {
    let (port, connections) = raw_server(b"", false).await;
    for (answers, host, attempt) in [
        (&[][..], "127.0.0.1", Attempt::Refused(Refusal::NotPublic)),
        (&[], "[::ffff:7f00:1]", Attempt::Refused(Refusal::NotPublic)),
        (
            &["127.0.0.1"],
            "hook.example",
            Attempt::Refused(Refusal::NotPublic),
        ),
        (
            &[],
            "gone.example",
            Attempt::Retry {
                after: None,
                cause: Cause::Unresolved,
            },
        ),
    ] {
        let guard = Guard::with_lookup(false, Rebinding::new(answers));
        let url = format!("https://{host}:{port}/hook");
        assert_eq!(send(guard, TIMES, &url).await, attempt, "{host}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_changes_after_it_was_entered_is_judged_again() {
    let (port, connections) = raw_server(b"", false).await;
    let guard = Guard::with_lookup(false, Rebinding::new(&["8.8.8.8", "127.0.0.1"]));
    let url = format!("https://rebind.example:{port}/hook");
    assert!(guard.check(&url).await.is_ok());
    let attempt = send(guard, TIMES, &url).await;
    assert_eq!(attempt, Attempt::Refused(Refusal::NotPublic));
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_address_that_was_judged_is_the_one_that_is_dialled() {
    // The first answer is fine and leads to a server; a second look-up would lead elsewhere.
    let (port, seen) = server(StatusCode::OK).await;
    let names = Rebinding::new(&["127.0.0.1", "127.0.0.2"]);
    let guard = Guard::with_lookup(true, names.clone());
    let url = format!("http://rebind.localhost:{port}/hook");
    assert_eq!(send(guard, TIMES, &url).await, Attempt::Delivered);
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    assert_eq!(seen.lock().unwrap().len(), 1);
}
