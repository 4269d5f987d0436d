//! An item of a list becomes a diagnosis, or nothing when it says something else.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Assertion, Diagnosis, Fact};

use super::{
    coded, codes, finding,
    known::holds_condition,
    ticked,
    trim::{narrowed, tidy, without_date, without_number},
};
use crate::{
    assertion,
    context::Context,
    draft::Draft,
    layout::{Span, trim_by},
    names,
    sections::SectionKind,
    sig::{self, Part},
};

/// Words of what is done about a condition, which no name of one has.
static ACTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:screen(?:ing)?|given|continue|start|stop|increase|discussed|advised|referred|arranged|awaiting)\b")
        .expect("a valid expression")
});

/// What closes a note: when somebody comes back, who signs.
static OTHER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:(?:consider|await\w*|check|repeat|recheck|regimen|cycle|course|mother|father|same|thyroid function|liver function|renal function|bloods|bone age|to (?:start|continue|increase|stop))\b|(?:s/p |status post |post |previous )?(?:PTCA|PCI|CABG|TAVI|angioplasty|pacemaker|stent\w*)|RTC|f/?u|follow[- ]?up|return|review|signed|seen|reviewed|dictated|electronically|cc|copy|supervis\w+|dr\.?|advance|ambulate|encourage|wean|monitor|trend|transition|d/c|dispo(?:sition)?|admit|have|has|had|requested|onset|hold|give|reported|verified|authori[sz]ed|snomed|page|tto|sig|dur|drug|dose|freq(?:uency)?|route|duration|next|see|continue|time|your|discharged?|attended|referred|home)\b")
        .expect("a valid expression")
});
/// Verbs of sentences, which no name of a condition has.
static TOLD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:has|have|had) (?:now |also |since )?(?:been|not)\b|\b(?:are|were|will be|should)\b")
        .expect("a valid expression")
});
/// Who speaks in a sentence: it is read as one elsewhere. `Type I diabetes` is a name.
static SPOKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[,;] |\b(?:but|and|that|as|if|so) )(?:I|[Ww]e|[Hh]e|[Ss]he|[Tt]hey) ")
        .expect("a valid expression")
});
/// How a sample was taken.
static TAKEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:biops(?:y|ies)|excision|\p{L}+ectomy|resection|curettings?|curettage|aspirat(?:e|ion)|brushings?)$")
        .expect("a valid expression")
});
/// Words of a site or system before a colon.
const SITE: usize = 3;

static EMPTY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:none|nil|n/?a|unknown|see (?:above|below)|not applicable|as above|none known|yes|no|x|unremarkable|nil of note|noncontributory)\W*$").expect("a valid expression")
});

/// What an item names. In `free_text` only what the lexicon or a code vouches for counts.
pub(super) fn diagnosis(
    context: &Context,
    item: &Span,
    kind: SectionKind,
    free_text: bool,
) -> Option<Draft> {
    let text = context.layout.text;
    let unticked = ticked::before(context, item.start) == Some(false);
    let item = &without_number(text, item);
    let (item, answer) = without_answer(text, item);
    let (item, unticked) = (&item, unticked || answer == Some(false));
    let (name, code) = name_and_code(context, item);
    let code_end = code.as_ref().map_or(name.end, |code| code.end);
    let name = behind_site(context, name);
    let whole_name = name.clone();
    let name = without_date(context, name);
    let dated = name != whole_name;
    let denied = is_denied(&text[name.clone()]);
    let name = narrowed_unless_titled(context, name, code.is_some());
    let concludes =
        free_text && kind == SectionKind::Diagnoses && finding::concludes(context, item);
    let found = if concludes {
        finding::length(&text[name.clone()])
    } else {
        None
    };
    let name = name.start..found.map_or(name.end, |length| name.start + length);
    let printed = &text[name.clone()];
    let titled = text[..name.start].trim_end().ends_with(" Dr.");
    if is_other(text, &name) || titled {
        return None;
    }
    let medical =
        code.is_some() || holds_condition(context, &name) || context.lexicon.is_classified(printed);
    let whole = name.start.min(item.start)..code_end.max(name.end);
    if dated && !medical
        || found.is_none() && !is_named(context, printed, kind, medical, free_text)
        || context.lexicon.is_analyte(&text[whole])
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
    if !medical {
        draft.doubt(super::UNKNOWN);
    }
    if let Some(code) = code {
        coded::add(text, code, &mut draft);
    }
    draft.assertion = if unticked || denied {
        Assertion::Absent
    } else {
        assertion::of(&context.layout, &name, Some(kind))
    };
    Some(draft)
}

