//! Signing in by an identity provider: the right way opens a session, and every other way none.

use std::fs;

use reqwest::{Client, Method, Response, StatusCode, header, redirect};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use url::Url;

use crate::{
    provider::{Mood, Provider, SECRET, WORDS},
    server::{Caller, Medbot, Shared, folder, free_address, problem, turn},
};

/// A browser that follows nothing by itself, and the service that it signs in to.
struct Browser {
    client: Client,
    url: String,
}

/// A sign-in under way.
struct Begun {
    cookie: String,
    /// Where the provider sent the browser back to.
    back: Url,
}

impl Browser {
    fn new(url: &str) -> Self {
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none());
        Self {
            client: client.build().unwrap(),
            url: url.into(),
        }
    }

    /// Begins at the service and goes to the provider and back.
    async fn begin(&self) -> Begun {
        // What a stranger would have the browser ask for changes nothing.
        let asked = self
            .client
            .get(format!(
                "{}/v1/sign-in?redirect_uri=https://evil.example",
                self.url
            ))
            .header(header::HOST, "evil.example");
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let [cookie] = &cookies(&answer)[..] else {
            panic!("one cookie")
        };
        for flag in [
            "medbot_sign_in=",
            "HttpOnly",
            "Secure",
            "SameSite=Lax",
            "Path=/v1/sign-in",
            "Max-Age=600",
        ] {
            assert!(cookie.contains(flag), "{cookie}");
        }
        let to_provider = location(&answer);
        assert!(!to_provider.contains("evil"), "{to_provider}");
        let back = self.client.get(to_provider).send().await.unwrap();
        assert_eq!(back.status(), StatusCode::FOUND);
        let back = location(&back);
        assert!(back.starts_with(&format!("{}/v1/sign-in/callback?", self.url)));
        Begun {
            cookie: cookie.split(';').next().unwrap().to_owned(),
            back: back.parse().unwrap(),
        }
    }

    async fn finish(&self, begun: &Begun) -> Response {
        let asked = self.client.get(begun.back.clone());
        let asked = asked.header(header::COOKIE, &begun.cookie);
        asked.send().await.unwrap()
    }

    async fn sign_out(&self, cookie: &str, csrf: &str) -> Response {
        let asked = self.client.delete(format!("{}/v1/session", self.url));
        let asked = asked
            .header("origin", &self.url)
            .header("x-csrf-token", csrf);
        asked.header(header::COOKIE, cookie).send().await.unwrap()
    }

    async fn session(&self, cookie: &str) -> (StatusCode, Value) {
        let asked = self.client.get(format!("{}/v1/session", self.url));
        let answer = asked.header(header::COOKIE, cookie).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }
}

fn location(answer: &Response) -> String {
    answer.headers()[header::LOCATION]
        .to_str()
        .unwrap()
        .to_owned()
}

fn cookies(answer: &Response) -> Vec<String> {
    let all = answer.headers().get_all(header::SET_COOKIE).iter();
    all.map(|cookie| cookie.to_str().unwrap().to_owned())
        .collect()
}

/// The session's cookie, of an answer that opens one.
fn session_of(answer: &Response) -> String {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(answer), "/");
    let [session, gone] = &cookies(answer)[..] else {
        panic!("two cookies")
    };
    for flag in ["medbot_session=", "HttpOnly", "Secure", "SameSite=Strict"] {
        assert!(session.contains(flag), "{session}");
    }
    assert!(gone.starts_with("medbot_sign_in=;") && gone.contains("Max-Age=0"));
    session.split(';').next().unwrap().to_owned()
}

