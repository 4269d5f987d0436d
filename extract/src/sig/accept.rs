//! What the pattern of a phrase alone cannot say: where words end, whether short abbreviations are written as ones,
//! what a number without a unit counts.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    Found, Part, counts, is_form,
    pattern::{self, re},
    unit::strength_unit,
};
use crate::layout::Span;

/// What a pattern alone cannot say: word ends, case of short abbreviations, numbers without a unit.
pub(super) fn accept(
    text: &str,
    part: Part,
    span: &Span,
    value: &Span,
    from: usize,
    found: &[Found],
) -> bool {
    let phrase = &text[span.clone()];
    let after = text[span.end..].chars().next();
    let before = text[..span.start].chars().next_back();
    let glued_after = after.is_some_and(|c| c.is_ascii_lowercase())
        && phrase.ends_with(|c: char| c.is_ascii_alphabetic());
    // `0800          GORD`: a time of day in a column of its own.
    if matches!(part, Part::Strength | Part::Dose) && is_clock(phrase) {
        return false;
    }
    let digit_before = before.is_some_and(|c| c.is_ascii_digit() || c == '.');
    let upto = text[..span.start].trim_end().len();
    let behind = |part: Part| found.iter().any(|f| f.part == part && f.span.end == upto);
    match part {
        Part::Strength if is_bare_pair(phrase) => {
            let named = span.start <= from + 1 && !could_be_day(phrase);
            (named || before_form(text, span.end)) && !matches!(before, Some('/' | '-'))
        }
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
            // `long` is no ten nanograms.
            let word = phrase.len() > 3 && phrase.chars().all(|c| c.is_ascii_lowercase());
            has_unit
                && !word
                && !letters.is_empty()
                && !starts_in_word
                && !glued_word
                && !digit_before
        }
        Part::Dose => {
            // A bare count stands before a frequency and is otherwise the number of something else.
            let bare = !text[value.clone()].contains(' ') && span.start < value.start;
            // A column of a chart: nothing is taken then. `7/7` above another line is a course.
            let said = &text[value.clone()];
            let nothing = said.split_whitespace().next() == Some("0") || said.contains('\n');
            let lead = text[span.start..value.start].trim();
            let next = value.end + text[value.end..].len() - text[value.end..].trim_start().len();
            // `one po bd`: the route may stand between.
            let often = next
                + ROUTE_NEXT
                    .find(&text[next..])
                    .map_or(0, |route| route.end());
            let counts = found.iter().any(|f| {
                f.part == Part::Frequency && (f.span.start == next || f.span.start == often)
            });
            // `7 days only`, `at 0, 2 and 6 wk` count time, `2 December` is a day.
            let lone = said.chars().all(|c| c.is_ascii_digit());
            let timed = lone && TIMED.is_match(&text[value.end..]);
            // `OGTT`: no letter O stands for a number at the front of a word.
            let wordy = said
                .strip_prefix(['O', 'o'])
                .is_some_and(|rest| is_form(&rest.to_lowercase()));
            // `nasal spray` above `2 sprays`: the form and no verb.
            let noun =
                phrase.to_lowercase().starts_with("spray") && SITE.is_match(&text[..span.start]);
            // `28      Dose changed`: the next column begins with the word.
            let parted = WIDE
                .find(said)
                .is_some_and(|gap| said[gap.end()..].to_lowercase().starts_with("dose"));
            // `Trajenta 5 OD`: nobody takes five of a product that is not named.
            let many =
                lone && span.start <= from + 1 && matches!(said, "5" | "6" | "7" | "8" | "9");
            // `665mg 2 tds`: between two words a count stands only behind what it counts.
            let inner = bare && text[span.start..value.start] == *" ";
            // Forms are found later than counts: `100mg caps i bd`.
            let word = text[..upto]
                .rsplit([' ', '\t', '\n'])
                .next()
                .unwrap_or_default();
            let formed = word.chars().all(char::is_alphabetic) && is_form(&word.to_lowercase());
            // `Adcal D3 one twice daily`.
            let named = span.start <= from + 1;
            let counted = behind(Part::Strength) || behind(Part::Form) || formed || named;
            let digit_before =
                text[..value.start].ends_with(|c: char| c.is_ascii_digit() || c == '.');
            !digit_before
                && !is_item(text, value)
                && said != "I"
                && !timed
                && !parted
                && !wordy
                && !noun
                && !many
                && !nothing
                && before != Some('/')
                && !glued_after
                && (!inner || counted)
                && (!bare || counts || !lead.is_empty() && !another_noun(text, next))
        }
        Part::Route => {
            let short = phrase.len() <= 4;
            let bare = phrase.replace('.', "");
            let abbreviation = short && !bare.eq_ignore_ascii_case("oral");
            let cased = !abbreviation
                || bare.chars().all(char::is_uppercase)
                || matches!(
                    bare.to_lowercase().as_str(),
                    "po" | "iv"
                        | "im"
                        | "sc"
                        | "s/c"
                        | "s/l"
                        | "i/v"
                        | "i/m"
                        | "sl"
                        | "inh"
                        | "neb"
                        | "sq"
                        | "subq"
                        | "top"
                );
            let eye = !bare.eq_ignore_ascii_case("od") || cased && is_drop(text, found, upto);
            // `PR` of `PRN`.
            let cut = short && after.is_some_and(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
            cased && eye && !cut && !glued_after && !before.is_some_and(char::is_alphabetic)
        }
        Part::Form => {
            // `PEN` of `PENDING`.
            let cut = after.is_some_and(char::is_uppercase) && phrase.ends_with(char::is_uppercase);
            !cut && (!glued_after || before.is_some_and(|c| c.is_ascii_digit()))
        }
        Part::Quantity => {
            let number = &text[value.clone()];
            // `#19 extracted` counts teeth.
            let of_else = phrase.trim_start().starts_with('#') && another_noun(text, span.end);
            // `Aspirin disp   300 mg`: dispersible, and no pieces are of so many milligrams.
            let weighed = WEIGHED.is_match(&text[value.end..]);
            // `#2 Hypertension` at the beginning of a line is the next problem.
            let item = phrase.trim_start().starts_with('#')
                && number.len() == 1
                && text[..span.start + phrase.len() - phrase.trim_start().len()]
                    .trim_end_matches([' ', '\t'])
                    .ends_with('\n')
                && ITEM.is_match(&text[span.end..]);
            number.chars().any(|c| c.is_ascii_digit()) && !of_else && !weighed && !item
        }
        Part::Frequency => {
            let bare = phrase.trim().to_lowercase();
            let word = matches!(bare.as_str(), "mane" | "stat" | "bedtime" | "am" | "pm");
            // Words of other sentences, unless a dose or its route stands before them.
            let common = matches!(bare.as_str(), "on" | "om" | "on." | "om." | "once" | "now");
            let last = text[span.end..].trim_start_matches([' ', '\t']);
            // `78 mcg/mL on 24/03/2025` is a day.
            // and `15mg ON 3/7` is three nights.
            let nights = phrase.trim() == "ON" && COURSE.is_match(last);
            let dated = bare == "on" && !nights && last.starts_with(|c: char| c.is_ascii_digit());
            let a_day = bare.starts_with("a ") || bare.starts_with("per ");
            let apart =
                text[span.end..].starts_with(['\t', '\n']) || text[span.end..].starts_with("  ");
            let needed = last.to_lowercase().starts_with("prn");
            let ends = apart || needed || !last.starts_with(|c: char| c.is_alphabetic()) && !dated;
            let dosed = [Part::Dose, Part::Strength, Part::Route, Part::Form]
                .into_iter()
                .any(behind);
            let dosed = dosed || follows_label(&text[..span.start]);
            let eye = phrase.starts_with("OD") && is_drop(text, found, upto);
            // The number before `-hourly` is not understood.
            let cut = bare == "hourly" && matches!(before, Some('-' | '–' | '0'..='9'));
            // `1/2-0-0` of `1-1/2-0-0`, where a reader lost what joins them.
            let cut = cut
                || bare.starts_with(|c: char| c.is_ascii_digit())
                    && bare.contains('-')
                    && (digit_before || matches!(before, Some('/' | '-')));
            // `on day 1 then`: the rest is told in the instructions.
            let step = bare.starts_with("on day") && last.starts_with("then");
            let clock = bare
                .strip_prefix("at ")
                .is_some_and(|time| time.starts_with(|c: char| c.is_ascii_digit()));
            let past = clock && happened(&text[..span.start]);
            !glued_after
                && !eye
                && !cut
                && !step
                && !past
                && (!a_day || is_counted_a_day(&text[..span.start]))
                && (!word || before.is_some_and(char::is_whitespace))
                && (!common || dosed && ends)
        }
        // `may repeat x1`: a further dose.
        Part::Refills => {
            let again = text[..span.start]
                .trim_end()
                .to_lowercase()
                .ends_with("may");
            !again && !glued_after && !before.is_some_and(char::is_alphabetic)
        }
        // `5 days` without a word before it belongs to the frequency that it follows.
        Part::Duration => {
            let bare = span.start == value.start && !phrase.contains('-');
            // `1 x 200 dose`: packs of so many.
            let pack = phrase.to_lowercase().contains("dose")
                && text[..span.start]
                    .trim_end()
                    .ends_with(|c: char| c.is_ascii_digit());
            // `10/12 0800`: a day and a time.
            let day = COURSE.is_match(phrase) && CLOCK_BEHIND.is_match(&text[span.end..]);
            // `PO      2/12`: a course in a column of its own.
            let column = COURSE.is_match(phrase)
                && (text[..span.start].ends_with("  ") || text[..span.start].ends_with('\t'))
                && CLOSED.is_match(&text[span.end..]);
            // `once daily, 3 months` at the end of a cell.
            let parted = text[..upto]
                .strip_suffix(',')
                .map(|often| often.trim_end().len());
            let last = CLOSED.is_match(&text[span.end..])
                && found
                    .iter()
                    .any(|f| f.part == Part::Frequency && Some(f.span.end) == parted);
            !pack
                && !day
                && !glued_after
                && !digit_before
                && (!bare || column || last || behind(Part::Frequency))
        }
        Part::Prn | Part::Instructions => !glued_after,
    }
}

