//! Entities as rows: written by the index stage, searched by analysts a page at a time.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use schemas::{Assertion, DocumentId, Entity, EntityId, Fact, JobId, TenantId};
use serde::Deserialize;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{Claimed, Db, DbError, Findings, passages, patients};

/// An entity with the columns that it is searched by.
#[derive(Clone, Debug)]
pub struct EntityRow {
    id: Uuid,
    kind: String,
    name: Option<String>,
    iso: Option<NaiveDate>,
    entity: Entity,
}

impl EntityRow {
    /// The type of the entity, as the API names it.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Should a person look at it?
    #[must_use]
    pub fn needs_review(&self) -> bool {
        self.entity.needs_review
    }

    /// The row of an entity of a job's result. Its id is the same whenever the job is indexed.
    #[must_use]
    pub fn of(job: JobId, entity: Entity) -> Self {
        let (name, iso) = match &entity.fact {
            Fact::Medication(fact) => (fact.name.clone(), None),
            Fact::Lab(fact) => (fact.name.clone(), None),
            Fact::Vital(fact) => (fact.name.clone(), None),
            Fact::Person(fact) => (fact.name.clone(), None),
            Fact::Org(fact) => (fact.name.clone(), None),
            Fact::Allergy(fact) => (fact.substance.clone(), None),
            Fact::Id(fact) => (fact.value.clone(), None),
            Fact::Date(fact) => (None, fact.iso.as_deref().and_then(|iso| iso.parse().ok())),
            Fact::Diagnosis(_) | Fact::Procedure(_) => (Some(entity.text.clone()), None),
            Fact::Amount(_) | Fact::Instruction(_) => (None, None),
        };
        Self {
            id: Uuid::new_v5(&job.0, entity.id.as_bytes()),
            kind: tag(&entity.fact),
            name,
            iso,
            entity,
        }
    }
}

/// A unit variant or a tagged value as its name in JSON.
fn tag(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value
        .as_str()
        .or_else(|| value.get("type")?.as_str())
        .unwrap_or_default()
        .to_owned()
}

/// An entity as the service keeps it.
#[derive(Clone, Debug)]
pub struct IndexedEntity {
    /// Its id in the service.
    pub id: EntityId,
    /// Where it was found.
    pub document: DocumentId,
    /// By which job.
    pub job: JobId,
    /// Whom its document is about, where an identifier says so.
    pub patient: Option<Uuid>,
    /// Grows with every review.
    pub version: i32,
    /// When its job was taken.
    pub created_at: DateTime<Utc>,
    /// As reviewed last.
    pub entity: Entity,
}

/// What is looked for. Everything that is given must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntityFilter {
    /// Type of entity.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// A code, `system|code` or the code alone.
    pub code: Option<String>,
    /// Its own date, or else the day it was taken, is not before this.
    pub from: Option<NaiveDate>,
    /// … and not after this.
    pub to: Option<NaiveDate>,
    /// At least.
    pub min_confidence: Option<f32>,
    /// Opaque patient id.
    pub patient: Option<Uuid>,
    /// Present ones unless asked otherwise.
    pub assertion: Option<Assertion>,
    /// Only those that a person should look at, or only others.
    pub needs_review: Option<bool>,
    /// Of one document.
    pub document: Option<Uuid>,
    /// Drug, analyte, diagnosis, person …, in any case.
    pub name: Option<String>,
}

