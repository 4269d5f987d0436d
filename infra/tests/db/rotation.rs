//! One master key takes the place of another while the service goes on; what the old one did is proven and
//! opened without it afterwards.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use infra::{
    audit::{Chain, Flaw},
    db::{ANSWER, CHAT, Caller, DbError, Recall, Rewrapped, Role, WrappedKeys},
    store::{DataKeys as _, KeyId, Local, MasterKey, Sealed, Store as _, body, collect},
    webhook,
};
use schemas::{Artefact, ArtefactKey, DocumentId, WebhookId};
use sqlx::Row as _;
use uuid::Uuid;

use super::{
    audit::{master, occurrence},
    entities::found,
    fresh::{Fresh, with_database},
    patients::{mrn, patient_of, report},
    run::{TENANT, upload},
};

const WEBHOOK: WebhookId = WebhookId(Uuid::from_u128(0xb));

fn original(document: DocumentId) -> ArtefactKey {
    ArtefactKey {
        tenant: TENANT,
        document,
        artefact: Artefact::Original,
    }
}

async fn lines(fresh: &Fresh, master: &MasterKey, n: usize) {
    let chain = Chain::new(master, TENANT);
    let what = (0..n).map(occurrence).collect();
    fresh.db.append_audit(TENANT, &chain, what).await.unwrap();
}

