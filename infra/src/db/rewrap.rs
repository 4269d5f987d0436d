//! Changing the master key: everything that it wraps or seals is wrapped and sealed anew, while the service
//! goes on with both keys. What was done stays done, so a call that broke off is simply made again.

use schemas::{DocumentId, TenantId};
use serde::Serialize;
use sqlx::postgres::PgQueryResult;
use uuid::Uuid;

use super::{
    Db, DbError,
    connect::commit,
    idempotency::ANSWER,
    lookups::{LOOKUP_KEY, PATIENT},
};
use crate::{
    audit::{Chain, ChainKey},
    store::{MasterKey, StoreError},
    webhook,
};

/// What conversations are sealed for.
pub const CHAT: &str = "chat";
/// What a key of the audit log is sealed for.
const AUDIT_KEY: &str = "audit-key";
/// Rows that are looked at together.
const PAGE: i64 = 500;

/// What was wrapped or sealed anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rewrapped {
    /// Keys of documents.
    pub document_keys: u64,
    /// Secrets of webhooks.
    pub webhooks: u64,
    /// Turns of conversations.
    pub chat_turns: u64,
    /// Kept answers of requests that may be sent again.
    pub answers: u64,
    /// Earlier keys of the audit log.
    pub audit_keys: u64,
    /// Keys by which tenants' patients are looked up.
    pub lookup_keys: u64,
    /// Identifiers of patients.
    pub patients: u64,
    /// What neither key opens: it was broken before, and stays as it is.
    pub unopened: u64,
}

impl Rewrapped {
    /// What is to be written in the place of a value; none when it is right as it is.
    fn anew(&mut self, made: Result<Option<Vec<u8>>, StoreError>) -> Option<Vec<u8>> {
        made.unwrap_or_else(|_| {
            self.unopened += 1;
            None
        })
    }
}

/// A value that is sealed for its row, and by what the row is found.
struct SealedRow<K> {
    key: K,
    tenant: Uuid,
    sealed: Vec<u8>,
}

/// Seals the values of a table anew and says how many: `page` gives rows after a key, in order, and `write`
/// puts a value in the place of a row's, unless somebody else has changed it meanwhile.
async fn reseal<K: RowKey>(
    (master, purpose): (&MasterKey, &str),
    done: &mut Rewrapped,
    mut last: K,
    page: impl AsyncFn(&K) -> Result<Vec<SealedRow<K>>, DbError>,
    write: impl AsyncFn(&SealedRow<K>, Vec<u8>) -> Result<PgQueryResult, DbError>,
) -> Result<u64, DbError> {
    let mut resealed = 0;
    loop {
        let mut rows = page(&last).await?;
        for row in &rows {
            let made = master.reseal(purpose, TenantId(row.tenant), row.key.bound(), &row.sealed);
            if let Some(anew) = done.anew(made) {
                resealed += write(row, anew).await?.rows_affected();
            }
        }
        match rows.pop() {
            Some(row) => last = row.key,
            None => return Ok(resealed),
        }
    }
}

/// By what a row is found.
trait RowKey {
    /// What of it the row's value is sealed for.
    fn bound(&self) -> &[u8];
}

