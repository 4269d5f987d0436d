//! Whom documents are about. An identifier and its issuer make a patient of the tenant; a name and a date
//! of birth only propose that two may be one, and nothing is ever merged. An identifier that is still to be
//! reviewed identifies nobody: the review does. None of it is stored in the clear (`lookups`).

use chrono::{DateTime, NaiveDate, Utc};
use schemas::{DateRole, DocumentId, Entity, Fact, IdRole, OrgRole, PersonRole, TenantId};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{
    Db, DbError,
    lookups::{self, LookupKey},
};
use crate::store::MasterKey;

/// A patient of a tenant.
#[derive(Clone, Debug)]
pub struct Patient {
    /// Opaque.
    pub id: Uuid,
    /// `nhs_number`, `mrn` or `member_id`.
    pub kind: String,
    /// Who gave the identifier, in lower case.
    pub issuer: String,
    /// The identifier, letters and digits alone.
    pub value: String,
    /// When a document first named the patient.
    pub created_at: DateTime<Utc>,
    /// Documents about the patient, the newest first.
    pub documents: Vec<DocumentId>,
    /// Patients of the same name and date of birth: a person decides whether they are one.
    pub possible_matches: Vec<Uuid>,
    /// Documents of the same name and date of birth that name no identifier.
    pub possible_documents: Vec<DocumentId>,
}

impl Db {
    /// A patient with everything that may be theirs.
    ///
    /// # Errors
    /// [`DbError`], also when another master key sealed the identifier.
    pub async fn patient(
        &self,
        tenant: TenantId,
        id: Uuid,
        master: &MasterKey,
    ) -> Result<Option<Patient>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let found = sqlx::query!(
            "SELECT kind, issuer, value, sealed, created_at FROM patients WHERE id = $1",
            id
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(found) = found else { return Ok(None) };
        let documents = sqlx::query_scalar!(
            "SELECT document_id FROM patient_sightings WHERE patient_id = $1 ORDER BY document_id DESC",
            id
        )
        .fetch_all(&mut *transaction)
        .await?;
        let alike = sqlx::query!(
            "SELECT DISTINCT o.document_id, o.patient_id
             FROM patient_sightings s JOIN patient_sightings o
                 ON o.tenant_id = s.tenant_id AND o.name_key = s.name_key
             WHERE s.name_key LIKE '#%' AND s.patient_id = $1 AND o.patient_id IS DISTINCT FROM $1
             ORDER BY o.document_id",
            id
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut possible_matches: Vec<Uuid> =
            alike.iter().filter_map(|row| row.patient_id).collect();
        possible_matches.sort_unstable();
        possible_matches.dedup();
        let unnamed = alike.iter().filter(|row| row.patient_id.is_none());
        Ok(Some(Patient {
            id,
            kind: found.kind,
            issuer: found.issuer,
            value: match found.sealed {
                Some(sealed) => lookups::opened(master, tenant, id, &sealed)?,
                None => found.value,
            },
            created_at: found.created_at,
            documents: documents.into_iter().map(DocumentId).collect(),
            possible_matches,
            possible_documents: unnamed.map(|row| DocumentId(row.document_id)).collect(),
        }))
    }
}

/// Says whom a document is about, from its entities as they stand now.
pub(super) async fn identify(
    session: &mut PgConnection,
    master: &MasterKey,
    tenant: Uuid,
    document: Uuid,
) -> Result<(), DbError> {
    let entities: Vec<Entity> = sqlx::query_scalar!(
        r#"SELECT entity AS "entity: Json<Entity>" FROM entities
           WHERE document_id = $1 AND type IN ('id', 'org', 'person', 'date') ORDER BY page, local_id"#,
        document
    )
    .fetch_all(&mut *session)
    .await?
    .into_iter()
    .map(|entity| entity.0)
    .collect();
    let seen = Seen::of(&entities);
    let key = LookupKey::of(session, master, tenant).await?;
    let mut patient = None;
    if let Some(identifier) = &seen.identifier {
        let id = Uuid::now_v7();
        let value = key.identifier(identifier.kind, &identifier.issuer, &identifier.value);
        sqlx::query!(
            "INSERT INTO patients (id, tenant_id, kind, issuer, value, sealed)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant_id, kind, issuer, value) DO NOTHING",
            id,
            tenant,
            identifier.kind,
            identifier.issuer,
            value,
            lookups::sealed(master, tenant, id, &identifier.value)?,
        )
        .execute(&mut *session)
        .await?;
        // Held until the sighting is written, so that nobody forgets the patient in between.
        patient = sqlx::query_scalar!(
            "SELECT id FROM patients
             WHERE tenant_id = $1 AND kind = $2 AND issuer = $3 AND value = $4 FOR KEY SHARE",
            tenant,
            identifier.kind,
            identifier.issuer,
            value,
        )
        .fetch_optional(&mut *session)
        .await?;
    }
    sqlx::query!(
        "UPDATE entities SET patient_id = $2
         WHERE document_id = $1 AND patient_id IS DISTINCT FROM $2",
        document,
        patient
    )
    .execute(&mut *session)
    .await?;
    sqlx::query!(
        "INSERT INTO patient_sightings (document_id, tenant_id, patient_id, name_key)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (document_id) DO UPDATE
         SET patient_id = excluded.patient_id, name_key = excluded.name_key, born = NULL",
        document,
        tenant,
        patient,
        key.name(seen.name.as_deref(), seen.born),
    )
    .execute(&mut *session)
    .await?;
    Ok(())
}

#[derive(Debug, PartialEq)]
struct Identifier {
    kind: &'static str,
    issuer: String,
    value: String,
}

/// What a document says of its patient.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    identifier: Option<Identifier>,
    name: Option<String>,
    born: Option<NaiveDate>,
}

