//! `POST /v1/documents`: one body, or several files as multipart.

use axum::{
    extract::{OriginalUri, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use infra::db::{Accepted, Caller, Role};
use schemas::{BatchId, Engine, JobState, Priority, Problem, WebhookId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    Api,
    auth::Known,
    extract::Asked,
    gather::{self, Gathered},
    idempotency::{self, Answer, KeyHeader},
    intake::{self, Wishes},
    problem::{ApiError, Errors},
};

/// How documents shall be taken.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadQuery {
    /// `urgent` before everything else, or `normal`.
    #[param(inline)]
    priority: Option<UploadPriority>,
    /// `false`: the same bytes twice are two documents.
    dedupe: Option<bool>,
    /// A webhook that is told when the job or batch ends.
    webhook: Option<Uuid>,
    /// Engines that shall read, separated by commas.
    engines: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum UploadPriority {
    Urgent,
    Normal,
}

/// What became of an upload.
#[derive(Serialize, ToSchema)]
pub(crate) struct Taken {
    /// A job for each file that was taken.
    jobs: Vec<TakenJob>,
    /// Files that were not taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejected: Vec<NotTaken>,
    /// The batch that several files make.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_id: Option<Uuid>,
}

/// The job of a file.
#[derive(Serialize, ToSchema)]
pub(crate) struct TakenJob {
    job_id: Uuid,
    document_id: Uuid,
    file: String,
    state: JobState,
    /// Were these bytes known already?
    duplicate: bool,
}

/// A file that was not taken.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotTaken {
    file: String,
    #[schema(value_type = Object)]
    error: Problem,
}

impl UploadQuery {
    /// The query as wishes.
    pub(crate) async fn wishes(&self, api: &Api, caller: &Caller) -> Result<Wishes, ApiError> {
        let webhook = self.webhook.map(WebhookId);
        if let Some(webhook) = webhook
            && !api
                .db
                .webhooks(caller.tenant)
                .await?
                .iter()
                .any(|known| known.id == webhook && known.disabled_at.is_none())
        {
            return Err(ApiError::unprocessable(
                "no-such-webhook",
                "There is no such webhook",
                "make it with POST /v1/webhooks first",
            ));
        }
        let engines = match &self.engines {
            None => api.engines.clone(),
            Some(names) => names
                .split(',')
                .map(|name| name.trim().parse::<Engine>())
                .collect::<Result<Vec<_>, _>>()
                .and_then(|engines| {
                    match engines.iter().find(|engine| !api.engines.contains(engine)) {
                        Some(other) => Err(format!("this service has no engine `{other}`")),
                        None => Ok(Engine::ALL
                            .into_iter()
                            .filter(|engine| engines.contains(engine))
                            .collect()),
                    }
                })
                .map_err(ApiError::BadRequest)?,
        };
        Ok(Wishes {
            priority: match self.priority {
                Some(UploadPriority::Urgent) => Priority::Urgent,
                _ => Priority::Normal,
            },
            dedupe: self.dedupe.unwrap_or(true),
            webhook,
            engines,
            // The job goes on with the trace of this request.
            traceparent: infra::telemetry::traceparent(),
        })
    }
}

/// Uploads documents.
///
/// A raw body is one file, named by `Content-Disposition`. Several `file` parts of a multipart body
/// make a batch, in which files that cannot be read are listed and do not stop the others.
#[utoipa::path(
    post,
    path = "/v1/documents",
    tag = "documents",
    params(
        UploadQuery,
        KeyHeader,
    ),
    request_body(content(
        (inline(gather::Files) = "multipart/form-data"),
        (inline(gather::Raw) = "application/octet-stream"),
        (inline(gather::Raw) = "application/pdf"),
        (inline(gather::Raw) = "image/*"),
    )),
    responses(
        (status = 202, description = "Taken; nothing of it will be lost", body = Taken,
         headers(("Location" = String, description = "The job, or the batch of several files"))),
        (status = 409, description = "A request with this Idempotency-Key is under way", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 413, description = "A file is too large", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 415, description = "The content is no format that is read", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 422, description = "The content cannot be processed", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn upload(
    State(api): State<Api>,
    known: Known,
    Asked(query): Asked<UploadQuery>,
    OriginalUri(uri): OriginalUri,
    request: Request,
) -> Result<Response, ApiError> {
    let caller = known.as_one_of(&[Role::Uploader, Role::Reviewer])?;
    let headers = request.headers().clone();
    let wishes = query.wishes(&api, &caller).await?;
    let line = format!("POST {uri}");
    let work = async {
        if gather::is_multipart(&headers) {
            let mut gathered = Gathered::default();
            gathered.parts(&api, &caller, &wishes, request).await?;
            several(&api, &caller, &wishes, gathered).await
        } else {
            let file = file_name(&headers).unwrap_or_else(|| "document".into());
            let pieces = request.into_body().into_data_stream();
            let accepted = intake::take(&api, &caller, &wishes, &file, pieces).await?;
            taken(vec![(file, accepted)], Vec::new(), None)
        }
    };
    idempotency::once(&api, &caller, &headers, &line, work).await
}

/// Several files are a batch; one is as if it had come alone.
async fn several(
    api: &Api,
    caller: &Caller,
    wishes: &Wishes,
    mut gathered: Gathered,
) -> Result<Answer, ApiError> {
    match (gathered.len(), gathered.rejected.pop()) {
        (0, _) => Err(ApiError::BadRequest(
            "the multipart body has no part named `file`".into(),
        )),
        (1, Some((_, error))) => Err(error),
        (1, None) => taken(gathered.accepted, Vec::new(), None),
        (_, last) => {
            gathered.rejected.extend(last);
            // The batch's webhook is told once, the jobs' as well.
            gathered.into_batch(api, caller, wishes.webhook).await
        }
    }
}

/// The answer to an upload.
pub(crate) fn taken(
    accepted: Vec<(String, Accepted)>,
    rejected: Vec<(String, Problem)>,
    batch: Option<BatchId>,
) -> Result<Answer, ApiError> {
    let location = match (batch, accepted.first()) {
        (Some(batch), _) => Some(format!("/v1/batches/{batch}")),
        (None, Some((_, accepted))) => Some(format!("/v1/jobs/{}", accepted.job)),
        (None, None) => None,
    };
    let documents = accepted
        .iter()
        .map(|(_, accepted)| accepted.document)
        .collect();
    let body = Taken {
        jobs: accepted
            .into_iter()
            .map(|(file, accepted)| TakenJob {
                job_id: accepted.job.0,
                document_id: accepted.document.0,
                file,
                state: accepted.state,
                duplicate: accepted.duplicate,
            })
            .collect(),
        rejected: rejected
            .into_iter()
            .map(|(file, error)| NotTaken { file, error })
            .collect(),
        batch_id: batch.map(|batch| batch.0),
    };
    Ok(Answer {
        status: StatusCode::ACCEPTED.as_u16(),
        location,
        body: serde_json::to_value(body).map_err(|_| ApiError::Internal)?,
        documents,
    })
}

/// The name in `Content-Disposition`, RFC 6266: `filename*` before `filename`.
pub(crate) fn file_name(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_DISPOSITION)?;
    let text = String::from_utf8_lossy(value.as_bytes());
    let parameter = |name: &str| {
        text.split(';').skip(1).find_map(|part| {
            let (key, value) = part.split_once('=')?;
            key.trim()
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    let extended = parameter("filename*").and_then(|value| {
        let encoded = value.splitn(3, '\'').nth(2)?.to_owned();
        let decoded = url::form_urlencoded::parse(encoded.replace('+', "%2B").as_bytes())
            .next()?
            .0
            .into_owned();
        (!decoded.is_empty()).then_some(decoded)
    });
    extended.or_else(|| parameter("filename"))
}
