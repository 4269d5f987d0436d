//! No tenant sees, changes or refers to what is another's: checked table by table from the catalogue.

use infra::{
    db::{Caller, Decision, EntityFilter, Review, Role, Token, Upload},
    search::{Query, Scope, Search as _, Weights},
};
use schemas::TenantId;
use sqlx::{Connection as _, PgConnection, Row as _};
use uuid::Uuid;

use super::{
    belongings::{A, B, LOST, PERSON, furnish, sealed},
    entities::{found, lab},
    fresh::{Fresh, with_database},
    keys,
    run::{reject, upload},
};

/// Tables with a tenant that requests may touch.
async fn tables(fresh: &Fresh) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
         WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
           AND c.relname NOT IN ('api_keys', 'analysts') ORDER BY 1",
    )
    .fetch_all(&fresh.pool)
    .await
    .unwrap()
}

/// A session as the API's role that speaks for a tenant.
async fn api(fresh: &Fresh, tenant: Option<TenantId>) -> PgConnection {
    let mut session = PgConnection::connect(&fresh.url).await.unwrap();
    let tenant = tenant.map_or_else(String::new, |tenant| tenant.to_string());
    let set = format!("SET ROLE medbot_api; SET medbot.tenant = '{tenant}'");
    sqlx::raw_sql(sqlx::AssertSqlSafe(set))
        .execute(&mut session)
        .await
        .unwrap();
    session
}

