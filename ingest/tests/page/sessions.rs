//! Sessions over HTTP: who may do what with a cookie, and until when.

use std::path::Path;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;

use crate::server::{Shared, folder, problem, turn};

struct SignedIn {
    client: Client,
    url: String,
    cookie: String,
    csrf: String,
}

impl SignedIn {
    /// Signs in with a key; the cookie is read off the answer.
    async fn with(url: &str, key: &str) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        let answer = client
            .post(format!("{url}/v1/session"))
            .json(&json!({"key": key}))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        for flag in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(flag), "{cookie}");
        }
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let view: Value = answer.json().await.unwrap();
        assert_eq!(view["role"], "admin");
        let csrf = view["csrf_token"].as_str().unwrap().to_owned();
        Self {
            client,
            url: url.into(),
            cookie,
            csrf,
        }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.url))
            .header("cookie", format!("other=1; {}", self.cookie))
    }

    /// Asks as the page does.
    fn ask_as_page(&self, method: Method, path: &str) -> RequestBuilder {
        self.ask(method, path)
            .header("origin", &self.url)
            .header("x-csrf-token", &self.csrf)
    }

    async fn status(&self) -> StatusCode {
        let answer = self.ask(Method::GET, "/v1/session").send().await;
        answer.unwrap().status()
    }
}

#[tokio::test]
async fn a_cookie_is_a_key_for_the_own_page_alone_and_not_for_ever() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let (server, caller) = shared.serve(&[]);
    let url = server.url.clone();
    let key = key(folder.path());
    let pool = PgPool::connect(shared.database.variable("MEDBOT_TEST_DATABASE_URL"));
    let pool = pool.await.unwrap();

    signing_in(&url, &key).await;
    // By key there is no session to speak of.
    let by_key = caller.json("/v1/session").await;
    assert_eq!(
        (&by_key["role"], &by_key["csrf_token"]),
        (&json!("admin"), &Value::Null)
    );

    let page = SignedIn::with(&url, &key).await;
    let shown: Value = page
        .ask(Method::GET, "/v1/session")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(
        shown["csrf_token"],
        page.csrf.as_str(),
        "after a reload the page asks for it"
    );
    let stored: Vec<u8> = sqlx::query_scalar("SELECT digest FROM sessions")
        .fetch_one(&pool)
        .await
        .unwrap();
    let (_, token) = page.cookie.split_once('=').unwrap();
    assert_eq!(
        stored,
        Sha256::digest(token).to_vec(),
        "of the token only its digest is kept"
    );

    changing(&page).await;

    // Signing out ends this session and no other.
    let other = SignedIn::with(&url, &key).await;
    let out = page
        .ask_as_page(Method::DELETE, "/v1/session")
        .send()
        .await
        .unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert_eq!(page.status().await, StatusCode::UNAUTHORIZED, "signed out");
    assert_eq!(other.status().await, StatusCode::OK, "the other goes on");
    fixed(&url, &key).await;

    for (case, sql) in [
        ("idle", "UPDATE sessions SET idle_until = now()"),
        ("over", "UPDATE sessions SET ends_at = now()"),
        ("its key revoked", "UPDATE api_keys SET revoked_at = now()"),
    ] {
        let session = SignedIn::with(&url, &key).await;
        assert_eq!(
            session.status().await,
            StatusCode::OK,
            "before it is {case}"
        );
        sqlx::query(sql).execute(&pool).await.unwrap();
        assert_eq!(session.status().await, StatusCode::UNAUTHORIZED, "{case}");
    }
}

/// With a wrong key, or from a foreign page, nobody is signed in.
async fn signing_in(url: &str, key: &str) {
    let client = Client::builder().no_proxy().build().unwrap();
    let sign_in = client.post(format!("{url}/v1/session"));
    let sign_in = || sign_in.try_clone().unwrap();
    let wrong = sign_in()
        .json(&json!({"key": "mbk_no"}))
        .send()
        .await
        .unwrap();
    problem(wrong, 401, "unauthenticated").await;
    let foreign = sign_in()
        .header("origin", "https://evil.example")
        .json(&json!({"key": key}));
    problem(foreign.send().await.unwrap(), 403, "cross-site").await;
    // A key in an address would stand in the logs of whatever lies between.
    let there = url.strip_prefix("http://").unwrap();
    for address in [
        format!("{url}/v1/session?key={key}&api_key={key}&access_token={key}&token={key}"),
        format!("{url}/v1/session?authorization=Bearer%20{key}"),
        format!("http://{key}@{there}/v1/session"),
        format!("http://admin:{key}@{there}/v1/session"),
    ] {
        let answer = client.get(&address).send().await.unwrap();
        problem(answer, 401, "unauthenticated").await;
    }
}

/// A cookie that somebody else has put into the browser becomes nobody's session (session fixation), and beside ours
/// makes neither of them one.
async fn fixed(url: &str, key: &str) {
    let client = Client::builder().no_proxy().build().unwrap();
    let planted = format!("medbot_session={}", "A".repeat(43));
    let signed_in = client
        .post(format!("{url}/v1/session"))
        .header("cookie", &planted)
        .json(&json!({"key": key}));
    let signed_in = signed_in.send().await.unwrap();
    assert_eq!(signed_in.status(), StatusCode::CREATED);
    let own = signed_in.headers()["set-cookie"].to_str().unwrap();
    let own = own.split(';').next().unwrap();
    assert_ne!(own, planted);
    let other = SignedIn::with(url, key).await.cookie;
    for (cookies, status) in [
        (own.to_owned(), StatusCode::OK),
        (format!("{own}; {own}"), StatusCode::OK),
        (planted.clone(), StatusCode::UNAUTHORIZED),
        (format!("{planted}; {own}"), StatusCode::UNAUTHORIZED),
        (format!("{own}; {planted}"), StatusCode::UNAUTHORIZED),
        (format!("{other}; {own}"), StatusCode::UNAUTHORIZED),
    ] {
        let asked = client
            .get(format!("{url}/v1/session"))
            .header("cookie", &cookies);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), status, "{cookies}");
    }
}

/// What changes something needs the token and the origin; what does not, neither.
async fn changing(page: &SignedIn) {
    let path = "/v1/documents";
    for (case, request) in [
        ("nothing", page.ask(Method::POST, path)),
        (
            "the token alone",
            page.ask(Method::POST, path)
                .header("x-csrf-token", &page.csrf),
        ),
        (
            "the origin alone",
            page.ask(Method::POST, path).header("origin", &page.url),
        ),
        (
            "another origin",
            page.ask(Method::POST, path)
                .header("x-csrf-token", &page.csrf)
                .header("origin", "http://127.0.0.1:1"),
        ),
    ] {
        println!("{case}");
        problem(request.body("x").send().await.unwrap(), 403, "cross-site").await;
    }
    let taken = page
        .ask_as_page(Method::POST, path)
        .body("no image")
        .send()
        .await
        .unwrap();
    assert_eq!(
        taken.status(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "it was looked at"
    );
    assert_eq!(
        page.ask(Method::GET, "/v1/jobs")
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
}

fn key(folder: &Path) -> String {
    let key = std::fs::read_to_string(folder.join("admin.key")).unwrap();
    key.trim().to_owned()
}
