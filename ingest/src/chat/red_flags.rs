//! Red flags: messages that need help at once are told by expressions, before anything is searched or
//! generated. Clauses that tell of what is past, denied or only asked about make a message calm. The table
//! holds a kind and an expression a row. English only.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

/// Gaps of up to so many letters make large machines.
const SIZE_BYTES: usize = 256 << 20;

/// What speaks for and against an emergency without telling one.
static SIGNS: LazyLock<RegexSet> = LazyLock::new(|| {
    let rows = include_str!("signs.tsv")
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with('#'))
        .map(|row| row.split_once('\t').expect("a name and an expression").1);
    RegexSetBuilder::new(rows)
        .unicode(false)
        .size_limit(SIZE_BYTES)
        .build()
        .expect("valid expressions")
});

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
    let expressions = RegexSetBuilder::new(expressions)
        .unicode(false)
        .size_limit(SIZE_BYTES)
        .build()
        .expect("valid expressions");
    Table { kinds, expressions }
});

static CALM: LazyLock<Regex> = LazyLock::new(|| {
    RegexBuilder::new(include_str!("calm.txt").trim())
        .unicode(false)
        .size_limit(SIZE_BYTES)
        .build()
        .expect("a valid expression")
});

/// Questions in general, and what they hold when they are about somebody now.
static ASKING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(what|whats|what's|which|when|where|who|why|how|is|are|does|do|can|could|should|may|will)\b")
        .expect("a valid expression")
});
static PAST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(was|were|did|had)\b").expect("a valid expression"));
static NOW: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\b(i|i'm|im|i've|i'll|my|me|we|our|he|she|his|her|him|they|their|baby|child|kid|someone|somebody|right now|now|help|what to do|what do i|happening)\b",
    )
    .expect("a valid expression")
});

/// Does a message only ask, about nobody or about the past? Who may harm somebody is never taken so.
fn only_asks(plain: &[u8], kind: &str) -> bool {
    !matches!(kind, "suicidal" | "self-harm" | "violence" | "psychosis")
        && (PAST.is_match(plain) || ASKING.is_match(plain) && !NOW.is_match(plain))
}

/// A message as the expressions see it: in lower case, with straight apostrophes, in ASCII.
pub(crate) fn plain(message: &str) -> String {
    let lower = message.trim().to_lowercase();
    let chars = lower.chars().map(|c| match c {
        '’' | '`' => '\'',
        c if c.is_ascii() => c,
        _ => ' ',
    });
    chars.collect()
}

/// The kind of emergency that a message tells of.
#[must_use]
pub fn red_flag(message: &str) -> Option<&'static str> {
    let plain = plain(message);
    let first = TABLE.expressions.matches(plain.as_bytes()).iter().next();
    let kind = first.map(|n| TABLE.kinds[n])?;
    let plain = plain.as_bytes();
    (!only_asks(plain, kind) && !CALM.is_match(plain)).then_some(kind)
}

/// Which expressions a message meets, and what may make it calm: in a fixed order, for the regression.
pub(crate) fn signs(message: &str) -> Vec<bool> {
    let plain = plain(message);
    let plain = plain.as_bytes();
    let met = TABLE.expressions.matches(plain);
    let mut signs: Vec<bool> = (0..met.len()).map(|n| met.matched(n)).collect();
    signs.extend([
        met.matched_any(),
        met.iter().count() > 1,
        CALM.is_match(plain),
        ASKING.is_match(plain),
        PAST.is_match(plain),
        NOW.is_match(plain),
    ]);
    let more = SIGNS.matches(plain);
    signs.extend((0..more.len()).map(|n| more.matched(n)));
    signs
}

#[cfg(test)]
mod tests {
    use super::red_flag;

    /// Rows of a table as a half and the last column.
    fn table(text: &str) -> Vec<(&str, &str)> {
        text.lines()
            .skip(1)
            .filter_map(|row| Some((row.split('\t').next()?, row.rsplit('\t').next()?)))
            .collect()
    }

    #[test]
    fn red_flags_are_told_from_harmless_messages() {
        let flags = table(include_str!("../../tests/tables/red_flags.tsv"));
        let harmless = table(include_str!("../../tests/tables/harmless.tsv"));
        assert!(flags.len() >= 100 && harmless.len() >= 100);
        for half in ["tune", "report", "held"] {
            let of = |rows: &[(&str, &str)]| {
                let messages: Vec<bool> = rows
                    .iter()
                    .filter(|(row, _)| *row == half)
                    .map(|(_, message)| red_flag(message).is_some())
                    .collect();
                let told = messages.iter().filter(|told| **told).count();
                told as f64 / messages.len() as f64
            };
            let (recall, alarms) = (of(&flags), of(&harmless));
            println!("{half:<8} recall {recall:.3} false alarms {alarms:.3}");
            if half == "tune" {
                assert!(recall >= 0.98, "recall {recall}");
                assert!(alarms <= 0.05, "false alarms {alarms}");
            }
        }
    }
}
