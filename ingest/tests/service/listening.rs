//! Many listen to the jobs of two tenants: each hears of its own alone, and no stream outlives the process.

use std::pin::Pin;

use futures::{Stream, StreamExt as _, future::join_all};
use infra::{
    api_key::KeptKey,
    db::{Db, DbSettings, Role},
};
use ingest::http;
use reqwest::{Method, StatusCode};
use schemas::TenantId;
use tokio::time::timeout;
use uuid::Uuid;

use crate::server::{Caller, PATIENCE, Shared, document, folder, turn};

const OTHER: TenantId = TenantId(Uuid::from_u128(0xa));
const LISTENERS: usize = 50;

type Pieces = Pin<Box<dyn Stream<Item = reqwest::Result<axum::body::Bytes>> + Send>>;

/// A stream of events that has begun.
async fn opened(caller: &Caller, path: &str) -> Pieces {
    let answer = caller.get(path).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let mut pieces: Pieces = Box::pin(answer.bytes_stream());
    pieces.next().await.unwrap().unwrap();
    pieces
}

/// What a stream says of jobs, once it does. When the process has just begun to hear of changes it says before
/// that some may have been missed.
async fn of_jobs(pieces: &mut Pieces) -> String {
    loop {
        let piece = timeout(PATIENCE, pieces.next()).await;
        let piece = piece.expect("it says something").expect("it goes on");
        let said = String::from_utf8(piece.unwrap().to_vec()).unwrap();
        if said.contains("event: job\n") {
            return said;
        }
    }
}

/// A document is taken and its job cancelled.
async fn cancelled(caller: &Caller) -> String {
    let (job, _) = caller.take("a.png", document("lab_columns.png")).await;
    let asked = caller.ask(Method::DELETE, &format!("/v1/jobs/{job}"));
    assert_eq!(asked.send().await.unwrap().status(), StatusCode::OK);
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn many_hear_of_their_own_tenant_alone_until_the_process_ends() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let (mut server, own) = shared.serve(&[]);
    let db = Db::new(&DbSettings {
        url: shared.database.variable("MEDBOT_TEST_DATABASE_URL").into(),
        api_sessions: 1,
        worker_sessions: 1,
        allow_plaintext: false,
    })
    .unwrap();
    db.found_tenant(OTHER, "other").await.unwrap();
    let (key, file) = (http::new_key(), folder.path().join("other.key"));
    let kept = KeptKey::of(&key).unwrap();
    db.admit(OTHER, &kept, Role::Uploader).await.unwrap();
    std::fs::write(&file, key).unwrap();
    let other = Caller::new(&server.url, Some(&file));

    let streams = |caller| join_all((0..LISTENERS).map(move |_| opened(caller, "/v1/jobs/events")));
    let (mut of_own, mut of_other) = (streams(&own).await, streams(&other).await);
    let (first, second) = (cancelled(&own).await, cancelled(&other).await);
    for (streams, job, foreign) in [
        (&mut of_own, &first, &second),
        (&mut of_other, &second, &first),
    ] {
        let said = join_all(streams.iter_mut().map(|stream| of_jobs(stream))).await;
        for said in said {
            assert!(said.contains("event: job\ndata: {"), "{said}");
            assert!(
                said.contains(job.as_str()) && said.contains("\"cancelled\""),
                "{said}"
            );
            assert!(!said.contains(foreign.as_str()), "another tenant's: {said}");
        }
    }

    // Nobody works, so this job waits.
    let (waiting, _) = own.take("b.png", document("lab_columns.png")).await;
    of_own.push(opened(&own, &format!("/v1/jobs/{waiting}/events")).await);
    server.signal("TERM");
    for mut stream in of_own.into_iter().chain(of_other) {
        let ended = timeout(PATIENCE, async {
            while let Some(piece) = stream.next().await {
                piece.expect("it ends in peace");
            }
        });
        ended.await.expect("it ends with the process");
    }
    assert_eq!(server.ended(), Some(0));
}
