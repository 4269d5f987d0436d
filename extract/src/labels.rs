//! Finds the labels of forms, letters and reports (`Date of Birth:`, `2. PATIENT'S NAME (…)`).
//! Labels are compared by their letters alone, so lost or added spaces and case do not matter; with a
//! colon behind or a form number before, one or two misread letters are allowed too. What a label's
//! value is, each entity type decides among the `places`.

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;
use schemas::{DateRole, IdRole, OrgRole, PersonRole};

use crate::{
    label_table::TABLE,
    layout::{Layout, Span},
    sections::SectionKind,
};

mod places;

pub(crate) use places::{cell_index, places};

/// What a label announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Date(DateRole),
    Person(PersonRole),
    Id(IdRole),
    Org(OrgRole),
    Section(SectionKind),
    /// A name whose role the heading above gives (`PATIENT`, then `Name:`).
    Name,
    /// A date whose role the kind of document gives.
    PlainDate,
    /// A physician whose role the kind of document gives.
    Doctor,
    /// A party's heading that a plain `Name:` below belongs to.
    Signature,
    /// Ends the value before it and is none of ours.
    Stop,
}

/// A label on the page.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent facts about a label's place"
)]
pub(crate) struct Label {
    pub target: Target,
    pub span: Span,
    pub line: usize,
    pub colon: bool,
    /// First in its cell, after a form number at most.
    pub at_start: bool,
    /// Nothing but labels and hints on its line.
    pub alone: bool,
    /// A form number stands before it.
    pub numbered: bool,
}

static BY_LETTERS: LazyLock<HashMap<String, Target>> = LazyLock::new(|| {
    let mut map = HashMap::new();
    for (target, phrases) in TABLE {
        for phrase in phrases.split('|') {
            map.entry(letters(phrase)).or_insert(*target);
        }
    }
    map
});
const LONGEST: usize = 9;

/// All labels in reading order.
pub(crate) fn find(layout: &Layout) -> Vec<Label> {
    let mut out = Vec::new();
    for index in 0..layout.lines.len() {
        let first = out.len();
        find_in_line(layout, index, &mut out);
        let alone = only_labels(layout, index, &out[first..]);
        for label in &mut out[first..] {
            label.alone = alone;
        }
        if let [label] = &mut out[first..]
            && heads_gap(layout, label)
        {
            label.colon = true;
        }
        let mut n = 0;
        out.retain(|label| {
            n += 1;
            n <= first
                || label.colon
                || label.alone
                || label.numbered
                || label.at_start && label.target == Target::Section(SectionKind::Allergies)
                || !matches!(label.target, Target::Section(_))
        });
    }
    out
}

/// `Diagnosis      D22.5 Melanocytic nevi`: the first cell of a line is the heading of what stands beside it, as if a
/// colon stood there. A line with more headings is a table's.
fn heads_gap(layout: &Layout, label: &Label) -> bool {
    let cells = &layout.lines[label.line].cells;
    matches!(label.target, Target::Section(_))
        && label.at_start
        && cells.len() > 1
        && cells[0].contains(&label.span.start)
        && cells[0].end <= label.span.end
}

fn find_in_line(layout: &Layout, index: usize, out: &mut Vec<Label>) {
    let line = &layout.lines[index];
    let mut i = 0;
    while i < line.words.len() {
        let found = (1..=LONGEST.min(line.words.len() - i))
            .rev()
            .find_map(|n| label_of(layout, index, i, n).map(|label| (n, label)));
        if let Some((n, label)) = found {
            out.push(label);
            i += n;
        } else {
            i += 1;
        }
    }
    if out.last().is_none_or(|label| label.line != index) {
        out.extend(part_of_form(layout, index));
    }
}

/// `SECTION E – SERVICES`: a heading, whatever it names.
fn part_of_form(layout: &Layout, index: usize) -> Option<Label> {
    const WORDS: usize = 8;
    let line = &layout.lines[index];
    let title = layout.get(&line.span).split_once(['-', '–', '—', ':']);
    let (part, name) = title.filter(|_| line.words.len() <= WORDS)?;
    (is_part_of_form(part) && name.trim().starts_with(char::is_uppercase)).then(|| Label {
        target: Target::Section(SectionKind::Other),
        span: line.span.clone(),
        line: index,
        colon: false,
        at_start: true,
        alone: true,
        numbered: false,
    })
}

