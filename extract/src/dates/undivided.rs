//! Dates of claim forms of the United States that nothing divides, `FROM 030125 THROUGH 030525`, `BIRTHDATE 02171957`, or
//! only the boxes, `10 02 24`: month, day, year. Six digits may be anything, so the name of a date stands before them,
//! or they begin a line of services with a code and a charge.

use std::sync::LazyLock;

use regex::Regex;

use super::{Form, Printed};
use crate::layout::Span;

const DAY: &str = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:(?:19|20)[0-9]{2}|[0-9]{2})";
const BOXES: &str = r"(?:0[1-9]|1[0-2]) ?(?:0[1-9]|[12][0-9]|3[01]) ?[0-9]{2}";

/// Those behind a name of a date, and those of lines of services.
pub(super) fn find(text: &str) -> Vec<Printed> {
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        super::regex(&format!(
            r"\b(?:BIRTH ?DATE|DOB|DATE|FROM|THROUGH|THRU) {{1,3}}({DAY})\b"
        ))
    });
    static SERVICE: LazyLock<Regex> = LazyLock::new(|| {
        super::regex(&format!(
            r"(?m)^[ \t]*({BOXES})(?:[ \t]+({BOXES}))?[ \t]+(?:[0-9]{{2}}[ \t]+)?(?:[A-Z]{{2}}[ \t]+)?[0-9A-V][0-9]{{4}}\b[^\n]*[0-9]\.[0-9]{{2}}\b"
        ))
    });
    NAMED
        .captures_iter(text)
        .chain(SERVICE.captures_iter(text))
        .flat_map(|found| [found.get(1), found.get(2)])
        .flatten()
        .filter_map(|part| read(text, part.range()))
        .collect()
}

fn read(text: &str, span: Span) -> Option<Printed> {
    let digits: Vec<i16> = text[span.clone()]
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|digit| i16::from(digit - b'0'))
        .collect();
    let number = |from: usize, to: usize| digits[from..to].iter().fold(0, |sum, d| sum * 10 + d);
    let (month, day) = (number(0, 2), number(2, 4));
    let form = Form::Named(
        day.try_into().ok()?,
        month.try_into().ok()?,
        number(4, digits.len()),
        digits.len() == 6,
    );
    Some(Printed {
        span,
        form,
        misread: false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Style, find};

    #[test]
    fn what_no_mark_divides() {
        for (text, want) in [
            (
                "6 STATEMENT COVERS  FROM 040125 THROUGH 040525",
                "2025-04-01 2025-04-05",
            ),
            ("10 BIRTHDATE 03181949   11 SEX F", "1949-03-18"),
            (
                "09 14 24   09 15 24         11    99214      A     142.00       1",
                "2024-09-14 2024-09-15",
            ),
            (
                "091424     11   97110   GP   2        96.00     61.48",
                "2024-09-14",
            ),
            ("REFERENCE 040125   LOT 091424   ROOM 101224", ""),
            ("DATE 993125", ""),
        ] {
            let dates = find(text);
            let style = Style::of(&dates, false);
            let found: Vec<String> = dates
                .iter()
                .filter_map(|date| date.iso(style, false))
                .collect();
            assert_eq!(found.join(" "), want, "{text}");
        }
    }
}
