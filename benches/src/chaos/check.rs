//! After the storm: what every accepted document came to, in the database, in the store and through
//! the API, against what it must come to.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use infra::store;
use reqwest::StatusCode;
use schemas::{Artefact, ArtefactKey, Document, JobId, JobState};
use serde_json::Value;
use sqlx::Row as _;
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep},
};
use uuid::Uuid;

use super::{
    calm::{self, Calm},
    findings::{Findings, Harm},
    receiver::Told,
    result::timeless,
    rig::{ENGINES, Rig},
    trace,
    upload::Entry,
};

/// Documents looked at at once.
const AT_ONCE: usize = 8;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
const LARGEST: u64 = 1 << 28;

/// Waits until no task is queued or running; false when some still are at the deadline.
pub(super) async fn at_rest(rig: &Rig, deadline: Instant) -> bool {
    loop {
        let open: Result<i64, _> = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM tasks WHERE state IN ('queued', 'running'))
                  + (SELECT count(*) FROM jobs WHERE state IN ('queued', 'running'))",
        )
        .fetch_one(&rig.pool)
        .await;
        if matches!(open, Ok(0)) {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        sleep(LOOK).await;
    }
}

/// Waits until every webhook was told. Whoever died while telling has a minute's lease; that minute
/// is made to pass here.
pub(super) async fn all_told(rig: &Rig, deadline: Instant) -> anyhow::Result<bool> {
    loop {
        let waiting = sqlx::query(
            "UPDATE webhook_deliveries SET run_at = least(run_at, now() + interval '1 s')
             WHERE state = 'waiting'",
        )
        .execute(&rig.pool)
        .await?;
        if waiting.rows_affected() == 0 {
            return Ok(true);
        }
        if Instant::now() > deadline {
            return Ok(false);
        }
        sleep(5 * LOOK).await;
    }
}

/// Checks everything.
pub(super) async fn all(
    rig: &Arc<Rig>,
    entries: Vec<Entry>,
    findings: &Arc<Findings>,
) -> anyhow::Result<()> {
    for twice in trace::doubled(&rig.pool).await? {
        findings.harm(Harm::Doubled, twice);
    }
    let told = Arc::new(rig.receiver.told());
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut going = JoinSet::new();
    for entry in entries {
        let (rig, findings) = (Arc::clone(rig), Arc::clone(findings));
        let (told, slots) = (Arc::clone(&told), Arc::clone(&slots));
        going.spawn(async move {
            let _slot = slots.acquire().await;
            let look = Look {
                rig: &rig,
                entry: &entry,
                told: &told,
                findings: &findings,
            };
            look.at_all()
                .await
                .with_context(|| format!("looking at {}", entry.document))
        });
    }
    while let Some(looked) = going.join_next().await {
        looked.context("a check broke down")??;
    }
    Ok(())
}

/// A job's row.
struct JobRow {
    id: JobId,
    state: JobState,
    /// Seconds; when it was made and when it last changed.
    made: f64,
    changed: f64,
    has_webhook: bool,
}

struct Look<'a> {
    rig: &'a Rig,
    entry: &'a Entry,
    told: &'a Told,
    findings: &'a Findings,
}

