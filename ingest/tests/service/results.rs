//! One server, several documents: from the upload to the review, in every form.

use std::{io::Write as _, path::Path, process::Command};

use futures::StreamExt as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{Caller, Medbot, document, folder, turn};

#[tokio::test]
async fn a_document_goes_from_upload_to_review() {
    let _turn = turn().await;
    let data = folder();
    let server = Medbot::up(data.path(), &[]);
    let caller = Caller::admin(&server, data.path());
    caller.until("/readyz", StatusCode::OK).await;

    let name = "prescription_repeat_turned.png";
    let (job, id) = caller.take(name, document(name)).await;
    let ended = followed(&caller, &job).await;
    assert!(
        matches!(ended["state"].as_str(), Some("succeeded" | "needs_review")),
        "{ended}"
    );
    assert_eq!(ended["pages"], 1);
    for (stage, progress) in ended["progress"].as_object().unwrap() {
        assert_eq!(progress["done"], progress["total"], "{stage}");
    }

    let result = caller.json(&format!("/v1/documents/{id}")).await;
    // Beside the client, whose idle connections the server closes meanwhile.
    let same = result.clone();
    let compared = tokio::task::spawn_blocking(move || same_as_process(name, &same));
    compared.await.unwrap();
    forms(&caller, &id, &result).await;
    polls(&caller, &job).await;
    doubles(&caller, name, &job, &id).await;
    entities(&caller, &id, &result).await;
    reviews(&caller, &id, &job).await;

    batch(&caller).await;
    several_pages_and_cancel(&caller).await;

    let erased = caller
        .ask(Method::DELETE, &format!("/v1/documents/{id}"))
        .send()
        .await;
    assert_eq!(erased.unwrap().status(), StatusCode::NO_CONTENT);
    for path in [
        format!("/v1/documents/{id}"),
        format!("/v1/documents/{id}/pages/0.png"),
        format!("/v1/jobs/{job}"),
    ] {
        assert_eq!(
            caller.get(&path).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let left = caller.json(&format!("/v1/entities?document={id}")).await;
    assert_eq!(left["entities"], json!([]));
    sealed(data.path());

    let mut server = server;
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0), "SIGTERM ends it in peace");
}

/// Events of a job until it ends; then the last one again, by its id.
async fn followed(caller: &Caller, job: &str) -> Value {
    let path = format!("/v1/jobs/{job}/events");
    let mut events = caller.get(&path).await.bytes_stream();
    let mut text = String::new();
    while let Some(piece) = events.next().await {
        text.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
    }
    let events: Vec<(i64, Value)> = text
        .split("\n\n")
        .filter(|event| event.contains("data:"))
        .map(|event| {
            let field = |name: &str| {
                event
                    .lines()
                    .find_map(|line| line.strip_prefix(name))
                    .unwrap()
            };
            (
                field("id: ").parse().unwrap(),
                serde_json::from_str(field("data: ")).unwrap(),
            )
        })
        .collect();
    assert!(
        events.len() > 3,
        "progress is told: {} events",
        events.len()
    );
    assert!(events.is_sorted_by(|a, b| a.0 < b.0), "versions grow");
    let (last, job) = events.last().unwrap();
    // Who has seen all but the last change gets that one.
    let again = caller
        .ask(Method::GET, &path)
        .header("last-event-id", (last - 1).to_string())
        .send()
        .await
        .unwrap();
    let again = again.text().await.unwrap();
    assert!(again.contains(&format!("id: {last}\n")), "{again}");
    assert_eq!(again.matches("data: ").count(), 1);
    job.clone()
}

/// The service says what `medbot process` says of the same bytes, but for ids and timings.
fn same_as_process(name: &str, result: &Value) {
    let out = tempfile::tempdir().unwrap();
    let input = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/documents")
        .join(name);
    let run = Command::new(env!("CARGO_BIN_EXE_medbot"))
        .arg("process")
        .arg(&input)
        .arg("--out")
        .arg(out.path())
        .output()
        .unwrap();
    assert!(run.status.success());
    let json = std::fs::read(out.path().join(format!("{name}.json"))).unwrap();
    let mut expected: Value = serde_json::from_slice(&json).unwrap();
    let mut result = result.clone();
    for document in [&mut expected, &mut result] {
        document["document"]["id"] = Value::Null;
        document["timings_ms"] = Value::Null;
        // `process` lists engines that had nothing to read, too.
        document["engines"] = Value::Null;
    }
    assert_eq!(result, expected);
}

