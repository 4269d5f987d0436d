//! The language of prescriptions: strengths, forms, doses, routes, frequencies, durations, quantities,
//! refills, with their normal forms. A pattern claims its characters, so that the 30 of `# 30` is never
//! a dose. Spaces may be lost anywhere between a number and its unit.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use crate::layout::Span;

fn re(pattern: &str) -> Regex {
    Regex::new(&format!("(?i){pattern}")).expect("a sig pattern is a valid expression")
}

/// A number as readers see it: letters for digits are allowed beside a true digit.
const NUM: &str =
    r"(?:[0-9OoIl|]*[0-9][0-9OoIl|]*(?:,[0-9]{3})*(?:[.,][0-9OoIl|]+)?|[.][0-9]+|[lI][Oo])";
const COUNT: &str = r"(?:one[- ]half|one|two|three|four|five|six|seven|eight|nine|ten|half|a|an|[0-9]+\s?/\s?[0-9]+|[0-9]+\s?½|½|¼|[0-9lIO|]+(?:\.[0-9]+)?)";
const UNIT: &str = r"(?:mcg|ug|µg|μg|micrograms?|mcq|mg|milligrams?|rng|mq|gm|grams?|g|mEq|meq|mmol|IU|i\.u\.|international units?|units?|unt|U|ng|kg|%|mL|ml|cc|mls)";
const PER: &str = r"(?:\s?/\s?(?:NUM\s?)?(?:mL|ml|mls|L|puff|actuation|act|hr|h|hour|dose|spray|inhalation|day|24h|24 ?hours?|tablet|tab|cap|patch|drop|g|gm|kg|5ml)|\s+per\s+(?:NUM\s?)?(?:mL|actuation|puff|hour|dose|spray|tablet))";
const FORMS: &str = r"(?:(?:extended|delayed|modified|sustained|immediate|prolonged|controlled|slow)[- ]release\s+)?(?:(?:chewable|dispersible|effervescent|coated|enteric[- ]coated|film[- ]coated|oral|disintegrating|orally disintegrating|nasal|eye|ear|ophthalmic|otic|topical|vaginal|rectal|transdermal|sublingual|soluble|metered[- ]dose|dry powder|gastro-resistant|(?:ER|XR|DR|SR|EC)\b)\s*)*(?:tablets?|tabs?|tabl?\.|capsules?|caps?|inhalers?|evohaler|accuhaler|turbohaler|respimat|creams?|ointments?|oint|gels?|lotions?|solutions?|soln|suspensions?|susp|syrups?|elixirs?|drops?|gtts?|sprays?|patch(?:es)?|suppositor(?:y|ies)|supps?|injections?|inj|vials?|pens?|flexpen|solostar|kwikpen|powders?|lozenges?|films?|foam|shampoo|enemas?|pessar(?:y|ies)|sachets?|packets?|ampoules?|amps?|nebules?|nebs?|gummies|softgels?|liquid|linctus|mouthwash|troches?|syringes?|cartridges?|diskus|kit|implant|ring|paste|granules|caplets?|nebuli[sz]er solution)";
const TAKEN: &str = r"(?:tablets?|tabs?|capsules?|caps?|caplets?|puffs?|sprays?|drops?|gtts?|patch(?:es)?|units?|iu|mL|mls?|cc|teaspoons?(?:fuls?)?|tsps?|tablespoons?|tbsps?|applications?|inhalations?|suppositor(?:y|ies)|lozenges?|sachets?|packets?|ampoules?|nebules?|vials?|injections?|pills?|scoops?|capfuls?|strips?|films?|pump(?:s|ful)?|lozenge|doses?|softgels?|squirts?|vaginal tablets?|dabs?|5ml spoonfuls?|spoonfuls?|troches?|pessar(?:y|ies)|ampules?|gummies|rings?)";

/// One recognised phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Quantity,
    Refills,
    Duration,
    Strength,
    Dose,
    Frequency,
    Route,
    Form,
    Prn,
    Instructions,
}

fn expand(pattern: &str) -> String {
    pattern
        .replace("PER", PER)
        .replace("NUM", NUM)
        .replace("COUNT", COUNT)
        .replace("UNIT", UNIT)
        .replace("FORMS", FORMS)
        .replace("TAKEN", TAKEN)
}

