//! A client that was written from `/openapi.json` alone meets no surprise.

use std::{path::Path, process::Command};

use reqwest::StatusCode;

use crate::server::{Caller, Medbot, document, folder, turn};

#[tokio::test]
async fn every_answer_is_described() {
    let _turn = turn().await;
    let data = folder();
    let server = Medbot::up(data.path(), &[]);
    let caller = Caller::admin(&server, data.path());
    caller.until("/readyz", StatusCode::OK).await;
    let (job, _) = caller
        .take("a.png", document("prescription_letterhead.png"))
        .await;
    caller.end_of(&job).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/scripts/check_openapi");
    let ran = Command::new(script)
        .arg(&server.url)
        .arg(data.path().join("admin.key"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}
