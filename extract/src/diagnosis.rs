//! Diagnoses: items of their sections, with a printed ICD code before or after, and what sentences say that
//! someone has, had or may have ([`prose`]); [`phrase`] says where a name begins and ends.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Assertion, Diagnosis, Fact};

use crate::{
    assertion,
    context::Context,
    draft::Draft,
    labels::{self, Target},
    layout::{Span, trim_by},
    sections::{self, SectionKind},
    sig::{self, Part},
};

static CODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:(?i:\bICD(?:[- ]?(?:9|10))?(?:[- ]?CM)?\s*(?:code)?\s*[:#]?\s*))?\b([A-TV-Za-tv-z][0-9][0-9AB](?:\.[0-9A-Za-z]{1,4})|[A-TV-Z][0-9OoIl][0-9AB](?:\.[0-9A-Z]{1,4}|[.,]\s?[0-9][0-9A-Z]{0,3})?)\b").expect("a valid expression")
});
/// The code of an item whose letter was read as a digit; ICD-9 codes look like it too.
static DIGITS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^[\s(\[]*|[(\[]\s*|\s)([0-9][0-9OoIl]{2}\.[0-9A-Z]{1,4})(?:\s*[)\]]|\s|$)")
        .expect("a valid expression")
});
/// Words of what is done about a condition, which no name of one has.
static ACTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:screen(?:ing)?|given|continue|start|stop|increase|discussed|advised|referred|arranged|awaiting)\b")
        .expect("a valid expression")
});
/// Words of a site or system before a colon.
const SITE: usize = 3;
const NO_LETTER: &str = "the code has no letter";
static EMPTY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:none|nil|n/?a|unknown|see (?:above|below)|not applicable|as above|none known|yes|no|x|unremarkable|nil of note|noncontributory)\W*$").expect("a valid expression")
});

mod codes;
mod phrase;
mod prose;

/// All diagnoses; the same once. Those of sentences are none where they are inside `taken` spans: what a drug did to
/// who is allergic to it.
pub(crate) fn extract(context: &Context, taken: &[Span]) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::new();
    let kinds = &[SectionKind::Diagnoses, SectionKind::History];
    for section in context.sections_of(kinds) {
        let first = out.len();
        let heading = context.layout.get(&section.heading).to_lowercase();
        let loose = [
            "impression",
            "opinion",
            "conclusion",
            "assessment",
            "problem",
            "history",
            "indication",
            "background",
            "reason",
        ];
        let free_text = loose.iter().any(|word| heading.contains(word));
        for item in sections::items(&context.layout, &section.body) {
            let parts = short_sentences(context.layout.text, item, section.kind)
                .into_iter()
                .flat_map(|item| at_semicolons(context.layout.text, item))
                .flat_map(|item| comma_list(context, item, section.kind));
            for part in parts {
                out.extend(listed(context, &part, section.kind, free_text));
            }
        }
        doubt_uncoded(&mut out[first..]);
    }
    out.extend(coded_lines(context, &out));
    out.extend(codes::alone(context, &out));
    let mut told = prose::conditions(context, &out);
    told.retain(|draft| !crate::medication::overlaps(&draft.span(), taken));
    out.extend(told);
    out.extend(prose::unknown(context, &out));
    once(context, out)
}

/// In a list whose other items have codes, an item without one was cut or misread.
fn doubt_uncoded(list: &mut [Draft]) {
    let coded = |draft: &Draft| matches!(&draft.fact, Fact::Diagnosis(d) if d.code.is_some());
    let count = list.iter().filter(|draft| coded(draft)).count();
    if count * 2 <= list.len() {
        return;
    }
    for draft in list.iter_mut().filter(|draft| !coded(draft)) {
        draft.doubt("the other items of the list have codes");
    }
}

/// `Lumbar spinal stenosis. Renal cyst.` are two; longer sentences stay together.
fn short_sentences(text: &str, item: Span, kind: SectionKind) -> Vec<Span> {
    const LONGEST: usize = 6;
    let part = &text[item.clone()];
    let pieces: Vec<&str> = part.split_inclusive(". ").collect();
    let short = pieces.iter().enumerate().all(|(n, piece)| {
        piece.split_whitespace().count() <= LONGEST
            && (piece.starts_with(char::is_uppercase) || n == 0 && kind == SectionKind::History)
    });
    if !short {
        return vec![item];
    }
    let mut at = item.start;
    pieces
        .into_iter()
        .map(|piece| {
            let span = at..at + piece.len();
            at = span.end;
            trim_by(text, span, char::is_whitespace)
        })
        .collect()
}

