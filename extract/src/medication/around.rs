//! Phrases around a mention's own: those right before its name, the sig in the line above, those that are the next drug's,
//! and words of a sig that no phrase has.

use std::sync::LazyLock;

use regex::Regex;

use super::Mention;
use crate::{
    context::Context,
    layout::Span,
    sig::{
        Found, Part,
        repair::{self, Read},
    },
};

/// Does a word that says how often stand in a stretch and in none of its phrases?
pub(super) fn leaves_frequency(text: &str, within: Span, found: &[Read]) -> bool {
    static WORD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:every|hourly|daily|twice|thrice|times (?:a|per)|nightly|alternate)\b")
            .expect("a valid expression")
    });
    WORD.find_iter(&text[within.clone()]).any(|word| {
        let at = within.start + word.start();
        !found.iter().any(|read| read.found.span.contains(&at))
    })
}

/// Does an amount stand right before a time of day, in a stretch and in none of its phrases? `one in the morning and
/// two at night`.
pub(super) fn leaves_amount(text: &str, within: Span, found: &[Read]) -> bool {
    static AMOUNT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b([1-9]\d?(?:\.\d+)?|half|one|two|three|four|five|six)\s*(?:tab(?:let)?s?|cap(?:sule)?s?|puffs?|drops?|units?|sachets?|ml)?\s+(?:in the|at|with|before|after|every|each)\s+(?:the\s+|your\s+)?(?:mornings?|noon|lunch\w*|midday|evenings?|nights?|bed\w*|breakfast|dinner|supper|tea\w*|mid-?morning)\b")
            .expect("a valid expression")
    });
    let stretch = &text[within.clone()];
    AMOUNT
        .captures_iter(stretch)
        .filter_map(|amount| amount.get(1))
        .any(|number| {
            let at = within.start + number.start();
            let hour = stretch[..number.start()]
                .trim_end()
                .to_lowercase()
                .ends_with("at");
            !hour && !found.iter().any(|read| read.found.span.contains(&at))
        })
}

/// `TAKE 1 CAPSULE BY MOUTH THREE TIMES DAILY` above `CEPHALEXIN 500 MG CAPSULE`: labels of pharmacies print the sig
/// first. Nothing, where the drug has one of its own or another drug stands above.
pub(super) fn sig_above(
    context: &Context,
    mention: &Mention,
    names: &[Span],
    found: &[Read],
) -> Vec<Read> {
    static VERB: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:take|inhale|apply|inject|instil+|use|give|place|chew|dissolve|insert|swallow|spray)\b")
            .expect("a valid expression")
    });
    let layout = &context.layout;
    let own = found
        .iter()
        .any(|read| matches!(read.found.part, Part::Dose | Part::Frequency));
    // Of a narrow label the sig has several lines.
    const MOST: usize = 3;
    let line = layout.line_at(mention.name.start);
    let lines = std::iter::successors(layout.above(line), |line| layout.above(*line)).take(MOST);
    let Some(above) = lines
        .into_iter()
        .find(|line| VERB.is_match(layout.line(*line)))
    else {
        return Vec::new();
    };
    let first = layout.above(above).unwrap_or(above);
    let stretch = layout.lines[first].span.start..mention.name.start;
    let others = names.iter().any(|name| stretch.contains(&name.start));
    if own || others {
        return Vec::new();
    }
    let sig = layout.lines[above].span.start..layout.lines[line].span.start;
    repair::scan(layout.text, sig, &[])
        .into_iter()
        .filter(|read| {
            matches!(
                read.found.part,
                Part::Dose | Part::Route | Part::Frequency | Part::Duration
            )
        })
        .collect()
}

