//! What is read, searched, changed and refused stands in the audit log by the time it is answered; and
//! who asks too often is told to wait.

use std::{fs, path::Path, process::Command};

use reqwest::{Method, StatusCode};
use schemas::TenantId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Caller, Medbot, Shared, document, folder, problem, turn};

#[tokio::test]
async fn every_access_leaves_a_line() {
    let _turn = turn().await;
    let data = folder();
    let server = Medbot::up(data.path(), &[]);
    let caller = Caller::admin(&server, data.path());
    caller.until("/readyz", StatusCode::OK).await;
    let (job, id) = caller
        .take("a.png", document("prescription_letterhead.png"))
        .await;
    caller.end_of(&job).await;
    caller.json(&format!("/v1/documents/{id}")).await;
    caller.json("/v1/entities?type=medication").await;
    let search = caller
        .ask(Method::POST, "/v1/entities/search")
        .json(&json!({"type": "medication"}));
    assert_eq!(search.send().await.unwrap().status(), StatusCode::OK);
    let nobody = Caller::new(&server.url, None);
    problem(
        nobody.get(&format!("/v1/jobs/{job}")).await,
        401,
        "unauthenticated",
    )
    .await;

    let log = caller.json("/v1/admin/audit").await;
    let lines: Vec<(String, String, u64, bool)> = log["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            assert_eq!(event["address"], "127.0.0.1");
            let outcome = event["outcome"].as_u64().unwrap();
            (
                text("action"),
                text("object"),
                outcome,
                event["actor"].is_null(),
            )
        })
        .collect();
    let line = |action: &str, object: &str, outcome, nobody| {
        (action.to_owned(), object.to_owned(), outcome, nobody)
    };
    assert_eq!(
        lines,
        [
            line("document.upload", "/v1/documents", 202, false),
            line("document.read", &format!("/v1/documents/{id}"), 200, false),
            line("entity.list", "/v1/entities", 200, false),
            line("entity.search", "/v1/entities/search", 200, false),
            line("request.refused", &format!("/v1/jobs/{job}"), 401, true),
        ],
        "polls of the job leave none"
    );
    let seen = log["events"][1].to_string();
    assert!(seen.contains("\"role\":\"admin\""), "{seen}");

    let fhir = caller
        .ask(Method::GET, "/v1/admin/audit?after=5")
        .header("accept", "application/fhir+ndjson");
    let fhir = fhir.send().await.unwrap().text().await.unwrap();
    let event: Value = serde_json::from_str(fhir.lines().next().unwrap()).unwrap();
    assert_eq!(event["resourceType"], "AuditEvent");
    assert_eq!(event["subtype"][0]["display"], "audit.read");

    let found = caller.json("/v1/admin/audit/verification").await;
    assert_eq!(found["intact"], true, "{found}");
    assert_eq!(found["lines"], 7);

    // The last thousand are all that there are, whatever was seen before.
    let newest = caller.json("/v1/admin/audit?after=3&newest=true").await;
    assert_eq!(newest["events"][0]["seq"], 1, "{newest}");
    assert_eq!(newest["next"], Value::Null);
    reads_in_an_emergency(&server, &caller, data.path(), &id).await;
}

