//! Who and what documents name: what has to be hidden when their texts leave.

use schemas::{DocumentId, Entity, TenantId};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Db, DbError};

/// A person, number, organisation or date that a document names.
#[derive(Clone, Debug)]
pub struct Identifier {
    /// Where it stands.
    pub document: DocumentId,
    /// Whom that document is about, where an identifier says so.
    pub patient: Option<Uuid>,
    /// As reviewed last, and once more as it was read where a person corrected it.
    pub entity: Entity,
}

impl Db {
    /// What these documents name, and what all other documents of their patients and of `patient` name, the
    /// oldest first.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn identifiers(
        &self,
        tenant: TenantId,
        documents: &[DocumentId],
        patient: Option<Uuid>,
    ) -> Result<Vec<Identifier>, DbError> {
        let ids: Vec<Uuid> = documents.iter().map(|document| document.0).collect();
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query!(
            r#"SELECT document_id, patient_id, entity AS "entity: Json<Entity>", extracted AS "extracted: Json<Entity>"
               FROM entities
               WHERE type IN ('person', 'id', 'org', 'date')
                 AND (document_id = ANY ($1) OR patient_id = $2
                      OR patient_id IN (SELECT patient_id FROM entities WHERE document_id = ANY ($1)))
               ORDER BY created_at, document_id, page, (entity -> 'span' ->> 0)::int"#,
            &ids,
            patient
        )
        .fetch_all(&mut *transaction)
        .await?;
        let named = rows.into_iter().flat_map(|row| {
            let read = row.extracted.map(|read| read.0);
            [Some(row.entity.0), read]
                .into_iter()
                .flatten()
                .map(move |entity| Identifier {
                    document: DocumentId(row.document_id),
                    patient: row.patient_id,
                    entity,
                })
        });
        Ok(named.collect())
    }
}
