//! Who can write the store cannot bring back what lay there before: an older object under its own path is refused.

use std::sync::Arc;

use infra::{
    db::{Claimed, WrappedKeys},
    store::{Local, Sealed, Store as _, StoreErrorKind, body, collect},
};
use schemas::{Artefact, ArtefactKey, Engine, JobId, JobState, Stage, Step};

use super::{
    fresh::{Fresh, with_database},
    run::{ENGINES, TENANT, page_task, reject, well},
};

struct Shop {
    fresh: Fresh,
    _folder: tempfile::TempDir,
    below: Arc<Local>,
    store: Sealed,
    job: JobId,
    document: schemas::DocumentId,
}

impl Shop {
    async fn new(fresh: &Fresh) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let below = Arc::new(Local::open(folder.path()).unwrap());
        let keys = WrappedKeys::new(fresh.db.clone(), fresh.master.as_ref().clone());
        let accepted = fresh.accept(TENANT, &super::run::upload()).await;
        Self {
            fresh: fresh.clone(),
            _folder: folder,
            store: Sealed::new(below.clone(), Arc::new(keys)),
            below,
            job: accepted.job,
            document: accepted.document,
        }
    }

    fn key(&self, artefact: Artefact) -> ArtefactKey {
        ArtefactKey {
            tenant: TENANT,
            document: self.document,
            artefact,
        }
    }

    /// What the step of a task writes.
    fn artefact(&self, step: Step) -> Option<Artefact> {
        let (job, page) = (self.job, step.page.unwrap_or_default());
        Some(match step.stage {
            Stage::Decode => Artefact::Raster(job, page),
            Stage::Prepare => Artefact::Prepared(job, page),
            Stage::Detect => Artefact::Detected(job, page),
            Stage::Recognise(engine) => Artefact::Reading(job, page, engine, step.pass),
            Stage::Fuse => Artefact::Fused(job, page, step.pass),
            Stage::Extract => Artefact::Result(job),
            Stage::Index => return None,
        })
    }

    async fn write(&self, claimed: &Claimed, text: &str) {
        if let Some(artefact) = self.artefact(claimed.step) {
            let (key, body) = (self.key(artefact), body(text.to_owned()));
            let written = self.store.put_as(key, body, claimed.version).await;
            written.unwrap();
        }
    }

    /// Runs what is due; every step but a failing one writes the text.
    async fn run(&self, text: &str, fails: Option<Step>) -> JobState {
        while let Some(&task) = self.fresh.due(self.job).await.first() {
            let claimed = self.fresh.claim(task).await;
            let said = if Some(claimed.step) == fails {
                reject()
            } else {
                self.write(&claimed, text).await;
                well(claimed.step, 1)
            };
            self.fresh.settle(&claimed, said).await;
        }
        self.fresh.state(self.job).await
    }

    async fn read(&self, artefact: Artefact) -> Result<String, StoreErrorKind> {
        let body = self.store.get(self.key(artefact)).await;
        let read = match body {
            Ok(body) => collect(body, 1000).await,
            Err(error) => Err(error),
        };
        let bytes = read.map_err(|error| error.kind)?;
        Ok(String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// What lies below, as who can read the bucket has it.
    async fn lifted(&self, artefact: Artefact) -> Vec<u8> {
        let body = self.below.get(self.key(artefact)).await.unwrap();
        collect(body, 1000).await.unwrap().to_vec()
    }

    async fn put_back(&self, artefact: Artefact, sealed: &[u8]) {
        let body = body(sealed.to_vec());
        self.below.put(self.key(artefact), body).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_replay_replaced_cannot_be_put_back() {
    with_database(async |fresh| {
        let shop = Shop::new(&fresh).await;
        let failing = Step::page(Stage::Recognise(Engine::Paddle), 0, 1);
        assert_eq!(shop.run("5 mg", Some(failing)).await, JobState::Succeeded);
        let (result, fused) = (Artefact::Result(shop.job), Artefact::Fused(shop.job, 0, 1));
        let reading = Artefact::Reading(shop.job, 0, ENGINES[0], 1);
        assert_eq!(shop.read(result).await.as_deref(), Ok("5 mg"));
        let (old_result, old_fused) = (shop.lifted(result).await, shop.lifted(fused).await);
        let task = failing.task_id(shop.job);
        assert!(fresh.db.replay(Some(TENANT), task).await.unwrap());
        assert_eq!(shop.run("50 mg", None).await, JobState::Succeeded);
        assert_eq!(shop.read(result).await.as_deref(), Ok("50 mg"));
        let new_result = shop.lifted(result).await;

        for (artefact, old) in [(result, &old_result), (fused, &old_fused)] {
            shop.put_back(artefact, old).await;
            let read = shop.read(artefact).await;
            assert_eq!(read, Err(StoreErrorKind::Corrupt), "{artefact:?}");
        }
        shop.put_back(result, &new_result).await;
        assert_eq!(shop.read(result).await.as_deref(), Ok("50 mg"));
        // What the replay did not do anew counts as before.
        assert_eq!(shop.read(reading).await.as_deref(), Ok("5 mg"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_attempts_that_overlap_whichever_wrote_last_is_read() {
    with_database(async |fresh| {
        let shop = Shop::new(&fresh).await;
        let task = page_task(shop.job, Stage::Decode, 0);
        let raster = Artefact::Raster(shop.job, 0);
        let slow = fresh.claim(task).await;
        fresh.expire(task).await;
        let quick = fresh.claim(task).await;
        shop.write(&quick, "quick").await;
        assert_eq!(shop.read(raster).await.as_deref(), Ok("quick"));
        fresh.settle(&quick, well(quick.step, 1)).await;
        shop.write(&slow, "slow").await;
        assert_eq!(shop.read(raster).await.as_deref(), Ok("slow"));
        // A write that nobody's attempt is.
        let key = shop.key(raster);
        shop.store.put(key, body("nobody's")).await.unwrap();
        assert_eq!(shop.read(raster).await, Err(StoreErrorKind::Corrupt));

        // Of many attempts the last are remembered.
        let prepare = page_task(shop.job, Stage::Prepare, 0);
        for _ in 0..40 {
            fresh.claim(prepare).await;
            fresh.expire(prepare).await;
        }
        let last = fresh.claim(prepare).await;
        shop.write(&last, "prepared").await;
        let prepared = Artefact::Prepared(shop.job, 0);
        assert_eq!(shop.read(prepared).await.as_deref(), Ok("prepared"));
        let most = "SELECT max(cardinality(versions))::bigint FROM tasks";
        assert_eq!(fresh.count(most).await, 16);
    })
    .await;
}

/// An earlier program claims without a version, and writes one that nobody knows.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_program_wrote_is_read() {
    with_database(async |fresh| {
        let shop = Shop::new(&fresh).await;
        let task = page_task(shop.job, Stage::Decode, 0);
        let raster = Artefact::Raster(shop.job, 0);
        let lost = fresh.claim(task).await;
        shop.write(&lost, "this one's").await;
        fresh
            .execute(
                "UPDATE tasks SET attempt = attempt + 1, fence = nextval('fences'), state = 'running'",
            )
            .await;
        let key = shop.key(raster);
        shop.store.put(key, body("an earlier one's")).await.unwrap();
        assert_eq!(shop.read(raster).await.as_deref(), Ok("an earlier one's"));
        // And the other way round.
        fresh.expire(task).await;
        let again = fresh.claim(task).await;
        shop.write(&again, "this one's").await;
        assert_eq!(shop.read(raster).await.as_deref(), Ok("this one's"));
        // A document as it was uploaded is written once, under an id of its own.
        let original = shop.key(Artefact::Original);
        shop.store.put(original, body("a scan")).await.unwrap();
        assert_eq!(shop.read(Artefact::Original).await.as_deref(), Ok("a scan"));
    })
    .await;
}
