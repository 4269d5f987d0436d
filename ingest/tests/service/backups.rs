//! A running service is backed up, and restored elsewhere without what was erased since.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::server::{Caller, Medbot, Service, Shared, document, folder, problem, turn};

type Settings<'a> = &'a [(&'a str, &'a str)];

fn run(data: &Path, settings: Settings<'_>, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_medbot"))
        .args(arguments)
        .env("MEDBOT_DATA", data)
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    println!("{arguments:?}: {output:?}");
    output
}

/// The JSON that a command prints that does its work.
fn said(data: &Path, settings: Settings<'_>, arguments: &[&str]) -> Value {
    let output = run(data, settings, arguments);
    assert!(output.status.success(), "{arguments:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_backup_becomes_a_system_without_what_was_erased() {
    let _turn = turn().await;
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let (a, b, saved) = (path("a"), path("b"), path("saved"));
    let saved = saved.to_str().unwrap();
    let server = Medbot::up(&a, &[]);
    let caller = Caller::admin(&server, &a);
    caller.until("/readyz", StatusCode::OK).await;
    let mut ids = Vec::new();
    for name in [
        "prescription_letterhead.png",
        "claim_form.png",
        "lab_columns.png",
    ] {
        let (job, id) = caller.take(name, document(name)).await;
        caller.end_of(&job).await;
        ids.push(id);
    }
    let [kept, by_route, by_command] = &ids[..] else {
        panic!("three documents");
    };
    let result = caller.json(&format!("/v1/documents/{kept}")).await;
    let entities = caller.json("/v1/entities").await;

    // While it runs.
    let report = said(&a, &[], &["backup", saved]);
    assert_eq!(report["documents"], 3);
    assert_eq!(
        run(&a, &[], &["backup", saved]).status.code(),
        Some(1),
        "never over another"
    );
    let gone = caller.ask(Method::DELETE, &format!("/v1/documents/{by_route}"));
    assert_eq!(gone.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let certificate = said(&a, &[], &["erase", by_command]);
    assert_eq!(certificate["document"], **by_command);
    assert_eq!(certificate["data_key"], "destroyed");
    for counted in [&certificate["objects"], &certificate["rows"]["entities"]] {
        assert!(counted.as_u64() > Some(0), "{certificate}");
    }
    assert!(certificate["key_in_backups_until"].as_str() > certificate["erased_at"].as_str());
    let never = run(&a, &[], &["erase", "00000000-0000-4000-8000-000000000000"]);
    assert_eq!(never.status.code(), Some(1));
    let log = caller.json("/v1/admin/audit").await.to_string();
    for action in ["system.backup", "document.erase"] {
        assert!(log.contains(action), "{action}");
    }
    drop(server);

    // Another place, with an object store: first without its key, then without the list, then with both.
    let store = Service::start("seaweedfs", folder.path());
    let bucket = format!("s3://{}/objects", store.variable("MEDBOT_TEST_S3_BUCKET"));
    let s3: Settings<'_> = &[
        ("STORE_URL", &bucket),
        (
            "AWS_ENDPOINT_URL",
            store.variable("MEDBOT_TEST_S3_ENDPOINT"),
        ),
        ("AWS_ACCESS_KEY_ID", store.variable("AWS_ACCESS_KEY_ID")),
        (
            "AWS_SECRET_ACCESS_KEY",
            store.variable("AWS_SECRET_ACCESS_KEY"),
        ),
    ];
    let refused = |arguments: &[&str], why: &str| {
        let output = run(&b, s3, arguments);
        assert_eq!(output.status.code(), Some(1), "{why}");
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(complaint.contains(why), "{complaint}");
    };
    refused(&["restore", saved], "MEDBOT_MASTER_KEY_FILE");
    fs::create_dir(&b).unwrap();
    fs::set_permissions(&b, std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    fs::copy(a.join("master.key"), b.join("master.key")).unwrap();
    assert_eq!(said(&b, s3, &["restore", "--check", saved]), report);
    assert!(!b.join("postgres").exists(), "a check changes nothing");
    refused(&["restore", saved], "--nothing-was-erased");
    fs::copy(a.join("erased.jsonl"), b.join("erased.jsonl")).unwrap();
    let restored = said(&b, s3, &["restore", saved]);
    assert_eq!(restored["erased_again"], 2);
    assert!(!b.join("objects").exists(), "they are in the object store");
    refused(&["restore", saved], "wants an empty one");
    let verified = run(&b, s3, &["audit", "verify"]);
    assert!(verified.status.success());

    let server = Medbot::up(&b, s3);
    let caller = Caller::admin(&server, &b);
    caller.until("/readyz", StatusCode::OK).await;
    assert_eq!(caller.json(&format!("/v1/documents/{kept}")).await, result);
    for id in [by_route, by_command] {
        problem(
            caller.get(&format!("/v1/documents/{id}")).await,
            404,
            "not-found",
        )
        .await;
    }
    let of = |list: &Value, id: &str| {
        let all = list["entities"].as_array().unwrap().iter();
        all.filter(|entity| entity["document_id"] == *id).count()
    };
    let after = caller.json("/v1/entities").await;
    assert!(of(&entities, kept) > 0, "{entities}");
    assert_eq!(of(&after, kept), of(&entities, kept));
    assert_eq!(of(&after, by_route) + of(&after, by_command), 0);
}

/// A copy of the database that another program made knows nothing of the erasure list, and has the keys of what was
/// erased since: it is erased again before anybody is answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_put_back_by_other_means_opens_without_what_was_erased() {
    let _turn = turn().await;
    let folder = folder();
    let mut shared = Shared::in_folder(folder.path(), &[("MEDBOT_ENGINES", "tesseract")]);
    let url = shared
        .database
        .variable("MEDBOT_TEST_DATABASE_URL")
        .to_owned();
    let beside = format!("{}/postgres", url.rsplit_once('/').unwrap().0);
    let (objects, old_objects) = (shared.data.join("objects"), shared.data.join("old"));
    let (server, caller) = shared.serve(&[]);
    let worker = shared.work(&[]);
    caller.until("/readyz", StatusCode::OK).await;
    let mut ids = Vec::new();
    for name in ["prescription_letterhead.png", "claim_form.png"] {
        let (job, id) = caller.take(name, document(name)).await;
        caller.end_of(&job).await;
        ids.push(id);
    }
    let [kept, gone] = &ids[..] else {
        panic!("two documents");
    };
    let path = |id: &str| format!("/v1/documents/{id}");
    let result = caller.json(&path(kept)).await;
    drop((worker, server));

    // Everything is copied, and one of them erased afterwards.
    let pool = PgPool::connect(&beside).await.unwrap();
    let run = async |sql: &'static str| sqlx::query(sql).execute(&pool).await.unwrap();
    run("CREATE DATABASE old TEMPLATE medbot").await;
    let copied = Command::new("cp")
        .arg("-a")
        .args([&objects, &old_objects])
        .status();
    assert!(copied.unwrap().success());
    {
        let (_server, caller) = shared.serve(&[]);
        let erased = caller.ask(Method::DELETE, &path(gone)).send().await;
        assert_eq!(erased.unwrap().status(), StatusCode::NO_CONTENT);
    }
    run("DROP DATABASE medbot WITH (FORCE)").await;
    run("ALTER DATABASE old RENAME TO medbot").await;
    pool.close().await;
    fs::remove_dir_all(&objects).unwrap();
    fs::rename(&old_objects, &objects).unwrap();

    // While the database is away nobody knows what is in it.
    shared.database.kill();
    let (_server, caller) = shared.serve(&[]);
    let answer = caller.get("/readyz").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let readiness: Value = answer.json().await.unwrap();
    assert!(readiness["checks"]["erasures"].is_string(), "{readiness}");
    problem(caller.get(&path(kept)).await, 503, "unavailable").await;
    shared.database.again();
    caller.until("/readyz", StatusCode::OK).await;

    problem(caller.get(&path(gone)).await, 404, "not-found").await;
    assert_eq!(caller.json(&path(kept)).await, result);
    let pool = PgPool::connect(&url).await.unwrap();
    let keys = "SELECT wrapped IS NULL FROM document_keys WHERE document_id = $1";
    for (id, destroyed) in [(kept, false), (gone, true)] {
        let id: Uuid = id.parse().unwrap();
        let key: bool = sqlx::query_scalar(keys)
            .bind(id)
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(key, destroyed, "{id}");
    }
    pool.close().await;
    let found = |id: &str| {
        let pattern = format!("*{id}*");
        let mut find = Command::new("find");
        let find = find.arg(&objects).args(["-type", "f", "-path", &pattern]);
        let found = find.output().unwrap();
        !found.stdout.is_empty()
    };
    assert!(found(kept) && !found(gone), "its objects too");
    let log = caller.json("/v1/admin/audit?newest=true").await;
    let again = log["events"].as_array().unwrap().iter();
    let again = again.filter(|event| event["action"] == "document.erase");
    let again: Vec<_> = again
        .map(|event| (&event["object"], &event["actor"]["role"]))
        .collect();
    assert_eq!(again, [(&Value::from(path(gone)), &Value::from("service"))]);
}
