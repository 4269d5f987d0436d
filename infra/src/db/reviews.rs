//! What a person says of an entity: the old value is kept, with who, when and why.

use schemas::{DocumentId, Entity, EntityId, JobId, JobState, TenantId};
use sqlx::types::Json;
use uuid::Uuid;

use super::{
    Caller, Db, DbError, EntityRow, connect::commit, entities, fhir_deliveries, patients, settle,
};
use crate::store::MasterKey;

/// What a person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is right as it stands.
    Accepted,
    /// It is right as the person wrote it.
    Corrected,
}

/// A review.
#[derive(Clone, Debug)]
pub struct Review {
    /// What was decided.
    pub decision: Decision,
    /// The version that the person saw.
    pub version: i32,
    /// The entity as it shall stand.
    pub after: Entity,
    /// Why.
    pub reason: Option<String>,
}

/// An entity of a document that somebody reviewed at least in part.
#[derive(Clone, Debug)]
pub struct ReviewedFact {
    /// Where it was found.
    pub document: DocumentId,
    /// As it stands now.
    pub entity: Entity,
    /// As it was extracted; none while nobody reviewed it.
    pub extracted: Option<Entity>,
}

impl Db {
    /// All entities of documents of which at least one was reviewed, document by document.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn reviewed_facts(&self, tenant: TenantId) -> Result<Vec<ReviewedFact>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query!(
            r#"SELECT document_id, entity AS "entity: Json<Entity>", extracted AS "extracted: Json<Entity>"
               FROM entities e
               WHERE EXISTS (SELECT FROM reviews r WHERE r.document_id = e.document_id)
               ORDER BY document_id, id"#
        )
        .fetch_all(&mut *transaction)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| ReviewedFact {
                document: DocumentId(row.document_id),
                entity: row.entity.0,
                extracted: row.extracted.map(|extracted| extracted.0),
            })
            .collect())
    }

    /// The entities of a document that somebody reviewed, as they stand now.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn reviewed(
        &self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<Vec<Entity>, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query_scalar!(
            r#"SELECT entity AS "entity: Json<Entity>" FROM entities
               WHERE document_id = $1 AND extracted IS NOT NULL"#,
            document.0
        )
        .fetch_all(&mut *transaction)
        .await?;
        Ok(rows.into_iter().map(|entity| entity.0).collect())
    }

    /// Writes a review down. None when there is no such entity, false when it has changed since the
    /// person saw it. The last review of a document ends its `needs_review`.
    ///
    /// # Errors
    /// [`DbError`]; nothing was changed then.
    pub async fn review(
        &self,
        caller: &Caller,
        entity: EntityId,
        review: &Review,
        master: &MasterKey,
    ) -> Result<Option<bool>, DbError> {
        let tenant: TenantId = caller.tenant;
        let mut transaction = self.of_tenant(tenant).await?;
        let session = &mut *transaction;
        // The job's row first, as everywhere.
        let job = sqlx::query!(
            "SELECT j.id, j.state FROM jobs j JOIN entities e ON e.job_id = j.id
             WHERE e.id = $1 FOR NO KEY UPDATE OF j",
            entity.0
        )
        .fetch_optional(&mut *session)
        .await?;
        let Some(job) = job else { return Ok(None) };
        let before = sqlx::query!(
            r#"SELECT document_id, version, entity AS "entity: Json<Entity>"
               FROM entities WHERE id = $1 FOR NO KEY UPDATE"#,
            entity.0
        )
        .fetch_optional(&mut *session)
        .await?;
        let Some(before) = before else {
            return Ok(None);
        };
        if before.version != review.version {
            return Ok(Some(false));
        }
        let decision = match review.decision {
            Decision::Accepted => "accepted",
            Decision::Corrected => "corrected",
        };
        sqlx::query!(
            "INSERT INTO reviews (id, tenant_id, entity_id, document_id, decision, before, after,
                 reason, reviewer)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            Uuid::now_v7(),
            tenant.0,
            entity.0,
            before.document_id,
            decision,
            before.entity as _,
            Json(&review.after) as _,
            review.reason,
            caller.id,
        )
        .execute(&mut *session)
        .await?;
        let row = EntityRow::of(JobId(job.id), review.after.clone());
        entities::correct(session, entity, &row).await?;
        patients::identify(session, master, tenant.0, before.document_id).await?;
        let open = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM entities WHERE job_id = $1 AND needs_review) AS "open!""#,
            job.id
        )
        .fetch_one(&mut *session)
        .await?;
        if !open && job.state == JobState::NeedsReview.name() {
            sqlx::query!(
                "UPDATE jobs SET state = 'succeeded', version = version + 1, updated_at = now()
                 WHERE id = $1",
                job.id
            )
            .execute(&mut *session)
            .await?;
            settle::announce(session, job.id).await?;
        }
        if !open {
            fhir_deliveries::is_due(session, job.id).await?;
        }
        commit(transaction).await?;
        Ok(Some(true))
    }
}