/// `reflux; possible milk allergy` are two.
fn at_semicolons(text: &str, item: Span) -> Vec<Span> {
    let mut at = item.start;
    let mut out = Vec::new();
    for piece in text[item.clone()].split_inclusive(';') {
        let span = at..at + piece.len();
        at = span.end;
        out.push(trim_by(text, span, |c| c.is_whitespace() || c == ';'));
    }
    out
}

/// `hypertension, gout, asthma` are three when most of them are known.
fn comma_list(context: &Context, item: Span, kind: SectionKind) -> Vec<Span> {
    let text = context.layout.text;
    let part = &text[item.clone()];
    let pieces: Vec<&str> = part.split([',', ';', '\n']).collect();
    let known = pieces
        .iter()
        .filter(|p| {
            let bare = p.trim().trim_start_matches("and ").trim_end_matches('.');
            let bare = phrase::without_lead(bare);
            context.lexicon.is_condition(bare)
                || phrase::is_staged(bare, |name| context.lexicon.is_condition(name))
        })
        .count();
    let led = pieces
        .iter()
        .any(|p| phrase::without_lead(p.trim()) != p.trim());
    let several = pieces.len() > 1
        && (known >= 2 || known == 1 && led || known == 1 && kind == SectionKind::History);
    if !several {
        return vec![item];
    }
    let mut at = item.start;
    let mut out = Vec::new();
    for piece in pieces {
        let span = trim_by(text, at..at + piece.len(), char::is_whitespace);
        at += piece.len() + 1;
        let lead = usize::from(text[span.clone()].starts_with("and ")) * 4;
        out.push(span.start + lead..span.end);
    }
    out
}

fn listed(context: &Context, item: &Span, kind: SectionKind, free_text: bool) -> Option<Draft> {
    let text = context.layout.text;
    let unticked = text[..item.start].trim_end().ends_with("[ ]")
        || text[..item.start].trim_end().ends_with("[]");
    let item = &without_number(text, item);
    let (mut name, mut code) = split_code(text, item);
    if code.as_ref().is_some_and(|code| is_digits(text, code)) && !holds_condition(context, &name) {
        (name, code) = (tidy(text, item.clone()), None);
    }
    let code_end = code.as_ref().map_or(name.end, |code| code.end);
    if let Some(cut) = text[name.clone()].find(':') {
        let (lead, rest) = (name.start..name.start + cut, name.start + cut + 1..name.end);
        if context.lexicon.is_condition(&text[lead.clone()]) {
            name.end = lead.end;
        } else if text[lead].split_whitespace().count() <= SITE && holds_condition(context, &rest) {
            // `Right eye: cataract`.
            name = trim_by(text, rest, char::is_whitespace);
        }
    }
    let whole_name = name.clone();
    name = without_date(context, name);
    let dated = name != whole_name;
    name = narrowed(context, name);
    let printed = &text[name.clone()];
    if is_form(text, &name) || codes::only(printed) || tells_age(printed) {
        return None;
    }
    let words = printed.split_whitespace().count();
    let letters = printed.chars().filter(|c| c.is_alphabetic()).count();
    if letters < 2 || EMPTY.is_match(printed) || words > 14 || printed.ends_with(':') {
        return None;
    }
    let medical =
        code.is_some() || holds_condition(context, &name) || context.lexicon.is_classified(printed);
    if dated && !medical || !medical && names_a_field(printed) {
        return None;
    }
    let prose = ACTION.is_match(printed)
        || printed.contains(". ")
        || words > 9
        || printed.contains(" was ")
        || printed.contains(" is ");
    if !medical && (free_text || prose || kind == SectionKind::History || words > 10) {
        return None;
    }
    if medical && free_text && prose {
        return None;
    }
    if context.lexicon.is_any_drug(printed) || context.lexicon.is_analyte(printed) && !medical {
        return None;
    }
    let negative = printed.to_lowercase();
    // `Intolerant of glipizide (hypoglycaemia)` stands among the allergies.
    if negative.starts_with("intoleran")
        || negative.starts_with("allerg") && negative.contains(" to ")
    {
        return None;
    }
    if kind == SectionKind::Diagnoses
        && (negative.starts_with("no ") || negative.starts_with("normal "))
        && !medical
    {
        return None;
    }
    let mut draft = Draft::new(
        Fact::Diagnosis(Diagnosis {
            code: code.as_ref().map(|c| context.text(c)),
        }),
        if medical { 0.95 } else { 0.85 },
    )
    .with("diagnosis", name.clone());
    draft.value = Some(name.clone());
    let whole = name.start.min(item.start)..code_end.max(name.end);
    if context.lexicon.is_analyte(&text[whole]) {
        return None;
    }
    if !medical {
        draft.doubt("the diagnosis is not in the lexicon and has no code");
    }
    if let Some(code) = code {
        let printed = &text[code.clone()];
        if printed[1..].contains([',', ' ', 'o', 'O', 'I', 'l']) {
            draft.doubt("letters or spaces stand in the code");
        }
        if is_digits(text, &code) && !prints_icd9(text) {
            draft.doubt(NO_LETTER);
        }
        draft.add("code", code, false);
    }
    draft.assertion = if unticked {
        Assertion::Absent
    } else {
        assertion::of(&context.layout, &name, Some(kind))
    };
    let absent = printed.to_lowercase();
    if absent.starts_with("no ") || absent.starts_with("denies ") || absent.starts_with("never ") {
        draft.assertion = Assertion::Absent;
    }
    Some(draft)
}

