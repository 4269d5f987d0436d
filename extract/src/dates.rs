//! Finds and reads dates as they are written on both sides of the Atlantic. Whether `03/04/2024` is
//! March or April is decided once a document: by a date that can be read one way only, then by British
//! signs, then month first. Two-digit years of birth lie before the document's other years.

mod reprint;
mod undivided;

use std::sync::LazyLock;

use jiff::civil;
use regex::Regex;

use crate::layout::Span;

/// A date as printed, with its parts in printed order.
#[derive(Clone, Debug)]
pub(crate) struct Printed {
    pub span: Span,
    form: Form,
    /// A letter stood for a digit, or the month's name was misread.
    pub misread: bool,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    YearFirst(i16, i8, i8),
    /// Day or month first, nobody knows; the year and whether it has two digits.
    Numeric(i8, i8, i16, bool),
    Named(i8, i8, i16, bool),
}

/// How a document writes dates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub day_first: bool,
    /// A date or the document's country shows the order of day and month.
    pub settled: bool,
    /// The latest year that the document names in full, or in two digits without doubt.
    pub latest_year: i16,
}

const D: &str = "[0-9OoIl|]";

static NUMERIC: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"({D}{{1,2}})\s?([/.\-])\s?({D}{{1,2}})\s?([/.\-])\s?((?:{D}{{4}})|(?:{D}{{2}}))"
    ))
});
/// `06 19 1985` in the boxes of a form.
static BOXED: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(0[1-9]|[12][0-9]|3[01])( )(0[1-9]|[12][0-9]|3[01])( )((?:19|20)[0-9]{2})")
});
static YEAR_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"([12OIl]{D}{{3}})\s?[/.\-]\s?({D}{{1,2}})\s?[/.\-]\s?({D}{{1,2}})"
    ))
});
/// `2025-OCT-21`.
static YEAR_NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"((?:19|20)[0-9]{{2}})[-/. ]([A-Za-z01]{{3,9}})[-/. ]({D}{{1,2}})"
    ))
});
static DAY_NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"({D}{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?[\s.\-/]*([A-Za-z01]{{3,9}}?)[\s.,\-/]*((?:{D}{{4}})|(?:'?{D}{{2}}))"
    ))
});
static NAMED_DAY: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"([A-Za-z01]{{3,9}}?)\.?[\s\-]*({D}{{1,2}})(?:st|nd|rd|th)?\s*[,.\s\-]\s*({D}{{4}})"
    ))
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a date pattern is a valid expression")
}

/// All dates in reading order.
pub(crate) fn find(text: &str) -> Vec<Printed> {
    let mut out: Vec<Printed> = Vec::new();
    for (n, pattern) in [
        &*YEAR_FIRST,
        &*NAMED_DAY,
        &*DAY_NAMED,
        &*YEAR_NAMED,
        &*NUMERIC,
        &*BOXED,
    ]
    .into_iter()
    .enumerate()
    {
        let mut at = 0;
        while let Some(found) = pattern.captures_at(text, at) {
            let all = found.get(0).map_or(at..at + 1, |m| m.range());
            let part = |i: usize| found.get(i).map_or("", |m| m.as_str());
            let form = match n {
                0 => year_first(part(1), part(2), part(3)),
                1 => named(part(2), part(1), part(3)),
                2 => named(part(1), part(2), part(3)),
                3 => named(part(3), part(2), part(1)),
                _ if part(2) != part(4) => None,
                _ if part(2) == "." && part(5).len() == 2 && part(1).len() < 2 => None,
                _ => numeric(part(1), part(3), part(5)),
            };
            let free = out
                .iter()
                .all(|p| p.span.end <= all.start || p.span.start >= all.end);
            let fits = free && stands_alone(text, &all) && !text[all.clone()].contains('\n');
            match form {
                Some((form, misread)) if fits => {
                    at = all.end;
                    out.push(Printed {
                        span: all,
                        form,
                        misread,
                    });
                }
                _ => {
                    at = all.start + text[all.start..].chars().next().map_or(1, char::len_utf8);
                }
            }
            if at >= text.len() {
                break;
            }
        }
    }
    for date in undivided::find(text) {
        let free = |p: &Printed| p.span.end <= date.span.start || p.span.start >= date.span.end;
        if out.iter().all(free) {
            out.push(date);
        }
    }
    out.sort_by_key(|p| p.span.start);
    out
}

