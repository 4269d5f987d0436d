//! `GET /v1/patients/{id}`: a patient, and who may be the same. Nothing is ever merged here.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use infra::db::Patient;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api,
    auth::Known,
    extract::PathId,
    problem::{ApiError, Errors},
};

/// A patient of the tenant: an identifier with who issued it.
#[derive(Serialize, ToSchema)]
#[schema(as = Patient)]
pub(crate) struct PatientView {
    id: Uuid,
    identifier: IdentifierView,
    /// When a document first named the patient.
    created_at: DateTime<Utc>,
    /// Documents about the patient, the newest first.
    documents: Vec<Uuid>,
    /// Patients of the same name and date of birth: a person decides whether they are one.
    possible_matches: Vec<Uuid>,
    /// Documents of the same name and date of birth that name no identifier.
    possible_documents: Vec<Uuid>,
}

/// An identifier and its issuer.
#[derive(Serialize, ToSchema)]
#[schema(as = PatientIdentifier)]
pub(crate) struct IdentifierView {
    /// `nhs_number`, `mrn` or `member_id`.
    kind: String,
    /// Who gave it: the words of the name in lower case and in order of the alphabet; `nhs`.
    issuer: String,
    /// Letters and digits alone.
    value: String,
}

impl From<Patient> for PatientView {
    fn from(found: Patient) -> Self {
        let ids =
            |documents: Vec<schemas::DocumentId>| documents.into_iter().map(|id| id.0).collect();
        Self {
            id: found.id,
            identifier: IdentifierView {
                kind: found.kind,
                issuer: found.issuer,
                value: found.value,
            },
            created_at: found.created_at,
            documents: ids(found.documents),
            possible_matches: found.possible_matches,
            possible_documents: ids(found.possible_documents),
        }
    }
}

/// A patient. `GET /v1/entities?patient=` lists what is known of one.
#[utoipa::path(
    get,
    path = "/v1/patients/{id}",
    tag = "patients",
    params(("id" = String, Path, description = "Patient (`patient` of the documents' entities)")),
    responses(
        (status = 200, description = "The patient", body = PatientView),
        (status = 404, description = "There is no such patient", body = inline(serde_json::Value), content_type = "application/problem+json"),
        Errors,
    )
)]
pub(crate) async fn show(
    State(api): State<Api>,
    known: Known,
    PathId(id): PathId<Uuid>,
) -> Result<Json<PatientView>, ApiError> {
    let caller = known.reader(&api).await?;
    let found = api.db.patient(caller.tenant, id, &api.master).await?;
    found
        .map(|patient| Json(patient.into()))
        .ok_or(ApiError::NotFound)
}
