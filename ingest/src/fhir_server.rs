//! A clinic's own FHIR server, when `MEDBOT_FHIR_URL` names one: each document that has succeeded is sent
//! there as one transaction, and again when a review changes it.
//!
//! What leaves is written down as any other export is: a line of the audit log before anything is sent,
//! without which nothing is, and one with what became of it. Every resource is put under its own id, so that
//! a repetition changes nothing. What waits for a review is not sent: the job has not succeeded then. Which
//! documents are due stands in the database (`infra::db::fhir_deliveries`); one call is one attempt. Its
//! limit: a later job of the same document writes over resources of the same ids and removes none.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use chrono::SecondsFormat;
use extract::fhir::{self, Export};
use futures::{StreamExt as _, stream};
use infra::{
    audit::{Occurrence, Recorder},
    db::{Changes, Db, DbError, DueDocument},
    store::Store,
    webhook::backoff,
};
use reqwest::{Client, StatusCode, header, redirect};
use schemas::JobState;
use tokio::{sync::watch, time::sleep};
use url::{Host, Url};

use crate::http::documents::{self, Reviewed};

/// Documents of one look at the database, and attempts at once.
const WINDOW: i64 = 16;
const AT_ONCE: usize = 4;
/// For how long a document is this process's; longer than an attempt may take.
const LEASE: Duration = Duration::from_mins(2);
const ATTEMPT: Duration = Duration::from_mins(1);
/// What becomes due within this time is looked for together.
const GATHERED: Duration = Duration::from_millis(100);
/// What the log says of a document that is about to be sent.
const UNDER_WAY: u16 = 102;
/// How often it looks by itself.
const LOOK: Duration = Duration::from_secs(2);

/// Where to, and as whom.
pub(crate) struct FhirServer {
    client: Client,
    base: Url,
    token_file: Option<PathBuf>,
}

/// How an attempt failed.
enum Failure {
    /// Another attempt may succeed.
    Passing(String),
    /// Only another content may.
    Lasting(String),
}

