//! kill -9 of the whole service in the middle: what was taken is finished by the next.

use reqwest::StatusCode;

use crate::server::{Caller, Medbot, document, folder, turn};

#[tokio::test]
async fn a_killed_service_goes_on_where_it_was() {
    let _turn = turn().await;
    let data = folder();
    let short = [("MEDBOT_LEASE_SECONDS", "3")];
    let server = Medbot::up(data.path(), &short);
    let caller = Caller::admin(&server, data.path());
    caller.until("/readyz", StatusCode::OK).await;
    let mut jobs = Vec::new();
    for name in [
        "discharge_two_pages.pdf",
        "claim_form.png",
        "lab_columns.png",
    ] {
        jobs.push(caller.take(name, document(name)).await);
    }
    // Killed as soon as work has begun.
    loop {
        let job = caller.json(&format!("/v1/jobs/{}", jobs[0].0)).await;
        if job["progress"]["prepare"]["done"].as_u64() > Some(0) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    drop(server);

    let server = Medbot::up(data.path(), &short);
    let caller = Caller::admin(&server, data.path());
    for (job, id) in &jobs {
        let ended = caller.end_of(job).await;
        assert!(
            matches!(ended["state"].as_str(), Some("succeeded" | "needs_review")),
            "{ended}"
        );
        let result = caller.json(&format!("/v1/documents/{id}")).await;
        assert!(result["entities"].as_array().unwrap().len() > 3);
    }
}
