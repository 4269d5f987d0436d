//! Medical facts with their evidence. Attribute values are strings as printed; `*_norm`, `iso` and
//! `codes` hold normal forms; an attribute is absent when the document does not say.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Confidence;

/// One fact found in a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entity {
    /// Unique within the document, `e{n}`.
    pub id: String,
    /// The printed text: of a one-value type the value itself, otherwise all of its evidence.
    pub text: String,
    /// `[start, end)` in Unicode scalar values of the document's text.
    pub span: [usize; 2],
    /// The page of its first word, from 0; null for plain text.
    pub page: Option<usize>,
    /// Ids of the words that prove it, in reading order.
    pub words: Vec<String>,
    /// Calibrated probability that the entity and its dangerous fields are right.
    pub confidence: Confidence,
    /// Calibrated probability that an attribute is read as it is printed, by its name; none for attributes
    /// that are worked out and not printed, and none once a person has looked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub field_confidence: BTreeMap<String, Confidence>,
    /// A person should look.
    pub needs_review: bool,
    /// Why a person should look.
    pub reasons: Vec<String>,
    /// What the document claims about it.
    pub assertion: Assertion,
    /// Codes of the entity as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// Readings or matches that stand beside the printed text and never replace it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// The type and its attributes, flat in the JSON.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What a document claims about an entity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assertion {
    /// It holds.
    #[default]
    Present,
    /// It does not hold.
    Absent,
    /// It may hold.
    Possible,
    /// It holds of a relative.
    Family,
    /// It held in the past.
    Historical,
    /// It is to come.
    Planned,
}

/// A code of a terminology.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Code {
    /// The terminology's FHIR URI.
    pub system: String,
    /// The code.
    pub code: String,
    /// What the terminology calls it.
    pub display: String,
}

/// Something that a field may mean, beside what is printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// The attribute.
    pub field: String,
    /// The candidate value.
    pub value: String,
    /// Its code, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How likely.
    pub confidence: Confidence,
}

/// The type of an entity and its attributes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Fact {
    /// A drug that is taken, was taken or shall be.
    Medication(Medication),
    /// A laboratory result.
    Lab(Lab),
    /// A date with its role.
    Date(Date),
    /// A person with a role.
    Person(Person),
    /// A diagnosis or problem; the entity's `text` is its name.
    Diagnosis(Diagnosis),
    /// An allergy or intolerance.
    Allergy(Allergy),
    /// A vital sign.
    Vital(Vital),
    /// An identifier.
    Id(Id),
    /// An organisation.
    Org(Org),
    /// A procedure; the entity's `text` is its description.
    Procedure(Procedure),
    /// An amount of money.
    Amount(Amount),
    /// An instruction to the patient; the entity's `text` says it.
    Instruction(Instruction),
}

macro_rules! attributes {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub struct $name { $(
            $(#[$field_meta])*
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub $field: Option<$type>,
        )* }
    };
}

