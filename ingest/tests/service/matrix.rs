//! Every route of the description × every role × two tenants: who may not is told so, and what belongs to
//! another tenant is not there, by whatever kind of id. A route that is new needs a row in [`roles`], and one with an
//! id something in [`Owned`]. Guests are a fifth role, where a site lets them in.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};

use futures::{StreamExt as _, stream};
use infra::{
    api_key::KeptKey,
    db::{self, Db, DbSettings, Holder, Role, SessionLife},
};
use ingest::http;
use reqwest::{Method, StatusCode};
use schemas::TenantId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Caller, Medbot, Service, document, folder, turn};

const ROLES: [Role; 4] = [Role::Uploader, Role::Reviewer, Role::Analyst, Role::Admin];
const OTHER: TenantId = TenantId(Uuid::from_u128(0xa));
/// What a question may be about, and what that is.
const SCOPES: [(&str, &str); 3] = [
    ("document", "/v1/documents/"),
    ("patient", "/v1/patients/"),
    ("session", "/v1/chat/sessions/"),
];
/// What guests may use where they are let in.
const FOR_GUESTS: [&str; 2] = ["/v1/chat", "/v1/tryout"];
/// Polls of a state, which show nothing of what documents say: all that leaves no line.
const POLLS: [(&str, &str); 5] = [
    ("GET", "/v1/jobs/{id}"),
    ("GET", "/v1/jobs/{id}/events"),
    ("GET", "/v1/jobs/events"),
    ("GET", "/v1/session"),
    ("GET", "/v1/admin/queues"),
];
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
fn body(method: &str, route: &str, id: &str) -> Option<Value> {
    match (method, route) {
        ("PATCH", _) => Some(json!({"version": 1, "decision": "accept"})),
        ("POST", "/v1/entities/search") => Some(json!({})),
        ("POST", "/v1/admin/keys") => Some(json!({"role": "uploader"})),
        // In whoever asks's own tenant: another's sessions stay, as is seen at the end.
        ("POST", "/v1/admin/token-revocations") => Some(json!({"person": id})),
        // Neither one way of naming a token nor the other: it takes back none.
        ("POST", "/v1/admin/revoked-tokens") => Some(json!({})),
        // What no route knows: only who may ask is asked here.
        ("POST", "/v1/chat") => Some(json!({"question": "", "among": "documents"})),
        // Without a reason it opens nothing.
        ("POST", "/v1/emergency-access") => Some(json!({"reason": ""})),
        ("POST", "/v1/webhooks") => Some(json!({"url": "http://127.0.0.1:9/"})),
        _ => None,
    }
}

async fn key_of(db: &Db, folder: &Path, url: &str, tenant: TenantId, role: Role) -> Caller {
    let key = http::new_key();
    db.admit(tenant, &KeptKey::of(&key).unwrap(), role)
        .await
        .unwrap();
    let file = folder.join(format!("{tenant}-{}.key", role.name()));
    fs::write(&file, key).unwrap();
    Caller::new(url, Some(&file))
}

