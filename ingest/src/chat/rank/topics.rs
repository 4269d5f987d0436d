//! What questions ask after, such as an analyte, a class of drugs, an address or a reason, and whether it stands
//! in a line. A question whose topic no line holds has no answer there, however near the lines are in meaning.
//! Topics are those of the table, and beyond it the analytes and illnesses that extraction knows. What is in
//! neither is none: then meaning and words alone decide. Misspelt names are read as what they nearly are.

use std::sync::LazyLock;

use regex::{Regex, RegexSet, RegexSetBuilder};

use super::terms::{self, Term};

/// Alternatives of a few hundred words make large machines.
const SIZE_BYTES: usize = 64 << 20;

struct Table {
    asked: RegexSet,
    /// Each of them.
    put: Vec<Regex>,
    there: RegexSet,
    /// Types of fact that are the topic.
    keys: Vec<Vec<&'static str>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rows = include_str!("topics.tsv")
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with('#'));
    let (mut asked, mut there, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let mut columns = row.split('\t');
        let mut next = || columns.next().expect("three columns");
        let (put, stands, types) = (next(), next(), next());
        asked.push(put);
        there.push(match (stands, types) {
            ("", "") => put,
            // No line matches it: only facts are it.
            ("", _) => r"[^\s\S]",
            _ => stands,
        });
        keys.push(types.split(';').filter(|key| !key.is_empty()).collect());
    }
    let set = |expressions: &[&str]| {
        RegexSetBuilder::new(expressions)
            .size_limit(SIZE_BYTES)
            .build()
            .expect("valid expressions")
    };
    let put = asked
        .iter()
        .map(|one| Regex::new(one).expect("valid expressions"));
    Table {
        put: put.collect(),
        asked: set(&asked),
        there: set(&there),
        keys,
    }
});

/// The topics of a question.
pub(super) struct Topics {
    /// Rows of the table.
    rows: Vec<usize>,
    /// What only the vocabularies know.
    terms: Vec<Term>,
    /// The question as it is read: in lower case, without misspellings.
    question: String,
}

impl Topics {
    pub(super) fn of(question: &str) -> Self {
        let question = terms::spelt(&question.to_lowercase());
        let mut topics = Self {
            rows: TABLE.asked.matches(&question).iter().collect(),
            terms: Vec::new(),
            question,
        };
        let covered = topics.put();
        topics.terms = terms::of_question(&topics.question);
        topics.terms.retain(|term| {
            !covered
                .split(' ')
                .any(|word| term.name.split(' ').any(|of| of == word))
        });
        topics
    }

    pub(super) fn count(&self) -> usize {
        self.rows.len() + self.terms.len()
    }

    /// The parts of the question that are about its topics.
    pub(super) fn put(&self) -> String {
        let parts = self.rows.iter().flat_map(|topic| {
            let found = TABLE.put[*topic].find_iter(&self.question);
            found.map(|found| found.as_str()).collect::<Vec<_>>()
        });
        let terms = self.terms.iter().map(|term| term.name.as_str());
        parts.chain(terms).collect::<Vec<_>>().join(" ")
    }

    /// Of each topic whether it stands in a line with facts of these types.
    pub(super) fn in_line(&self, line: &str, keys: &[&str]) -> Vec<bool> {
        if self.count() == 0 {
            return Vec::new();
        }
        let line = line.to_lowercase();
        let there = TABLE.there.matches(&line);
        let is_there = |topic: &usize| {
            let types = &TABLE.keys[*topic];
            there.matched(*topic)
                || keys
                    .iter()
                    .any(|key| types.iter().any(|of| key.starts_with(of)))
        };
        let rows = self.rows.iter().map(is_there);
        rows.chain(self.terms.iter().map(|term| term.is_in(&line)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Topics;

    /// Whether every topic of the question stands in the line; none without a topic.
    fn on_topic(question: &str, line: &str, keys: &[&str]) -> Option<bool> {
        let held = Topics::of(question).in_line(line, keys);
        (!held.is_empty()).then(|| held.iter().all(|holds| *holds))
    }

    #[test]
    fn a_topic_is_found_by_what_stands_for_it() {
        for (question, line, keys, holds) in [
            (
                "her BP?",
                "Blood pressure 128/82 mmHg",
                [].as_slice(),
                Some(true),
            ),
            ("her BP?", "Pulse 72/min", &[], Some(false)),
            (
                "how salty, what is the sodium",
                "Na 141 mmol/L 133-146",
                &[],
                Some(true),
            ),
            (
                "is she on a blood thinner",
                "Apixaban 5 mg twice a day",
                &[],
                Some(true),
            ),
            (
                "is she on a blood thinner",
                "Ramipril 5 mg once a day",
                &[],
                Some(false),
            ),
            (
                "what is she taking",
                "Ramipril 5 mg",
                &["medication:"],
                Some(true),
            ),
            (
                "what is she taking",
                "Ramipril is not given.",
                &["line:"],
                Some(false),
            ),
            ("good cholesterol", "LDL cholesterol 3.1", &[], Some(false)),
            (
                "where does she live",
                "12 High Street",
                &["line:address", "line:address:other"],
                Some(false),
            ),
            (
                "where does she live",
                "12 High Street",
                &["line:address:patient"],
                Some(true),
            ),
            ("and then?", "Ramipril 5 mg", &[], None),
            // Misspelt.
            ("potasium?", "Potassium 4.1 mmol/L", &[], Some(true)),
            ("potasium?", "Sodium 141 mmol/L", &[], Some(false)),
            // Of the vocabularies alone.
            ("ceruloplasmin?", "Ferritin 12 ng/mL", &[], Some(false)),
            ("any sign of endometriosis", "Asthma", &[], Some(false)),
            (
                "any sign of endometriosis",
                "Endometriosis, stage II",
                &[],
                Some(true),
            ),
        ] {
            assert_eq!(
                on_topic(question, line, keys),
                holds,
                "{question} in {line}"
            );
        }
    }
}