async fn forms(caller: &Caller, id: &str, result: &Value) {
    let path = format!("/v1/documents/{id}");
    let text = caller.get(&format!("{path}?format=text")).await;
    assert_eq!(text.headers()["cache-control"], "no-store");
    assert_eq!(text.text().await.unwrap(), result["text"].as_str().unwrap());
    let asked = caller
        .ask(Method::GET, &path)
        .header("accept", "text/vnd.hocr+html")
        .send()
        .await
        .unwrap();
    assert!(asked.text().await.unwrap().contains("ocr_page"));
    let alto = caller.get(&format!("{path}?format=alto")).await;
    assert_eq!(alto.headers()["content-type"], "application/xml");
    let (alto, words) = (alto.text().await.unwrap(), words(result));
    assert_eq!(alto.matches("<String ").count(), words.len());
    assert!(alto.ends_with("</alto>\n"), "it is whole");
    let pdf = caller.ask(Method::GET, &path);
    let pdf = pdf
        .header("accept", "application/pdf")
        .send()
        .await
        .unwrap();
    assert_eq!(pdf.headers()["content-type"], "application/pdf");
    let pdf = pdf.bytes().await.unwrap();
    let again = caller.get(&format!("{path}?format=pdf")).await;
    assert_eq!(
        pdf,
        again.bytes().await.unwrap(),
        "the same bytes every time"
    );
    assert_eq!(by_poppler(&pdf), words);
    let fhir = caller.ask(Method::GET, &path);
    let fhir = fhir.header("accept", "application/fhir+json").send().await;
    let fhir = fhir.unwrap();
    assert_eq!(fhir.headers()["content-type"], "application/fhir+json");
    let fhir = fhir.text().await.unwrap();
    let again = caller.get(&format!("{path}?format=fhir")).await;
    assert_eq!(
        fhir,
        again.text().await.unwrap(),
        "the same bytes every time"
    );
    let bundle: Value = serde_json::from_str(&fhir).unwrap();
    assert_eq!(bundle["type"], "collection");
    assert!(!fhir.contains("\"accepted\""), "nobody has reviewed it");
    let page = caller.get(&format!("{path}/pages/0.png")).await;
    let page = image::load_from_memory(&page.bytes().await.unwrap()).unwrap();
    assert_eq!(result["pages"][0]["width"], page.width());
    assert_eq!(result["pages"][0]["height"], page.height());
}

fn words(result: &Value) -> Vec<String> {
    let array = |value: &Value| value.as_array().unwrap().clone();
    let lines = array(&result["pages"]).into_iter();
    lines
        .flat_map(|page| array(&page["lines"]))
        .flat_map(|line| array(&line["words"]))
        .map(|word| word["text"].as_str().unwrap().to_owned())
        .collect()
}

/// The words of a PDF as another program finds them.
fn by_poppler(pdf: &[u8]) -> Vec<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pdf).unwrap();
    let arguments = ["-raw".as_ref(), file.path().as_os_str(), "-".as_ref()];
    let output = Command::new("pdftotext").args(arguments).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    text.split_whitespace().map(str::to_owned).collect()
}

