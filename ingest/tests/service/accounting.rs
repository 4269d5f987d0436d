//! No line of the audit log is lost or wrong where a request does not go its usual way: its client has gone, a
//! model's words do not stand, somebody who is signed in is refused.

use std::{fs, process::Command, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
    routing::post,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
};
use uuid::Uuid;

use crate::server::{Caller, Medbot, PATIENCE, Shared, document, folder, problem, turn};

/// Documents that are erased.
const ERASED: usize = 48;

#[tokio::test]
async fn an_erasure_whose_client_has_gone_leaves_its_line() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let (mut server, caller) = shared.serve(&[]);
    caller.until("/readyz", StatusCode::OK).await;
    let key = fs::read_to_string(folder.path().join("admin.key")).unwrap();
    let bytes = document("lab_columns.png");
    let mut ids = Vec::new();
    for _ in 0..ERASED {
        let path = "/v1/documents?dedupe=false";
        let taken = caller.ask(Method::POST, path).body(bytes.clone());
        let taken: Value = taken.send().await.unwrap().json().await.unwrap();
        let id = taken["jobs"][0]["document_id"].as_str().unwrap();
        ids.push(id.parse::<Uuid>().unwrap());
    }
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    for (n, id) in (0_u64..).zip(&ids) {
        let mut client = TcpStream::connect(&address).await.unwrap();
        let request = format!(
            "DELETE /v1/documents/{id} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\r\n",
            key.trim()
        );
        client.write_all(request.as_bytes()).await.unwrap();
        // Clients close before, while and after the document is erased.
        tokio::time::sleep(Duration::from_millis(n * 2 % 48)).await;
        drop(client);
    }
    // It ends only when what it began is done, so that nothing has to be waited for.
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));

    let url = shared.database.variable("MEDBOT_TEST_DATABASE_URL");
    let pool = PgPool::connect(url).await.unwrap();
    let there: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM documents")
        .fetch_all(&pool)
        .await
        .unwrap();
    let lines: Vec<String> = sqlx::query_scalar("SELECT event FROM audit_events")
        .fetch_all(&pool)
        .await
        .unwrap();
    pool.close().await;
    let erased: Vec<&Uuid> = ids.iter().filter(|id| !there.contains(id)).collect();
    assert!(erased.len() >= ERASED / 6, "{} were erased", erased.len());
    let without: Vec<&&Uuid> = erased
        .iter()
        .filter(|id| {
            let object = format!("\"/v1/documents/{id}\"");
            let line = |line: &&String| line.contains("document.erase") && line.contains(&object);
            !lines.iter().any(|one| line(&one))
        })
        .collect();
    println!("{} erased, {} without a line", erased.len(), without.len());
    assert_eq!(without, [&&Uuid::nil(); 0], "erasures without a line");
}

/// A model that says what the test says, once it was asked.
struct Model {
    url: String,
    asked: mpsc::Receiver<String>,
    says: mpsc::Sender<Response>,
}

type Ends = (mpsc::Sender<String>, Arc<Mutex<mpsc::Receiver<Response>>>);

impl Model {
    async fn start() -> Self {
        let (heard, asked) = mpsc::channel(1);
        let (says, said) = mpsc::channel(1);
        let router = Router::new()
            .route("/v1/chat/completions", post(Self::answer))
            .with_state((heard, Arc::new(Mutex::new(said))));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked, says }
    }

    async fn answer(State((heard, said)): State<Ends>, body: String) -> Response {
        heard.send(body).await.unwrap();
        said.lock().await.recv().await.unwrap()
    }
}

/// Words as a model streams them.
fn words(text: &str) -> Response {
    let chunk = json!({"choices": [{"delta": {"content": text}}]});
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 70, "completion_tokens": 7}});
    let stream = format!("data: {chunk}\n\ndata: {usage}\n\ndata: [DONE]\n\n");
    ([(header::CONTENT_TYPE, "text/event-stream")], stream).into_response()
}

/// Actions and outcomes of the log's lines that are about the chat.
async fn of_chat(caller: &Caller) -> Vec<(String, u64)> {
    let log = caller.json("/v1/admin/audit").await;
    let events = log["events"].as_array().unwrap().iter();
    events
        .map(|event| {
            let action = event["action"].as_str().unwrap().to_owned();
            (action, event["outcome"].as_u64().unwrap())
        })
        .filter(|(action, _)| action.starts_with("chat."))
        .collect()
}

