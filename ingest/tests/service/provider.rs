//! An `OpenID` provider of the tests on a loopback address, with a key of its own: everybody is let in, as the test
//! says. What a client must keep to, it checks: the code's address, its proof (PKCE), the client's secret.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

pub const CLIENT: &str = "medbot page";
/// With what must be encoded before it stands in a header.
pub const SECRET: &str = "a:secret&more%";
/// What a client must show nobody.
pub const WORDS: &str = "<b>words of the provider</b>";

/// What the provider does with who comes next.
#[derive(Clone)]
pub enum Mood {
    /// Signs these claims over the right ones; null takes one away.
    Claims(Value),
    /// Signs with a key that is not its own.
    Forged,
    /// Does not sign.
    Unsigned,
    /// Lets nobody in.
    Denies,
    /// Does not take the code.
    Refuses,
    /// Fails.
    Ails,
}

pub struct Provider {
    pub issuer: String,
    inner: Arc<Inner>,
}

struct Inner {
    issuer: String,
    secret_in_body: bool,
    own: (EncodingKey, Value),
    strange: EncodingKey,
    mood: Mutex<Mood>,
    /// Codes that were given and not exchanged, with what they were asked for.
    codes: Mutex<HashMap<String, HashMap<String, String>>>,
    /// Everything secret that went through here.
    given: Mutex<Vec<String>>,
}

type Fields = HashMap<String, String>;

/// A signing key, and its public half.
fn key() -> (EncodingKey, Value) {
    let random = SystemRandom::new();
    let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let bytes = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(kind, bytes.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let [x, y] = [&point[1..33], &point[33..]].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let public = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k", "x": x, "y": y});
    (EncodingKey::from_ec_der(bytes.as_ref()), public)
}

impl Provider {
    /// Answers at this name of the own machine until the test ends.
    pub async fn start(host: &str, secret_in_body: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{host}:{}", listener.local_addr().unwrap().port());
        let inner = Arc::new(Inner {
            issuer: issuer.clone(),
            secret_in_body,
            own: key(),
            strange: key().0,
            mood: Mutex::new(Mood::Claims(json!({}))),
            codes: Mutex::default(),
            given: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/end", get(end))
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, inner }
    }

    pub fn becomes(&self, mood: Mood) {
        *self.inner.mood.lock().unwrap() = mood;
    }

    /// Codes, verifiers and tokens that went through here.
    pub fn given(&self) -> Vec<String> {
        self.inner.given.lock().unwrap().clone()
    }

    /// The settings of a service whose page is signed in to here.
    pub fn settings<'a>(&'a self, url: &'a str, secret: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("MEDBOT_OIDC_ISSUER", &self.issuer),
            ("MEDBOT_OIDC_AUDIENCE", "medbot api"),
            ("MEDBOT_OIDC_CLIENT_ID", CLIENT),
            ("MEDBOT_OIDC_CLIENT_SECRET_FILE", secret),
            ("MEDBOT_PUBLIC_URL", url),
        ]
    }
}

async fn discovery(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", inner.issuer);
    let method = if inner.secret_in_body {
        "client_secret_post"
    } else {
        "client_secret_basic"
    };
    let mut said = json!({
        "issuer": inner.issuer,
        "jwks_uri": at("/keys"),
        "authorization_endpoint": at("/authorize?tenant=one"),
        "token_endpoint": at("/token"),
        "token_endpoint_auth_methods_supported": [method, "private_key_jwt"],
    });
    // Not every provider knows it.
    if !inner.secret_in_body {
        said["end_session_endpoint"] = json!(at("/end?tenant=one"));
    }
    Json(said)
}

/// Signs people out, and sends them back.
async fn end(Query(asked): Query<Fields>) -> Response {
    for (name, value) in [("tenant", "one"), ("client_id", CLIENT)] {
        assert_eq!(asked[name], value, "{name}");
    }
    let back = asked["post_logout_redirect_uri"].clone();
    (StatusCode::FOUND, [(header::LOCATION, back)]).into_response()
}