/// Patterns in the order in which they claim characters; group 1, when there is one, is the value.
static PATTERNS: LazyLock<Vec<(Part, Regex)>> = LazyLock::new(|| {
    let freq = frequency_pattern();
    [
        (Part::Quantity, r"(?:\bqty|\bquantity|\bquant|\bdisp(?:ense)?d?|\bmitte|\bsupply|\bdispense quantity|\bamount|\bqt[yv])\s*(?:[:;.#=]|\bis\b)*\s*#?\s*\[?\s*(?:\(?(?:one|two|three)?\)?\s*)?(NUM(?:\s?(?:mL|ml|g|gm|grams?)\b)?)(?:\s*\([a-z -]+\))?(?:\s*TAKEN\b|\s*FORMS\b)?"),
        (Part::Quantity, r"(?:^|\s)#\s?(NUM)\b(?:\s*\([a-z -]+\))?(?:\s*(?:TAKEN|FORMS)\b)?"),
        (Part::Refills, r"(?:refills?|refi11s?|rf|rep(?:eat)?s?|refils?|ref)\s*[:;.=#x]*\s*(NUM|none|zero|nil|no refills?|prn|one|two|three|four|five)\b(?:\s*times?)?"),
        (Part::Refills, r"(?:\bx\s*|\b)(NUM|no|zero|one|two|three|four|five)\s*(?:\([0-9]+\)\s*)?(?:refills?|repeats?)\b"),
        (Part::Duration, r"\b(?:duration|days'? supply|day supply|supply for)\s*[:;=]?\s*(NUM(?:\s?[-–]\s?NUM)?\s*(?:days?|weeks?|wks?|months?|mos?|years?|d|hours?|hrs?)?)\b"),
        (Part::Duration, r"(?:\bfor|\bx|×|\btimes)\s*(?:the next\s+|a total of\s+|up to\s+|another\s+)?((?:NUM|one|two|three|four|five|six|seven|ten|fourteen)(?:\s?(?:[-–]|to)\s?NUM)?\s*(?:more\s+)?(?:days?|weeks?|wks?|wk|months?|mos?|mths?|years?|d|hours?|hrs?|nights?|doses?)|[0-9]{1,2}/(?:7|52|12))\b"),
        (Part::Duration, r"\b([0-9]+[- ](?:day|week|month))\s+(?:course|supply|taper)"),
        (Part::Dose, r"\b(?:take|takes|taking|inhale|inject|instil+|apply|give|use|chew|insert|dissolve|place|spray|swallow|administer|put)\s*(COUNT\s*(?:(?:to|or|-|–|/)\s*COUNT\s*)?(?:\(\s?[0-9]+\s?\)\s*)?(?:FORMS|TAKEN))"),
        (Part::Strength, r"NUM\s*(?:UNIT)?PERCOMBO"),
        (Part::Dose, r"\b(COUNT\s*(?:(?:to|or|-|–)\s*COUNT\s*)?(?:\(\s?[0-9]+\s?\)\s*)?(?:metered\s)?(?:TAKEN))"),
        (Part::Frequency, freq.as_str()),
        (Part::Dose, r"\b(?:take|takes|inhale|instil+|apply|give|use|chew|insert)\s+((?:one|two|three|half|[1-9]|½)(?:\s*(?:to|or|-|–)\s*(?:two|three|four|[2-9]))?)\b"),
        (Part::Dose, r"\bapply\s+(?:a\s+)?(thin layer|thin film|small amount|sparingly|pea[- ]sized amount|liberally|generously)"),
        (Part::Route, r"\b(?:by mouth|per mouth|orally|oral(?:ly)?|p\.?\s?o\.?|per os|sublingual(?:ly)?|under (?:the|your) tongue|subcutaneous(?:ly)?|under the skin|into the skin|subcut\.?|sub-?q|sub-?cut|s\.?c\.?|s\.?q\.?|intravenous(?:ly)?|i\.?v\.?|intramuscular(?:ly)?|i\.?m\.?|topical(?:ly)?|to (?:the )?(?:affected|skin)\s?(?:area|skin|site)?s?(?:\(s\))?|to (?:the )?skin|on (?:the )?skin|by inhalation|inhaled|inhalation|via inhal(?:er|ation)|via (?:nebuli[sz]er|spacer)|nebuli[sz]ed|inh|into (?:each|both|the|one) (?:nostrils?|lungs)|(?:in|into|to) (?:each|both|the|left|right|affected|the affected|the left|the right) (?:eyes?|ears?|nostrils?|eye\(s\)|nares)|each nostril|both eyes|left eye|right eye|intranasal(?:ly)?|nasal(?:ly)?|ophthalmic|otic|transdermal(?:ly)?|rectal(?:ly)?|per rectum|p\.?r\.?|vaginal(?:ly)?|intravaginally|p\.?v\.?|buccal(?:ly)?|via (?:peg|ng|g-tube)(?: tube)?|o\.?u\.?|o\.?s\.?|top|td|s\.?l\.?|epidural)"),
        (Part::Form, r"\b(FORMS)"),
        (Part::Prn, r"\b(?:as needed|when needed|if needed|as required|when required|if required|when necessary|p\.?r\.?n\.?|as necessary)"),
        (Part::Instructions, r"(?:\bas directed|\buse as directed|\btake as directed|\bwith (?:plenty of |a full glass of )?(?:water|food|meals|milk)|\bon an empty stomach|\bdo not (?:crush|chew|drive|stop)[^.;\n]*|\buntil (?:finished|gone|complete|all taken)|\bfor (?:pain|fever|nausea|cough|wheez(?:e|ing)|itching|sleep|anxiety|allergies|shortness of breath|blood pressure|cholesterol|diabetes|constipation|insomnia|heartburn|spasms?|headaches?|infection|sob|chest pain)(?: (?:or|and|/) [a-z]+)?|\b(?:then|followed by)\s+[^.;\n]*)"),
    ]
    .into_iter()
    .map(|(part, pattern)| {
        let combo = r"(?:\s?[-/+]\s?NUM\s*(?:UNIT)?)*(?:PER)?(?:\s?[/+]\s?NUM\s*(?:UNIT)(?:PER)?)*";
        (part, re(&expand(&pattern.replace("PERCOMBO", combo))))
    })
    .collect()
});