#[tokio::test]
async fn every_call_of_a_model_has_a_line_before_it_and_one_after() {
    let _turn = turn().await;
    let data = folder();
    let mut model = Model::start().await;
    let settings = [("LLM_BASE_URL", &*model.url), ("LLM_MODEL", "test")];
    let server = Medbot::up(data.path(), &settings);
    let caller = Caller::admin(&server, data.path());
    caller.until("/readyz", StatusCode::OK).await;
    let question = json!({
        "question": "what does vitamin K do to warfarin",
        "among": "knowledge",
    });
    let ask = || caller.ask(Method::POST, "/v1/chat").json(&question).send();
    let line = |action: &str, outcome| (action.to_owned(), outcome);

    let mut written = Vec::new();
    for (case, says, outcome, stands) in [
        (
            "a sentence that no quotation bears",
            words("Bananas cure 77 people of leprosy [1]."),
            204,
            false,
        ),
        ("nothing", words(""), 204, false),
        (
            "a refusal",
            StatusCode::UNAUTHORIZED.into_response(),
            401,
            false,
        ),
        ("no stream", "<html></html>".into_response(), 502, false),
        // Its words are those of the first quotation.
        ("the quotation", ().into_response(), 200, true),
    ] {
        let asked = ask();
        let answers = async {
            let told = model.asked.recv().await.unwrap();
            // It was asked this moment: that is written down, and nothing else yet.
            written.push(line("chat.model", 102));
            assert_eq!(of_chat(&caller).await, written, "{case}");
            let told: Value = serde_json::from_str(&told).unwrap();
            let told = told["messages"].as_array().unwrap().last().unwrap();
            let told = told["content"].as_str().unwrap();
            let quotation = told.split("<quotation number=\"1\">").nth(1).unwrap();
            let quotation = quotation.split("</quotation>").next().unwrap();
            let says = if stands {
                words(&format!("{quotation} [1]."))
            } else {
                says
            };
            model.says.send(says).await.unwrap();
        };
        let (answer, ()) = tokio::join!(asked, answers);
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{case}");
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["outcome"], "answered", "{case}: {answer}");
        assert_eq!(answer["model"].is_string(), stands, "{case}: {answer}");
        let took = if matches!(outcome, 200 | 204) { 70 } else { 0 };
        assert_eq!(answer["tokens"]["prompt"], took, "{case}: {answer}");
        written.extend([line("chat.model", outcome), line("chat.ask", 200)]);
        assert_eq!(of_chat(&caller).await, written, "{case}");
    }

    // Who asked has gone: the model is not listened to any more, and that is written down too.
    let asked = tokio::spawn(ask());
    model.asked.recv().await.unwrap();
    asked.abort();
    written.extend([
        line("chat.model", 102),
        line("chat.model", 499),
        line("chat.ask", 200),
    ]);
    let begun = std::time::Instant::now();
    while of_chat(&caller).await != written {
        assert!(begun.elapsed() < PATIENCE, "{:?}", of_chat(&caller).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_signed_in_person_who_is_refused_stands_in_their_own_log() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let medbot = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_medbot"));
        let output = command.args(arguments).envs(shared.with(&[])).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let clinic = medbot(&["keys", "tenant", "Elm Clinic"]);
    let file = folder.path().join("elm.key");
    let path = file.to_str().unwrap();
    medbot(&["keys", "add", "--tenant", &clinic, "--role", "admin", path]);
    let (server, _) = shared.serve(&[]);
    let caller = Caller::new(&server.url, Some(&file));
    caller.until("/readyz", StatusCode::OK).await;
    let key = fs::read_to_string(&file).unwrap();
    let opened = Caller::new(&server.url, None)
        .ask(Method::POST, "/v1/session")
        .json(&json!({"key": key.trim()}));
    let opened = opened.send().await.unwrap();
    assert_eq!(opened.status(), StatusCode::CREATED);
    let cookie = opened.headers()[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();

    // A page of somebody else has the browser send it, with the cookie and without the token.
    let forged = Caller::new(&server.url, None)
        .ask(Method::POST, "/v1/webhooks")
        .header(header::COOKIE, cookie)
        .header(header::ORIGIN, "https://elsewhere.example.org")
        .json(&json!({"url": "https://example.org/"}));
    problem(forged.send().await.unwrap(), 403, "cross-site").await;
    let who = caller.json("/v1/session").await["key_id"].clone();
    let log = caller.json("/v1/admin/audit").await;
    let lines = log["events"].as_array().unwrap().iter();
    let line = lines.rev().find(|event| event["object"] == "/v1/webhooks");
    let line = line.unwrap_or_else(|| panic!("it stands in another's log: {log}"));
    assert_eq!(line["outcome"], 403, "{line}");
    assert_eq!(line["actor"]["id"], who, "{line}");
    assert_eq!(line["actor"]["role"], "admin", "{line}");
}

#[tokio::test]
async fn a_line_says_to_what_a_search_was_narrowed_and_how_much_was_given() {
    let _turn = turn().await;
    let data = folder();
    let server = Medbot::up(data.path(), &[("MEDBOT_ENGINES", "tesseract")]);
    let caller = Caller::admin(&server, data.path());
    caller.until("/readyz", StatusCode::OK).await;
    let (job, id) = caller.take("a.png", document("lab_columns.png")).await;
    caller.end_of(&job).await;
    let patient = Uuid::from_u128(7).to_string();
    let path = format!("/v1/entities?document={id}&limit=2");
    let found = caller.json(&path).await;
    assert_eq!(found["entities"].as_array().unwrap().len(), 2);
    let search = caller
        .ask(Method::POST, "/v1/entities/search")
        .json(&json!({"patient": patient, "name": "Whitcombe"}));
    assert_eq!(search.send().await.unwrap().status(), StatusCode::OK);
    let export = caller
        .ask(Method::GET, &format!("/v1/entities?document={id}"))
        .header("accept", "text/csv");
    let export = export.send().await.unwrap();
    // Below their names.
    let exported = export.text().await.unwrap().lines().count() - 1;
    assert!(exported > 1);
    let pause = std::time::Duration::from_millis(50);
    let mut log = Value::Null;
    let begun = std::time::Instant::now();
    while !log.to_string().contains("entity.export") {
        assert!(begun.elapsed() < PATIENCE, "the export has no end: {log}");
        tokio::time::sleep(pause).await;
        log = caller.json("/v1/admin/audit?after=1").await;
    }
    caller.json("/v1/jobs").await;
    let log = caller.json("/v1/admin/audit?after=1").await;
    let extents: Vec<Value> = log["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["action"] != "audit.read")
        .map(|event| json!([event["document"], event["patient"], event["rows"]]))
        .collect();
    assert_eq!(
        extents,
        [
            json!([id, null, 2]),
            json!([null, patient, 0]),
            // An export streams: the line stands before it is known how much there is.
            json!([id, null, null]),
            // At its end there is another.
            json!([id, null, exported]),
            json!([null, null, 1]),
        ]
    );
    assert!(!log.to_string().contains("Whitcombe"), "{log}");
    let fhir = caller
        .ask(Method::GET, "/v1/admin/audit?after=1")
        .header("accept", "application/fhir+ndjson");
    let fhir = fhir.send().await.unwrap().text().await.unwrap();
    let event: Value = serde_json::from_str(fhir.lines().next().unwrap()).unwrap();
    assert_eq!(event["entity"][0]["detail"][0]["valueString"], "2");
    let object = format!("/v1/documents/{id}");
    assert_eq!(event["entity"][1]["what"]["display"], object);
    let intact = caller.json("/v1/admin/audit/verification").await;
    assert_eq!(intact["intact"], true, "{intact}");
}

/// Rows and status of the lines that ends of exports have left, once there are so many.
async fn ends(pool: &sqlx::PgPool, wanted: usize) -> Vec<(i64, i32)> {
    let begun = std::time::Instant::now();
    loop {
        let ends: Vec<(i64, i32)> = sqlx::query_as(
            "SELECT (event::json ->> 'rows')::bigint, (event::json ->> 'outcome')::int FROM audit_events
             WHERE event::json ->> 'action' = 'entity.export' ORDER BY seq",
        )
        .fetch_all(pool)
        .await
        .unwrap();
        if ends.len() >= wanted {
            return ends;
        }
        assert!(begun.elapsed() < PATIENCE, "{ends:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_export_says_at_its_end_how_much_left_also_when_its_client_has_gone() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[("MEDBOT_ENGINES", "tesseract")]);
    let (_server, caller) = shared.serve(&[]);
    let worker = shared.work(&[]);
    caller.until("/readyz", StatusCode::OK).await;
    let (job, _) = caller.take("a.png", document("lab_columns.png")).await;
    caller.end_of(&job).await;
    drop(worker);
    // Many more of the same: far more than waits on the way to a client.
    let url = shared.database.variable("MEDBOT_TEST_DATABASE_URL");
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    sqlx::query(
        "INSERT INTO entities (id, tenant_id, document_id, job_id, local_id, type, name, iso, assertion, confidence,
             needs_review, codes, entity, created_at)
         SELECT gen_random_uuid(), tenant_id, document_id, job_id, local_id, type, name, iso, assertion, confidence,
             needs_review, codes, entity, created_at FROM entities, generate_series(1, 5000)",
    )
    .execute(&pool)
    .await
    .unwrap();
    let there: i64 =
        sqlx::query_scalar("SELECT count(*) FROM entities WHERE assertion = 'present'")
            .fetch_one(&pool)
            .await
            .unwrap();
    let export = async || {
        let asked = caller
            .ask(Method::GET, "/v1/entities")
            .header("accept", "application/x-ndjson");
        asked.send().await.unwrap()
    };
    let whole = export().await.text().await.unwrap();
    assert_eq!(whole.lines().count() as i64, there);
    assert_eq!(ends(&pool, 1).await, [(there, 200)]);

    let mut left = export().await;
    let first = left.chunk().await.unwrap().expect("a piece");
    drop(left);
    let (rows, outcome) = ends(&pool, 2).await[1];
    assert_eq!(outcome, 499);
    assert!(rows > 0 && rows < there, "{rows} of {there}");
    let given = first.iter().filter(|byte| **byte == b'\n').count() as i64;
    assert!(rows >= given, "{rows} of which {given} were taken");
    pool.close().await;
}
