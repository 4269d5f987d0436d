//! A backup holds everything, is proven before anything is changed, and brings back nothing that was erased.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use chrono::{SubsecRound as _, Utc};
use infra::{
    audit::{Anchors, Chain, Occurrence},
    backup::{self, Backup, BackupError, Erasures, Places},
    db::{Contents, Db},
    erasure::{self, ErasureListError},
    store::{MasterKey, Store, StoreErrorKind, body},
};
use schemas::{Artefact, ArtefactKey, DocumentId, JobState, Stage, TenantId};
use sqlx::Row as _;
use uuid::Uuid;

use super::{
    belongings::furnish,
    fresh::{Fresh, with_database, with_empty_database},
    run::{TENANT, page_task, upload, well},
    system::{System, key, text},
};

const AUDITED: TenantId = TenantId(Uuid::from_u128(0xaa));
const OPEN: &str = "('queued', 'running')";

/// A digest of every table; of jobs that are open nothing is looked at.
async fn digests(fresh: &Fresh) -> BTreeMap<String, (i64, Option<String>)> {
    let tables = "SELECT relname::text FROM pg_class WHERE relkind = 'r'
                  AND relnamespace = 'public'::regnamespace AND relname NOT IN ('sessions', 'sign_ins')";
    let mut digests = BTreeMap::new();
    for row in sqlx::query(tables).fetch_all(&fresh.pool).await.unwrap() {
        let table: String = row.get(0);
        let ended = match table.as_str() {
            "_sqlx_migrations" => continue,
            "jobs" => format!("state NOT IN {OPEN}"),
            "tasks" | "pages" => {
                format!("job_id NOT IN (SELECT id FROM jobs WHERE state IN {OPEN})")
            }
            _ => "true".into(),
        };
        let sql = format!(
            "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text))
             FROM {table} t WHERE {ended}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_one(&fresh.pool)
            .await
            .unwrap();
        digests.insert(table, (row.get(0), row.get(1)));
    }
    digests
}

fn occurrence(n: i64) -> Occurrence {
    Occurrence {
        at: Utc::now().trunc_subsecs(6),
        actor: None,
        action: "document.read".into(),
        object: format!("/v1/documents/{n}"),
        outcome: 200,
        address: None,
        extent: infra::audit::Extent::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_system_comes_back() {
    with_database(async |fresh| {
        let from = System::new(fresh.clone());
        // Something in every table.
        furnish(&fresh).await;
        fresh.execute("DELETE FROM document_keys").await;
        fresh.db.found_tenant(AUDITED, "audited").await.unwrap();
        let chain = Chain::new(&from.master, AUDITED);
        let lines = (0..5).map(occurrence).collect();
        fresh.db.append_audit(AUDITED, &chain, lines).await.unwrap();
        let known = [from.document().await, from.document().await];
        // One that is being read when the backup is made.
        let open = fresh.job().await;
        let decode = fresh.claim(page_task(open, Stage::Decode, 0)).await;
        fresh.settle(&decode, well(decode.step, 2)).await;
        for (tenant, document) in documents(&fresh).await {
            let key = ArtefactKey {
                tenant,
                ..key(document, Artefact::Original)
            };
            from.store().put(key, body(text(key))).await.unwrap();
        }
        let before = digests(&fresh).await;
        for (table, (rows, _)) in &before {
            assert!(
                *rows > 0 || table == "analysts" || table == "fhir_deliveries",
                "{table}"
            );
        }
        let places = from.back_up("backup").await;
        for file in files(&places.system) {
            let bytes = fs::read(&file).unwrap();
            for word in ["Glucose", "a.png", "Elm Hospital", "what lies at"] {
                let stands = bytes
                    .windows(word.len())
                    .any(|part| part == word.as_bytes());
                assert!(!stands, "{word} in {}", file.display());
            }
        }

        with_empty_database(async |fresh| {
            let to = from.twin(fresh);
            to.take_list(&from);
            let fresh = &to.fresh;
            let restored = to.restore(&from, &places, Erasures::Listed).await.unwrap();
            assert_eq!((restored.restarted, restored.erased), (1, 0));
            assert_eq!(digests(fresh).await, before);
            assert_eq!(restored.rows["entities"] as i64, before["entities"].0);
            fresh.db.ready().await.unwrap();
            let head = fresh.db.verify_audit(AUDITED, &chain, &[]).await.unwrap();
            assert_eq!(head.map(|head| head.seq), Ok(5));
            let next = fresh.db.append_audit(AUDITED, &chain, vec![occurrence(6)]);
            assert_eq!(next.await.unwrap().seq, 6);
            for (document, job) in known {
                for artefact in [Artefact::Original, Artefact::Result(job)] {
                    let key = key(document, artefact);
                    assert_eq!(to.read(key).await, Ok(text(key)));
                }
            }
            // The open one begins anew and ends well; no token is given out twice.
            assert_eq!(fresh.state(open).await, JobState::Queued);
            let first = page_task(open, Stage::Decode, 0);
            assert_eq!(fresh.due(open).await, [first]);
            assert_eq!(fresh.task(first).await, ("queued".into(), 0));
            let again = fresh.claim(first).await;
            assert!(again.fence > decode.fence);
            fresh.settle(&again, well(again.step, 2)).await;
            assert_eq!(fresh.run_well(open, 2).await, JobState::Succeeded);
        })
        .await;
    })
    .await;
}

async fn documents(fresh: &Fresh) -> Vec<(TenantId, DocumentId)> {
    let rows = sqlx::query("SELECT tenant_id, id FROM documents")
        .fetch_all(&fresh.pool)
        .await
        .unwrap();
    let ids = rows.iter().map(|row| (row.get(0), row.get(1)));
    ids.map(|(t, d)| (TenantId(t), DocumentId(d))).collect()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_is_refused_before_anything_is_done() {
    with_database(async |fresh| {
        let from = System::new(fresh);
        from.document().await;
        let places = from.back_up("backup").await;
        from.open(&places).await.map(drop).expect("a good one");
        let all = files(&places.system);
        assert!(all.len() > 25, "tables, objects, keys and manifests");
        for file in &all {
            let whole = fs::read(file).unwrap();
            let mut flipped = whole.clone();
            flipped[whole.len() / 2] ^= 1;
            for (harm, bytes) in [
                ("flipped", Some(&flipped[..])),
                ("cut", Some(&whole[..whole.len() - 1])),
                ("longer", Some(&[&whole[..], b"\n"].concat()[..])),
                ("missing", None),
            ] {
                match bytes {
                    Some(bytes) => fs::write(file, bytes).unwrap(),
                    None => fs::remove_file(file).unwrap(),
                }
                let opened = from.open(&places).await;
                assert!(opened.is_err(), "{harm}: {}", file.display());
            }
            fs::write(file, whole).unwrap();
        }
        // Parts in each other's place, and another backup's.
        let part = |places: &Places, name: &str| places.system.join("tables").join(name);
        let (one, other) = (part(&places, "jobs.sealed"), part(&places, "pages.sealed"));
        let whole = fs::read(&one).unwrap();
        let second = from.back_up("second").await;
        for stranger in [other, part(&second, "jobs.sealed")] {
            fs::copy(stranger, &one).unwrap();
            let swapped = from.open(&places).await.err();
            assert!(matches!(swapped, Some(BackupError::Changed { part }) if part == "tables/jobs.sealed"));
        }
        fs::write(&one, whole).unwrap();
        from.open(&places).await.map(drop).expect("a good one again");

        let folder = tempfile::tempdir().unwrap();
        let stranger = MasterKey::generate(&folder.path().join("key")).unwrap();
        let opened = Backup::open(&places, &stranger).await.err();
        assert!(matches!(opened, Some(BackupError::OtherKey { .. })));
        let nothing = Places::new(folder.path().into(), None);
        let opened = from.open(&nothing).await.err();
        assert!(matches!(opened, Some(BackupError::NoBackup(_))));
        let below = from.below();
        let twice = backup::write(&from.fresh.db, &below, &from.master, &from.list, &places);
        assert!(matches!(twice.await, Err(BackupError::Taken(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_erased_does_not_come_back() {
    with_database(async |fresh| {
        let mut from = System::new(fresh.clone());
        let anchors = Anchors::new(from.path("anchors"));
        from.list = from.list.anchored(Some(&anchors));
        let ((gone, gone_job), (stays, stays_job)) = (from.document().await, from.document().await);
        let old = from.back_up("old").await;
        let store = from.store();
        let erased = erasure::erase(&fresh.db, &store, &from.list, TENANT, gone).await;
        let erased = erased.unwrap().unwrap();
        assert_eq!(erased.objects.unwrap(), 2);
        assert_eq!(erased.rows.unwrap().entities, 1);
        let again = erasure::erase(&fresh.db, &store, &from.list, TENANT, gone).await;
        assert!(
            again.unwrap().unwrap().rows.is_none(),
            "it was ended before"
        );
        let never = erasure::erase(&fresh.db, &store, &from.list, TENANT, upload().document);
        assert!(never.await.unwrap().is_none());
        assert_eq!(from.list.read().unwrap().len(), 1);
        let young = from.back_up("young").await;

        let check = async |to: &System| {
            assert_eq!(documents(&to.fresh).await, [(TENANT, stays)]);
            let db: &Db = &to.fresh.db;
            assert_eq!(db.wrapped_key(TENANT, gone).await.unwrap(), None);
            assert!(db.keep_wrapped_key(TENANT, gone, b"late").await.is_err());
            for artefact in [Artefact::Original, Artefact::Result(gone_job)] {
                let read = to.read(key(gone, artefact)).await;
                assert_eq!(read, Err(StoreErrorKind::NotFound));
            }
            let result = key(stays, Artefact::Result(stays_job));
            assert_eq!(to.read(result).await, Ok(text(result)));
            assert_eq!(to.fresh.count("SELECT count(*) FROM entities").await, 1);
            assert_eq!(to.list.read().unwrap().len(), 1, "the list goes on");
        };
        // The old backup still has the key; the list of today erases again.
        with_empty_database(async |fresh| {
            let to = from.twin(fresh);
            let without = to.restore(&from, &old, Erasures::Listed).await;
            assert!(matches!(without, Err(BackupError::NoErasureList(_))));
            assert_eq!(to.fresh.db.contents().await.unwrap(), Contents::Nothing);
            to.take_list(&from);
            let whole = fs::read_to_string(to.list.path()).unwrap();
            fs::write(
                to.list.path(),
                whole.replace(&gone.to_string(), &stays.to_string()),
            )
            .unwrap();
            let changed = to.restore(&from, &old, Erasures::Listed).await;
            assert!(matches!(
                changed,
                Err(BackupError::List(ErasureListError::Changed { line: 1, .. }))
            ));
            assert_eq!(to.fresh.db.contents().await.unwrap(), Contents::Nothing);
            // Nothing is wrong with a list whose end is gone, but for what was written down elsewhere.
            fs::write(to.list.path(), "").unwrap();
            let anchored = to.list.clone().anchored(Some(&anchors));
            for erasures in [Erasures::Listed, Erasures::None] {
                let backup = from.open(&old).await.unwrap();
                let below = to.below();
                let cut = backup::restore(&backup, &to.fresh.db, &below, &anchored, erasures);
                assert!(matches!(
                    cut.await,
                    Err(BackupError::List(ErasureListError::Cut { lines: 1, .. }))
                ));
            }
            assert_eq!(to.fresh.db.contents().await.unwrap(), Contents::Nothing);
            fs::write(to.list.path(), whole).unwrap();
            let restored = to.restore(&from, &old, Erasures::Listed).await.unwrap();
            assert_eq!((restored.erased, restored.objects), (1, 2));
            check(&to).await;
        })
        .await;
        // Younger keys do so too, and the list is made whole from the backup of today.
        with_empty_database(async |fresh| {
            let to = from.twin(fresh);
            let places = Places::new(old.system.clone(), Some(young.keys.clone()));
            let restored = to.restore(&from, &places, Erasures::None).await.unwrap();
            assert_eq!(restored.erased, 1);
            to.take_list(&from);
            check(&to).await;
        })
        .await;
        with_empty_database(async |fresh| {
            let to = from.twin(fresh);
            let restored = to.restore(&from, &young, Erasures::None).await.unwrap();
            assert_eq!(restored.erased, 0);
            check(&to).await;
        })
        .await;
        let older = Places::new(young.system.clone(), Some(old.keys.clone()));
        let opened = from.open(&older).await.err();
        assert!(matches!(opened, Some(BackupError::OlderKeys)));
        let swapped = Places::new(old.keys.clone(), Some(old.system.clone()));
        let opened = from.open(&swapped).await.err();
        assert!(matches!(opened, Some(BackupError::OtherKind(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_empty_system_is_restored_into() {
    with_database(async |fresh| {
        let from = System::new(fresh.clone());
        let (document, _) = from.document().await;
        let places = from.back_up("backup").await;
        let before = digests(&fresh).await;
        let into_itself = from.restore(&from, &places, Erasures::None).await;
        assert!(matches!(
            into_itself,
            Err(BackupError::StoreOccupied | BackupError::Occupied { .. })
        ));
        assert_eq!(digests(&fresh).await, before);

        // Keys of another system with the same master key would make every document unreadable.
        with_database(async |fresh| {
            let stranger = from.twin(fresh);
            stranger.document().await;
            let other = stranger.back_up("other").await;
            let mixed = Places::new(places.system.clone(), Some(other.keys.clone()));
            with_empty_database(async |fresh| {
                let to = from.twin(fresh);
                let refused = to.restore(&from, &mixed, Erasures::None).await;
                assert!(matches!(
                    refused,
                    Err(BackupError::OtherKeys { documents: 1 })
                ));
                assert_eq!(to.fresh.count("SELECT count(*) FROM documents").await, 0);
            })
            .await;
        })
        .await;

        with_empty_database(async |fresh| {
            let to = from.twin(fresh.clone());
            // Objects of a restore that broke off are no hindrance, others are.
            let backup = from.open(&places).await.unwrap();
            assert_eq!(backup.object_count(), 2);
            let original = key(document, Artefact::Original);
            let below = from.below().get(original).await.unwrap();
            to.below().put(original, below).await.unwrap();
            let foreign = key(upload().document, Artefact::Original);
            to.below().put(foreign, body("x")).await.unwrap();
            let refused = to.restore(&from, &places, Erasures::None).await;
            assert!(matches!(refused, Err(BackupError::StoreOccupied)));
            to.below().delete(foreign).await.unwrap();

            fresh.execute("CREATE TABLE theirs (id int)").await;
            let refused = to.restore(&from, &places, Erasures::None).await;
            assert!(matches!(refused, Err(BackupError::Occupied { .. })));
            fresh.execute("DROP TABLE theirs").await;

            to.restore(&from, &places, Erasures::None).await.unwrap();
            assert_eq!(to.read(original).await, Ok(text(original)));
            let twice = to.restore(&from, &places, Erasures::None).await;
            assert!(
                matches!(&twice, Err(BackupError::Occupied { what }) if what.contains("rows")),
                "{twice:?}"
            );
        })
        .await;
    })
    .await;
}
