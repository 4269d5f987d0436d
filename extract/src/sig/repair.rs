//! Finds sig phrases in spite of misread words: phrases are sought in a copy in which a word one edit
//! away from the language of prescriptions (`bours`, `tabiet`) stands corrected, and mapped back to the
//! printed text. The copy only says where a phrase is and what its normal form is; what is printed
//! stays, and the caller learns that the phrase was misread. Numbers and units are never touched.

use crate::{
    layout::Span,
    lexicon::distance,
    sig::{self, Found},
};

/// Words of at least five letters, so that one edit leaves no other word.
const WORDS: &[&str] = &[
    "every",
    "hours",
    "daily",
    "tablet",
    "tablets",
    "capsule",
    "capsules",
    "mouth",
    "orally",
    "needed",
    "times",
    "twice",
    "bedtime",
    "morning",
    "evening",
    "night",
    "weekly",
    "refills",
    "duration",
    "directions",
    "inhalation",
    "application",
    "affected",
    "under",
    "puffs",
    "units",
    "drops",
    "sprays",
    "patch",
    "cream",
    "inhaler",
    "ointment",
    "solution",
    "suspension",
    "injection",
    "quantity",
    "dispense",
    "three",
    "meals",
    "each",
    "once",
    "days",
    "nostril",
    "inhale",
    "apply",
    "inject",
    "take",
    "tabs",
    "three",
    "required",
];
/// Ordinary words that are one edit away from those.
const OTHERS: &[&str] = &[
    "very", "ever", "hour", "house", "dairy", "south", "month", "time", "needs", "seeded", "light",
    "right", "might", "tables", "table", "wonder", "until", "unit", "there", "these", "deals",
    "reach", "teach", "beach", "peach", "even", "ounce", "done", "one", "day", "says", "dates",
    "make", "taken", "cake", "takes", "talk", "tube", "supply", "reply", "applied", "indicate",
    "infect", "object", "cram", "match", "catch", "watch", "ours", "ache", "years", "hands",
    "ways", "lays", "ease", "east", "tuba", "tab", "tags", "taps", "face", "bedtimes", "nice",
    "since", "fight", "sight", "eight", "puff", "drop", "dose", "doses", "bays", "rays", "pays",
    "tale", "rate", "late", "wake", "lake", "tape", "toke", "yours", "fours", "tours", "spray",
    "three", "threw", "throe", "medals", "nights", "days", "on", "meal", "within", "refill",
];

/// A phrase, with what it says when a word of it was misread.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub found: Found,
    /// The value with its words corrected; none when nothing was.
    pub corrected: Option<String>,
}

/// All phrases of a stretch, in reading order, as [`sig::scan`] gives them.
pub(crate) fn scan(text: &str, within: Span, taken: &[Span]) -> Vec<Read> {
    let copy = Copy::of(text, &within);
    let Some(copy) = copy else {
        return sig::scan(text, within, taken)
            .into_iter()
            .map(|found| Read {
                found,
                corrected: None,
            })
            .collect();
    };
    sig::scan(&copy.text, 0..copy.text.len(), &[])
        .into_iter()
        .filter_map(|found| {
            let span = copy.printed(&found.span);
            let free = taken
                .iter()
                .all(|t| t.end <= span.start || t.start >= span.end);
            let value = copy.printed(&found.value);
            let said = &copy.text[found.value.clone()];
            let corrected = (text[value.clone()] != *said).then(|| said.to_owned());
            let found = Found {
                part: found.part,
                span,
                value,
            };
            free.then_some(Read { found, corrected })
        })
        .collect()
}

/// The corrected copy, with the printed byte position of each of its bytes and of its end.
struct Copy {
    text: String,
    from: Vec<usize>,
}

impl Copy {
    /// None when no word is misread.
    fn of(text: &str, within: &Span) -> Option<Self> {
        let part = &text[within.clone()];
        let mut copy = Self {
            text: String::with_capacity(part.len()),
            from: Vec::with_capacity(part.len() + 1),
        };
        let mut at = 0;
        let mut changed = false;
        while at < part.len() {
            let rest = &part[at..];
            let letters = rest
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(rest.len());
            let length = if letters > 0 {
                letters
            } else {
                rest.chars().next().map_or(1, char::len_utf8)
            };
            let word = &rest[..length];
            let digit_before = part[..at].ends_with(|c: char| c.is_ascii_digit());
            let unit = digit_before && word.len() < 5;
            let correction = if unit { None } else { correction(word) };
            changed |= correction.is_some();
            let said = correction.unwrap_or(word);
            for i in 0..said.len() {
                copy.from.push(within.start + at + i.min(length - 1));
            }
            copy.text.push_str(said);
            at += length;
        }
        copy.from.push(within.end);
        changed.then_some(copy)
    }

    fn printed(&self, span: &Span) -> Span {
        let start = self.from[span.start];
        let end = self.from[span.end];
        start..end.max(start)
    }
}

/// The one word that this is a misreading of.
fn correction(word: &str) -> Option<&'static str> {
    if word.len() < 4 || word.len() > 12 {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    if WORDS.contains(&lower.as_str()) || OTHERS.contains(&lower.as_str()) {
        return None;
    }
    // `creams` is several of them and no misreading.
    let singular = lower.strip_suffix('s').unwrap_or(&lower);
    if WORDS.contains(&singular) {
        return None;
    }
    let near = |known: &&&str| {
        let long_enough = known.len() >= 5 || word.len() > 4;
        long_enough && distance(known, &lower, 1).is_some()
    };
    let mut fits = WORDS.iter().filter(near);
    let first = fits.next()?;
    let plural = |other: &&str| other.trim_end_matches('s') == first.trim_end_matches('s');
    fits.all(plural).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::scan;
    use crate::sig::Part;

    #[test]
    fn misread_words_are_found_and_what_is_printed_stays() {
        for (text, part, printed, corrected) in [
            (
                "every 6 bours as neded",
                Part::Frequency,
                "every 6 bours as neded",
                "every 6 hours as needed",
            ),
            ("1 tabiet by moutb dail", Part::Frequency, "dail", "daily"),
            (
                "1 tabiet by moutb dail",
                Part::Route,
                "by moutb",
                "by mouth",
            ),
            ("1 tabiet by moutb dail", Part::Dose, "1 tabiet", "1 tablet"),
        ] {
            let read = scan(text, 0..text.len(), &[]);
            let found = read
                .iter()
                .find(|r| r.found.part == part)
                .unwrap_or_else(|| panic!("{text}: {read:?}"));
            assert_eq!(&text[found.found.value.clone()], printed, "{text}");
            assert_eq!(found.corrected.as_deref(), Some(corrected), "{text}");
        }
    }

    #[test]
    fn other_words_stay() {
        for text in [
            "the house on the south side",
            "table 5 every month",
            "2 inhalers and 3 creams",
            "very right",
        ] {
            assert!(
                scan(text, 0..text.len(), &[])
                    .iter()
                    .all(|r| r.corrected.is_none()),
                "{text}"
            );
        }
    }
}
