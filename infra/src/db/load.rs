//! What a restore puts into an empty database: tables in one transaction that locks everybody out, with
//! what has to be erased already gone when it commits.

use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};
use schemas::{DocumentId, TenantId};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use super::{
    Db, DbError, DbErrorKind, Sequence, Table,
    documents::{self, ErasedRows},
    dump::{UNHURRIED, quoted, rows_of, tables},
};
use crate::store::StoreError;

/// What the migrations themselves put there.
const SEEDED: &str = "tenants";

/// What stands in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// No table at all.
    Nothing,
    /// The tables as of a migration, and no row but those of the migrations.
    Schema(i64),
    /// Rows, of this table among others.
    Rows {
        /// The first such table.
        table: String,
        /// How many.
        rows: i64,
    },
    /// Tables that are not medbot's.
    Foreign {
        /// One of them.
        table: String,
    },
}

/// Why a table was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The rows did not come.
    #[error(transparent)]
    Rows(#[from] StoreError),
}

/// A database that is being loaded; dropping it leaves it as it was.
pub struct Loading(PgConnection);

impl Db {
    /// What stands in it.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn contents(&self) -> Result<Contents, DbError> {
        let mut session = self.owner().await?;
        let contents = contents(&mut session).await?;
        session.close().await?;
        Ok(contents)
    }

    /// Begins to load a database that holds the tables and nothing else. Nobody else gets at them until
    /// this ends.
    ///
    /// # Errors
    /// [`DbError`], also when somebody was faster and put something there.
    pub async fn load(&self) -> Result<Loading, DbError> {
        let mut session = self.owner().await?;
        session.execute(UNHURRIED).await?;
        session.execute("BEGIN").await?;
        let all = tables(&mut session).await?;
        let names: Vec<_> = all.iter().map(|table| quoted(&table.name)).collect();
        let lock = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names.join(", "));
        session.execute(AssertSqlSafe(lock)).await?;
        match contents(&mut session).await? {
            Contents::Schema(_) => {}
            _ => {
                return Err(DbError::new(
                    DbErrorKind::Refused,
                    "it is not empty any more",
                ));
            }
        }
        session
            .execute(AssertSqlSafe(format!("DELETE FROM {}", quoted(SEEDED))))
            .await?;
        Ok(Loading(session))
    }
}

async fn contents(session: &mut PgConnection) -> Result<Contents, DbError> {
    let migrated: bool =
        sqlx::query_scalar("SELECT to_regclass('public._sqlx_migrations') IS NOT NULL")
            .fetch_one(&mut *session)
            .await?;
    let all = tables(session).await?;
    let version: Option<i64> = if migrated {
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(&mut *session)
            .await?
    } else {
        None
    };
    let Some(version) = version else {
        return Ok(match all.into_iter().next() {
            Some(Table { name: table, .. }) => Contents::Foreign { table },
            None => Contents::Nothing,
        });
    };
    for Table { name: table, .. } in all {
        let rows = rows_of(session, &table).await?;
        if rows > 0 && table != SEEDED {
            return Ok(Contents::Rows { table, rows });
        }
    }
    Ok(Contents::Schema(version))
}

impl Loading {
    /// Puts rows into a table, in the text form of `COPY`. Gives how many.
    ///
    /// # Errors
    /// [`LoadError`]; this is of no more use then.
    pub async fn copy(
        &mut self,
        table: &Table,
        mut rows: impl Stream<Item = Result<Bytes, StoreError>> + Unpin,
    ) -> Result<u64, LoadError> {
        let sql = format!("COPY {} FROM STDIN", table.with_columns());
        let mut copy = self.0.copy_in_raw(&sql).await.map_err(DbError::from)?;
        while let Some(bytes) = rows.try_next().await? {
            copy.send(bytes).await.map_err(DbError::from)?;
        }
        Ok(copy.finish().await.map_err(DbError::from)?)
    }