/// No digit, letter or further separator with digits touches it.
fn stands_alone(text: &str, span: &Span) -> bool {
    let before = &text[..span.start];
    let after = &text[span.end..];
    let mut back = before.chars().rev();
    let joined_before = match back.next() {
        Some(c) if c.is_ascii_digit() => true,
        Some('-' | '/' | '.') => back.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_alphabetic() && text[span.start..].starts_with(|c: char| c.is_alphabetic()),
        None => false,
    };
    let mut ahead = after.chars();
    let joined_after = match ahead.next() {
        Some(c) if c.is_ascii_digit() => true,
        Some('-' | '/') => ahead.next().is_some_and(|c| c.is_ascii_digit()),
        _ => false,
    };
    !joined_before && !joined_after
}

fn digits(part: &str) -> Option<(i16, bool)> {
    let bare = part.trim_start_matches('\'');
    if !bare.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let fixed: String = bare
        .chars()
        .map(|c| match c {
            'O' | 'o' => '0',
            'I' | 'l' | '|' => '1',
            c => c,
        })
        .collect();
    fixed.parse().ok().map(|n| (n, fixed != bare))
}

fn year_first(y: &str, m: &str, d: &str) -> Option<(Form, bool)> {
    let ((y, a), (m, b), (d, c)) = (digits(y)?, digits(m)?, digits(d)?);
    ((1880..=2100).contains(&y) && m <= 12 && d <= 31 && m > 0 && d > 0)
        .then_some((Form::YearFirst(y, m as i8, d as i8), a || b || c))
}

fn numeric(first: &str, second: &str, year: &str) -> Option<(Form, bool)> {
    let ((p, a), (q, b), (y, c)) = (digits(first)?, digits(second)?, digits(year)?);
    let short = year.len() == 2;
    let sane = (1..=31).contains(&p) && (1..=31).contains(&q) && (p <= 12 || q <= 12);
    (sane && (short || (1880..=2100).contains(&y)))
        .then_some((Form::Numeric(p as i8, q as i8, y, short), a || b || c))
}

fn named(day: &str, month: &str, year: &str) -> Option<(Form, bool)> {
    let (m, misread) = month_of(month)?;
    let ((d, a), (y, b)) = (digits(day)?, digits(year)?);
    let short = year.trim_start_matches('\'').len() == 2;
    ((1..=31).contains(&d) && (short || (1880..=2100).contains(&y)))
        .then_some((Form::Named(d as i8, m, y, short), a || b || misread))
}

/// In lower case.
pub(crate) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The month's number, and whether its name was misread.
fn month_of(word: &str) -> Option<(i8, bool)> {
    let lower = word.to_lowercase();
    let fixed = lower.replace('0', "o").replace('1', "l");
    let exact = MONTHS.iter().position(|month| {
        *month == fixed || month[..3] == *fixed || (fixed == "sept" && month.starts_with("sep"))
    });
    if let Some(n) = exact {
        return Some((n as i8 + 1, fixed != lower));
    }
    if fixed.len() < 4 {
        return None;
    }
    MONTHS
        .iter()
        .position(|month| {
            (fixed.len() >= 4 && month.starts_with(&fixed))
                || (month.len() >= 5 && crate::lexicon::distance(month, &fixed, 1).is_some())
        })
        .map(|n| (n as i8 + 1, true))
}

impl Style {
    /// Reads the document's habit from its dates and from `british` signs.
    pub fn of(dates: &[Printed], british: bool) -> Self {
        let (mut day, mut month) = (0, 0);
        let mut latest = 0;
        for date in dates {
            let year = match date.form {
                Form::Numeric(p, q, y, short) => {
                    day += usize::from(p > 12);
                    month += usize::from(q > 12);
                    if short && y < 40 {
                        2000 + y
                    } else if short {
                        0
                    } else {
                        y
                    }
                }
                Form::Named(_, _, y, short) => {
                    if short && y < 40 {
                        2000 + y
                    } else if short {
                        0
                    } else {
                        y
                    }
                }
                Form::YearFirst(y, ..) => y,
            };
            latest = latest.max(year);
        }
        Self {
            day_first: day > month || (day == month && british),
            settled: day != month || british,
            latest_year: if latest == 0 { 2035 } else { latest },
        }
    }

