//! An identifier and its issuer make a patient; a name and a date of birth only propose one.

use infra::db::{Decision, EntityFilter, Review};
use schemas::{
    Date, DateRole, Entity, EntityId, Fact, Id, IdRole, JobId, Org, OrgRole, Person, PersonRole,
    TenantId,
};
use uuid::Uuid;

use super::{
    audit::master,
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

pub async fn patient_of(fresh: &Fresh, tenant: TenantId, job: JobId) -> Option<Uuid> {
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

        let seen = fresh
            .db
            .patient(TENANT, patient, &fresh.master)
            .await
            .unwrap()
            .unwrap();
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
        assert!(
            fresh
                .db
                .patient(other, patient, &fresh.master)
                .await
                .unwrap()
                .is_none()
        );

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
            fresh
                .db
                .patient(TENANT, patient, &fresh.master)
                .await
                .unwrap()
                .is_none(),
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
        let said = fresh
            .db
            .review(&caller(TENANT), id, &review, &fresh.master)
            .await
            .unwrap();
        assert_eq!(said, Some(true));
        let patient = patient_of(&fresh, TENANT, job).await.unwrap();
        let seen = fresh
            .db
            .patient(TENANT, patient, &fresh.master)
            .await
            .unwrap()
            .unwrap();
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

/// Patients and sightings as they stand in the database.
async fn rows(fresh: &Fresh) -> String {
    let all = "SELECT coalesce(string_agg(line, E'\n'), '') FROM (
                   SELECT p::text AS line FROM patients p
                   UNION ALL SELECT s::text FROM patient_sightings s) AS lines";
    sqlx::query_scalar(all)
        .fetch_one(&fresh.pool)
        .await
        .unwrap()
}

fn in_the_clear(rows: &str) -> Vec<&'static str> {
    let hexed = "31323334353637383930";
    let all = ["1234567890", hexed, "jane", "1960-02-29"];
    all.into_iter().filter(|part| rows.contains(part)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_patient_stands_in_the_clear() {
    with_database(async |fresh| {
        let named = || report("Elm Hospital", "Jane Roe", Some(mrn("123-456-7890")));
        let job = found(&fresh, TENANT, named()).await;
        let other = TenantId(Uuid::from_u128(9));
        fresh.db.found_tenant(other, "another").await.unwrap();
        let elsewhere = found(&fresh, other, named()).await;
        let patient = patient_of(&fresh, TENANT, job).await.unwrap();
        let theirs = patient_of(&fresh, other, elsewhere).await.unwrap();
        let stored = rows(&fresh).await;
        assert_eq!(in_the_clear(&stored), Vec::<&str>::new(), "{stored}");
        for column in ["patients.value", "patient_sightings.name_key"] {
            let (table, column) = column.split_once('.').unwrap();
            let sql = format!("SELECT count(DISTINCT {column}) FROM {table}");
            let several: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                .fetch_one(&fresh.pool)
                .await
                .unwrap();
            assert_eq!(several, 2, "two tenants' {column} do not look alike");
        }

        // A sealed identifier opens in its own row alone.
        let seen = fresh.db.patient(TENANT, patient, &fresh.master).await;
        assert_eq!(seen.unwrap().unwrap().value, "1234567890");
        assert!(fresh.db.patient(TENANT, patient, &master()).await.is_err());
        fresh
            .execute(&format!(
                "UPDATE patients SET sealed = (SELECT sealed FROM patients WHERE id = '{theirs}')
                 WHERE id = '{patient}'"
            ))
            .await;
        let moved = fresh.db.patient(TENANT, patient, &fresh.master).await;
        assert!(moved.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_program_wrote_is_sealed_and_still_found() {
    with_database(async |fresh| {
        let of = async |identifier: &str| {
            let named = report("Elm Hospital", "Jane Roe", Some(mrn(identifier)));
            let job = found(&fresh, TENANT, named).await;
            let patient = patient_of(&fresh, TENANT, job).await.unwrap();
            let document = fresh.db.job(TENANT, job).await.unwrap().unwrap().document;
            (patient, document)
        };
        // As an earlier program writes them.
        let unsealed = async |patient: Uuid, identifier: &str| {
            fresh
                .execute(&format!(
                    "UPDATE patients SET value = '{identifier}', sealed = NULL WHERE id = '{patient}';
                     UPDATE patient_sightings SET name_key = 'jane roe', born = '1960-02-29'
                     WHERE patient_id = '{patient}'"
                ))
                .await;
        };
        // One that it alone knows; one that it knew before; one that it met once more afterwards.
        let (alone, _) = of("11111111").await;
        unsealed(alone, "11111111").await;
        let (before, first) = of("22222222").await;
        unsealed(before, "22222222").await;
        let (_, second) = of("22222222").await;
        let (after, third) = of("33333333").await;
        let (_, fourth) = of("33333333").await;
        let late = Uuid::now_v7();
        fresh
            .execute(&format!(
                "INSERT INTO patients (id, tenant_id, kind, issuer, value)
                 VALUES ('{late}', '{TENANT}', 'mrn', 'elm hospital', '33333333');
                 UPDATE patient_sightings SET patient_id = '{late}', name_key = NULL, born = '1960-02-29'
                 WHERE document_id = '{third}'"
            ))
            .await;
        assert!(rows(&fresh).await.contains("jane roe"));

        assert!(fresh.db.seal_identifiers(&fresh.master).await.unwrap() >= 5);
        let stored = rows(&fresh).await;
        for part in ["11111111", "22222222", "33333333", "jane", "1960-02-29"] {
            assert!(!stored.contains(part), "{part}: {stored}");
        }
        assert_eq!(fresh.db.seal_identifiers(&fresh.master).await.unwrap(), 0, "once");
        assert_eq!(of("11111111").await.0, alone);
        for (patient, value, documents) in [(before, "22222222", [second, first]), (after, "33333333", [fourth, third])] {
            let seen = fresh.db.patient(TENANT, patient, &fresh.master).await.unwrap();
            let seen = seen.expect("the one that was there first");
            assert_eq!((seen.value.as_str(), seen.documents), (value, documents.to_vec()));
            assert!(seen.possible_matches.contains(&alone), "of the same name");
        }
        assert_eq!(fresh.count("SELECT count(*) FROM patients").await, 3);
    })
    .await;
}
