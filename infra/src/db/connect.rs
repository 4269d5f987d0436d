//! Connections: one pool of sessions for the API, one for workers, each in its own role.

use std::{str::FromStr as _, time::Duration};

use schemas::TenantId;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool,
    Postgres, SqlSafeStr, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

use super::{DbError, DbErrorKind};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// What a database says that was never migrated: no such role, no such table, a table of somebody
/// else's.
const UNMADE: [&str; 3] = ["22023", "42P01", "42501"];

/// A session that was used within this time is not asked whether it still answers.
const FRESH: Duration = Duration::from_secs(1);

/// How a process uses the database.
#[derive(Clone, Debug)]
pub struct DbSettings {
    /// `postgres://…`, as a login that may take the roles of the API and of workers.
    pub url: String,
    /// Sessions for requests.
    pub api_sessions: u32,
    /// Sessions for workers.
    pub worker_sessions: u32,
    /// May a remote server be spoken to without TLS?
    pub allow_plaintext: bool,
}

/// The database.
#[derive(Clone)]
pub struct Db {
    options: PgConnectOptions,
    api: PgPool,
    worker: PgPool,
    /// One session that only listens, so that no worker waits for it.
    ear: PgPool,
}

/// Is pgvector in this database, on this server, and may this login make it? Not checked when it is
/// compiled: it asks the catalogue alone.
const PGVECTOR: &str = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector'),
    EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector'),
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
        OR EXISTS (SELECT FROM pg_available_extension_versions WHERE name = 'vector' AND trusted)";

