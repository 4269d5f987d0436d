//! Which placeholder stands for what, and which moved date for which: what turns an answer back. It never
//! leaves the site.

use std::{collections::HashMap, sync::LazyLock};

use jiff::civil::Date;
use regex::{Captures, Regex};

use crate::dates::{self, Style};

/// What was replaced by what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// By label and key.
    placeholders: HashMap<(&'static str, String), String>,
    /// How often a label, or a label with its hint, was given.
    given: HashMap<String, usize>,
    /// By a placeholder's name: what was printed.
    printed: HashMap<String, String>,
    /// By the moved date as printed: the date as it was printed.
    dates: HashMap<String, String>,
    /// By the moved day.
    days: HashMap<Date, Date>,
}

/// A placeholder, with or without its brackets: models forget them.
static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\[([A-Z]+(?:-[A-Z]+)*-[0-9]+(?:-[0-9]+)?)\]|\b([A-Z]+(?:-[A-Z]+)*-[0-9]+(?:-[0-9]+)?)\b",
    )
    .expect("a valid expression")
});

/// What two printed forms of one identifier share.
pub(crate) fn key(printed: &str) -> String {
    let kept = printed.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_uppercase).collect()
}

impl Table {
    /// The placeholder of a key, `[LABEL-n]`; made when the key is new.
    pub(crate) fn placeholder(&mut self, label: &'static str, key: &str, printed: &str) -> &str {
        let made = self.placeholders.entry((label, key.to_owned()));
        made.or_insert_with(|| {
            let n = self.given.entry(label.to_owned()).or_default();
            *n += 1;
            let name = format!("{label}-{n}");
            self.printed.insert(name.clone(), printed.to_owned());
            format!("[{name}]")
        })
    }

    /// `[ZIP-974]`, the first three digits; a second ZIP code of the same three is `[ZIP-974-2]`.
    pub(crate) fn zip(&mut self, first: &str, printed: &str) -> String {
        let made = self.placeholders.entry(("ZIP", key(printed)));
        made.or_insert_with(|| {
            let n = self.given.entry(format!("ZIP-{first}")).or_default();
            *n += 1;
            let name = if *n == 1 {
                format!("ZIP-{first}")
            } else {
                format!("ZIP-{first}-{n}")
            };
            self.printed.insert(name.clone(), printed.to_owned());
            format!("[{name}]")
        })
        .clone()
    }

    /// A date that was moved.
    pub(crate) fn date(&mut self, from: (&str, Date), to: (&str, Date)) {
        self.dates.insert(to.0.to_owned(), from.0.to_owned());
        self.days.insert(to.1, from.1);
    }

    /// Turns back what stands in an answer, dates also where it prints them in another form.
    pub(crate) fn restore(&self, answer: &str, style: Style) -> String {
        let mut out = String::with_capacity(answer.len());
        let mut at = 0;
        for date in dates::find(answer) {
            let printed = &answer[date.span.clone()];
            let known = self.dates.get(printed).cloned();
            let of_day = || {
                let day = self.days.get(&date.day(style, false)?)?;
                date.reprinted(answer, style, *day)
            };
            let Some(was) = known.or_else(of_day) else {
                continue;
            };
            out.push_str(&answer[at..date.span.start]);
            out += &was;
            at = date.span.end;
        }
        out.push_str(&answer[at..]);
        let named = |found: &Captures| {
            let name = found.get(1).or(found.get(2)).map_or("", |m| m.as_str());
            let was = self.printed.get(name).map(String::as_str);
            was.unwrap_or(&found[0]).to_owned()
        };
        PLACEHOLDER.replace_all(&out, named).into_owned()
    }
}