/// A route between how much and how often.
static ROUTE_NEXT: LazyLock<Regex> =
    LazyLock::new(|| re(r"^(?:p\.?o|s\.?l|p\.?r|i\.?m|i\.?v|s\.?c|s/c|orally|by mouth)\.?\s+"));

/// `7 Tab. Pantoprazole`: the number of an item on a line of its own, before an abbreviated form and a name.
fn is_item(text: &str, value: &Span) -> bool {
    let rest = &text[value.end..];
    let first = text[..value.start].chars().next_back();
    let form = text[value.clone()].split(' ').nth(1).unwrap_or_default();
    first.is_none_or(|c| c == '\n')
        && form.starts_with(char::is_uppercase)
        && rest
            .strip_prefix(". ")
            .is_some_and(|name| name.starts_with(char::is_uppercase))
}

/// `3/7`, `2/52`.
static COURSE: LazyLock<Regex> = LazyLock::new(|| re(r"^[0-9]{1,2}/(?:7|52|12)\b"));

/// The end of a cell, or of a course.
static CLOSED: LazyLock<Regex> = LazyLock::new(|| re(r"^(?:\s{2}|\t|\n|$|\s+then\b)"));

/// A time of day.
static CLOCK_BEHIND: LazyLock<Regex> =
    LazyLock::new(|| re(r"^\s+(?:[01][0-9]|2[0-3]):?[0-5][0-9]\b"));