impl FhirServer {
    /// Takes the base URL; without TLS only on this machine, unless `plaintext` is allowed.
    ///
    /// # Errors
    /// When it is none, or the system's certificates cannot be read.
    pub fn new(url: &str, token_file: Option<PathBuf>, plaintext: bool) -> anyhow::Result<Self> {
        let base = Url::parse(url).context("MEDBOT_FHIR_URL is no URL")?;
        let here = match base.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        ensure!(
            base.scheme() == "https" || base.scheme() == "http" && (here || plaintext),
            "MEDBOT_FHIR_URL is https, or http on this machine"
        );
        let client = Client::builder()
            .user_agent(concat!("medbot/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .timeout(ATTEMPT)
            .build()
            .context("the client of the FHIR server")?;
        Ok(Self {
            client,
            base,
            token_file,
        })
    }

    /// Sends a transaction. Gives the status that the log is told: the server's, 502 where it could not be reached,
    /// 503 where there was no token for it. Only the status counts; the answer may quote the document and is not read.
    async fn send(&self, bundle: String) -> (u16, Result<(), Failure>) {
        let mut request = self
            .client
            .post(self.base.clone())
            .header(header::CONTENT_TYPE, "application/fhir+json")
            .header(header::ACCEPT, "application/fhir+json")
            .header("prefer", "return=minimal")
            .body(bundle);
        if let Some(path) = &self.token_file {
            // Read every time, since tokens are renewed.
            match tokio::fs::read_to_string(path).await {
                Ok(token) => request = request.bearer_auth(token.trim()),
                Err(error) => {
                    let why = format!("the token cannot be read: {}", error.kind());
                    return (503, Err(Failure::Passing(why)));
                }
            }
        }
        let Ok(answer) = request.send().await else {
            let why = "the server cannot be reached".into();
            return (502, Err(Failure::Passing(why)));
        };
        let status = answer.status();
        let said = format!("the server answered {}", status.as_u16());
        let taken = match status {
            status if status.is_success() => Ok(()),
            StatusCode::BAD_REQUEST
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_ACCEPTABLE
            | StatusCode::GONE
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => Err(Failure::Lasting(said)),
            _ => Err(Failure::Passing(said)),
        };
        (status.as_u16(), taken)
    }
}

/// Sends what is due, until `stop`. Every process may do so.
pub(crate) async fn tell(
    server: &FhirServer,
    db: &Db,
    store: &Arc<dyn Store>,
    audit: &Recorder,
    changes: &Changes,
    mut stop: watch::Receiver<bool>,
) {
    let mut heard = changes.subscribe();
    while !*stop.borrow() {
        match db.due_documents(WINDOW, LEASE).await {
            Ok(due) if !due.is_empty() => {
                stream::iter(due)
                    .for_each_concurrent(AT_ONCE, |due| async move {
                        if let Err(error) = one(server, (db, store, audit), &due).await {
                            tracing::warn!(%error, "a document is sent again after its lease");
                        }
                    })
                    .await;
                continue;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the FHIR server is told nothing; trying again"),
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            _ = heard.recv() => {
                sleep(GATHERED).await;
                while heard.try_recv().is_ok() {}
            }
            _ = stop.changed() => {}
        }
    }
}

async fn one(
    server: &FhirServer,
    (db, store, audit): (&Db, &Arc<dyn Store>, &Recorder),
    due: &DueDocument,
) -> Result<(), DbError> {
    let sent = match bundle(db, store, due).await {
        Ok(Some(bundle)) => written_down(server, audit, due, bundle).await,
        // Erased, or doubted by a later job whose last review makes it due again.
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    match sent {
        Ok(()) => db.document_told(due).await,
        Err(Failure::Passing(why)) => {
            // Spread by the document's own bits: no clock and no generator is needed.
            let jitter = f64::from(due.document.0.as_bytes()[15]) / 255.0;
            db.document_untold(due, backoff(due.attempt + 1, jitter), &why)
                .await
        }
        Err(Failure::Lasting(why)) => {
            tracing::warn!(document = %due.document, why, "the FHIR server refuses a document");
            db.document_untold(due, None, &why).await
        }
    }
}

/// Sends a document between its two lines.
async fn written_down(
    server: &FhirServer,
    audit: &Recorder,
    due: &DueDocument,
    bundle: String,
) -> Result<(), Failure> {
    let line = |outcome| {
        let object = format!("/v1/documents/{}", due.document);
        let what = Occurrence::of_service("document.export", object, outcome);
        audit.record(due.tenant, what)
    };
    if line(UNDER_WAY).await.is_err() {
        return Err(Failure::Passing(
            "the audit log does not take what would be sent".into(),
        ));
    }
    let (outcome, sent) = server.send(bundle).await;
    if let Err(error) = line(outcome).await {
        tracing::error!(%error, "what became of an export could not be written down");
    }
    sent
}

async fn bundle(
    db: &Db,
    store: &Arc<dyn Store>,
    due: &DueDocument,
) -> Result<Option<String>, Failure> {
    let unread = |_| Failure::Passing("its result cannot be read now".to_owned());
    let row = db.document(due.tenant, due.document).await;
    let row = row.map_err(|error| Failure::Passing(error.to_string()))?;
    let Some((row, job)) = row.and_then(|row| row.result.map(|job| (row, job))) else {
        return Ok(None);
    };
    if row.job == job && row.state != JobState::Succeeded {
        return Ok(None);
    }
    let Reviewed { document, accepted } = documents::load(db, store, due.tenant, due.document, job)
        .await
        .map_err(unread)?;
    let recorded = row.created_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let export = Export {
        document: &document,
        accepted: &accepted,
        recorded: &recorded,
    };
    Ok(Some(fhir::transaction(&export).to_string()))
}