/// Rows that a statement gives or changes, or its SQLSTATE.
async fn said(session: &mut PgConnection, sql: String) -> Result<u64, String> {
    let mut transaction = session.begin().await.unwrap();
    let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .fetch_all(&mut *transaction)
        .await;
    transaction.rollback().await.unwrap();
    match rows {
        Ok(rows) => Ok(rows.len() as u64),
        Err(sqlx::Error::Database(error)) => Err(error.code().unwrap_or_default().into_owned()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_with_a_tenant_is_guarded() {
    with_database(async |fresh| {
        let bare: Vec<String> = sqlx::query_scalar(
            "SELECT c.relname::text FROM pg_class c
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
             WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
               AND (NOT c.relrowsecurity OR c.relname NOT IN ('api_keys', 'analysts')
                    AND NOT EXISTS (
                        SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*'
                          AND 'medbot_api'::regrole = ANY (p.polroles)
                          AND pg_get_expr(p.polqual, c.oid) LIKE '%tenant_id = medbot_tenant()%'
                          AND pg_get_expr(p.polwithcheck, c.oid) LIKE '%tenant_id = medbot_tenant()%'))",
        )
        .fetch_all(&fresh.pool)
        .await
        .unwrap();
        assert_eq!(bare, Vec::<String>::new(), "tables without a policy for medbot_api");

        // Foreign keys look past the policies: each but those to `tenants` holds the tenant itself.
        let loose: Vec<String> = sqlx::query_scalar(
            "SELECT conrelid::regclass::text || '.' || conname FROM pg_constraint k
             WHERE contype = 'f' AND connamespace = 'public'::regnamespace
               AND confrelid <> 'tenants'::regclass
               AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid
                               AND a.attnum = ANY (k.conkey) AND a.attname = 'tenant_id')",
        )
        .fetch_all(&fresh.pool)
        .await
        .unwrap();
        assert_eq!(loose, Vec::<String>::new(), "foreign keys that cross tenants");
        assert!(tables(&fresh).await.len() >= 12);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_raw_sql_nothing_of_another_tenant_can_be_had() {
    with_database(async |fresh| {
        furnish(&fresh).await;
        for table in tables(&fresh).await {
            let rows: i64 =
                sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
                    .fetch_one(&fresh.pool)
                    .await
                    .unwrap();
            assert!(
                rows > 0,
                "{table} holds nothing of B: the test would show nothing"
            );
            let statements = [
                ("read", format!("SELECT * FROM {table}")),
                (
                    "update",
                    format!("UPDATE {table} SET tenant_id = tenant_id RETURNING 1"),
                ),
                (
                    "take",
                    format!("UPDATE {table} SET tenant_id = '{A}' RETURNING 1"),
                ),
                ("delete", format!("DELETE FROM {table} RETURNING 1")),
            ];
            let written_once = ["reviews", "audit_events"].contains(&table.as_str());
            let kept = written_once || table == "audit_heads";
            for (who, tenant) in [("A", Some(A)), ("nobody", None)] {
                let mut session = api(&fresh, tenant).await;
                for (verb, sql) in &statements {
                    let forbidden = match *verb {
                        "read" => false,
                        "delete" => kept,
                        _ => written_once,
                    };
                    let want = if forbidden {
                        Err("42501".to_owned())
                    } else {
                        Ok(0)
                    };
                    assert_eq!(
                        said(&mut session, sql.clone()).await,
                        want,
                        "{who}: {verb} {table}"
                    );
                }
                // A copy of B's row under a new name, still B's.
                let column = if table == "idempotency_keys" {
                    "key"
                } else {
                    "tenant_id"
                };
                let forged = format!(
                    "INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table},
                    '{{\"tenant_id\": \"{B}\", \"{column}\": \"{B}\"}}')).*"
                );
                let refused = said(&mut session, forged).await;
                assert!(
                    refused == Err("42501".to_owned()),
                    "{who}: insert into {table}: {refused:?}"
                );
            }
            // The owner of the rows can: what is shown above is the tenant's doing.
            let mut session = api(&fresh, Some(B)).await;
            assert_eq!(
                said(&mut session, statements[0].1.clone()).await,
                Ok(rows as u64),
                "{table}"
            );
        }
        let mut session = api(&fresh, Some(B)).await;
        for (sql, want) in [
            ("SELECT * FROM api_keys", Err("42501".to_owned())),
            ("SELECT * FROM analysts", Err("42501".to_owned())),
            ("SELECT * FROM tenants", Ok(1)),
            (
                "UPDATE tenants SET name = '' RETURNING 1",
                Err("42501".to_owned()),
            ),
            ("SELECT nextval('fences')", Err("42501".to_owned())),
        ] {
            assert_eq!(said(&mut session, sql.into()).await, want, "{sql}");
        }
        let worker = "SET LOCAL ROLE medbot_worker;";
        for sql in [
            "UPDATE reviews SET reason = ''",
            "DELETE FROM reviews",
            "SELECT * FROM api_keys",
        ] {
            let refused = said(&mut session, format!("{worker} {sql}")).await;
            assert_eq!(refused, Err("42501".to_owned()), "a worker: {sql}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_no_method_anything_of_another_tenant_can_be_had() {
    with_database(async |fresh| {
        let b = furnish(&fresh).await;
        let db = &fresh.db;
        assert!(db.job(A, b.job).await.unwrap().is_none());
        assert!(db.poll(A, b.job, |_| true).await.unwrap().is_none());
        assert!(db.cancel(A, b.job).await.unwrap().is_none());
        assert!(db.document(A, b.document).await.unwrap().is_none());
        assert!(db.erase(A, b.document).await.unwrap().is_none());
        assert!(db.batch(A, b.batch).await.unwrap().is_none());
        assert!(
            db.entities(A, &EntityFilter::default(), None, 9)
                .await
                .unwrap()
                .is_empty()
        );
        assert!(db.entity(A, b.entity).await.unwrap().is_none());
        let named = [(A, false), (B, true)];
        for (tenant, sees) in named {
            let found = db.identifiers(tenant, &[b.named], None).await.unwrap();
            assert_eq!(!found.is_empty(), sees);
            assert_eq!(!db.emergencies(tenant).await.unwrap().is_empty(), sees);
        }
        assert!(db.webhooks(A).await.unwrap().is_empty());
        assert!(!db.remove_webhook(A, b.webhook).await.unwrap());
        assert!(!db.renew_upload(A, b.uploading).await.unwrap());
        db.forget_upload(A, b.uploading).await.unwrap();
        assert!(db.renew_upload(B, b.uploading).await.unwrap());
        assert!(db.wrapped_key(A, b.document).await.unwrap().is_none());
        assert!(db.dead_letters(Some(A), None, 9).await.unwrap().is_empty());
        assert!(!db.replay(Some(A), b.dead).await.unwrap());
        assert!(db.jobs(A, None, None, 9).await.unwrap().is_empty());
        assert!(db.queues(A).await.unwrap().is_empty());
        assert!(db.at_work(A, 9).await.unwrap().is_empty());
        let query = Query {
            text: "glucose".into(),
            embedding: Some(vec![0.05; 384]),
            weights: Weights {
                meaning: 1.0,
                words: 1.0,
            },
        };
        for (tenant, hits) in [(A, 0), (B, 1)] {
            let found = db.documents(tenant, Scope::default(), &query, 9).await;
            assert_eq!(found.unwrap().len().min(1), hits);
            let found = db.knowledge(tenant, &query, 9).await.unwrap();
            assert_eq!(found.len(), hits);
            let caller = Caller {
                id: Uuid::nil(),
                tenant,
                role: Role::Admin,
            };
            assert_eq!(db.chats(&caller).await.unwrap().len(), hits);
            let turns = db.chat(&caller, b.chat).await.unwrap();
            assert_eq!(turns.map_or(0, |turns| turns.len()), hits);
        }
        let other = Caller {
            id: Uuid::nil(),
            tenant: A,
            role: Role::Admin,
        };
        assert!(!db.remove_chat(&other, b.chat).await.unwrap());
        let master = &fresh.master;
        for (tenant, sees) in named {
            let patient = db.patient(tenant, b.patient, master).await.unwrap();
            assert_eq!(patient.is_some(), sees);
            assert_eq!(
                !db.audit_lines(tenant, 0, 9).await.unwrap().is_empty(),
                sees
            );
            assert_eq!(db.audit_head(tenant).await.unwrap().is_some(), sees);
            assert_eq!(
                !db.facts(tenant, &[b.named]).await.unwrap().is_empty(),
                sees
            );
            assert_eq!(
                !db.reviewed(tenant, b.named).await.unwrap().is_empty(),
                sees
            );
            assert_eq!(!db.reviewed_facts(tenant).await.unwrap().is_empty(), sees);
            assert_eq!(
                !db.jobs_of(tenant, &[b.job]).await.unwrap().is_empty(),
                sees
            );
            assert_eq!(!db.keys(tenant).await.unwrap().is_empty(), sees);
            assert_eq!(!db.cards(tenant).await.unwrap().is_empty(), sees);
            let uploader = Caller {
                id: Uuid::from_u128(1),
                tenant,
                role: Role::Uploader,
            };
            assert_eq!(db.is_emergency(&uploader).await.unwrap(), sees);
        }
        let chain = db.audit_chain(master, A).await.unwrap();
        let lines = db.verify_audit(A, &chain, &[]).await.unwrap();
        assert_eq!(lines.map(|head| head.seq), Ok(0), "A has no line");
        let review = Review {
            decision: Decision::Corrected,
            version: 2,
            after: lab("e0", "Lactate"),
            reason: Some("another's".into()),
        };
        let reviewed = db.review(&other, b.entity, &review, master).await;
        assert_eq!(reviewed.unwrap(), None);
        assert!(!db.end_emergency(&other, b.emergency).await.unwrap());
        // What B took back is B's word alone, and what A does changes nothing of it.
        let in_b = "SELECT count(*) FROM token_revocations WHERE revoked_by IS NULL";
        for (tenant, sees) in named {
            let seen = db.token_revocations(tenant).await.unwrap().len();
            assert_eq!(seen, usize::from(sees));
            let person = Caller {
                id: PERSON,
                tenant,
                role: Role::Admin,
            };
            let token = |made_at, id| Token {
                caller: &person,
                made_at,
                id,
            };
            assert_eq!(db.is_good_token(token(None, "any")).await.unwrap(), !sees);
            let later = Some(chrono::Utc::now() + chrono::TimeDelta::hours(1));
            assert_eq!(db.is_good_token(token(later, LOST)).await.unwrap(), !sees);
            let lost = db.revoked_tokens(tenant).await.unwrap().len();
            assert_eq!(lost, usize::from(sees));
        }
        db.revoke_token(A, LOST, Some(other.id)).await.unwrap();
        let lost_in_b = "SELECT count(*) FROM revoked_tokens WHERE revoked_by IS NULL";
        assert_eq!(fresh.count(lost_in_b).await, 1);
        db.revoke_tokens(A, PERSON, Some(other.id)).await.unwrap();
        assert_eq!(fresh.count(in_b).await, 1);
        assert_eq!(db.close_sessions(A, b.key).await.unwrap(), 0);
        assert!(!db.revoke_key(A, b.key).await.unwrap());
        let hour = std::time::Duration::from_hours(1);
        let rotated = db.rotate_key(A, b.key, &keys::kept('z'), hour).await;
        assert_eq!(rotated.unwrap(), None);
        assert!(!db.is_erased(A, b.document).await.unwrap());
        let both = [(A, b.document), (B, b.document)];
        assert_eq!(db.still_there(&both).await.unwrap(), [both[1]]);
        let more = db.keep_turn(A, b.chat, |_| sealed(b"more"), &[], None);
        more.await.unwrap();
        let turns = fresh.count("SELECT count(*) FROM chat_turns").await;
        assert_eq!(turns, 1, "nothing is added to B's conversation");
        // Keys of the same id are each tenant's own.
        let wrapped = db.keep_wrapped_key(A, b.document, b"other").await.unwrap();
        assert_eq!(wrapped, b"other");
        db.forget_wrapped_key(A, b.document).await.unwrap();
        db.close_session(A, &[70; 32]).await.unwrap();
        let life = super::sessions::LIFE;
        assert!(db.session(&[70; 32], life).await.unwrap().is_some());
        let lease = std::time::Duration::from_mins(1);
        let recalled = db.recall(A, "k", &[5; 32], lease).await.unwrap();
        assert!(matches!(recalled, infra::db::Recall::New(_)));

        // The same content is a document of A's own, and B's webhook is told nothing of it.
        let deliveries = fresh.count("SELECT count(*) FROM webhook_deliveries").await;
        let own = Upload {
            webhook: Some(b.webhook),
            digest: Some([1; 32]),
            ..upload()
        };
        let own = fresh.accept(A, &own).await;
        assert!(!own.duplicate);
        fresh.run(own.job, |_| reject()).await;
        let batch = db.open_batch(A, Some(b.webhook)).await.unwrap();
        db.close_batch(A, batch).await.unwrap();
        assert_eq!(
            fresh.count("SELECT count(*) FROM webhook_deliveries").await,
            deliveries
        );

        // Nothing of A's hangs on what is B's.
        let items = fresh.count("SELECT count(*) FROM batch_items").await;
        assert!(
            db.add_to_batch(A, b.batch, 1, "a.png", Ok(&own))
                .await
                .is_err()
        );
        let theirs = infra::db::Accepted {
            job: b.job,
            ..own.clone()
        };
        assert!(
            db.add_to_batch(A, batch, 0, "a.png", Ok(&theirs))
                .await
                .is_err()
        );
        assert_eq!(fresh.count("SELECT count(*) FROM batch_items").await, items);
        db.close_batch(A, b.batch).await.unwrap();
        assert_eq!(
            fresh.count("SELECT count(closed_at) FROM batches").await,
            1,
            "only A's own"
        );

        // All of B's is still there.
        assert!(db.job(B, b.job).await.unwrap().is_some());
        assert_eq!(
            db.wrapped_key(B, b.document).await.unwrap().as_deref(),
            Some(&b"key"[..])
        );
        db.erase(A, b.document).await.unwrap();
        assert!(db.wrapped_key(B, b.document).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analyst_reads_the_tenant_of_the_login_through_the_views() {
    with_database(async |fresh| {
        fresh.db.found_tenant(A, "another").await.unwrap();
        found(&fresh, A, vec![lab("e0", "Sodium")]).await;
        found(&fresh, B, vec![lab("e0", "Glucose"), lab("e1", "Lactate")]).await;
        let login = format!("analyst_{}", Uuid::new_v4().simple());
        fresh
            .execute(&format!(
                "CREATE ROLE {login} LOGIN PASSWORD '{login}' IN ROLE medbot_analyst;
                 INSERT INTO analysts (login, tenant_id) VALUES ('{login}', '{A}')"
            ))
            .await;
        let mut url = url::Url::parse(&fresh.url).unwrap();
        url.set_username(&login).unwrap();
        url.set_password(Some(&login)).unwrap();
        let mut session = PgConnection::connect(url.as_str()).await.unwrap();
        let names: Vec<String> = sqlx::query("SELECT name FROM labs")
            .fetch_all(&mut session)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        assert_eq!(names, ["Sodium"]);
        for view in [
            "medications",
            "labs",
            "diagnoses",
            "allergies",
            "vitals",
            "dates",
        ] {
            let rows = said(&mut session, format!("SELECT * FROM {view}")).await;
            assert_eq!(rows, Ok(u64::from(view == "labs")), "{view}");
        }
        for sql in [
            "SELECT * FROM documents",
            "SELECT * FROM reviews",
            "SELECT * FROM analysts",
            "UPDATE entities SET name = ''",
            "UPDATE analysts SET tenant_id = tenant_id",
            "SET LOCAL ROLE medbot_api",
        ] {
            assert_eq!(
                said(&mut session, sql.into()).await,
                Err("42501".into()),
                "{sql}"
            );
        }
        fresh.execute("DELETE FROM analysts").await;
        assert_eq!(
            said(&mut session, "SELECT * FROM entities".into()).await,
            Ok(0),
            "of no tenant"
        );
        session.close().await.unwrap();
        fresh
            .execute(&format!("DROP OWNED BY {login}; DROP ROLE {login}"))
            .await;
    })
    .await;
}
