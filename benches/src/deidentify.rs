//! How much of whom a document is about survives de-identification, and whether a clinical value is ever
//! touched. The documents are generated, so all their identifiers are known: also those that extraction has
//! never been asked for, such as addresses and telephone numbers.

use std::{collections::BTreeMap, ops::Range};

use extract::{
    Lexicon, Source,
    deidentify::{Dates, Deidentifier, Secret},
};
use fixtures::{
    document::{Said, Set},
    fonts::Fonts,
    world::{Case, Person, Place},
};

/// Printed and survived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Places where an identifier is printed.
    pub printed: usize,
    /// Places where a part of it is left.
    pub survived: usize,
}

/// What came of many documents.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// By class of identifier.
    pub classes: BTreeMap<&'static str, Count>,
    /// Printed values of drugs, results, vital signs, allergies and diagnoses that were looked at.
    pub values: usize,
    /// Of these, changed: must be none.
    pub changed: Vec<String>,
    /// Replaced places.
    pub replaced: usize,
    /// Of these, places where no identifier is printed.
    pub needless: Vec<String>,
    /// What survived, with its class and line.
    pub survivors: Vec<(&'static str, String, String)>,
}

/// De-identifies generated documents and counts.
#[must_use]
pub fn measure(seed: u64, documents: usize, fonts: &Fonts) -> Outcome {
    let lexicon = Lexicon::builtin();
    let mut out = Outcome::default();
    for set in [Set::Eval, Set::Forms] {
        for (n, order) in set.orders(seed, documents).iter().enumerate() {
            one(&order.said(fonts), &format!("{n}"), &lexicon, &mut out);
        }
    }
    out
}

fn one(said: &Said, about: &str, lexicon: &Lexicon, out: &mut Outcome) {
    let text = said.text.as_str();
    let extraction = extract::extract(&Source { text, words: &[] }, lexicon);
    let mut to = Deidentifier::new(&Secret::new([9; 32]), about, Dates::Shifted);
    to.know(&extraction.entities);
    let done = to.replace(text);
    let gold = identifiers(said);
    let mut places: Vec<Range<usize>> = Vec::new();
    for (class, value) in &gold {
        for place in whole(text, value) {
            let count = out.classes.entry(class).or_default();
            count.printed += 1;
            let covered = done
                .replaced
                .iter()
                .any(|span| span.start <= place.start && place.end <= span.end);
            if !covered {
                count.survived += 1;
                out.survivors
                    .push((class, value.clone(), line(text, &place).to_owned()));
            }
            places.push(place);
        }
    }
    let meets = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
    out.replaced += done.replaced.len();
    for span in &done.replaced {
        if !places.iter().any(|place| meets(place, span)) {
            let line = line(text, span);
            out.needless
                .push(format!("{:?} in {line:?}", &text[span.clone()]));
        }
    }
    let wrong: Vec<&Range<usize>> = done
        .replaced
        .iter()
        .filter(|span| !places.iter().any(|place| meets(place, span)))
        .collect();
    for (value, place) in values(said) {
        out.values += 1;
        if wrong.iter().any(|span| meets(span, &place)) {
            out.changed
                .push(format!("{value:?} in {:?}", line(text, &place)));
        }
    }
}

