//! What a document says stands nowhere in the clear but in the columns that `infra/docs/security.md` lists.

use std::{collections::BTreeSet, fs, path::Path};

use reqwest::StatusCode;
use sqlx::{AssertSqlSafe, PgPool, Row as _};

use crate::server::{Caller, Medbot, Service, document, folder, problem, turn};

/// Names and numbers of the page, and of the file.
const CANARIES: [&str; 6] = [
    "Whitcombe",
    "Bellweather",
    "Fernhollow",
    "1313310255",
    "Hydroxyzine",
    "Quuxley",
];
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

/// Canaries in a file, as UTF-8 or UTF-16.
fn within(path: &Path) -> Option<&'static str> {
    let bytes = fs::read(path).ok()?;
    CANARIES.into_iter().find(|canary| {
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

/// Columns in which a canary stands, of every table.
async fn columns(pool: &PgPool) -> BTreeSet<String> {
    let all = "SELECT table_name::text, column_name::text FROM information_schema.columns
               JOIN information_schema.tables USING (table_schema, table_name)
               WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
    let mut found = BTreeSet::new();
    for row in sqlx::query(all).fetch_all(pool).await.unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let pattern = CANARIES.join("|");
        let hexed: Vec<String> = CANARIES
            .iter()
            .map(|canary| canary.bytes().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        let sql = format!(
            "SELECT EXISTS (SELECT FROM \"{table}\" WHERE \"{column}\"::text ~ '{pattern}|{}')",
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

#[tokio::test]
async fn what_a_document_says_stands_where_it_may_alone() {
    let _turn = turn().await;
    let data = folder();
    let service = Service::start("postgres", data.path());
    let (kept, scratch) = (data.path().join("data"), data.path().join("scratch"));
    fs::create_dir(&scratch).unwrap();
    let url = service.variable("MEDBOT_TEST_DATABASE_URL").to_owned();
    let settings = [
        ("DATABASE_URL", &*url),
        ("TMPDIR", scratch.to_str().unwrap()),
        ("MEDBOT_LOG", "debug"),
    ];
    let server = Medbot::up(&kept, &settings);
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
    let question = serde_json::json!({"question": "how many tablets of Hydroxyzine does Ms Whitcombe take?", "document": id});
    let answer = caller
        .ask(reqwest::Method::POST, "/v1/chat")
        .json(&question);
    let answer = answer.send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("Hydroxyzine"), "{answer}");
    // Failures: a file that is cut off, one that is none, a job that does not exist.
    let (job, _) = caller
        .take("Quuxley cut.png", page[..page.len() / 2].to_vec())
        .await;
    assert_eq!(caller.end_of(&job).await["state"], "failed");
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
    let (found, may) = (columns(&pool).await, listed());
    let elsewhere: Vec<_> = found.difference(&may).collect();
    assert_eq!(
        elsewhere,
        Vec::<&String>::new(),
        "columns that security.md does not list"
    );
    assert!(!found.is_empty());
    pool.close().await;

    for folder in [&kept, &scratch] {
        for file in files(folder) {
            assert_eq!(within(&file), None, "{}", file.display());
        }
    }
    assert!(files(&kept).len() > 5, "the store holds objects");
    let log = server.log();
    assert!(log.contains("a job ended"), "{log}");
    for canary in CANARIES {
        assert!(!log.contains(canary), "{canary} stands in the log");
    }
}
