//! A database becomes what the program needs, however many ask for it and whoever they are.

use std::collections::BTreeSet;

use infra::{
    api_key,
    db::{Db, DbErrorKind},
};
use sqlx::Connection as _;
use uuid::Uuid;

use super::{
    fresh::{database, with_empty_database},
    keys,
    run::{TENANT, accept, upload},
};

#[tokio::test(flavor = "multi_thread")]
async fn many_may_migrate_at_once_and_again() {
    with_empty_database(async |fresh| {
        let error = fresh.db.ready().await.expect_err("nothing is there");
        assert_eq!(error.kind, DbErrorKind::Refused);
        assert!(
            error.to_string().contains("run `medbot migrate`"),
            "{error}"
        );

        let processes: Vec<_> = (0..5).map(|_| database(&fresh.url)).collect();
        let migrating = processes.iter().map(infra::db::Db::migrate);
        futures::future::try_join_all(migrating)
            .await
            .expect("all at once");
        fresh.db.migrate().await.expect("again");
        fresh.db.ready().await.expect("ready");
        fresh.accept(TENANT, &upload()).await;
        for process in processes {
            process.close().await;
        }

        fresh.execute("DELETE FROM _sqlx_migrations").await;
        let error = fresh
            .db
            .ready()
            .await
            .expect_err("it is older than the program");
        assert!(
            error.to_string().contains("run `medbot migrate`"),
            "{error}"
        );
    })
    .await;
}

/// Roles belong to the whole cluster: the databases of one server meet there.
#[tokio::test(flavor = "multi_thread")]
async fn databases_of_one_server_may_be_migrated_at_once() {
    with_empty_database(async |one| {
        with_empty_database(async |two| {
            with_empty_database(async |three| {
                let all = [&one.db, &two.db, &three.db].map(infra::db::Db::migrate);
                futures::future::try_join_all(all)
                    .await
                    .expect("all at once");
            })
            .await;
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_is_no_superuser_can_migrate_and_serve() {
    with_empty_database(async |fresh| {
        let login = format!("owner_{}", Uuid::new_v4().simple());
        let name = url::Url::parse(&fresh.url).unwrap().path()[1..].to_owned();
        fresh
            .execute(&format!(
                "CREATE ROLE {login} LOGIN PASSWORD '{login}' CREATEROLE;
                 ALTER DATABASE {name} OWNER TO {login};
                 ALTER SCHEMA public OWNER TO {login}"
            ))
            .await;
        // The roles are there already, somebody else's: an administrator must let it take them.
        let roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'medbot_%'";
        if fresh.count(roles).await > 0 {
            fresh
                .execute(&format!("GRANT medbot_api, medbot_worker TO {login}"))
                .await;
        }
        let mut url = url::Url::parse(&fresh.url).unwrap();
        url.set_username(&login).unwrap();
        url.set_password(Some(&login)).unwrap();
        let db = database(url.as_str());
        let refused = db
            .migrate()
            .await
            .expect_err("pgvector is a superuser's to make");
        assert!(
            refused.to_string().contains("CREATE EXTENSION vector"),
            "{refused}"
        );
        fresh.execute("CREATE EXTENSION vector").await;
        db.migrate().await.expect("it owns the database");
        db.ready().await.expect("ready");
        let job = accept(&db, TENANT, &upload()).await.job;
        assert!(db.job(TENANT, job).await.unwrap().is_some());
        let role = infra::db::Role::Admin;
        db.admit(TENANT, &keys::kept('k'), role).await.unwrap();
        let key = keys::text('k');
        let digest = api_key::digest(&key);
        let found = db.key(api_key::public_id(&key), &digest).await;
        assert!(found.unwrap().is_some());
        db.close().await;

        let mut admin = sqlx::PgConnection::connect(&fresh.url).await.unwrap();
        let drop = format!(
            "REASSIGN OWNED BY {login} TO CURRENT_USER; DROP OWNED BY {login}; DROP ROLE {login}"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop))
            .execute(&mut admin)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_not_a_migration_that_is_missing() {
    with_empty_database(async |fresh| {
        let mut url = url::Url::parse(&fresh.url).unwrap();
        url.set_username("nobody_of_this_name").unwrap();
        let error = database(url.as_str())
            .ready()
            .await
            .expect_err("no such login");
        assert!(!error.to_string().contains("migrate"), "{error}");
    })
    .await;
}

/// While an upgrade goes on an earlier program runs on the new tables. What it knows of stays as it was: tables,
/// columns and their types, functions, what its roles may do; and nothing is asked of its rows that it does not give.
#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_program_finds_what_it_knows_after_every_migration() {
    // A line for each thing that a program may rely on; functions of triggers are the database's own.
    const KNOWN: &str = "
        SELECT format('column %s.%s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
          AND NOT a.attisdropped AND c.relname <> '_sqlx_migrations'
        UNION ALL
        SELECT format('function %s %s', p.oid::regprocedure, pg_get_function_result(p.oid))
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'medbot%'
          AND p.prorettype <> 'trigger'::regtype
        UNION ALL
        SELECT format('%s may %s %s.%s', grantee, privilege_type, table_name, column_name)
        FROM information_schema.column_privileges
        WHERE table_schema = 'public' AND grantee IN ('medbot_api', 'medbot_worker')";
    // Columns that every new row must be given.
    const WANTED: &str = "
        SELECT format('%s.%s', a.attrelid::regclass, a.attname)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
          AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
          AND c.relname <> '_sqlx_migrations'";
    with_empty_database(async |fresh| {
        let all = async |sql: &'static str| -> BTreeSet<String> {
            let lines = sqlx::query_scalar(sql).fetch_all(&fresh.pool);
            lines.await.unwrap().into_iter().collect()
        };
        let (mut known, mut wanted) = (BTreeSet::new(), BTreeSet::new());
        for version in 1..=Db::newest_schema() {
            fresh.db.migrate_to(version).await.unwrap();
            let (now, wanted_now) = (all(KNOWN).await, all(WANTED).await);
            let gone: Vec<_> = known.difference(&now).collect();
            assert_eq!(gone, [""; 0], "gone with migration {version}");
            let tables: BTreeSet<&str> = known
                .iter()
                .filter_map(|line: &String| line.strip_prefix("column ")?.split('.').next())
                .collect();
            let new: Vec<_> = wanted_now
                .difference(&wanted)
                .filter(|column: &&String| {
                    column.split('.').next().is_some_and(|t| tables.contains(t))
                })
                .collect();
            assert_eq!(
                new, [""; 0],
                "wanted of every row since migration {version}"
            );
            (known, wanted) = (now, wanted_now);
        }
        assert!(known.len() > 300, "{}", known.len());
    })
    .await;
}
