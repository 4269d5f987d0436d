//! How patients are found though nothing of them stands in the clear: by HMAC-SHA256 under a random key of the
//! tenant's. That key lies sealed by the master key, so that it outlasts a change of it and what is found by it
//! does too; and each identifier lies sealed by the master key beside its HMAC.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::NaiveDate;
use schemas::TenantId;
use sqlx::PgConnection;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Db, DbError, DbErrorKind, connect::commit};
use crate::store::{DataKey, MasterKey, mac};

/// What the key of a tenant's HMACs is sealed for.
pub(super) const LOOKUP_KEY: &str = "lookup-key";
/// What an identifier is sealed for.
pub(super) const PATIENT: &str = "patient";
/// Rows that are looked at together.
const PAGE: i64 = 500;

/// The key of a tenant's HMACs.
pub(super) struct LookupKey(Zeroizing<[u8; 32]>);

impl LookupKey {
    /// A tenant's, made when it has none yet.
    pub(super) async fn of(
        session: &mut PgConnection,
        master: &MasterKey,
        tenant: Uuid,
    ) -> Result<Self, DbError> {
        let (of, row) = (TenantId(tenant), tenant.as_bytes());
        let known = kept(session, tenant).await?;
        let sealed = if let Some(sealed) = known {
            sealed
        } else {
            let key = DataKey::generate().map_err(refused)?;
            let sealed = master.seal(LOOKUP_KEY, of, row, key.bytes());
            sqlx::query!(
                "INSERT INTO lookup_keys (tenant_id, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                tenant,
                sealed.map_err(refused)?
            )
            .execute(&mut *session)
            .await?;
            // Somebody else's, who was faster.
            kept(session, tenant).await?.unwrap_or_default()
        };
        let opened = master.open(LOOKUP_KEY, of, row, &sealed).map_err(refused)?;
        let mut key = Zeroizing::new([0; 32]);
        if opened.len() != key.len() {
            return Err(refused("a tenant's key of look-ups is not 32 bytes"));
        }
        key.copy_from_slice(&opened);
        Ok(Self(key))
    }

    /// What stands for an identifier.
    pub(super) fn identifier(&self, kind: &str, issuer: &str, value: &str) -> String {
        self.digest(&["identifier", kind, issuer, value])
    }

    /// What stands for a name and a date of birth; nothing unless both are known.
    pub(super) fn name(&self, name: Option<&str>, born: Option<NaiveDate>) -> Option<String> {
        let (name, born) = name.zip(born)?;
        Some(self.digest(&["name", name, &born.to_string()]))
    }

    fn digest(&self, parts: &[&str]) -> String {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        let digest = BASE64_URL_SAFE_NO_PAD.encode(mac(&self.0, &parts));
        format!("#{digest}")
    }
}

async fn kept(session: &mut PgConnection, tenant: Uuid) -> Result<Option<Vec<u8>>, DbError> {
    let sealed = sqlx::query_scalar!(
        "SELECT sealed FROM lookup_keys WHERE tenant_id = $1",
        tenant
    );
    Ok(sealed.fetch_optional(session).await?)
}

/// An identifier as it lies beside its HMAC.
pub(super) fn sealed(
    master: &MasterKey,
    tenant: Uuid,
    patient: Uuid,
    value: &str,
) -> Result<Vec<u8>, DbError> {
    let sealed = master.seal(
        PATIENT,
        TenantId(tenant),
        patient.as_bytes(),
        value.as_bytes(),
    );
    sealed.map_err(refused)
}

/// An identifier as it was before it was sealed.
pub(super) fn opened(
    master: &MasterKey,
    tenant: TenantId,
    patient: Uuid,
    sealed: &[u8],
) -> Result<String, DbError> {
    let opened = master.open(PATIENT, tenant, patient.as_bytes(), sealed);
    let opened = opened.map_err(refused)?;
    String::from_utf8(opened.to_vec()).map_err(refused)
}