/// A number of days or weeks, one of several numbers, or the day of a month.
static TIMED: LazyLock<Regex> = LazyLock::new(|| {
    re(
        r"^\s*(?:more |further |extra )?(?:days?|d|weeks?|wks?|wk|months?|mths?|years?|hours?|hrs?|h|mins?|minutes?|times|and|or|of)\b|^ (?:jan(?:uary)?|feb(?:ruary)?|april|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b",
    )
});

/// The name of a problem behind its number.
static ITEM: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[.:)]? \p{Lu}\p{Ll}{3,}").expect("a valid expression"));

/// The unit of a strength.
static WEIGHED: LazyLock<Regex> =
    LazyLock::new(|| re(r"^\s?(?:mg|mcg|micrograms?|microg|µg|ug)\b"));

/// Where a spray goes.
static SITE: LazyLock<Regex> =
    LazyLock::new(|| re(r"\b(?:nasal|oral|sublingual|mouth|throat|buccal|topical)\s$"));

/// What parts the columns of a chart.
static WIDE: LazyLock<Regex> = LazyLock::new(|| re(r"\s{2,}|\t"));

/// `a day`, `per week` behind a number or an amount that is no limit, and with nothing of its own before it.
fn is_counted_a_day(before: &str) -> bool {
    static COUNT: LazyLock<Regex> = LazyLock::new(|| {
        re(
            r"(?:\b(max(?:imum|\.)?(?: dose)?(?: of)?|exceed(?:ing)?|than|up to|at most|by|total(?: of)?|limit(?: of)?)\s+)?\b(?:one|two|three|four|five|six|half|[0-9½.,]+)\s?(?:tab(?:let)?s?|cap(?:sule)?s?|puffs?|drops?|patch(?:es)?|sachets?|units?|iu|mg|mcg|micrograms?|g|ml)?\s*$",
        )
    });
    COUNT
        .captures(before)
        .is_some_and(|found| found.get(1).is_none())
}