/// What belongs to the default tenant: something of each kind that a route names by its id.
struct Owned(Vec<(&'static str, String)>);

impl Owned {
    /// What a route is about.
    fn of(&self, route: &str) -> &str {
        let found = self.0.iter().find(|(kind, _)| route.starts_with(kind));
        &found.unwrap_or_else(|| panic!("{route} names nothing")).1
    }

    /// Every id, of whatever kind.
    fn ids(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(|(_, id)| id.as_str())
    }

    /// One of them that stands in a text.
    fn shown(&self, text: &str) -> Option<&str> {
        self.ids().find(|id| text.contains(id))
    }
}

/// Makes something of each kind.
async fn furnish(owner: &Caller, db: &Db, database: &str) -> Owned {
    let (job, document) = owner
        .take("a.png", document("prescription_repeat_turned.png"))
        .await;
    owner.end_of(&job).await;
    let entities = owner.json("/v1/entities").await;
    let of_entity = |field: &str| {
        let id = entities["entities"][0][field].as_str();
        id.unwrap_or_else(|| panic!("no {field}: {entities}"))
            .to_owned()
    };
    let made = async |path: &str, body: Value, field: &str| {
        let answer = owner.ask(Method::POST, path).json(&body).send().await;
        let answer: Value = answer.unwrap().json().await.unwrap();
        answer[field].as_str().unwrap().to_owned()
    };
    let hook = json!({"url": "http://127.0.0.1:9/"});
    let question = json!({"question": "which drug is it?", "document": document});
    let part = reqwest::multipart::Part::bytes(self::document("lab_columns.png"));
    let form = reqwest::multipart::Form::new().part("file", part.file_name("b.png"));
    let batch = owner.ask(Method::POST, "/v1/batches").multipart(form);
    let batch = batch.send().await.unwrap();
    let place = batch.headers()["location"].to_str().unwrap();
    let batch = place.rsplit('/').next().unwrap().to_owned();

    // A task that was given up.
    let pool = sqlx::PgPool::connect(database).await.unwrap();
    let given_up =
        "UPDATE tasks SET state = 'failed' WHERE stage = 'index' AND job_id = $1 RETURNING id";
    let dead: Uuid = sqlx::query_scalar(given_up)
        .bind(job.parse::<Uuid>().unwrap())
        .fetch_one(&pool)
        .await
        .unwrap();
    pool.close().await;
    // Somebody whom the identity provider knows, signed in; and somebody who reads in an emergency.
    let somebody = |id, role| db::Caller {
        id: Uuid::from_u128(id),
        tenant: TenantId::DEFAULT,
        role,
    };
    let (hour, person) = (Duration::from_hours(1), somebody(0xbeef, Role::Reviewer));
    let life = SessionLife {
        idle: hour,
        whole: hour,
    };
    db.open_session(&person, Holder::Person, &[7; 32], life)
        .await
        .unwrap();
    let uploader = somebody(0xfeed, Role::Uploader);
    let access = db.open_emergency(&uploader, "nobody else is here", hour);
    let access = access.await.unwrap();

    Owned(vec![
        ("/v1/jobs/", job),
        ("/v1/documents/", document.clone()),
        ("/v1/entities/", of_entity("entity_id")),
        ("/v1/patients/", of_entity("patient_id")),
        ("/v1/webhooks/", made("/v1/webhooks", hook, "id").await),
        (
            "/v1/admin/keys/",
            made("/v1/admin/keys", json!({"role": "analyst"}), "id").await,
        ),
        (
            "/v1/chat/sessions/",
            made("/v1/chat", question, "session").await,
        ),
        ("/v1/batches/", batch),
        ("/v1/admin/dead-letters/", dead.to_string()),
        ("/v1/admin/sessions/", person.id.to_string()),
        ("/v1/admin/emergency-access/", access.id.to_string()),
    ])
}

/// A browser sends its cookie along whoever makes it ask: without the token that the own page alone knows, every
/// route that changes anything refuses.
async fn changes_nothing_for_a_foreign_page(url: &str, kept: &Path, routes: &[(String, String)]) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let key = fs::read_to_string(kept.join("admin.key")).unwrap();
    let signed_in = client
        .post(format!("{url}/v1/session"))
        .json(&json!({"key": key.trim()}));
    let signed_in = signed_in.send().await.unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let session = async || {
        let asked = client.get(format!("{url}/v1/session"));
        let answer = asked.header("cookie", &cookie).send().await.unwrap();
        answer.status()
    };
    assert_eq!(session().await, StatusCode::OK);
    let changing = routes.iter().filter(|(method, _)| method != "GET");
    let mut refused = 0;
    for (method, route) in changing {
        let verb: Method = method.parse().unwrap();
        let nowhere = Uuid::from_u128(0xdead).to_string();
        let asked = client
            .request(verb, format!("{url}{}", path(route, &nowhere)))
            .header("cookie", &cookie)
            .header("origin", "https://evil.example");
        let answer = asked.send().await.unwrap();
        let case = format!("{method} {route} by a foreign page");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{case}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["type"], "urn:medbot:problem:cross-site", "{case}");
        refused += 1;
    }
    assert!(refused >= 15, "{refused}");
    assert_eq!(session().await, StatusCode::OK, "nor is it signed out");
}

