//! Tokens of an identity provider: good ones are somebody with a role and a tenant, all others nobody.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::server::{Caller, Medbot, folder, turn};

async fn status(caller: &Caller, token: &Value) -> (StatusCode, Value) {
    let asked = caller
        .ask(Method::GET, "/v1/session")
        .bearer_auth(token.as_str().unwrap());
    let answer = asked.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn only_good_tokens_are_somebody() {
    let _turn = turn().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/service/tokens.mjs");
    let mut provider = Command::new("node")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node runs");
    let mut said = String::new();
    BufReader::new(provider.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    let data = folder();
    let secret = data.path().join("secret");
    fs::write(&secret, said["secret"].as_str().unwrap()).unwrap();
    let mut settings = vec![
        ("MEDBOT_OIDC_ISSUER", said["issuer"].as_str().unwrap()),
        ("MEDBOT_OIDC_AUDIENCE", "medbot"),
        ("MEDBOT_OIDC_ROLE_CLAIM", "medbot.role"),
        ("MEDBOT_OIDC_TENANT_CLAIM", "medbot.tenant"),
    ];
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
    drop(provider.stdin.take());
    provider.wait().unwrap();
}