async fn proven(fresh: &Fresh, master: &MasterKey) -> Result<i64, Flaw> {
    let chain = fresh.db.audit_chain(master, TENANT).await.unwrap();
    let found = fresh.db.verify_audit(TENANT, &chain, &[]).await.unwrap();
    found.map(|head| head.seq)
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one story")]
async fn a_master_key_takes_the_place_of_another() {
    with_database(async |fresh| {
        let db = &fresh.db;
        let folder = tempfile::tempdir().unwrap();
        let below = Arc::new(Local::open(folder.path()).unwrap());
        let store = |master: &MasterKey| {
            let keys = WrappedKeys::new(db.clone(), master.clone());
            Sealed::new(below.clone(), Arc::new(keys))
        };
        let read = async |master: &MasterKey, document| {
            let body = store(master).get(original(document)).await.ok()?;
            collect(body, 100).await.ok()
        };
        let (old, new) = (master(), master());
        // Two pages of keys, one of an erased document among them.
        let documents: Vec<_> = (0..501).map(|_| upload().document).collect();
        for document in &documents {
            let keys = WrappedKeys::new(db.clone(), old.clone());
            keys.data_key(TENANT, *document).await.unwrap();
        }
        let (first, gone) = (documents[0], documents[1]);
        store(&old).put(original(first), body("a")).await.unwrap();
        db.forget_wrapped_key(TENANT, gone).await.unwrap();
        let secret = old.seal(webhook::SECRET, TENANT, WEBHOOK.0.as_bytes(), b"whsec").unwrap();
        db.add_webhook(TENANT, WEBHOOK, "https://example.org", &secret).await.unwrap();
        let caller = Caller {
            id: Uuid::nil(),
            tenant: TENANT,
            role: Role::Admin,
        };
        let chat = db.open_chat(&caller).await.unwrap();
        let turn = old.seal(CHAT, TENANT, chat.0.as_bytes(), b"said").unwrap();
        db.keep_turn(TENANT, chat, |_| Ok::<_, DbError>(turn.clone()), &[], None).await.unwrap();
        let recalled = async || db.recall(TENANT, "k", &[1; 32], Duration::from_mins(1)).await.unwrap();
        let Recall::New(held) = recalled().await else { panic!("the key is free") };
        let answer = old.seal(ANSWER, TENANT, held.key().as_bytes(), b"taken").unwrap();
        db.remember(&held, Some((&answer, &[]))).await.unwrap();
        let under = |master: &MasterKey| Fresh {
            master: Arc::new(master.clone()),
            ..fresh.clone()
        };
        let named = || report("Elm Hospital", "Jane Roe", Some(mrn("1234")));
        let seen = found(&under(&old), TENANT, named()).await;
        let patient = patient_of(&fresh, TENANT, seen).await.unwrap();
        lines(&fresh, &old, 3).await;

        // Processes have both keys, some with the one first and some with the other.
        let (before, after) = (old.clone().accepting(new.clone()), new.clone().accepting(old.clone()));
        let late = upload().document;
        store(&after).put(original(late), body("b")).await.unwrap();
        assert_eq!(read(&before, late).await.as_deref(), Some(&b"b"[..]));
        assert_eq!(read(&after, first).await.as_deref(), Some(&b"a"[..]));
        lines(&fresh, &after, 2).await;
        lines(&fresh, &before, 1).await;
        assert_eq!(proven(&fresh, &after).await, Ok(6));
        assert_eq!(proven(&fresh, &new).await, Err(Flaw::OtherKey(1)), "not yet without it");

        let done = db.rewrap(&after).await.unwrap();
        let want = Rewrapped {
            document_keys: 500,
            webhooks: 1,
            chat_turns: 1,
            answers: 1,
            audit_keys: 1,
            lookup_keys: 1,
            patients: 1,
            unopened: 0,
        };
        assert_eq!(done, want);
        assert_eq!(db.rewrap(&after).await.unwrap(), Rewrapped::default(), "once");

        // The old one is put away.
        assert_eq!(read(&new, first).await.as_deref(), Some(&b"a"[..]));
        assert!(read(&old, first).await.is_none());
        assert_eq!(db.wrapped_key(TENANT, gone).await.unwrap(), None, "it stays erased");
        let sealed = db.chat(&caller, chat).await.unwrap().unwrap()[0].sealed.clone();
        assert_eq!(&**new.open(CHAT, TENANT, chat.0.as_bytes(), &sealed).unwrap(), b"said");
        let Recall::Answered(sealed) = recalled().await else { panic!("it is answered") };
        assert_eq!(&**new.open(ANSWER, TENANT, b"k", &sealed).unwrap(), b"taken");
        let row = sqlx::query("SELECT secret FROM webhooks").fetch_one(&fresh.pool).await.unwrap();
        let secret: Vec<u8> = row.get(0);
        assert!(new.open(webhook::SECRET, TENANT, WEBHOOK.0.as_bytes(), &secret).is_ok());
        let seen = found(&under(&new), TENANT, named()).await;
        assert_eq!(patient_of(&fresh, TENANT, seen).await, Some(patient), "still found");
        let named = db.patient(TENANT, patient, &new).await.unwrap().unwrap();
        assert_eq!(named.value, "1234");
        assert!(db.patient(TENANT, patient, &old).await.is_err());
        lines(&fresh, &new, 1).await;
        assert_eq!(proven(&fresh, &new).await, Ok(7));

        // And the next in its turn: the first one's lines are still proven.
        let newest = master();
        let both = newest.clone().accepting(new.clone());
        let done = db.rewrap(&both).await.unwrap();
        assert_eq!((done.document_keys, done.audit_keys), (501, 2));
        assert_eq!(proven(&fresh, &newest).await, Ok(7));
        // Whoever got hold of an old key writes no more lines with it.
        lines(&fresh, &new, 1).await;
        assert_eq!(proven(&fresh, &newest).await, Err(Flaw::OtherKey(8)));

        // What neither key opens is told, and hinders nothing else.
        fresh.execute("UPDATE document_keys SET wrapped = decode('00', 'hex') WHERE wrapped IS NOT NULL
                       AND document_id = (SELECT min(document_id::text)::uuid FROM document_keys WHERE wrapped IS NOT NULL)").await;
        let last = master().accepting(newest);
        let done = db.rewrap(&last).await.unwrap();
        assert_eq!((done.unopened, done.document_keys), (1, 500));
        let wrapped = db.wrapped_key(TENANT, documents[300]).await.unwrap().unwrap();
        assert_eq!(KeyId::of_wrapped(&wrapped), Some(last.id()));
    })
    .await;
}

/// Somebody seals a patient anew between the read and the write of `rewrap`: theirs stays.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_sealed_meanwhile_is_not_overwritten() {
    with_database(async |fresh| {
        let (old, new) = (master(), master());
        let under_old = Fresh {
            master: Arc::new(old.clone()),
            ..fresh.clone()
        };
        let named = report("Elm Hospital", "Jane Roe", Some(mrn("1234")));
        found(&under_old, TENANT, named).await;
        let mut theirs = fresh.pool.begin().await.unwrap();
        sqlx::query("UPDATE patients SET sealed = decode('aa', 'hex')")
            .execute(&mut *theirs)
            .await
            .unwrap();
        let both = new.accepting(old);
        let meanwhile = async {
            let waiting = "SELECT count(*) FROM pg_stat_activity
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
            let deadline = Instant::now() + Duration::from_secs(10);
            while fresh.count(waiting).await == 0 {
                assert!(Instant::now() < deadline, "it does not wait for the row");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            theirs.commit().await.unwrap();
        };
        let (done, ()) = tokio::join!(fresh.db.rewrap(&both), meanwhile);
        let done = done.unwrap();
        assert_eq!((done.patients, done.unopened), (0, 0), "{done:?}");
        let theirs = "SELECT count(*) FROM patients WHERE sealed = decode('aa', 'hex')";
        assert_eq!(fresh.count(theirs).await, 1);
    })
    .await;
}
