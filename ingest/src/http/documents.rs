//! `/v1/documents/{id}`: results in every form, page images, and erasing.

mod pdf;

use std::{collections::BTreeSet, convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chrono::SecondsFormat;
use extract::{
    deidentify::{Deidentifier, Secret},
    fhir::{self, Export},
};
use futures::stream;
use infra::{
    db::{Caller, Db, DocumentRow},
    erasure::{self, EraseError},
    store::{self, Store},
};
use schemas::{Artefact, ArtefactKey, Document, DocumentId, Entity, JobId, JobState, TenantId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    auth::Known,
    extract::{Asked, PathId},
    problem::{ApiError, Errors},
};
use crate::{
    chat::hidden,
    export::{self, Deidentification},
    output,
};

/// Largest document result that is taken into memory.
const LARGEST_RESULT: u64 = 1 << 30;

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct FormatQuery {
    /// `json`, `text`, `hocr`, `alto`, `pdf` or `fhir`; before `Accept`.
    #[param(inline)]
    format: Option<ResultFormat>,
    /// Text alone: names, numbers, places and dates are taken out. `safe_harbor` leaves of dates the year,
    /// `shifted_dates` moves them.
    #[param(inline)]
    deidentified: Option<Deidentification>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ResultFormat {
    Json,
    Text,
    Hocr,
    Alto,
    Pdf,
    Fhir,
}

impl ResultFormat {
    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Text => "text/plain; charset=utf-8",
            Self::Hocr => "text/vnd.hocr+html; charset=utf-8",
            // ALTO has no registered type of its own.
            Self::Alto => "application/xml",
            Self::Pdf => "application/pdf",
            Self::Fhir => "application/fhir+json",
        }
    }

    fn of(accept: Option<&HeaderValue>) -> Option<Self> {
        let Some(accept) = accept.and_then(|value| value.to_str().ok()) else {
            return Some(Self::Json);
        };
        accept.split(',').find_map(|range| {
            let range = range.split(';').next().unwrap_or_default().trim();
            Some(match range {
                "*/*" | "application/*" | "application/json" => Self::Json,
                "text/plain" | "text/*" => Self::Text,
                "text/vnd.hocr+html" | "text/html" => Self::Hocr,
                "application/xml" | "application/alto+xml" | "text/xml" => Self::Alto,
                "application/pdf" => Self::Pdf,
                "application/fhir+json" => Self::Fhir,
                _ => return None,
            })
        })
    }
}

/// Stands where the document result's own schema is put.
#[derive(ToSchema)]
#[schema(value_type = Object)]
pub(crate) struct DocumentSchema(());

/// A FHIR R4 Bundle of type `collection`.
#[derive(ToSchema)]
#[schema(value_type = Object)]
pub(crate) struct FhirBundle(());

