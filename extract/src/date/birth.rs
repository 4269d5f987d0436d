//! Days of birth: behind their abbreviation, beside an age that fits, behind a name.

use std::sync::LazyLock;

use regex::Regex;
use schemas::PersonRole;

use crate::{context::Context, dates::Printed, labels::Target, layout::trim_by, names};

/// `d.o.b. 8 June 1952`: the points of the abbreviation end no sentence.
pub(super) fn is_labelled(context: &Context, date: &Printed) -> bool {
    static BORN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:d\.\s?o\.\s?b\.?|date of birth|b\.|born)[\s:]{1,3}$")
            .expect("a valid expression")
    });
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    BORN.is_match(&context.layout.text[line.start..date.span.start])
}

/// `31-Dec-1959 (65 yr)`, `F 58y (1967-02-11)`: an age stands beside it that a birth on that day fits.
pub(super) fn beside_age(context: &Context, date: &Printed) -> bool {
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s?[(,]?\s?(?:age:?\s?)?([0-9]{1,3})\s?(?:y|yrs?|years?|yo|y/o)\b")
            .expect("a valid expression")
    });
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b([0-9]{1,3})\s?(?:y|yrs?|years?|yo|y/o)(?: old)?\W{1,3}(?:[MF]\W{1,3})?$",
        )
        .expect("a valid expression")
    });
    let text = context.layout.text;
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    let behind = BEHIND.captures(&text[date.span.end..line.end.max(date.span.end)]);
    let age = behind.or_else(|| BEFORE.captures(&text[line.start..date.span.start]));
    let age = age.and_then(|found| found[1].parse::<i16>().ok());
    let iso = date.iso(context.style, true);
    let born = iso.and_then(|iso| iso.get(..4)?.parse::<i16>().ok());
    age.zip(born)
        .is_some_and(|(age, born)| (context.style.latest_year - born - age).abs() <= 1)
}

/// `2011-Mar-18   F`: the sex stands behind it, and it is years ago.
pub(super) fn before_sex(context: &Context, date: &Printed) -> bool {
    static SEX: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[\s,/(]{1,6}(?:[MF]|(?i:male|female))(?:[\s)]|$)")
            .expect("a valid expression")
    });
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    let rest = &context.layout.text[date.span.end..line.end.max(date.span.end)];
    SEX.is_match(rest) && context.dates.len() > 1 && is_long_ago(context, date)
}

/// `Re: Ms Shanelle Whyte, 26/10/1990`, `Bertrand Achilles, 14/05/1960`: what stands beside a name at the start of
/// its line and is years ago.
pub(super) fn behind_name(context: &Context, date: &Printed) -> bool {
    let line = context.layout.line_at(date.span.start);
    let mut labels = context.labels_on(line).map(|(_, label)| label);
    let label = labels.find(|label| label.target == Target::Person(PersonRole::Patient));
    let start = context.layout.lines[line].span.start;
    let start = label.map_or(start, |label| label.span.end);
    if start >= date.span.start {
        return false;
    }
    let lead = trim_by(context.layout.text, start..date.span.start, |c| {
        c.is_whitespace() || matches!(c, ':' | ',' | '(')
    });
    let name = names::at_start(context.layout.text, &lead);
    // `KOWALCZYK, TERESA        08/19/2025`: in a column of its own it may be the day of a supply.
    let apart = context.layout.text[lead.end..date.span.start].contains("   ");
    let year = date
        .iso(context.style, true)
        .and_then(|iso| iso.get(..4)?.parse::<i16>().ok());
    let recent = year.is_some_and(|year| year + 1 >= context.style.latest_year);
    name.is_some_and(|name| name.end == lead.end && context.layout.get(&name).contains(' '))
        && is_long_ago(context, date)
        && !(apart && recent)
}

/// Years before the others of its document, or the only one.
pub(crate) fn is_long_ago(context: &Context, date: &Printed) -> bool {
    let iso = date.iso(context.style, true);
    let year = iso.and_then(|iso| iso.get(..4)?.parse::<i16>().ok());
    // One date alone, of these years, is the day of the document.
    const RECENT: i16 = 2020;
    let only = context.dates.len() == 1;
    year.is_some_and(|year| year < context.style.latest_year || only && year < RECENT)
}