async fn polls(caller: &Caller, job: &str) {
    let path = format!("/v1/jobs/{job}");
    let first = caller.get(&path).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let again = caller.ask(Method::GET, &path).header("if-none-match", &tag);
    assert_eq!(
        again.send().await.unwrap().status(),
        StatusCode::NOT_MODIFIED
    );
    let late = caller.ask(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(late.status(), StatusCode::CONFLICT, "it has ended already");
}

async fn doubles(caller: &Caller, name: &str, job: &str, id: &str) {
    let again: Value = caller
        .upload("other name.png", document(name))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(again["jobs"][0]["duplicate"], true);
    assert_eq!(again["jobs"][0]["job_id"], job);
    assert_eq!(again["jobs"][0]["document_id"], id);

    let once = |key: &'static str, query: &'static str| {
        caller
            .ask(Method::POST, &format!("/v1/documents{query}"))
            .header("idempotency-key", key)
            .body(document("lab_columns.png"))
            .send()
    };
    let first = once("k1", "?dedupe=false").await.unwrap();
    let location = first.headers()["location"].clone();
    let first: Value = first.json().await.unwrap();
    let second = once("k1", "?dedupe=false").await.unwrap();
    assert_eq!(second.headers()["idempotent-replayed"], "true");
    assert_eq!(second.headers()["location"], location);
    assert_eq!(second.json::<Value>().await.unwrap(), first);
    let other = once("k1", "").await.unwrap();
    assert_eq!(other.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let cancelled = caller
        .ask(Method::DELETE, location.to_str().unwrap())
        .send()
        .await
        .unwrap();
    assert!(matches!(cancelled.status().as_u16(), 200 | 409));
}

async fn entities(caller: &Caller, id: &str, result: &Value) {
    let of = format!("/v1/entities?document={id}");
    let present = result["entities"].as_array().unwrap().iter();
    let present = present
        .filter(|entity| entity["assertion"] == "present")
        .count();
    assert!(present > 3);
    let page = caller.json(&format!("{of}&limit=2")).await;
    assert_eq!(page["entities"].as_array().unwrap().len(), 2);
    let mut seen = page["entities"].as_array().unwrap().clone();
    let mut cursor = page["next_cursor"].as_str().map(str::to_owned);
    while let Some(next) = cursor {
        let page = caller.json(&format!("{of}&limit=2&cursor={next}")).await;
        seen.extend(page["entities"].as_array().unwrap().iter().cloned());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
    }
    assert_eq!(seen.len(), present);

    let accepted =
        |media: &'static str| caller.ask(Method::GET, &of).header("accept", media).send();
    let lines = accepted("application/x-ndjson")
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(lines.lines().count(), present);
    let table = accepted("text/csv").await.unwrap().text().await.unwrap();
    let rows = csv::Reader::from_reader(table.as_bytes())
        .into_records()
        .count();
    assert_eq!(rows, present);
    let parquet = accepted("application/vnd.apache.parquet")
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    assert_eq!(
        accepted("image/png").await.unwrap().status(),
        StatusCode::NOT_ACCEPTABLE
    );

    let drug = seen
        .iter()
        .find(|entity| entity["type"] == "medication")
        .unwrap();
    let name = drug["name"].as_str().unwrap().to_uppercase();
    let found = caller
        .ask(Method::POST, "/v1/entities/search")
        .json(&json!({"type": "medication", "name": name}))
        .send()
        .await
        .unwrap();
    let found: Value = found.json().await.unwrap();
    assert_eq!(found["entities"][0]["entity_id"], drug["entity_id"]);

    for entity in &seen {
        let id = entity["entity_id"].as_str().unwrap();
        let crop = caller.get(&format!("/v1/entities/{id}/evidence.png")).await;
        assert_eq!(crop.status(), StatusCode::OK, "{entity}");
        let crop = image::load_from_memory(&crop.bytes().await.unwrap()).unwrap();
        assert!(crop.width() > 8 && crop.height() > 8);
    }
}

async fn reviews(caller: &Caller, id: &str, job: &str) {
    let of = format!("/v1/entities?document={id}&type=medication");
    let drug = caller.json(&of).await["entities"][0].clone();
    let path = format!("/v1/entities/{}", drug["entity_id"].as_str().unwrap());
    let review = |body: Value| caller.ask(Method::PATCH, &path).json(&body).send();
    let version = drug["version"].as_i64().unwrap();
    for (case, body) in [
        (
            "unknown",
            json!({"version": version, "decision": "correct", "attributes": {"colour": "red"}}),
        ),
        (
            "fixed",
            json!({"version": version, "decision": "correct", "attributes": {"words": []}}),
        ),
        (
            "nothing",
            json!({"version": version, "decision": "correct"}),
        ),
    ] {
        let status = review(body).await.unwrap().status();
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{case}");
    }
    let corrected = json!({"version": version, "decision": "correct",
        "attributes": {"strength": "75 mg"}, "reason": "smudged"});
    let answer: Value = review(corrected.clone())
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(answer["strength"], "75 mg");
    assert_eq!(answer["needs_review"], false);
    assert_eq!(
        review(corrected).await.unwrap().status(),
        StatusCode::CONFLICT
    );
    let result = caller.json(&format!("/v1/documents/{id}")).await;
    let shown = result["entities"].as_array().unwrap().iter();
    let shown = shown
        .clone()
        .find(|entity| entity["id"] == drug["id"])
        .unwrap();
    assert_eq!(
        shown["strength"], "75 mg",
        "the result shows what the reviewer wrote"
    );

    loop {
        let open = caller
            .json(&format!("/v1/entities?document={id}&needs_review=true"))
            .await;
        let Some(entity) = open["entities"].as_array().unwrap().first().cloned() else {
            break;
        };
        let path = format!("/v1/entities/{}", entity["entity_id"].as_str().unwrap());
        let body = json!({"version": entity["version"], "decision": "accept"});
        let done = caller
            .ask(Method::PATCH, &path)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(done.status(), StatusCode::OK);
    }
    let job = caller.json(&format!("/v1/jobs/{job}")).await;
    assert_eq!(
        job["state"], "succeeded",
        "the last review ends the job's review"
    );
}

/// A zip with good files, a broken one and litter.
async fn batch(caller: &Caller) {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in [
        ("ward 3/lab_columns.png", document("lab_columns.png")),
        ("ward 3/notes.txt", b"no picture".to_vec()),
        ("ward 3/empty.pdf", Vec::new()),
        ("__MACOSX/._x", b"litter".to_vec()),
        ("fax é.tif", document("referral_fax.tif")),
    ] {
        zip.start_file(name, options).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    let zip = zip.finish().unwrap().into_inner();
    let answer = caller
        .ask(Method::POST, "/v1/batches")
        .body(zip)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["jobs"].as_array().unwrap().len(), 2, "{answer}");
    assert_eq!(answer["rejected"].as_array().unwrap().len(), 2, "{answer}");
    for job in answer["jobs"].as_array().unwrap() {
        caller.end_of(job["job_id"].as_str().unwrap()).await;
    }
    let batch = caller.json(&location).await;
    assert_eq!(batch["total"], 4);
    assert_eq!(batch["rejected"], 2);
    assert_eq!(batch["done"], true);
    let ended = batch["counts"]["succeeded"].as_u64().unwrap()
        + batch["counts"]["needs_review"].as_u64().unwrap();
    assert_eq!(ended, 2, "{batch}");
}

async fn several_pages_and_cancel(caller: &Caller) {
    let name = "discharge_two_pages.pdf";
    let parts = reqwest::multipart::Form::new()
        .part(
            "file",
            reqwest::multipart::Part::bytes(document(name)).file_name(name),
        )
        .part(
            "file",
            reqwest::multipart::Part::bytes(document("claim_form.png")).file_name("claim.png"),
        );
    let answer = caller
        .ask(Method::POST, "/v1/documents?priority=urgent")
        .multipart(parts)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert!(
        answer.headers()["location"]
            .to_str()
            .unwrap()
            .starts_with("/v1/batches/")
    );
    let answer: Value = answer.json().await.unwrap();
    let job = |n: usize| answer["jobs"][n]["job_id"].as_str().unwrap();
    let cancelled = caller
        .ask(Method::DELETE, &format!("/v1/jobs/{}", job(1)))
        .send()
        .await;
    let cancelled: Value = cancelled.unwrap().json().await.unwrap();
    assert_eq!(cancelled["state"], "cancelled");
    let document = answer["jobs"][1]["document_id"].as_str().unwrap();
    let none = caller.get(&format!("/v1/documents/{document}")).await;
    assert_eq!(
        none.status(),
        StatusCode::CONFLICT,
        "a cancelled job has no result"
    );
    let ended = caller.end_of(job(0)).await;
    assert_eq!(ended["pages"], 2);
    assert_eq!(ended["progress"]["fuse"]["done"], 2);
}

/// Nothing of a document lies readable in the folder of objects.
fn sealed(data: &Path) {
    let mut open = vec![data.join("objects")];
    let mut files = 0;
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                open.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            for plain in [&b"PNG"[..], b"%PDF", b"medbot.document", b"\"text\""] {
                let found = bytes.windows(plain.len()).any(|window| window == plain);
                // Three bytes may come by chance in megabytes of ciphertext, but not at the beginning.
                let found = if plain.len() < 5 {
                    bytes.starts_with(plain)
                } else {
                    found
                };
                assert!(!found, "{}", entry.path().display());
            }
            files += 1;
        }
    }
    assert!(files > 0);
}
