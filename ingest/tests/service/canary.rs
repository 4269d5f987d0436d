//! What a document says stands nowhere in the clear but in the columns that `infra/docs/security.md` lists.

use std::{collections::BTreeSet, fs, path::Path};

use reqwest::{
    StatusCode,
    multipart::{Form, Part},
};
use sqlx::{AssertSqlSafe, PgPool, Row as _};
use uuid::Uuid;

use crate::{
    echo,
    observing::metrics,
    server::{Caller, Medbot, Service, document, folder, problem, turn},
};

/// Names and numbers of the page, a date and a code as they are searched by, and the file's name.
const CANARIES: [&str; 8] = [
    "Whitcombe",
    "Bellweather",
    "Fernhollow",
    "1313310255",
    "Hydroxyzine",
    "1977-07-15",
    "DB00557",
    "Quuxley",
];
/// The name of files of a batch, one of which is refused, and why somebody corrected something.
const WRITTEN: [&str; 2] = ["Zelinskimoor", "Marrowgate"];
/// Columns in which one of them must be found: else the test would not have looked.
const HOLD: [&str; 4] = [
    "batch_items.file",
    "entities.codes",
    "entities.iso",
    "reviews.reason",
];
/// The one of them that a card of medbot's own names: in `knowledge` it tells nothing of a patient.
const OF_A_CARD: &str = "Hydroxyzine";
/// Who and where: what a model on another machine and a reader of a table without identifiers never see.
const IDENTIFIERS: [&str; 10] = [
    "Whitcombe",
    "Priya",
    "Bellweather",
    "Foundry",
    "Fernhollow",
    "Millrace",
    "555-0123",
    "1313310255",
    "15-Jul-1977",
    "20-Apr-2023",
];
/// Questions, and a part of the answer.
const QUESTIONS: [(&str, &str); 5] = [
    (
        "how many tablets of Hydroxyzine does Ms Whitcombe take?",
        "2 tablets",
    ),
    ("who is the prescriber?", "Bellweather"),
    ("what is the date of birth of Priya Whitcombe?", "1977"),
    ("what is the NPI?", "1313310255"),
    (
        "when was Hydroxyzine prescribed, and is Dr. Bellweather in Millrace?",
        "Apr-2023",
    ),
];
/// A page that names its patient by a number, and what of it must not stand beside the patient in the clear.
const IDENTIFIED: &str = "prescription_repeat_turned.png";
const NUMBER: &str = "9995473550";
const PATIENT: [&str; 5] = [NUMBER, "winifred", "chaudhry", "1979-06-09", "1979-09-06"];
/// As it stands in the document.
const LIST: &str = "Columns that hold what a document says";

/// Columns that security.md lists, as `table.column`.
fn listed() -> BTreeSet<String> {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/docs/security.md"))
            .unwrap();
    let (_, after) = text.split_once(LIST).expect("the list");
    let (sentence, _) = after.split_once(" are protected").expect("the list's end");
    let columns = sentence.split('`').skip(1).step_by(2);
    columns.map(str::to_owned).collect()
}

fn canaries() -> impl Iterator<Item = &'static str> + Clone {
    CANARIES.into_iter().chain(WRITTEN)
}

/// Canaries in a file, as UTF-8 or UTF-16, in any case.
fn within(path: &Path) -> Option<&'static str> {
    let mut bytes = fs::read(path).ok()?;
    bytes.make_ascii_lowercase();
    canaries().find(|canary| {
        let canary = canary.to_lowercase();
        let wide: Vec<u8> = canary.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [canary.as_bytes(), &wide]
            .iter()
            .any(|pattern| bytes.windows(pattern.len()).any(|part| part == *pattern))
    })
}

/// Every file of a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .flat_map(|entry| {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                files(&entry.path())
            } else if kind.is_file() {
                vec![entry.path()]
            } else {
                Vec::new()
            }
        })
        .collect()
}

