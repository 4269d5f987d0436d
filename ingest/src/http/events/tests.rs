use std::time::Duration;

use axum::body::Bytes;
use futures::StreamExt as _;
use infra::telemetry::Stream as Counted;
use tokio::{
    sync::{broadcast, watch},
    time::Instant,
};

use super::{Following, Listening, MISSED, Told, all_events, events};

fn told(version: i64, ended: bool) -> Told {
    Told {
        version,
        ended,
        event: Bytes::from(version.to_string()),
    }
}

/// What a stream says until its end, or until it has nothing to say now.
async fn said(
    stream: impl futures::Stream<Item = Result<Bytes, std::convert::Infallible>>,
) -> Vec<String> {
    let mut stream = Box::pin(stream);
    let mut said = Vec::new();
    let now = Duration::from_millis(50);
    while let Ok(Some(Ok(piece))) = tokio::time::timeout(now, stream.next()).await {
        said.push(String::from_utf8(piece.to_vec()).unwrap());
    }
    said
}

#[tokio::test]
async fn who_comes_back_is_told_what_is_new_and_the_end_always() {
    for (seen, first, then, want) in [
        (0, told(3, false), None, &["3"][..]),
        (3, told(3, false), None, &[]),
        (3, told(3, false), Some(told(6, false)), &["6"]),
        (3, told(3, false), Some(told(2, false)), &[]),
        (3, told(3, true), None, &["3"]),
        (3, told(3, false), Some(told(4, true)), &["4"]),
    ] {
        let (sender, changes) = watch::channel(None);
        let case = format!("{seen} seen, {} there", first.version);
        let following = Following {
            changes,
            seen,
            next: Some(first),
            _counted: Counted::open(),
        };
        if then.is_some() {
            sender.send_replace(then);
        }
        assert_eq!(said(events(following)).await, want, "{case}");
    }
}

fn listening(told: broadcast::Receiver<Bytes>, time: Duration) -> Listening {
    Listening {
        told,
        until: Instant::now() + time,
        begun: false,
        _counted: Counted::open(),
    }
}

#[tokio::test]
async fn who_listens_too_slowly_is_told_that_something_was_missed() {
    let (sender, receiver) = broadcast::channel(2);
    for n in 1..=5 {
        sender.send(Bytes::from(n.to_string())).unwrap();
    }
    let missed = String::from_utf8(MISSED.to_vec()).unwrap();
    assert_eq!(
        said(all_events(listening(receiver, Duration::from_mins(1)))).await,
        [": from now on\n\n", &missed, "4", "5"]
    );
}

#[tokio::test]
async fn a_stream_ends_when_its_time_is_over() {
    let (sender, receiver) = broadcast::channel(2);
    let stream = all_events(listening(receiver, Duration::ZERO));
    let said: Vec<_> = stream.map(|piece| piece.unwrap()).collect().await;
    assert_eq!(said, [": from now on\n\n"]);
    drop(sender);
}
