//! An emergency access holds for its caller, in their tenant, until its time or until it is ended; webhooks are told.

use std::time::Duration;

use infra::db::{Caller, Role};
use schemas::TenantId;
use uuid::Uuid;

use super::{
    fresh::{Fresh, with_database},
    run::TENANT,
    webhooks::hook,
};

const HOUR: Duration = Duration::from_hours(1);

fn uploader(id: u128, tenant: TenantId) -> Caller {
    Caller {
        id: Uuid::from_u128(id),
        tenant,
        role: Role::Uploader,
    }
}

/// One that is open, of the tenant.
pub async fn opened(fresh: &Fresh) -> Uuid {
    let caller = uploader(1, TENANT);
    let access = fresh
        .db
        .open_emergency(&caller, "nobody else is here", HOUR);
    access.await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_its_callers_and_ends() {
    with_database(async |fresh| {
        let db = &fresh.db;
        let other = TenantId(Uuid::from_u128(0xa));
        db.found_tenant(other, "another").await.unwrap();
        hook(&fresh).await;
        let caller = uploader(1, TENANT);
        assert!(!db.is_emergency(&caller).await.unwrap());
        let id = opened(&fresh).await;
        assert!(db.is_emergency(&caller).await.unwrap());
        for stranger in [uploader(2, TENANT), uploader(1, other)] {
            assert!(!db.is_emergency(&stranger).await.unwrap(), "{stranger:?}");
        }
        let due = db.due_deliveries(9, Duration::from_mins(1)).await.unwrap();
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].body["type"], "emergency_access.opened");
        assert_eq!(due[0].body["data"]["emergency_access_id"], id.to_string());
        assert!(
            !due[0].body.to_string().contains("nobody else"),
            "the reason stays here"
        );

        assert!(!db.end_emergency(&uploader(1, other), id).await.unwrap());
        assert!(db.end_emergency(&caller, id).await.unwrap());
        assert!(
            !db.end_emergency(&caller, id).await.unwrap(),
            "it ends once"
        );
        assert!(!db.is_emergency(&caller).await.unwrap());

        opened(&fresh).await;
        fresh
            .execute("UPDATE emergency_accesses SET ends_at = now()")
            .await;
        assert!(!db.is_emergency(&caller).await.unwrap(), "its time is over");
        assert_eq!(db.emergencies(TENANT).await.unwrap().len(), 2);
        assert!(db.emergencies(other).await.unwrap().is_empty());
    })
    .await;
}
