//! The patient where no label says who it is: a name beside the data of a person, or whom a letter tells of.

use std::sync::LazyLock;

use regex::Regex;
use schemas::PersonRole as Role;

use super::{Found, is_organisation, labels::names_house, same::same_name};
use crate::{context::Context, date::is_long_ago, labels::Target, layout::Span, names};

/// `Jane Smith MRN: 789012 DOB: …`: a name before the patient's data.
pub(super) fn patient_alone(context: &Context, found: &mut Vec<Found>) {
    static BORN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:born|dob|d\.o\.b\.?|date of birth)\W{1,3}\S*\d")
            .expect("a valid expression")
    });
    static ADDRESSED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:Mr|Mrs|Ms|Miss|Master|Mdm|Madam|MR|MRS|MS|MISS|MASTER|MDM)\b\.?\s")
            .expect("a valid expression")
    });
    // `64/F`, `F 58y`, `(34Y/M)`: age and sex.
    static AGED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[\s,(]{1,8}(?:[0-9]{1,3}\s?(?i:y(?:rs?|ears?|/?o)?\.?)?\s?[/,\s]?\s?(?:M|F|(?i:male|female))\b|(?:M|F|(?i:male|female))\s?[/,\s]\s?[0-9]{1,3}\s?(?i:y(?:rs?|ears?)?)?\b)")
            .expect("a valid expression")
    });
    if found.iter().any(|(role, _, _)| *role == Role::Patient) {
        return;
    }
    let layout = &context.layout;
    for (index, line) in layout.lines.iter().enumerate() {
        let Some(name) = names::at_start(layout.text, &line.span) else {
            continue;
        };
        let data = |i: usize| {
            context.labels_on(i).any(|(_, l)| {
                matches!(
                    l.target,
                    Target::Id(schemas::IdRole::Mrn | schemas::IdRole::NhsNumber)
                        | Target::Date(schemas::DateRole::Dob)
                )
            }) || BORN.is_match(layout.line(i))
        };
        let alone = layout.get(&line.span).len() < name.len() + 6;
        let near = data(index) || alone && layout.below(index).is_some_and(data);
        let addressed = ADDRESSED.is_match(layout.line(index));
        let born =
            index < 6 && whole_name(layout.get(&name)) && born_behind(context, &name, &line.span);
        let only_numbers = tells_nothing(context, name.end..line.span.end);
        let aged = index < 10 && AGED.is_match(&layout.text[name.end..line.span.end]);
        if (name.start == line.span.start || addressed)
            && (near || born || aged || addressed && index < 10 && only_numbers)
            && !is_organisation(context, &name)
            && !names_house(layout.text, &name)
            && !names_a_condition(context, &name)
            && !names::has_degree(layout.text, name.end)
        {
            found.push((Role::Patient, name, 0.85));
            return;
        }
    }
}

/// `COPD SELF-MANAGEMENT`: a title that speaks of a condition or a drug is nobody's name.
fn names_a_condition(context: &Context, name: &Span) -> bool {
    context.layout.get(name).split(' ').any(|word| {
        word.len() > 3 && (context.lexicon.is_condition(word) || context.lexicon.is_drug(word))
    })
}

/// Numbers and dates, whose months are words.
fn tells_nothing(context: &Context, rest: Span) -> bool {
    let text = context.layout.text;
    let mut at = rest.start;
    let dates = context.dates.iter().map(|date| &date.span);
    for date in dates.filter(|date| date.start >= rest.start && date.end <= rest.end) {
        if text[at..date.start.max(at)].contains(char::is_alphabetic) {
            return false;
        }
        at = date.end;
    }
    !text[at.min(rest.end)..rest.end].contains(char::is_alphabetic)
}

fn whole_name(name: &str) -> bool {
    name.contains(' ')
}

/// `Bertrand Achilles, 14/05/1960`: nothing but a date of years ago follows.
fn born_behind(context: &Context, name: &Span, line: &Span) -> bool {
    context.dates.iter().any(|date| {
        let inside = date.span.start >= name.end && date.span.end <= line.end;
        inside
            && is_long_ago(context, date)
            && !context.layout.text[name.end..date.span.start].contains(char::is_alphanumeric)
    })
}

/// `Mrs Rosalind Achterberg (DOB 30/01/1961) attended`, where no label names the patient.
pub(super) fn patient_in_prose(context: &Context, found: &mut Vec<Found>) {
    static ADDRESSED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:Mr|Mrs|Ms|Miss|Master|Mx)\b\.?\s+").expect("a valid expression")
    });
    static SURNAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\p{Lu}[\p{L}'’-]+").expect("a valid expression"));
    static SEEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:I|we) (?:saw|met|reviewed|spoke (?:to|with)|assessed|examined|see|discharged)\s+(?:this patient,?\s+)?$")
            .expect("a valid expression")
    });
    static TOLD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s,(]{1,6}(?:born|dob|d\.o\.b|date of birth|aged?\b|nhs|mrn|\d{1,3}[- ]year|attend|present|was|is|has|had|return|came|who\b|complain|remains|reports|describes|underwent|developed|denies|continues|tells)")
            .expect("a valid expression")
    });
    if found.iter().any(|(role, _, _)| *role == Role::Patient) {
        return;
    }
    let text = context.layout.text;
    let patient = ADDRESSED.find_iter(text).find_map(|title| {
        let line = &context.layout.lines[context.layout.line_at(title.start())].span;
        let place = title.start()..line.end;
        let whole = names::at_start(text, &place);
        let seen = SEEN.is_match(&text[..title.start()]);
        let surname = || {
            let found = SURNAME.find(&text[title.end()..line.end])?;
            let word = found.as_str().to_lowercase();
            let after = text[title.end() + found.end()..].chars().nth(1);
            // A second word in capitals may be what it is called by.
            let more = after.is_some_and(char::is_uppercase);
            (!more && !names::is_no_name(&word)).then(|| title.end()..title.end() + found.end())
        };
        let name = whole.or_else(surname)?;
        let other = found
            .iter()
            .any(|(_, known, _)| same_name(text, known, &name));
        let told = TOLD.is_match(&text[name.end..]) || seen;
        let degree = names::has_degree(text, name.end);
        (!other && told && !degree).then_some(name)
    });
    found.extend(patient.map(|name| (Role::Patient, name, 0.8)));
}