/// Identifiers of patients, the most telling first.
const KINDS: [(IdRole, &str); 3] = [
    (IdRole::NhsNumber, "nhs_number"),
    (IdRole::Mrn, "mrn"),
    (IdRole::MemberId, "member_id"),
];

impl Seen {
    fn of(entities: &[Entity]) -> Self {
        let sure = || entities.iter().filter(|entity| !entity.needs_review);
        let issuer = |roles: &[OrgRole]| {
            sure().find_map(|entity| match &entity.fact {
                Fact::Org(org) if org.role.is_some_and(|role| roles.contains(&role)) => {
                    org.name.as_deref().map(words)
                }
                _ => None,
            })
        };
        let identifier = KINDS.iter().find_map(|(role, kind)| {
            let mut values: Vec<String> = sure()
                .filter_map(|entity| match &entity.fact {
                    Fact::Id(id) if id.role == Some(*role) => id.value.as_deref().map(plain),
                    _ => None,
                })
                .collect();
            values.dedup();
            // Two patients in one document are for a person to tell apart.
            let [value] = &values[..] else { return None };
            let issuer = match role {
                IdRole::NhsNumber => "nhs".to_owned(),
                IdRole::MemberId => issuer(&[OrgRole::Insurer])?,
                _ => issuer(&[OrgRole::Facility, OrgRole::Provider, OrgRole::Laboratory])?,
            };
            let value = value.clone();
            (!value.is_empty()).then_some(Identifier {
                kind,
                issuer,
                value,
            })
        });
        let name = sure().find_map(|entity| match &entity.fact {
            Fact::Person(person) if person.role == Some(PersonRole::Patient) => {
                person.name.as_deref().map(words)
            }
            _ => None,
        });
        let born = sure().find_map(|entity| match &entity.fact {
            Fact::Date(date) if date.role == Some(DateRole::Dob) => {
                date.iso.as_deref()?.parse().ok()
            }
            _ => None,
        });
        Self {
            identifier,
            name,
            born,
        }
    }
}

fn plain(value: &str) -> String {
    let kept = value.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_uppercase).collect()
}

/// The words of a name in lower case and in order, so that `ROE, Jane` is `Jane Roe`.
fn words(name: &str) -> String {
    let lower = name.to_lowercase();
    let mut words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .collect();
    words.sort_unstable();
    words.join(" ")
}