/// Who only uploads may read in an emergency, is seen to, and may no longer when it is ended.
async fn reads_in_an_emergency(server: &Medbot, admin: &Caller, folder: &Path, document: &str) {
    let key = admin
        .ask(Method::POST, "/v1/admin/keys")
        .json(&json!({"role": "uploader"}));
    let key: Value = key.send().await.unwrap().json().await.unwrap();
    let file = folder.join("uploader.key");
    fs::write(&file, key["key"].as_str().unwrap()).unwrap();
    let uploader = Caller::new(&server.url, Some(&file));
    let read = format!("/v1/documents/{document}");
    problem(uploader.get(&read).await, 403, "forbidden").await;
    let open = async |caller: &Caller, reason: &str| {
        let asked = caller
            .ask(Method::POST, "/v1/emergency-access")
            .json(&json!({"reason": reason}));
        asked.send().await.unwrap()
    };
    problem(open(&uploader, "short").await, 422, "emergency-refused").await;
    problem(uploader.get(&read).await, 403, "forbidden").await;
    let reason = "unconscious, the only reviewer is away";
    problem(open(admin, reason).await, 422, "emergency-refused").await;
    let opened = open(&uploader, reason).await;
    assert_eq!(opened.status(), StatusCode::CREATED);
    let opened: Value = opened.json().await.unwrap();
    let time = |name: &str| -> chrono::DateTime<chrono::Utc> {
        opened[name].as_str().unwrap().parse().unwrap()
    };
    assert_eq!((time("ends_at") - time("opened_at")).num_minutes(), 60);
    for path in [&*read, "/v1/entities"] {
        assert_eq!(uploader.get(path).await.status(), StatusCode::OK, "{path}");
    }
    let erase = uploader.ask(Method::DELETE, &read).send().await.unwrap();
    problem(erase, 403, "forbidden").await;
    problem(uploader.get("/v1/admin/keys").await, 403, "forbidden").await;

    let list = admin.json("/v1/admin/emergency-access").await;
    assert_eq!(list["emergency_accesses"][0]["reason"], reason, "{list}");
    let one = format!(
        "/v1/admin/emergency-access/{}",
        opened["id"].as_str().unwrap()
    );
    problem(
        uploader.ask(Method::DELETE, &one).send().await.unwrap(),
        403,
        "forbidden",
    )
    .await;
    let ended = admin.ask(Method::DELETE, &one).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    problem(uploader.get(&read).await, 403, "forbidden").await;

    let log = admin.json("/v1/admin/audit?after=7").await;
    let lines: Vec<(&str, bool)> = log["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["actor"]["role"] == "uploader" && event["outcome"] == 200)
        .map(|event| {
            let emergency = event["actor"]["emergency"].as_bool();
            (event["action"].as_str().unwrap(), emergency == Some(true))
        })
        .collect();
    assert_eq!(lines, [("document.read", true), ("entity.list", true)]);
    assert!(log.to_string().contains("emergency.open"));
    assert!(!log.to_string().contains("unconscious"));
}

/// Commands go past the API, and are written down all the same.
#[tokio::test]
async fn what_an_operator_does_by_command_leaves_a_line() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[("MEDBOT_ENGINES", "tesseract")]);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let medbot = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_medbot"))
            .args(arguments)
            .envs(shared.with(&[]))
            .output()
            .unwrap();
        println!("{arguments:?}: {output:?}");
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let said = |arguments: &[&str]| {
        let (code, text) = medbot(arguments);
        assert_eq!(code, Some(0), "{arguments:?}");
        text
    };
    let clinic = said(&["keys", "tenant", "Elm Clinic"]);
    let clinic = clinic.trim();
    let ids = |tenant: &str| -> Vec<String> {
        let listed = said(&["keys", "list", "--tenant", tenant]);
        let keys = listed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        keys.map(|key: Value| key["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let of = ["--tenant", clinic];
    let key = path("first.key");
    said(&[&["keys", "add", "--role", "reviewer", &key][..], &of].concat());
    let first = ids(clinic).remove(0);
    let key = path("second.key");
    said(&[&["keys", "rotate", &first, &key][..], &of].concat());
    let second = ids(clinic).remove(0);
    said(&[&["keys", "revoke", &second][..], &of].concat());
    let never = [&["keys", "revoke", &second][..], &of].concat();
    assert_eq!(medbot(&never).0, Some(1), "it is revoked already");
    let knowledge = folder.path().join("knowledge");
    fs::create_dir(&knowledge).unwrap();
    fs::write(knowledge.join("a.md"), "# Fever\n\nDrink enough.\n").unwrap();
    said(&[&["knowledge", "add", knowledge.to_str().unwrap()][..], &of].concat());

    // A task that was given up, of the tenant that was there first.
    let (_server, caller) = shared.serve(&[]);
    let _worker = shared.work(&[]);
    caller.until("/readyz", StatusCode::OK).await;
    let (job, _) = caller
        .take("a.png", document("prescription_letterhead.png"))
        .await;
    caller.end_of(&job).await;
    let pool = sqlx::PgPool::connect(shared.database.variable("MEDBOT_TEST_DATABASE_URL"));
    let pool = pool.await.unwrap();
    let given_up = "UPDATE tasks SET state = 'failed' WHERE stage = 'index' RETURNING id";
    let task: Uuid = sqlx::query_scalar(given_up).fetch_one(&pool).await.unwrap();
    let listed = said(&["dlq", "list"]);
    assert!(listed.contains(&task.to_string()), "{listed}");
    said(&["dlq", "show", &task.to_string()]);
    said(&["dlq", "replay", &task.to_string()]);
    caller.end_of(&job).await;

    // What the export of a tenant's log says of the operator, itself at the end.
    let lines = |tenant: &str| -> Vec<String> {
        let exported = said(&["audit", "export", "--tenant", tenant]);
        let events = exported
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        events
            .filter(|event: &Value| event["actor"]["role"] == "operator")
            .map(|event| {
                assert_eq!(event["outcome"], 200, "{event}");
                let text = |name: &str| event[name].as_str().unwrap().to_owned();
                format!("{} {}", text("action"), text("object"))
            })
            .collect()
    };
    assert_eq!(
        lines(clinic),
        [
            format!("tenant.create tenant {clinic}"),
            format!("key.create /v1/admin/keys/{first}"),
            "key.list /v1/admin/keys".into(),
            format!("key.rotate /v1/admin/keys/{first}"),
            format!("key.create /v1/admin/keys/{second}"),
            "key.list /v1/admin/keys".into(),
            format!("key.remove /v1/admin/keys/{second}"),
            "knowledge.create knowledge".into(),
            "audit.read /v1/admin/audit".into(),
        ]
    );
    let default = TenantId::DEFAULT.to_string();
    let admin = ids(&default).remove(0);
    assert_eq!(
        lines(&default),
        [
            format!("key.create /v1/admin/keys/{admin}"),
            "dead_letter.list /v1/admin/dead-letters".into(),
            "dead_letter.list /v1/admin/dead-letters".into(),
            format!("dead_letter.replay /v1/admin/dead-letters/{task}/replay"),
            "key.list /v1/admin/keys".into(),
            "audit.read /v1/admin/audit".into(),
        ]
    );
    let verified = said(&["audit", "verify"]);
    assert_eq!(verified.matches("intact").count(), 2, "{verified}");
    assert!(!verified.contains("NOT"), "{verified}");
}

#[tokio::test]
async fn every_described_route_is_audited() {
    let _turn = turn().await;
    let data = folder();
    let server = Medbot::up(data.path(), &[]);
    let caller = Caller::admin(&server, data.path());
    caller.until("/readyz", StatusCode::OK).await;
    let described = caller.json("/openapi.json").await;
    let nowhere = "00000000-0000-4000-8000-000000000000";
    let mut routes = 0;
    for (path, methods) in described["paths"].as_object().unwrap() {
        if !path.starts_with("/v1/") {
            continue;
        }
        for method in methods.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = path.replace("{id}", nowhere).replace("{page}", "0.png");
            let answer = caller.ask(method.clone(), &path).send().await.unwrap();
            // A route that the log does not know is refused with a fault of the server.
            assert_ne!(
                answer.status(),
                StatusCode::INTERNAL_SERVER_ERROR,
                "{method} {path}"
            );
            routes += 1;
        }
    }
    assert!(routes >= 20, "{routes}");
}

#[tokio::test]
async fn who_asks_too_often_is_told_to_wait() {
    let _turn = turn().await;
    let data = folder();
    let few = [("MEDBOT_RATE_KEY", "5"), ("MEDBOT_RATE_ADDRESS", "300")];
    let server = Medbot::up(data.path(), &few);
    let caller = Caller::admin(&server, data.path());
    let mut refused = None;
    for _ in 0..8 {
        let answer = caller.get("/v1/session").await;
        let policies = answer.headers().get_all("ratelimit-policy").iter();
        let policies: Vec<&str> = policies.map(|policy| policy.to_str().unwrap()).collect();
        let (key, address) = ("\"key\";q=5;w=60", "\"address\";q=300;w=60");
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(policies, [key, address]);
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(policies, [address]);
    }
    let refused = refused.expect("the sixth is one too many");
    let wait: u64 = refused.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=13).contains(&wait), "{wait}");
    problem(refused, 429, "too-many-requests").await;

    // Somebody who guesses keys is left standing, the right key or not.
    let guesser = Caller::new(&server.url, None);
    let mut answers = Vec::new();
    for _ in 0..70 {
        answers.push(guesser.get("/v1/entities").await.status().as_u16());
    }
    assert_eq!(answers[..60], [401; 60]);
    assert_eq!(answers[69], 429);
    // What was refused for its number stands in the log, and a flood of it does not fill it.
    for _ in 0..200 {
        // Now and then there is room for one more guess.
        let status = guesser.get("/v1/entities").await.status().as_u16();
        assert!([401, 429].contains(&status), "{status}");
    }
    let lines = refused_lines(&[("MEDBOT_DATA", data.path().to_str().unwrap())], 429);
    let first = |of: &str| lines.iter().find(|(object, _)| object == of).cloned();
    for limit in ["limit key", "limit stranger"] {
        assert_eq!(first(limit), Some((limit.to_owned(), 1)), "{lines:?}");
    }
    assert!(lines.len() <= 2 + 4, "a minute has one of each: {lines:?}");
    assert_eq!(
        server_is_well(&guesser).await,
        StatusCode::OK,
        "probes are not counted"
    );
}

async fn server_is_well(caller: &Caller) -> StatusCode {
    caller.get("/healthz").await.status()
}

/// What the log says of refusals with this status, and of how many each line is: by command, since nobody at this
/// address is answered.
pub fn refused_lines(settings: &[(&str, &str)], status: u64) -> Vec<(String, u64)> {
    let output = Command::new(env!("CARGO_BIN_EXE_medbot"))
        .args(["audit", "export"])
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let events = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    events
        .filter(|event| event["outcome"] == status)
        .map(|event| {
            assert_eq!(event["action"], "request.refused", "{event}");
            let object = event["object"].as_str().unwrap();
            (object.to_owned(), event["times"].as_u64().unwrap())
        })
        .collect()
}