attributes! {
    /// Attributes of a medication.
    Medication {
        /// The drug as printed.
        name: String,
        /// The product's strength, `500 mg`.
        strength: String,
        /// Tablet, capsule, cream and so on.
        form: String,
        /// What is taken each time, `1 tablet`.
        dose: String,
        /// Route as printed.
        route: String,
        /// How often, as printed.
        frequency: String,
        /// For how long, as printed.
        duration: String,
        /// How much is dispensed.
        quantity: String,
        /// How many refills.
        refills: String,
        /// Only when needed.
        prn: bool,
        /// What else the label says.
        instructions: String,
        /// Started, stopped, changed, continued.
        status: String,
        /// Route in normal form, `oral`.
        route_norm: String,
        /// Frequency in normal form, `twice daily`.
        frequency_norm: String,
    }
}
attributes! {
    /// Attributes of a laboratory result.
    Lab {
        /// The analyte as printed.
        name: String,
        /// The value as printed.
        value: String,
        /// The unit as printed.
        unit: String,
        /// The reference range as printed.
        range: String,
        /// L, H, LL, HH or Abnormal.
        flag: String,
        /// When it was measured, when the table says so.
        date: String,
    }
}
attributes! {
    /// Attributes of a date; the entity's `text` is the date as printed.
    Date {
        /// `YYYY-MM-DD`.
        iso: String,
        /// What happened then.
        role: DateRole,
    }
}
attributes! {
    /// Attributes of a person.
    Person {
        /// The name as printed, without title and degrees.
        name: String,
        /// Who the person is here.
        role: PersonRole,
    }
}
attributes! {
    /// Attributes of a diagnosis.
    Diagnosis {
        /// The ICD code, only when printed.
        code: String,
    }
}
attributes! {
    /// Attributes of an allergy.
    Allergy {
        /// To what.
        substance: String,
        /// What it does.
        reaction: String,
    }
}
attributes! {
    /// Attributes of a vital sign.
    Vital {
        /// The sign as printed.
        name: String,
        /// The value as printed.
        value: String,
        /// The unit as printed.
        unit: String,
        /// When it was measured.
        date: String,
    }
}
attributes! {
    /// Attributes of an identifier.
    Id {
        /// Of what.
        role: IdRole,
        /// The identifier as printed.
        value: String,
    }
}
attributes! {
    /// Attributes of an organisation.
    Org {
        /// What it is here.
        role: OrgRole,
        /// Its name as printed.
        name: String,
    }
}
attributes! {
    /// Attributes of a procedure.
    Procedure {
        /// The procedure code.
        code: String,
        /// What is charged for it.
        charge: String,
    }
}
attributes! {
    /// Attributes of an amount.
    Amount {
        /// What for, `total_charge`.
        role: String,
        /// The amount as printed, without currency.
        value: String,
    }
}
attributes! {
    /// An instruction has no attribute beyond the entity's `text`.
    Instruction {}
}

macro_rules! roles {
    ($(#[$meta:meta])* $name:ident { $($variant:ident),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        #[allow(missing_docs, reason = "each name says it")]
        pub enum $name { $($variant),* }
    };
}

roles! {
    /// What happened on a date.
    DateRole {
        Prescribed, Signed, Dob, Admission, Discharge, Collected, Received, Reported, FollowUp,
        Dictated, Transcribed, Letter, Referral, Onset, Service, Processed, Other,
    }
}
roles! {
    /// Who a person is in a document.
    PersonRole {
        Patient, Prescriber, Ordering, Attending, Referring, Recipient, PrimaryCare,
        FollowUpProvider, LabDirector, Authoriser, Insured, Other,
    }
}
roles! {
    /// What an identifier identifies.
    IdRole {
        Npi, Dea, Mrn, NhsNumber, RxNumber, License, Accession, MemberId, Group, Account, Claim,
        Other,
    }
}
roles! {
    /// What an organisation is in a document.
    OrgRole { Facility, Laboratory, Insurer, Provider, Pharmacy }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Assertion, Entity, Fact, Medication};
    use crate::Confidence;

    #[test]
    fn attributes_lie_flat_and_absent_ones_are_not_written() {
        let entity = Entity {
            id: "e0".into(),
            text: "Digoxin 62.5 mcg".into(),
            span: [0, 16],
            page: None,
            words: vec![],
            confidence: Confidence::ONE,
            field_confidence: BTreeMap::new(),
            needs_review: false,
            reasons: vec![],
            assertion: Assertion::Present,
            codes: vec![],
            candidates: vec![],
            fact: Fact::Medication(Medication {
                name: Some("Digoxin".into()),
                strength: Some("62.5 mcg".into()),
                ..Medication::default()
            }),
        };
        let json = serde_json::to_value(&entity).unwrap();
        assert_eq!(json["type"], "medication");
        assert_eq!(json["strength"], "62.5 mcg");
        assert!(json.get("dose").is_none());
        assert_eq!(serde_json::from_value::<Entity>(json).unwrap(), entity);
    }
}