impl RowKey for Uuid {
    fn bound(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// Conversation and place.
impl RowKey for (Uuid, i32) {
    fn bound(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Tenant and `Idempotency-Key`.
impl RowKey for (Uuid, String) {
    fn bound(&self) -> &[u8] {
        self.1.as_bytes()
    }
}

impl Db {
    /// Wraps and seals by `master` what the other key that it accepts wraps and seals.
    ///
    /// # Errors
    /// [`DbError`]; what was done until then stays.
    pub async fn rewrap(&self, master: &MasterKey) -> Result<Rewrapped, DbError> {
        let mut done = Rewrapped::default();
        for tenant in self.tenants().await? {
            // First: without them the log could not be proven any more.
            self.keep_audit_keys(master, tenant, &mut done).await?;
            self.reseal_lookup_key(master, tenant, &mut done).await?;
        }
        self.rewrap_document_keys(master, &mut done).await?;
        self.reseal_webhooks(master, &mut done).await?;
        self.reseal_turns(master, &mut done).await?;
        self.reseal_answers(master, &mut done).await?;
        self.reseal_patients(master, &mut done).await?;
        Ok(done)
    }

    async fn rewrap_document_keys(
        &self,
        master: &MasterKey,
        done: &mut Rewrapped,
    ) -> Result<(), DbError> {
        let (mut tenant, mut document) = (Uuid::nil(), Uuid::nil());
        let own = master.id();
        loop {
            let rows = sqlx::query!(
                r#"SELECT tenant_id, document_id, wrapped AS "wrapped!" FROM document_keys
                   WHERE (tenant_id, document_id) > ($1, $2) AND wrapped IS NOT NULL
                     AND substring(wrapped FROM 2 FOR 8) <> $3
                   ORDER BY tenant_id, document_id LIMIT $4"#,
                tenant,
                document,
                own.bytes(),
                PAGE
            )
            .fetch_all(self.worker())
            .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            (tenant, document) = (last.tenant_id, last.document_id);
            for row in rows {
                let (of, document) = (TenantId(row.tenant_id), DocumentId(row.document_id));
                let Some(anew) = done.anew(master.rewrap(&row.wrapped, of, document)) else {
                    continue;
                };
                // Unless it was erased meanwhile.
                let written = sqlx::query!(
                    "UPDATE document_keys SET wrapped = $3
                     WHERE tenant_id = $1 AND document_id = $2 AND wrapped = $4",
                    of.0,
                    document.0,
                    anew,
                    row.wrapped
                )
                .execute(self.worker())
                .await?;
                done.document_keys += written.rows_affected();
            }
        }
    }

    async fn reseal_webhooks(
        &self,
        master: &MasterKey,
        done: &mut Rewrapped,
    ) -> Result<(), DbError> {
        let page = async |after: &Uuid| {
            let page = sqlx::query_as!(
                SealedRow,
                "SELECT id AS key, tenant_id AS tenant, secret AS sealed FROM webhooks
                 WHERE id > $1 ORDER BY id LIMIT $2",
                after,
                PAGE
            );
            Ok(page.fetch_all(self.worker()).await?)
        };
        let write = async |row: &SealedRow<Uuid>, anew: Vec<u8>| {
            let write = sqlx::query!(
                "UPDATE webhooks SET secret = $2 WHERE id = $1 AND secret = $3",
                row.key,
                anew,
                row.sealed
            );
            Ok(write.execute(self.worker()).await?)
        };
        let of = (master, webhook::SECRET);
        done.webhooks += reseal(of, done, Uuid::nil(), page, write).await?;
        Ok(())
    }

    async fn reseal_turns(&self, master: &MasterKey, done: &mut Rewrapped) -> Result<(), DbError> {
        type Turn = (Uuid, i32);
        let page = async |(session, position): &Turn| {
            let page = sqlx::query!(
                "SELECT session_id, position, tenant_id, sealed FROM chat_turns
                 WHERE (session_id, position) > ($1, $2) ORDER BY session_id, position LIMIT $3",
                session,
                position,
                PAGE
            );
            let rows = page.fetch_all(self.worker()).await?.into_iter();
            let rows = rows.map(|row| SealedRow {
                key: (row.session_id, row.position),
                tenant: row.tenant_id,
                sealed: row.sealed,
            });
            Ok(rows.collect())
        };
        let write = async |row: &SealedRow<Turn>, anew: Vec<u8>| {
            let write = sqlx::query!(
                "UPDATE chat_turns SET sealed = $3 WHERE session_id = $1 AND position = $2 AND sealed = $4",
                row.key.0,
                row.key.1,
                anew,
                row.sealed
            );
            Ok(write.execute(self.worker()).await?)
        };
        let first = (Uuid::nil(), -1);
        done.chat_turns += reseal((master, CHAT), done, first, page, write).await?;
        Ok(())
    }

    async fn reseal_answers(
        &self,
        master: &MasterKey,
        done: &mut Rewrapped,
    ) -> Result<(), DbError> {
        type Answer = (Uuid, String);
        let page = async |(tenant, key): &Answer| {
            let page = sqlx::query!(
                r#"SELECT tenant_id, key, sealed AS "sealed!" FROM idempotency_keys
                   WHERE (tenant_id, key) > ($1, $2) AND sealed IS NOT NULL
                   ORDER BY tenant_id, key LIMIT $3"#,
                tenant,
                key,
                PAGE
            );
            let rows = page.fetch_all(self.worker()).await?.into_iter();
            let rows = rows.map(|row| SealedRow {
                key: (row.tenant_id, row.key),
                tenant: row.tenant_id,
                sealed: row.sealed,
            });
            Ok(rows.collect())
        };
        let write = async |row: &SealedRow<Answer>, anew: Vec<u8>| {
            let write = sqlx::query!(
                "UPDATE idempotency_keys SET sealed = $3
                 WHERE tenant_id = $1 AND key = $2 AND sealed = $4",
                row.key.0,
                row.key.1,
                anew,
                row.sealed
            );
            Ok(write.execute(self.worker()).await?)
        };
        let first = (Uuid::nil(), String::new());
        done.answers += reseal((master, ANSWER), done, first, page, write).await?;
        Ok(())
    }

    async fn reseal_lookup_key(
        &self,
        master: &MasterKey,
        tenant: TenantId,
        done: &mut Rewrapped,
    ) -> Result<(), DbError> {
        let sealed = sqlx::query_scalar!(
            "SELECT sealed FROM lookup_keys WHERE tenant_id = $1",
            tenant.0
        )
        .fetch_optional(self.worker())
        .await?;
        let made =
            sealed.map(|sealed| master.reseal(LOOKUP_KEY, tenant, tenant.0.as_bytes(), &sealed));
        let Some(anew) = made.and_then(|made| done.anew(made)) else {
            return Ok(());
        };
        sqlx::query!(
            "UPDATE lookup_keys SET sealed = $2 WHERE tenant_id = $1",
            tenant.0,
            anew
        )
        .execute(self.worker())
        .await?;
        done.lookup_keys += 1;
        Ok(())
    }

    async fn reseal_patients(
        &self,
        master: &MasterKey,
        done: &mut Rewrapped,
    ) -> Result<(), DbError> {
        let page = async |after: &Uuid| {
            let page = sqlx::query_as!(
                SealedRow,
                r#"SELECT id AS key, tenant_id AS tenant, sealed AS "sealed!" FROM patients
                   WHERE id > $1 AND sealed IS NOT NULL ORDER BY id LIMIT $2"#,
                after,
                PAGE
            );
            Ok(page.fetch_all(self.worker()).await?)
        };
        let write = async |row: &SealedRow<Uuid>, anew: Vec<u8>| {
            let write = sqlx::query!(
                "UPDATE patients SET sealed = $2 WHERE id = $1 AND sealed = $3",
                row.key,
                anew,
                row.sealed
            );
            Ok(write.execute(self.worker()).await?)
        };
        let of = (master, PATIENT);
        done.patients += reseal(of, done, Uuid::nil(), page, write).await?;
        Ok(())
    }

    /// Keeps the keys under which the tenant's log stands, sealed by `master`.
    async fn keep_audit_keys(
        &self,
        master: &MasterKey,
        tenant: TenantId,
        done: &mut Rewrapped,
    ) -> Result<(), DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query!(
            "SELECT master, sealed FROM audit_keys WHERE tenant_id = $1 FOR UPDATE",
            tenant.0
        )
        .fetch_all(&mut *transaction)
        .await?;
        for row in rows {
            let made = master.reseal(AUDIT_KEY, tenant, row.master.as_bytes(), &row.sealed);
            let Some(anew) = done.anew(made) else {
                continue;
            };
            sqlx::query!(
                "UPDATE audit_keys SET sealed = $3 WHERE tenant_id = $1 AND master = $2",
                tenant.0,
                row.master,
                anew
            )
            .execute(&mut *transaction)
            .await?;
            done.audit_keys += 1;
        }
        if let Some(other) = master.other() {
            let key = ChainKey::new(other, tenant);
            let sealed = master.seal(AUDIT_KEY, tenant, key.id.as_bytes(), &*key.secret);
            let sealed =
                sealed.map_err(|error| DbError::new(super::DbErrorKind::Unavailable, error))?;
            // What other processes write under it until they have the new one is good too, by a later call.
            let kept = sqlx::query!(
                "INSERT INTO audit_keys (tenant_id, master, sealed, until_seq)
                 SELECT tenant_id, $2, $3, seq FROM audit_heads WHERE tenant_id = $1
                 ON CONFLICT (tenant_id, master) DO UPDATE SET until_seq = EXCLUDED.until_seq
                 WHERE audit_keys.until_seq < EXCLUDED.until_seq",
                tenant.0,
                key.id,
                sealed
            )
            .execute(&mut *transaction)
            .await?;
            done.audit_keys += kept.rows_affected();
        }
        commit(transaction).await
    }

    /// The chain of a tenant with all keys that its lines may stand under.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn audit_chain(
        &self,
        master: &MasterKey,
        tenant: TenantId,
    ) -> Result<Chain, DbError> {
        let mut transaction = self.of_tenant(tenant).await?;
        let rows = sqlx::query!(
            "SELECT master, sealed, until_seq FROM audit_keys WHERE tenant_id = $1",
            tenant.0
        )
        .fetch_all(&mut *transaction)
        .await?;
        commit(transaction).await?;
        // Lines under a key that does not open are found to stand under another.
        let earlier = rows.into_iter().filter_map(|row| {
            let opened = master.open(AUDIT_KEY, tenant, row.master.as_bytes(), &row.sealed);
            ChainKey::kept(row.master, &opened.ok()?, row.until_seq)
        });
        let mut earlier: Vec<ChainKey> = earlier.collect();
        if let Some(other) = master.other() {
            // It is still in use.
            let id = other.id().to_string();
            earlier.retain(|key| key.id != id);
            earlier.push(ChainKey::new(other, tenant));
        }
        Ok(Chain::new(master, tenant).after(earlier))
    }
}