/// `18:00   TC   PO   JM`: between the initials of nurses `PO` is one of them.
pub(super) fn is_initials(text: &str, item: &Found) -> bool {
    let like = |word: &str| {
        word.len() == 2
            && word.ends_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_alphabetic())
            && !OF_A_SIG.contains(&&*word.to_uppercase())
    };
    let clock = |word: &str| word.contains(':') && word.ends_with(|c: char| c.is_ascii_digit());
    let behind = text[item.span.end..].split('\n').next();
    let before = text[..item.span.start].rsplit('\n').next();
    let next = behind.and_then(|line| line.split_whitespace().next());
    let last = before.and_then(|line| line.split_whitespace().next_back());
    item.part == Part::Route
        && item.span.len() == 2
        && last.is_some_and(|word| like(word) || clock(word))
        && next.is_none_or(like)
        && (next.is_some() || last.is_some_and(like))
}

/// Two letters that are no initials.
const OF_A_SIG: [&str; 24] = [
    "OD", "BD", "TD", "ON", "OM", "HS", "AM", "PM", "PO", "IV", "IM", "SC", "SL", "PR", "PV", "NG",
    "QD", "AC", "PC", "MR", "SR", "XL", "MG", "ML",
];

/// `furosemide drip to PO torsemide`, `aspirin 75 mg, IV furosemide`: a route right before the next name, behind what
/// parts the two.
pub(super) fn is_of_next(text: &str, item: &Found, next: usize) -> bool {
    static PARTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:[,;:.+=>→➔\n•-]|\b(?i:and|to|or|then|with|plus|also))\s*$")
            .expect("a valid expression")
    });
    item.part == Part::Route
        && item.span.end <= next
        && text[item.span.end..next].trim().is_empty()
        && PARTED.is_match(&text[..item.span.start])
}

/// `T. Perindopril`, `C. Doxycycline`: tablets and capsules by their first letter, at the head of a row.
fn letter(text: &str, mention: &Mention) -> Option<Found> {
    static LETTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|\n|\s{2}|\t|\|\s?|[0-9][.)]\s)(?P<form>[TC]\.)\s?$")
            .expect("a valid expression")
    });
    let form = LETTER
        .captures(&text[..mention.name.start])?
        .name("form")?
        .range();
    Some(Found {
        part: Part::Form,
        value: form.clone(),
        span: form,
    })
}

/// `20 mg of prednisone`, `IV methylprednisolone`: phrases right before the name.
pub(super) fn leading(
    text: &str,
    found: &[Found],
    mention: &Mention,
    behind_drug: bool,
) -> Vec<Found> {
    let mut out: Vec<Found> = letter(text, mention).into_iter().collect();
    if !out.is_empty() {
        return out;
    }
    let mut at = mention.name.start;
    for item in found.iter().rev() {
        let gap = text[item.span.end..at].trim().to_lowercase();
        // `Cap. Omez`, and no `Mouthwash. Loperamide`.
        const ABBREVIATED: usize = 5;
        // The last cell of the row above is not the drug's.
        let between = &text[item.span.end..at];
        if between.contains('\n') && text[..item.span.start].ends_with(['\t', '|']) {
            break;
        }
        let form = item.part == Part::Form && gap == "." && item.span.len() <= ABBREVIATED;
        // The cell before is another drug's in a row that names one there.
        let apart =
            text[item.span.end..at].contains(['\t', '|']) || text[item.span.end..at].contains("  ");
        let fits =
            form || matches!(gap.as_str(), "" | "of" | "of the" | "x") && !(apart && behind_drug);
        let part = matches!(
            item.part,
            Part::Strength | Part::Dose | Part::Route | Part::Duration | Part::Form
        );
        // `Vitamin A given PO. Mebendazole`: the route closes the sentence of the drug before.
        let closes = behind_drug && item.part == Part::Route && {
            let said = text[item.span.clone()].trim_end();
            said.strip_suffix('.')
                .is_some_and(|said| !said.contains('.'))
        };
        if !fits || !part || closes {
            break;
        }
        at = item.span.start;
        out.push(item.clone());
    }
    out.reverse();
    out
}
