//! A database of a test's own, made before it and dropped after it however it ends.

use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
};

use futures::FutureExt as _;
use infra::{
    db::{Db, DbSettings, Findings},
    store::MasterKey,
};
use sqlx::{
    Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use uuid::Uuid;

use super::audit::master;

/// A migrated database.
#[derive(Clone)]
pub struct Fresh {
    pub db: Db,
    pub master: Arc<MasterKey>,
    /// As its owner, past row-level security: for looking.
    pub pool: PgPool,
    pub url: String,
}

/// Runs a test on a database that is migrated and otherwise empty.
pub async fn with_database<F: Future<Output = ()>>(test: impl FnOnce(Fresh) -> F) {
    with_empty_database(async |fresh: Fresh| {
        fresh.db.migrate().await.expect("it migrates");
        Box::pin(test(fresh)).await;
    })
    .await;
}

/// Runs a test on a database that holds nothing.
pub async fn with_empty_database<F: Future<Output = ()>>(test: impl FnOnce(Fresh) -> F) {
    let Ok(server) = std::env::var("MEDBOT_TEST_DATABASE_URL") else {
        panic!(
            "MEDBOT_TEST_DATABASE_URL names no PostgreSQL server: run infra/test, which starts one"
        );
    };
    let name = format!("test_{}", Uuid::new_v4().simple());
    let mut session = PgConnection::connect(&server)
        .await
        .expect("the server answers");
    execute(&mut session, &format!("CREATE DATABASE {name}")).await;
    let mut url = url::Url::parse(&server).expect("a URL");
    url.set_path(&name);
    let options: PgConnectOptions = url.as_str().parse().expect("a URL");
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect_lazy_with(options);
    let fresh = Fresh {
        db: database(url.as_str()),
        master: Arc::new(master()),
        pool: pool.clone(),
        url: url.to_string(),
    };
    let db = fresh.db.clone();
    let ended = AssertUnwindSafe(test(fresh)).catch_unwind().await;
    db.close().await;
    pool.close().await;
    execute(&mut session, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}

/// A process's view of a database.
pub fn database(url: &str) -> Db {
    Db::new(&DbSettings {
        url: url.into(),
        api_sessions: 6,
        worker_sessions: 10,
        allow_plaintext: true,
    })
    .expect("a URL")
}

async fn execute(session: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(session)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

impl Fresh {
    /// What a stage finds that is no index stage.
    pub fn nothing(&self) -> Findings<'_> {
        Findings {
            entities: &[],
            passages: &[],
            master: &self.master,
        }
    }

    /// A number that a query gives.
    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// Does something that no method does.
    pub async fn execute(&self, sql: &str) -> u64 {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&self.pool)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
            .rows_affected()
    }
}
