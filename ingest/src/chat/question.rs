//! What a question is about, told by rules: its kind, the facts that it asks for, and its subjects, the words
//! that something must answer to.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    days::{self, Named},
    expression::expression,
    shorthand, words,
};

/// Kinds of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something must be done at once.
    Emergency,
    /// What a document says.
    Document,
    /// A drug that is taken.
    Medication,
    /// A measured value.
    Lab,
    /// Whether things go together.
    Interaction,
    /// What one feels.
    Symptom,
    /// Something else.
    Other,
}

/// A type of fact, and its roles; none for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub kind: &'static str,
    pub roles: Vec<&'static str>,
}

/// A question as it is understood.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub text: String,
    /// The same before words of it were put into others.
    pub put: String,
    pub kind: Kind,
    pub wanted: Vec<Wanted>,
    /// Stems of words that are no matter of course.
    pub subjects: Vec<String>,
    /// Those of them that are written as names.
    pub names: HashSet<String>,
    /// All stems.
    pub stems: Vec<String>,
    /// The dates that it names.
    pub days: Vec<Named>,
    /// It asks for a decision on a dose.
    pub decides_dose: bool,
    /// It asks for a reason.
    pub wants_reason: bool,
}

struct Rule {
    expression: Regex,
    wanted: Vec<Wanted>,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let rows = include_str!("wanted.tsv").lines();
    rows.filter(|row| !row.starts_with('#') && !row.is_empty())
        .map(|row| {
            let (expression, wanted) = row.split_once('\t').expect("two columns");
            let wanted = wanted.split(';').map(|one| {
                let (kind, roles) = one.split_once(':').expect("a type and its roles");
                let roles = roles.split(',').filter(|role| !role.is_empty()).collect();
                Wanted { kind, roles }
            });
            Rule {
                expression: Regex::new(expression).expect("a valid expression"),
                wanted: wanted.collect(),
            }
        })
        .collect()
});

expression!(
    DECIDES,
    r"(?x)\b(
        (can|could|may|should|shall|must|do|would)\s+(i|we|he|she|they|my\s\w+|you)\b.{0,40}?\b(stop|start|begin|double|halve|half|skip|quit|increase|decrease|raise|lower|reduce|change|switch|adjust|split|cut|go\s(off|on|up|down)|come\soff|take\s(more|less|extra|another|two|double|half))\b
      | (how\smuch|what\sdose|which\sdose)\b.*\bshould\s(i|he|she|we|they)\b.*\b(take|give|start)\b.*\binstead
      | (ok|okay|safe|fine|possible|allowed)\s+(to|if\si)\s+(stop|start|double|halve|skip|quit|increase|reduce|change|switch|adjust)
      | what\sif\si\s(stop|double|skip|halve)
      | (want|like|going|plan\w*|decided)\s+to\s+(stop|quit|double|halve|skip|come\soff|go\soff)
      | (increase|decrease|double|halve|adjust|change|stop|start)\s+(my|his|her)\s+(dose|dosage|medication|medicine|tablets?|pills?)
      | (^|please\s+)(increase|decrease|double|halve|adjust|change|stop|start)\s+the\s+(dose|dosage|medication|medicine|tablets?|pills?)
      | tell\s+me\s+(which|what|how)\b.*\bdose\s+to\s+take
    )"
);
// What is meant is no verb.
expression!(NOUN, r"\bthe (change|start|stop|switch|cut|half)\b");
expression!(
    INTERACTS,
    r"\b(interact\w*|together|combin\w+|mix\w*|along with|at the same time|alongside|go with|get along)\b|\b(while|when) (taking|on)\b|\b(can|may|is it (ok|safe)) .*\bwith\b"
);
expression!(
    SYMPTOM,
    r"\b(symptoms?|signs?|feel\w*|pains?|aches?|hurts?|itch\w*|fever|cough\w*|rash|dizz\w+|nause\w*|vomit\w*|tired\w*|swollen|swelling|headaches?|warning)\b"
);
expression!(
    REASON,
    r"\b(why|reason|because of what|what for|indication)\b"
);
expression!(TITLE, r"(?i)\b(mrs?|ms|miss|mx|master|sir|lady)\.?$");
expression!(
    MONTH,
    r"^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*$"
);

impl Asked {
    /// What is typed for short is written out.
    pub(crate) fn new(text: &str) -> Self {
        let text = &shorthand::written_out(text);
        let lower = text.to_lowercase();
        let mut wanted: Vec<Wanted> = Vec::new();
        let mut consumed: HashSet<String> = HashSet::new();
        for rule in RULES.iter() {
            let Some(found) = rule.expression.find(&lower) else {
                continue;
            };
            wanted.extend(
                rule.wanted
                    .iter()
                    .filter(|one| !wanted.contains(one))
                    .cloned()
                    .collect::<Vec<_>>(),
            );
            let told = words::stems(found.as_str());
            consumed.extend(told.into_iter().filter(|word| !is_place(word)));
        }
        let stems = words::stems(text);
        let mut subjects: Vec<String> = Vec::new();
        for stem in &stems {
            let counts = !words::is_common(stem)
                && !consumed.contains(stem)
                && !subjects.contains(stem)
                && !is_month(stem)
                && (stem.len() > 1 || stem == "k")
                && !stem
                    .chars()
                    .all(|c| c.is_ascii_digit() || c == '.' || c == ',');
            if counts {
                subjects.push(stem.clone());
            }
        }
        let has = |kind: &str| wanted.iter().any(|one| one.kind == kind);
        let kind = if INTERACTS.is_match(&lower) {
            Kind::Interaction
        } else if has("medication") {
            Kind::Medication
        } else if SYMPTOM.is_match(&lower) && wanted.is_empty() {
            Kind::Symptom
        } else if !wanted.is_empty() {
            Kind::Document
        } else {
            Kind::Other
        };
        Self {
            kind,
            decides_dose: DECIDES.is_match(&NOUN.replace_all(&lower, "the")),
            wants_reason: REASON.is_match(&lower),
            names: words::names(text),
            days: days::named(text),
            put: text.to_owned(),
            text: text.to_owned(),
            wanted,
            subjects,
            stems,
        }
    }

