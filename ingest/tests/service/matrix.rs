//! Every route of the description × every role × two tenants: who may not is told so, and what belongs to
//! another tenant is not there. A route that is new needs a row in [`roles`].

use futures::{StreamExt as _, stream};
use infra::{
    api_key::KeptKey,
    db::{Db, DbSettings, Role},
};
use ingest::http;
use reqwest::{Method, StatusCode};
use schemas::TenantId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Caller, Medbot, Service, document, folder, turn};

const ROLES: [Role; 4] = [Role::Uploader, Role::Reviewer, Role::Analyst, Role::Admin];
const OTHER: TenantId = TenantId(Uuid::from_u128(0xa));
/// Random requests for another tenant's things.
const RANDOM: u64 = 10_000;

/// Who may use a route, besides administrators; None for everybody who is known.
fn roles(method: &str, route: &str) -> Option<&'static [Role]> {
    use Role::{Analyst, Reviewer, Uploader};
    let part = route.trim_start_matches("/v1/").split('/').next().unwrap();
    Some(match (method, part) {
        (_, "session" | "tryout" | "emergency-access") => return None,
        ("POST", "documents" | "batches") | ("DELETE", "jobs") => &[Uploader, Reviewer],
        ("GET", "jobs" | "batches") => &[Uploader, Reviewer, Analyst],
        ("GET", "documents" | "entities" | "patients") | (_, "chat") => &[Reviewer, Analyst],
        ("POST", "entities") => {
            assert!(route.ends_with("/search"), "{method} {route} has no row");
            &[Reviewer, Analyst]
        }
        ("PATCH", "entities") => &[Reviewer],
        (_, "admin" | "webhooks") | ("DELETE", "documents") => &[],
        _ => panic!("{method} {route} has no row"),
    })
}

/// A body that the route's form allows.
fn body(method: &str, route: &str) -> Option<Value> {
    match (method, route) {
        ("PATCH", _) => Some(json!({"version": 1, "decision": "accept"})),
        ("POST", "/v1/entities/search") => Some(json!({})),
        ("POST", "/v1/admin/keys") => Some(json!({"role": "uploader"})),
        // What no route knows: only who may ask is asked here.
        ("POST", "/v1/chat") => Some(json!({"question": "", "among": "documents"})),
        // Without a reason it opens nothing.
        ("POST", "/v1/emergency-access") => Some(json!({"reason": ""})),
        ("POST", "/v1/webhooks") => Some(json!({"url": "http://127.0.0.1:9/"})),
        _ => None,
    }
}

async fn key_of(
    db: &Db,
    folder: &std::path::Path,
    url: &str,
    tenant: TenantId,
    role: Role,
) -> Caller {
    let key = http::new_key();
    db.admit(tenant, &KeptKey::of(&key).unwrap(), role)
        .await
        .unwrap();
    let file = folder.join(format!("{tenant}-{}.key", role.name()));
    std::fs::write(&file, key).unwrap();
    Caller::new(url, Some(&file))
}

