//! A person's tokens can be taken back before they end, in one tenant and until one moment.

use chrono::{DateTime, TimeDelta, Utc};
use infra::db::{Caller, Holder, Role, Token};
use schemas::TenantId;
use uuid::Uuid;

use super::{fresh::with_database, run::TENANT, sessions::LIFE};

const ANOTHER: TenantId = TenantId(Uuid::from_u128(0xa));

fn person(id: u128, tenant: TenantId) -> Caller {
    Caller {
        id: Uuid::from_u128(id),
        tenant,
        role: Role::Reviewer,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_were_taken_back_are_good_no_longer() {
    with_database(async |fresh| {
        let db = &fresh.db;
        db.found_tenant(ANOTHER, "another").await.unwrap();
        let (somebody, other) = (person(1, TENANT), person(2, TENANT));
        let elsewhere = person(1, ANOTHER);
        let good = async |caller: &Caller, made: Option<DateTime<Utc>>| {
            let token = Token {
                caller,
                made_at: made,
                id: "any",
            };
            db.is_good_token(token).await.unwrap()
        };
        let before = Some(Utc::now() - TimeDelta::minutes(5));
        for made in [before, None] {
            assert!(good(&somebody, made).await);
        }
        let nowhere = person(1, TenantId(Uuid::from_u128(0xff)));
        assert!(!good(&nowhere, before).await, "of no tenant that there is");
        for (caller, digest) in [
            (&somebody, [1; 32]),
            (&other, [2; 32]),
            (&elsewhere, [3; 32]),
        ] {
            let opened = db.open_session(caller, Holder::Person, &digest, LIFE);
            opened.await.unwrap();
        }

        let by = Uuid::from_u128(9);
        let revoked = db
            .revoke_tokens(TENANT, somebody.id, Some(by))
            .await
            .unwrap();
        assert!(!good(&somebody, before).await);
        assert!(
            !good(&somebody, Some(revoked.revoked_at)).await,
            "at that moment"
        );
        assert!(
            !good(&somebody, None).await,
            "it does not say when it was made"
        );
        let later = revoked.revoked_at + TimeDelta::seconds(1);
        assert!(good(&somebody, Some(later)).await, "made after that");
        assert!(good(&other, before).await, "another person");
        assert!(
            good(&elsewhere, before).await,
            "the same id in another tenant"
        );
        for (digest, stays) in [([1; 32], false), ([2; 32], true), ([3; 32], true)] {
            let session = db.session(&digest, LIFE).await.unwrap();
            assert_eq!(session.is_some(), stays, "{digest:?}");
        }

        // Once more: later ones too, and one row.
        fresh
            .execute("UPDATE token_revocations SET revoked_at = revoked_at - interval '1 hour'")
            .await;
        assert!(good(&somebody, before).await);
        db.revoke_tokens(TENANT, somebody.id, None).await.unwrap();
        assert!(!good(&somebody, before).await);
        let listed = db.token_revocations(TENANT).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(
            (listed[0].person, listed[0].revoked_by),
            (somebody.id, None)
        );
        assert!(db.token_revocations(ANOTHER).await.unwrap().is_empty());
    })
    .await;
}

/// One token alone, in one tenant, for good: that its person has others changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn one_token_is_taken_back_and_no_other() {
    with_database(async |fresh| {
        let db = &fresh.db;
        db.found_tenant(ANOTHER, "another").await.unwrap();
        let (somebody, elsewhere) = (person(1, TENANT), person(1, ANOTHER));
        let good = async |caller: &Caller, id: &str| {
            let made_at = Some(Utc::now());
            let token = Token {
                caller,
                made_at,
                id,
            };
            db.is_good_token(token).await.unwrap()
        };
        assert!(good(&somebody, "one").await);
        let by = Some(Uuid::from_u128(9));
        let revoked = db.revoke_token(TENANT, "one", by).await.unwrap();
        assert!(!good(&somebody, "one").await);
        for id in ["other", "One", "one ", ""] {
            assert!(good(&somebody, id).await, "{id:?}");
        }
        assert!(good(&elsewhere, "one").await, "in another tenant");
        let again = db.revoke_token(TENANT, "one", None).await.unwrap();
        assert_eq!(
            (again.revoked_at, again.revoked_by),
            (revoked.revoked_at, by),
            "who did so first stays"
        );
        let listed = db.revoked_tokens(TENANT).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].token, "one");
        assert!(db.revoked_tokens(ANOTHER).await.unwrap().is_empty());
    })
    .await;
}