    fn puts_day_first(self, first: i8, second: i8) -> bool {
        first > 12 || (self.day_first && second <= 12)
    }
}

impl Printed {
    /// The calendar date as `YYYY-MM-DD`; none when no such day exists.
    pub fn iso(&self, style: Style, birth: bool) -> Option<String> {
        self.day(style, birth).map(|day| day.to_string())
    }

    /// The calendar date; none when no such day exists.
    pub fn day(&self, style: Style, birth: bool) -> Option<civil::Date> {
        let (y, m, d) = match self.form {
            Form::YearFirst(y, m, d) => (y, m, d),
            Form::Named(d, m, y, short) => (full_year(y, short, style, birth), m, d),
            Form::Numeric(p, q, y, short) => {
                let year = full_year(y, short, style, birth);
                if style.puts_day_first(p, q) {
                    (year, q, p)
                } else {
                    (year, p, q)
                }
            }
        };
        civil::Date::new(y, m, d).ok()
    }

    /// Day and month can change places and make another date.
    pub fn turnable(&self) -> bool {
        matches!(self.form, Form::Numeric(p, q, ..) if p <= 12 && q <= 12 && p != q)
    }

    /// The year is printed with two digits.
    pub fn short_year(&self) -> bool {
        matches!(self.form, Form::Numeric(.., true) | Form::Named(.., true))
    }
}

fn full_year(year: i16, short: bool, style: Style, birth: bool) -> i16 {
    if !short {
        return year;
    }
    let latest = if birth {
        style.latest_year.min(2035)
    } else {
        2045
    };
    if 2000 + year > latest {
        1900 + year
    } else {
        2000 + year
    }
}

#[cfg(test)]
mod tests {
    use super::{Style, find};

    #[test]
    fn formats() {
        for (text, want) in [
            ("July 12, 2005", "2005-07-12"),
            ("July12,2005", "2005-07-12"),
            ("Aug 20 1958", "1958-08-20"),
            ("06-Jun-1961", "1961-06-06"),
            ("1968-11-21", "1968-11-21"),
            ("12/15/25", "2025-12-15"),
            ("25/12/2023", "2023-12-25"),
            ("3rd of May 2021", "2021-05-03"),
            ("14 March 2024", "2024-03-14"),
            ("2025-OCT-21", "2025-10-21"),
            ("O5/1O/2023", "2023-05-10"),
            ("2O23-05-l0", "2023-05-10"),
            ("05.10.2023", "2023-05-10"),
            ("Febuary 3, 2020", "2020-02-03"),
        ] {
            let dates = find(text);
            assert_eq!(dates.len(), 1, "{text}");
            let style = Style::of(&dates, false);
            assert_eq!(dates[0].iso(style, false).as_deref(), Some(want), "{text}");
            assert_eq!(&text[dates[0].span.clone()], text);
        }
    }

    #[test]
    fn numbers_that_are_no_dates() {
        for text in [
            "229-63-5341",
            "1-0-1",
            "(986) 555-0125",
            "100/50 mg",
            "120/80",
            "13/14/2020",
            "2.0 tabs",
        ] {
            assert!(find(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_birth_lies_in_the_past_and_the_order_is_learnt() {
        let dates = find("05/04/78 seen 01/02/26");
        let style = Style::of(&dates, false);
        assert_eq!(dates[0].iso(style, true).as_deref(), Some("1978-05-04"));
        let dates = find("03/04/2024 and 25/04/2024");
        let style = Style::of(&dates, false);
        assert_eq!(dates[0].iso(style, false).as_deref(), Some("2024-04-03"));
        assert_eq!(find("30/02/2024")[0].iso(style, false), None);
    }
}