/// A route with every id of its path given.
fn path(route: &str, id: &str) -> String {
    route.replace("{id}", id).replace("{page}", "0.png")
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one matrix")]
async fn no_role_and_no_tenant_gets_what_is_not_theirs() {
    let _turn = turn().await;
    let data = folder();
    let service = Service::start("postgres", data.path());
    let database = service.variable("MEDBOT_TEST_DATABASE_URL").to_owned();
    let kept = data.path().join("data");
    let unlimited = [
        ("DATABASE_URL", &*database),
        ("MEDBOT_ALLOW_PRIVATE_WEBHOOKS", "1"),
        ("MEDBOT_RATE_KEY", "0"),
        ("MEDBOT_RATE_ADDRESS", "0"),
        ("MEDBOT_RATE_TENANT", "0"),
    ];
    let server = Medbot::up(&kept, &unlimited);
    let owner = Caller::admin(&server, &kept);
    owner.until("/readyz", StatusCode::OK).await;
    let db = Db::new(&DbSettings {
        url: database,
        api_sessions: 2,
        worker_sessions: 2,
        allow_plaintext: false,
    })
    .unwrap();
    db.found_tenant(OTHER, "other").await.unwrap();

    // What belongs to the default tenant.
    let (job, id) = owner
        .take("a.png", document("prescription_letterhead.png"))
        .await;
    owner.end_of(&job).await;
    let entities = owner.json("/v1/entities").await;
    let entity = entities["entities"][0]["entity_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let hook = owner
        .ask(Method::POST, "/v1/webhooks")
        .json(&json!({"url": "http://127.0.0.1:9/"}));
    let hook: Value = hook.send().await.unwrap().json().await.unwrap();
    let hook = hook["id"].as_str().unwrap().to_owned();
    let key = owner
        .ask(Method::POST, "/v1/admin/keys")
        .json(&json!({"role": "analyst"}));
    let key: Value = key.send().await.unwrap().json().await.unwrap();
    let key = key["id"].as_str().unwrap().to_owned();
    let batch =
        owner
            .ask(Method::POST, "/v1/batches")
            .multipart(reqwest::multipart::Form::new().part(
                "file",
                reqwest::multipart::Part::bytes(document("lab_columns.png")).file_name("b.png"),
            ));
    let batch = batch.send().await.unwrap();
    let place = batch.headers()["location"].to_str().unwrap();
    let batch = place.rsplit('/').next().unwrap().to_owned();
    let ids = [job, id.clone(), entity.clone(), hook, batch, key];

    let described = owner.json("/openapi.json").await;
    let mut routes: Vec<(String, String)> = Vec::new();
    for (route, methods) in described["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            // Nobody is known yet who signs in.
            let signs_in =
                route.starts_with("/v1/sign-in") || (method == "post" && route == "/v1/session");
            if route.starts_with("/v1/") && !signs_in {
                routes.push((method.to_uppercase(), route.clone()));
            }
        }
    }
    assert!(routes.len() >= 20);
    let ask = async |caller: &Caller, method: &str, route: &str, id: &str| {
        let verb: Method = method.parse().unwrap();
        let mut request = caller.ask(verb, &path(route, id));
        if let Some(body) = body(method, route) {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let stream = answer
            .headers()
            .get("content-type")
            .is_some_and(|kind| kind == "text/event-stream");
        // A stream that follows all jobs has no end.
        let text = if stream {
            String::new()
        } else {
            answer.text().await.unwrap_or_default()
        };
        (status, text)
    };

    let (nobody, mut strangers) = (Caller::new(&server.url, None), Vec::new());
    let mut cases = 0;
    for role in ROLES {
        let own = key_of(&db, data.path(), &server.url, TenantId::DEFAULT, role).await;
        let other = key_of(&db, data.path(), &server.url, OTHER, role).await;
        for (method, route) in &routes {
            let may =
                role == Role::Admin || roles(method, route).is_none_or(|may| may.contains(&role));
            // Its own tenant, and nothing that there is.
            let nowhere = Uuid::from_u128(0xdead).to_string();
            let (status, _) = ask(&own, method, route, &nowhere).await;
            assert_eq!(
                status != StatusCode::FORBIDDEN,
                may,
                "{method} {route} as {role:?}: {status}"
            );
            for id in &ids {
                let (status, text) = ask(&other, method, route, id).await;
                let case = format!("{method} {route} of another tenant as {role:?}: {status}");
                if !may {
                    assert_eq!(status, StatusCode::FORBIDDEN, "{case}");
                } else if route.contains("{id}") {
                    assert_eq!(status, StatusCode::NOT_FOUND, "{case}");
                }
                let shown = ids.iter().find(|id| text.contains(id.as_str()));
                assert_eq!(shown.filter(|_| !route.contains("audit")), None, "{case}");
                cases += 1;
            }
        }
        strangers.push(other);
    }
    // Ids may stand in a query too, and in what is asked of the chat.
    let mut queries = 0;
    for (method, route) in routes.iter().filter(|(method, _)| method == "GET") {
        let parameters = &described["paths"][route]["get"]["parameters"];
        let named = parameters
            .as_array()
            .into_iter()
            .flatten()
            .filter(|parameter| {
                parameter["in"] == "query" && parameter["schema"].to_string().contains("\"uuid\"")
            });
        for parameter in named {
            let name = parameter["name"].as_str().unwrap();
            for (stranger, id) in strangers
                .iter()
                .flat_map(|s| ids.iter().map(move |id| (s, id)))
            {
                let asked = format!("{route}?{name}={id}");
                let (status, text) = ask(stranger, method, &asked, &ids[0]).await;
                assert!(!status.is_server_error(), "{asked}: {status}");
                let shown = ids.iter().find(|id| text.contains(id.as_str()));
                assert_eq!(shown, None, "{asked}: {status} {text}");
                queries += 1;
            }
        }
    }
    assert!(queries > 0, "no route is asked by an id in its query");
    for scope in ["document", "patient"] {
        for stranger in &strangers {
            let question = json!({"question": "which drug is it?", scope: id});
            let asked = stranger.ask(Method::POST, "/v1/chat").json(&question);
            let status = asked.send().await.unwrap().status();
            assert!(matches!(status.as_u16(), 403 | 404), "{scope}: {status}");
        }
    }
    // One at a time: who asks so often without a key is left standing.
    for (method, route) in &routes {
        let (status, _) = ask(&nobody, method, route, &ids[0]).await;
        assert_eq!(
            status,
            StatusCode::UNAUTHORIZED,
            "{method} {route} by nobody"
        );
    }

    let with_id: Vec<&(String, String)> =
        routes.iter().filter(|(_, r)| r.contains("{id}")).collect();
    let asked = stream::iter(0..RANDOM).map(|n| {
        // Steps of a linear congruential generator (Knuth's MMIX), one a request.
        let x = n
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407)
            >> 24;
        let (method, route) = with_id[x as usize % with_id.len()];
        let id = &ids[(x >> 12) as usize % ids.len()];
        let caller = &strangers[(x >> 20) as usize % strangers.len()];
        let ask = &ask;
        async move {
            let (status, _) = ask(caller, method, route, id).await;
            matches!(status.as_u16(), 403 | 404)
        }
    });
    let refused = asked
        .buffer_unordered(32)
        .filter(|refused| std::future::ready(*refused))
        .count()
        .await as u64;
    assert_eq!(refused, RANDOM, "hits: {}", RANDOM - refused);

    // Nothing of it did any harm.
    owner.json(&format!("/v1/documents/{id}")).await;
    let entities = owner.json("/v1/entities").await.to_string();
    assert!(entities.contains(&entity));
    println!(
        "{cases} cases of {} routes, {queries} queries, {RANDOM} random requests",
        routes.len()
    );
    db.close().await;
}
