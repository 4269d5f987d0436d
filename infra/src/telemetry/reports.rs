//! Reports of errors to a server that speaks Sentry's protocol, where `SENTRY_DSN` names one.
//!
//! A report is made anew of what is known to be harmless: the sentence that stands in the source, where it
//! stands, and the fields named in [`FIELDS`]. The text of an error or of a panic may quote what it stumbled
//! over, so neither is sent; the log has the error's. Who sends is a thread of its own; what comes faster than it
//! can send is dropped.

use std::{
    collections::BTreeMap,
    fmt::{self, Debug},
    panic::{self, PanicHookInfo},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    time::Duration,
};

use sentry_types::{
    Dsn,
    protocol::v7::{Envelope, Event, Exception, Frame, Level, Stacktrace},
};
use tracing::{Metadata, Subscriber, field::Field};
use tracing_subscriber::{Layer, layer::Context};

use super::panics;

/// Fields of log lines that are ids, kinds and counts.
const FIELDS: [&str; 9] = [
    "job",
    "stage",
    "page",
    "attempt",
    "duration_ms",
    "kind",
    "layer",
    "status",
    "slots",
];
const WAITING: usize = 64;
const PATIENCE: Duration = Duration::from_secs(5);
const AGENT: &str = concat!("medbot/", env!("CARGO_PKG_VERSION"));

enum Waiting {
    Report(Box<Event<'static>>),
    /// Tell me when what was before this is sent.
    Flush(SyncSender<()>),
}

/// Who sends reports.
#[derive(Clone)]
pub(super) struct Reports {
    queue: SyncSender<Waiting>,
}

impl Reports {
    /// Begins. The thread ends with the last of those who report.
    ///
    /// # Errors
    /// A sentence, when the address makes no sense or nothing can be sent.
    pub fn start(dsn: &str) -> Result<Self, String> {
        let dsn: Dsn = dsn
            .parse()
            .map_err(|_| "SENTRY_DSN is no address of a project")?;
        super::start::with_tls();
        let (queue, waiting) = sync_channel(WAITING);
        std::thread::Builder::new()
            .name("reports".into())
            .spawn(move || send_all(&dsn, &waiting))
            .map_err(|error| format!("no thread for reports: {error}"))?;
        Ok(Self { queue })
    }

    /// Reports panics too, beside what was done about them before.
    pub fn of_panics(&self) {
        let reports = self.clone();
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            reports.send(panicked(info));
            before(info);
        }));
    }

    /// Waits until what was reported is sent, or for as long as sending one may take.
    pub fn flush(&self) {
        let (done, sent) = sync_channel(1);
        if self.queue.try_send(Waiting::Flush(done)).is_ok() {
            let _ = sent.recv_timeout(PATIENCE);
        }
    }

    fn send(&self, event: Event<'static>) {
        let _ = self.queue.try_send(Waiting::Report(Box::new(event)));
    }
}

impl<S: Subscriber> Layer<S> for Reports {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        // Of a panic more is known than its line in the log says.
        let of_panic = event.metadata().target() == panics::TARGET;
        if *event.metadata().level() != tracing::Level::ERROR || of_panic {
            return;
        }
        let mut harmless = Harmless::default();
        event.record(&mut harmless);
        self.send(reported(event.metadata(), harmless));
    }
}

fn reported(place: &Metadata<'_>, harmless: Harmless) -> Event<'static> {
    Event {
        logger: Some(place.target().to_owned()),
        message: Some(harmless.sentence),
        culprit: place
            .file()
            .map(|file| format!("{file}:{}", place.line().unwrap_or(0))),
        tags: harmless
            .fields
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect(),
        ..blank(Level::Error)
    }
}

fn panicked(info: &PanicHookInfo<'_>) -> Event<'static> {
    let frame = info.location().map(|place| Frame {
        filename: Some(place.file().to_owned()),
        lineno: Some(u64::from(place.line())),
        ..Frame::default()
    });
    let exception = Exception {
        ty: "panic".into(),
        value: Some("what it says stands nowhere: it may quote a document".into()),
        stacktrace: frame.map(|frame| Stacktrace {
            frames: vec![frame],
            ..Stacktrace::default()
        }),
        ..Exception::default()
    };
    Event {
        exception: vec![exception].into(),
        ..blank(Level::Fatal)
    }
}

fn blank(level: Level) -> Event<'static> {
    let environment = std::env::var("SENTRY_ENVIRONMENT").ok();
    Event {
        level,
        platform: "native".into(),
        release: Some(concat!("medbot@", env!("CARGO_PKG_VERSION")).into()),
        environment: environment.map(Into::into),
        ..Event::default()
    }
}

/// What may leave of a log line.
#[derive(Default)]
struct Harmless {
    sentence: String,
    fields: BTreeMap<&'static str, String>,
}

impl Harmless {
    fn take(&mut self, field: &Field, value: impl fmt::Display) {
        if field.name() == "message" {
            self.sentence = value.to_string();
        } else if FIELDS.contains(&field.name()) {
            self.fields.insert(field.name(), value.to_string());
        }
    }
}

impl tracing::field::Visit for Harmless {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.take(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value);
    }
}

fn send_all(dsn: &Dsn, waiting: &Receiver<Waiting>) {
    let client = reqwest::blocking::Client::builder()
        .timeout(PATIENCE)
        .user_agent(AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .build();
    let client = match client {
        Ok(client) => client,
        Err(error) => return tracing::warn!(%error, "errors are not reported"),
    };
    let (address, who) = (dsn.envelope_api_url(), dsn.to_auth(Some(AGENT)).to_string());
    // Ends when nobody is left who could report. Nobody is told of a report that is lost: the log has
    // what it was of, and a line about it could be reported again.
    for next in waiting {
        let event = match next {
            Waiting::Report(event) => event,
            Waiting::Flush(done) => {
                let _ = done.send(());
                continue;
            }
        };
        let mut body = Vec::new();
        if Envelope::from(*event).to_writer(&mut body).is_ok() {
            let _ = client
                .post(address.clone())
                .header("X-Sentry-Auth", &who)
                .header("Content-Type", "application/x-sentry-envelope")
                .body(body)
                .send();
        }
    }
}

#[cfg(test)]
mod tests;