fn label_of(layout: &Layout, index: usize, first: usize, n: usize) -> Option<Label> {
    let line = &layout.lines[index];
    let words = &line.words[first..first + n];
    let inner_colon = words[..n - 1]
        .iter()
        .any(|word| layout.get(word).ends_with([':', ';']));
    if inner_colon {
        return None;
    }
    let whole = words[0].start..words[n - 1].end;
    let lead = layout.get(&whole);
    let skip = lead.len() - lead.trim_start_matches(|c: char| !c.is_alphabetic()).len();
    let span = whole.start + skip..whole.end;
    let raw = layout.get(&span);
    let key = letters(raw);
    if raw.contains(['\t', '(']) || raw.contains("  ") {
        return None;
    }
    if key.is_empty() || key.len() > 60 || raw.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let next = line.words.get(first + n).map(|word| layout.get(word));
    let colon = raw.ends_with([':', ';']) || raw.ends_with(".:") || next == Some(":");
    let at_start = starts_cell(layout, index, first);
    let numbered = at_start
        && (is_form_number(lead[..skip].trim())
            || first > 0 && is_form_number(layout.get(&line.words[first - 1])));
    let target =
        soap(layout, &key, colon && at_start).or_else(|| lookup(&key, colon || numbered))?;
    let spaced = lead[skip..].trim_end_matches([':', ';']);
    let distinct = !matches!(target, Target::Section(_) | Target::Stop | Target::Org(_))
        && (key.len() >= 8 && n > 1
            || matches!(
                key.as_str(),
                "dob"
                    | "accession"
                    | "mrn"
                    | "npi"
                    | "dea"
                    | "nhsno"
                    | "nhsnumber"
                    | "rxno"
                    | "dateofbirth"
            ));
    // `Sulfa drugs: hives` names an allergen.
    if key == "drugs" && !at_start {
        return None;
    }
    // `4. HISTORY OF GOUT` names something.
    let goes_on = next.is_some_and(|word| word.eq_ignore_ascii_case("of"));
    if goes_on && !colon && matches!(target, Target::Section(_)) {
        return None;
    }
    let short = key.len() <= 2;
    let hash = spaced.ends_with('#') || next.is_some_and(|word| word.starts_with('#'));
    let stop_word = target == Target::Stop && (colon || at_start);
    if !(colon || (at_start && !short) || (distinct && !short) || hash || stop_word) {
        return None;
    }
    if (short || raw.starts_with(char::is_lowercase)) && !colon {
        return None;
    }
    Some(Label {
        target,
        span,
        line: index,
        colon,
        at_start,
        alone: false,
        numbered,
    })
}

/// `A:` and `P:` of a note in four parts are its assessment and its plan, where both are there.
fn soap(layout: &Layout, key: &str, heads: bool) -> Option<Target> {
    let part = |letter: char| {
        layout.lines.iter().any(|line| {
            let mut text = layout.get(&line.span).chars();
            text.next() == Some(letter) && text.next() == Some(':')
        })
    };
    let (kind, other) = match key {
        "a" => (SectionKind::Diagnoses, 'P'),
        "p" => (SectionKind::FollowUp, 'A'),
        _ => return None,
    };
    (heads && part(other)).then_some(Target::Section(kind))
}

/// What these letters announce, exactly.
pub(crate) fn exact(key: &str) -> Option<Target> {
    BY_LETTERS.get(key).copied()
}

fn lookup(key: &str, fuzzy: bool) -> Option<Target> {
    if let Some(target) = BY_LETTERS.get(key) {
        return Some(*target);
    }
    if !fuzzy || key.len() < 5 {
        return None;
    }
    let allowed = if key.len() >= 10 { 2 } else { 1 };
    BY_LETTERS
        .iter()
        .filter(|(known, _)| known.len() >= 5 && known.len().abs_diff(key.len()) <= allowed)
        .filter_map(|(known, target)| {
            crate::lexicon::distance(known, key, allowed).map(|d| (d, known.as_str(), *target))
        })
        .min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)))
        .map(|best| best.2)
}

/// `SECTION D –`, `Part 2:`: what a form names its parts by.
fn is_part_of_form(text: &str) -> bool {
    static PART: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?i:section|part)\s[A-Z0-9]{1,2}\s?[-–—:.]?$").expect("a valid expression")
    });
    PART.is_match(text)
}

fn starts_cell(layout: &Layout, index: usize, first: usize) -> bool {
    let line = &layout.lines[index];
    let start = line.words[first].start;
    let Some(cell) = line.cells.iter().find(|cell| cell.contains(&start)) else {
        return false;
    };
    let before = layout.get(&(cell.start..start)).trim();
    before.is_empty()
        || is_form_number(before)
        || is_catalogue(before)
        || is_part_of_form(before)
        || !before.contains(char::is_alphanumeric)
}

