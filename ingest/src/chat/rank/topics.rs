//! What questions ask after, such as an analyte, a class of drugs, an address or a reason, and whether it stands
//! in a line. A question whose topic no line holds has no answer there, however near the lines are in meaning.
//! A topic that is not in the table is none: then meaning and words alone decide.

use std::sync::LazyLock;

use regex::{Regex, RegexSet, RegexSetBuilder};

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
pub(super) struct Topics(Vec<usize>);

impl Topics {
    pub(super) fn of(question: &str) -> Self {
        let lower = question.to_lowercase();
        Self(TABLE.asked.matches(&lower).iter().collect())
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The parts of a question that are about its topics.
    pub(super) fn put(&self, question: &str) -> String {
        let lower = question.to_lowercase();
        let parts = self.0.iter().flat_map(|topic| {
            let found = TABLE.put[*topic].find_iter(&lower);
            found.map(|found| found.as_str()).collect::<Vec<_>>()
        });
        parts.collect::<Vec<_>>().join(" ")
    }

    /// Of each topic whether it stands in a line with facts of these types.
    pub(super) fn in_line(&self, line: &str, keys: &[&str]) -> Vec<bool> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let there = TABLE.there.matches(&line.to_lowercase());
        let is_there = |topic: &usize| {
            let types = &TABLE.keys[*topic];
            there.matched(*topic)
                || keys
                    .iter()
                    .any(|key| types.iter().any(|of| key.starts_with(of)))
        };
        self.0.iter().map(is_there).collect()
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
        ] {
            assert_eq!(
                on_topic(question, line, keys),
                holds,
                "{question} in {line}"
            );
        }
    }
}
