//! An object whose upload died goes; one that is a document stays, whatever happens at once.

use std::{path::Path, sync::Arc, time::Duration};

use infra::{
    db::{DbErrorKind, Upload, WrappedKeys},
    store::{Local, MasterKey, Sealed, Store, body},
    tidy::remove_orphans,
};
use schemas::{Artefact, ArtefactKey, DocumentId};

use super::{
    fresh::{Fresh, with_database},
    run::{Dice, TENANT, upload},
};

const HOUR: Duration = Duration::from_hours(1);

struct Shelf {
    folder: tempfile::TempDir,
    store: Sealed,
}

impl Shelf {
    fn of(fresh: &Fresh) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let master = MasterKey::generate(&folder.path().join("master.key")).unwrap();
        let objects = Local::open(&folder.path().join("objects")).unwrap();
        let keys = WrappedKeys::new(fresh.db.clone(), master);
        let store = Sealed::new(Arc::new(objects), Arc::new(keys));
        Self { folder, store }
    }

    /// An upload up to the moment before its document is made.
    async fn written(&self, fresh: &Fresh) -> Upload {
        let upload = upload();
        fresh
            .db
            .begin_upload(TENANT, upload.document)
            .await
            .unwrap();
        self.write(upload.document).await;
        upload
    }

    async fn write(&self, document: DocumentId) {
        let put = self.store.put(original(document), body("bytes"));
        put.await.expect("written");
    }

    async fn holds(&self, document: DocumentId) -> bool {
        self.store.get(original(document)).await.is_ok()
    }

    fn objects(&self) -> usize {
        files(&self.folder.path().join("objects"))
    }
}

fn original(document: DocumentId) -> ArtefactKey {
    ArtefactKey {
        tenant: TENANT,
        document,
        artefact: Artefact::Original,
    }
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap());
    entries
        .map(|entry| {
            if entry.file_type().unwrap().is_dir() {
                files(&entry.path())
            } else {
                usize::from(entry.file_name() == "original")
            }
        })
        .sum()
}

/// Makes everything that uploads said older.
async fn later(fresh: &Fresh, minutes: u32) {
    let by = format!("interval '{minutes} minutes'");
    let sql =
        format!("UPDATE uploads SET seen_at = seen_at - {by}, given_up_at = given_up_at - {by}");
    fresh.execute(&sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_object_of_a_dead_upload_goes_and_that_of_a_document_stays() {
    with_database(async |fresh| {
        let shelf = Shelf::of(&fresh);
        let (dead, kept) = (shelf.written(&fresh).await, shelf.written(&fresh).await);
        fresh.db.accept(TENANT, &kept).await.unwrap();
        let tidy = async || remove_orphans(&fresh.db, &shelf.store, HOUR).await.unwrap();

        later(&fresh, 59).await;
        tidy().await;
        assert!(
            fresh.db.renew_upload(TENANT, dead.document).await.unwrap(),
            "it may be slow"
        );
        later(&fresh, 59).await;
        tidy().await;
        later(&fresh, 2).await;
        assert_eq!(tidy().await, 0, "given up, not yet removed");
        assert!(shelf.holds(dead.document).await);
        later(&fresh, 61).await;
        assert_eq!(tidy().await, 1);
        assert!(!shelf.holds(dead.document).await);
        assert_eq!(fresh.count("SELECT count(*) FROM uploads").await, 0);
        assert_eq!(tidy().await, 0);

        // Even a row that should not be there does a document no harm.
        let row = format!(
            "INSERT INTO uploads (document_id, tenant_id, given_up_at)
             VALUES ('{}', '{TENANT}', now() - interval '1 year')",
            kept.document
        );
        fresh.execute(&row).await;
        assert_eq!(tidy().await, 0);
        assert!(shelf.holds(kept.document).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_given_up_becomes_no_document() {
    with_database(async |fresh| {
        let shelf = Shelf::of(&fresh);
        let late = upload();
        fresh.db.begin_upload(TENANT, late.document).await.unwrap();
        later(&fresh, 61).await;
        remove_orphans(&fresh.db, &shelf.store, HOUR).await.unwrap();
        // It was frozen, and goes on.
        assert!(!fresh.db.renew_upload(TENANT, late.document).await.unwrap());
        shelf.write(late.document).await;
        let refused = fresh.db.accept(TENANT, &late).await.expect_err("too late");
        assert_eq!(refused.kind, DbErrorKind::Conflict);
        assert_eq!(fresh.count("SELECT count(*) FROM documents").await, 0);
        assert_eq!(fresh.count("SELECT count(*) FROM tasks").await, 0);
        later(&fresh, 61).await;
        remove_orphans(&fresh.db, &shelf.store, HOUR).await.unwrap();
        assert_eq!(shelf.objects(), 0, "what it wrote meanwhile goes as well");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_that_dies_before_its_object_is_removed_leaves_none() {
    with_database(async |fresh| {
        let shelf = Shelf::of(&fresh);
        let digest = Some([1; 32]);
        let (first, second) = (shelf.written(&fresh).await, shelf.written(&fresh).await);
        for (upload, duplicate) in [(first.clone(), false), (second, true)] {
            let upload = Upload { digest, ..upload };
            let accepted = fresh.db.accept(TENANT, &upload).await.unwrap();
            assert_eq!(accepted.duplicate, duplicate);
        }
        assert_eq!(shelf.objects(), 2);
        for _ in 0..2 {
            later(&fresh, 61).await;
            remove_orphans(&fresh.db, &shelf.store, HOUR).await.unwrap();
        }
        assert_eq!(shelf.objects(), 1);
        assert!(shelf.holds(first.document).await);
    })
    .await;
}

/// Uploads end while everything that is under way is given up and removed at once.
#[tokio::test(flavor = "multi_thread")]
async fn giving_up_and_taking_at_once_agree() {
    with_database(async |fresh| {
        let shelf = Shelf::of(&fresh);
        let mut dice = Dice(7);
        let (mut taken, mut refused) = (Vec::new(), 0);
        for _ in 0..60 {
            let upload = shelf.written(&fresh).await;
            let (first, then) = (dice.below(3), dice.below(3));
            let take = async {
                tokio::time::sleep(Duration::from_millis(first as u64)).await;
                fresh.db.accept(TENANT, &upload).await
            };
            let give_up = async {
                tokio::time::sleep(Duration::from_millis(then as u64)).await;
                fresh.db.give_up_uploads(Duration::ZERO).await
            };
            let (took, gave_up) = futures::join!(take, give_up);
            gave_up.unwrap();
            match took {
                Ok(_) => taken.push(upload.document),
                Err(error) if error.kind == DbErrorKind::Conflict => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        println!("{} taken, {refused} refused", taken.len());
        remove_orphans(&fresh.db, &shelf.store, Duration::ZERO)
            .await
            .unwrap();
        for document in &taken {
            assert!(shelf.holds(*document).await);
        }
        assert_eq!(shelf.objects(), taken.len());
        assert_eq!(fresh.count("SELECT count(*) FROM uploads").await, 0);
    })
    .await;
}