fn refused(reason: impl std::fmt::Display) -> DbError {
    DbError::new(DbErrorKind::Refused, reason)
}

/// A patient whose identifier an earlier program wrote in the clear.
struct Clear {
    id: Uuid,
    tenant_id: Uuid,
    kind: String,
    issuer: String,
    value: String,
}

impl Db {
    /// Seals what an earlier program left in the clear of patients. A patient whom two programs wrote, each in
    /// its own way, becomes one again. Gives how many rows there were.
    ///
    /// # Errors
    /// [`DbError`]; what was sealed until then stays so.
    pub async fn seal_identifiers(&self, master: &MasterKey) -> Result<u64, DbError> {
        let mut done = 0;
        loop {
            let rows = sqlx::query_as!(
                Clear,
                "SELECT id, tenant_id, kind, issuer, value FROM patients WHERE sealed IS NULL
                 ORDER BY id LIMIT $1",
                PAGE
            )
            .fetch_all(self.worker())
            .await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                self.seal_patient(master, &row).await?;
                done += 1;
            }
        }
        loop {
            let rows = sqlx::query!(
                "SELECT document_id, tenant_id, name_key, born FROM patient_sightings
                 WHERE born IS NOT NULL OR left(name_key, 1) <> '#' ORDER BY document_id LIMIT $1",
                PAGE
            )
            .fetch_all(self.worker())
            .await?;
            if rows.is_empty() {
                return Ok(done);
            }
            let mut transaction = self.begin().await?;
            for row in rows {
                let key = LookupKey::of(&mut transaction, master, row.tenant_id).await?;
                sqlx::query!(
                    "UPDATE patient_sightings SET name_key = $2, born = NULL
                     WHERE document_id = $1 AND name_key IS NOT DISTINCT FROM $3
                       AND born IS NOT DISTINCT FROM $4",
                    row.document_id,
                    key.name(row.name_key.as_deref(), row.born),
                    row.name_key,
                    row.born
                )
                .execute(&mut *transaction)
                .await?;
                done += 1;
            }
            commit(transaction).await?;
        }
    }

    async fn seal_patient(&self, master: &MasterKey, clear: &Clear) -> Result<(), DbError> {
        let mut transaction = self.begin().await?;
        let session = &mut *transaction;
        let key = LookupKey::of(session, master, clear.tenant_id).await?;
        let value = key.identifier(&clear.kind, &clear.issuer, &clear.value);
        // Held, so that no document names them meanwhile.
        let both = sqlx::query_scalar!(
            "SELECT id FROM patients
             WHERE tenant_id = $1 AND kind = $2 AND issuer = $3 AND value IN ($4, $5)
             ORDER BY id FOR UPDATE",
            clear.tenant_id,
            clear.kind,
            clear.issuer,
            clear.value,
            value
        )
        .fetch_all(&mut *session)
        .await?;
        if !both.contains(&clear.id) {
            return Ok(());
        }
        // Ids grow with time: the one that clients have known for longer stays.
        let kept = both[0];
        for gone in &both[1..] {
            sqlx::query!(
                "UPDATE entities SET patient_id = $1 WHERE patient_id = $2",
                kept,
                gone
            )
            .execute(&mut *session)
            .await?;
            sqlx::query!(
                "UPDATE patient_sightings SET patient_id = $1 WHERE patient_id = $2",
                kept,
                gone
            )
            .execute(&mut *session)
            .await?;
            sqlx::query!("DELETE FROM patients WHERE id = $1", gone)
                .execute(&mut *session)
                .await?;
        }
        if kept == clear.id {
            sqlx::query!(
                "UPDATE patients SET value = $2, sealed = $3 WHERE id = $1",
                kept,
                value,
                sealed(master, clear.tenant_id, kept, &clear.value)?
            )
            .execute(&mut *session)
            .await?;
        }
        commit(transaction).await
    }
}
