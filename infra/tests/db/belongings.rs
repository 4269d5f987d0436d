//! Something of one tenant in every table, for tests of what is kept from others and of what moves along.

use infra::db::{Caller, DbError, Decision, Review, Role, Upload};
use schemas::{BatchId, EntityId, Stage, TenantId, WebhookId};
use uuid::Uuid;

use super::{
    entities::{found, lab},
    fresh::Fresh,
    keys,
    patients::{mrn, patient_of, report},
    run::{TENANT, page_task, reject, upload},
    webhooks::hook,
};

/// Another tenant.
pub const A: TenantId = TenantId(Uuid::from_u128(0xa));
/// Whose everything is.
pub const B: TenantId = TENANT;

/// Somebody whose tokens B has taken back.
pub const PERSON: Uuid = Uuid::from_u128(0xbeef);
/// A token that B has taken back.
pub const LOST: &str = "lost";

pub fn sealed(turn: &[u8]) -> Result<Vec<u8>, DbError> {
    Ok(turn.to_vec())
}

/// Something of B in every table.
pub struct Belongings {
    pub job: schemas::JobId,
    pub dead: schemas::TaskId,
    pub document: schemas::DocumentId,
    pub entity: EntityId,
    /// A document that names somebody.
    pub named: schemas::DocumentId,
    pub batch: BatchId,
    pub webhook: WebhookId,
    pub uploading: schemas::DocumentId,
    pub chat: schemas::ChatId,
    pub patient: Uuid,
    /// Whose session is open, by this key.
    pub key: Uuid,
    pub emergency: Uuid,
}

pub async fn furnish(fresh: &Fresh) -> Belongings {
    fresh.db.found_tenant(A, "another").await.unwrap();
    let webhook = hook(fresh).await;
    let upload = Upload {
        webhook: Some(webhook),
        digest: Some([1; 32]),
        ..upload()
    };
    let accepted = fresh.accept(B, &upload).await;
    let double = Upload {
        document: super::run::upload().document,
        webhook: Some(hook(fresh).await),
        ..upload
    };
    fresh.accept(B, &double).await;
    fresh.run(accepted.job, |_| reject()).await;
    let batch = fresh.db.open_batch(B, Some(webhook)).await.unwrap();
    fresh
        .db
        .add_to_batch(B, batch, 0, "a.png", Ok(&accepted))
        .await
        .unwrap();
    let mut entities = report("Elm Hospital", "Jane Roe", Some(mrn("1234")));
    entities.push(lab("e0", "Glucose"));
    let of = found(fresh, B, entities).await;
    let patient = patient_of(fresh, B, of).await.expect("a patient");
    let entity = EntityId(Uuid::new_v5(&of.0, b"e0"));
    let review = Review {
        decision: Decision::Accepted,
        version: 1,
        after: lab("e0", "Glucose"),
        reason: None,
    };
    let caller = Caller {
        id: Uuid::nil(),
        tenant: B,
        role: Role::Admin,
    };
    assert_eq!(
        fresh
            .db
            .review(&caller, entity, &review, &fresh.master)
            .await
            .unwrap(),
        Some(true)
    );
    let lease = std::time::Duration::from_mins(1);
    fresh.db.recall(B, "k", &[0; 32], lease).await.unwrap();
    let uploading = super::run::upload().document;
    fresh.db.begin_upload(B, uploading).await.unwrap();
    fresh
        .db
        .admit(B, &keys::kept('k'), Role::Uploader)
        .await
        .unwrap();
    let key = super::sessions::opened(fresh, 'k', &[70; 32]).await.id;
    let emergency = super::emergencies::opened(fresh).await;
    let (old, _) = super::audit::written(fresh, B, 1).await;
    let new = super::audit::master().accepting(old);
    assert_eq!(fresh.db.rewrap(&new).await.unwrap().audit_keys, 1);
    fresh
        .db
        .keep_wrapped_key(B, accepted.document, b"key")
        .await
        .unwrap();
    let card = infra::db::Card {
        id: "own".into(),
        title: "Glucose".into(),
        topic: "labs".into(),
        source: "the clinic".into(),
        clinically_reviewed: true,
        digest: [1; 32],
        passages: vec![("Glucose is sugar.".into(), Some(vec![0.05; 384]))],
    };
    fresh.db.keep_cards(B, &[card], &[]).await.unwrap();
    let chat = fresh.db.open_chat(&caller).await.unwrap();
    fresh
        .db
        .keep_turn(B, chat, |_| sealed(b"sealed"), &[accepted.document], None)
        .await
        .unwrap();
    fresh.db.revoke_tokens(B, PERSON, None).await.unwrap();
    fresh.db.revoke_token(B, LOST, None).await.unwrap();
    let named = fresh.db.entity(B, entity).await.unwrap().unwrap().document;
    Belongings {
        job: accepted.job,
        dead: page_task(accepted.job, Stage::Decode, 0),
        document: accepted.document,
        entity,
        named,
        batch,
        webhook,
        uploading,
        chat,
        patient,
        key,
        emergency,
    }
}
