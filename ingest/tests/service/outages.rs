//! The distributed service on a real broker, database and object store, each of which goes down and
//! comes back: the API says so, nothing that was taken is lost, and everything recovers by itself.

use std::process::Command;

use reqwest::{Method, StatusCode};

use crate::server::{Caller, Medbot, Service, document, folder, turn};

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story of one service")]
async fn outages_are_said_and_survived() {
    let _turn = turn().await;
    let folder = folder();
    let mut database = Service::start("postgres", folder.path());
    let mut broker = Service::start("rabbitmq", folder.path());
    let mut store = Service::start("seaweedfs", folder.path());
    let master = folder.path().join("master.key");
    let (admin, uploader) = (
        folder.path().join("admin.key"),
        folder.path().join("up.key"),
    );
    let bucket = format!("s3://{}/objects", store.variable("MEDBOT_TEST_S3_BUCKET"));
    let settings: Vec<(String, String)> = [
        (
            "DATABASE_URL",
            database.variable("MEDBOT_TEST_DATABASE_URL"),
        ),
        ("QUEUE_URL", broker.variable("MEDBOT_TEST_AMQP_URL")),
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
        ("MEDBOT_MASTER_KEY_FILE", master.to_str().unwrap()),
        ("MEDBOT_LEASE_SECONDS", "5"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let run = |arguments: &[&str]| {
        let mut medbot = Medbot::start(arguments, &settings, false);
        assert_eq!(medbot.ended(), Some(0), "{arguments:?}");
    };
    run(&["keys", "master", master.to_str().unwrap()]);
    run(&["migrate"]);
    run(&["keys", "add", "--role", "admin", admin.to_str().unwrap()]);
    run(&[
        "keys",
        "add",
        "--role",
        "uploader",
        uploader.to_str().unwrap(),
    ]);

    // The broker is down at the start of everything.
    broker.kill();
    let server = Medbot::start(&["serve", "--listen", "127.0.0.1:0"], &settings, true);
    let worker = Medbot::start(&["work", "--slots", "2"], &settings, false);
    let caller = Caller::new(&server.url, Some(&admin));
    caller
        .until("/readyz", StatusCode::SERVICE_UNAVAILABLE)
        .await;
    let (first, _) = caller
        .take("a.png", document("prescription_letterhead.png"))
        .await;
    broker.again();
    caller.until("/readyz", StatusCode::OK).await;
    finished(&caller, &first).await;

    // A role may do what it may.
    let other = Caller::new(&server.url, Some(&uploader));
    assert_eq!(
        other.get(&format!("/v1/jobs/{first}")).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        other.get("/v1/entities").await.status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        other.get("/v1/admin/dead-letters").await.status(),
        StatusCode::FORBIDDEN
    );

    // The store is down: said, nothing half taken, and well again by itself.
    let (second, _) = caller
        .take("b.png", document("prescription_table_skewed.jpg"))
        .await;
    store.kill();
    caller
        .until("/readyz", StatusCode::SERVICE_UNAVAILABLE)
        .await;
    let refused = caller.upload("c.png", document("claim_form.png")).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    store.again();
    caller.until("/readyz", StatusCode::OK).await;
    finished(&caller, &second).await;

    // The database is down.
    let (third, id) = caller.take("d.png", document("lab_columns.png")).await;
    database.kill();
    caller
        .until("/readyz", StatusCode::SERVICE_UNAVAILABLE)
        .await;
    let refused = caller.get(&format!("/v1/jobs/{third}")).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(caller.get("/healthz").await.status(), StatusCode::OK);
    database.again();
    caller.until("/readyz", StatusCode::OK).await;
    finished(&caller, &third).await;

    // A killed worker's tasks are another's.
    let (fourth, _) = caller
        .take("e.pdf", document("discharge_two_pages.pdf"))
        .await;
    loop {
        let job = caller.json(&format!("/v1/jobs/{fourth}")).await;
        if job["progress"]["decode"]["done"].as_u64() > Some(0) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    drop(worker);
    let mut worker = Medbot::start(&["work", "--slots", "2"], &settings, false);
    finished(&caller, &fourth).await;

    let erased = caller
        .ask(Method::DELETE, &format!("/v1/documents/{id}"))
        .send()
        .await;
    assert_eq!(erased.unwrap().status(), StatusCode::NO_CONTENT);
    let letters = Command::new(env!("CARGO_BIN_EXE_medbot"))
        .args(["dlq", "list"])
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    assert!(letters.status.success());
    assert!(
        letters.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&letters.stdout)
    );
    worker.signal("TERM");
    assert_eq!(worker.ended(), Some(0));
}

async fn finished(caller: &Caller, job: &str) {
    let ended = caller.end_of(job).await;
    assert!(
        matches!(ended["state"].as_str(), Some("succeeded" | "needs_review")),
        "{ended}"
    );
}
