//! Normal forms of routes and frequencies: one phrase for all the ways to say it.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern::{MOST, re};

/// The route's normal form.
pub(crate) fn route_norm(route: &str) -> Option<&'static str> {
    let text = route.to_lowercase().replace('.', "");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let has = |part: &str| text.contains(part);
    // `PO/IV`: one way or the other.
    let either = text
        .split_once('/')
        .is_some_and(|(one, other)| one.len() > 1 && other.len() > 1);
    if either || has(" or ") {
        return None;
    }
    Some(match text.as_str() {
        "po" | "p o" | "by mouth" | "per mouth" | "per os" => "oral",
        "sc" | "s/c" | "sq" | "subq" | "sub-q" | "csci" => "subcutaneous",
        "iv" | "i/v" | "ivpb" => "intravenous",
        "im" | "i/m" => "intramuscular",
        "sl" | "s/l" => "sublingual",
        "pr" => "rectal",
        "pv" => "vaginal",
        "inh" => "inhalation",
        "top" => "topical",
        "td" => "transdermal",
        "ou" | "os" | "od" => "ophthalmic",
        _ if has("oral") => "oral",
        _ if has("tongue") || has("sublingual") => "sublingual",
        _ if has("subcut") || has("under the skin") || has("sub-cut") || has("into the skin") => {
            "subcutaneous"
        }
        _ if has("transdermal") || text == "to the skin" || text == "to skin" => "transdermal",
        _ if has("intravenous") => "intravenous",
        _ if has("intramuscular") => "intramuscular",
        _ if has("nostril") || has("nasal") || has("nare") || has("naris") => "nasal",
        _ if has("eye") || has("ophthalmic") => "ophthalmic",
        _ if has("ear") || has("otic") => "otic",
        _ if has("inhal") || has("neb") || has("spacer") || has("lungs") => "inhalation",
        _ if has("nose") => "nasal",
        _ if has("topical") || has("affected") || has("skin") => "topical",
        _ if has("rect") => "rectal",
        _ if has("vagina") => "vaginal",
        _ if has("buccal") => "buccal",
        _ if has("tube") || has("peg") || has("ng") => "enteral tube",
        _ if ["to ", "on ", "onto "]
            .iter()
            .any(|word| text.starts_with(word)) =>
        {
            "topical"
        }
        _ if has("epidural") => "epidural",
        _ => return None,
    })
}