impl Db {
    /// Entities of a tenant in the order in which they were taken, after `after`, at most `most`.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn entities(
        &self,
        tenant: TenantId,
        filter: &EntityFilter,
        after: Option<(DateTime<Utc>, EntityId)>,
        most: i64,
    ) -> Result<Vec<IndexedEntity>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let assertion = tag(&filter.assertion.unwrap_or_default());
        let rows = sqlx::query!(
            r#"SELECT id, document_id, job_id, patient_id, version, created_at, entity AS "entity: Json<Entity>"
               FROM entities
               WHERE ($1::timestamptz IS NULL OR (created_at, id) > ($1, $2))
                 AND ($3::text IS NULL OR type = $3)
                 AND ($4::text IS NULL OR codes @> ARRAY[$4])
                 AND ($5::date IS NULL OR coalesce(iso, (created_at AT TIME ZONE 'UTC')::date) >= $5)
                 AND ($6::date IS NULL OR coalesce(iso, (created_at AT TIME ZONE 'UTC')::date) <= $6)
                 AND ($7::real IS NULL OR confidence >= $7)
                 AND ($8::uuid IS NULL OR patient_id = $8)
                 AND assertion = $9
                 AND ($10::boolean IS NULL OR needs_review = $10)
                 AND ($11::uuid IS NULL OR document_id = $11)
                 AND ($12::text IS NULL OR lower(name) = lower($12))
               ORDER BY created_at, id LIMIT $13"#,
            after.map(|(at, _)| at),
            after.map(|(_, id)| id.0),
            filter.kind,
            filter.code,
            filter.from,
            filter.to,
            filter.min_confidence,
            filter.patient,
            assertion,
            filter.needs_review,
            filter.document,
            filter.name,
            most,
        )
        .fetch_all(&mut *transaction)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| IndexedEntity {
                id: EntityId(row.id),
                document: DocumentId(row.document_id),
                job: JobId(row.job_id),
                patient: row.patient_id,
                version: row.version,
                created_at: row.created_at,
                entity: row.entity.0,
            })
            .collect())
    }

    /// All entities of some documents of a tenant, whatever is claimed about them, in reading order.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn facts(
        &self,
        tenant: TenantId,
        documents: &[DocumentId],
    ) -> Result<Vec<IndexedEntity>, DbError> {
        let ids: Vec<Uuid> = documents.iter().map(|document| document.0).collect();
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query!(
            r#"SELECT id, document_id, job_id, patient_id, version, created_at, entity AS "entity: Json<Entity>"
               FROM entities WHERE document_id = ANY ($1)
               ORDER BY created_at DESC, document_id, page, (entity -> 'span' ->> 0)::int"#,
            &ids
        )
        .fetch_all(&mut *transaction)
        .await?;
        let found = rows.into_iter().map(|row| IndexedEntity {
            id: EntityId(row.id),
            document: DocumentId(row.document_id),
            job: JobId(row.job_id),
            patient: row.patient_id,
            version: row.version,
            created_at: row.created_at,
            entity: row.entity.0,
        });
        Ok(found.collect())
    }

    /// One entity of a tenant.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn entity(
        &self,
        tenant: TenantId,
        entity: EntityId,
    ) -> Result<Option<IndexedEntity>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let row = sqlx::query!(
            r#"SELECT id, document_id, job_id, patient_id, version, created_at, entity AS "entity: Json<Entity>"
               FROM entities WHERE id = $1"#,
            entity.0
        )
        .fetch_optional(&mut *transaction)
        .await?;
        Ok(row.map(|row| IndexedEntity {
            id: EntityId(row.id),
            document: DocumentId(row.document_id),
            job: JobId(row.job_id),
            patient: row.patient_id,
            version: row.version,
            created_at: row.created_at,
            entity: row.entity.0,
        }))
    }
}

/// Puts an entity that a person reviewed in the place of what stood there.
pub(super) async fn correct(
    session: &mut PgConnection,
    id: EntityId,
    row: &EntityRow,
) -> Result<(), DbError> {
    let page = row.entity.page.and_then(|page| i32::try_from(page).ok());
    sqlx::query!(
        "UPDATE entities SET extracted = coalesce(extracted, entity), entity = $2, type = $3, name = $4, iso = $5, page = $6, assertion = $7,
             confidence = $8, needs_review = $9, codes = medbot_codes($2), version = version + 1
         WHERE id = $1",
        id.0,
        Json(&row.entity) as _,
        row.kind,
        row.name,
        row.iso,
        page,
        tag(&row.entity.assertion),
        row.entity.confidence.get(),
        row.entity.needs_review,
    )
    .execute(session)
    .await?;
    Ok(())
}

/// Puts the entities and passages of a job in the place of all others of its document, unless a later job's stand
/// there. One that stood there before gets a higher version, so that no review of the old one fits. A
/// person's word is kept where the same is read at the same place as when the person looked.
pub(super) async fn replace(
    session: &mut PgConnection,
    claimed: &Claimed,
    found: Findings<'_>,
) -> Result<(), DbError> {
    // Two jobs of a document may end at the same moment.
    sqlx::query!(
        "SELECT id FROM documents WHERE id = $1 FOR NO KEY UPDATE",
        claimed.document.0
    )
    .fetch_optional(&mut *session)
    .await?;
    let later = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM jobs j JOIN jobs o ON o.document_id = j.document_id
               WHERE j.id = $1 AND o.created_at > j.created_at
                 AND o.state IN ('succeeded', 'needs_review')) AS "later!""#,
        claimed.job.0
    )
    .fetch_one(&mut *session)
    .await?;
    if later {
        return Ok(());
    }
    let old = sqlx::query!(
        r#"DELETE FROM entities WHERE document_id = $1
           RETURNING id, version, entity AS "entity: Json<Entity>",
               extracted AS "extracted: Json<Entity>""#,
        claimed.document.0
    )
    .fetch_all(&mut *session)
    .await?;
    let versions: HashMap<Uuid, i32> = old.iter().map(|row| (row.id, row.version)).collect();
    let words = old.into_iter().filter_map(|row| {
        let (extracted, made) = (row.extracted?.0, row.entity.0);
        Some(Word { extracted, made })
    });
    let rows = with_words(claimed.job, found.entities, words.collect());
    insert(session, claimed, &rows, &versions).await?;
    passages::replace(session, claimed, found.passages).await?;
    patients::identify(session, found.master, claimed.tenant.0, claimed.document.0).await
}