impl Db {
    /// Prepares the pools; the first query connects.
    ///
    /// # Errors
    /// When the URL is no URL, or names a remote server and not [`PgSslMode::VerifyFull`].
    pub fn new(settings: &DbSettings) -> Result<Self, DbError> {
        let refuse = |detail: &str| DbError::new(DbErrorKind::Refused, detail);
        let mut options = PgConnectOptions::from_str(&settings.url)
            .map_err(|_| refuse("DATABASE_URL is not of the form postgres://user@host/database"))?
            .application_name("medbot")
            .options([
                // A session that hangs with a lock would stop everyone else.
                ("idle_in_transaction_session_timeout", "30s"),
                ("statement_timeout", "60s"),
                ("lock_timeout", "20s"),
            ]);
        options = options.log_statements(tracing::log::LevelFilter::Trace);
        options = guarded(options, &settings.url, settings.allow_plaintext)
            .ok_or_else(|| refuse(UNGUARDED))?;
        let pool = |sessions: u32, role: &'static str| {
            // Said while connecting: the pool would try a statement of its own again and again until
            // its time is out, and hide why it failed.
            PgPoolOptions::new()
                .max_connections(sessions)
                .acquire_timeout(Duration::from_secs(5))
                .idle_timeout(Duration::from_mins(5))
                // A ping every time would double what a small query costs.
                .test_before_acquire(false)
                .before_acquire(|session, known| {
                    Box::pin(async move {
                        if known.idle_for > FRESH {
                            session.ping().await?;
                        }
                        Ok(true)
                    })
                })
                .connect_lazy_with(options.clone().options([("role", role)]))
        };
        Ok(Self {
            api: pool(settings.api_sessions, "medbot_api"),
            worker: pool(settings.worker_sessions, "medbot_worker"),
            ear: pool(1, "medbot_worker"),
            options,
        })
    }

    /// Brings the database up to date; several processes may ask at once.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn migrate(&self) -> Result<(), DbError> {
        self.run(&MIGRATIONS).await
    }

    /// Brings an empty database to the state that it had after an earlier migration.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn migrate_to(&self, version: i64) -> Result<(), DbError> {
        let earlier = MIGRATIONS.iter().filter(|m| m.version <= version);
        let earlier = sqlx::migrate::Migrator::with_migrations(earlier.cloned().collect());
        self.run(&earlier).await
    }

    /// The last migration that this program knows.
    #[must_use]
    pub fn newest_schema() -> i64 {
        let versions = MIGRATIONS.iter().map(|migration| migration.version);
        versions.max().unwrap_or_default()
    }

    async fn run(&self, migrations: &sqlx::migrate::Migrator) -> Result<(), DbError> {
        let mut session = self.owner().await?;
        // A migration may take long, and so may waiting for another process's.
        session
            .execute(
                "SET statement_timeout = 0; SET lock_timeout = 0; SET client_min_messages = warning",
            )
            .await?;
        let (made, there, may): (bool, bool, bool) =
            sqlx::query_as(PGVECTOR).fetch_one(&mut session).await?;
        if !made && !there {
            let detail = "this PostgreSQL has no pgvector, which the chat's search needs: install the \
                          extension `vector` on the server, then migrate again";
            return Err(DbError::new(DbErrorKind::Refused, detail));
        }
        if !made && !may {
            let detail = "this login may not make the extension pgvector: let an administrator run \
                          `CREATE EXTENSION vector` in this database once, then migrate again";
            return Err(DbError::new(DbErrorKind::Refused, detail));
        }
        migrations.run(&mut session).await?;
        session.close().await?;
        Ok(())
    }

    /// Does it answer, and is it as new as this program?
    ///
    /// # Errors
    /// [`DbError`] with what is wrong.
    pub async fn ready(&self) -> Result<(), DbError> {
        let wanted = Some(Self::newest_schema());
        // Not checked when it is compiled: the table is the migrator's and in no migration.
        let done: Result<Option<i64>, _> =
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
                .fetch_one(&self.worker)
                .await;
        let behind = match done {
            Ok(done) => done < wanted,
            Err(sqlx::Error::Database(said))
                if said.code().is_some_and(|c| UNMADE.contains(&&*c)) =>
            {
                true
            }
            Err(error) => return Err(error.into()),
        };
        if behind {
            let detail = "the database is older than this program; run `medbot migrate`";
            return Err(DbError::new(DbErrorKind::Refused, detail));
        }
        Ok(())
    }

    /// Ends all sessions.
    pub async fn close(&self) {
        self.ear.close().await;
        self.api.close().await;
        self.worker.close().await;
    }

    /// A session as the login itself.
    pub(super) async fn owner(&self) -> Result<PgConnection, DbError> {
        Ok(self.options.connect().await?)
    }

    /// A transaction that sees one tenant.
    pub(super) async fn of_tenant(
        &self,
        tenant: TenantId,
    ) -> Result<Transaction<'static, Postgres>, DbError> {
        // In one message; an id is no text of a client's.
        let begin_with = format!("BEGIN; SELECT set_config('medbot.tenant', '{tenant}', true)");
        begin(self.api.clone(), AssertSqlSafe(begin_with)).await
    }

    /// A transaction of a worker.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, DbError> {
        begin(self.worker.clone(), "BEGIN").await
    }

    pub(super) fn api(&self) -> &PgPool {
        &self.api
    }

    pub(super) fn worker(&self) -> &PgPool {
        &self.worker
    }

    pub(super) fn ear(&self) -> &PgPool {
        &self.ear
    }
}

/// What is wrong with a URL that would leave a remote server unproven.
const UNGUARDED: &str = "a remote DATABASE_URL needs TLS with a certificate that is checked: say \
                         sslmode=verify-full, or nothing of sslmode, and sslrootcert=FILE where an \
                         authority of your own signed it; MEDBOT_ALLOW_PLAINTEXT=1 allows other modes";

