//! Dates, and ages over 89.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;
use schemas::{Date as DateFact, DateRole};

use super::{By, Dates, Deidentifier, Found};
use crate::{
    dates::{self, Printed, Style},
    layout::Span,
};

/// A date that an entity prints, and the day that it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownDay {
    printed: String,
    day: Date,
    birth: bool,
}

/// Of older people neither age nor year of birth may stand: 45 CFR 164.514(b)(2)(i)(C).
const OLDEST: i16 = 89;

static AGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:age[ds]?(?: of)?|aet(?:at)?\.?)[ \t]*[:=]?[ \t]*(9[0-9]|1[0-3][0-9])\b|\b(9[0-9]|1[0-3][0-9])[ \t\-–]?(?:years?|yrs?\.?|y/?o|y\.o\.?|yr)(?:[ \t\-–]?(?:old|of age))\b|\b(9[0-9]|1[0-3][0-9])[ \t\-]?(?:y/?o|y\.o\.|yo)\b|\b(9[0-9]|1[0-3][0-9])[ \t](?:fe)?male\b")
        .expect("a valid expression")
});
const MONTH: &str = "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?|JAN(?:UARY)?|FEB(?:RUARY)?|MAR(?:CH)?|APR(?:IL)?|MAY|JUNE?|JULY?|AUG(?:UST)?|SEPT?(?:EMBER)?|OCT(?:OBER)?|NOV(?:EMBER)?|DEC(?:EMBER)?)";
/// What is left of a date whose digits and strokes were misread: `01101/23`, `04h0/2026`.
static BROKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b[0-9OIl|hV]{1,6}/[0-9OIl|hV]{0,5}(?:19|20)[0-9]{2}\b|\b[0-9]{5}/[0-9]{2}\b")
        .expect("a valid expression")
});
/// A month with its year, a month with a day, a day and a month in digits after a word of time.
static PARTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"\b({MONTH}\.?,?[ \t]+(?:of[ \t]+)?(?:19|20)[0-9]{{2}})\b|\b([0-9]{{1,2}}(?:st|nd|rd|th)?(?:[ \t]+of)?[ \t]+{MONTH})\b|\b({MONTH}\.?[ \t]+[0-9]{{1,2}}(?:st|nd|rd|th)?)\b|\b(?:on|since|from|until|till|dated?|by|seen|of|before|after)[ \t]+([01]?[0-9][/\-](?:(?:19|20)[0-9]{{2}}|[0-3]?[0-9]))\b|\b((?:0[1-9]|1[0-2])/(?:19|20)[0-9]{{2}})\b"
    ))
    .expect("a valid expression")
});
static QUANTITY_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[ \t]?(?:%|(?i:mg|mcg|µg|ml|iu|mmhg)\b|g\b|units?\b|tab|cap|puff|drop|times|x\b|/|-[0-9]|of a)")
        .expect("a valid expression")
});
static BORN_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:d\.?o\.?b|born|birth|birth ?date|date of birth)\b\W{0,8}(?:on\W+)?$")
        .expect("a valid expression")
});

pub(crate) fn known(fact: &DateFact, printed: &str) -> Option<KnownDay> {
    Some(KnownDay {
        printed: printed.to_owned(),
        day: fact.iso.as_deref()?.parse().ok()?,
        birth: fact.role == Some(DateRole::Dob),
    })
}

/// Whether the document puts the day or the month first: as its entities were read.
pub(crate) fn style(days: &[KnownDay]) -> Style {
    let mut style = Style::of(&[], false);
    let latest = days.iter().filter(|d| !d.birth).map(|d| d.day.year()).max();
    style.latest_year = latest.unwrap_or(style.latest_year);
    let turned = |first: bool| {
        let style = Style {
            day_first: first,
            ..style
        };
        let fits = |known: &&KnownDay| {
            let found = dates::find(&known.printed);
            let read = found.first().and_then(|one| one.day(style, known.birth));
            read == Some(known.day)
        };
        days.iter().filter(fits).count()
    };
    style.day_first = turned(true) > turned(false);
    style
}

pub(crate) fn find(to: &mut Deidentifier, text: &str) -> Vec<Found> {
    let mut out = Vec::new();
    for date in dates::find(text) {
        let quantity = date.short_year() && QUANTITY_AFTER.is_match(&text[date.span.end..]);
        if !quantity {
            out.push(of_date(to, text, &date));
        }
    }
    for found in BROKEN.find_iter(text) {
        out.push(Found::new(found.range(), "DATE", found.as_str()));
    }
    for found in AGE.captures_iter(text) {
        if let Some(age) = (1..=4).find_map(|n| found.get(n)) {
            out.push(Found::new(age.range(), "OVER-EIGHTY-NINE", age.as_str()));
        }
    }
    for found in PARTS.captures_iter(text) {
        let Some(part) = (1..=5).find_map(|n| found.get(n)) else {
            continue;
        };
        if !QUANTITY_AFTER.is_match(&text[part.end()..]) {
            out.push(of_part(to, part.range(), part.as_str()));
        }
    }
    out
}

fn of_date(to: &mut Deidentifier, text: &str, date: &Printed) -> Found {
    let printed = &text[date.span.clone()];
    let known = to.days.iter().find(|known| known.printed == printed);
    let birth = known.map_or_else(
        || BORN_BEFORE.is_match(&text[..date.span.start]),
        |k| k.birth,
    );
    let read = known.map(|known| known.day);
    let placeholder = Found::new(date.span.clone(), "DATE", printed);
    let Some(day) = read.or_else(|| date.day(to.style, birth)) else {
        return placeholder;
    };
    if birth && to.style.latest_year - day.year() > OLDEST {
        return placeholder;
    }
    let words = match to.dates {
        Dates::Years => Some(day.strftime("%Y").to_string()),
        Dates::Shifted => to.weeks.moved(day).and_then(|moved| {
            let words = date.reprinted(text, to.style, moved)?;
            to.table.date((printed, day), (&words, moved));
            Some(words)
        }),
    };
    match words {
        Some(words) => Found {
            span: date.span.clone(),
            by: By::Words(words),
        },
        None => placeholder,
    }
}

/// A month or a day without the rest: it cannot be moved by weeks.
fn of_part(to: &Deidentifier, span: Span, printed: &str) -> Found {
    let year = printed.get(printed.len().saturating_sub(4)..);
    let year = year.filter(|year| year.chars().all(|c| c.is_ascii_digit()));
    match (to.dates, year) {
        (Dates::Years, Some(year)) => Found {
            span,
            by: By::Words(year.to_owned()),
        },
        _ => Found::new(span, "DATE", printed),
    }
}
