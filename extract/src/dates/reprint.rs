//! Prints another day in the form of a printed date: same order, separators, padding, month's name in the
//! same length and case, two or four digits of the year.

use std::sync::LazyLock;

use jiff::civil;
use regex::Regex;

use super::{Form, MONTHS, Printed, Style, month_of};

/// What a run of digits or letters of a date stands for.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Year,
    Month,
    Day,
}

static RUN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[0-9]+|[A-Za-z]+").expect("a valid expression"));

impl Printed {
    /// `day` as this date is printed in `text`; none when letters stand among its digits.
    pub fn reprinted(&self, text: &str, style: Style, day: civil::Date) -> Option<String> {
        if self.misread {
            return None;
        }
        let printed = &text[self.span.clone()];
        let order = self.order(printed, style);
        // One day or month of one digit shows that none is padded.
        let runs = RUN.find_iter(printed).map(|run| run.as_str());
        let digits = runs.filter(|run| run.starts_with(|c: char| c.is_ascii_digit()));
        let padded = !digits.zip(&order).any(|(run, _)| run.len() == 1);
        let mut order = order.into_iter();
        let mut out = String::with_capacity(printed.len() + 4);
        let mut at = 0;
        for run in RUN.find_iter(printed) {
            out.push_str(&printed[at..run.start()]);
            at = run.end();
            let run = run.as_str();
            if run.starts_with(|c: char| c.is_ascii_digit()) {
                out += &number(order.next()?, run.len(), padded, day);
            } else if is_ordinal(run) {
                out += ordinal(day.day());
            } else if month_of(run).is_some() {
                out += &named(run, day.month());
            } else {
                out.push_str(run);
            }
        }
        out.push_str(&printed[at..]);
        order.next().is_none().then_some(out)
    }

    /// What its runs of digits stand for.
    fn order(&self, printed: &str, style: Style) -> Vec<Part> {
        match self.form {
            Form::YearFirst(..) => vec![Part::Year, Part::Month, Part::Day],
            Form::Numeric(p, q, ..) if style.puts_day_first(p, q) => {
                vec![Part::Day, Part::Month, Part::Year]
            }
            Form::Numeric(..) => vec![Part::Month, Part::Day, Part::Year],
            // `20Apr2023` and `April20,2023` alike: the day comes before the year.
            Form::Named(..) if printed.contains(|c: char| c.is_ascii_digit()) => {
                vec![Part::Day, Part::Year]
            }
            Form::Named(..) => Vec::new(),
        }
    }
}

fn number(part: Part, width: usize, padded: bool, day: civil::Date) -> String {
    let least = if padded { 2 } else { 1 };
    match part {
        Part::Year if width == 2 => format!("{:02}", day.year().rem_euclid(100)),
        Part::Year => format!("{:04}", day.year()),
        Part::Month => format!("{:0least$}", day.month()),
        Part::Day => format!("{:0least$}", day.day()),
    }
}

fn is_ordinal(run: &str) -> bool {
    matches!(run.to_ascii_lowercase().as_str(), "st" | "nd" | "rd" | "th")
}

fn ordinal(day: i8) -> &'static str {
    match (day, day % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

/// The month's name as long as the printed one, in its case.
fn named(printed: &str, month: i8) -> String {
    let full = MONTHS[usize::try_from(month - 1).unwrap_or_default()];
    let name = match printed.len() {
        // `May` is as long in full; what stands beside it says more often the short form.
        3 => &full[..3],
        4 if printed.eq_ignore_ascii_case("sept") => &full[..full.len().min(3)],
        _ => full,
    };
    let mut chars = printed.chars();
    let first_is_upper = chars.next().is_some_and(char::is_uppercase);
    if first_is_upper && chars.all(char::is_uppercase) {
        name.to_uppercase()
    } else if first_is_upper {
        let mut name = name.to_owned();
        name[..1].make_ascii_uppercase();
        name
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use crate::dates::{Style, find};

    #[test]
    fn a_date_keeps_its_form() {
        let us = Style {
            day_first: false,
            settled: true,
            latest_year: 2026,
        };
        let uk = Style {
            day_first: true,
            ..us
        };
        for (text, style, want) in [
            ("05/15/2023", us, "03/07/2024"),
            ("5/15/23", us, "3/7/24"),
            ("15/05/2023", uk, "07/03/2024"),
            ("04.05.2023", uk, "07.03.2024"),
            ("2023-05-15", us, "2024-03-07"),
            ("May 15, 2023", us, "Mar 07, 2024"),
            ("June 5, 2023", us, "March 7, 2024"),
            ("Jun 05 2023", us, "Mar 07 2024"),
            ("15-JUN-2023", us, "07-MAR-2024"),
            ("3rd of June 2021", uk, "7th of March 2024"),
            ("14 Sept 2024", uk, "07 Mar 2024"),
            ("July12,2005", us, "March07,2024"),
        ] {
            let found = &find(text)[0];
            let got = found.reprinted(text, style, date(2024, 3, 7));
            assert_eq!(got.as_deref(), Some(want), "{text}");
        }
        let misread = "O5/1O/2023";
        assert_eq!(
            find(misread)[0].reprinted(misread, us, date(2024, 3, 7)),
            None
        );
    }
}
