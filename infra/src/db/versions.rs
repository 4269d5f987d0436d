//! Which version of an object counts: the one that an attempt of the task wrote whose work the object is.
//!
//! A claim gives its attempt a version before anything is written, so attempts that overlap are all known, and
//! whichever writes last is read. When a task is made anew by a replay, what its predecessor wrote counts no
//! longer. Limit: between attempts of one task, which have the same input, an object can be exchanged; and of
//! what an earlier program wrote nothing is known.

use schemas::{Artefact, ArtefactKey, Stage, Step, TaskId};

use super::{Db, DbError};
use crate::store::Version;

/// Attempts of a task whose versions are remembered; a store that is away for long makes many.
pub(super) const REMEMBERED: i32 = 16;

/// The task whose work an object is; none where it is as it was uploaded, which is written once.
fn task(artefact: Artefact) -> Option<TaskId> {
    let (job, step) = match artefact {
        Artefact::Original => return None,
        Artefact::Raster(job, page) | Artefact::Decoded(job, page) => {
            (job, Step::page(Stage::Decode, page, 1))
        }
        Artefact::Prepared(job, page) => (job, Step::page(Stage::Prepare, page, 1)),
        Artefact::Detected(job, page) => (job, Step::page(Stage::Detect, page, 1)),
        Artefact::Reading(job, page, engine, pass) => {
            (job, Step::page(Stage::Recognise(engine), page, pass))
        }
        Artefact::Fused(job, page, pass) => (job, Step::page(Stage::Fuse, page, pass)),
        Artefact::Result(job) => (job, Step::document(Stage::Extract)),
    };
    Some(step.task_id(job))
}

impl Db {
    /// The versions of an object of which one must lie there; none where a program wrote it that told none.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn versions(&self, key: ArtefactKey) -> Result<Option<Vec<Version>>, DbError> {
        let Some(task) = task(key.artefact) else {
            return Ok(None);
        };
        let versions = sqlx::query_scalar!(
            "SELECT versions FROM tasks WHERE id = $1 AND tenant_id = $2 AND versioned_fence = fence",
            task.0,
            key.tenant.0
        )
        .fetch_optional(self.worker())
        .await?;
        let versions = versions.map(|versions| {
            let known = versions
                .into_iter()
                .filter_map(|version| version.try_into().ok());
            known.map(Version).collect()
        });
        Ok(versions)
    }
}