/// `Angina N`, `Asthma: yes`: the item of a list of questions, and what was answered.
fn without_answer(text: &str, item: &Span) -> (Span, Option<bool>) {
    static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:\s*[:=?-]\s*|\s+)(?:(Y|YES|Yes|yes|\+ve)|(?:N|NO|No|no|-ve))$")
            .expect("a valid expression")
    });
    match ANSWER.captures(&text[item.clone()]) {
        Some(found) => {
            let start = found.get(0).map_or(item.len(), |all| all.start());
            (item.start..item.start + start, Some(found.get(1).is_some()))
        }
        None => (item.clone(), None),
    }
}

/// `Allergic rhinitis due to pollen J30.1`: with a code the cause is part of the title that the code has.
fn narrowed_unless_titled(context: &Context, name: Span, has_code: bool) -> Span {
    let narrow = narrowed(context, name.clone());
    let rest = context.layout.text[narrow.end.min(name.end)..name.end].trim_start();
    let rest = rest.to_lowercase();
    let part = ["due to ", "secondary to "];
    if has_code && part.iter().any(|lead| rest.starts_with(lead)) {
        name
    } else {
        narrow
    }
}

/// Digits are no code where no condition stands beside them.
fn name_and_code(context: &Context, item: &Span) -> (Span, Option<Span>) {
    let text = context.layout.text;
    let (name, code) = coded::split(text, item);
    let digits = code
        .as_ref()
        .is_some_and(|code| coded::is_digits(text, code));
    if digits && !holds_condition(context, &name) {
        return (tidy(text, item.clone()), None);
    }
    (name, code)
}

/// `Right eye: cataract` is told of a site, `Cataract: for surgery` of the condition.
fn behind_site(context: &Context, name: Span) -> Span {
    let text = context.layout.text;
    let Some(cut) = text[name.clone()].find(':') else {
        return name;
    };
    let (lead, rest) = (name.start..name.start + cut, name.start + cut + 1..name.end);
    if context.lexicon.is_condition(&text[lead.clone()]) {
        return name.start..lead.end;
    }
    // `Primary: Fractured neck of right femur`.
    if coded::is_rank(&text[lead.clone()]) {
        return trim_by(text, rest, char::is_whitespace);
    }
    // `Skin, left forearm, shave biopsy: …`: what was taken from where.
    if TAKEN.is_match(&text[lead.clone()]) {
        return trim_by(text, rest, char::is_whitespace);
    }
    if text[lead].split_whitespace().count() <= SITE && holds_condition(context, &rest) {
        return trim_by(text, rest, char::is_whitespace);
    }
    name
}

/// What is no name at all: a form of a product, a code, an age, a word for nothing, a heading, a paragraph.
fn is_other(text: &str, name: &Span) -> bool {
    const LONGEST: usize = 14;
    let printed = &text[name.clone()];
    let letters = printed.chars().filter(|c| c.is_alphabetic()).count();
    is_form(text, name)
        || codes::only(printed)
        || coded::is_rank(printed)
        || tells_age(printed)
        || letters < 2
        || EMPTY.is_match(printed)
        || SPOKEN.is_match(printed)
        || printed.split_whitespace().count() > LONGEST
        || printed.ends_with(':')
}

