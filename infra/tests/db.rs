//! The database against a real PostgreSQL: each file one promise, each test a database of its own.
//!
//! `MEDBOT_TEST_DATABASE_URL` names a server whose login may create databases and roles; `infra/test`
//! starts one.

#![expect(clippy::unwrap_used, reason = "all of this is tests")]

#[path = "db/audit.rs"]
mod audit;
#[path = "db/backlog.rs"]
mod backlog;
#[path = "db/backups.rs"]
mod backups;
#[path = "db/batches.rs"]
mod batches;
#[path = "db/belongings.rs"]
mod belongings;
#[path = "db/cancelling.rs"]
mod cancelling;
#[path = "tls/certificates.rs"]
mod certificates;
#[path = "db/chaos.rs"]
mod chaos;
#[path = "db/dead_letters.rs"]
mod dead_letters;
#[path = "db/doubles.rs"]
mod doubles;
#[path = "db/emergencies.rs"]
mod emergencies;
#[path = "db/entities.rs"]
mod entities;
#[path = "db/erasing.rs"]
mod erasing;
#[path = "db/fencing.rs"]
mod fencing;
#[path = "db/fhir_deliveries.rs"]
mod fhir_deliveries;
#[path = "db/fresh.rs"]
mod fresh;
#[path = "db/half_way.rs"]
mod half_way;
#[path = "db/idempotency.rs"]
mod idempotency;
#[path = "db/jobs.rs"]
mod jobs;
#[path = "db/keys.rs"]
mod keys;
#[path = "db/listening.rs"]
mod listening;
#[path = "db/methods.rs"]
mod methods;
#[path = "db/migrating.rs"]
mod migrating;
#[path = "db/orphans.rs"]
mod orphans;
#[path = "db/outbox.rs"]
mod outbox;
#[path = "db/patients.rs"]
mod patients;
#[path = "db/plans.rs"]
mod plans;
#[path = "db/recall.rs"]
mod recall;
#[path = "db/retries.rs"]
mod retries;
#[path = "db/reviews.rs"]
mod reviews;
#[path = "db/rotation.rs"]
mod rotation;
#[path = "db/run.rs"]
mod run;
#[path = "db/sessions.rs"]
mod sessions;
#[path = "db/system.rs"]
mod system;
#[path = "db/table_queue.rs"]
mod table_queue;
#[path = "db/tenants.rs"]
mod tenants;
#[path = "db/tls.rs"]
mod tls;
#[path = "db/tokens.rs"]
mod tokens;
#[path = "db/versions.rs"]
mod versions;
#[path = "db/webhooks.rs"]
mod webhooks;
