//! Prepares a service with a dead letter and a long document, and lets the browser do the rest.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use sqlx::PgPool;

use crate::{
    built, long_document,
    server::{Caller, Medbot, PATIENCE, Shared, document, folder, turn},
};

/// Pages of the document that must open quickly.
const PAGES: i32 = 20;
/// Two that vote are enough to see votes.
const ENGINES: &str = "tesseract,paddle,pdf_text";

#[tokio::test]
async fn everything_can_be_done_in_a_browser() {
    let _turn = turn().await;
    // The packages that drive the browser come with the page's own.
    built::build();
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[("MEDBOT_ENGINES", ENGINES)]);
    let (server, caller) = shared.serve(&[]);

    // The original of a document is away while it is first tried.
    let (_, lost) = caller
        .take("lost.png", document("prescription_repeat_turned.png"))
        .await;
    let original = original(&shared.data, &lost);
    let aside = folder.path().join("aside");
    fs::rename(&original, &aside).unwrap();
    let database = shared.database.variable("MEDBOT_TEST_DATABASE_URL");
    let _worker = Medbot::start(
        &["work"],
        &[
            ("DATABASE_URL", database),
            ("MEDBOT_DATA", shared.data.to_str().unwrap()),
            ("MEDBOT_ENGINES", ENGINES),
        ],
        false,
    );
    dies(&caller, database).await;
    fs::rename(&aside, &original).unwrap();
    let long = caller
        .ask(reqwest::Method::POST, "/v1/documents?engines=pdf_text")
        .header("content-disposition", "attachment; filename=\"long.pdf\"")
        .body(long_document::of_pages(PAGES))
        .send()
        .await
        .unwrap();
    assert_eq!(long.status(), StatusCode::ACCEPTED);
    let long: serde_json::Value = long.json().await.unwrap();
    let long = long["jobs"][0]["document_id"].as_str().unwrap().to_owned();

    let scans = folder.path().join("scans");
    fs::create_dir(&scans).unwrap();
    for name in ["lab_cumulative_shaded.jpg", "prescription_handwritten.jpg"] {
        fs::write(scans.join(name), document(name)).unwrap();
    }
    fs::write(scans.join("notes.txt"), "no document").unwrap();
    fs::write(scans.join(".DS_Store"), "litter").unwrap();
    let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    println!("pictures go to {}", shots.display());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/tests/page.mjs");
    let mut browser = Command::new("node");
    browser
        .arg(script)
        .arg(&server.url)
        .arg(folder.path().join("admin.key"))
        .args([&scans, &PathBuf::from(&long), &shots]);
    let output = tokio::task::spawn_blocking(move || browser.output().unwrap())
        .await
        .unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Where the store keeps what was uploaded.
fn original(data: &Path, document: &str) -> PathBuf {
    let tenants = fs::read_dir(data.join("objects")).unwrap();
    let tenant = tenants
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join(document).is_dir());
    tenant.unwrap().join(document).join("original")
}

/// Waits until a task is a dead letter; it need not rest between its attempts.
async fn dies(caller: &Caller, database: &str) {
    let pool = PgPool::connect(database).await.unwrap();
    let start = Instant::now();
    loop {
        sqlx::query("UPDATE tasks SET run_at = now() WHERE state = 'queued'")
            .execute(&pool)
            .await
            .unwrap();
        sqlx::query("SELECT pg_notify('medbot_due', '')")
            .execute(&pool)
            .await
            .unwrap();
        let dead = caller.json("/v1/admin/dead-letters").await;
        if dead["dead_letters"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
        {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "it does not die");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