/// The frequency's normal form.
pub(crate) fn frequency_norm(frequency: &str) -> String {
    static AGAIN: LazyLock<Regex> = LazyLock::new(|| {
        re(r"\(\s?(?:[0-9]+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|half)\s?\)")
    });
    // `3 weekly`: once in three weeks.
    static EVERY: LazyLock<Regex> = LazyLock::new(|| re(r"^([2-9][0-9]?)[ -](week|month)ly$"));
    static PRN_LIMIT: LazyLock<Regex> = LazyLock::new(|| {
        re(&format!(
            r"^(?:p\.?r\.?n\.?|(?:as|when|if) (?:needed|required)),?\s+{MOST}\s+(.+)$"
        ))
    });
    static LIMIT: LazyLock<Regex> = LazyLock::new(|| re(&format!(r"^{MOST}\s+")));
    let lower = frequency.to_lowercase();
    if let Some(rest) = PRN_LIMIT.captures(&lower) {
        return format!("up to {} as needed", frequency_norm(&rest[1]));
    }
    if let Some(limit) = LIMIT.find(&lower) {
        return format!("up to {}", frequency_norm(&lower[limit.end()..]));
    }
    if lower.starts_with("at ") && lower.contains(|c: char| c.is_ascii_digit()) {
        return lower;
    }
    let text = AGAIN
        .replace_all(&lower, " ")
        .replace(['.', ',', '(', ')'], " ");
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (dotted, joined) in [
        ("b i d", "bid"),
        ("t i d", "tid"),
        ("q i d", "qid"),
        ("q d", "qd"),
        ("p r n", "prn"),
        ("q h s", "qhs"),
        ("q o d", "qod"),
        ("o d", "od"),
        ("b d", "bd"),
        ("t d s", "tds"),
        ("q d s", "qds"),
        ("h s", "hs"),
        ("a c", "ac"),
        ("p c", "pc"),
    ] {
        if text.starts_with(dotted) || text.ends_with(dotted) {
            text = text.replacen(dotted, joined, 1);
        }
    }
    let needed = [
        "as needed",
        "prn",
        "when required",
        "if needed",
        "as required",
        "when needed",
        "if required",
        "sos",
    ];
    let mut prn = false;
    for phrase in needed {
        if text == phrase {
            return "as needed".into();
        }
        if let Some(rest) = text
            .strip_prefix(phrase)
            .filter(|rest| rest.starts_with(' '))
        {
            text = rest.trim_start().to_owned();
            prn = true;
        }
        if let Some(rest) = text.strip_suffix(phrase) {
            text = rest.trim_end().to_owned();
            prn = true;
        }
    }
    let mut meals = "";
    for (phrase, norm) in [
        ("with meals", " with meals"),
        ("with food", " with food"),
        ("with evening meal", " with evening meal"),
        ("with breakfast", " with breakfast"),
        ("with dinner", " with dinner"),
        (" ac and hs", " before meals and at bedtime"),
        (" ac & hs", " before meals and at bedtime"),
        (" ac", " before meals"),
        ("before food", " before meals"),
        ("after food", " after meals"),
        ("before meals", " before meals"),
        ("after meals", " after meals"),
        (" pc", " after meals"),
    ] {
        if let Some(rest) = text.strip_suffix(phrase).filter(|rest| !rest.is_empty()) {
            text = rest.trim_end().to_owned();
            meals = norm;
            break;
        }
    }
    if let Some(every) = EVERY.captures(&text) {
        text = format!("every {} {}s", &every[1], &every[2].to_lowercase());
    }
    let base = base_frequency(&text);
    format!("{base}{meals}{}", if prn { " as needed" } else { "" })
}

/// Is it, in lower case, a whole frequency with one normal form?
pub(crate) fn is_frequency(text: &str) -> bool {
    !fixed_frequency(text).is_empty()
}

/// Phrases with one normal form; empty for others.
fn fixed_frequency(text: &str) -> &'static str {
    match text {
        "daily" | "qd" | "od" | "every day" | "each day" | "q24h" | "every 24 hours" | "qday"
        | "q day" | "q daily" | "qdaily" | "once daily" | "once per day" | "once a day"
        | "a day" | "per day" | "dly" => "once daily",
        "bid"
        | "bd"
        | "every morning and every evening"
        | "every morning and evening"
        | "morning and night"
        | "morning and evening"
        | "night and morning"
        | "in the morning and at bedtime" => "twice daily",
        "tid" | "tds" => "three times daily",
        "qid" | "qds" => "four times daily",
        "qhs"
        | "hs"
        | "q hs"
        | "nightly"
        | "at bedtime"
        | "every night"
        | "every night at bedtime"
        | "nocte"
        | "at night"
        | "each night"
        | "every bedtime"
        | "once nightly"
        | "on"
        | "before bed"
        | "once at bedtime"
        | "once daily at bedtime"
        | "daily at bedtime"
        | "q night"
        | "bedtime"
        | "once at night"
        | "once daily bedtime" => "at bedtime",
        "qam"
        | "q am"
        | "every morning"
        | "each morning"
        | "mane"
        | "in the morning"
        | "q morning"
        | "om"
        | "once daily in the morning"
        | "once daily am"
        | "daily in the morning"
        | "in am"
        | "every am" => "every morning",
        "qpm"
        | "q pm"
        | "every evening"
        | "each evening"
        | "in the evening"
        | "once daily in the evening"
        | "once daily pm"
        | "in pm"
        | "every pm" => "every evening",
        "weekly" | "qweek" | "q week" | "qwk" | "q wk" | "every week" | "once weekly"
        | "once a week" | "q weekly" | "a week" | "per week" => "once weekly",
        "every other day" | "on alternate days" | "alternate days" | "qod" | "eod"
        | "every 2 days" | "q2days" => "every other day",
        "fortnightly" | "every fortnight" | "each fortnight" | "every 2 weeks"
        | "every two weeks" | "every other week" | "q2weeks" | "q2wk" => "every 2 weeks",
        "monthly" | "every month" | "once a month" | "once monthly" | "a month" | "per month" => {
            "once monthly"
        }
        "every 3 days" | "q72h" | "every 72 hours" => "every 72 hours",
        "stat" | "once only" | "single dose" | "once" | "now" => "once",
        _ => "",
    }
}