/// The address with another value in a field, or without it.
fn with(url: &Url, field: &str, value: Option<&str>) -> Url {
    let mut changed = url.clone();
    let others = url.query_pairs().filter(|(name, _)| name != field);
    changed
        .query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .extend_pairs(value.map(|value| (field, value)));
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_by_the_provider_and_in_no_other_way() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let secret = folder.path().join("secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let secret = secret.to_str().unwrap();
    let provider = Provider::start("127.0.0.1", false).await;
    let (address, url) = address();
    let (server, admin) = shared.serve_at(&address, &provider.settings(&url, secret));
    let pool = PgPool::connect(shared.database.variable("MEDBOT_TEST_DATABASE_URL"));
    let pool = pool.await.unwrap();
    let browser = Browser::new(&url);
    let version = Caller::new(&url, None).json("/version").await;
    assert_eq!(version["sign_in"], json!(["key", "provider"]));

    in_and_out(&browser, &admin, &pool).await;
    let sessions = "SELECT count(*) FROM sessions";
    let before: i64 = sqlx::query_scalar(sessions).fetch_one(&pool).await.unwrap();
    changed_on_the_way(&browser, &pool).await;
    badly_vouched_for(&browser, &provider).await;
    let after: i64 = sqlx::query_scalar(sessions).fetch_one(&pool).await.unwrap();
    assert_eq!(after, before, "no other way opens a session");

    let log = server.log();
    let given = provider.given();
    assert!(given.len() > 30);
    assert!(given.iter().all(|secret| !log.contains(secret)), "{log}");
    assert!(!log.contains(WORDS));
    drop(server);

    // A provider that wants the secret in the form.
    let provider = Provider::start("127.0.0.1", true).await;
    let (address, url) = self::address();
    let _server = shared.serve_at(&address, &provider.settings(&url, secret));
    let browser = Browser::new(&url);
    let session = session_of(&browser.finish(&browser.begin().await).await);
    // It names no place to sign out.
    let (_, who) = browser.session(&session).await;
    let out = browser.sign_out(&session, who["csrf_token"].as_str().unwrap());
    assert_eq!(out.await.status(), StatusCode::NO_CONTENT);

    // Without its own address the service does not know where people come back to.
    let mut settings = provider.settings("", secret);
    settings.push(("DATABASE_URL", "postgres://127.0.0.1:9/none"));
    let mut server = Medbot::start(&["serve"], &settings, false);
    assert_eq!(server.ended(), Some(1));
    assert!(
        server.log().contains("needs MEDBOT_PUBLIC_URL"),
        "{}",
        server.log()
    );
}

fn address() -> (String, String) {
    let address = free_address();
    let url = format!("http://{address}");
    (address, url)
}

/// The right way, once; and how such a session ends.
async fn in_and_out(browser: &Browser, admin: &Caller, pool: &PgPool) {
    let begun = browser.begin().await;
    let stored: Vec<u8> = sqlx::query_scalar("SELECT digest FROM sign_ins")
        .fetch_one(pool)
        .await
        .unwrap();
    let (_, token) = begun.cookie.split_once('=').unwrap();
    assert_eq!(
        stored,
        Sha256::digest(token).to_vec(),
        "of the cookie only its digest is kept"
    );
    let session = session_of(&browser.finish(&begun).await);
    let (status, who) = browser.session(&session).await;
    assert_eq!((status, &who["role"]), (StatusCode::OK, &json!("reviewer")));
    problem(browser.finish(&begun).await, 401, "sign-in-failed").await;

    let log = admin.json("/v1/admin/audit").await;
    let lines = log["events"].as_array().unwrap();
    let seen: Vec<_> = lines
        .iter()
        .filter(|line| line["action"] == "session.open")
        .map(|line| {
            assert_eq!(line["object"], "/v1/sign-in/callback");
            (&line["outcome"], &line["actor"]["id"])
        })
        .collect();
    assert_eq!(
        seen,
        [(&json!(303), &who["key_id"]), (&json!(401), &Value::Null)]
    );

    // What changes something needs the token that the page alone can ask for.
    problem(browser.sign_out(&session, "").await, 403, "cross-site").await;
    let csrf = who["csrf_token"].as_str().unwrap();
    let out = browser.sign_out(&session, csrf).await;
    assert_eq!(out.status(), StatusCode::OK);
    assert!(cookies(&out)[0].starts_with("medbot_session=;"));
    assert_eq!(browser.session(&session).await.0, StatusCode::UNAUTHORIZED);
    // The provider ends its own session, and sends the browser back.
    let onward: Value = out.json().await.unwrap();
    let onward = onward["continue_at"].as_str().unwrap();
    let back = browser.client.get(onward).send().await.unwrap();
    assert_eq!(location(&back), format!("{}/", browser.url));

    // An administrator ends what a person has open.
    let session = session_of(&browser.finish(&browser.begin().await).await);
    let theirs = format!("/v1/admin/sessions/{}", who["key_id"].as_str().unwrap());
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_FOUND] {
        let ended = admin.ask(Method::DELETE, &theirs).send().await.unwrap();
        assert_eq!(ended.status(), status);
    }
    assert_eq!(browser.session(&session).await.0, StatusCode::UNAUTHORIZED);
}

