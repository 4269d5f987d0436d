//! What arrives at a server of reports, and what must not.

use std::sync::mpsc::{Receiver, channel};

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use sentry_types::protocol::v7::{Envelope, Event, Level};
use tokio::net::TcpListener;
use tracing_subscriber::layer::SubscriberExt as _;

use super::Reports;

/// What a document says.
const SECRET: &str = "Jane Doe takes warfarin";

/// A server; what it was sent, with who sent it.
async fn server() -> (String, Receiver<(String, Bytes)>) {
    let (sender, received) = channel();
    let take = post(async move |headers: HeaderMap, body: Bytes| {
        let who = headers["x-sentry-auth"]
            .to_str()
            .unwrap_or_default()
            .to_owned();
        let _ = sender.send((who, body));
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/api/7/envelope/", take);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://key@{address}/7"), received)
}

fn event(body: &[u8]) -> Event<'static> {
    let envelope = Envelope::from_slice(body).expect("an envelope");
    envelope.event().expect("an event").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_holds_the_sentence_ids_and_kinds_alone() {
    let (dsn, received) = server().await;
    let reports = Reports::start(&dsn).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(reports.clone()), || {
        tracing::warn!("no error, and so no report");
        tracing::error!(
            job = "j1",
            page = 3,
            error = SECRET,
            file = %SECRET,
            "a task could not be settled"
        );
    });
    reports.flush();
    let (who, body) = received
        .try_recv()
        .expect("a report was sent before flush ended");
    assert!(who.contains("sentry_key=key"), "{who}");
    assert!(!String::from_utf8_lossy(&body).contains("Jane"));
    let event = event(&body);
    assert_eq!(event.level, Level::Error);
    assert_eq!(
        event.message.as_deref(),
        Some("a task could not be settled")
    );
    let tags: Vec<_> = event
        .tags
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(tags, [("job", "j1"), ("page", "3")]);
    assert!(event.culprit.unwrap().contains("reports/tests.rs"));
    assert!(received.try_recv().is_err(), "one report");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_reported_by_its_place() {
    let (dsn, received) = server().await;
    let reports = Reports::start(&dsn).unwrap();
    reports.of_panics();
    let panicked = std::thread::spawn(|| panic!("{SECRET}")).join();
    assert!(panicked.is_err());
    reports.flush();
    let sent: Vec<_> = received.try_iter().map(|(_, body)| body).collect();
    let ours = sent.iter().map(|body| event(body)).find(|event| {
        let frames = event.exception.iter().filter_map(|e| e.stacktrace.as_ref());
        frames.flat_map(|trace| &trace.frames).any(|frame| {
            frame
                .filename
                .as_deref()
                .is_some_and(|file| file.ends_with("reports/tests.rs"))
        })
    });
    assert_eq!(ours.expect("the panic's report").level, Level::Fatal);
    assert!(
        sent.iter()
            .all(|body| !String::from_utf8_lossy(body).contains("Jane"))
    );
}

#[test]
fn an_address_that_is_none_is_refused() {
    let refused = Reports::start("elsewhere").err().unwrap();
    assert_eq!(refused, "SENTRY_DSN is no address of a project");
}