/// `Managed by: Priya Raman`, `INR range 2-3`: another field of the form.
fn names_a_field(name: &str) -> bool {
    static FIELD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\p{L} ]{0,24}\b(?:by|date|name|number|no|range|target|status|surgery|procedure|operation|code|plan)\b\s*(?::|[0-9]|$)")
            .expect("a valid expression")
    });
    FIELD.is_match(name)
}

/// A name without what is remarked on it and what is asked before it.
fn narrowed(context: &Context, name: Span) -> Span {
    let text = context.layout.text;
    let mut name = before_dash(context, name);
    // `excised 2020`: one remark stands behind the other.
    for _ in 0..2 {
        name = phrase::without_remarks(text, name, |rest| holds_condition(context, rest));
    }
    name = without_stray_letter(context, name);
    // `LIF pain and fever ?diverticulitis`: what is asked.
    if let Some(at) = text[name.clone()].rfind(" ?") {
        let asked = trim_by(text, name.start + at + 2..name.end, char::is_whitespace);
        if holds_condition(context, &asked) {
            name = asked;
        }
    }
    name
}

/// `58-year-old male with cardiomyopathy` is a sentence.
fn tells_age(name: &str) -> bool {
    static AGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\W*(?:an? )?[0-9]{1,3}[- ]?(?:years?|yrs?|months?|weeks?|y/?o)\b")
            .expect("a valid expression")
    });
    AGE.is_match(name)
}

/// `HTN - at goal, continue losartan`, `GERD. PSHx: CABG`: what is told of a condition behind a dash or a full stop.
fn before_dash(context: &Context, name: Span) -> Span {
    let printed = &context.layout.text[name.clone()];
    let cut = [" - ", " – ", ". "]
        .iter()
        .filter_map(|mark| printed.find(mark))
        .min();
    let Some(cut) = cut else { return name };
    let (lead, rest) = (name.start..name.start + cut, name.start + cut..name.end);
    let told = conditions(context, &lead)
        .last()
        .is_some_and(|found| found.start == lead.start || found.end == lead.end);
    if told && !holds_condition(context, &rest) {
        return lead;
    }
    name
}

/// `1  CKD G4 A3`: the number of an item that a wide gap parts from it.
fn without_number(text: &str, item: &Span) -> Span {
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[0-9]{1,2}(?:\t|  )\s*").expect("a valid expression"));
    let number = NUMBER.find(&text[item.clone()]);
    item.start + number.map_or(0, |number| number.end())..item.end
}