/// What a person made of an extracted entity.
struct Word {
    extracted: Entity,
    made: Entity,
}

/// A row, and the entity as extracted if a person's word stands in the row.
type Indexed = (EntityRow, Option<Entity>);

/// The rows of a job with people's words of before.
fn with_words(job: JobId, rows: &[EntityRow], mut words: Vec<Word>) -> Vec<Indexed> {
    let mut kept = |row: &EntityRow| {
        let entity = &row.entity;
        let at = words
            .iter()
            .position(|word| is_same_print(&word.extracted, entity))?;
        let made = Entity {
            id: entity.id.clone(),
            span: entity.span,
            ..words.swap_remove(at).made
        };
        Some((EntityRow::of(job, made), Some(entity.clone())))
    };
    rows.iter()
        .map(|row| kept(row).unwrap_or_else(|| (row.clone(), None)))
        .collect()
}

/// Was the same read at the same place? Numbers and spans shift with what stands before, codes and
/// doubts with the vocabularies.
fn is_same_print(one: &Entity, other: &Entity) -> bool {
    (one.page, &one.words, &one.text) == (other.page, &other.words, &other.text)
        && (one.assertion, &one.fact) == (other.assertion, &other.fact)
}

/// Did people's words end every doubt about the entities of a job?
pub(super) async fn are_settled(session: &mut PgConnection, job: Uuid) -> Result<bool, DbError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT coalesce(bool_or(extracted IS NOT NULL) AND NOT bool_or(needs_review), false)
               AS "settled!"
           FROM entities WHERE job_id = $1"#,
        job
    )
    .fetch_one(session)
    .await?)
}

async fn insert(
    session: &mut PgConnection,
    claimed: &Claimed,
    rows: &[Indexed],
    old_versions: &HashMap<Uuid, i32>,
) -> Result<(), DbError> {
    let column = |of: fn(&EntityRow) -> String| -> Vec<String> {
        rows.iter().map(|(row, _)| of(row)).collect()
    };
    let ids: Vec<Uuid> = rows.iter().map(|(row, _)| row.id).collect();
    let local_ids = column(|row| row.entity.id.clone());
    let kinds = column(|row| row.kind.clone());
    let names: Vec<Option<String>> = rows.iter().map(|(row, _)| row.name.clone()).collect();
    let isos: Vec<Option<NaiveDate>> = rows.iter().map(|(row, _)| row.iso).collect();
    let pages: Vec<Option<i32>> = rows
        .iter()
        .map(|(row, _)| row.entity.page.and_then(|page| i32::try_from(page).ok()))
        .collect();
    let assertions = column(|row| tag(&row.entity.assertion));
    let confidences: Vec<f32> = rows
        .iter()
        .map(|(row, _)| row.entity.confidence.get())
        .collect();
    let needs_review: Vec<bool> = rows
        .iter()
        .map(|(row, _)| row.entity.needs_review)
        .collect();
    let versions: Vec<i32> = ids
        .iter()
        .map(|id| old_versions.get(id).map_or(1, |version| version + 1))
        .collect();
    let entities: Vec<Json<&Entity>> = rows.iter().map(|(row, _)| Json(&row.entity)).collect();
    let extracted: Vec<Option<Json<&Entity>>> = rows
        .iter()
        .map(|(_, extracted)| extracted.as_ref().map(Json))
        .collect();
    sqlx::query!(
        r#"INSERT INTO entities (id, tenant_id, document_id, job_id, local_id, type, name, iso, page,
               assertion, confidence, needs_review, entity, version, extracted, codes, created_at)
           SELECT e.id, $1, $2, $3, e.local_id, e.type, e.name, e.iso, e.page, e.assertion,
               e.confidence, e.needs_review, e.entity, e.version, e.extracted,
               medbot_codes(e.entity), j.created_at
           FROM jobs j, unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::date[],
               $9::int[], $10::text[], $11::real[], $12::boolean[], $13::jsonb[], $14::int[],
               $15::jsonb[])
               AS e (id, local_id, type, name, iso, page, assertion, confidence, needs_review, entity,
                     version, extracted)
           WHERE j.id = $3"#,
        claimed.tenant.0,
        claimed.document.0,
        claimed.job.0,
        &ids,
        &local_ids,
        &kinds,
        &names as _,
        &isos as _,
        &pages as _,
        &assertions,
        &confidences,
        &needs_review,
        &entities as _,
        &versions,
        &extracted as _,
    )
    .execute(session)
    .await?;
    Ok(())
}
