//! Jobs that run without stages: what each stage says is made up here.

use std::time::Duration;

use infra::db::{
    Accepted, Attempts, Claimed, Db, EntityRow, Findings, PassageRow, Settled, Upload,
};
use schemas::{
    DocumentId, Engine, JobId, JobState, Outcome, PageStatus, Passage, Priority, Reject,
    RejectKind, Stage, Step, TaskError, TaskErrorKind, TaskId, TenantId,
};
use uuid::Uuid;

use super::fresh::Fresh;

pub const TENANT: TenantId = TenantId::DEFAULT;
pub const ENGINES: [Engine; 3] = [Engine::Tesseract, Engine::Paddle, Engine::Easyocr];
pub const LEASE: Duration = Duration::from_mins(1);
/// Three at once.
pub const ATTEMPTS: Attempts = Attempts {
    most: 3,
    rest_seconds: 0.0,
};

/// What a stage said.
pub type Said = Result<Outcome, TaskError>;

/// A document that no other is a double of.
pub fn upload() -> Upload {
    Upload {
        document: DocumentId(Uuid::now_v7()),
        file: "a.png".into(),
        digest: None,
        bytes: 1,
        priority: Priority::Normal,
        engines: ENGINES.to_vec(),
        webhook: None,
        traceparent: None,
    }
}

/// What a stage says when all goes well with a document of so many pages.
#[expect(clippy::unnecessary_wraps, reason = "as a stage says it")]
pub fn well(step: Step, page_count: u32) -> Said {
    Ok(match step.stage {
        Stage::Decode => Outcome::Decoded {
            page_count,
            media_type: "image/png".into(),
            text_layer: false,
        },
        Stage::Prepare => Outcome::Prepared,
        Stage::Detect => Outcome::Detected,
        Stage::Recognise(_) => Outcome::Read,
        Stage::Fuse => Outcome::Fused {
            status: PageStatus::Ok,
            again: vec![],
        },
        Stage::Extract => Outcome::Extracted {
            needs_review: false,
        },
        Stage::Index => Outcome::Indexed,
    })
}

/// What a stage says that fails for now.
pub fn transient() -> Said {
    Err(TaskError {
        kind: TaskErrorKind::Failed,
        detail: "for now".into(),
    })
}

/// What a stage says when the store does not answer.
pub fn away() -> Said {
    Err(TaskError {
        kind: TaskErrorKind::Store,
        detail: "the store does not answer".into(),
    })
}

/// What a stage says that can never succeed.
pub fn reject() -> Said {
    let Reject { kind, detail } = Reject::new(RejectKind::Malformed, "broken");
    Err(TaskError {
        kind: TaskErrorKind::Reject(kind),
        detail,
    })
}

/// The task of a page's stage in the first pass.
pub fn page_task(job: JobId, stage: Stage, page: u32) -> TaskId {
    Step::page(stage, page, 1).task_id(job)
}

/// An upload from its begin to its end.
pub async fn accept(db: &Db, tenant: TenantId, upload: &Upload) -> Accepted {
    let document = upload.document;
    db.begin_upload(tenant, document).await.expect("begun");
    db.accept(tenant, upload).await.expect("accepted")
}

/// What an index stage finds of every document.
pub fn passage() -> PassageRow {
    PassageRow {
        passage: Passage {
            page: 0,
            heading: "CHEMISTRY".into(),
            text: "Glucose 5.1 mmol/L".into(),
            words: ["p0w0", "p0w1", "p0w2"].map(String::from).to_vec(),
        },
        embedding: Some(vec![0.05; 384]),
    }
}

impl Fresh {
    pub async fn accept(&self, tenant: TenantId, upload: &Upload) -> Accepted {
        accept(&self.db, tenant, upload).await
    }

    /// A job of a new document.
    pub async fn job(&self) -> JobId {
        self.accept(TENANT, &upload()).await.job
    }

    pub async fn claim(&self, task: TaskId) -> Claimed {
        self.db
            .claim(task, LEASE)
            .await
            .expect("claimed")
            .expect("the task is due")
    }

    pub async fn settle(&self, claimed: &Claimed, said: Said) -> Settled {
        self.settle_with(claimed, said, &[]).await
    }

    pub async fn settle_with(
        &self,
        claimed: &Claimed,
        said: Said,
        entities: &[EntityRow],
    ) -> Settled {
        let took = Duration::from_millis(1);
        let passages = [passage()];
        let found = Findings {
            entities,
            passages: &passages,
            master: &self.master,
        };
        self.db
            .settle(claimed, said, took, found, ATTEMPTS)
            .await
            .expect("settled")
    }

    /// Tasks of a job that could be claimed now.
    pub async fn due(&self, job: JobId) -> Vec<TaskId> {
        sqlx::query_scalar(
            "SELECT id FROM tasks WHERE job_id = $1 AND state = 'queued' AND run_at <= now()
             ORDER BY created_at, id",
        )
        .bind(job.0)
        .fetch_all(&self.pool)
        .await
        .expect("tasks")
        .into_iter()
        .map(TaskId)
        .collect()
    }

    /// Runs a job's tasks until none is due. Gives its state and the steps as they were claimed.
    pub async fn run(
        &self,
        job: JobId,
        say: impl FnMut(&Claimed) -> Said,
    ) -> (JobState, Vec<Step>) {
        self.run_with(job, &[], say).await
    }

    pub async fn run_with(
        &self,
        job: JobId,
        entities: &[EntityRow],
        mut say: impl FnMut(&Claimed) -> Said,
    ) -> (JobState, Vec<Step>) {
        let mut steps = Vec::new();
        while let Some(&task) = self.due(job).await.first() {
            let claimed = self.claim(task).await;
            steps.push(claimed.step);
            let said = say(&claimed);
            self.settle_with(&claimed, said, entities).await;
        }
        (self.state(job).await, steps)
    }

    /// Runs a job of so many pages to its good end.
    pub async fn run_well(&self, job: JobId, pages: u32) -> JobState {
        self.run(job, |claimed| well(claimed.step, pages)).await.0
    }

    pub async fn state(&self, job: JobId) -> JobState {
        let state: String = sqlx::query_scalar("SELECT state FROM jobs WHERE id = $1")
            .bind(job.0)
            .fetch_one(&self.pool)
            .await
            .expect("a job");
        state.parse().expect("a state")
    }

    /// A task's state and attempt.
    pub async fn task(&self, task: TaskId) -> (String, i32) {
        sqlx::query_as("SELECT state, attempt FROM tasks WHERE id = $1")
            .bind(task.0)
            .fetch_one(&self.pool)
            .await
            .expect("a task")
    }

    /// Lets the leases of a task's holder end.
    pub async fn expire(&self, task: TaskId) {
        sqlx::query("UPDATE tasks SET lease_until = now() - interval '1 second' WHERE id = $1")
            .bind(task.0)
            .execute(&self.pool)
            .await
            .expect("a task");
    }
}

/// A generator of numbers that a seed repeats (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    /// True in so many of a hundred.
    pub fn percent(&mut self, n: usize) -> bool {
        self.below(100) < n
    }
}
