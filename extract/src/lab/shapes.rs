//! What numbers, ranges, words that are results and units look like in a laboratory row.

use std::sync::LazyLock;

use regex::Regex;

use super::{cells::CellKind, flags};

pub(super) fn re(pattern: &str) -> Regex {
    Regex::new(&format!("^(?:{pattern})")).expect("a cell pattern is a valid expression")
}

pub(super) const N: &str = r"[-+]?(?:[0-9]{1,4},[0-9]{1,2}\b|[0-9][0-9OoIl]*(?:,[0-9]{3})*(?:\.[0-9OoIl]+)?|[OoIl][0-9OoIl]*(?:\.[0-9OoIl]*[0-9][0-9OoIl]*)|[OoIl][OoIl]?[0-9][0-9OoIl]*|\.[0-9]+)";

pub(super) static DATE: LazyLock<Regex> = LazyLock::new(|| {
    re(
        r"[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{2,4}|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}:[0-9]{2}(?:\s?[ap]m)?",
    )
});
pub(super) static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    re(&format!(
        r"{N}\s?(?:-|–|—|~|−|to\s)\s?{N}%?|[OoIl]\s?[-–]\s?[0-9]{{1,3}}|(?i:up to|less than|greater than|more than|below|above|under|over)\s+{N}"
    ))
});
pub(super) static BOUND: LazyLock<Regex> =
    LazyLock::new(|| re(&format!(r"(?:[<>≤≥]\s?(?:(?i:or)\s?)?=?|=>|=<)\s?{N}")));
pub(super) static NUMBER: LazyLock<Regex> = LazyLock::new(|| re(N));
pub(super) static GRADE: LazyLock<Regex> =
    LazyLock::new(|| re(r"[1-4l]\s?\+|\+{1,4}|(?:[<>≤≥]=?\s?)?1:\s?[0-9]{1,4}"));
pub(super) static WORD: LazyLock<Regex> = LazyLock::new(|| {
    re(
        r"(?i:(?:A|B|AB|O)\s?(?:Rh\s?\(?D?\)?\s?)?(?:positive|negative|pos|neg|\+ve|-ve)|\+ve|-ve|negative|positive|trace|no organisms? (?:seen|isolated|grown)|none seen|none detected|not detected|not seen|detected|non[- ]?reactive|reactive|absent|present|clear|cloudy|hazy|(?:slightly|mildly|very) (?:cloudy|hazy|turbid)|turbid|scanty|plenty|abundant|profuse|field full|weakly positive|weak positive|strongly positive|not reactive|yellow|straw|amber|pale yellow|light yellow|dark yellow|colou?rless|red|brown|orange|pink|normal|few|many|moderate|rare|occasional|small|large|none|nil|neg|pos|indeterminate|equivocal|immune|non[- ]?immune|no growth|tntc|sterile|packed|some|numerous|heavy|light|scant|pending)\b",
    )
});
/// `Present (++)`, `Granular casts seen`: what was seen, and how much of it.
pub(super) static SEEN: LazyLock<Regex> = LazyLock::new(|| {
    re(
        r"(?i:(?:present|seen|positive|detected|reactive)\s?\((?:\+{1,4}|[1-4]\s?\+)\)|(?:(?:few|many|occasional|fine|coarse|finely|coarsely) )?(?:granular|hyaline|waxy|cellular|epithelial|red cell|white cell|calcium oxalate|uric acid|triple phosphate|amorphous(?: phosphate| urate)?) (?:casts?|crystals?) (?:(?:seen|present|noted)\b|\+{1,3}))",
    )
});
pub(super) static SIGN: LazyLock<Regex> = LazyLock::new(|| re(r"[+-][ \t]{2,}"));
pub(super) static UNIT: LazyLock<Regex> = LazyLock::new(|| {
    re(
        r"(?i:(?:gms?|g|mg)\s?%|mm\s?(?:/|in\s)?\s?(?:at\s(?:the\s)?end\sof\s)?1st\s?h(?:ou)?r|mm\s?/\s?hour|(?:[x×]\s?)?10\s?(?:[\^*~°'’`\x22e]\s?){0,2}(?:12|[369³⁶⁹°º]|¹²)\s?/\s?(?:[uµμm]?[lL]|mm3|cu\.?\s?mm|c\.?mm)\b|10\s?%\s?/\s?[uµμm]?[lL]|x\s?10[\^]?[0-9EO³⁶⁹]+\s?/\s?[uµμm]?[lL]|m[lI1]\s?/\s?min\s?(?:/\s?1[.,]73\s?(?:m2|m²|m\^2|sq\.?\s?m|m)?)?|(?:[munpfkµμ]?(?:g|gms?|mol|IU|U|Eq|cg|L|cell|cells|thou|mill|copies|EU|kat)|[munpµμ]\s?m\s?o\s?[lI1|]|lakhs?|lacs?|(?:micro|milli|nano|pico)?(?:grams?|mol(?:es?)?)|mcg|ug|mIU|uIU|µIU|kIU|mEq|mOsm|mmol|umol|nmol|pmol|mU|kU|AU|RU|IU|units?|K|M|thousand|million|ng|pg|fg|mm|#|titer|cfu|mosm|mmoi|mmo1|miu|uiu)\s?/\s?(?:d[lLI1|]|m[lLI1|]|[uµμ][lLI1|]|[lLI1|]|hr|h|hpf|lpf|kg|g|mol|mmol|mcL|cu\.?\s?mm|c\.?mm|mm3|mg|24\s?h(?:r|rs|ours)?|day|[0-9]+\s?[hH]|creat|g creat|mg creat|mmol creat|fL|100\s?mL|min|field)(?:\s?(?:creat|Hb|Cr|FEU|DDU|protein)\b)?|kPa|/\s?cu\.?\s?mm|%|fL|fl|pg|ratio|sec(?:onds?|s)?|s|mmHg|mm\s?Hg|units|cells|index|S/CO|score|log|mm|nm|/\s?[hl]pf|/\s?[uµμ]L|mm/hr|mg/dL|g|mg|ng|min|kU/L|U|°C|titer|mmol|AI|Ehrlich units?)",
    )
});

