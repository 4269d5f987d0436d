//! `/v1/entities`: what was found in all documents, filtered.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use extract::deidentify::Secret;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use infra::{
    audit::Extent,
    db::{DbError, EntityFilter, IndexedEntity},
};
use schemas::{Assertion, DocumentId, Entity, EntityId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    Api,
    auth::Known,
    cursor, exported,
    extract::{Asked, JsonBody},
    problem::{ApiError, Errors},
};
use crate::{
    chat::hidden,
    export::{self, Deidentification, Format, Row, RowIds},
};

/// Entities of a JSON answer, unless asked otherwise.
const PAGE: u16 = 100;
/// At most.
const LARGEST_PAGE: u16 = 1000;

/// Which entities: everything that is given must hold.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntitySearch {
    /// A drug, an analyte, a diagnosis, a person …, in any case. Only in a body: no URL holds a name.
    #[param(ignore)]
    name: Option<String>,
    /// `medication`, `lab`, `date`, `person`, `diagnosis`, `allergy`, `vital`, `id`, `org`,
    /// `procedure`, `amount` or `instruction`.
    #[serde(rename = "type")]
    #[param(inline)]
    kind: Option<EntityType>,
    /// A code, alone or as `system|code`.
    code: Option<String>,
    /// Their own date, or else the day of their upload, is not before this.
    from: Option<NaiveDate>,
    /// … and not after this.
    to: Option<NaiveDate>,
    /// At least this.
    #[param(minimum = 0, maximum = 1)]
    #[schema(minimum = 0, maximum = 1)]
    min_confidence: Option<f32>,
    /// Opaque id of a patient.
    patient: Option<Uuid>,
    /// `present` unless asked otherwise.
    #[param(inline)]
    assertion: Option<AssertionName>,
    /// Only those that a person should look at, or only others.
    needs_review: Option<bool>,
    /// Of one document.
    document: Option<Uuid>,
    /// Where the page before ended: its `next_cursor`.
    cursor: Option<String>,
    /// Entities of a JSON answer.
    #[param(minimum = 1, maximum = 1000)]
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
    /// Names, numbers, places and dates are taken out: `safe_harbor` leaves of dates the year,
    /// `shifted_dates` moves them. Not of JSON pages.
    #[param(inline)]
    deidentified: Option<Deidentification>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum EntityType {
    Medication,
    Lab,
    Date,
    Person,
    Diagnosis,
    Allergy,
    Vital,
    Id,
    Org,
    Procedure,
    Amount,
    Instruction,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AssertionName {
    Present,
    Absent,
    Possible,
    Family,
    Historical,
    Planned,
}

/// A page of entities.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntityPage {
    entities: Vec<EntityView>,
    /// For the next page; null on the last.
    next_cursor: Option<String>,
}

/// An entity, with where it was found.
#[derive(Serialize, ToSchema)]
#[schema(as = IndexedEntity)]
pub(crate) struct EntityView {
    /// Its id in the service.
    entity_id: Uuid,
    document_id: Uuid,
    job_id: Uuid,
    /// Whom its document is about, where an identifier says so: `/v1/patients/{id}`.
    patient_id: Option<Uuid>,
    /// Grows with every review.
    version: i32,
    created_at: DateTime<Utc>,
    /// As in the document result.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    entity: Entity,
}

impl From<IndexedEntity> for EntityView {
    fn from(found: IndexedEntity) -> Self {
        Self {
            entity_id: found.id.0,
            document_id: found.document.0,
            job_id: found.job.0,
            patient_id: found.patient,
            version: found.version,
            created_at: found.created_at,
            entity: found.entity,
        }
    }
}