/// What the owner asked for, each thing by each of its methods, stands in their log.
async fn every_access_has_a_line(owner: &Caller, routes: &[(String, String)], owned: &Owned) {
    // By what was asked for: what was done to it, other than being refused.
    let mut lines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut after = json!(0);
    while !after.is_null() {
        let page = owner.json(&format!("/v1/admin/audit?after={after}")).await;
        for event in page["events"].as_array().unwrap() {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            if event["actor"]["role"] == "admin" && text("action") != "request.refused" {
                lines
                    .entry(text("object"))
                    .or_default()
                    .insert(text("action"));
            }
        }
        after = page["next"].clone();
    }
    let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
    for (method, route) in routes {
        let poll = POLLS.contains(&(method.as_str(), route.as_str()));
        *wanted.entry(route).or_default() += usize::from(!poll);
    }
    for (route, methods) in wanted {
        let id = if route.contains("{id}") {
            owned.of(route)
        } else {
            ""
        };
        let asked = path(route, id);
        // Of what is made, or taken back, the line may name the id as well.
        let done: BTreeSet<&String> = lines
            .iter()
            .filter_map(|(object, actions)| Some((object.strip_prefix(&asked)?, actions)))
            .flat_map(|(rest, actions)| actions.iter().map(move |action| (rest, action)))
            .filter(|(rest, action)| {
                let named = rest.strip_prefix('/').is_some_and(is_id);
                let made = [".create", ".open", ".revoke"]
                    .iter()
                    .any(|verb| action.ends_with(*verb));
                rest.is_empty() || (named && made)
            })
            .map(|(_, action)| action)
            .collect();
        assert!(
            done.len() >= methods,
            "{route}: {methods} methods, lines {done:?}"
        );
    }
}

