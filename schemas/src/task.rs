//! A job is one run of one document; a task is one execution of one stage of it.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Engine, JobId, PageStatus, RejectKind, TaskId};

/// A step of the pipeline. The order is the order of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Bytes to page rasters.
    Decode,
    /// A raster to the upright page in the variants that engines read.
    Prepare,
    /// The upright page to its lines.
    Detect,
    /// The lines to what one engine reads in them.
    Recognise(Engine),
    /// All readings of a page to one.
    Fuse,
    /// All pages of a document to the document result.
    Extract,
    /// The document result to rows that can be searched.
    Index,
}

impl Stage {
    /// Every stage; each has a queue of its own.
    pub const ALL: [Self; 12] = [
        Self::Decode,
        Self::Prepare,
        Self::Detect,
        Self::Recognise(Engine::Tesseract),
        Self::Recognise(Engine::Paddle),
        Self::Recognise(Engine::Easyocr),
        Self::Recognise(Engine::Ocrs),
        Self::Recognise(Engine::PdfText),
        Self::Recognise(Engine::Seq2seq),
        Self::Fuse,
        Self::Extract,
        Self::Index,
    ];
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode => f.write_str("decode"),
            Self::Prepare => f.write_str("prepare"),
            Self::Detect => f.write_str("detect"),
            Self::Recognise(engine) => write!(f, "recognise:{engine}"),
            Self::Fuse => f.write_str("fuse"),
            Self::Extract => f.write_str("extract"),
            Self::Index => f.write_str("index"),
        }
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|stage| stage.to_string() == name)
            .ok_or_else(|| {
                let known: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
                format!(
                    "no stage is called `{name}`; the stages are {}",
                    known.join(", ")
                )
            })
    }
}

impl Serialize for Stage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stage {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// How soon a job is wanted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Somebody waits.
    Urgent,
    /// In turn.
    #[default]
    Normal,
}

impl Priority {
    /// Both, urgent first.
    pub const ALL: [Self; 2] = [Self::Urgent, Self::Normal];

    /// The name in queues and requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Normal => "normal",
        }
    }
}

/// Which stage of what; unique within a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// The stage.
    pub stage: Stage,
    /// The page, from 0; none for a step that sees the whole document.
    pub page: Option<u32>,
    /// 1, or 2 where a page is read again.
    pub pass: u8,
}

impl Step {
    /// A step of a page.
    #[must_use]
    pub fn page(stage: Stage, page: u32, pass: u8) -> Self {
        Self {
            stage,
            page: Some(page),
            pass,
        }
    }

    /// A step of the whole document.
    #[must_use]
    pub fn document(stage: Stage) -> Self {
        Self {
            stage,
            page: None,
            pass: 1,
        }
    }

    /// The id of this step's task: the same whoever asks, so that no step gets two tasks.
    #[must_use]
    pub fn task_id(self, job: JobId) -> TaskId {
        let page = self.page.map_or_else(|| "-".into(), |p| p.to_string());
        let name = format!("{}/{page}/{}", self.stage, self.pass);
        TaskId(Uuid::new_v5(&job.0, name.as_bytes()))
    }
}

/// What a stage says when it is done, beside the artefact that it wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Outcome {
    /// A page was decoded.
    Decoded {
        /// Pages of the document.
        page_count: u32,
        /// By magic bytes.
        media_type: String,
        /// Has the page a visible text layer?
        text_layer: bool,
    },
    /// A page was made upright.
    Prepared,
    /// Lines were found.
    Detected,
    /// An engine read the page.
    Read,
    /// The page was fused.
    Fused {
        /// How reading it went.
        status: PageStatus,
        /// Engines that should read it in a second pass.
        again: Vec<Engine>,
    },
    /// The document result was written.
    Extracted {
        /// A person should look.
        needs_review: bool,
    },
    /// Its rows are in the database.
    Indexed,
}

/// Why a task did not succeed. Holds no text of the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskError {
    /// For machines.
    pub kind: TaskErrorKind,
    /// For people.
    pub detail: String,
}

/// Kinds of task error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskErrorKind {
    /// Trying again gives the same.
    Reject(RejectKind),
    /// The stage failed; another attempt may succeed.
    Failed,
    /// It ran out of time.
    Timeout,
    /// The worker vanished in the middle.
    Lost,
    /// The store did not answer; it may later. Such an attempt is none of the few.
    Store,
}

impl TaskErrorKind {
    /// May another attempt succeed?
    #[must_use]
    pub fn is_transient(self) -> bool {
        !matches!(self, Self::Reject(_))
    }
}

/// Where a job is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// No task has started.
    Queued,
    /// Some task has.
    Running,
    /// The result is there.
    Succeeded,
    /// The result is there, and a person should look at it.
    NeedsReview,
    /// No page could be read.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Running,
        Self::Succeeded,
        Self::NeedsReview,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name in the database and in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::NeedsReview => "needs_review",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Is nothing going to happen any more by itself?
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }

    /// Is there a result?
    #[must_use]
    pub fn has_result(self) -> bool {
        matches!(self, Self::Succeeded | Self::NeedsReview)
    }
}

impl FromStr for JobState {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or_else(|| format!("no job state is called `{name}`"))
    }
}