/// How many bytes go on with a number whose thousands a space parts, `68 400 IU/L`: groups of three digits behind one or
/// two, up to the end of a cell, a flag or a unit. Three digits before them are a value of another column, `138 140`; and
/// since narrow columns may look alike for others too, such a value is for a person to see.
pub(super) fn grouped_thousands(head: &str, tail: &str) -> Option<usize> {
    static GROUPS: LazyLock<Regex> = LazyLock::new(|| re(r"(?: [0-9]{3})+"));
    let leads = (1..=2).contains(&head.len())
        && head.bytes().all(|b| b.is_ascii_digit())
        && !head.starts_with('0');
    let groups = GROUPS.find(tail).filter(|_| leads)?;
    let behind = &tail[groups.end()..];
    let next = behind.trim_start_matches(' ');
    let ends = next.is_empty()
        || next.starts_with(['\t', '\n'])
        || behind.starts_with("  ")
        || flags::FLAG.is_match(next)
        || behind.starts_with(' ') && starts_unit(next);
    ends.then_some(groups.end())
}

/// `10*3/uL`, `10^9/L`.
pub(super) fn power_of_ten(text: &str) -> bool {
    text.strip_prefix("10")
        .is_some_and(|rest| rest.starts_with(['*', '^', 'E', 'e']))
}

pub(super) fn starts_unit(text: &str) -> bool {
    UNIT.find(text)
        .is_some_and(|m| !text[m.end()..].starts_with(|c: char| c.is_alphanumeric()))
}

/// `xyz/dL`: shaped like a unit, though not in the table.
pub(super) fn generic_unit(rest: &str, has_value: bool) -> Option<(CellKind, usize)> {
    static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
        re(r"[A-Za-zµμ][A-Za-zµμ0-9.^*]{0,6}/[A-Za-zµμ0-9.^²³]{1,10}(?:/[A-Za-z0-9.²^]{1,8})?")
    });
    has_value
        .then(|| SHAPE.find(rest))
        .flatten()
        .filter(|m| rest[m.end()..].starts_with(char::is_whitespace) || m.end() == rest.len())
        .filter(|m| !matches!(&*m.as_str().to_lowercase(), "n/a" | "n/d" | "n/r"))
        .map(|m| (CellKind::Unit, m.end()))
}

/// Is this, whole, a range or a bound?
pub(crate) fn is_range(text: &str) -> bool {
    let whole = |shape: &Regex| shape.find(text).is_some_and(|m| m.end() == text.len());
    whole(&RANGE) || whole(&BOUND)
}

/// Is this, whole, a unit that the table knows?
pub(crate) fn is_unit(text: &str) -> bool {
    UNIT.find(text).is_some_and(|m| m.end() == text.len())
}
