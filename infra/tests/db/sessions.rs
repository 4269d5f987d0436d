//! Sessions end by themselves, with their key, and when somebody signs out.

use std::time::Duration;

use infra::db::{Caller, Holder, Role, SessionLife};

use schemas::TenantId;
use uuid::Uuid;

use super::{
    fresh::{Fresh, with_database},
    keys,
    run::TENANT,
};

pub const LIFE: SessionLife = SessionLife {
    idle: Duration::from_mins(30),
    whole: Duration::from_hours(12),
};

/// Opens a session with the key of this letter.
pub async fn opened(fresh: &Fresh, key: char, digest: &[u8; 32]) -> Caller {
    let caller = keys::caller(fresh, &keys::text(key)).await;
    let caller = caller.expect("a good key");
    let opened = fresh
        .db
        .open_session(&caller, Holder::Key, digest, LIFE)
        .await
        .unwrap();
    assert_eq!(opened.caller.id, caller.id);
    caller
}

async fn is_good(fresh: &Fresh, digest: &[u8; 32]) -> bool {
    fresh.db.session(digest, LIFE).await.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_speaks_for_its_key_until_it_ends() {
    with_database(async |fresh| {
        let (key, a, b) = ('k', [1; 32], [2; 32]);
        fresh
            .db
            .admit(TENANT, &keys::kept(key), Role::Reviewer)
            .await
            .unwrap();
        let caller = opened(&fresh, key, &a).await;
        let session = fresh
            .db
            .session(&a, LIFE)
            .await
            .unwrap()
            .expect("a good session");
        assert_eq!(
            (
                session.caller.id,
                session.caller.tenant,
                session.caller.role
            ),
            (caller.id, TENANT, Role::Reviewer)
        );
        assert!(!is_good(&fresh, &b).await, "never opened");

        // To use it is to keep it from idling, but never past its end.
        fresh
            .execute("UPDATE sessions SET idle_until = now() + interval '1 minute'")
            .await;
        assert!(is_good(&fresh, &a).await);
        let kept = "SELECT count(*) FROM sessions WHERE idle_until > now() + interval '29 minutes'";
        assert_eq!(fresh.count(kept).await, 1, "its use was written down");
        fresh.execute("UPDATE sessions SET ends_at = now()").await;
        assert!(!is_good(&fresh, &a).await, "over");

        // What has ended goes when the next is opened.
        opened(&fresh, key, &b).await;
        assert_eq!(fresh.count("SELECT count(*) FROM sessions").await, 1);
        fresh
            .execute("UPDATE sessions SET idle_until = now()")
            .await;
        assert!(!is_good(&fresh, &b).await, "idle");

        opened(&fresh, key, &a).await;
        let ended = fresh.db.close_session(TENANT, &a).await.unwrap();
        assert_eq!(ended, Some(Holder::Key));
        let again = fresh.db.close_session(TENANT, &a).await.unwrap();
        assert_eq!(again, None);
        assert!(!is_good(&fresh, &a).await, "signed out");

        opened(&fresh, key, &a).await;
        fresh
            .execute("UPDATE api_keys SET revoked_at = now()")
            .await;
        assert!(!is_good(&fresh, &a).await, "its key was revoked");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_without_a_key_keeps_the_role_they_came_with() {
    with_database(async |fresh| {
        let person = Caller {
            id: Uuid::from_u128(0x9e),
            tenant: TENANT,
            role: Role::Analyst,
        };
        let other = TenantId(Uuid::from_u128(0xa));
        fresh.db.found_tenant(other, "another").await.unwrap();
        let (a, b, c) = ([1; 32], [2; 32], [3; 32]);
        for digest in [&b, &c, &a] {
            let opened = fresh.db.open_session(&person, Holder::Person, digest, LIFE);
            opened.await.unwrap();
        }
        let session = fresh.db.session(&a, LIFE).await.unwrap().expect("good");
        let caller = session.caller;
        assert_eq!(
            (caller.id, caller.tenant, caller.role),
            (person.id, TENANT, Role::Analyst)
        );
        let ended = fresh.db.close_session(TENANT, &b).await.unwrap();
        assert_eq!(ended, Some(Holder::Person));
        assert!(!is_good(&fresh, &b).await, "signed out");
        assert_eq!(fresh.db.close_sessions(other, person.id).await.unwrap(), 0);
        assert!(is_good(&fresh, &c).await, "another tenant ends nothing");
        fresh.db.close_sessions(TENANT, person.id).await.unwrap();
        assert!(!is_good(&fresh, &c).await, "an administrator ended it");
        let opened = fresh.db.open_session(&person, Holder::Person, &a, LIFE);
        opened.await.unwrap();
        fresh
            .execute("UPDATE sessions SET idle_until = now()")
            .await;
        assert!(!is_good(&fresh, &a).await, "idle");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_good_once_and_not_for_long() {
    with_database(async |fresh| {
        let life = Duration::from_mins(10);
        let db = &fresh.db;
        assert!(!db.end_sign_in(&[1; 32]).await.unwrap(), "never begun");
        db.begin_sign_in(&[1; 32], life).await.unwrap();
        let (one, two) = tokio::join!(db.end_sign_in(&[1; 32]), db.end_sign_in(&[1; 32]));
        assert!(one.unwrap() ^ two.unwrap(), "of two at once one is served");
        assert!(!db.end_sign_in(&[1; 32]).await.unwrap(), "again");
        for digest in [[2; 32], [3; 32]] {
            db.begin_sign_in(&digest, life).await.unwrap();
        }
        fresh
            .execute("UPDATE sign_ins SET good_until = now()")
            .await;
        assert!(!db.end_sign_in(&[2; 32]).await.unwrap(), "too late");
        db.tidy().await.unwrap();
        assert_eq!(fresh.count("SELECT count(*) FROM sign_ins").await, 0);
    })
    .await;
}
