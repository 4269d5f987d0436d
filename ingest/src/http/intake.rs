//! An upload on its way into the store: piece by piece, with its digest taken as it passes.

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use infra::{
    db::{Accepted, Caller, DbErrorKind, Upload},
    store::{StoreError, StoreErrorKind},
};
use schemas::{Artefact, ArtefactKey, DocumentId, Engine, Priority, Reject, RejectKind, WebhookId};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
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
    if unused && let Err(error) = api.store.erase(caller.tenant, document).await {
        tracing::warn!(%error, "an object that no document needs stays in the store");
    }
    Ok(accepted?)
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
    let (written, fed) = tokio::join!(api.store.put(key, body), feeding);
    let fed = fed?;
    written?;
    Ok(fed)
}

fn keyed(key: &[u8; 32], sha256: &[u8; 32]) -> [u8; 32] {
    infra::store::keyed_digest(key, sha256)
}

/// A name without control characters, of a length that a row may have.
fn kept_name(file: &str) -> String {
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