/// Entities of all documents, in the order of their upload.
#[utoipa::path(
    get,
    path = "/v1/entities",
    tag = "entities",
    params(EntitySearch),
    responses(
        (status = 200, description = "JSON gives a page; the other forms stream everything", content(
            (EntityPage = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 406, description = "That form cannot be given", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    known: Known,
    Asked(search): Asked<EntitySearch>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if search.name.is_some() {
        return Err(ApiError::BadRequest(
            "a name is looked for by POST /v1/entities/search: no URL holds one".into(),
        ));
    }
    answer(api, &known, search, &headers).await
}

/// The same with names, which no URL should hold.
#[utoipa::path(
    post,
    path = "/v1/entities/search",
    tag = "entities",
    request_body = EntitySearch,
    responses(
        (status = 200, description = "JSON gives a page; the other forms stream everything", content(
            (EntityPage = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 406, description = "That form cannot be given", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 415, description = "The body is no JSON", body = inline(serde_json::Value), content_type = "application/problem+json"),
        (status = 422, description = "The body does not fit its schema", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn search(
    State(api): State<Api>,
    known: Known,
    headers: HeaderMap,
    JsonBody(search): JsonBody<EntitySearch>,
) -> Result<Response, ApiError> {
    answer(api, &known, search, &headers).await
}

async fn answer(
    api: Api,
    known: &Known,
    search: EntitySearch,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let tenant = known.reader(&api).await?.tenant;
    let accept = headers.get(header::ACCEPT).map(|value| value.to_str());
    let format = match accept {
        None => Format::Json,
        Some(Ok(accept)) => Format::from_accept(accept).ok_or_else(|| {
            ApiError::NotAcceptable(
                "ask for application/json, application/x-ndjson, text/csv or \
                 application/vnd.apache.parquet"
                    .into(),
            )
        })?,
        Some(Err(_)) => {
            return Err(ApiError::BadRequest(
                "the header `Accept` is no text".into(),
            ));
        }
    };
    let after = search.cursor.as_deref().map(cursor::parsed).transpose()?;
    let limit = search.limit.unwrap_or(PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        let detail = format!("`limit` lies between 1 and {LARGEST_PAGE}");
        return Err(ApiError::BadRequest(detail));
    }
    if search
        .min_confidence
        .is_some_and(|least| !(0.0..=1.0).contains(&least))
    {
        return Err(ApiError::BadRequest(
            "`min_confidence` lies between 0 and 1".into(),
        ));
    }
    let how = search.deidentified;
    if how.is_some() && format == Format::Json {
        return Err(ApiError::NotAcceptable(
            "without identifiers entities are given as application/x-ndjson, text/csv or \
             application/vnd.apache.parquet"
                .into(),
        ));
    }
    let filter = search.filter();
    let mut extent = Extent {
        document: filter.document,
        patient: filter.patient,
        ..Extent::default()
    };
    if format == Format::Json {
        let most = i64::from(limit) + 1;
        let mut found = api.db.entities(tenant, &filter, after, most).await?;
        let more = found.len() > usize::from(limit);
        found.truncate(usize::from(limit));
        extent.rows = Some(found.len() as u64);
        known.was_given(extent);
        let next_cursor = found.last().filter(|_| more);
        let next_cursor = next_cursor.map(|last| cursor::written(last.created_at, last.id));
        let entities = found.into_iter().map(EntityView::from).collect();
        return Ok(Json(EntityPage {
            entities,
            next_cursor,
        })
        .into_response());
    }
    // Of these the rows are known only when the last has left: a second line says so.
    known.was_given(extent);
    let left = Arc::new(AtomicU64::new(0));
    let end = exported::End::new(&api, known, Arc::clone(&left));
    let rows = rows(api, tenant, filter, after, how);
    let rows = rows.inspect_ok(move |_| _ = left.fetch_add(1, Ordering::Relaxed));
    Ok((
        [
            (header::CONTENT_TYPE, format.media_type()),
            (
                header::CONTENT_DISPOSITION,
                match format {
                    Format::Csv => "attachment; filename=\"entities.csv\"",
                    Format::Parquet => "attachment; filename=\"entities.parquet\"",
                    _ => "inline",
                },
            ),
        ],
        Body::from_stream(end.watch(export::stream(format, rows))),
    )
        .into_response())
}

impl EntitySearch {
    fn filter(self) -> EntityFilter {
        let name = |kind: EntityType| {
            let name = serde_json::to_value(kind).ok();
            name.and_then(|name| name.as_str().map(str::to_owned))
        };
        EntityFilter {
            kind: self.kind.and_then(name),
            code: self.code,
            from: self.from,
            to: self.to,
            min_confidence: self.min_confidence,
            patient: self.patient,
            assertion: self.assertion.map(|assertion| match assertion {
                AssertionName::Present => Assertion::Present,
                AssertionName::Absent => Assertion::Absent,
                AssertionName::Possible => Assertion::Possible,
                AssertionName::Family => Assertion::Family,
                AssertionName::Historical => Assertion::Historical,
                AssertionName::Planned => Assertion::Planned,
            }),
            needs_review: self.needs_review,
            document: self.document,
            name: self.name,
        }
    }
}

/// Every entity that fits, a page of the database at a time.
fn rows(
    api: Api,
    tenant: TenantId,
    filter: EntityFilter,
    after: Option<(DateTime<Utc>, EntityId)>,
    how: Option<Deidentification>,
) -> impl Stream<Item = Result<Row, ExportFailed>> + Send + 'static {
    stream::try_unfold(Some(after), move |after| {
        let (api, filter) = (api.clone(), filter.clone());
        async move {
            let Some(after) = after else {
                return Ok::<_, ExportFailed>(None);
            };
            let most = i64::from(LARGEST_PAGE);
            let found = api
                .db
                .entities(tenant, &filter, after, most)
                .await
                .map_err(ExportFailed::Rows)?;
            let next = found
                .last()
                .filter(|_| found.len() == usize::from(LARGEST_PAGE))
                .map(|last| Some((last.created_at, last.id)));
            let rows = match how {
                None => found.iter().map(row).collect(),
                Some(how) => {
                    let rows = without_identifiers(&api, tenant, &found, how).await;
                    rows.map_err(ExportFailed::Rows)?
                }
            };
            let rows = rows.into_iter().map(Ok::<Row, ExportFailed>);
            Ok(Some((stream::iter(rows), next)))
        }
    })
    .try_flatten()
    .boxed()
}

fn row(found: &IndexedEntity) -> Row {
    let ids = RowIds {
        entity_id: found.id,
        document_id: found.document,
        job_id: found.job,
    };
    Row::from_entity(&found.entity, ids, found.created_at)
}

/// Rows without identifiers.
async fn without_identifiers(
    api: &Api,
    tenant: TenantId,
    found: &[IndexedEntity],
    how: Deidentification,
) -> Result<Vec<Row>, DbError> {
    let documents: BTreeSet<DocumentId> = found.iter().map(|found| found.document).collect();
    let documents: Vec<DocumentId> = documents.into_iter().collect();
    let named = api.db.identifiers(tenant, &documents, None).await?;
    let secret = Secret::new(api.master.derive(hidden::PURPOSE, tenant));
    Ok(export::deidentified(how, &secret, found, &named))
}

/// Why an export broke off in the middle.
#[derive(Debug, thiserror::Error)]
enum ExportFailed {
    #[error(transparent)]
    Rows(DbError),
    #[error(transparent)]
    Written(#[from] export::ExportError),
}