/// The document says that its codes are of the ninth revision, whose codes are digits, and of no other.
fn prints_icd9(text: &str) -> bool {
    static REVISION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\bICD[\s-]*(9|10)\b").expect("a valid expression"));
    let mut revisions = REVISION.captures_iter(text).map(|found| found[1].len());
    let first = revisions.next();
    first == Some(1) && revisions.all(|digits| digits == 1)
}

fn is_digits(text: &str, code: &Span) -> bool {
    text[code.clone()].starts_with(|c: char| c.is_ascii_digit())
}

/// `12-Jun-2018 Essential hypertension`: the date of a row of a list of problems is no part of the name.
fn without_date(context: &Context, name: Span) -> Span {
    let date = context
        .dates
        .iter()
        .find(|date| date.span.start == name.start && date.span.end <= name.end);
    date.map_or(name.clone(), |date| {
        let edge = |c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '-' | '–' | '|');
        trim_by(context.layout.text, date.span.end..name.end, edge)
    })
}

/// `L Asthma`: a lone letter before a known condition is a misread list mark.
fn without_stray_letter(context: &Context, name: Span) -> Span {
    let text = context.layout.text;
    let Some((lead, _)) = text[name.clone()].split_once(' ') else {
        return name;
    };
    let rest = name.start + lead.len() + 1..name.end;
    let known = conditions(context, &rest)
        .next()
        .is_some_and(|found| found.start == rest.start);
    if lead.chars().count() == 1 && known {
        return rest;
    }
    name
}

/// `Tablet`, `Eye Drops`: a product's form is no diagnosis.
fn is_form(text: &str, name: &Span) -> bool {
    sig::scan(text, name.clone(), &[])
        .iter()
        .any(|found| found.part == Part::Form && found.span == *name)
}

/// The text of an item without its code, and the code.
fn split_code(text: &str, item: &Span) -> (Span, Option<Span>) {
    let edge = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '.' | ',' | ';' | ':' | '-' | '(' | ')' | '[' | ']' | '|' | '–' | '—' | '#' | '*'
            )
    };
    let part = &text[item.clone()];
    let found = CODE.captures(part).or_else(|| DIGITS.captures(part));
    let Some(found) = found else {
        return (tidy(text, item.clone()), None);
    };
    let (Some(all), Some(code)) = (found.get(0), found.get(1)) else {
        return (tidy(text, item.clone()), None);
    };
    let before = trim_by(text, item.start..item.start + all.start(), edge);
    let after = trim_by(text, item.start + all.end()..item.end, edge);
    let code = item.start + code.start()..item.start + code.end();
    let before_word = text[before.clone()]
        .chars()
        .filter(|c| c.is_alphabetic())
        .count();
    let name = if before_word >= 2 {
        before
    } else {
        first_sentence(text, after)
    };
    (close_bracket(text, name), Some(code))
}

/// `left wrist sprain. Prescribed …`: a name ends with its sentence.
fn first_sentence(text: &str, name: Span) -> Span {
    static END: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\p{Ll}{4,}(\.\s+)\p{Lu}").expect("a valid expression"));
    let end = END
        .captures(&text[name.clone()])
        .and_then(|found| found.get(1));
    let end = end.map_or(name.end, |stop| name.start + stop.start());
    name.start..end
}

fn tidy(text: &str, span: Span) -> Span {
    let span = trim_by(text, span, |c| {
        c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '*')
    });
    close_bracket(text, span)
}

fn close_bracket(text: &str, span: Span) -> Span {
    let part = &text[span.clone()];
    if part.contains('(') && !part.contains(')') && text[span.end..].starts_with(')') {
        return span.start..span.end + 1;
    }
    span
}

fn holds_condition(context: &Context, span: &Span) -> bool {
    conditions(context, span).next().is_some()
}