fn is_id(text: &str) -> bool {
    text.parse::<Uuid>().is_ok()
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
        url: database.clone(),
        api_sessions: 2,
        worker_sessions: 2,
        allow_plaintext: false,
    })
    .unwrap();
    db.found_tenant(OTHER, "other").await.unwrap();

    let owned = furnish(&owner, &db, &database).await;
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
        if let Some(body) = body(method, route, id) {
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
            for id in owned.ids() {
                let (status, text) = ask(&other, method, route, id).await;
                let case = format!("{method} {route} of another tenant as {role:?}: {status}");
                if !may {
                    assert_eq!(status, StatusCode::FORBIDDEN, "{case}");
                } else if route.contains("{id}") {
                    assert_eq!(status, StatusCode::NOT_FOUND, "{case}");
                }
                // Its own log says what it asked for, and its own list whose tokens it took back.
                let own = ["audit", "token-revocations", "revoked-tokens"];
                let shown = owned.shown(&text);
                let shown = shown.filter(|_| !own.iter().any(|own| route.contains(own)));
                assert_eq!(shown, None, "{case}");
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
                .flat_map(|s| owned.ids().map(move |id| (s, id)))
            {
                let asked = format!("{route}?{name}={id}");
                let (status, text) = ask(stranger, method, &asked, id).await;
                assert!(!status.is_server_error(), "{asked}: {status}");
                assert_eq!(owned.shown(&text), None, "{asked}: {status} {text}");
                queries += 1;
            }
        }
    }
    assert!(queries > 0, "no route is asked by an id in its query");
    for (scope, kind) in SCOPES {
        for stranger in &strangers {
            let question = json!({"question": "which drug is it?", scope: owned.of(kind)});
            let asked = stranger.ask(Method::POST, "/v1/chat").json(&question);
            let status = asked.send().await.unwrap().status();
            assert!(matches!(status.as_u16(), 403 | 404), "{scope}: {status}");
        }
    }
    // One at a time: who asks so often without a key is left standing.
    for (method, route) in &routes {
        let id = if route.contains("{id}") {
            owned.of(route)
        } else {
            ""
        };
        let (status, _) = ask(&nobody, method, route, id).await;
        assert_eq!(
            status,
            StatusCode::UNAUTHORIZED,
            "{method} {route} by nobody"
        );
    }

    changes_nothing_for_a_foreign_page(&server.url, &kept, &routes).await;

    // Where a site lets guests in they are nobody on every route but two, and there nothing is anybody's.
    let guests = Medbot::start(
        &["serve", "--listen", "127.0.0.1:0"],
        &[
            &unlimited[..],
            &[
                ("MEDBOT_DATA", kept.to_str().unwrap()),
                ("MEDBOT_GUESTS", "yes"),
            ],
        ]
        .concat(),
        true,
    );
    let guest = Caller::new(&guests.url, None);
    guest.until("/readyz", StatusCode::OK).await;
    for (method, route) in &routes {
        let id = if route.contains("{id}") {
            owned.of(route)
        } else {
            ""
        };
        let (status, text) = ask(&guest, method, route, id).await;
        let case = format!("{method} {route} by a guest: {status} {text}");
        let open = method == "POST" && FOR_GUESTS.contains(&route.as_str());
        assert_eq!(status == StatusCode::UNAUTHORIZED, !open, "{case}");
        assert!(!status.is_success(), "{case}");
        assert_eq!(owned.shown(&text), None, "{case}");
    }
    for (scope, kind) in SCOPES {
        let question = json!({"question": "which drug is it?", scope: owned.of(kind)});
        let asked = guest.ask(Method::POST, "/v1/chat").json(&question);
        let status = asked.send().await.unwrap().status();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{scope} by a guest");
    }
    drop(guests);

    // Only of those who may ask at all: 404 is then the other tenant's doing, by the kind of id that the route takes
    // or by any.
    let with_id: Vec<(&String, &String, &Caller)> = routes
        .iter()
        .filter(|(_, route)| route.contains("{id}"))
        .flat_map(|(method, route)| {
            ROLES
                .iter()
                .zip(&strangers)
                .filter(move |(role, _)| {
                    **role == Role::Admin
                        || roles(method, route).is_none_or(|may| may.contains(role))
                })
                .map(move |(_, caller)| (method, route, caller))
        })
        .collect();
    let ids: Vec<&str> = owned.ids().collect();
    let asked = stream::iter(0..RANDOM).map(|n| {
        // Steps of a linear congruential generator (Knuth's MMIX), one a request.
        let x = n
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407)
            >> 24;
        let (method, route, caller) = with_id[x as usize % with_id.len()];
        let any = ids[(x >> 12) as usize % ids.len()];
        let id = if (x >> 20) % 2 == 0 {
            any
        } else {
            owned.of(route)
        };
        let ask = &ask;
        async move { ask(caller, method, route, id).await.0 == StatusCode::NOT_FOUND }
    });
    let refused = asked
        .buffer_unordered(32)
        .filter(|refused| std::future::ready(*refused))
        .count()
        .await as u64;
    assert_eq!(refused, RANDOM, "hits: {}", RANDOM - refused);

    // Nothing of it did any harm, and each of these ids is one that its routes know: their owner is not told that
    // there is no such thing. What removes comes last, and the document takes most of the others along.
    let mut own: Vec<&(String, String)> = routes
        .iter()
        .filter(|(_, route)| route.contains("{id}"))
        .collect();
    own.sort_by_key(|(method, route)| (method == "DELETE", route.starts_with("/v1/documents")));
    for (method, route) in own {
        let (status, text) = ask(&owner, method, route, owned.of(route)).await;
        let known = status != StatusCode::NOT_FOUND && !status.is_server_error();
        assert!(known, "{method} {route} by its owner: {status} {text}");
    }
    every_access_has_a_line(&owner, &routes, &owned).await;
    println!(
        "{cases} cases of {} routes, {queries} queries, {RANDOM} random requests",
        routes.len()
    );
    db.close().await;
}
