//! Archives and file names that are made to do harm: an archive's sound members are taken and nothing else
//! is, a name is a label, nothing is written where a name points to, and the service goes on.

use std::path::Path;

use fixtures::hostile::{NAMES, archives};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::server::{Caller, Shared, document, folder, turn};

#[tokio::test]
async fn archives_and_names_do_no_harm() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    // Nobody works: what is taken waits.
    let (server, caller) = shared.serve(&[]);

    let mut wrong = Vec::new();
    for archive in archives() {
        let answer = caller.ask(Method::POST, "/v1/batches").body(archive.bytes);
        let answer = answer.send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        let taken = body["jobs"].as_array().map(Vec::len);
        let kind = body["type"].as_str().unwrap_or_default();
        let refused = body["rejected"].as_array().into_iter().flatten();
        let right = match archive.sound {
            Some(sound) => {
                status == 202
                    && taken == Some(sound)
                    && refused.clone().all(|r| r["error"]["type"].is_string())
            }
            None => matches!(status, 413 | 415 | 422) && kind.starts_with("urn:medbot:problem:"),
        };
        if !right {
            wrong.push(format!("{}: {status} {taken:?} {kind}", archive.file));
        }
        if let (Some(sound), Some(batch)) = (archive.sound, body["batch_id"].as_str()) {
            let batch = caller.json(&format!("/v1/batches/{batch}")).await;
            assert_eq!(
                batch["jobs"].as_array().map(Vec::len),
                Some(sound),
                "{}",
                archive.file
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    let page = document("lab_columns.png");
    for name in NAMES {
        let (status, body) = upload(&caller, name, &page).await;
        // A line's end within a header is the end of the header, and the part may be none then.
        if status == StatusCode::BAD_REQUEST || status == StatusCode::UNPROCESSABLE_ENTITY {
            assert!(name.contains(['\r', '\n', '\0']), "{name:?}: {body}");
            continue;
        }
        assert_eq!(status, StatusCode::ACCEPTED, "{name:?}: {body}");
        let job = body["jobs"][0]["job_id"].as_str().unwrap();
        let job = caller.json(&format!("/v1/jobs/{job}")).await;
        let kept = job["file"].as_str().unwrap();
        assert!(
            !kept.chars().any(char::is_control),
            "{name:?} is kept as {kept:?}"
        );
    }
    assert_eq!(caller.get("/healthz").await.status(), StatusCode::OK);

    drop(server);
    for place in [folder.path(), &std::env::temp_dir(), Path::new("/")] {
        let slipped = std::fs::read_dir(place)
            .unwrap()
            .filter_map(Result::ok)
            .find(|entry| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .contains("medbot_slipped")
            });
        assert!(slipped.is_none(), "{slipped:?} was written");
    }
}

/// A multipart body written by hand: a client's library would make the name harmless.
async fn upload(caller: &Caller, name: &str, bytes: &[u8]) -> (StatusCode, Value) {
    let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
    let body = [
        format!("--frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{quoted}\"\r\n\r\n").as_bytes(),
        bytes,
        b"\r\n--frontier--\r\n",
    ]
    .concat();
    let answer = caller
        .ask(Method::POST, "/v1/documents?dedupe=false")
        .header("content-type", "multipart/form-data; boundary=frontier")
        .body(body)
        .send()
        .await
        .unwrap();
    assert!(answer.headers().get("set-cookie").is_none(), "{name:?}");
    let status = answer.status();
    (status, answer.json().await.unwrap())
}
