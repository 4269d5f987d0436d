//! Names that a text itself gives away: after a title, after a label of a person or relative, before a degree,
//! and behind a given name that is no other word.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;

use crate::{dates::MONTHS, layout::Span, names};

/// Names with their labels.
pub(crate) fn find(text: &str) -> Vec<(String, &'static str)> {
    let mut out = Vec::new();
    for rule in RULES.iter() {
        for found in rule.before.find_iter(text) {
            let place = found.end()..end_of_line(text, found.end());
            if let Some(name) = name_at(text, &place, rule.one) {
                out.push((text[name].to_owned(), rule.label));
            }
        }
    }
    let mut at = 0;
    while let Some(found) = GIVEN.captures_at(text, at) {
        let given = &found[1];
        // What follows may be the given name: `Ask John Smith`.
        at = found.get(1).map_or(text.len(), |given| given.end());
        // In capitals alone it may be an abbreviation.
        let may = found.get(2).is_some() || !given.chars().all(char::is_uppercase);
        if may && NAMES.contains(given.to_lowercase().as_str()) {
            let whole = found.get(0).map_or("", |m| m.as_str());
            let family = whole.rsplit(' ').next().unwrap_or_default();
            let name = if is_heading(family) { given } else { whole };
            out.push((name.to_owned(), "PERSON"));
        }
    }
    for found in DEGREE.captures_iter(text) {
        if found[1].split(' ').all(|word| !is_heading(word)) {
            out.push((found[1].to_owned(), "PERSON"));
        }
    }
    out
}

/// A capitalised word that no other text says: in a question it is most likely somebody's name.
pub(crate) fn strangers<'a>(
    question: &'a str,
    says: &'a dyn Fn(&str) -> bool,
) -> impl Iterator<Item = &'a str> {
    static CAPITAL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\p{Lu}\p{Ll}+(?:['’\-]\p{L}+)*").expect("a valid expression")
    });
    CAPITAL.find_iter(question).filter_map(move |word| {
        let before = question[..word.start()].trim_end();
        let begins = before.is_empty() || before.ends_with(['.', '?', '!', ':']);
        let inside = question[..word.start()].ends_with(|c: char| c.is_alphanumeric());
        let printed = word.as_str();
        let bare = printed.strip_suffix("'s").or(printed.strip_suffix("’s"));
        let bare = bare.unwrap_or(printed);
        let lower = bare.to_lowercase();
        let known = is_of_calendar(&lower) || says(&lower);
        (!begins && !inside && !known && bare.len() > 2).then_some(bare)
    })
}

struct Rule {
    before: Regex,
    label: &'static str,
    /// One capitalised word is a name here.
    one: bool,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    [
        (r"\b(?:Dr|DR|Doctor|Prof|Professor|Mr|MR|Mrs|MRS|Ms|MS|Miss|MISS|Mx|Nurse|Sister|Rev|Sir|Dame|Master)\b\.?[ \t]+", "PERSON", true),
        (r"(?im)(?:^|[\t;,.(|]|  )[ \t]*(?:patient(?: name)?|name(?: of patient)?|full name|surname)[ \t]*:[ \t]*", "PATIENT", false),
        // What stands after `Mother:` is more often her disease.
        (r"(?i)\b(?:next of kin|emergency contact|contact person|spouse|husband|wife|guardian|carer|caregiver|employer|guarantor|subscriber|policy ?holder|witness|interpreter)[ \t]*(?:name)?[ \t]*[:,(][ \t]*", "RELATIVE", false),
        (r"(?i)\b(?:his|her|their|the patient['’]s)[ \t]+(?:husband|wife|spouse|mother|father|son|daughter|brother|sister|partner|carer|caregiver|friend|neighbou?r)[ \t]+(?:is[ \t]+)?", "RELATIVE", true),
        (r"(?i)\b(?:(?:electronically |digitally )?signed by|dictated by|reported by|read by|seen by|reviewed by|typed by|verified by|collected by|authori[sz]ed by|ordered by|requested by|referred by|prescriber|physician|attending|consultant|surgeon|provider)[ \t]*:?[ \t]+", "PERSON", false),
    ]
    .into_iter()
    .map(|(before, label, one)| Rule {
        before: Regex::new(before).expect("a valid expression"),
        label,
        one,
    })
    .collect()
});

