//! One session: somebody who uploads a document now and then, and looks at what became of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use fixtures::rng::Rng;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout_at},
};

use super::tally::Tally;
use crate::chaos::{scans::Scan, script::Script};

/// What is asked about a document.
const QUESTIONS: [&str; 4] = [
    "Which medicines does it name, and how are they taken?",
    "What is the haemoglobin?",
    "Who is the patient and when were they born?",
    "What shall be done next?",
];

/// Of so much time all sessions upload nothing real for so much: what a worker holds between pages is seen then, however
/// long a page takes on a busy machine.
const ROUND: Duration = Duration::from_secs(90);
const REST: Duration = Duration::from_secs(30);

/// What sessions upload.
pub(super) enum Uploads {
    /// Documents that stages without cost understand.
    Scripted,
    /// Those of a folder, and how many were taken.
    InTurn(Vec<Scan>, AtomicUsize),
}

pub(super) struct Session {
    pub number: u32,
    pub http: reqwest::Client,
    pub base: String,
    pub key: String,
    pub tally: Arc<Tally>,
    pub until: Instant,
    pub think: Duration,
    pub every: Duration,
    /// The longest that an answer may take before it counts as none.
    pub patience: Duration,
    pub chat: f64,
    pub uploads: Arc<Uploads>,
}

/// A job of this session.
struct Job {
    id: String,
    document: String,
    etag: Option<String>,
}

impl Session {
    /// Until its time is over.
    pub async fn run(self) {
        let mut rng = Rng::new(u64::from(self.number));
        // People come when they come; real pages come at once first, which fills the pools of children.
        let after = match *self.uploads {
            Uploads::Scripted => self.every.mul_f64(rng.unit()),
            Uploads::InTurn(..) => Duration::ZERO,
        };
        let mut upload_at = Instant::now() + after;
        let mut job: Option<Job> = None;
        while Instant::now() < self.until {
            let pause = self.think.mul_f64(0.5 + rng.unit());
            sleep_until((Instant::now() + pause).min(self.until)).await;
            if Instant::now() >= self.until {
                return;
            }
            if Instant::now() >= upload_at && !self.rests() {
                upload_at += self.every;
                if let Some(taken) = self.upload(&mut rng).await {
                    job = self.follow(taken).await;
                    if let Some(job) = &job
                        && rng.chance(self.chat)
                    {
                        self.chat(job, &mut rng).await;
                    }
                }
                continue;
            }
            match &mut job {
                Some(job) if rng.chance(0.5) => {
                    self.poll(job).await;
                }
                Some(job) if rng.chance(0.2) => self.result(job).await,
                _ => self.entities().await,
            }
        }
    }

    fn rests(&self) -> bool {
        let left = self.until.duration_since(Instant::now()).as_secs();
        matches!(*self.uploads, Uploads::InTurn(..)) && left % ROUND.as_secs() < REST.as_secs()
    }

    async fn upload(&self, rng: &mut Rng) -> Option<Job> {
        let request = self
            .ask(Method::POST, "/v1/documents?dedupe=false")
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(self.body(rng));
        let said = self.answer("upload", request, StatusCode::ACCEPTED).await?;
        let body: Value = said.json().await.ok()?;
        let id = |name: &str| body["jobs"][0][name].as_str().map(ToOwned::to_owned);
        Some(Job {
            id: id("job_id")?,
            document: id("document_id")?,
            etag: None,
        })
    }

    fn body(&self, rng: &mut Rng) -> Vec<u8> {
        match &*self.uploads {
            Uploads::Scripted => {
                let number = self.number * 10_000 + rng.int(0, 9_999) as u32;
                let script = Script::new(u64::from(self.number), number);
                script.clean().bytes()
            }
            Uploads::InTurn(scans, taken) => {
                let turn = taken.fetch_add(1, Ordering::Relaxed);
                scans[turn % scans.len()].bytes.to_vec()
            }
        }
    }

    /// Listens and polls until the job has ended; none when time is over before, or it failed.
    async fn follow(&self, mut job: Job) -> Option<Job> {
        let listening = self.listen(&job.id);
        loop {
            match self.poll(&mut job).await.as_deref() {
                Some("succeeded" | "needs_review") => break,
                Some(state @ ("failed" | "cancelled")) => {
                    self.tally.wrong("job", state);
                    listening.abort();
                    return None;
                }
                _ => {}
            }
            if Instant::now() >= self.until {
                listening.abort();
                return None;
            }
            sleep(self.think).await;
        }
        // Who listens has heard of it by now, or within moments.
        if timeout_at(Instant::now() + self.patience, listening)
            .await
            .is_err()
        {
            self.tally.wrong("events", "no end");
        }
        self.result(&job).await;
        Some(job)
    }