/// Does a name that is `medical` or not count as one of a diagnosis in such a section?
fn is_named(
    context: &Context,
    printed: &str,
    kind: SectionKind,
    medical: bool,
    free_text: bool,
) -> bool {
    let words = printed.split_whitespace().count();
    let prose = ACTION.is_match(printed)
        || printed.contains(". ")
        || words > 9
        || printed.contains(" was ")
        || printed.contains(" is ")
        || TOLD.is_match(printed);
    if medical && free_text && prose
        || context.lexicon.is_any_drug(printed)
        || tells_of_drug(context, printed)
    {
        return false;
    }
    let lower = printed.to_lowercase();
    // `ferritin 88`.
    let lead = printed
        .split(|c: char| c.is_ascii_digit())
        .next()
        .unwrap_or_default();
    let result = lead.len() < printed.len() && context.lexicon.is_analyte(lead);
    if !medical && (result || names::holds_degree(printed) || OTHER.is_match(printed)) {
        return false;
    }
    // `Intolerant of glipizide (hypoglycaemia)` stands among the allergies.
    let allergy = ["allergic to ", "allergy to ", "allergies to "];
    if lower.starts_with("intoleran") || allergy.iter().any(|lead| lower.starts_with(lead)) {
        return false;
    }
    let normal = kind == SectionKind::Diagnoses
        && (lower.starts_with("no ") || lower.starts_with("normal "));
    medical
        || !(names_a_field(printed)
            || free_text
            || prose
            || kind == SectionKind::History
            || context.lexicon.is_analyte(printed)
            || normal)
}

/// `lisinopril held for AKI`, `DVT ppx: heparin 5000 units`: what is given or not given for a condition.
fn tells_of_drug(context: &Context, printed: &str) -> bool {
    static DONE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:held|hold|stopped|continued?|started|resumed?|given|increased|reduced)\b",
        )
        .expect("a valid expression")
    });
    let names = |word: &str| {
        (word.len() > 4 || word.len() > 2 && word.chars().all(char::is_uppercase))
            && context
                .lexicon
                .is_drug(word.trim_matches(|c: char| !c.is_alphanumeric()))
    };
    let first = printed.split(' ').next().unwrap_or_default();
    let dosed = || {
        let parts = sig::scan(printed, 0..printed.len(), &[]);
        parts
            .iter()
            .any(|found| matches!(found.part, Part::Strength | Part::Frequency))
    };
    // `Cotrimoxazole 960 mg   1 tab daily`: so much of a sig, and the drug need not be known.
    let prescribed = || {
        let parts = sig::scan(printed, 0..printed.len(), &[]);
        let has = |part: Part| parts.iter().any(|found| found.part == part);
        has(Part::Strength) && (has(Part::Frequency) || has(Part::Dose) && has(Part::Route))
    };
    names(first) && DONE.is_match(printed)
        || printed.split(' ').any(names) && dosed()
        || prescribed()
}

fn is_denied(printed: &str) -> bool {
    let lower = printed.to_lowercase();
    ["no ", "denies ", "never "]
        .iter()
        .any(|word| lower.starts_with(word))
}

/// `Managed by: Priya Raman`, `INR range 2-3`: another field of the form.
fn names_a_field(name: &str) -> bool {
    static FIELD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\p{L} ]{2,30}:\s*(?:positive|negative)\b|^[\p{L} ]{0,24}\b(?:by|date|name|number|no|range|target|status|surgery|procedure|operation|code|plan)\b\s*(?::|[0-9]|$)")
            .expect("a valid expression")
    });
    FIELD.is_match(name)
}

/// `58-year-old male with cardiomyopathy` is a sentence.
fn tells_age(name: &str) -> bool {
    static AGE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\W*(?:an? )?[0-9]{1,3}[- ]?(?:years?|yrs?|months?|weeks?|y/?o)\b")
            .expect("a valid expression")
    });
    AGE.is_match(name)
}

/// `Tablet`, `Eye Drops`: a product's form is no diagnosis.
fn is_form(text: &str, name: &Span) -> bool {
    sig::scan(text, name.clone(), &[])
        .iter()
        .any(|found| found.part == Part::Form && found.span == *name)
}
