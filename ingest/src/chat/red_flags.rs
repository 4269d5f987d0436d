//! Red flags: messages that need help at once are told by expressions, before anything is searched or
//! generated. Past, denied and merely asked-about events are taken out first. The table holds a kind and an
//! expression a row.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

struct Table {
    kinds: Vec<&'static str>,
    expressions: RegexSet,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rows = include_str!("red_flags.tsv")
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with('#'))
        .map(|row| row.split_once('\t').expect("a kind and an expression"));
    let (kinds, expressions): (Vec<_>, Vec<_>) = rows.unzip();
    let expressions = RegexSet::new(expressions.iter().map(|one| format!("(?i){one}")))
        .expect("valid expressions");
    Table { kinds, expressions }
});

/// Clauses that tell of what is not happening now.
static CALM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(include_str!("calm.txt").trim()).expect("a valid expression"));

/// The kind of emergency that a message tells of.
#[must_use]
pub fn red_flag(message: &str) -> Option<&'static str> {
    let plain = message.replace(['’', '`'], "'").to_lowercase();
    // A person in danger of themselves is never taken for calm.
    let first = |text: &str| {
        TABLE
            .expressions
            .matches(text)
            .iter()
            .next()
            .map(|n| TABLE.kinds[n])
    };
    let kind = first(&plain)?;
    if matches!(kind, "suicidal" | "self-harm" | "violence") && !CALM.is_match(&plain) {
        return Some(kind);
    }
    (!CALM.is_match(&plain)).then_some(kind)
}
