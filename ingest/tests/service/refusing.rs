//! A store that refuses is not one that is away: the probe names it, and its tasks end as dead letters
//! with the reason, which can be replayed once somebody cured it.

use std::{sync::Arc, time::Duration};

use infra::{
    db::{Attempts, Db, DbSettings, TableQueue, WrappedKeys},
    store::{MasterKey, S3, S3Settings, Sealed},
};
use reqwest::StatusCode;
use schemas::{Artefact, RejectKind, Stage, TaskError, TaskErrorKind};
use serde_json::Value;
use sqlx::{PgPool, Row as _};
use tokio::sync::{Notify, watch};
use workers::{
    shell::{Patience, Shell},
    stage::{Artefacts, Said, Stages, Work},
};

use crate::server::{PATIENCE, Service, Shared, document, folder, turn};

/// Reads the original and says that it did.
struct Reads;

impl Stages for Reads {
    fn run(&self, _: &Work, artefacts: &dyn Artefacts) -> Result<Said, TaskError> {
        let bytes = artefacts.get(Artefact::Original)?;
        Err(TaskError {
            kind: TaskErrorKind::Reject(RejectKind::Unprocessable),
            detail: format!("{} bytes were read", bytes.len()),
        })
    }
}

struct Bench {
    shared: Shared,
    store: Service,
    pool: PgPool,
}

impl Bench {
    fn variable(&self, name: &str) -> String {
        match name {
            "STORE_URL" => {
                let bucket = self.store.variable("MEDBOT_TEST_S3_BUCKET");
                format!("s3://{bucket}/objects")
            }
            "AWS_ENDPOINT_URL" => self.store.variable("MEDBOT_TEST_S3_ENDPOINT").into(),
            name => self.store.variable(name).into(),
        }
    }

    /// Where the store is, with some of it said otherwise.
    fn settings<'a>(&self, otherwise: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
        let mut settings: Vec<(&str, String)> = [
            "STORE_URL",
            "AWS_ENDPOINT_URL",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        ]
        .map(|name| (name, self.variable(name)))
        .into();
        settings.extend(
            otherwise
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        settings
    }

    /// Works with the store as these settings have it until the task is in such a state.
    async fn work(&self, settings: &[(&str, String)], until: impl Fn(&Task) -> bool) -> Task {
        let url = self.shared.database.variable("MEDBOT_TEST_DATABASE_URL");
        let db = Db::new(&DbSettings {
            url: url.into(),
            api_sessions: 2,
            worker_sessions: 4,
            allow_plaintext: false,
        })
        .unwrap();
        let s3 = S3Settings::from_variables(|name| {
            let given = settings.iter().rfind(|(known, _)| *known == name);
            given.map(|(_, value)| value.clone())
        });
        let master = MasterKey::load(&self.shared.data.join("master.key")).unwrap();
        let keys = WrappedKeys::new(db.clone(), master.clone());
        let due = Arc::new(Notify::new());
        let shell = Shell {
            queue: Arc::new(TableQueue::new(db.clone(), Arc::clone(&due))),
            store: Arc::new(Sealed::new(
                Arc::new(S3::open(&s3.unwrap()).unwrap()),
                Arc::new(keys),
            )),
            master: Arc::new(master),
            stages: Arc::new(Reads),
            patience: Patience {
                attempts: Attempts {
                    most: 3,
                    rest_seconds: 0.1,
                },
                ..Patience::default()
            },
            due,
            db,
        };
        let (tell, told) = watch::channel(false);
        let working = shell.work(&[Stage::Decode], 1, told);
        let looking = async {
            let begun = std::time::Instant::now();
            loop {
                let task = self.task().await;
                if until(&task) {
                    tell.send_replace(true);
                    return task;
                }
                assert!(begun.elapsed() < PATIENCE, "it stays {task:?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let ((), task) = futures::join!(working, looking);
        task
    }

    async fn task(&self) -> Task {
        let sql = "SELECT state, attempt, fence, error ->> 'detail' AS detail FROM tasks";
        let row = sqlx::query(sql).fetch_one(&self.pool).await.unwrap();
        Task {
            state: row.get("state"),
            attempt: row.get("attempt"),
            claims: row.get("fence"),
            detail: row.get::<Option<String>, _>("detail").unwrap_or_default(),
        }
    }
}

#[derive(Debug)]
struct Task {
    state: String,
    attempt: i32,
    claims: i64,
    detail: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_refuses_ends_in_dead_letters() {
    let _turn = turn().await;
    let folder = folder();
    let store = Service::start("seaweedfs", folder.path());
    let shared = Shared::in_folder(folder.path(), &[]);
    let url = shared.database.variable("MEDBOT_TEST_DATABASE_URL");
    let pool = PgPool::connect_lazy(url).unwrap();
    let mut bench = Bench {
        shared,
        store,
        pool,
    };
    let good = bench.settings(&[]);
    let wrong = bench.settings(&[("AWS_SECRET_ACCESS_KEY", "wrong")]);
    let nowhere = bench.settings(&[("STORE_URL", "s3://no-such-bucket/objects")]);
    let serve = |settings: &[(&str, String)]| {
        let settings: Vec<(&str, &str)> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        bench.shared.serve(&settings)
    };
    let (_server, caller) = serve(&good);
    caller.until("/readyz", StatusCode::OK).await;
    let bytes = document("claim_form.png");
    let (job, _) = caller.take("a.png", bytes.clone()).await;
    for (settings, said) in [
        (&wrong, "the store refuses: it does not allow that"),
        (&nowhere, "the store refuses: there is no such bucket"),
    ] {
        let (_server, caller) = serve(settings);
        let answer = caller.get("/readyz").await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let readiness: Value = answer.json().await.unwrap();
        let check = readiness["checks"]["store"].as_str().unwrap();
        assert!(check.starts_with(said), "{readiness}");
        assert_eq!(readiness["checks"]["database"], "ok");
        let refused = caller.upload("b.png", bytes.clone()).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    // Away: the task waits for it, at no cost.
    bench.store.kill();
    let away = bench
        .work(&good, |task| task.claims > 4 && task.state == "queued")
        .await;
    assert_eq!(away.attempt, 0, "{away:?}");
    assert!(
        away.detail.starts_with("the store cannot be used now: "),
        "{away:?}"
    );
    bench.store.again();

    for (settings, said) in [
        (
            &wrong,
            "the store refuses: it does not know the credentials",
        ),
        (&nowhere, "the store refuses: there is no such bucket"),
    ] {
        let dead = bench.work(settings, |task| task.state == "failed").await;
        assert_eq!(dead.attempt, 3, "{dead:?}");
        assert!(dead.detail.starts_with(said), "{dead:?}");
        assert_eq!(caller.end_of(&job).await["state"], "failed");
        let letters = caller.json("/v1/admin/dead-letters").await;
        let letter = &letters["dead_letters"][0];
        assert_eq!(letter["job_id"], job, "{letters}");
        let replay = format!(
            "/v1/admin/dead-letters/{}/replay",
            letter["task_id"].as_str().unwrap()
        );
        let replayed = caller.ask(reqwest::Method::POST, &replay).send().await;
        assert_eq!(replayed.unwrap().status(), StatusCode::ACCEPTED);
    }
    let cured = bench.work(&good, |task| task.state == "failed").await;
    assert_eq!(cured.detail, format!("{} bytes were read", bytes.len()));
}
