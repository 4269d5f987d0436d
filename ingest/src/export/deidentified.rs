//! Rows without identifiers. Numbers of placeholders agree within a patient, or within a document that names
//! none; the service's own ids become others, which nobody else can trace.

use std::collections::HashMap;

use chrono::{DateTime, Datelike as _, Duration, NaiveDate, NaiveTime, Utc};
use extract::deidentify::{Dates, Deidentifier, Secret, pseudonym};
use infra::db::{Identifier, IndexedEntity};
use schemas::{DocumentId, Entity, EntityId, JobId};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Row, RowIds};

/// How much of dates is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deidentification {
    /// The year: 45 CFR 164.514(b)(2).
    SafeHarbor,
    /// Whole dates, moved by a number of weeks that only the site knows: intervals and weekdays stay. Needs what
    /// a limited data set or an expert's determination needs.
    ShiftedDates,
}

impl Deidentification {
    /// What becomes of dates.
    #[must_use]
    pub fn dates(self) -> Dates {
        match self {
            Self::SafeHarbor => Dates::Years,
            Self::ShiftedDates => Dates::Shifted,
        }
    }
}

/// The rows of entities. `named` is what all documents of their patients name, always in the same order.
#[must_use]
pub fn deidentified(
    how: Deidentification,
    secret: &Secret,
    entities: &[IndexedEntity],
    named: &[Identifier],
) -> Vec<Row> {
    let mut sets: HashMap<Uuid, Deidentifier> = HashMap::new();
    for entity in entities {
        let id = about(entity.patient, entity.document);
        let new = || Deidentifier::new(secret, &id.to_string(), how.dates());
        sets.entry(id).or_insert_with(new);
    }
    for (id, set) in &mut sets {
        let names = named.iter().filter(|n| about(n.patient, n.document) == *id);
        let values = entities
            .iter()
            .filter(|e| about(e.patient, e.document) == *id);
        let known: Vec<Entity> = names
            .map(|named| &named.entity)
            .chain(values.map(|found| &found.entity))
            .cloned()
            .collect();
        set.know(&known);
    }
    let hidden = |id: Uuid| pseudonym(secret, id);
    let rows = entities.iter().filter_map(|found| {
        let set = sets.get_mut(&about(found.patient, found.document))?;
        let ids = RowIds {
            entity_id: EntityId(hidden(found.id.0)),
            document_id: DocumentId(hidden(found.document.0)),
            job_id: JobId(hidden(found.job.0)),
        };
        let at = match how {
            Deidentification::SafeHarbor => first_of_year(found.created_at),
            Deidentification::ShiftedDates => found.created_at + Duration::seconds(set.seconds()),
        };
        Some(Row::from_entity(&set.entity(&found.entity), ids, at))
    });
    rows.collect()
}

/// Whose dates move together.
#[must_use]
pub fn about(patient: Option<Uuid>, document: DocumentId) -> Uuid {
    patient.unwrap_or(document.0)
}

fn first_of_year(at: DateTime<Utc>) -> DateTime<Utc> {
    let day = NaiveDate::from_ymd_opt(at.year(), 1, 1).unwrap_or_default();
    day.and_time(NaiveTime::MIN).and_utc()
}
