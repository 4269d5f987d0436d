//! The audit log: written by many at once without a gap, and no harm to it goes unseen.

use std::sync::Arc;

use chrono::{SubsecRound as _, Utc};
use infra::{
    audit::{Actor, Anchors, Chain, Flaw, Head, Occurrence, Recorder},
    store::MasterKey,
};
use schemas::TenantId;
use uuid::Uuid;

use super::{
    fresh::{Fresh, with_database},
    run::TENANT,
};

const OTHER: TenantId = TenantId(Uuid::from_u128(0xa));

pub fn master() -> MasterKey {
    let folder = tempfile::tempdir().unwrap();
    MasterKey::generate(&folder.path().join("key")).unwrap()
}

pub fn occurrence(n: usize) -> Occurrence {
    Occurrence {
        at: Utc::now().trunc_subsecs(6),
        actor: Some(Actor {
            id: Uuid::from_u128(7),
            role: "reviewer".into(),
            emergency: false,
        }),
        action: "document.read".into(),
        object: format!("/v1/documents/{n}"),
        outcome: 200,
        address: Some("192.0.2.1".parse().unwrap()),
        extent: infra::audit::Extent {
            document: Some(Uuid::from_u128(9)),
            rows: Some(n as u64),
            ..infra::audit::Extent::default()
        },
    }
}

/// Lines of a tenant under a key of their own.
pub async fn written(fresh: &Fresh, tenant: TenantId, lines: usize) -> (MasterKey, Head) {
    let master = master();
    let chain = Chain::new(&master, tenant);
    let what = (0..lines).map(occurrence).collect();
    let head = fresh.db.append_audit(tenant, &chain, what).await.unwrap();
    (master, head)
}

async fn found(fresh: &Fresh, master: &MasterKey, anchored: &[Head]) -> Result<i64, Flaw> {
    let chain = Chain::new(master, TENANT);
    let found = fresh.db.verify_audit(TENANT, &chain, anchored).await;
    found.unwrap().map(|head| head.seq)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_write_at_once_is_one_chain_a_tenant() {
    with_database(async |fresh| {
        fresh.db.found_tenant(OTHER, "other").await.unwrap();
        let master = Arc::new(master());
        let folder = tempfile::tempdir().unwrap();
        let anchors = Anchors::new(folder.path().join("anchors"));
        // Two processes.
        let recorders = [(); 2].map(|()| {
            Recorder::start(fresh.db.clone(), Arc::clone(&master), Some(anchors.clone()))
        });
        let writers = (0..200).map(|n| {
            let recorder = recorders[n % 2].clone();
            let tenant = if n % 5 == 0 { OTHER } else { TENANT };
            tokio::spawn(async move { recorder.record(tenant, occurrence(n)).await })
        });
        for written in futures::future::join_all(writers).await {
            written.unwrap().unwrap();
        }
        for (tenant, lines) in [(TENANT, 160), (OTHER, 40)] {
            let chain = Chain::new(&master, tenant);
            let anchored = anchors.read().unwrap().remove(&tenant).unwrap();
            let head = fresh.db.verify_audit(tenant, &chain, &anchored).await;
            assert_eq!(head.unwrap().map(|head| head.seq), Ok(lines));
            let whole = fresh.db.audit_lines(tenant, 0, 1000).await.unwrap();
            let mut objects: Vec<_> = whole.iter().map(|line| &line.event).collect();
            objects.dedup();
            assert_eq!(objects.len(), lines as usize);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_harm_to_the_log_is_found() {
    with_database(async |fresh| {
        let (master, head) = written(&fresh, TENANT, 9).await;
        assert_eq!(found(&fresh, &master, &[]).await, Ok(9));
        let refused = sqlx::raw_sql("UPDATE audit_events SET at = now()")
            .execute(&fresh.pool)
            .await;
        assert!(refused.is_err(), "not even the owner changes a line");
        // Somebody who can do all that a superuser can.
        fresh
            .execute(
                "ALTER TABLE audit_events DISABLE TRIGGER append_only;
                 ALTER TABLE audit_heads DISABLE TRIGGER kept;
                 CREATE TABLE kept_events AS SELECT * FROM audit_events;
                 CREATE TABLE kept_heads AS SELECT * FROM audit_heads",
            )
            .await;
        let anchored = std::slice::from_ref(&head);
        let one_less = "UPDATE audit_heads SET (seq, hash) =
                        (SELECT seq, hash FROM audit_events ORDER BY seq DESC LIMIT 1)";
        let cut = format!("DELETE FROM audit_events WHERE seq = 9; {one_less}");
        let truncated = |have| Flaw::Truncated { have, wanted: 9 };
        for (harm, anchors, want) in [
            (
                "UPDATE audit_events SET event = replace(event, 'reviewer', 'stranger') WHERE seq = 4",
                &[][..],
                Flaw::Changed(4),
            ),
            ("UPDATE audit_events SET hash = sha256(hash) WHERE seq = 4", &[], Flaw::Changed(4)),
            ("DELETE FROM audit_events WHERE seq = 4", &[], Flaw::Missing(4)),
            ("DELETE FROM audit_events WHERE seq = 1", &[], Flaw::Missing(1)),
            (
                "UPDATE audit_events SET seq = CASE seq WHEN 3 THEN 14 ELSE 13 END WHERE seq IN (3, 4);
                 UPDATE audit_events SET seq = seq - 10 WHERE seq > 10",
                &[],
                Flaw::Changed(3),
            ),
            (
                "DELETE FROM audit_events WHERE seq = 4;
                 UPDATE audit_events SET seq = seq - 1 WHERE seq > 4",
                &[],
                Flaw::Changed(4),
            ),
            ("DELETE FROM audit_events WHERE seq > 6", &[], truncated(6)),
            (&cut, anchored, truncated(8)),
            ("DELETE FROM audit_heads", &[], Flaw::Headless),
            ("DELETE FROM audit_events; DELETE FROM audit_heads", anchored, truncated(0)),
            (
                "UPDATE audit_heads SET hash = sha256(hash)",
                &[],
                Flaw::Rewritten(9),
            ),
        ] {
            fresh.execute(harm).await;
            assert_eq!(found(&fresh, &master, anchors).await, Err(want), "{harm}");
            fresh
                .execute(
                    "DELETE FROM audit_events; INSERT INTO audit_events SELECT * FROM kept_events;
                     DELETE FROM audit_heads; INSERT INTO audit_heads SELECT * FROM kept_heads",
                )
                .await;
            assert_eq!(found(&fresh, &master, anchored).await, Ok(9));
        }

        // A history of somebody's own, from the first line on, with another key.
        fresh.execute("DELETE FROM audit_events; DELETE FROM audit_heads").await;
        let (_, forged) = written(&fresh, TENANT, 9).await;
        assert_ne!(forged, head);
        assert_eq!(found(&fresh, &master, &[]).await, Err(Flaw::OtherKey(1)));
    })
    .await;
}