/// Columns in which a canary stands, in any case, of every table.
async fn columns(pool: &PgPool) -> BTreeSet<String> {
    let all = "SELECT table_name::text, column_name::text FROM information_schema.columns
               JOIN information_schema.tables USING (table_schema, table_name)
               WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
    let mut found = BTreeSet::new();
    for row in sqlx::query(all).fetch_all(pool).await.unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let canaries = canaries().filter(|canary| table != "knowledge" || *canary != OF_A_CARD);
        let pattern = canaries.clone().collect::<Vec<_>>().join("|");
        let hexed: Vec<String> = canaries
            .flat_map(|canary| [canary.to_owned(), canary.to_lowercase()])
            .map(|canary| canary.bytes().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        let sql = format!(
            "SELECT EXISTS (SELECT FROM \"{table}\" WHERE \"{column}\"::text ~* '{pattern}|{}')",
            hexed.join("|")
        );
        let stands: bool = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(pool)
            .await
            .unwrap();
        if stands {
            found.insert(format!("{table}.{column}"));
        }
    }
    found
}

/// A model on another machine is told nobody's name, and what it says is turned back.
async fn hides_from_a_model(caller: &Caller, document: &str, heard: &echo::Heard) {
    let mut session = serde_json::Value::Null;
    let mut turned_back = 0;
    for (question, part) in QUESTIONS {
        let mut body = serde_json::json!({"question": question, "document": document});
        if !session.is_null() {
            body["session"] = session;
        }
        let answer = caller.ask(reqwest::Method::POST, "/v1/chat").json(&body);
        let answer: serde_json::Value = answer.send().await.unwrap().json().await.unwrap();
        let said = answer["sentences"].to_string();
        assert!(!said.contains("-1]"), "{question}: {answer}");
        turned_back += usize::from(answer["model"] == "echo" && said.contains(part));
        session = answer["session"].clone();
    }
    let heard = heard.lock().unwrap();
    assert!(turned_back >= 4, "{turned_back} of {heard:#?}");
    for told in &*heard {
        for identifier in IDENTIFIERS {
            assert!(!told.contains(identifier), "{identifier} left in {told}");
        }
    }
    assert!(heard[0].contains("Hydroxyzine") && heard[0].contains("[PATIENT-1]"));
}

/// Exports without identifiers name nobody, and hold every value.
async fn hides_in_tables(caller: &Caller, document: &str) {
    let text = format!("/v1/documents/{document}?format=text&deidentified=");
    for (path, accept) in [
        ("/v1/entities?deidentified=", "text/csv"),
        ("/v1/entities?deidentified=", "application/x-ndjson"),
        (&*text, "text/plain"),
    ] {
        for how in ["safe_harbor", "shifted_dates"] {
            let asked = caller.ask(reqwest::Method::GET, &format!("{path}{how}"));
            let answer = asked.header("accept", accept).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{path}{how}");
            let told = answer.text().await.unwrap();
            for identifier in IDENTIFIERS {
                assert!(
                    !told.contains(identifier),
                    "{identifier} in {path}{how}: {told}"
                );
            }
            let year_alone = told.contains("Written: 2023\n");
            assert_eq!(year_alone, path == text && how == "safe_harbor", "{told}");
            for value in ["Hydroxyzine", "25 mg", "every 8 hours", "28 days"] {
                assert!(told.contains(value), "{value} not in {path}{how}: {told}");
            }
            assert!(!told.contains(document), "{path}{how}");
        }
    }
    problem(
        caller.get("/v1/entities?deidentified=safe_harbor").await,
        406,
        "not-acceptable",
    )
    .await;
}

/// Whom a document is about is found by its number, and stands nowhere in the clear.
async fn seals_whom_it_is_about(caller: &Caller, pool: &PgPool) {
    let (job, id) = caller.take("identified.png", document(IDENTIFIED)).await;
    caller.end_of(&job).await;
    let found = caller.json(&format!("/v1/entities?document={id}")).await;
    let patient = found["entities"][0]["patient_id"].as_str();
    let patient = patient.unwrap_or_else(|| panic!("it names nobody: {found}"));
    let shown = caller.json(&format!("/v1/patients/{patient}")).await;
    assert_eq!(shown["identifier"]["value"], NUMBER, "it opens");
    let rows = "SELECT string_agg(line, E'\n') FROM (
                    SELECT (to_jsonb(p) - 'created_at')::text AS line FROM patients p
                    UNION ALL SELECT s::text FROM patient_sightings s) AS lines";
    let rows: String = sqlx::query_scalar(rows).fetch_one(pool).await.unwrap();
    for part in PATIENT {
        let hexed: String = part.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(
            !rows.contains(part) && !rows.contains(&hexed),
            "{part} stands beside the patient: {rows}"
        );
    }
}

