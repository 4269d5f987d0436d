//! API keys from their making to their end: they expire, are replaced and taken back, by their own tenant alone.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use infra::db::{NewKey, Role};
use schemas::TenantId;
use uuid::Uuid;

use super::{
    fresh::{Fresh, with_database},
    run::TENANT,
    sessions::{LIFE, opened},
};

const ANOTHER: TenantId = TenantId(Uuid::from_u128(0xa));

async fn role(fresh: &Fresh, digest: &[u8; 32]) -> Option<Role> {
    let caller = fresh.db.caller(digest).await.unwrap();
    caller.map(|caller| caller.role)
}

fn key(digest: &[u8; 32], seconds: Option<i64>) -> NewKey<'_> {
    NewKey {
        digest,
        role: Role::Analyst,
        name: Some("the warehouse"),
        expires_at: seconds.map(|seconds| Utc::now() + TimeDelta::seconds(seconds)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_until_it_expires_is_replaced_or_is_taken_back() {
    with_database(async |fresh| {
        fresh.db.found_tenant(ANOTHER, "another").await.unwrap();
        let (lasting, brief, over, new, newest) = ([1; 32], [2; 32], [3; 32], [4; 32], [5; 32]);
        let lasting_id = fresh
            .db
            .add_key(TENANT, &key(&lasting, None))
            .await
            .unwrap();
        fresh
            .db
            .add_key(TENANT, &key(&brief, Some(3600)))
            .await
            .unwrap();
        fresh
            .db
            .add_key(TENANT, &key(&over, Some(-1)))
            .await
            .unwrap();
        assert_eq!(role(&fresh, &lasting).await, Some(Role::Analyst));
        assert_eq!(role(&fresh, &brief).await, Some(Role::Analyst));
        assert_eq!(role(&fresh, &over).await, None, "expired");

        // Its sessions end with it.
        opened(&fresh, &brief, &[9; 32]).await;
        fresh
            .execute("UPDATE api_keys SET expires_at = now() WHERE expires_at > now()")
            .await;
        assert!(fresh.db.session(&[9; 32], LIFE).await.unwrap().is_none());

        // Another tenant sees it, takes it back and replaces it as little as one that is not there.
        assert_eq!(fresh.db.keys(TENANT).await.unwrap().len(), 3);
        assert!(fresh.db.keys(ANOTHER).await.unwrap().is_empty());
        assert!(!fresh.db.revoke_key(ANOTHER, lasting_id).await.unwrap());
        let hour = Duration::from_hours(1);
        let taken = fresh.db.rotate_key(ANOTHER, lasting_id, &new, hour).await;
        assert_eq!(taken.unwrap(), None);
        assert_eq!(role(&fresh, &new).await, None);

        // Both are good while one takes the place of the other.
        let rotated = fresh
            .db
            .rotate_key(TENANT, lasting_id, &new, hour)
            .await
            .unwrap();
        let new_id = rotated.expect("a good key");
        assert_eq!(role(&fresh, &lasting).await, Some(Role::Analyst));
        assert_eq!(role(&fresh, &new).await, Some(Role::Analyst));
        let listed = fresh.db.keys(TENANT).await.unwrap();
        let of = |id| listed.iter().find(|key| key.id == id).expect("listed");
        assert!(of(lasting_id).expires_at.expect("an end") <= Utc::now() + TimeDelta::hours(1));
        assert_eq!(of(new_id).expires_at, None);
        assert_eq!(of(new_id).name.as_deref(), Some("the warehouse"));

        let none = Duration::ZERO;
        fresh
            .db
            .rotate_key(TENANT, new_id, &newest, none)
            .await
            .unwrap();
        assert_eq!(role(&fresh, &new).await, None, "replaced at once");
        let again = fresh.db.rotate_key(TENANT, new_id, &[6; 32], none).await;
        assert_eq!(again.unwrap(), None, "what is over is not replaced");

        assert!(fresh.db.revoke_key(TENANT, lasting_id).await.unwrap());
        assert_eq!(role(&fresh, &lasting).await, None, "taken back");
        assert!(
            !fresh.db.revoke_key(TENANT, lasting_id).await.unwrap(),
            "once"
        );
    })
    .await;
}