async fn keys(State(inner): State<Arc<Inner>>) -> Json<Value> {
    Json(json!({"keys": [inner.own.1]}))
}

async fn authorize(State(inner): State<Arc<Inner>>, Query(asked): Query<Fields>) -> Response {
    for (name, value) in [
        ("tenant", "one"),
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("scope", "openid"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    let mut back = Url::parse(&asked["redirect_uri"]).unwrap();
    let mut fields = back.query_pairs_mut();
    fields.append_pair("state", &asked["state"]);
    if matches!(*inner.mood.lock().unwrap(), Mood::Denies) {
        fields.append_pair("error", "access_denied");
        fields.append_pair("error_description", WORDS);
    } else {
        let code = uuid::Uuid::new_v4().to_string();
        fields.append_pair("code", &code);
        fields.append_pair("iss", &inner.issuer);
        inner.given.lock().unwrap().push(code.clone());
        inner.codes.lock().unwrap().insert(code, asked);
    }
    drop(fields);
    (StatusCode::FOUND, [(header::LOCATION, back.to_string())]).into_response()
}

/// Does the client prove who it is, in the one way that this provider takes?
fn is_client(inner: &Inner, headers: &HeaderMap, form: &Fields) -> bool {
    let field = |name: &str| form.get(name).map(String::as_str);
    let header = headers.get(header::AUTHORIZATION);
    if inner.secret_in_body {
        return header.is_none()
            && field("client_id") == Some(CLIENT)
            && field("client_secret") == Some(SECRET);
    }
    let encoded = BASE64_STANDARD.encode("medbot+page:a%3Asecret%26more%25");
    header.is_some_and(|given| given == format!("Basic {encoded}").as_str())
        && field("client_secret").is_none()
}

async fn token(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: String) -> Response {
    let form: Fields = form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let refused = |error: &str| {
        let said = json!({"error": error, "error_description": WORDS});
        (StatusCode::BAD_REQUEST, Json(said)).into_response()
    };
    if !is_client(&inner, &headers, &form) {
        return refused("invalid_client");
    }
    let mood = inner.mood.lock().unwrap().clone();
    match mood {
        Mood::Refuses => return refused("invalid_grant"),
        Mood::Ails => return (StatusCode::BAD_GATEWAY, WORDS).into_response(),
        _ => {}
    }
    let verifier = form["code_verifier"].clone();
    let proof = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    inner.given.lock().unwrap().push(verifier);
    let asked = inner.codes.lock().unwrap().remove(&form["code"]);
    let Some(asked) = asked.filter(|asked| {
        form["grant_type"] == "authorization_code"
            && asked["redirect_uri"] == form["redirect_uri"]
            && asked["code_challenge"] == proof
    }) else {
        return refused("invalid_grant");
    };
    let mut claims = json!({
        "iss": inner.issuer, "aud": CLIENT, "sub": "somebody", "nonce": asked["nonce"],
        "exp": chrono::Utc::now().timestamp() + 60,
        "medbot_role": "reviewer", "medbot_tenant": "00000000-0000-0000-0000-000000000001",
    });
    if let Mood::Claims(Value::Object(others)) = &mood {
        let claims = claims.as_object_mut().unwrap();
        claims.extend(others.clone());
        claims.retain(|_, value| !value.is_null());
    }
    let signed = |key| {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("k".into());
        jsonwebtoken::encode(&header, &claims, key).unwrap()
    };
    let id_token = match mood {
        Mood::Forged => signed(&inner.strange),
        Mood::Unsigned => {
            let [header, claims] = [&json!({"alg": "none", "kid": "k"}), &claims]
                .map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
            format!("{header}.{claims}.")
        }
        _ => signed(&inner.own.0),
    };
    inner.given.lock().unwrap().push(id_token.clone());
    let said = json!({"access_token": "opaque", "token_type": "Bearer", "id_token": id_token});
    Json(said).into_response()
}