/// How a server is spoken to: one on another machine only when its certificate is signed by a known
/// authority and names it, unless plaintext is allowed. Every other mode takes any certificate, or any
/// name, and so anybody between. None where the URL asks for such a mode.
fn guarded(
    options: PgConnectOptions,
    url: &str,
    allow_plaintext: bool,
) -> Option<PgConnectOptions> {
    let host = options.get_host();
    let local = options.get_socket().is_some()
        || matches!(host, "localhost" | "127.0.0.1" | "::1" | "[::1]")
        || host.starts_with('/');
    if local || allow_plaintext {
        return Some(options);
    }
    match options.get_ssl_mode() {
        PgSslMode::VerifyFull => Some(options),
        // What nobody said is `prefer`, which speaks in the clear to a server that offers no TLS.
        _ if !says_mode(url) => Some(options.ssl_mode(PgSslMode::VerifyFull)),
        _ => None,
    }
}

/// Does the URL, or the environment of libpq, say how TLS is used?
fn says_mode(url: &str) -> bool {
    let asked = |url: url::Url| {
        let mut names = url.query_pairs();
        names.any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode"))
    };
    // What is no URL was refused before.
    std::env::var_os("PGSSLMODE").is_some() || url.parse().is_ok_and(asked)
}

/// Begins a transaction, in a task that nobody gives up half way: a BEGIN whose answer was not waited
/// for would leave its session in a transaction that the next user does not know of.
async fn begin(
    pool: PgPool,
    statement: impl SqlSafeStr + Send + 'static,
) -> Result<Transaction<'static, Postgres>, DbError> {
    let begun = tokio::spawn(async move { pool.begin_with(statement).await });
    Ok(begun.await.map_err(broke_down)??)
}

/// Commits a transaction, in a task that nobody gives up half way: after a COMMIT whose answer was not
/// waited for a rollback would be sent, of a transaction that is none any more.
pub(super) async fn commit(transaction: Transaction<'static, Postgres>) -> Result<(), DbError> {
    let committed = tokio::spawn(transaction.commit());
    Ok(committed.await.map_err(broke_down)??)
}

/// The task's own words are left out: a panic may quote what it stumbled over.
fn broke_down(_: tokio::task::JoinError) -> DbError {
    DbError::new(
        DbErrorKind::Unavailable,
        "a task of the database broke down",
    )
}

#[cfg(test)]
mod tests {
    use super::{Db, DbErrorKind, DbSettings};

    #[tokio::test]
    async fn a_remote_database_proves_who_it_is_unless_plaintext_is_allowed() {
        for (url, alone) in [
            ("postgres://u@127.0.0.1/d", true),
            ("postgres://u@localhost/d?sslmode=disable", true),
            ("postgres://u@[::1]/d?sslmode=require", true),
            ("postgres:///d?host=/run/postgresql&sslmode=disable", true),
            ("postgres://u@db.example/d", true),
            ("postgres://u@db.example/d?sslmode=verify-full", true),
            ("postgres://u@db.example/d?ssl-mode=verify-full", true),
            ("postgres://u@db.example/d?sslmode=verify-ca", false),
            ("postgres://u@db.example/d?sslmode=require", false),
            ("postgres://u@db.example/d?sslmode=prefer", false),
            ("postgres://u@db.example/d?sslmode=allow", false),
            ("postgres://u@db.example/d?sslmode=disable", false),
            ("postgres://u@db.example/d?ssl-mode=require", false),
            ("postgres://u@127.0.0.1.example/d?sslmode=require", false),
            ("postgres://u@10.0.0.1/d?sslmode=require", false),
            (
                "postgres://u@localhost/d?host=db.example&sslmode=disable",
                false,
            ),
        ] {
            let opened = |allow_plaintext| {
                Db::new(&DbSettings {
                    url: url.into(),
                    api_sessions: 1,
                    worker_sessions: 1,
                    allow_plaintext,
                })
            };
            let refused = opened(false).err();
            assert_eq!(refused.is_none(), alone, "{url}");
            if let Some(error) = refused {
                assert_eq!(error.kind, DbErrorKind::Refused, "{url}");
                assert!(error.detail.contains("verify-full"), "{error}");
                assert!(error.detail.contains("MEDBOT_ALLOW_PLAINTEXT"), "{error}");
            }
            assert!(opened(true).is_ok(), "{url}");
        }
    }
}
