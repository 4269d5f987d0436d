//! The HTTP API: a file a resource. A handler checks who asks, calls the database or the store, and
//! says what came of it; it holds no state of its own, so any process can answer any request.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    http::{HeaderValue, Method, header},
    middleware,
    response::IntoResponse as _,
};
use infra::{
    audit::Recorder,
    db::Db,
    erasure::ErasureList,
    queue::Queue,
    store::{MasterKey, Store},
    webhook::Guard,
};
use schemas::Engine;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;
use tower_http::{
    catch_panic::CatchPanicLayer, cors::CorsLayer, set_header::SetResponseHeaderLayer,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::chat::Chat;

mod admin;
mod audit;
mod auth;
mod batches;
mod chat;
mod code_flow;
mod conversations;
mod cursor;
mod discovery;
pub(crate) mod documents;
mod drain;
mod emergency;
mod entities;
mod events;
mod evidence;
mod exported;
mod extract;
mod gather;
mod idempotency;
mod intake;
mod jobs;
mod jwt;
mod keys;
mod known_keys;
mod limits;
mod measure;
mod openapi;
mod origin;
mod page;
mod patients;
mod peer;
mod probes;
mod problem;
mod refusals;
mod reviews;
mod serve;
mod sessions;
mod sign_in;
mod spools;
mod tls;
mod tokens;
mod tryout;
mod uploads;
mod webhooks;

pub use auth::{Authentication, new_key};
pub(crate) use batches::{LARGEST_ZIP, is_litter};
pub use code_flow::{Client, SignIn};
pub use events::Feed;
pub use jwt::{Provider, Tokens};
pub(crate) use keys::ApiKeyView;
pub use known_keys::KnownKeys;
pub use limits::{Limits, Rates};
pub use peer::Proxies;
pub use refusals::Refusals;
pub use serve::serve;
pub use spools::Spools;
pub(crate) use tls::{Tls, TlsFiles};
pub(crate) use tokens::one::named as named_token;
pub use tryout::Tryout;
#[cfg(test)]
pub(crate) use uploads::file_name;

/// What every handler may use; each request has its own reference.
pub type Api = Arc<Serving>;

/// The parts of it.
pub struct Serving {
    /// The truth.
    pub db: Db,
    /// Where objects lie.
    pub store: Arc<dyn Store>,
    /// Who tells what is due; only asked whether it answers.
    pub queue: Arc<dyn Queue>,
    /// Changes of jobs as they happen, for those who listen.
    pub feed: Feed,
    /// Seals webhooks' secrets, and keys digests.
    pub master: Arc<MasterKey>,
    /// Who may ask.
    pub authentication: Authentication,
    /// API keys that were verified.
    pub keys: Arc<KnownKeys>,
    /// The engines that read unless a request says otherwise.
    pub engines: Vec<Engine>,
    /// Largest upload in bytes, a file.
    pub largest_upload: u64,
    /// Room for zips until they are unpacked.
    pub spools: Spools,
    /// For how long an upload may say nothing before it is given up.
    pub upload_silence: Duration,
    /// Where webhooks may go.
    pub webhook_guard: Guard,
    /// Checks tokens of an identity provider, where there is one.
    pub tokens: Option<Arc<Tokens>>,
    /// Signs people in by that provider, where it is so configured.
    pub sign_in: Option<Arc<SignIn>>,
    /// Who did what.
    pub audit: Recorder,
    /// How often one may ask.
    pub limits: Arc<Limits>,
    /// Refusals that are written down together.
    pub refusals: Refusals,
    /// Whose word on the client's address is taken.
    pub trusted_proxies: Proxies,
    /// How long an emergency access lasts; none: there is none.
    pub emergency: Option<Duration>,
    /// Answers questions.
    pub chat: Arc<Chat>,
    /// May people ask the knowledge base who are not known?
    pub guests: bool,
    /// Where erasures are written down, outside the database.
    pub erasures: ErasureList,
    /// Was the database looked through for what was erased? Until then nothing of `/v1` is answered.
    pub is_open: AtomicBool,
    /// What reads a page at once.
    pub tryout: Arc<Tryout>,
    /// Requests that are answered at this moment, also those whose client has gone.
    pub under_way: TaskTracker,
    /// True once the process was told to end: what streams without an end of its own ends then.
    pub stop: watch::Receiver<bool>,
}

/// Every route, and the description of them that clients are written from.
pub(crate) fn router(api: Api, cors_origins: &[String]) -> anyhow::Result<Router> {
    let (v1, mut description) = OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(uploads::upload))
        .routes(routes!(documents::show, documents::erase))
        .routes(routes!(documents::page_image))
        .routes(routes!(batches::open))
        .routes(routes!(batches::show))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::show, jobs::cancel))
        .routes(routes!(events::follow))
        .routes(routes!(events::follow_all))
        .routes(routes!(entities::list))
        .routes(routes!(entities::search))
        .routes(routes!(reviews::review))
        .routes(routes!(evidence::crop))
        .routes(routes!(webhooks::add, webhooks::list))
        .routes(routes!(webhooks::remove))
        .routes(routes!(sessions::open, sessions::show, sessions::close))
        .routes(routes!(sign_in::begin))
        .routes(routes!(sign_in::finish))
        .routes(routes!(sessions::end_all))
        .routes(routes!(keys::add, keys::list))
        .routes(routes!(keys::revoke))
        .routes(routes!(tokens::of_person::revoke, tokens::of_person::list))
        .routes(routes!(tokens::one::revoke_one, tokens::one::list_each))
        .routes(routes!(emergency::open))
        .routes(routes!(emergency::list))
        .routes(routes!(emergency::end))
        .routes(routes!(admin::queues))
        .routes(routes!(admin::dead_letters))
        .routes(routes!(admin::replay))
        .routes(routes!(audit::log::read))
        .routes(routes!(audit::log::verify))
        .routes(routes!(admin::calibration))
        .routes(routes!(patients::show))
        .routes(routes!(tryout::read))
        .routes(routes!(chat::ask))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::show, conversations::remove))
        .split_for_parts();
    let (open, probes) = OpenApiRouter::new()
        .routes(routes!(probes::healthz))
        .routes(routes!(probes::readyz))
        .routes(routes!(probes::version))
        .split_for_parts();
    description.merge(probes);
    let description = Arc::new(openapi::finished(&description));
    let no_store = SetResponseHeaderLayer::overriding(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store"),
    );
    let no_sniff = SetResponseHeaderLayer::overriding(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    let router = Router::new()
        .merge(
            v1.layer(middleware::from_fn_with_state(api.clone(), audit::record))
                .layer(middleware::from_fn_with_state(api.clone(), limits::check))
                .layer(no_store),
        )
        .merge(open)
        .merge(page::router())
        .route(
            "/openapi.json",
            axum::routing::get(move || {
                let description = Arc::clone(&description);
                async move { axum::Json(&*description).into_response() }
            }),
        )
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(middleware::from_fn(problem::plain_answers_are_problems))
        .layer(middleware::from_fn(drain::read_on))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(middleware::from_fn(measure::measure))
        .layer(no_sniff)
        .with_state(api.clone());
    // Outermost, so that no name but its own is answered, whatever is asked.
    let own_name = middleware::from_fn_with_state(api, origin::own_name);
    if cors_origins.is_empty() {
        return Ok(router.layer(own_name));
    }
    let origins = cors_origins
        .iter()
        .map(|origin| origin.parse())
        .collect::<Result<Vec<HeaderValue>, _>>()
        .context("MEDBOT_CORS_ORIGINS is a list of origins, such as https://app.example.org")?;
    let cors = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::CONTENT_DISPOSITION,
            header::IF_NONE_MATCH,
        ])
        .expose_headers([header::ETAG, header::LOCATION, header::RETRY_AFTER]);
    Ok(router.layer(cors).layer(own_name))
}

/// Counts by state, with every state that a client may see.
fn counts(states: &BTreeMap<schemas::JobState, u64>) -> BTreeMap<&'static str, u64> {
    schemas::JobState::ALL
        .into_iter()
        .map(|state| (state.name(), states.get(&state).copied().unwrap_or(0)))
        .collect()
}
