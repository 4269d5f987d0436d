//! Houses that stand where forms name people, `FROM: Hill View SCH   TO: Lakeside Teaching & Ref. Hosp.`: known by what
//! they abbreviate, where neither a title nor a comma says that somebody is meant.

use std::sync::LazyLock;

use regex::Regex;

use crate::layout::{Layout, Span};

/// Is what was read as a name the beginning of a house's, or a house's with an abbreviation at its end?
pub(super) fn is_house(layout: &Layout, name: &Span) -> bool {
    static TITLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:dr|prof|mr|mrs|ms|miss|sr|sister)\b\.?\s*$")
            .expect("a valid expression")
    });
    static KIND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^ ?[^,;\t\n]{0,24}?\b(?:hosp|hospital|clinic|centre|center|dispensary|dept|department)\b")
            .expect("a valid expression")
    });
    let line = &layout.lines[layout.line_at(name.start)].span;
    if TITLE.is_match(&layout.text[line.start.min(name.start)..name.start]) {
        return false;
    }
    let rest = &layout.text[name.end..line.end.max(name.end)];
    let rest = rest.find("  ").map_or(rest, |gap| &rest[..gap]);
    KIND.is_match(rest) || ends_in_capitals(layout.get(name))
}

/// `Hill View SCH`: no name has three capitals behind words in small letters, but for initials behind points.
fn ends_in_capitals(name: &str) -> bool {
    let mut words = name.split(' ');
    let last = words.next_back().unwrap_or_default();
    let small =
        words.clone().count() > 1 && words.all(|word| word.chars().skip(1).any(char::is_lowercase));
    small && last.chars().count() == 3 && last.chars().all(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn houses_are_nobody() {
        for (text, want) in [
            (
                "REFERRAL FORM\nFROM: Hill View SCH      TO: Lakeside Teaching & Ref. Hosp.\n",
                "",
            ),
            (
                "REFERRAL FORM\nFROM: Dr Imelda Okoth      TO: Lakeside Teaching & Ref. Hosp.\n",
                "referring Imelda Okoth",
            ),
            (
                "REFERRAL FORM\nReferred to: Chest Medicine - Dr. Amos Kilonzo\n",
                "recipient Amos Kilonzo",
            ),
        ] {
            let told = told(text, "person", ["role", "name"]);
            let told: Vec<String> = told.iter().map(|person| person.join(" ")).collect();
            assert_eq!(told.join("; "), want, "{text}");
        }
    }
}
