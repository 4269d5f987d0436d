//! Following jobs to their end, and fetching results.
//!
//! Jobs end about in the order in which they came, so only the oldest few are asked about, each less
//! often the longer it takes: two requests a second at most while nothing ends, however many wait, and
//! one or two a document when many end. A job that takes long holds up only its own place.

use std::{
    collections::{HashMap, VecDeque},
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use futures::{StreamExt as _, stream};
use http::{HeaderValue, header};
use schemas::JobState;
use serde::Deserialize;
use tokio::{
    io::AsyncWriteExt as _,
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use uuid::Uuid;

use super::{
    gate::Gate,
    server::{Answer, NOT_MEDBOT, Server},
};

/// Jobs that are asked about at a time.
const OLDEST: usize = 16;
/// Requests at once.
const AT_ONCE: usize = 4;
/// Until a result is here.
const WHOLE_RESULT: Duration = Duration::from_mins(10);
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(10);

/// A file whose job is followed.
#[derive(Clone, Debug)]
pub(super) struct Followed {
    pub job: Uuid,
    pub document: Uuid,
    pub relative: PathBuf,
}

/// Where results go.
#[derive(Clone, Debug)]
pub(super) struct Out {
    pub folder: PathBuf,
    /// `json` or `text`, as the API calls it.
    pub format: &'static str,
    /// With its dot.
    pub suffix: &'static str,
}

/// Files by the end of their jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    pub succeeded: u64,
    pub needs_review: u64,
    pub failed: u64,
    /// Or erased.
    pub cancelled: u64,
}

#[derive(Debug)]
struct Asked {
    job: Uuid,
    document: Uuid,
    tag: Option<HeaderValue>,
    due: Instant,
    every: Duration,
}

enum Said {
    Ended(JobState),
    NotYet,
    Away(Option<Duration>),
}

/// Follows the jobs of a drop.
pub(super) struct Follower {
    pub server: Arc<Server>,
    pub out: Option<Out>,
    /// How long a server may be away; none: for ever.
    pub patience: Option<Duration>,
}

impl Follower {
    /// Follows what comes in until all of it has ended, or until `stop`.
    ///
    /// # Errors
    /// When the server stays away or refuses, or a result cannot be written.
    pub(super) async fn run(
        &self,
        mut jobs: mpsc::UnboundedReceiver<Followed>,
        mut stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Ends> {
        let mut ends = Ends::default();
        let mut files: HashMap<Uuid, Vec<PathBuf>> = HashMap::new();
        let mut waiting: VecDeque<Asked> = VecDeque::new();
        let mut coming = true;
        let mut gate = Gate::new(self.patience, Instant::now());
        while coming || !waiting.is_empty() {
            let due = waiting.iter().take(OLDEST).map(|asked| asked.due).min();
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                job = jobs.recv(), if coming => {
                    match job {
                        Some(followed) => add(followed, &mut files, &mut waiting),
                        None => coming = false,
                    }
                    continue;
                }
                () = sleep_until(due.unwrap_or_else(Instant::now).max(gate.held_until())), if due.is_some() => {}
            }
            let now = Instant::now();
            let (asking, rest): (Vec<_>, Vec<_>) = waiting
                .drain(..waiting.len().min(OLDEST))
                .partition(|asked| asked.due <= now);
            let said: Vec<_> = stream::iter(asking)
                .map(|mut asked| {
                    let files = files.get(&asked.job).cloned().unwrap_or_default();
                    async move {
                        let said = self.ask(&mut asked, &files).await;
                        (asked, said)
                    }
                })
                .buffered(AT_ONCE)
                .collect()
                .await;
            let mut still = rest;
            let mut answered = false;
            for (mut asked, said) in said {
                match said? {
                    Said::Ended(state) => {
                        answered = true;
                        let count = files
                            .remove(&asked.job)
                            .map_or(0, |files| files.len() as u64);
                        *match state {
                            JobState::Succeeded => &mut ends.succeeded,
                            JobState::NeedsReview => &mut ends.needs_review,
                            JobState::Failed => &mut ends.failed,
                            _ => &mut ends.cancelled,
                        } += count;
                    }
                    Said::NotYet => {
                        answered = true;
                        asked.due = Instant::now() + asked.every;
                        asked.every = asked.every.mul_f64(1.5).min(LONGEST);
                        still.push(asked);
                    }
                    Said::Away(after) => {
                        gate.away(now, Instant::now(), after);
                        still.push(asked);
                    }
                }
            }
            if answered {
                gate.answered();
            }
            gate.check(Instant::now())?;
            // The oldest stay the oldest: ids grow with time.
            still.sort_by_key(|asked| asked.job);
            for asked in still.into_iter().rev() {
                waiting.push_front(asked);
            }
        }
        Ok(ends)
    }

    async fn ask(&self, asked: &mut Asked, files: &[PathBuf]) -> anyhow::Result<Said> {
        #[derive(Deserialize)]
        struct Job {
            state: JobState,
        }
        let mut request = self.server.get(&format!("v1/jobs/{}", asked.job));
        if let Some(tag) = &asked.tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let Ok(response) = request.send().await else {
            return Ok(Said::Away(None));
        };
        let response = match self.server.read(response).await {
            Answer::Done(response) => response,
            Answer::Same => return Ok(Said::NotYet),
            // Erased.
            Answer::Missing => return Ok(Said::Ended(JobState::Cancelled)),
            Answer::Later(after) | Answer::Conflict(after) => return Ok(Said::Away(after)),
            Answer::Never(words) => bail!("{words}"),
            Answer::Refused(_) => bail!("{NOT_MEDBOT}"),
        };
        let tag = response.headers().get(header::ETAG).cloned();
        let Ok(body) = response.bytes().await else {
            return Ok(Said::Away(None));
        };
        let job: Job = serde_json::from_slice(&body).context(NOT_MEDBOT)?;
        if !job.state.is_final() {
            asked.tag = tag;
            return Ok(Said::NotYet);
        }
        if let Some(out) = &self.out
            && matches!(job.state, JobState::Succeeded | JobState::NeedsReview)
        {
            // The tag is not kept: without a result this has not ended.
            for file in files {
                if let Some(said) = self.fetch(asked.document, out, file).await? {
                    return Ok(said);
                }
            }
        }
        Ok(Said::Ended(job.state))
    }

    /// Fetches a result into a file that has its name when it is whole; none when that is done.
    async fn fetch(
        &self,
        document: Uuid,
        out: &Out,
        relative: &Path,
    ) -> anyhow::Result<Option<Said>> {
        let path = format!("v1/documents/{document}");
        let request = self
            .server
            .get(&path)
            .timeout(WHOLE_RESULT)
            .query(&[("format", out.format)]);
        let Ok(response) = request.send().await else {
            return Ok(Some(Said::Away(None)));
        };
        let mut response = match self.server.read(response).await {
            Answer::Done(response) => response,
            Answer::Missing => return Ok(Some(Said::Ended(JobState::Cancelled))),
            Answer::Later(after) => return Ok(Some(Said::Away(after))),
            Answer::Same | Answer::Conflict(_) => return Ok(Some(Said::NotYet)),
            Answer::Never(words) => {
                bail!("{words}: results are for keys of reviewers and analysts")
            }
            Answer::Refused(_) => bail!("{NOT_MEDBOT}"),
        };
        let cannot = "a result cannot be written into the folder of --out";
        let mut name = OsString::from(relative);
        name.push(out.suffix);
        let target = out.folder.join(name);
        let folder = target.parent().unwrap_or(&out.folder);
        std::fs::create_dir_all(folder).context(cannot)?;
        let (file, written) = tempfile::NamedTempFile::new_in(folder)
            .context(cannot)?
            .into_parts();
        let mut file = tokio::fs::File::from_std(file);
        loop {
            match response.chunk().await {
                Ok(Some(piece)) => file.write_all(&piece).await.context(cannot)?,
                Ok(None) => break,
                Err(_) => return Ok(Some(Said::Away(None))),
            }
        }
        file.flush().await.context(cannot)?;
        written.persist(&target).context(cannot)?;
        Ok(None)
    }
}

/// A job is asked about once, for all the files that it is the job of.
fn add(followed: Followed, files: &mut HashMap<Uuid, Vec<PathBuf>>, waiting: &mut VecDeque<Asked>) {
    let known = files.entry(followed.job).or_default();
    if known.is_empty() {
        waiting.push_back(Asked {
            job: followed.job,
            document: followed.document,
            tag: None,
            due: Instant::now(),
            every: SHORTEST,
        });
    }
    known.push(followed.relative);
}
