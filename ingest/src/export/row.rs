//! One entity as a row: flat, with the ids under which the service keeps it.

use chrono::{DateTime, Utc};
use schemas::{
    Assertion, Code, Confidence, DocumentId, Entity, EntityId, Fact, JobId, Lab, Medication,
};
use serde::{Deserialize, Serialize};

/// One entity with everything that an analyst filters or counts by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The service's ids.
    #[serde(flatten)]
    pub ids: RowIds,
    /// The page of its first word, from 0.
    pub page: Option<u32>,
    /// The entity's type, `medication`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The printed text.
    pub text: String,
    /// The attributes of its type.
    #[serde(flatten)]
    pub attributes: Attributes,
    /// Of a medication: only when needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prn: Option<bool>,
    /// Codes of the entity as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// What the document claims about it.
    pub assertion: Assertion,
    /// Calibrated probability that it is right.
    pub confidence: Confidence,
    /// A person should look.
    pub needs_review: bool,
    /// Why a person should look.
    pub reasons: Vec<String>,
    /// When the service found it.
    pub created_at: DateTime<Utc>,
}

/// What the service calls an entity and what it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowIds {
    /// The entity.
    pub entity_id: EntityId,
    /// The document that it stands in.
    pub document_id: DocumentId,
    /// The run that found it.
    pub job_id: JobId,
}

/// An attribute's column: its name and where its value is.
pub(super) type AttributeColumn = (&'static str, fn(&Attributes) -> Option<&str>);

macro_rules! attributes {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {
        /// Attributes as strings; absent when the document does not say or the type has none such.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Attributes { $(
            $(#[$meta])*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub $name: Option<String>,
        )* }

        impl Attributes {
            /// All of them, in the order of the columns.
            pub(super) const COLUMNS: &[AttributeColumn] =
                &[$((stringify!($name), |a| a.$name.as_deref())),*];
        }
    };
}

attributes! {
    /// Of a medication, analyte, vital sign, person or organisation; of an allergy the substance.
    name,
    /// Of a result, vital sign, identifier or amount, as printed.
    value,
    /// The value's unit as printed.
    unit,
    /// Of a product, `500 mg`.
    strength,
    /// Tablet, capsule, cream and so on.
    form,
    /// What is taken each time.
    dose,
    /// As printed.
    route,
    /// `oral` and so on.
    route_norm,
    /// As printed.
    frequency,
    /// `twice daily` and so on.
    frequency_norm,
    /// For how long it is taken.
    duration,
    /// How much is dispensed.
    quantity,
    /// How many refills.
    refills,
    /// Started, stopped, changed, continued.
    status,
    /// What else the label says.
    instructions,
    /// L, H, LL, HH or Abnormal.
    flag,
    /// The reference range as printed.
    range,
    /// Of a date, person, identifier, organisation or amount.
    role,
    /// Of a result or vital sign: when it was measured, as printed.
    date,
    /// Of a date: `YYYY-MM-DD`.
    iso,
    /// Of a diagnosis or procedure, as printed.
    code,
    /// Of an allergy.
    reaction,
    /// Of a procedure.
    charge,
}

impl Row {
    /// The row of an entity.
    #[must_use]
    pub fn from_entity(entity: &Entity, ids: RowIds, created_at: DateTime<Utc>) -> Self {
        let (kind, attributes) = flat(&entity.fact);
        let prn = match &entity.fact {
            Fact::Medication(medication) => medication.prn,
            _ => None,
        };
        Self {
            ids,
            page: entity.page.and_then(|page| u32::try_from(page).ok()),
            kind: kind.to_owned(),
            text: entity.text.clone(),
            attributes,
            prn,
            codes: entity.codes.clone(),
            assertion: entity.assertion,
            confidence: entity.confidence,
            needs_review: entity.needs_review,
            reasons: entity.reasons.clone(),
            created_at,
        }
    }
}

fn flat(fact: &Fact) -> (&'static str, Attributes) {
    let none = Attributes::default();
    match fact.clone() {
        Fact::Medication(medication) => ("medication", of_medication(medication)),
        Fact::Lab(lab) => ("lab", of_lab(lab)),
        Fact::Date(d) => (
            "date",
            Attributes {
                iso: d.iso,
                role: d.role.and_then(word),
                ..none
            },
        ),
        Fact::Person(p) => (
            "person",
            Attributes {
                name: p.name,
                role: p.role.and_then(word),
                ..none
            },
        ),
        Fact::Diagnosis(d) => (
            "diagnosis",
            Attributes {
                code: d.code,
                ..none
            },
        ),
        Fact::Allergy(a) => (
            "allergy",
            Attributes {
                name: a.substance,
                reaction: a.reaction,
                ..none
            },
        ),
        Fact::Vital(v) => (
            "vital",
            Attributes {
                name: v.name,
                value: v.value,
                unit: v.unit,
                date: v.date,
                ..none
            },
        ),
        Fact::Id(i) => (
            "id",
            Attributes {
                role: i.role.and_then(word),
                value: i.value,
                ..none
            },
        ),
        Fact::Org(o) => (
            "org",
            Attributes {
                role: o.role.and_then(word),
                name: o.name,
                ..none
            },
        ),
        Fact::Procedure(p) => (
            "procedure",
            Attributes {
                code: p.code,
                charge: p.charge,
                ..none
            },
        ),
        Fact::Amount(a) => (
            "amount",
            Attributes {
                role: a.role,
                value: a.value,
                ..none
            },
        ),
        Fact::Instruction(_) => ("instruction", none),
    }
}

fn of_medication(medication: Medication) -> Attributes {
    Attributes {
        name: medication.name,
        strength: medication.strength,
        form: medication.form,
        dose: medication.dose,
        route: medication.route,
        route_norm: medication.route_norm,
        frequency: medication.frequency,
        frequency_norm: medication.frequency_norm,
        duration: medication.duration,
        quantity: medication.quantity,
        refills: medication.refills,
        status: medication.status,
        instructions: medication.instructions,
        ..Attributes::default()
    }
}

fn of_lab(lab: Lab) -> Attributes {
    Attributes {
        name: lab.name,
        value: lab.value,
        unit: lab.unit,
        range: lab.range,
        flag: lab.flag,
        date: lab.date,
        ..Attributes::default()
    }
}

/// The name of an enum's value as the JSON has it.
pub(super) fn word(value: impl Serialize) -> Option<String> {
    let json = serde_json::to_value(value).ok()?;
    json.as_str().map(str::to_owned)
}

#[cfg(test)]
pub(super) mod tests;