/// A given name, initials, a family name.
static GIVEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(\p{Lu}(?:\p{Ll}{2,}|\p{Lu}{2,}))((?: \p{Lu}\.?)? (?:(?:de|van|von|der|la|le|da|al|el|bin) )*\p{Lu}[\p{L}'’\-]+)?")
        .expect("a valid expression")
});
static DEGREE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b((?:\p{Lu}[\p{L}'’\-]+ )?(?:\p{Lu}\.? ){0,2}\p{Lu}[\p{L}'’\-]{2,}),? (?:M\.?D|D\.O|MBBS|MBChB|NP|PA-C|DNP|APRN|FNP|RN|PharmD|RPh|FRCP|MRCP|FRCS|MRCGP|FRCPath|Ph\.?D)\b")
        .expect("a valid expression")
});

/// Given names that are common and hardly ever another word, a place or an eponym.
static NAMES: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("given_names.txt").split_whitespace().collect());

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// A month or a day of the week, in lower case.
fn is_of_calendar(word: &str) -> bool {
    MONTHS.contains(&word) || WEEKDAYS.contains(&word)
}

static ONE_WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[ \t]*(\p{Lu}[\p{L}'’\-]+)").expect("a valid expression"));

fn name_at(text: &str, place: &Span, one: bool) -> Option<Span> {
    let name = names::at_start(text, place).or_else(|| {
        if !one {
            return None;
        }
        let one = ONE_WORD.captures(&text[place.clone()])?.get(1)?;
        let span = place.start + one.start()..place.start + one.end();
        (!is_heading(one.as_str())).then_some(span)
    })?;
    let first = text[name.clone()].split([' ', ',']).next()?;
    (!is_heading(first) && !crate::org::has_head(&text[name.clone()])).then_some(name)
}

/// Words that forms and letters print where a name may stand.
fn is_heading(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ':']).to_lowercase();
    names::is_no_name(&word) || is_of_calendar(&word)
}

fn end_of_line(text: &str, from: usize) -> usize {
    text[from..]
        .find(['\n', '\u{c}', '\t'])
        .map_or(text.len(), |end| from + end)
}

#[cfg(test)]
mod tests {
    use super::{find, strangers};

    #[test]
    fn names_are_told_by_what_stands_before_them() {
        for (text, want) in [
            ("seen by Dr. Reed today", vec!["Reed"]),
            ("Next of kin: Helen Varga (wife)", vec!["Helen Varga"]),
            ("his daughter Ilse called", vec!["Ilse"]),
            ("Ask John Q. Smith about it", vec!["John Q. Smith"]),
            ("Lena Orlova, MD", vec!["Lena Orlova"]),
            (
                "Patient: OKAFOR, Chidi\tDOB",
                vec!["OKAFOR, Chidi", "Chidi"],
            ),
            ("Patient: see above", vec![]),
            ("Take one Tablet in May", vec![]),
            ("Mother: Diabetes, Father: Breast Cancer", vec![]),
            ("ANA positive, SARA 3", vec![]),
            ("Addison disease, Parkinson disease", vec![]),
        ] {
            let mut names: Vec<String> = find(text).into_iter().map(|(name, _)| name).collect();
            names.dedup();
            assert_eq!(names, want, "{text}");
        }
    }

    #[test]
    fn a_question_names_who_no_document_names() {
        let says = |word: &str| word == "metformin";
        let question = "Does Kowalski take Metformin since May? Is Varga's dose 5 mg?";
        let all: Vec<&str> = strangers(question, &says).collect();
        assert_eq!(all, ["Kowalski", "Varga"]);
    }
}
