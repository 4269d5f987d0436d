//! A running service is backed up, and restored elsewhere without what was erased since.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::server::{Caller, Medbot, Service, document, folder, problem, turn};

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