fn frequency_pattern() -> String {
    let times = r"(?:once|twice|thrice|(?:one|two|three|four|five|six|[0-9]+(?:\s?[-–]\s?[0-9]+)?)\s*(?:times?|x|×)|[0-9]\s?x)";
    let day_part = r"(?:mornings?|evenings?|nights?|bedtime|noon|afternoons?|breakfast|lunch|dinner|supper|midday|am|pm|hs)";
    let weekday = r"(?:mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|mon|tues?|wed|thurs?|fri|sat|sun)";
    let period = r"(?:hours?|hrs?|hr|h|hourly|days?|weeks?|wks?|months?|minutes?|mins?)";
    let atom = [
        format!(r"{times}\s*(?:a|per|each|every|/|in a|in the|at)?\s*(?:day|daily|week|weekly|month|monthly|night|nightly|{day_part})(?:\s*\((?:am|pm|bedtime|hs|with meals?|with food|before (?:am )?meal)\))?"),
        format!(r"every\s*(?:other\s*|(?:[0-9lO]+(?:\s?(?:[-–]|to)\s?[0-9]+)?|one|two|three|four|six|eight|twelve)\s*)?{period}\b"),
        format!(r"(?:every|each|in the|at|before|after|with)\s*(?:other\s*)?(?:the\s*)?(?:{day_part})\b"),
        format!(r"(?:every|each|on)\s*{weekday}(?:\s*(?:,|and|&|/)\s*{weekday})*"),
        r"every\s*(?:day|week|month|meal)\b".into(),
        r"q\.?\s?[0-9lO]+(?:\s?[-–]\s?[0-9]+)?\s?(?:hours?|hrs?|hr|h|days?|d|weeks?|wks?|w|months?|mins?)\b".into(),
        r"q\.?\s?(?:a\.?m|p\.?m|h\.?s|day|daily|week|weekly|wk|month|mo|noon|evening|morning|night|meal)\b\.?".into(),
        r"q\.?o\.?d\b\.?|e\.?o\.?d\b\.?|q\.?i\.?d\b\.?|t\.?i\.?d\b\.?|b\.?i\.?d\b\.?|q\.?d\.?s\b\.?|t\.?d\.?s\b\.?|q\.?d\b\.?|o\.?d\b\.?|b\.?d\b\.?|q\.?h\.?s\b\.?|h\.?s\b\.?|nocte|mane|stat\b|o\.?n\b\.|o\.?m\b\.|qam\b|qpm\b|qod\b".into(),
        r"[0-9½]\s?-\s?[0-9½]\s?-\s?[0-9½](?:\s?-\s?[0-9½])?\b".into(),
        r"(?:once|twice|thrice)\s*(?:daily|weekly|monthly)".into(),
        r"(?:daily|nightly|weekly|monthly|hourly|fortnightly|biweekly|bedtime|once only|single dose)\b".into(),
        format!(r"[0-9]+\s?(?:[-–]\s?[0-9]+\s?)?(?:hourly|{period} apart)"),
    ]
    .join("|");
    let tail = r"(?:with (?:meals?|food|breakfast|lunch|dinner|supper|evening meal)|before (?:meals?|breakfast|food|bed)|after (?:meals?|food|breakfast)|at bedtime|bedtime|at night|in the (?:morning|evening)|a\.?c\b\.?|p\.?c\b\.?|c\.?c\b\.?|hs\b|am\b|pm\b|as needed|when needed|if needed|as required|when required|if required|p\.?r\.?n\b\.?|on an empty stomach)";
    format!(r"\b((?:{atom})(?:\s*(?:,|and|&|\+|then)?\s*(?:{atom}))*(?:[\s,]*\(?{tail}\)?)*)")
}

