//! An identifier and its issuer make a patient; a name and a date of birth only propose one.

use infra::db::{Decision, EntityFilter, Review};
use schemas::{
    Date, DateRole, Entity, EntityId, Fact, Id, IdRole, JobId, Org, OrgRole, Person, PersonRole,
    TenantId,
};
use uuid::Uuid;

use super::{
    entities::{entity, found, index, lab},
    fresh::{Fresh, with_database},
    reviews::caller,
    run::TENANT,
};

pub fn mrn(value: &str) -> Entity {
    let fact = Id {
        role: Some(IdRole::Mrn),
        value: Some(value.into()),
    };
    entity("mrn", Fact::Id(fact))
}

/// Jane Roe, born in 1960, at a hospital, with a result.
pub fn report(hospital: &str, name: &str, identifier: Option<Entity>) -> Vec<Entity> {
    let org = Org {
        role: Some(OrgRole::Facility),
        name: Some(hospital.into()),
    };
    let person = Person {
        role: Some(PersonRole::Patient),
        name: Some(name.into()),
    };
    let born = Date {
        iso: Some("1960-02-29".into()),
        role: Some(DateRole::Dob),
    };
    let mut all = vec![
        entity("org", Fact::Org(org)),
        entity("person", Fact::Person(person)),
        entity("born", Fact::Date(born)),
        lab("lab", "Glucose"),
    ];
    all.extend(identifier);
    all
}

async fn patient_of(fresh: &Fresh, tenant: TenantId, job: JobId) -> Option<Uuid> {
    let document = fresh.db.job(tenant, job).await.unwrap().unwrap().document;
    let filter = EntityFilter {
        document: Some(document.0),
        ..EntityFilter::default()
    };
    let found = fresh.db.entities(tenant, &filter, None, 100).await.unwrap();
    let patients: Vec<Option<Uuid>> = found.iter().map(|entity| entity.patient).collect();
    assert!(
        patients.iter().all(|patient| *patient == patients[0]),
        "{patients:?}"
    );
    patients[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_make_patients_and_names_propose_them() {
    with_database(async |fresh| {
        let other = TenantId(Uuid::from_u128(9));
        fresh.db.found_tenant(other, "another").await.unwrap();
        let of = async |hospital: &str, name: &str, id: Option<Entity>| {
            found(&fresh, TENANT, report(hospital, name, id)).await
        };
        let first = of("Elm Hospital", "Jane Roe", Some(mrn("12-34"))).await;
        let again = of("ELM HOSPITAL", "ROE, Jane", Some(mrn("1234"))).await;
        let elsewhere = of("Oak Clinic", "Jane Roe", Some(mrn("1234"))).await;
        let nameless = of("Elm Hospital", "Jane Roe", None).await;
        let foreign = found(
            &fresh,
            other,
            report("Elm Hospital", "Jane Roe", Some(mrn("1234"))),
        )
        .await;
        let patient = patient_of(&fresh, TENANT, first).await.unwrap();
        assert_eq!(patient_of(&fresh, TENANT, again).await, Some(patient));
        let second = patient_of(&fresh, TENANT, elsewhere).await.unwrap();
        assert_ne!(second, patient, "another issuer");
        assert_eq!(patient_of(&fresh, TENANT, nameless).await, None);
        assert_ne!(patient_of(&fresh, other, foreign).await, Some(patient));

        let seen = fresh.db.patient(TENANT, patient).await.unwrap().unwrap();
        assert_eq!(
            (seen.kind.as_str(), seen.issuer.as_str()),
            ("mrn", "elm hospital")
        );
        assert_eq!(seen.documents.len(), 2);
        assert_eq!(seen.possible_matches, [second], "proposed and not merged");
        let nameless = fresh
            .db
            .job(TENANT, nameless)
            .await
            .unwrap()
            .unwrap()
            .document;
        assert_eq!(seen.possible_documents, [nameless]);
        assert!(fresh.db.patient(other, patient).await.unwrap().is_none());

        let filter = EntityFilter {
            patient: Some(patient),
            kind: Some("lab".into()),
            ..EntityFilter::default()
        };
        assert_eq!(
            fresh
                .db
                .entities(TENANT, &filter, None, 100)
                .await
                .unwrap()
                .len(),
            2
        );

        for job in [first, again] {
            let document = fresh.db.job(TENANT, job).await.unwrap().unwrap().document;
            assert!(fresh.db.erase(TENANT, document).await.unwrap().is_some());
        }
        assert!(
            fresh.db.patient(TENANT, patient).await.unwrap().is_none(),
            "forgotten"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubtful_identifier_identifies_after_its_review() {
    with_database(async |fresh| {
        let doubtful = Entity {
            needs_review: true,
            ..mrn("l234")
        };
        let job = fresh.job().await;
        index(
            &fresh,
            job,
            report("Elm Hospital", "Jane Roe", Some(doubtful)),
        )
        .await;
        assert_eq!(patient_of(&fresh, TENANT, job).await, None);
        let review = Review {
            decision: Decision::Corrected,
            version: 1,
            after: mrn("1234"),
            reason: None,
        };
        let id = EntityId(Uuid::new_v5(&job.0, b"mrn"));
        let said = fresh.db.review(&caller(TENANT), id, &review).await.unwrap();
        assert_eq!(said, Some(true));
        let patient = patient_of(&fresh, TENANT, job).await.unwrap();
        let seen = fresh.db.patient(TENANT, patient).await.unwrap().unwrap();
        assert_eq!(seen.value, "1234");

        let facts = fresh.db.reviewed_facts(TENANT).await.unwrap();
        assert_eq!(facts.len(), 5);
        let reviewed: Vec<_> = facts
            .iter()
            .filter(|fact| fact.extracted.is_some())
            .collect();
        assert_eq!(reviewed.len(), 1);
        assert_ne!(
            reviewed[0].extracted.as_ref().unwrap().fact,
            reviewed[0].entity.fact
        );
    })
    .await;
}