/// Identifiers with their classes, each once.
fn identifiers(said: &Said) -> Vec<(&'static str, String)> {
    let Case {
        patient,
        doctor,
        colleague,
        third,
        mrn,
        nhs_number,
        home,
        facility,
        place,
        laboratory,
        ..
    } = &said.case;
    let mut out: Vec<(&'static str, String)> = Vec::new();
    let mut add = |class, value: &str| {
        let one = (class, value.to_owned());
        if !value.is_empty() && !out.contains(&one) {
            out.push(one);
        }
    };
    for Person { given, family, .. } in [patient, doctor, colleague, third] {
        add("name", given);
        add("name", family);
        add("name", &family.to_uppercase());
    }
    for Place {
        street,
        town,
        code,
        phone,
    } in [home, place]
    {
        add("street", street);
        add("town", town);
        match code.split_once(' ') {
            Some((state, zip)) if state.len() == 2 && zip.len() == 5 => add("ZIP code", zip),
            _ => add("postcode", code),
        }
        add("telephone", phone);
    }
    add("record number", mrn);
    add("record number", nhs_number);
    add("organisation", facility);
    add("organisation", laboratory);
    // In boxes for one character each, and in no gold fact.
    for number in said
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("Member number "))
    {
        add("member number", number);
    }
    for fact in &said.facts {
        let text = |name: &str| fact.get(name).and_then(|v| v.as_str()).unwrap_or_default();
        match text("type") {
            "DATE" => add("date", text("text")),
            "ID" => add("other number", text("value")),
            "ORG" => add("organisation", text("name")),
            "PERSON" => {
                for word in text("name").split([' ', ',']).filter(|word| word.len() > 2) {
                    add("name", word);
                }
            }
            _ => add("date", text("date")),
        }
    }
    out
}

/// Values of clinical facts where they stand: on a line with the fact's name, or on the line after it.
fn values(said: &Said) -> Vec<(String, Range<usize>)> {
    let text = said.text.as_str();
    let mut out: Vec<(String, Range<usize>)> = Vec::new();
    for fact in &said.facts {
        let kind = fact
            .get("type")
            .and_then(|kind| kind.as_str())
            .unwrap_or_default();
        if !matches!(
            kind,
            "MEDICATION" | "LAB" | "VITAL" | "ALLERGY" | "DIAGNOSIS"
        ) {
            continue;
        }
        let name = ["name", "substance", "text"]
            .iter()
            .find_map(|field| fact.get(*field)?.as_str());
        let Some(name) = name else { continue };
        let Some(at) = text.find(name) else { continue };
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let ends: Vec<usize> = text[at..]
            .match_indices('\n')
            .take(2)
            .map(|(n, _)| at + n)
            .collect();
        let end = ends.last().copied().unwrap_or(text.len());
        for (field, value) in fact {
            let value = value.as_str().unwrap_or_default();
            if matches!(field.as_str(), "type" | "date") || value.is_empty() {
                continue;
            }
            for place in whole(&text[start..end], value) {
                let place = start + place.start..start + place.end;
                if !out.iter().any(|(_, other)| *other == place) {
                    out.push((value.to_owned(), place));
                }
            }
        }
    }
    out
}

/// Where a value stands as a whole word or number.
fn whole(text: &str, value: &str) -> Vec<Range<usize>> {
    let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(value)
        .map(|(at, _)| at..at + value.len())
        .filter(|place| {
            !joined(text[..place.start].chars().next_back())
                && !joined(text[place.end..].chars().next())
        })
        .collect()
}

fn line<'a>(text: &'a str, place: &Range<usize>) -> &'a str {
    let start = text[..place.start].rfind('\n').map_or(0, |end| end + 1);
    let end = text[place.end..]
        .find('\n')
        .map_or(text.len(), |n| place.end + n);
    &text[start..end]
}

#[cfg(test)]
mod tests {
    use fixtures::fonts::Fonts;

    use super::measure;

    #[test]
    fn few_identifiers_survive_and_no_value_changes() {
        let out = measure(7, 45, &Fonts::load().unwrap());
        assert_eq!(out.changed, Vec::<String>::new());
        assert!(out.values > 1000, "{} values", out.values);
        for (class, count) in &out.classes {
            assert!(count.printed >= 10, "{class}: {count:?}");
            // One of a hundred.
            assert!(count.survived * 100 <= count.printed, "{class}: {count:?}");
        }
        assert!(
            out.needless.len() * 20 <= out.replaced,
            "{} of {}",
            out.needless.len(),
            out.replaced
        );
    }
}