    /// The same with a word put into another one; what was added from the question before stays.
    pub(crate) fn with(&self, word: &str, other: &str) -> Self {
        let lower = self.text.to_lowercase();
        let Some(at) = lower.find(word).filter(|_| lower.len() == self.text.len()) else {
            return self.clone();
        };
        let text = format!(
            "{}{other}{}",
            &self.text[..at],
            &self.text[at + word.len()..]
        );
        let (before, mut after) = (Self::new(&self.text), Self::new(&text));
        after.put.clone_from(&self.put);
        let added = |all: &[String], own: &[String]| -> Vec<String> {
            all.iter()
                .filter(|word| !own.contains(word))
                .cloned()
                .collect()
        };
        after.stems.extend(added(&self.stems, &before.stems));
        after
            .subjects
            .extend(added(&self.subjects, &before.subjects));
        after
    }

    /// The same about `the patient` in the place of a name of theirs, which tells nothing of what is asked; `names` are
    /// the stems of it.
    pub(crate) fn without_names(&self, names: &[String]) -> Self {
        let mut text = String::new();
        let mut named = false;
        for part in self.text.split_inclusive(char::is_whitespace) {
            let word = part.trim_end();
            let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
            let bare = bare
                .strip_suffix("'s")
                .or(bare.strip_suffix("’s"))
                .unwrap_or(bare);
            let is_name = !bare.is_empty() && names.contains(&words::stem(bare));
            if !is_name {
                text += part;
                named = false;
                continue;
            }
            let before = text.trim_end();
            let title = TITLE.find(before).map(|found| found.start());
            text.truncate(title.unwrap_or(text.len()));
            if !named {
                text += "the patient";
            } else {
                text.truncate(text.trim_end().len());
            }
            text += &part[part.find(bare).unwrap_or_default() + bare.len()..];
            named = true;
        }
        if text == self.text {
            return self.clone();
        }
        let (before, mut after) = (Self::new(&self.text), Self::new(&text));
        let added = self
            .stems
            .iter()
            .filter(|word| !before.stems.contains(word));
        after.stems.extend(added.cloned());
        // `the patient` is asked for by no more than the name was.
        after.wanted.clone_from(&self.wanted);
        after.kind = self.kind;
        after
    }

    /// Is this type of fact asked for, in this role?
    pub(crate) fn wants(&self, kind: &str, role: Option<&str>) -> bool {
        self.wanted.iter().any(|one| {
            one.kind == kind
                && (one.roles.is_empty() || role.is_some_and(|role| one.roles.contains(&role)))
        })
    }
}

/// Is it the name of a month?
pub(crate) fn is_month(word: &str) -> bool {
    MONTH.is_match(word)
}

/// Names of places say which one is meant.
fn is_place(stem: &str) -> bool {
    ["clinic", "hospital", "surgery", "ward", "department"]
        .iter()
        .any(|place| words::stem(place) == stem)
}

#[cfg(test)]
mod tests {
    use super::{Asked, Kind};

    #[test]
    fn decisions_on_doses_are_told_from_questions_about_them() {
        for (text, decides) in [
            ("Can I stop the oxycodone?", true),
            ("should i double my bisoprolol tonight", true),
            ("I want to come off my antidepressant", true),
            ("is it ok to skip the evening tablet", true),
            ("was the lansoprazole stopped?", false),
            ("What is the dose of amoxicillin?", false),
            ("How many tablets am I meant to take at a time?", false),
            ("is there anything that would change the dose", false),
            ("change the dose to 10 mg", true),
        ] {
            assert_eq!(Asked::new(text).decides_dose, decides, "{text}");
        }
    }

    #[test]
    fn the_name_of_the_patient_is_nothing_that_is_asked() {
        let names = ["vasquez", "stellan"].map(str::to_owned);
        for (text, want) in [
            ("iron stores of Mr Vasquez", "iron stores of the patient"),
            (
                "What was Stellan Vasquez's TSH?",
                "What was the patient's TSH?",
            ),
            ("Stellan: which day?", "the patient: which day?"),
            ("Mr Smith, ferritin", "Mr Smith, ferritin"),
        ] {
            assert_eq!(Asked::new(text).without_names(&names).text, want);
        }
    }

    #[test]
    fn kinds_and_subjects() {
        let asked = Asked::new("Does warfarin interact with aspirin?");
        assert_eq!(asked.kind, Kind::Interaction);
        assert!(asked.subjects.contains(&"warfarin".to_owned()));
        let asked = Asked::new("How often may Mabel take oxycodone?");
        assert_eq!(asked.kind, Kind::Medication);
        assert_eq!(asked.subjects, ["mabel", "oxycodon"]);
        let asked = Asked::new("date of birth of the patient please");
        assert!(asked.wants("date", Some("dob")) && asked.subjects.is_empty());
    }
}
