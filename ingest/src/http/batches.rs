//! `/v1/batches`: many files, or one zip of them, and their counts.
//!
//! A zip is spooled to a disk, sealed and without a name, since its directory stands at its end; its members
//! then stream out of it one by one. Names in it only label results and touch no file system.

use std::{collections::BTreeMap, io::Read, time::Duration};

use axum::{
    Json,
    extract::{OriginalUri, Request, State},
    response::Response,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use infra::{
    db::{Caller, Role},
    spool::{Spooled, Spooling},
};
use schemas::{BatchId, Problem, Reject, RejectKind};
use serde::Serialize;
use tokio::{sync::mpsc, task::spawn_blocking, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;
use uuid::Uuid;
use workers::archive::{self, ArchiveError};

use super::{
    Api,
    auth::Known,
    counts,
    extract::{Asked, PathId},
    gather::{self, Gathered},
    idempotency::{self, KeyHeader},
    intake::{self, Wishes},
    jobs::FOLLOWERS,
    problem::{ApiError, Errors},
    spools::Place,
    uploads::{self, UploadQuery},
};

/// Most files of a zip.
const MOST_FILES: usize = 10_000;
/// Largest zip, in files of the largest size.
pub(crate) const LARGEST_ZIP: u64 = 16;
/// Bytes read from a member at a time.
const PIECE: usize = 64 << 10;
/// Pieces between the connection and the disk.
const PIECES: usize = 4;
/// For how long a zip may say nothing, where no upload's silence is set shorter: others wait for its place.
const SILENCE: Duration = Duration::from_mins(1);

/// A batch.
#[derive(Serialize, ToSchema)]
#[schema(as = Batch)]
pub(crate) struct BatchView {
    id: Uuid,
    created_at: DateTime<Utc>,
    /// Files, the rejected ones included.
    total: u64,
    /// Jobs by state.
    counts: BTreeMap<&'static str, u64>,
    /// Files that were not taken.
    rejected: u64,
    /// Has every job ended?
    done: bool,
    jobs: Vec<BatchJob>,
    rejections: Vec<BatchRejection>,
}

/// A job of a batch.
#[derive(Serialize, ToSchema)]
struct BatchJob {
    file: String,
    job_id: Uuid,
    duplicate: bool,
}

/// A file of a batch that was not taken.
#[derive(Serialize, ToSchema)]
struct BatchRejection {
    file: String,
    #[schema(value_type = Object)]
    error: Problem,
}

/// Uploads many files as multipart, or one zip as the body.
#[utoipa::path(
    post,
    path = "/v1/batches",
    tag = "documents",
    params(
        UploadQuery,
        KeyHeader,
    ),
    request_body(content(
        (inline(gather::Files) = "multipart/form-data"),
        (inline(gather::Raw) = "application/zip"),
    )),
    responses(
        (status = 202, description = "Taken; nothing of it will be lost", body = uploads::Taken,
         headers(("Location" = String, description = "The batch"))),
        (status = 409, description = "A request with this Idempotency-Key is under way", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 413, description = "The zip is too large", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 415, description = "The body is neither multipart nor a zip", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 422, description = "The zip cannot be read", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn open(
    State(api): State<Api>,
    known: Known,
    Asked(query): Asked<UploadQuery>,
    OriginalUri(uri): OriginalUri,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = known.as_one_of(&[Role::Uploader, Role::Reviewer])?;
    let headers = request.headers().clone();
    let mut wishes = query.wishes(&api, &caller).await?;
    // The batch's end is told, not each of its jobs'.
    let webhook = wishes.webhook.take();
    let line = format!("POST {uri}");
    let work = async {
        let mut gathered = Gathered::default();
        if gather::is_multipart(&headers) {
            gathered.parts(&api, &caller, &wishes, request).await?;
        } else {
            let mut place = api.spools.place().await?;
            let spooled = spool(&api, &mut place, request).await?;
            members(&api, &caller, &wishes, spooled, &mut gathered).await?;
        }
        if gathered.len() == 0 {
            return Err(ApiError::unprocessable(
                "empty-batch",
                "The batch holds no file",
                "send at least one part named `file`, or a zip with files",
            ));
        }
        gathered.into_batch(&api, &caller, webhook).await
    };
    idempotency::once(&api, &caller, &headers, &line, work).await
}

/// The body, sealed in a file without a name.
async fn spool(api: &Api, place: &mut Place, request: Request) -> Result<Spooled, ApiError> {
    let broken = || ApiError::BadRequest("the body broke off before its end".into());
    let mut pieces = request.into_body().into_data_stream();
    let (sender, mut receiver) = mpsc::channel::<Bytes>(PIECES);
    let writing = spawn_blocking(move || {
        let mut spooling = Spooling::new()?;
        while let Some(piece) = receiver.blocking_recv() {
            spooling.write(&piece)?;
        }
        spooling.finish()
    });
    let limit = api.largest_upload.saturating_mul(LARGEST_ZIP);
    let (mut size, mut checked) = (0_u64, false);
    let silence = SILENCE.min(api.upload_silence);
    while let Some(piece) = timeout(silence, pieces.next())
        .await
        .map_err(|_| broken())?
    {
        let piece = piece.map_err(|_| broken())?;
        if !checked && !piece.is_empty() {
            if !piece.starts_with(b"PK") {
                return Err(ApiError::rejected(&Reject::new(
                    RejectKind::UnsupportedFormat,
                    "a batch is multipart/form-data or a zip",
                )));
            }
            checked = true;
        }
        size += piece.len() as u64;
        if size > limit {
            let detail = format!("a zip has at most {limit} bytes; send several");
            return Err(ApiError::TooLarge(detail));
        }
        place.holds(size)?;
        // The disk takes no more: the writer's own error tells why.
        if sender.send(piece).await.is_err() {
            break;
        }
    }
    drop(sender);
    let written = writing.await.map_err(|_| ApiError::Internal)?;
    written.map_err(|error| {
        tracing::error!(%error, "a zip could not be spooled");
        ApiError::Unavailable("the disk for temporary files")
    })
}

/// The members of a zip, one after the other.
async fn members(
    api: &Api,
    caller: &Caller,
    wishes: &Wishes,
    spooled: Spooled,
    gathered: &mut Gathered,
) -> Result<(), ApiError> {
    let (sender, mut opened) = mpsc::channel(1);
    let limits = archive::Limits {
        files: MOST_FILES,
        bytes: api.largest_upload.saturating_mul(LARGEST_ZIP),
    };
    let unzipping = spawn_blocking(move || {
        archive::members(spooled, limits, |name, member| {
            let name = intake::kept_name(name);
            if name.ends_with('/') || is_litter(&name) {
                return true;
            }
            let (pieces, receiver) = mpsc::channel(2);
            if sender.blocking_send((name, receiver)).is_err() {
                return false;
            }
            match member {
                Ok(member) => stream(member, &pieces),
                Err(error) => drop(pieces.blocking_send(Err(error.to_string()))),
            }
            true
        })
    });
    while let Some((file, pieces)) = opened.recv().await {
        gathered
            .take(api, caller, wishes, &file, ReceiverStream::new(pieces))
            .await
            .or_else(|error| match error {
                // The member breaks off, not the connection.
                ApiError::BadRequest(_) => {
                    let detail = "the zip holds it broken or encrypted; send it by itself";
                    let reject = Reject::new(RejectKind::Malformed, detail);
                    gathered.rejected.push((file, ApiError::rejected(&reject)));
                    Ok(())
                }
                error => Err(error),
            })?;
    }
    let unzipped = unzipping.await.map_err(|_| ApiError::Internal)?;
    unzipped.map_err(|error| refused(&error))
}

/// Sends a member's content until whoever takes it has seen enough. One that is broken breaks its own stream and no
/// other.
fn stream(member: &mut dyn Read, pieces: &mpsc::Sender<Result<Bytes, String>>) {
    loop {
        let mut piece = vec![0; PIECE];
        let sent = match member.read(&mut piece) {
            Ok(0) => return,
            Ok(read) => {
                piece.truncate(read);
                pieces.blocking_send(Ok(Bytes::from(piece)))
            }
            Err(error) => {
                let _ = pieces.blocking_send(Err(error.to_string()));
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

fn refused(error: &ArchiveError) -> ApiError {
    let malformed = |detail: &str| {
        let title = "The content breaks its format's rules";
        ApiError::unprocessable("malformed", title, detail)
    };
    match error {
        ArchiveError::Unreadable(_) => {
            malformed("the zip cannot be read; make it again, without encryption")
        }
        ArchiveError::Miscounted => malformed(
            "two files of the zip have the same name, or its directory miscounts them; make it again",
        ),
        ArchiveError::TooMany(_) => ApiError::TooLarge(format!(
            "a zip has at most {MOST_FILES} files; send several"
        )),
        ArchiveError::TooLarge => {
            ApiError::TooLarge("the zip unpacks to more than is taken at once; send several".into())
        }
        ArchiveError::Io(error) => {
            tracing::error!(%error, "a zip that was spooled cannot be read");
            ApiError::Internal
        }
    }
}

/// What archivers and desktops leave behind.
pub(crate) fn is_litter(name: &str) -> bool {
    name.starts_with("__MACOSX/")
        || name
            // Some archivers of Windows write backslashes.
            .rsplit(['/', '\\'])
            .next()
            .is_some_and(|last| last.starts_with('.') || last == "Thumbs.db")
}

/// How a batch stands.
#[utoipa::path(
    get,
    path = "/v1/batches/{id}",
    tag = "documents",
    params(("id" = String, Path, description = "Batch")),
    responses(
        (status = 200, description = "The batch", body = BatchView),
        (status = 404, description = "There is no such batch", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn show(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<BatchId>,
) -> Result<Json<BatchView>, ApiError> {
    let caller = known.as_one_of(&FOLLOWERS)?;
    let batch = api
        .db
        .batch(caller.tenant, id)
        .await?
        .ok_or(ApiError::NotFound)?;
    let done = batch.states.keys().all(|state| state.is_final());
    Ok(Json(BatchView {
        id: batch.id.0,
        created_at: batch.created_at,
        total: (batch.jobs.len() + batch.rejected.len()) as u64,
        counts: counts(&batch.states),
        rejected: batch.rejected.len() as u64,
        done,
        jobs: batch
            .jobs
            .into_iter()
            .map(|(file, job, duplicate)| BatchJob {
                file,
                job_id: job.0,
                duplicate,
            })
            .collect(),
        rejections: batch
            .rejected
            .into_iter()
            .map(|reject| BatchRejection {
                file: reject.file,
                error: reject.error,
            })
            .collect(),
    }))
}
