//! Tokens of an identity provider: good ones are somebody with a role and a tenant, all others nobody.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{Caller, Medbot, Shared, folder, problem, turn};

async fn status(caller: &Caller, token: &Value) -> (StatusCode, Value) {
    let asked = caller
        .ask(Method::GET, "/v1/session")
        .bearer_auth(token.as_str().unwrap());
    let answer = asked.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// An identity provider that has said what tokens it made.
struct Provider {
    process: Child,
    said: Value,
}

impl Provider {
    fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/service/tokens.mjs");
        let mut process = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node runs");
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        Self {
            process,
            said: serde_json::from_str(&said).unwrap(),
        }
    }

    fn settings(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("MEDBOT_OIDC_ISSUER", self.said["issuer"].as_str().unwrap()),
            ("MEDBOT_OIDC_AUDIENCE", "medbot"),
            ("MEDBOT_OIDC_ROLE_CLAIM", "medbot.role"),
            ("MEDBOT_OIDC_TENANT_CLAIM", "medbot.tenant"),
        ]
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It ends with its input.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// An administrator takes back what a person was given: the next request is refused, by every process, and a later
/// token is good again.
#[tokio::test]
async fn a_token_that_was_taken_back_is_refused_by_every_process() {
    let _turn = turn().await;
    let provider = Provider::start();
    let of = &provider.said["revoked"];
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &provider.settings());
    let clinic = "00000000-0000-0000-0000-00000000000a";
    let url = shared.database.variable("MEDBOT_TEST_DATABASE_URL");
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    sqlx::query("INSERT INTO tenants (id, name) VALUES ($1::uuid, 'another')")
        .bind(clinic)
        .execute(&pool)
        .await
        .unwrap();
    let ((one, by_one), (other, by_other)) = (shared.serve(&[]), shared.serve(&[]));
    // Without a key of their own: a token alone says who asks.
    let both = [&one, &other].map(|server| Caller::new(&server.url, None));
    let before = of["before"].as_array().unwrap();
    let mut person = String::new();
    for caller in &both {
        for token in before {
            let (status, who) = status(caller, token).await;
            assert_eq!(status, StatusCode::OK, "{who}");
            person = who["key_id"].as_str().unwrap().to_owned();
        }
    }

    let revoke = async |body: Value| {
        let asked = by_one
            .ask(Method::POST, "/v1/admin/token-revocations")
            .json(&body);
        asked.send().await.unwrap()
    };
    for nobody in [json!({}), json!({"person": person, "subject": "somebody"})] {
        problem(revoke(nobody).await, 422, "revocation-refused").await;
    }
    let asked = both[0]
        .ask(Method::POST, "/v1/admin/token-revocations")
        .bearer_auth(of["other"].as_str().unwrap())
        .json(&json!({"person": person}));
    problem(asked.send().await.unwrap(), 403, "forbidden").await;
    assert_eq!(status(&both[1], &before[0]).await.0, StatusCode::OK);

    let revoked = revoke(json!({"subject": "somebody"})).await;
    assert_eq!(revoked.status(), StatusCode::CREATED);
    let revoked: Value = revoked.json().await.unwrap();
    assert_eq!(revoked["person"], *person, "{revoked}");
    for caller in &both {
        for token in before {
            let status = status(caller, token).await.0;
            assert_eq!(status, StatusCode::UNAUTHORIZED);
        }
        for token in ["after", "other", "elsewhere"] {
            assert_eq!(
                status(caller, &of[token]).await.0,
                StatusCode::OK,
                "{token}"
            );
        }
    }
    let listed = by_other.json("/v1/admin/token-revocations").await;
    assert_eq!(listed["revocations"][0]["person"], *person, "{listed}");
    assert!(listed["revocations"][0]["revoked_by"].is_string());

    // The operator too, by command; whoever is struck off last is an administrator.
    let admin = &of["admin"];
    let (found, who) = status(&both[0], admin).await;
    assert_eq!(found, StatusCode::OK);
    let admin_id = who["key_id"].as_str().unwrap();
    let command = ["keys", "revoke-tokens", admin_id];
    let ended = Medbot::start(&command, &shared.with(&[]), false).ended();
    assert_eq!(ended, Some(0));
    for caller in &both {
        assert_eq!(status(caller, admin).await.0, StatusCode::UNAUTHORIZED);
    }

    let log = by_one.json("/v1/admin/audit?newest=true").await;
    let lines: Vec<(&str, u64)> = log["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["action"] == "token.revoke")
        .map(|event| {
            let object = event["object"].as_str().unwrap();
            (object, event["outcome"].as_u64().unwrap())
        })
        .collect();
    let all = "/v1/admin/token-revocations";
    let (by_admin, by_operator) = (format!("{all}/{person}"), format!("{all}/{admin_id}"));
    assert_eq!(
        lines,
        [
            (all, 422),
            (all, 422),
            (all, 403),
            (by_admin.as_str(), 201),
            (by_operator.as_str(), 200)
        ]
    );
    pool.close().await;

    one_alone(&by_one, &both, &shared, of).await;
}

/// A single token, by its id or by itself; those of the same person beside it stay good.
async fn one_alone(admin: &Caller, both: &[Caller; 2], shared: &Shared, of: &Value) {
    let all = "/v1/admin/revoked-tokens";
    let revoke = async |body: Value| {
        let asked = admin.ask(Method::POST, all).json(&body);
        asked.send().await.unwrap()
    };
    let good = async |token: &str| {
        let mut answers = Vec::new();
        for caller in both {
            answers.push(status(caller, &of[token]).await.0 == StatusCode::OK);
        }
        assert_eq!(answers[0], answers[1], "every process says the same");
        answers[0]
    };
    // Whose tokens of before were taken back has others since.
    let sql = "UPDATE token_revocations SET revoked_at = now() - interval '1 hour'";
    let url = shared.database.variable("MEDBOT_TEST_DATABASE_URL");
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    sqlx::query(sql).execute(&pool).await.unwrap();
    pool.close().await;
    for token in ["one", "two", "nameless", "same"] {
        assert!(good(token).await, "{token}");
    }
    let nameless = of["nameless"].as_str().unwrap();
    for nothing in [
        json!({}),
        json!({"jti": ""}),
        json!({"jti": "x".repeat(1001)}),
        json!({"jti": "one", "token": nameless}),
        json!({"token": "a.b.c"}),
        json!({"token": of["same"]}),
    ] {
        problem(revoke(nothing).await, 422, "revocation-refused").await;
    }
    let by_jti = revoke(json!({"jti": "one"})).await;
    assert_eq!(by_jti.status(), StatusCode::CREATED);
    let by_jti: Value = by_jti.json().await.unwrap();
    assert_eq!(by_jti["token_id"], "one");
    for (token, stays) in [
        ("one", false),
        ("two", true),
        ("nameless", true),
        ("same", true),
    ] {
        assert_eq!(good(token).await, stays, "{token}");
    }
    let by_itself = revoke(json!({"token": nameless})).await;
    assert_eq!(by_itself.status(), StatusCode::CREATED);
    let by_itself: Value = by_itself.json().await.unwrap();
    let digest = by_itself["token_id"].as_str().unwrap();
    assert!(digest.starts_with("sha256:"), "{digest}");
    assert!(!good("nameless").await && good("two").await);
    // The operator too, by command.
    let command = ["keys", "revoke-token", "two"];
    let ended = Medbot::start(&command, &shared.with(&[]), false).ended();
    assert_eq!(ended, Some(0));
    assert!(!good("two").await && good("same").await);

    let listed = admin.json(all).await;
    let ids: Vec<&str> = listed["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["token_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["two", digest, "one"]);
    let log = admin.json("/v1/admin/audit?newest=true").await.to_string();
    for id in [&by_jti["id"], &by_itself["id"], &listed["tokens"][0]["id"]] {
        assert!(
            log.contains(&format!("{all}/{}", id.as_str().unwrap())),
            "{log}"
        );
    }
    assert!(
        !log.contains(nameless) && !log.contains(digest),
        "no token in the log"
    );
}

#[tokio::test]
async fn only_good_tokens_are_somebody() {
    let _turn = turn().await;
    let provider = Provider::start();
    let said = &provider.said;
    let data = folder();
    let secret = data.path().join("secret");
    fs::write(&secret, said["secret"].as_str().unwrap()).unwrap();
    let mut settings = provider.settings();
    {
        let server = Medbot::up(data.path(), &settings);
        let caller = Caller::new(&server.url, None);
        for (case, token) in said["good"].as_object().unwrap() {
            let (status, who) = status(&caller, token).await;
            assert_eq!(status, StatusCode::OK, "{case}: {who}");
            assert_eq!(who["role"], "reviewer");
            assert_eq!(who["tenant_id"], "00000000-0000-0000-0000-000000000001");
        }
        for (case, token) in said["bad"].as_object().unwrap() {
            let (status, _) = status(&caller, token).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{case}");
        }
        for (case, token) in said["forbidden"].as_object().unwrap() {
            let (status, _) = status(&caller, token).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{case}");
        }
        // What a role may not, it may not by a token either.
        let asked = caller
            .ask(Method::GET, "/v1/admin/audit")
            .bearer_auth(said["good"]["rs256"].as_str().unwrap());
        assert_eq!(asked.send().await.unwrap().status(), StatusCode::FORBIDDEN);
        assert_eq!(
            status(&caller, &said["hs256"]).await.0,
            StatusCode::UNAUTHORIZED
        );
        for token in said["bad"].as_object().unwrap().values() {
            assert!(
                !server.log().contains(token.as_str().unwrap()),
                "no token in the log"
            );
        }
    }
    for (provider, shape) in said["shapes"].as_object().unwrap() {
        let mut settings = settings.clone();
        for (setting, claim) in [
            ("MEDBOT_OIDC_ROLE_CLAIM", "role_claim"),
            ("MEDBOT_OIDC_TENANT_CLAIM", "tenant_claim"),
        ] {
            settings.push((setting, shape[claim].as_str().unwrap()));
        }
        let server = Medbot::up(data.path(), &settings);
        let caller = Caller::new(&server.url, None);
        for token in shape["good"].as_array().unwrap() {
            let (status, who) = status(&caller, token).await;
            assert_eq!(status, StatusCode::OK, "{provider}: {who}");
            assert_eq!(who["role"], "reviewer", "{provider}");
        }
        for token in shape["forbidden"].as_array().unwrap() {
            let (status, _) = status(&caller, token).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{provider}");
        }
    }
    // With a secret, that alone counts.
    settings.push(("MEDBOT_OIDC_SECRET_FILE", secret.to_str().unwrap()));
    let server = Medbot::up(data.path(), &settings);
    let caller = Caller::new(&server.url, None);
    assert_eq!(status(&caller, &said["hs256"]).await.0, StatusCode::OK);
    for token in [
        &said["good"]["rs256"],
        &said["bad"]["confused"],
        &said["bad"]["none"],
    ] {
        assert_eq!(status(&caller, token).await.0, StatusCode::UNAUTHORIZED);
    }
}