/// What came back is not what was sent, or not in time, or not to who sent it.
async fn changed_on_the_way(browser: &Browser, pool: &PgPool) {
    let other = browser.begin().await;
    let code = |begun: &Begun| {
        let mut pairs = begun.back.query_pairs();
        pairs
            .find(|(name, _)| name == "code")
            .unwrap()
            .1
            .into_owned()
    };
    for case in [
        "another state",
        "no state",
        "no cookie",
        "another browser",
        "too late",
        "another provider",
        "no code",
        "a made-up code",
        "the code of another sign-in",
    ] {
        println!("{case}");
        let mut begun = browser.begin().await;
        let back = begun.back.clone();
        let state = "A".repeat(43);
        match case {
            "another state" => begun.back = with(&back, "state", Some(&state)),
            "no state" => begun.back = with(&back, "state", None),
            "no cookie" => begun.cookie = "other=1".into(),
            "another browser" => begun.cookie.clone_from(&other.cookie),
            "too late" => {
                let sql = "UPDATE sign_ins SET good_until = now()";
                sqlx::query(sql).execute(pool).await.unwrap();
            }
            "another provider" => begun.back = with(&back, "iss", Some("https://evil.example")),
            "no code" => begun.back = with(&back, "code", None),
            "a made-up code" => begun.back = with(&back, "code", Some("made-up")),
            _ => begun.back = with(&back, "code", Some(&code(&other))),
        }
        let answer = browser.finish(&begun).await;
        assert_eq!(cookies(&answer), Vec::<String>::new(), "{case}");
        problem(answer, 401, "sign-in-failed").await;
        if case == "another state" {
            // Who tries to guess it takes nothing from who knows it.
            begun.back = back;
            let session = session_of(&browser.finish(&begun).await);
            let (_, who) = browser.session(&session).await;
            let out = browser.sign_out(&session, who["csrf_token"].as_str().unwrap());
            assert_eq!(out.await.status(), StatusCode::OK);
        }
    }
}

/// What the provider says does not hold, or says nothing good.
async fn badly_vouched_for(browser: &Browser, provider: &Provider) {
    let now = chrono::Utc::now().timestamp();
    let claims = |claims: Value| Mood::Claims(claims);
    let (failed, no_part) = ((401, "sign-in-failed"), (403, "no-part"));
    for (case, mood, (status, slug)) in [
        ("wrong nonce", claims(json!({"nonce": "A"})), failed),
        ("no nonce", claims(json!({"nonce": null})), failed),
        (
            "wrong audience",
            claims(json!({"aud": "medbot api"})),
            failed,
        ),
        (
            "several audiences",
            claims(json!({"aud": ["medbot page", "other"]})),
            failed,
        ),
        ("another party", claims(json!({"azp": "other"})), failed),
        (
            "another issuer",
            claims(json!({"iss": "https://evil.example"})),
            failed,
        ),
        ("expired", claims(json!({"exp": now - 120})), failed),
        ("no end", claims(json!({"exp": null})), failed),
        ("alg none", Mood::Unsigned, failed),
        ("another's key", Mood::Forged, failed),
        ("let in nobody", Mood::Denies, failed),
        ("refused the code", Mood::Refuses, failed),
        ("no role", claims(json!({"medbot_role": null})), no_part),
        (
            "another role",
            claims(json!({"medbot_role": "owner"})),
            no_part,
        ),
        (
            "unknown tenant",
            claims(json!({"medbot_tenant": "00000000-0000-0000-0000-0000000000ff"})),
            no_part,
        ),
        ("ill", Mood::Ails, (503, "unavailable")),
    ] {
        println!("{case}");
        provider.becomes(mood);
        let answer = browser.finish(&browser.begin().await).await;
        assert_eq!(cookies(&answer), Vec::<String>::new(), "{case}");
        problem(answer, status, slug).await;
    }

    // A person sees a page of ours, and never what the provider wrote.
    provider.becomes(Mood::Denies);
    let begun = browser.begin().await;
    let asked = browser.client.get(begun.back.clone());
    let asked = asked
        .header(header::COOKIE, &begun.cookie)
        .header(header::ACCEPT, "text/html,application/xhtml+xml");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert!(answer.headers().contains_key("content-security-policy"));
    let page = answer.text().await.unwrap();
    assert!(page.contains("<h1>The sign-in failed</h1>"), "{page}");
    assert!(
        !page.contains("words of the provider") && !page.contains("access_denied"),
        "{page}"
    );
    let style = page.split("href=\"").nth(1).unwrap();
    let style = format!("{}{}", browser.url, style.split('"').next().unwrap());
    let style = browser.client.get(style).send().await.unwrap();
    assert_eq!(style.status(), StatusCode::OK);
    provider.becomes(Mood::Claims(json!({})));
}