/// What a document says.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}",
    tag = "documents",
    params(("id" = String, Path, description = "Document"), FormatQuery),
    responses(
        (status = 200, description = "The document result", content(
            (inline(DocumentSchema) = "application/json"),
            (String = "text/plain"),
            (String = "text/vnd.hocr+html"),
            (String = "application/xml"),
            (Vec<u8> = "application/pdf"),
            (inline(FhirBundle) = "application/fhir+json"),
        )),
        (status = 404, description = "There is no such document", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 406, description = "That form cannot be given", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 409, description = "There is no result yet (`Retry-After`), or there will be none", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn show(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<DocumentId>,
    Asked(query): Asked<FormatQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let caller = known.reader(&api).await?;
    let format = query
        .format
        .or_else(|| ResultFormat::of(headers.get(header::ACCEPT)))
        .ok_or_else(|| {
            ApiError::NotAcceptable(
                "ask for application/json, text/plain, text/vnd.hocr+html, application/xml (ALTO), \
                 application/pdf or application/fhir+json"
                    .into(),
            )
        })?;
    if query.deidentified.is_some() && format != ResultFormat::Text {
        return Err(ApiError::NotAcceptable(
            "without identifiers a document is given as text/plain".into(),
        ));
    }
    let row = find(&api, &caller, id).await?;
    let Reviewed { document, accepted } = reviewed(&api, &caller, &row).await?;
    let body = match format {
        ResultFormat::Json => serde_json::to_vec(&document)
            .map_err(|_| ApiError::Internal)?
            .into(),
        ResultFormat::Fhir => {
            let recorded = row.created_at.to_rfc3339_opts(SecondsFormat::Secs, true);
            let bundle = fhir::collection(&Export {
                document: &document,
                accepted: &accepted,
                recorded: &recorded,
            });
            bundle.to_string().into()
        }
        ResultFormat::Text => match query.deidentified {
            None => document.text.into(),
            Some(how) => without_identifiers(&api, &caller, document, id, how)
                .await?
                .into(),
        },
        ResultFormat::Hocr => output::hocr(&document).into(),
        ResultFormat::Alto => {
            let pieces = output::alto(document).map(Ok::<_, Infallible>);
            Body::from_stream(stream::iter(pieces))
        }
        ResultFormat::Pdf => Body::from_stream(pdf::stream(api, caller, &row, document)),
    };
    Ok(([(header::CONTENT_TYPE, format.media_type())], body).into_response())
}

/// A document's text without identifiers.
async fn without_identifiers(
    api: &Api,
    caller: &Caller,
    document: Document,
    id: DocumentId,
    how: Deidentification,
) -> Result<String, ApiError> {
    let named = api.db.identifiers(caller.tenant, &[id], None).await?;
    let patient = named.iter().filter(|named| named.document == id);
    let patient = patient.map(|named| named.patient).next().flatten();
    let about = export::about(patient, id).to_string();
    let secret = Secret::new(api.master.derive(hidden::PURPOSE, caller.tenant));
    let mut to = Deidentifier::new(&secret, &about, how.dates());
    let mut known: Vec<Entity> = named.into_iter().map(|named| named.entity).collect();
    known.extend(document.entities);
    to.know(&known);
    Ok(to.replace(&document.text).text)
}

/// Erases a document: its objects, its key, its entities and reviews. Its jobs end. It is written down
/// outside the database first, so that no restore brings it back.
#[utoipa::path(
    delete,
    path = "/v1/documents/{id}",
    tag = "documents",
    params(("id" = String, Path, description = "Document")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such document", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn erase(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<DocumentId>,
) -> Result<StatusCode, ApiError> {
    let caller = known.as_one_of(&[])?;
    let erased = erasure::erase(&api.db, &*api.store, &api.erasures, caller.tenant, id).await;
    let erased = erased.map_err(|error| match error {
        EraseError::Db(error) => error.into(),
        EraseError::List(error) => {
            tracing::error!(%error, "nothing was erased");
            ApiError::Unavailable("the erasure list")
        }
    })?;
    let Some(erased) = erased.filter(|erased| erased.rows.is_some()) else {
        return Err(ApiError::NotFound);
    };
    // Its key is gone already: what the store still holds cannot be read.
    if let Err(error) = erased.objects {
        tracing::warn!(%error, "sealed objects of an erased document stay in the store");
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A page's raster: the picture that every box of the result refers to.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}/pages/{page}",
    tag = "documents",
    params(
        ("id" = String, Path, description = "Document"),
        ("page" = String, Path, description = "Page from 0, with `.png`"),
    ),
    responses(
        (status = 200, description = "The raster", body = Vec<u8>, content_type = "image/png"),
        (status = 404, description = "There is no such page, or it is not decoded yet", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn page_image(
    State(api): State<Api>,
    known: Known,
    Path((id, page)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let caller = known.reader(&api).await?;
    let id: DocumentId = id.parse().map_err(|_| ApiError::NotFound)?;
    let page: u32 = page
        .strip_suffix(".png")
        .and_then(|page| page.parse().ok())
        .ok_or(ApiError::NotFound)?;
    let row = find(&api, &caller, id).await?;
    let artefact = Artefact::Raster(row.result.unwrap_or(row.job), page);
    let body = api.store.get(key(&caller, id, artefact)).await?;
    Ok((
        [(header::CONTENT_TYPE, artefact.content_type())],
        Body::from_stream(body),
    )
        .into_response())
}

pub(crate) fn key(caller: &Caller, document: DocumentId, artefact: Artefact) -> ArtefactKey {
    ArtefactKey {
        tenant: caller.tenant,
        document,
        artefact,
    }
}

pub(crate) async fn find(
    api: &Api,
    caller: &Caller,
    id: DocumentId,
) -> Result<DocumentRow, ApiError> {
    api.db
        .document(caller.tenant, id)
        .await?
        .ok_or(ApiError::NotFound)
}

/// The result with what reviewers made of it.
pub(crate) async fn result(
    api: &Api,
    caller: &Caller,
    row: &DocumentRow,
) -> Result<Document, ApiError> {
    Ok(reviewed(api, caller, row).await?.document)
}

/// A result after its reviews.
pub(crate) struct Reviewed {
    pub document: Document,
    /// Ids of the entities that a person accepted or corrected.
    pub accepted: BTreeSet<String>,
}

async fn reviewed(api: &Api, caller: &Caller, row: &DocumentRow) -> Result<Reviewed, ApiError> {
    let Some(job) = row.result else {
        return Err(match row.state {
            JobState::Failed => ApiError::Conflict(
                format!("it could not be read: see /v1/jobs/{}", row.job),
                None,
            ),
            JobState::Cancelled => {
                ApiError::Conflict("its job was cancelled: upload it again".into(), None)
            }
            _ => ApiError::Conflict("it is not read yet".into(), Some(2)),
        });
    };
    load(&api.db, &api.store, caller.tenant, row.id, job).await
}

/// The result of a job with what reviewers made of it.
pub(crate) async fn load(
    db: &Db,
    store: &Arc<dyn Store>,
    tenant: TenantId,
    id: DocumentId,
    job: JobId,
) -> Result<Reviewed, ApiError> {
    let key = ArtefactKey {
        tenant,
        document: id,
        artefact: Artefact::Result(job),
    };
    let body = store.get(key).await?;
    let bytes = store::collect(body, LARGEST_RESULT).await?;
    let mut document: Document = serde_json::from_slice(&bytes).map_err(|_| ApiError::Internal)?;
    let mut accepted = BTreeSet::new();
    for reviewed in db.reviewed(tenant, id).await? {
        let shown = document
            .entities
            .iter_mut()
            .find(|entity| entity.id == reviewed.id);
        if let Some(shown) = shown {
            accepted.insert(reviewed.id.clone());
            *shown = reviewed;
        }
    }
    Ok(Reviewed { document, accepted })
}