/// A phrase with its value.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub part: Part,
    /// The whole phrase, label included.
    pub span: Span,
    pub value: Span,
}

/// All phrases of a stretch of text, in reading order.
pub(crate) fn scan(text: &str, within: Range<usize>, taken: &[Span]) -> Vec<Found> {
    let mut out: Vec<Found> = Vec::new();
    for (part, pattern) in PATTERNS.iter() {
        let mut at = within.start;
        while at < within.end {
            let Some(found) = pattern.captures_at(&text[..within.end], at) else {
                break;
            };
            let Some(all) = found.get(0) else { break };
            let value = found.get(1).unwrap_or(all).range();
            let span = all.range();
            let step = text[span.start..].chars().next().map_or(1, char::len_utf8);
            let free = out
                .iter()
                .map(|f| &f.span)
                .chain(taken)
                .all(|other| other.end <= span.start || other.start >= span.end);
            if span.is_empty() || !free || !accept(text, *part, &span, &value, within.start) {
                at = span.start + step;
                continue;
            }
            at = span.end;
            let value = crate::layout::trim_by(text, value, |c| {
                c.is_whitespace() || matches!(c, ',' | ';' | '(')
            });
            let value = balance(text, value);
            out.push(Found {
                part: *part,
                span,
                value,
            });
        }
    }
    out.sort_by_key(|f| f.span.start);
    out
}

/// `(AM` without its other half, or a closing mark too many.
fn balance(text: &str, span: Span) -> Span {
    let part = &text[span.clone()];
    if part.ends_with(')') && !part.contains('(') {
        return span.start..span.end - 1;
    }
    if part.contains('(') && !part.contains(')') && text[span.end..].starts_with(')') {
        return span.start..span.end + 1;
    }
    span
}

/// What a pattern alone cannot say: word ends, case of short abbreviations, numbers without a unit.
fn accept(text: &str, part: Part, span: &Span, value: &Span, from: usize) -> bool {
    let phrase = &text[span.clone()];
    let after = text[span.end..].chars().next();
    let before = text[..span.start].chars().next_back();
    let glued_after = after.is_some_and(|c| c.is_ascii_lowercase())
        && phrase.ends_with(|c: char| c.is_ascii_alphabetic());
    let digit_before = before.is_some_and(|c| c.is_ascii_digit() || c == '.');
    match part {
        Part::Strength => {
            let letters: String = phrase
                .chars()
                .filter(|c| c.is_alphabetic() || *c == '%')
                .collect();
            let has_unit = strength_unit(phrase).is_some();
            // Right behind a drug's name a space may be lost.
            let starts_in_word = span.start > from
                && before.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '/');
            let rest = text[span.end..].to_ascii_lowercase();
            let glued_word = glued_after
                && ![
                    "tab", "cap", "po", "once", "twice", "daily", "oral", "by", "cream", "inhaler",
                    "take", "sol", "inj", "every", "bid", "tid",
                ]
                .iter()
                .any(|word| rest.starts_with(word));
            has_unit && !letters.is_empty() && !starts_in_word && !glued_word && !digit_before
        }
        Part::Dose => !digit_before && !glued_after,
        Part::Route => {
            let short = phrase.len() <= 4;
            let bare = phrase.replace('.', "");
            let abbreviation = short && !bare.eq_ignore_ascii_case("oral");
            let cased = !abbreviation
                || bare.chars().all(char::is_uppercase)
                || matches!(
                    bare.to_lowercase().as_str(),
                    "po" | "iv" | "im" | "sc" | "sl" | "inh" | "sq" | "subq" | "top"
                );
            cased && !glued_after && !before.is_some_and(char::is_alphabetic)
        }
        Part::Form => !glued_after || before.is_some_and(|c| c.is_ascii_digit()),
        Part::Quantity => {
            let number = &text[value.clone()];
            number.chars().any(|c| c.is_ascii_digit())
        }
        Part::Frequency => {
            let bare = phrase.trim().to_lowercase();
            let word = matches!(
                bare.as_str(),
                "on." | "om." | "mane" | "stat" | "bedtime" | "am" | "pm"
            );
            !glued_after && (!word || before.is_some_and(char::is_whitespace))
        }
        Part::Refills => !glued_after && !before.is_some_and(char::is_alphabetic),
        Part::Duration | Part::Prn | Part::Instructions => !glued_after,
    }
}

