//! An upload may be slow; one that dies leaves nothing behind for long.

use std::{path::Path, time::Duration};

use futures::stream;
use reqwest::{Body, Method, StatusCode};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

use crate::server::{PATIENCE, Shared, document, folder, turn};

const SILENCE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_slow_upload_is_taken_and_a_dead_ones_object_goes() {
    let _turn = turn().await;
    let folder = folder();
    let silence = SILENCE.as_secs().to_string();
    let settings = [("MEDBOT_UPLOAD_SILENCE_SECONDS", silence.as_str())];
    let mut shared = Shared::in_folder(folder.path(), &settings);
    let (_server, caller) = shared.serve(&[]);
    caller.until("/readyz", StatusCode::OK).await;

    // Long enough to be given up and removed, were it not for its signs of life.
    let bytes = document("lab_columns.png");
    let pieces: Vec<Vec<u8>> = bytes.chunks(bytes.len() / 10).map(<[u8]>::to_vec).collect();
    let pace = 3 * SILENCE / pieces.len() as u32;
    let slow = stream::unfold(pieces.into_iter(), move |mut pieces| async move {
        tokio::time::sleep(pace).await;
        Some((Ok::<_, std::io::Error>(pieces.next()?), pieces))
    });
    let request = caller.ask(Method::POST, "/v1/documents");
    let taken = request.body(Body::wrap_stream(slow)).send().await.unwrap();
    assert_eq!(taken.status(), StatusCode::ACCEPTED);
    let taken: Value = taken.json().await.unwrap();
    let kept = taken["jobs"][0]["document_id"].as_str().unwrap();
    let objects = shared.data.join("objects");
    assert_eq!(originals(&objects), [kept]);

    // The database goes between the object's first byte and its last.
    let (sender, pieces) = mpsc::unbounded_channel();
    let bytes = document("claim_form.png");
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    sender.send(Ok::<_, std::io::Error>(head.to_vec())).unwrap();
    let body = Body::wrap_stream(UnboundedReceiverStream::new(pieces));
    let request = caller.ask(Method::POST, "/v1/documents").body(body).send();
    let request = tokio::spawn(request);
    until(|| unfinished(&objects)).await;
    shared.database.kill();
    sender.send(Ok(tail.to_vec())).unwrap();
    drop(sender);
    let refused = request.await.unwrap().unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        originals(&objects).len(),
        2,
        "nobody knows whether it was taken"
    );

    shared.database.again();
    until(|| originals(&objects) == [kept]).await;
    let job = taken["jobs"][0]["job_id"].as_str().unwrap();
    assert_eq!(
        caller.json(&format!("/v1/jobs/{job}")).await["state"],
        "queued"
    );
}

async fn until(holds: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "it does not come about");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The documents whose original lies in the store.
fn originals(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(originals(&entry.path()));
        } else if entry.file_name() == "original" {
            found.push(folder.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    found.sort();
    found
}

/// Is an object being written?
fn unfinished(objects: &Path) -> bool {
    let incoming = std::fs::read_dir(objects.join(".incoming"));
    incoming.is_ok_and(|mut entries| entries.next().is_some())
}