impl Look<'_> {
    fn harm(&self, harm: Harm, what: impl std::fmt::Display) {
        let (document, file) = (self.entry.document, &self.entry.item.file);
        self.findings
            .harm(harm, format_args!("{document} ({file}): {what}"));
    }

    async fn at_all(&self) -> anyhow::Result<()> {
        let jobs = self.jobs().await?;
        for told in &self.entry.jobs {
            if !jobs.iter().any(|job| job.id == *told) {
                self.harm(Harm::Lost, format_args!("there is no job {told}"));
            }
        }
        let live = jobs
            .iter()
            .filter(|job| !matches!(job.state, JobState::Failed | JobState::Cancelled));
        if live.count() > 1 {
            self.harm(Harm::Doubled, "it has two jobs");
        }
        // Only a job that gave nothing may be followed by another; a second's grace for the clock.
        for pair in jobs.windows(2) {
            if pair[1].made + 1.0 < pair[0].changed {
                self.harm(Harm::Doubled, "it was given a job while another ran");
            }
        }
        // The entities of the last job that has a result.
        let mut entities = 0;
        for job in &jobs {
            let calm = self.calm(job);
            if let Some(result) = calm.as_ref().and_then(|calm| calm.result.as_ref())
                && job.state.has_result()
            {
                entities = result.entities.len();
            }
            self.at_job(job, calm.as_ref()).await?;
        }
        if let Some(last) = jobs.last()
            && last.state.is_final()
        {
            self.findings.count("finished");
            self.findings.count(last.state.name());
        }
        self.at_original().await?;
        let with_result = jobs.iter().rev().find(|job| job.state.has_result());
        self.at_entities(with_result, entities).await
    }

    /// What a job must come to, when that is known.
    fn calm(&self, job: &JobRow) -> Option<Calm> {
        let item = &self.entry.item;
        item.scripted.then(|| {
            let document = self.entry.document;
            calm::run(job.id, document, &item.file, &item.bytes, &ENGINES)
        })
    }

    async fn jobs(&self) -> anyhow::Result<Vec<JobRow>> {
        let rows = sqlx::query(
            "SELECT id, state, extract(epoch FROM created_at)::float8 AS made,
                 extract(epoch FROM updated_at)::float8 AS changed, webhook_id IS NOT NULL AS hook
             FROM jobs WHERE document_id = $1 ORDER BY created_at, id",
        )
        .bind(self.entry.document.0)
        .fetch_all(&self.rig.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let state: String = row.try_get("state")?;
                Ok(JobRow {
                    id: JobId(row.try_get("id")?),
                    state: state.parse().map_err(anyhow::Error::msg)?,
                    made: row.try_get("made")?,
                    changed: row.try_get("changed")?,
                    has_webhook: row.try_get("hook")?,
                })
            })
            .collect()
    }

    async fn at_job(&self, job: &JobRow, calm: Option<&Calm>) -> anyhow::Result<()> {
        if !job.state.is_final() {
            self.harm(
                Harm::Stuck,
                format_args!("{} is {}", job.id, job.state.name()),
            );
            return Ok(());
        }
        let state = job.state;
        let right = match self.entry.cancelled.get(&job.id) {
            Some(Some(true)) => state == JobState::Cancelled,
            Some(None) if state == JobState::Cancelled => true,
            _ => match calm {
                Some(calm) => state == calm.state,
                None => state != JobState::Cancelled,
            },
        };
        if !right {
            let must = calm.map(|calm| calm.state.name());
            self.harm(
                Harm::Lost,
                format_args!("{} is {}, must be {must:?}", job.id, state.name()),
            );
        }
        self.at_webhook(job).await?;
        let seen: Value = self.json(&format!("/v1/jobs/{}", job.id)).await?;
        if seen["state"] != state.name() {
            self.harm(Harm::Lost, "the API tells another state of its job");
        }
        if state == JobState::Failed && seen["error"]["detail"].as_str().is_none_or(str::is_empty) {
            self.harm(Harm::Lost, "it failed without a reason");
        }
        if state == JobState::Cancelled {
            return Ok(());
        }
        if let Some(calm) = calm
            && (seen["pages"] != Value::from(calm.pages)
                || seen["pages_failed"] != calm.pages_failed)
        {
            self.harm(Harm::Lost, format_args!("its pages are {}", seen["pages"]));
        }
        if state.has_result() && right {
            self.at_result(calm).await?;
        }
        Ok(())
    }

    /// The result and the rasters, through the API.
    async fn at_result(&self, calm: Option<&Calm>) -> anyhow::Result<()> {
        let path = format!("/v1/documents/{}", self.entry.document);
        let said = self.entry.client.get(&path).await?;
        if said.status() != StatusCode::OK {
            self.harm(Harm::Lost, format_args!("its result: {}", said.status()));
            return Ok(());
        }
        let result: Document = said.json().await.context("a result")?;
        let mut rasters: BTreeMap<u32, Option<Arc<[u8]>>> = BTreeMap::new();
        if let Some(calm) = calm {
            let must = calm.result.clone().map(timeless);
            let must = serde_json::to_vec(&must)?;
            if serde_json::to_vec(&Some(timeless(result)))? != must {
                self.harm(Harm::Lost, "its result is not that of a calm run");
            }
            for (page, raster) in &calm.rasters {
                rasters.insert(*page, Some(Arc::clone(raster)));
            }
        } else {
            let decoded = result.pages.iter().filter(|page| page.width > 0);
            rasters.extend(decoded.map(|page| (page.index as u32, None)));
        }
        for (page, must) in rasters {
            let page_path = format!("{path}/pages/{page}.png");
            let said = self.entry.client.get(&page_path).await?;
            let status = said.status();
            let raster = said.bytes().await.context("a raster")?;
            if status != StatusCode::OK || must.is_some_and(|must| *must != *raster) {
                self.harm(
                    Harm::Lost,
                    format_args!("the raster of page {page}: {status}"),
                );
            }
        }
        Ok(())
    }

    async fn at_original(&self) -> anyhow::Result<()> {
        let key = ArtefactKey {
            tenant: self.entry.client.tenant,
            document: self.entry.document,
            artefact: Artefact::Original,
        };
        let read = async { store::collect(self.rig.store.get(key).await?, LARGEST).await };
        match read.await {
            Ok(bytes) if *bytes == *self.entry.item.bytes => {}
            Ok(_) => self.harm(Harm::Lost, "its original is not what was uploaded"),
            Err(error) => self.harm(Harm::Lost, format_args!("its original: {error}")),
        }
        Ok(())
    }

    /// Entities once each, of the job whose result counts, in the database and through the API.
    async fn at_entities(&self, job: Option<&JobRow>, must: usize) -> anyhow::Result<()> {
        let document = self.entry.document;
        let row = sqlx::query(
            "SELECT count(*) AS rows, count(DISTINCT local_id) AS different,
                 count(*) FILTER (WHERE job_id IS DISTINCT FROM $2) AS of_others
             FROM entities WHERE document_id = $1",
        )
        .bind(document.0)
        .bind(job.map(|job| job.id.0))
        .fetch_one(&self.rig.pool)
        .await?;
        let (rows, different): (i64, i64) = (row.try_get("rows")?, row.try_get("different")?);
        if rows != different || row.try_get::<i64, _>("of_others")? > 0 {
            self.harm(
                Harm::Doubled,
                format_args!("{rows} entities, {different} different"),
            );
        }
        if !self.entry.item.scripted {
            return Ok(());
        }
        let seen: Value = self
            .json(&format!("/v1/entities?document={document}&limit=1000"))
            .await?;
        let seen = seen["entities"].as_array().map_or(0, Vec::len);
        if seen != must || rows as usize != must {
            let found = format_args!("{rows} entities, {seen} by the API, must be {must}");
            self.harm(Harm::Lost, found);
        }
        Ok(())
    }

    /// Told at least once, always by the same message, of the end that it had.
    async fn at_webhook(&self, job: &JobRow) -> anyhow::Result<()> {
        if !job.has_webhook {
            return Ok(());
        }
        let written: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM webhook_deliveries WHERE body -> 'data' ->> 'job_id' = $1",
        )
        .bind(job.id.to_string())
        .fetch_one(&self.rig.pool)
        .await?;
        let heard = self.told.get::<Uuid>(&job.id.0);
        match (written, heard.map_or(0, std::collections::BTreeSet::len)) {
            (1, 1) => {
                let state = heard.into_iter().flatten().next().map(|(_, state)| state);
                if state.is_none_or(|state| state != job.state.name()) {
                    self.harm(Harm::Lost, "its webhook was told another end");
                }
            }
            (0, _) | (_, 0) => self.harm(Harm::Lost, "its webhook was not told"),
            (written, heard) => self.harm(
                Harm::Doubled,
                format_args!("its webhook was told {heard} messages of {written}"),
            ),
        }
        Ok(())
    }

    async fn json(&self, path: &str) -> anyhow::Result<Value> {
        let said = self.entry.client.get(path).await?;
        said.json()
            .await
            .with_context(|| format!("{path} is no JSON"))
    }
}