/// `DSM-5 DIAGNOSES`, `ICD-10 DIAGNOSES`: by what they are numbered.
fn is_catalogue(word: &str) -> bool {
    static CATALOGUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?i:DSM|ICD)[- ]?(?:[0-9]{1,2}|IV|V)(?:-?(?:TR|CM|AM))?$")
            .expect("a valid expression")
    });
    CATALOGUE.is_match(word)
}

/// `2.`, `1a.`, `17b`, `(3)`, `B.`.
fn is_form_number(word: &str) -> bool {
    let mut chars = word.chars();
    if chars.next().is_some_and(|c| c.is_ascii_uppercase()) && chars.as_str() == "." {
        return true;
    }
    let core = word.trim_matches(|c: char| matches!(c, '(' | ')' | '.' | ','));
    let digits = core.trim_end_matches(|c: char| c.is_ascii_lowercase());
    word != core
        && !digits.is_empty()
        && digits.len() <= 2
        && core.len() - digits.len() <= 1
        && digits.chars().all(|c| c.is_ascii_digit())
}

fn only_labels(layout: &Layout, index: usize, labels: &[Label]) -> bool {
    let Some(first) = labels.first() else {
        return false;
    };
    let line = &layout.lines[index].span;
    let mut at = line.start;
    let mut rest = String::new();
    for label in labels {
        if label.span.start > at {
            rest.push_str(layout.get(&(at..label.span.start)));
        }
        rest.push(' ');
        at = label.span.end;
    }
    rest.push_str(layout.get(&(at..line.end)));
    let bare = without_hints(&rest);
    if is_part_of_form(bare.trim()) {
        return first.at_start;
    }
    // `Investigations 19/02/2026` heads what was found on that day.
    let headed = labels
        .iter()
        .all(|label| matches!(label.target, Target::Section(_)));
    first.at_start
        && bare.split_whitespace().all(|word| {
            is_form_number(word)
                || headed && is_catalogue(word.trim_matches(['(', ')']))
                || !word.contains(char::is_alphanumeric)
                || headed && is_day(word)
        })
}

/// `19/02/2026`, `2026-02-19`.
fn is_day(word: &str) -> bool {
    let parts: Vec<&str> = word.split(['/', '.', '-']).collect();
    parts.len() == 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// Without parentheses that hold no digit, `(Last Name, First Name)`; the last may have lost its end.
fn without_hints(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        let Some(close) = rest[open..].find(')').map(|i| open + i) else {
            if !rest[open..].contains(|c: char| c.is_ascii_digit()) {
                rest = &rest[..open];
            }
            break;
        };
        out.push_str(&rest[..open]);
        if rest[open..close].contains(|c: char| c.is_ascii_digit()) {
            out.push_str(&rest[open..=close]);
        }
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    out
}

/// Lower-case letters only.
pub(crate) fn letters(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphabetic())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use schemas::{DateRole, IdRole, PersonRole};

    use super::{Target, find, places};
    use crate::layout::Layout;

    #[test]
    fn labels_in_forms_and_letters() {
        let dob = Target::Date(DateRole::Dob);
        let patient = Target::Person(PersonRole::Patient);
        for (text, target, value) in [
            ("Date of Birth: 1/2/1980", dob, "1/2/1980"),
            ("DateofBirth:1/2/1980", dob, "1/2/1980"),
            ("Dale of Blrth: 1/2/1980", dob, "1/2/1980"),
            ("DOB 1/2/1980", dob, "1/2/1980"),
            (
                "Patient Name: REID, Timothy\tMRN: 1",
                patient,
                "REID, Timothy",
            ),
            (
                "Patient Name: REID, Timothy MRN: 1",
                patient,
                "REID, Timothy",
            ),
            (
                "2. PATIENT'S NAME (Last Name, First Name, Middle Initial)\nREID, Timothy",
                patient,
                "REID, Timothy",
            ),
            (
                "4. PATIENT NAME (Last Name, First\nREID, Timothy",
                patient,
                "REID, Timothy",
            ),
            ("Jo Li\nPatient signature", patient, "Jo Li"),
            ("MRN #: 123", Target::Id(IdRole::Mrn), "123"),
        ] {
            let layout = Layout::new(text);
            let labels = find(&layout);
            let n = labels
                .iter()
                .position(|label| label.target == target)
                .unwrap_or_else(|| panic!("{text}: {labels:?}"));
            assert_eq!(layout.get(&places(&layout, &labels, n)[0]), value, "{text}");
        }
    }

    #[test]
    fn prose_holds_no_label() {
        for text in [
            "she is a patient of the practice",
            "seen by the attending on call",
        ] {
            assert!(find(&Layout::new(text)).is_empty(), "{text}");
        }
    }
}
