//! Flags of results: where they stand, and what they say.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    cells::{Cell, CellKind},
    shapes::re,
};

// A small raised star is often read as a degree or a quote.
pub(super) static FLAG: LazyLock<Regex> = LazyLock::new(|| {
    re(
        r"(?:HH|LL|H|L|A|AA|N|C|ABN|Abn|CH|CL)\*{0,2}(?:[\s\t)\]]|$)|[*!]{1,2}\s?(?:HH|LL|H|L)\*{0,2}(?:[\s\t)\]]|$)|\[(?:HH|LL|H|L|A)\]|\((?:HH|LL|H|L|A)\)|(?i:critical(?:ly)? (?:high|low)|high|low|abnormal|critical|panic|very high|very low|borderline(?: high)?)\b|\*{1,2}|[↑↓▲▼]|[!]{1,2}(?:\s|$)|[°\x22”](?:\s|$)|(?i:(?:above|below)(?: (?:range|normal|reference))?|raised|elevated|reduced)\s*(?:\t|$)",
    )
});
/// `*101`, `▲ 2.71`: the star or arrow of a flag stands before its number.
pub(super) fn leading_flag(rest: &str) -> Option<usize> {
    let mark = rest.chars().next().filter(|mark| "*↑↓▲▼".contains(*mark))?;
    let behind = &rest[mark.len_utf8()..];
    let number = behind.strip_prefix(' ').filter(|_| mark != '*');
    number
        .unwrap_or(behind)
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some(mark.len_utf8())
}

/// Does a flag stand before the value that begins here, and not behind the one before?
pub(crate) fn leads(text: &str, flag: &Cell, value: &Cell) -> bool {
    flag.kind == CellKind::Flag
        && flag.span.end <= value.span.start
        && leading_flag(&text[flag.span.start..]) == Some(flag.span.len())
        && matches!(&text[flag.span.end..value.span.start], "" | " ")
}

/// Is it one of the usual flags, and not only something in their place?
pub(crate) fn is_flag(read: &str) -> bool {
    const OTHERS: [&str; 5] = ["A", "ABN", "ABNORMAL", "N", "NORMAL"];
    let bare = read.trim_matches(|c: char| !c.is_alphanumeric() && !"*↑↓▲▼".contains(c));
    let marked = !bare.is_empty() && bare.chars().all(|c| c == '*');
    marked
        || OTHERS.contains(&bare.to_uppercase().as_str())
        || flag_norm(bare).is_some_and(|flag| flag != "Abnormal")
}

/// The usual form of a flag; none where it says that nothing is wrong.
pub(crate) fn flag_norm(flag: &str) -> Option<&'static str> {
    let bare = flag
        .trim()
        .trim_matches(['(', ')', '[', ']'])
        .to_uppercase();
    let letters = bare.trim_matches(['*', '!']).trim();
    Some(
        match if letters.is_empty() {
            bare.as_str()
        } else {
            letters
        } {
            "H" | "HIGH" | "BORDERLINE HIGH" | "↑" | "▲" | "ABOVE" | "ABOVE RANGE"
            | "ABOVE NORMAL" | "ABOVE REFERENCE" | "RAISED" | "ELEVATED" | "+" => "H",
            "L" | "LOW" | "↓" | "▼" | "BELOW" | "BELOW RANGE" | "BELOW NORMAL"
            | "BELOW REFERENCE" | "REDUCED" | "-" => "L",
            "HH" | "CRITICAL HIGH" | "CRITICALLY HIGH" | "VERY HIGH" | "CH" => "HH",
            "LL" | "CRITICAL LOW" | "CRITICALLY LOW" | "VERY LOW" | "CL" => "LL",
            "N" | "BORDERLINE" => return None,
            _ => "Abnormal",
        },
    )
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn letters_between_marks_are_the_flag() {
        for (row, want) in [
            ("Ferritin   8     *L*   (15 - 150)     ug/L", "L"),
            ("Ferritin   412   **H** (15 - 150)     ug/L", "H"),
            ("Ferritin   412   !H    15 - 150       ug/L", "H"),
            ("Ferritin   412   (H)   15 - 150       ug/L", "H"),
            ("Ferritin   2     *LL*  15 - 150       ug/L", "LL"),
            ("Ferritin   412   *     15 - 150       ug/L", "Abnormal"),
            ("Ferritin   80          15 - 150       ug/L", ""),
        ] {
            let text = format!("Test   Result   Range   Unit\n{row}\n");
            assert_eq!(told(&text, "lab", ["flag"]), [[want]], "{row}");
        }
    }
}