/// Known conditions inside a stretch, the longest first at each place.
fn conditions<'a>(context: &'a Context, span: &Span) -> impl Iterator<Item = Span> + 'a {
    static WORD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[\p{L}0-9'’]+(?:-[\p{L}0-9]+)*").expect("a valid expression")
    });
    let text = context.layout.text;
    let words: Vec<Span> = WORD
        .find_iter(&text[span.clone()])
        .map(|m| span.start + m.start()..span.start + m.end())
        .collect();
    let mut i = 0;
    std::iter::from_fn(move || {
        while i < words.len() {
            let found = (1..=6.min(words.len() - i)).rev().find_map(|n| {
                let span = words[i].start..words[i + n - 1].end;
                let name = &text[span.clone()];
                let plain = !name.contains([',', ';', '.', '(', '\t']);
                let abbreviation = n == 1
                    && name.len() <= 4
                    && !name.chars().all(|c| c.is_uppercase() || c.is_ascii_digit());
                let word = abbreviation && !matches!(name.to_lowercase().as_str(), "gout" | "acne");
                (plain && !word && context.lexicon.is_condition(name)).then_some((n, span))
            });
            match found {
                Some((n, span)) => {
                    i += n;
                    return Some(span);
                }
                None => i += 1,
            }
        }
        None
    })
}

/// Lines that hold a code and words outside of any section, as `Essential Hypertension (ICD-10: I10)` or
/// `B. K35.80 Acute appendicitis`.
fn coded_lines(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static BRACKETED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?<name>[\p{L}][\p{L}0-9 ,'’/-]{3,80}?)\s*[\[(]\s*(?:ICD[- ]?(?:9|10)?(?:[- ]?CM)?\s*:?\s*)?(?<code>[A-TV-Z][0-9][0-9AB](?:\.[0-9A-Z]{1,4})?|[0-9]{3}\.[0-9A-Z]{1,4})\s*[\])]").expect("a valid expression")
    });
    static ITEM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^(?:[A-L1-9][.)]|(?i:(?:principal |primary |secondary |final )?(?:diagnos[ei]s|dx)(?: codes?)?)(?:\s?#?\d{1,2})?(?:\s*\(ICD[^()]*\))?\W*)\s+(?<code>[A-TV-Z][0-9][0-9AB]\.[0-9A-Z]{1,4})(?:\s*[:–-])?\s+(?<name>[\p{L}][\p{L}0-9 ,'’/-]{3,80})$").expect("a valid expression")
    });
    let text = context.layout.text;
    BRACKETED
        .captures_iter(text)
        .chain(ITEM.captures_iter(text))
        .filter_map(|found| {
            let (name, code) = (found.name("name")?, found.name("code")?);
            let span = without_label(text, tidy(text, name.range()));
            let seen = before.iter().any(|d| {
                d.pieces
                    .iter()
                    .any(|p| p.span.start < code.end() && code.start() < p.span.end)
            });
            let digits = is_digits(text, &code.range());
            if seen || span.is_empty() || digits && !holds_condition(context, &span) {
                return None;
            }
            let fact = Fact::Diagnosis(Diagnosis {
                code: Some(code.as_str().into()),
            });
            let mut draft = Draft::new(fact, 0.9)
                .with("diagnosis", span.clone())
                .with("code", code.range());
            draft.value = Some(span);
            if digits && !prints_icd9(text) {
                draft.doubt(NO_LETTER);
            }
            Some(draft)
        })
        .collect()
}

/// `Diagnosis Acute appendicitis`: a heading that lost its colon is no part of the name.
fn without_label(text: &str, name: Span) -> Span {
    let printed = &text[name.clone()];
    let lead = printed.find(' ').map_or(0, |cut| cut + 1);
    let word = labels::letters(&printed[..lead]);
    let label = labels::exact(&word) == Some(Target::Section(SectionKind::Diagnoses));
    name.start + if label { lead } else { 0 }..name.end
}

fn once(context: &Context, drafts: Vec<Draft>) -> Vec<Draft> {
    let mut seen: Vec<(String, Assertion)> = Vec::new();
    let mut out = Vec::new();
    for draft in drafts {
        let key = crate::lexicon::key(context.layout.get(&draft.span()));
        let twin = seen.iter().any(|(other, assertion)| {
            *other == key && (*assertion == draft.assertion || *assertion == Assertion::Present)
                || draft.rule < 0.8
                    && other.contains(&key)
                    && *assertion != Assertion::Family
                    && draft.assertion != Assertion::Family
        });
        if !twin {
            seen.push((key, draft.assertion));
            out.push(draft);
        }
    }
    out
}
