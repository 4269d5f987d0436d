//! An entity without identifiers, for tables. What a clinician acts on is copied as it is.

use schemas::{Date, Entity, Fact, Id, Org, Person};

use super::{Deidentifier, places};

impl Deidentifier {
    /// The entity with placeholders for whom it names. Documents of its set are known before
    /// ([`Self::know`]). Reasons and candidates that quote an identifier are left out.
    #[must_use]
    pub fn entity(&mut self, entity: &Entity) -> Entity {
        let mut out = entity.clone();
        out.text = self.replace(&entity.text).text;
        match &mut out.fact {
            Fact::Person(Person { name, .. }) => {
                out.text = self.whole(&entity.text, "PERSON");
                self.attribute(name, "PERSON");
            }
            Fact::Id(Id { value, role }) => {
                let label = super::numbers::label(*role);
                out.text = self.whole(&entity.text, label);
                self.attribute(value, label);
            }
            Fact::Org(Org { name, role }) => {
                let label = places::label(*role);
                out.text = self.whole(&entity.text, label);
                self.attribute(name, label);
            }
            Fact::Date(Date { iso, .. }) => {
                out.text = self.whole(&entity.text, "DATE");
                // A placeholder, or a year alone, is no day.
                *iso = iso
                    .take()
                    .map(|iso| self.replace(&iso).text)
                    .filter(|iso| iso.len() == "2024-02-29".len() && !out.text.starts_with('['));
            }
            Fact::Medication(medication) => {
                if let Some(text) = &mut medication.instructions {
                    *text = self.replace(text).text;
                }
            }
            Fact::Lab(lab) => {
                if let Some(date) = &mut lab.date {
                    *date = self.replace(date).text;
                }
            }
            Fact::Vital(vital) => {
                if let Some(date) = &mut vital.date {
                    *date = self.replace(date).text;
                }
            }
            Fact::Diagnosis(_)
            | Fact::Allergy(_)
            | Fact::Procedure(_)
            | Fact::Amount(_)
            | Fact::Instruction(_) => {}
        }
        if matches!(
            out.fact,
            Fact::Person(_) | Fact::Id(_) | Fact::Org(_) | Fact::Date(_)
        ) {
            (out.reasons, out.candidates) = (Vec::new(), Vec::new());
        }
        for reason in &mut out.reasons {
            *reason = self.replace(reason).text;
        }
        out
    }

    /// So far from a time as from a patient's dates.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.weeks.seconds()
    }

    fn attribute(&mut self, value: &mut Option<String>, label: &'static str) {
        if let Some(value) = value {
            *value = self.whole(value, label);
        }
    }

    /// An identifier that is the whole of a text: where nothing of it was found, all of it is replaced.
    fn whole(&mut self, text: &str, label: &'static str) -> String {
        let done = self.replace(text);
        let covered: usize = done
            .replaced
            .iter()
            .map(std::iter::ExactSizeIterator::len)
            .sum();
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
        let within: usize = done
            .replaced
            .iter()
            .map(|span| letters(&text[span.clone()]))
            .sum();
        if covered > 0 && within == letters(text) {
            return done.text;
        }
        let key = super::table::key(text);
        self.table.placeholder(label, &key, text).to_owned()
    }
}