    /// Lets a sequence go on where it stood.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn set(&mut self, sequence: &Sequence) -> Result<(), DbError> {
        if let Some(last) = sequence.last {
            sqlx::query("SELECT setval($1::regclass, $2)")
                .bind(quoted(&sequence.name))
                .bind(last)
                .execute(&mut self.0)
                .await?;
        }
        Ok(())
    }

    /// Documents whose key was destroyed: erased after their rows were copied.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn keyless(&mut self) -> Result<Vec<(TenantId, DocumentId)>, DbError> {
        let keyless: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "SELECT d.tenant_id, d.id FROM documents d
             JOIN document_keys k ON k.tenant_id = d.tenant_id AND k.document_id = d.id
             WHERE k.wrapped IS NULL",
        )
        .fetch_all(&mut self.0)
        .await?;
        let keyless = keyless.into_iter();
        Ok(keyless.map(|(t, d)| (TenantId(t), DocumentId(d))).collect())
    }

    /// How many documents the keys know nothing of. An erased one keeps its row among them, so there are
    /// none unless the keys belong to another system.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn unknown_to_keys(&mut self) -> Result<i64, DbError> {
        let unknown = sqlx::query_scalar(
            "SELECT count(*) FROM documents d WHERE NOT EXISTS (
                 SELECT FROM document_keys k
                 WHERE k.tenant_id = d.tenant_id AND k.document_id = d.id)",
        );
        Ok(unknown.fetch_one(&mut self.0).await?)
    }

    /// Lets open jobs begin anew. What lies between their stages was written and cleared away while the
    /// objects were copied, and an original is all that a job needs.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn restart_open_jobs(&mut self) -> Result<u64, DbError> {
        const OPEN: &str = "SELECT id FROM jobs WHERE state IN ('queued', 'running')";
        const FIRST: &str = "stage = 'decode' AND page = 0 AND pass = 1";
        for sql in [
            format!("DELETE FROM tasks WHERE job_id IN ({OPEN}) AND ({FIRST}) IS NOT TRUE"),
            format!(
                "UPDATE tasks SET state = 'queued', attempt = 0, run_at = now(), lease_until = NULL,
                     published_at = NULL, outcome = NULL, error = NULL
                 WHERE job_id IN ({OPEN})"
            ),
            format!("DELETE FROM pages WHERE job_id IN ({OPEN}) AND page > 0"),
            format!(
                "UPDATE pages SET state = 'open', pass = 1, error = NULL WHERE job_id IN ({OPEN})"
            ),
        ] {
            self.0.execute(AssertSqlSafe(sql)).await?;
        }
        let restarted = sqlx::query(
            "UPDATE jobs SET state = 'queued', page_count = NULL, pages_fused = 0,
                 pages_failed = 0, version = version + 1, updated_at = now()
             WHERE state IN ('queued', 'running')",
        );
        Ok(restarted.execute(&mut self.0).await?.rows_affected())
    }

    /// Removes keys of what is neither a document nor an upload: the keys may be younger than the rest.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn drop_stray_keys(&mut self) -> Result<u64, DbError> {
        let stray = sqlx::query(
            "DELETE FROM document_keys k WHERE wrapped IS NOT NULL
               AND NOT EXISTS (SELECT FROM documents d WHERE d.id = k.document_id)
               AND NOT EXISTS (SELECT FROM uploads u WHERE u.document_id = k.document_id)",
        )
        .execute(&mut self.0)
        .await?;
        Ok(stray.rows_affected())
    }

    /// Erases a document as [`Db::erase`] does. Its key is destroyed even if there is no such document.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn erase(
        &mut self,
        tenant: TenantId,
        document: DocumentId,
    ) -> Result<Option<ErasedRows>, DbError> {
        let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM tenants WHERE id = $1)")
            .bind(tenant.0)
            .fetch_one(&mut self.0)
            .await?;
        if !known {
            return Ok(None);
        }
        self.0.execute("SET LOCAL ROLE medbot_api").await?;
        sqlx::query("SELECT set_config('medbot.tenant', $1, true)")
            .bind(tenant.to_string())
            .execute(&mut self.0)
            .await?;
        let erased = documents::remove(&mut self.0, tenant, document).await?;
        self.0.execute("RESET ROLE").await?;
        Ok(erased)
    }

    /// Shows everybody what was loaded.
    ///
    /// # Errors
    /// [`DbError`]; the database is as it was then.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.0.execute("COMMIT").await?;
        self.0.execute("ANALYZE").await?;
        Ok(self.0.close().await?)
    }
}