/// `every six hours` with a digit.
fn numbers(text: &str) -> String {
    let Some(rest) = text.strip_prefix("every ") else {
        return text.to_owned();
    };
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let words = ["one", "two", "three", "four", "six", "eight", "twelve"];
    let digits = ["1", "2", "3", "4", "6", "8", "12"];
    match words.iter().position(|known| *known == word) {
        Some(n) => format!("every {} {rest}", digits[n]),
        None => text.to_owned(),
    }
}

fn base_frequency(text: &str) -> String {
    static HOURS: LazyLock<Regex> = LazyLock::new(|| {
        re(
            r"^(?:q|every)?\s?([0-9]+(?:\s?(?:-|–|to)\s?[0-9]+)?)\s?(?:h|hr|hrs|hours?|hourly|hrly)$",
        )
    });
    static TIMES: LazyLock<Regex> = LazyLock::new(|| {
        re(
            r"^(once|one|1|twice|two|2|thrice|three|3|four|4|five|5|six|6|[0-9]\s?(?:-|–|to|or)\s?[0-9])\s*(?:times?|x|×)?\s*(?:a|per|each|every|/|in a)?\s*(day|daily|week|weekly|month|monthly)$",
        )
    });
    static PATTERN: LazyLock<Regex> =
        LazyLock::new(|| re(r"^([0-9])\s?--?\s?([0-9])\s?--?\s?([0-9])(?:\s?--?\s?([0-9]))?$"));
    let counted = numbers(text);
    let text = counted.as_str();
    let fixed = fixed_frequency(text);
    if !fixed.is_empty() {
        return fixed.into();
    }
    if let Some(found) = HOURS.captures(text) {
        return format!(
            "every {} hours",
            found[1]
                .replace(' ', "")
                .replace(['–'], "-")
                .replace("to", "-")
        );
    }
    if let Some(found) = TIMES.captures(text) {
        let n = match &found[1] {
            "once" | "one" | "1" => "once",
            "twice" | "two" | "2" => "twice",
            "thrice" | "three" | "3" => "three times",
            "four" | "4" => "four times",
            "five" | "5" => "five times",
            "six" | "6" => "six times",
            range => &format!(
                "{} times",
                range
                    .replace(' ', "")
                    .replace(['–'], "-")
                    .replace("to", "-")
                    .replace("or", "-")
            ),
        };
        let period = if found[2].starts_with('d') {
            "daily"
        } else if found[2].starts_with('w') {
            "weekly"
        } else {
            "monthly"
        };
        return format!("{n} {period}");
    }
    if let Some(found) = PATTERN.captures(text) {
        let taken = (1..=4)
            .filter_map(|i| found.get(i))
            .filter(|m| m.as_str() != "0")
            .count();
        let names = [
            "",
            "once daily",
            "twice daily",
            "three times daily",
            "four times daily",
        ];
        if found[1] == *"0" && found[2] == *"0" && found.get(4).is_none() {
            return "at bedtime".into();
        }
        return names[taken].into();
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::frequency_norm;

    #[test]
    fn normal_forms() {
        for (printed, want) in [
            ("every 6 hours as needed", "every 6 hours as needed"),
            ("q8h prn", "every 8 hours as needed"),
            ("b.i.d.", "twice daily"),
            ("two times a day", "twice daily"),
            ("tds", "three times daily"),
            ("1-0-1", "twice daily"),
            ("nocte", "at bedtime"),
            ("once a week", "once weekly"),
            ("tid ac", "three times daily before meals"),
            ("every six hours", "every 6 hours"),
            ("2-3 times a day", "2-3 times daily"),
            ("tid with meals", "three times daily with meals"),
            ("3x daily", "three times daily"),
            ("up to four times a day", "up to four times daily"),
            ("no more than twice a day", "up to twice daily"),
        ] {
            assert_eq!(frequency_norm(printed), want, "{printed}");
        }
    }
}