    /// The events of a job to their end, which must be the end of the job.
    fn listen(&self, job: &str) -> JoinHandle<()> {
        let request = self.ask(Method::GET, &format!("/v1/jobs/{job}/events"));
        let tally = Arc::clone(&self.tally);
        tokio::spawn(async move {
            let start = Instant::now();
            match request.send().await {
                Ok(said) if said.status() == StatusCode::OK => {
                    tally.answered("events", start.elapsed());
                    let text = said.text().await.unwrap_or_default();
                    if !(text.contains("\"succeeded\"") || text.contains("\"needs_review\"")) {
                        tally.wrong("events", "ended before the job");
                    }
                }
                Ok(said) if said.status() == StatusCode::TOO_MANY_REQUESTS => {
                    tally.refused("events");
                }
                Ok(said) => tally.wrong("events", said.status()),
                Err(error) => tally.wrong("events", error.without_url()),
            }
        })
    }

    /// The state of a job, when it has changed.
    async fn poll(&self, job: &mut Job) -> Option<String> {
        let mut request = self.ask(Method::GET, &format!("/v1/jobs/{}", job.id));
        if let Some(etag) = &job.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let said = self.answer("poll", request, StatusCode::OK).await?;
        let etag = said.headers().get(header::ETAG);
        job.etag = etag
            .and_then(|etag| etag.to_str().ok())
            .map(ToOwned::to_owned);
        let body: Value = said.json().await.ok()?;
        body["state"].as_str().map(ToOwned::to_owned)
    }

    async fn result(&self, job: &Job) {
        let request = self.ask(Method::GET, &format!("/v1/documents/{}", job.document));
        self.read("result", request).await;
    }

    async fn chat(&self, job: &Job, rng: &mut Rng) {
        let question = QUESTIONS[rng.int(0, QUESTIONS.len() as i64 - 1) as usize];
        let asked = json!({ "question": question, "document": job.document });
        let request = self.ask(Method::POST, "/v1/chat").json(&asked);
        self.read("chat", request).await;
    }

    async fn entities(&self) {
        let request = self.ask(Method::GET, "/v1/entities?type=medication&limit=20");
        self.read("entities", request).await;
    }

    async fn read(&self, kind: &'static str, request: RequestBuilder) {
        if let Some(said) = self.answer(kind, request, StatusCode::OK).await
            && said.json::<Value>().await.is_err()
        {
            self.tally.wrong(kind, "no JSON");
        }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.key)
    }

    /// Sends it and counts the answer; what was not changed counts as answered and gives none.
    async fn answer(
        &self,
        kind: &'static str,
        request: RequestBuilder,
        wanted: StatusCode,
    ) -> Option<Response> {
        let start = Instant::now();
        match request.timeout(self.patience).send().await {
            Ok(said) if said.status() == wanted => {
                self.tally.answered(kind, start.elapsed());
                Some(said)
            }
            Ok(said) if said.status() == StatusCode::NOT_MODIFIED => {
                self.tally.answered(kind, start.elapsed());
                None
            }
            Ok(said)
                if said.status() == StatusCode::TOO_MANY_REQUESTS
                    && said.headers().contains_key(header::RETRY_AFTER) =>
            {
                self.tally.refused(kind);
                None
            }
            Ok(said) => {
                self.tally.wrong(kind, said.status());
                None
            }
            Err(error) => {
                self.tally.wrong(kind, error.without_url());
                None
            }
        }
    }
}

/// Holds a stream of all jobs open; one that ends in its time is opened again, as a page does.
pub(super) async fn idle(session: Session) {
    while Instant::now() < session.until {
        let request = session.ask(Method::GET, "/v1/jobs/events");
        let start = Instant::now();
        let mut said = match request.send().await {
            Ok(said) if said.status() == StatusCode::OK => said,
            Ok(said) if said.status() == StatusCode::TOO_MANY_REQUESTS => {
                session.tally.refused("idle");
                sleep(session.think).await;
                continue;
            }
            Ok(said) => return session.tally.wrong("idle", said.status()),
            Err(error) => return session.tally.wrong("idle", error.without_url()),
        };
        session.tally.answered("idle", start.elapsed());
        loop {
            match timeout_at(session.until, said.chunk()).await {
                Err(_) => return,
                Ok(Ok(Some(_))) => {}
                Ok(Ok(None)) => break,
                Ok(Err(error)) => return session.tally.wrong("idle", error.without_url()),
            }
        }
    }
}