/// `Took an extra metoprolol 25 mg at 1600`, `16 units given at 10:25`: when it was, in a sentence that tells of the past.
fn happened(before: &str) -> bool {
    static PAST: LazyLock<Regex> = LazyLock::new(|| {
        re(
            r"(?:^|[^\w ]\s*|\b(?:he|she|they|patient|was|were|last|dose|mg|mcg|g|ml|units?|tablets?)\s+)(?:given|took|taken|administered|received)\b[^.;\n]*$|\b(?:given|administered|received)\s+$",
        )
    });
    static USUAL: LazyLock<Regex> = LazyLock::new(|| {
        re(r"\b(?:to be|should be|is|are)\s+(?:given|taken|administered)\b[^.;\n]*$")
    });
    PAST.is_match(before) && !USUAL.is_match(before)
}

/// Does a longer word in small letters follow that no prescription has: what a number before it counts? `2 carpules`.
fn another_noun(text: &str, at: usize) -> bool {
    const SHORTEST: usize = 5;
    static OF_A_SIG: LazyLock<Regex> = LazyLock::new(|| {
        re(
            r"^(?:refills?|repeats?|times|daily|nightly|weekly|every|each|orally|under|topical|inhal|subling|needed|before|after|night|morning|evening|once|twice|three|tonight|nocte|applied|taken|given|capsul|tabl|to be|[a-z]+ly\b)",
        )
    });
    let rest = text[at..].trim_start_matches([' ', '\t']);
    let word: &str = rest
        .split(|c: char| !c.is_alphabetic())
        .next()
        .unwrap_or_default();
    word.chars().count() >= SHORTEST
        && word.chars().all(char::is_lowercase)
        && !OF_A_SIG.is_match(word)
        && !is_form(word)
        && !counts(word)
}

/// `Freq: OM`.
fn follows_label(before: &str) -> bool {
    static LABEL: LazyLock<Regex> =
        LazyLock::new(|| re(r"\b(?:freq(?:uency)?|directions?|sig)\s*[:.=]\s*$"));
    LABEL.is_match(before)
}

/// Four digits that are a time of day, and a wide gap behind them.
fn is_clock(phrase: &str) -> bool {
    static CLOCK: LazyLock<Regex> =
        LazyLock::new(|| re(r"^\s*(?:[01][0-9]|2[0-3])[0-5][0-9](?:\s{2,}|\t)"));
    CLOCK.is_match(phrase)
}

/// `100/6`, `5/325`: the strengths of two or three substances without a unit. Fractions (`1/2`) and courses
/// (`28/7`, `2/52`, `3/12`) are none.
fn is_bare_pair(phrase: &str) -> bool {
    let parts: Vec<&str> = phrase.split('/').collect();
    let numbers = parts
        .iter()
        .all(|part| part.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    let fraction = parts.iter().all(|part| part.len() == 1);
    let course = parts.len() == 2 && parts[0].len() < 3 && matches!(parts[1], "7" | "52" | "12");
    numbers && parts.len() > 1 && !fraction && !course
}

/// `20/10` may be a day.
fn could_be_day(pair: &str) -> bool {
    let small = |part: &str| part.parse::<f32>().is_ok_and(|n| n < 32.0);
    pair.split('/').take(2).all(small)
}

/// A product's form follows.
fn before_form(text: &str, at: usize) -> bool {
    static FORM: LazyLock<Regex> = LazyLock::new(|| re(&pattern::form_first()));
    FORM.is_match(&text[at..])
}

/// Ends a dose in drops here? `1 gtt OD` is the right eye and not once a day.
fn is_drop(text: &str, found: &[Found], upto: usize) -> bool {
    found.iter().any(|f| {
        let said = text[f.value.clone()].to_lowercase();
        let drops = said.contains("drop") || said.contains("gtt");
        f.part == Part::Dose && f.span.end == upto && drops
    })
}
