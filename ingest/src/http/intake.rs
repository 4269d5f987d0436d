//! An upload on its way into the store: piece by piece, with its digest taken as it passes.
//!
//! The database knows of it before the store does, and hears as long as it goes on, so that an object
//! whose upload died is found and removed (`infra::tidy`).

use std::time::Instant;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use infra::{
    db::{Accepted, Caller, DbErrorKind, Upload},
    store::{StoreError, StoreErrorKind},
};
use schemas::{Artefact, ArtefactKey, DocumentId, Engine, Priority, Reject, RejectKind, WebhookId};
use sha2::{Digest as _, Sha256};
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

use super::{Api, problem::ApiError};

/// Bytes that are looked at before an upload is taken.
const HEAD: usize = 4096;
/// Pieces between the connection and the store.
const PIECES: usize = 4;
/// Longest name that is kept.
const LONGEST_NAME: usize = 1024;

/// How the documents of a request shall be taken.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    pub priority: Priority,
    pub dedupe: bool,
    pub webhook: Option<WebhookId>,
    pub engines: Vec<Engine>,
    pub traceparent: Option<String>,
}

/// Takes one document: into the store, then into the database. Whoever gets an answer from here may
/// forget the bytes.
pub(crate) async fn take<E: std::fmt::Display>(
    api: &Api,
    caller: &Caller,
    wishes: &Wishes,
    file: &str,
    pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<Accepted, ApiError> {
    let document = DocumentId(Uuid::now_v7());
    let key = ArtefactKey {
        tenant: caller.tenant,
        document,
        artefact: Artefact::Original,
    };
    let (bytes, sha256) = store(api, key, file, pieces).await?;
    let digest_key = api.master.derive("document-digest", caller.tenant);
    let upload = Upload {
        document,
        file: kept_name(file),
        digest: wishes.dedupe.then(|| keyed(&digest_key, &sha256)),
        bytes,
        priority: wishes.priority,
        engines: wishes.engines.clone(),
        webhook: wishes.webhook,
        traceparent: wishes.traceparent.clone(),
    };
    let accepted = api.db.accept(caller.tenant, &upload).await;
    let unused = match &accepted {
        Ok(accepted) => accepted.document != document,
        // Whoever gives no answer may have said yes: then this object is the document.
        Err(error) => error.kind != DbErrorKind::Unavailable,
    };
    if unused {
        discard(api, key).await;
    }
    Ok(accepted?)
}

/// Removes an object that no document needs. What fails here is done by whoever tidies.
async fn discard(api: &Api, key: ArtefactKey) {
    if let Err(error) = api.store.erase(key.tenant, key.document).await {
        tracing::warn!(%error, "an object that no document needs stays for now");
        return;
    }
    if let Err(error) = api.db.forget_upload(key.tenant, key.document).await {
        tracing::warn!(%error, "an object that is gone is looked for once more");
    }
}

/// Says from time to time that the upload goes on. Ends when it must not: it was given up, or nobody
/// could be told for so long that it soon will be.
async fn going_on(api: &Api, key: ArtefactKey) -> ApiError {
    let mut said = Instant::now();
    loop {
        sleep(api.upload_silence / 6).await;
        let now = Instant::now();
        match api.db.renew_upload(key.tenant, key.document).await {
            Ok(true) => said = now,
            Ok(false) => {
                tracing::warn!("an upload was given up for lost while it went on");
                return ApiError::Unavailable("the store");
            }
            Err(error) if said.elapsed() > api.upload_silence / 2 => return error.into(),
            Err(error) => tracing::warn!(%error, "that an upload goes on could not be said"),
        }
    }
}

async fn store<E: std::fmt::Display>(
    api: &Api,
    key: ArtefactKey,
    file: &str,
    mut pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
) -> Result<(u64, [u8; 32]), ApiError> {
    let broken =
        |_: E| ApiError::BadRequest("the body broke off before its end; send it again".into());
    // Content that nobody can read is refused before anything is written.
    let mut head = Vec::new();
    let mut first = Vec::new();
    while head.len() < HEAD
        && let Some(piece) = pieces.next().await
    {
        let piece = piece.map_err(broken)?;
        head.extend_from_slice(&piece[..piece.len().min(HEAD - head.len())]);
        first.push(piece);
    }
    workers::decode::sniff(&head, Some(file)).map_err(|reject| ApiError::rejected(&reject))?;

    api.db.begin_upload(key.tenant, key.document).await?;
    let (sender, receiver) = mpsc::channel::<Result<Bytes, StoreError>>(PIECES);
    let body = ReceiverStream::new(receiver).boxed();
    let feeding = async move {
        let (mut hash, mut size) = (Sha256::new(), 0_u64);
        let mut pieces = futures::stream::iter(first.into_iter().map(Ok)).chain(pieces);
        while let Some(piece) = pieces.next().await {
            let refusal = match piece {
                Ok(piece) => {
                    size += piece.len() as u64;
                    if size <= api.largest_upload {
                        hash.update(&piece);
                        // The store gave up: its own error tells why.
                        if sender.send(Ok(piece)).await.is_err() {
                            break;
                        }
                        continue;
                    }
                    ApiError::rejected(&Reject::new(
                        RejectKind::TooLarge,
                        format!("at most {} bytes are taken a file", api.largest_upload),
                    ))
                }
                Err(error) => broken(error),
            };
            let broken = StoreError::new(StoreErrorKind::Body, "the upload broke off");
            let _ = sender.send(Err(broken)).await;
            return Err(refusal);
        }
        Ok((size, hash.finalize().into()))
    };
    let writing = async { tokio::join!(api.store.put(key, body), feeding) };
    let (written, fed) = tokio::select! {
        ended = writing => ended,
        error = going_on(api, key) => return Err(error),
    };
    let fed = fed?;
    written?;
    Ok(fed)
}

fn keyed(key: &[u8; 32], sha256: &[u8; 32]) -> [u8; 32] {
    infra::store::keyed_digest(key, sha256)
}

/// A name without control characters, of a length that a row may have.
pub(crate) fn kept_name(file: &str) -> String {
    let name: String = file
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_NAME)
        .collect();
    if name.trim().is_empty() {
        "document".into()
    } else {
        name
    }
}