/// Files of one request with an Idempotency-Key, one of them refused, called after somebody; the same request again
/// has the same answer.
async fn takes_a_batch(caller: &Caller, page: &[u8]) {
    let name = WRITTEN[0];
    let send = async || {
        let part = |bytes: &[u8], kind: &str| {
            Part::bytes(bytes.to_vec()).file_name(format!("Ms {name}.{kind}"))
        };
        // The same length each time, as the key's request must have.
        let form = Form::new()
            .part("file", part(page, "png"))
            .part("file", part(b"MZ Whitcombe", "exe"));
        let asked = caller
            .ask(reqwest::Method::POST, "/v1/batches")
            .header("idempotency-key", "the same")
            .multipart(form);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        let again = answer.headers().contains_key("idempotent-replayed");
        (again, answer.json::<serde_json::Value>().await.unwrap())
    };
    let (again, answer) = send().await;
    assert!(!again);
    assert_eq!(answer["rejected"][0]["file"], format!("Ms {name}.exe"));
    assert_eq!(answer["jobs"][0]["file"], format!("Ms {name}.png"));
    assert_eq!(send().await, (true, answer));
}

/// Somebody corrects what was read and says why.
async fn corrects(caller: &Caller, document: &str) {
    let path = format!("/v1/entities?document={document}&type=medication");
    let found = caller.json(&path).await;
    let entity = &found["entities"][0];
    let path = format!("/v1/entities/{}", entity["entity_id"].as_str().unwrap());
    let asked = caller
        .ask(reqwest::Method::PATCH, &path)
        .json(&serde_json::json!({
            "version": entity["version"],
            "decision": "correct",
            "attributes": {"instructions": "as before"},
            "reason": format!("Dr. {} said so on the telephone", WRITTEN[1]),
        }));
    assert_eq!(asked.send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn what_a_document_says_stands_where_it_may_alone() {
    let _turn = turn().await;
    let data = folder();
    let [database, broker, bucket] =
        ["postgres", "rabbitmq", "seaweedfs"].map(|name| Service::start(name, data.path()));
    let (kept, scratch) = (data.path().join("data"), data.path().join("scratch"));
    fs::create_dir(&scratch).unwrap();
    let url = database.variable("MEDBOT_TEST_DATABASE_URL").to_owned();
    let store = format!("s3://{}/canary", bucket.variable("MEDBOT_TEST_S3_BUCKET"));
    let (model, heard) = echo::model().await;
    let broker_url = broker.variable("MEDBOT_TEST_AMQP_URL").to_owned();
    let mut settings = vec![
        ("DATABASE_URL", &*url),
        ("QUEUE_URL", &*broker_url),
        ("STORE_URL", &*store),
        (
            "AWS_ENDPOINT_URL",
            bucket.variable("MEDBOT_TEST_S3_ENDPOINT"),
        ),
        ("MEDBOT_METRICS", "127.0.0.1:0"),
        ("TMPDIR", scratch.to_str().unwrap()),
        ("MEDBOT_LOG", "debug"),
        ("LLM_BASE_URL", &*model),
        ("LLM_MODEL", "echo"),
        ("MEDBOT_LLM_DEIDENTIFY", "yes"),
    ];
    let keys = bucket.variables.iter();
    settings.extend(keys.map(|(name, value)| (&**name, &**value)));
    let mut server = Medbot::up(&kept, &settings);
    let caller = Caller::admin(&server, &kept);
    caller.until("/readyz", StatusCode::OK).await;

    let page = document("prescription_letterhead.png");
    let (job, id) = caller.take("Priya Quuxley.png", page.clone()).await;
    caller.end_of(&job).await;
    let result = caller
        .json(&format!("/v1/documents/{id}"))
        .await
        .to_string();
    for canary in CANARIES {
        assert!(
            result.contains(canary),
            "{canary} was not read: the test would show nothing"
        );
    }
    hides_from_a_model(&caller, &id, &heard).await;
    hides_in_tables(&caller, &id).await;
    // Failures: a file that is cut off, one that is none, a job that does not exist.
    let (job, _) = caller
        .take("Quuxley cut.png", page[..page.len() / 2].to_vec())
        .await;
    assert_eq!(caller.end_of(&job).await["state"], "failed");
    takes_a_batch(&caller, &page).await;
    corrects(&caller, &id).await;
    let refused = caller.upload("Quuxley.exe", b"MZ Whitcombe".to_vec()).await;
    assert!(!refused.status().is_server_error());
    problem(
        caller.get("/v1/documents/Whitcombe").await,
        404,
        "not-found",
    )
    .await;
    for path in ["/v1/entities", "/v1/entities?type=medication"] {
        let export = caller
            .ask(reqwest::Method::GET, path)
            .header("accept", "text/csv");
        assert_eq!(export.send().await.unwrap().status(), StatusCode::OK);
    }

    let pool = PgPool::connect(&url).await.unwrap();
    seals_whom_it_is_about(&caller, &pool).await;
    let (found, may) = (columns(&pool).await, listed());
    let elsewhere: Vec<_> = found.difference(&may).collect();
    assert_eq!(
        elsewhere,
        Vec::<&String>::new(),
        "columns that security.md does not list"
    );
    for column in HOLD {
        assert!(found.contains(column), "{column} holds nothing: {found:?}");
    }
    let tasks: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM tasks LIMIT 20")
        .fetch_all(&pool)
        .await
        .unwrap();
    // A statement that fails is written down by the database itself, as far as it writes anything down.
    let failing = sqlx::query("SELECT 1 / (SELECT count(*) FROM tenants WHERE name = $1)");
    assert!(failing.bind("nobody").fetch_one(&pool).await.is_err());
    pool.close().await;

    let metrics = metrics(&server).await;
    for kind in ["prompt", "completion"] {
        let counted = format!("medbot_chat_tokens_total{{kind=\"{kind}\"}} ");
        let count = metrics.lines().find_map(|line| line.strip_prefix(&counted));
        let count: u64 = count.and_then(|n| n.parse().ok()).unwrap_or_default();
        assert!(count > 0, "the model's tokens are counted: {metrics}");
    }
    // It ends as a fault of it would end it. Where cores went would be up to the machine, so none is made.
    let pid = server.id();
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let of_cores = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let of_cores: Vec<u64> = of_cores
        .unwrap()
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    assert!(matches!(of_cores[..], [0 | 1, 0 | 1]), "{limits}");
    server.signal("ABRT");
    assert_eq!(server.ended(), None, "it ends by the signal");
    let dumped = fs::read_dir(env!("CARGO_TARGET_TMPDIR"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .find(|name| name.to_string_lossy().starts_with("core"));
    assert_eq!(dumped, None, "a core file");

    // What the broker and the store have on their disks, messages and objects that are gone included.
    // The store's script removes them when it stops.
    broker.stop();
    let places = [
        &kept,
        &scratch,
        &data.path().join("rabbitmq"),
        &data.path().join("seaweedfs"),
    ];
    for folder in places {
        for file in files(folder) {
            assert_eq!(within(&file), None, "{}", file.display());
        }
    }
    let of_database = data.path().join("postgres/server.log");
    assert_eq!(within(&of_database), None, "the database's own log");
    // Else nothing would have been looked at.
    let of_database = fs::read_to_string(&of_database).unwrap();
    assert!(of_database.contains("division by zero"), "{of_database}");
    let sent = files(&data.path().join("rabbitmq"))
        .into_iter()
        .any(|file| {
            let bytes = fs::read(file).unwrap_or_default();
            let holds = |task: &Uuid| bytes.windows(16).any(|part| part == task.as_bytes());
            tasks.iter().any(holds)
        });
    assert!(sent, "messages lie in the broker's files");
    let kept_objects: u64 = files(&data.path().join("seaweedfs"))
        .iter()
        .filter_map(|file| Some(fs::metadata(file).ok()?.len()))
        .sum();
    assert!(kept_objects > 100_000, "objects lie in the store's files");
    let log = server.log();
    assert!(log.contains("a job ended"), "{log}");
    let (written, metrics) = (log.to_lowercase(), metrics.to_lowercase());
    for canary in canaries().map(str::to_lowercase) {
        assert!(!written.contains(&canary), "{canary} stands in the log");
        assert!(!metrics.contains(&canary), "{canary} stands in a metric");
    }
}