/// The unit of a strength, in lower case.
pub(crate) fn strength_unit(strength: &str) -> Option<String> {
    static AFTER: LazyLock<Regex> = LazyLock::new(|| re(&format!(r"[0-9OolI|]\s*({UNIT})")));
    AFTER
        .captures_iter(strength)
        .last()
        .and_then(|c| c.get(1))
        .map(|m| m.as_str().to_lowercase())
}

/// The route's normal form.
pub(crate) fn route_norm(route: &str) -> Option<&'static str> {
    let text = route.to_lowercase().replace('.', "");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let has = |part: &str| text.contains(part);
    Some(match text.as_str() {
        "po" | "p o" | "by mouth" | "per mouth" | "per os" => "oral",
        "sc" | "sq" | "subq" | "sub-q" => "subcutaneous",
        "iv" => "intravenous",
        "im" => "intramuscular",
        "sl" => "sublingual",
        "pr" => "rectal",
        "pv" => "vaginal",
        "inh" => "inhalation",
        "top" => "topical",
        "td" => "transdermal",
        "ou" | "os" => "ophthalmic",
        _ if has("oral") => "oral",
        _ if has("tongue") || has("sublingual") => "sublingual",
        _ if has("subcut") || has("under the skin") || has("sub-cut") || has("into the skin") => {
            "subcutaneous"
        }
        _ if has("transdermal") || text == "to the skin" || text == "to skin" => "transdermal",
        _ if has("intravenous") => "intravenous",
        _ if has("intramuscular") => "intramuscular",
        _ if has("nostril") || has("nasal") || has("nares") => "nasal",
        _ if has("eye") || has("ophthalmic") => "ophthalmic",
        _ if has("ear") || has("otic") => "otic",
        _ if has("inhal") || has("nebul") || has("spacer") || has("lungs") => "inhalation",
        _ if has("topical") || has("affected") || has("skin") => "topical",
        _ if has("rect") => "rectal",
        _ if has("vagina") => "vaginal",
        _ if has("buccal") => "buccal",
        _ if has("tube") || has("peg") || has("ng") => "enteral tube",
        _ if has("epidural") => "epidural",
        _ => return None,
    })
}

/// The frequency's normal form.
pub(crate) fn frequency_norm(frequency: &str) -> String {
    let text = frequency.to_lowercase().replace(['.', ',', '(', ')'], " ");
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
    ];
    let mut prn = false;
    for phrase in needed {
        if text == phrase {
            return "as needed".into();
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
        (" ac", " with meals"),
        ("before meals", " before meals"),
        ("after meals", " after meals"),
        (" pc", " after meals"),
    ] {
        if let Some(rest) = text.strip_suffix(phrase) {
            text = rest.trim_end().to_owned();
            meals = norm;
            break;
        }
    }
    let base = base_frequency(&text);
    format!("{base}{meals}{}", if prn { " as needed" } else { "" })
}

/// Phrases with one normal form; empty for others.
fn fixed_frequency(text: &str) -> &'static str {
    match text {
        "daily" | "qd" | "od" | "every day" | "each day" | "q24h" | "every 24 hours" | "qday"
        | "q day" | "q daily" | "qdaily" | "once daily" | "once per day" | "once a day" => {
            "once daily"
        }
        "bid"
        | "bd"
        | "every morning and every evening"
        | "every morning and evening"
        | "morning and night"
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
        | "every am" => "every morning",
        "qpm"
        | "q pm"
        | "every evening"
        | "each evening"
        | "in the evening"
        | "once daily in the evening"
        | "once daily pm"
        | "every pm" => "every evening",
        "weekly" | "qweek" | "q week" | "qwk" | "q wk" | "every week" | "once weekly"
        | "once a week" | "q weekly" => "once weekly",
        "every other day" | "qod" | "eod" | "every 2 days" | "q2days" => "every other day",
        "fortnightly" | "every 2 weeks" | "every two weeks" | "every other week" | "q2weeks"
        | "q2wk" => "every 2 weeks",
        "monthly" | "every month" | "once a month" | "once monthly" => "once monthly",
        "every 3 days" | "q72h" | "every 72 hours" => "every 72 hours",
        "stat" | "once only" | "single dose" => "once",
        _ => "",
    }
}

