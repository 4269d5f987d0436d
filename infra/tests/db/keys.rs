//! API keys from their making to their end: they expire, are replaced and taken back, by their own tenant alone.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use infra::{
    api_key::{self, KeptKey},
    db::{Caller, NewKey, Role},
};
use schemas::TenantId;
use uuid::Uuid;

use super::{
    fresh::{Fresh, with_database},
    run::TENANT,
    sessions::{LIFE, opened},
};

const ANOTHER: TenantId = TenantId(Uuid::from_u128(0xa));

/// A key that a letter tells from others.
pub fn text(letter: char) -> String {
    format!("mbk_{}", letter.to_string().repeat(43))
}

pub fn kept(letter: char) -> KeptKey {
    KeptKey::of(&text(letter)).unwrap()
}

/// Who holds a key, as the service finds out.
pub async fn caller(fresh: &Fresh, key: &str) -> Option<Caller> {
    let digest = api_key::digest(key);
    let found = fresh.db.key(api_key::public_id(key), &digest).await;
    let found = found.unwrap()?;
    let good = found.hash.is_none_or(|hash| api_key::verifies(key, &hash));
    good.then_some(found.caller)
}

async fn role(fresh: &Fresh, letter: char) -> Option<Role> {
    caller(fresh, &text(letter)).await.map(|caller| caller.role)
}

fn key(key: &KeptKey, seconds: Option<i64>) -> NewKey<'_> {
    NewKey {
        key,
        role: Role::Analyst,
        name: Some("the warehouse"),
        expires_at: seconds.map(|seconds| Utc::now() + TimeDelta::seconds(seconds)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_until_it_expires_is_replaced_or_is_taken_back() {
    with_database(async |fresh| {
        fresh.db.found_tenant(ANOTHER, "another").await.unwrap();
        let (lasting, brief, over, new, newest) = ('a', 'b', 'c', 'd', 'e');
        let lasting_id = fresh
            .db
            .add_key(TENANT, &key(&kept(lasting), None))
            .await
            .unwrap();
        fresh
            .db
            .add_key(TENANT, &key(&kept(brief), Some(3600)))
            .await
            .unwrap();
        fresh
            .db
            .add_key(TENANT, &key(&kept(over), Some(-1)))
            .await
            .unwrap();
        assert_eq!(role(&fresh, lasting).await, Some(Role::Analyst));
        assert_eq!(role(&fresh, brief).await, Some(Role::Analyst));
        assert_eq!(role(&fresh, over).await, None, "expired");

        // Its sessions end with it.
        opened(&fresh, brief, &[9; 32]).await;
        fresh
            .execute("UPDATE api_keys SET expires_at = now() WHERE expires_at > now()")
            .await;
        assert!(fresh.db.session(&[9; 32], LIFE).await.unwrap().is_none());

        // Another tenant sees it, takes it back and replaces it as little as one that is not there.
        assert_eq!(fresh.db.keys(TENANT).await.unwrap().len(), 3);
        assert!(fresh.db.keys(ANOTHER).await.unwrap().is_empty());
        assert!(!fresh.db.revoke_key(ANOTHER, lasting_id).await.unwrap());
        let hour = Duration::from_hours(1);
        let taken = fresh
            .db
            .rotate_key(ANOTHER, lasting_id, &kept(new), hour)
            .await;
        assert_eq!(taken.unwrap(), None);
        assert_eq!(role(&fresh, new).await, None);

        // Both are good while one takes the place of the other.
        let rotated = fresh
            .db
            .rotate_key(TENANT, lasting_id, &kept(new), hour)
            .await
            .unwrap();
        let new_id = rotated.expect("a good key");
        assert_eq!(role(&fresh, lasting).await, Some(Role::Analyst));
        assert_eq!(role(&fresh, new).await, Some(Role::Analyst));
        let listed = fresh.db.keys(TENANT).await.unwrap();
        let of = |id| listed.iter().find(|key| key.id == id).expect("listed");
        assert!(of(lasting_id).expires_at.expect("an end") <= Utc::now() + TimeDelta::hours(1));
        assert_eq!(of(new_id).expires_at, None);
        assert_eq!(of(new_id).name.as_deref(), Some("the warehouse"));

        let none = Duration::ZERO;
        fresh
            .db
            .rotate_key(TENANT, new_id, &kept(newest), none)
            .await
            .unwrap();
        assert_eq!(role(&fresh, new).await, None, "replaced at once");
        let again = fresh.db.rotate_key(TENANT, new_id, &kept('f'), none).await;
        assert_eq!(again.unwrap(), None, "what is over is not replaced");

        assert!(fresh.db.revoke_key(TENANT, lasting_id).await.unwrap());
        assert_eq!(role(&fresh, lasting).await, None, "taken back");
        assert!(
            !fresh.db.revoke_key(TENANT, lasting_id).await.unwrap(),
            "once"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_an_earlier_program_is_good_until_another_takes_its_place() {
    with_database(async |fresh| {
        let (old, id) = (text('a'), Uuid::now_v7());
        sqlx::query(
            "INSERT INTO api_keys (id, tenant_id, digest, role) VALUES ($1, $2, $3, 'admin')",
        )
        .bind(id)
        .bind(TENANT.0)
        .bind(api_key::digest(&old).as_slice())
        .execute(&fresh.pool)
        .await
        .unwrap();
        assert_eq!(caller(&fresh, &old).await.unwrap().id, id);
        // Another key of the same first characters is not this one.
        let alike = format!("{}b", &old[..46]);
        assert!(caller(&fresh, &alike).await.is_none());
        // To be admitted anew, as at each start of `medbot up`, makes no second key of it: a key that was taken
        // back stays so.
        fresh
            .db
            .admit(TENANT, &kept('a'), Role::Admin)
            .await
            .unwrap();
        assert_eq!(fresh.db.keys(TENANT).await.unwrap().len(), 1);
        let rotated = fresh
            .db
            .rotate_key(TENANT, id, &kept('b'), Duration::ZERO)
            .await;
        let new = rotated.unwrap().unwrap();
        assert!(caller(&fresh, &old).await.is_none());
        assert_eq!(caller(&fresh, &text('b')).await.unwrap().id, new);
        let listed = fresh.db.keys(TENANT).await.unwrap();
        let ids: Vec<_> = listed.iter().map(|key| key.public_id.as_deref()).collect();
        assert_eq!(ids, [Some("bbbbbbbbbbbb"), None]);
        fresh
            .db
            .admit(TENANT, &kept('a'), Role::Admin)
            .await
            .unwrap();
        assert!(caller(&fresh, &old).await.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_known_by_their_hash_alone() {
    with_database(async |fresh| {
        let key = text('k');
        for role in [Role::Reviewer, Role::Admin] {
            fresh.db.admit(TENANT, &kept('k'), role).await.unwrap();
        }
        let holder = caller(&fresh, &key).await.expect("a good key");
        assert_eq!(
            (holder.tenant, holder.role),
            (TENANT, Role::Reviewer),
            "the first admission counts"
        );
        let alike = format!("{}l", &key[..46]);
        assert!(caller(&fresh, &alike).await.is_none());
        assert!(caller(&fresh, &text('l')).await.is_none());
        let row: String = sqlx::query_scalar("SELECT k::text FROM api_keys k")
            .fetch_one(&fresh.pool)
            .await
            .unwrap();
        assert!(
            row.contains("$argon2id$") && !row.contains(&key[16..]),
            "{row}"
        );
        fresh
            .execute("UPDATE api_keys SET revoked_at = now()")
            .await;
        assert!(caller(&fresh, &key).await.is_none(), "revoked");
    })
    .await;
}