fn base_frequency(text: &str) -> String {
    static HOURS: LazyLock<Regex> = LazyLock::new(|| {
        re(r"^(?:q|every)\s?([0-9]+(?:\s?(?:-|–|to)\s?[0-9]+)?)\s?(?:h|hr|hrs|hours?|hourly)$")
    });
    static TIMES: LazyLock<Regex> = LazyLock::new(|| {
        re(
            r"^(once|one|1|twice|two|2|thrice|three|3|four|4|five|5|six|6)\s*(?:times?|x|×)?\s*(?:a|per|each|every|/|in a)?\s*(day|daily|week|weekly|month|monthly)$",
        )
    });
    static PATTERN: LazyLock<Regex> =
        LazyLock::new(|| re(r"^([0-9])\s?-\s?([0-9])\s?-\s?([0-9])(?:\s?-\s?([0-9]))?$"));
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
            _ => "six times",
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
    use super::{Part, frequency_norm, scan};

    #[test]
    fn phrases() {
        use Part::{Dose, Duration, Form, Frequency, Quantity, Refills, Route, Strength};
        for (text, want) in [
            ("650mg Tablet", vec![(Strength, "650mg"), (Form, "Tablet")]),
            (
                "1tablet orally every 6 hours as needed",
                vec![
                    (Dose, "1tablet"),
                    (Route, "orally"),
                    (Frequency, "every 6 hours as needed"),
                ],
            ),
            (
                "1 tab po b.i.d. x 30 days",
                vec![
                    (Dose, "1 tab"),
                    (Route, "po"),
                    (Frequency, "b.i.d."),
                    (Duration, "30 days"),
                ],
            ),
            ("# 30 RF: 5", vec![(Quantity, "30"), (Refills, "5")]),
            ("Qty:60Refills:0", vec![(Quantity, "60"), (Refills, "0")]),
            (
                "160-4.5 mcg Inhaler",
                vec![(Strength, "160-4.5 mcg"), (Form, "Inhaler")],
            ),
            (
                "100 units/mL, 6 units under the skin at bedtime",
                vec![
                    (Strength, "100 units/mL"),
                    (Strength, "6 units"),
                    (Route, "under the skin"),
                    (Frequency, "at bedtime"),
                ],
            ),
            (
                "0.1%, 1 application to affected area two times a day",
                vec![
                    (Strength, "0.1%"),
                    (Dose, "1 application"),
                    (Route, "to affected area"),
                    (Frequency, "two times a day"),
                ],
            ),
            (
                "1-2 tablets q4-6h prn",
                vec![(Dose, "1-2 tablets"), (Frequency, "q4-6h prn")],
            ),
            ("5 mg od", vec![(Strength, "5 mg"), (Frequency, "od")]),
            (
                "500 mg 1-0-1 for 7 days",
                vec![
                    (Strength, "500 mg"),
                    (Frequency, "1-0-1"),
                    (Duration, "7 days"),
                ],
            ),
            (
                "600mg/400IU tablet twice daily",
                vec![
                    (Strength, "600mg/400IU"),
                    (Form, "tablet"),
                    (Frequency, "twice daily"),
                ],
            ),
            (
                "250 mg/5 mL suspension",
                vec![(Strength, "250 mg/5 mL"), (Form, "suspension")],
            ),
            (
                "90 mcg/actuation inhaler, 2 puffs every 4-6 hours as needed",
                vec![
                    (Strength, "90 mcg/actuation"),
                    (Form, "inhaler"),
                    (Dose, "2 puffs"),
                    (Frequency, "every 4-6 hours as needed"),
                ],
            ),
        ] {
            let found = scan(text, 0..text.len(), &[]);
            let got: Vec<_> = found
                .iter()
                .map(|f| (f.part, &text[f.value.clone()]))
                .collect();
            assert_eq!(got, want, "{text}");
        }
    }

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
            ("tid with meals", "three times daily with meals"),
            ("3x daily", "three times daily"),
        ] {
            assert_eq!(frequency_norm(printed), want, "{printed}");
        }
    }
}
