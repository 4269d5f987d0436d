//! What names a drug and is no medication: a habit, a test, a warning, something that was not given, an amount that was
//! measured or stands far away.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Medication;

use super::{Mention, told};
use crate::{context::Context, draft::Draft, layout::Span};

/// Does anything but a route tell of its use?
pub(super) fn has_evidence(medication: &Medication) -> bool {
    medication.strength.is_some()
        || medication.dose.is_some()
        || medication.frequency.is_some()
        || medication.form.is_some()
        || medication.quantity.is_some()
}

/// Is it none, whatever speaks for it? `listed` where it stands in a list of drugs.
pub(super) fn is_none(
    context: &Context,
    mention: &Mention,
    medication: &Medication,
    draft: &Draft,
    listed: bool,
) -> bool {
    let layout = &context.layout;
    let (text, name) = (layout.text, &mention.name);
    let line = &layout.lines[layout.line_at(name.start)].span;
    let only_named = || told::is_tested(context, name) || told::is_warned_of(text, line, name);
    !has_evidence(medication) && only_named()
        || told::is_not_needed(text, name)
        || is_other_name(&text[line.start..name.start])
        || !has_evidence(medication) && harms(&text[name.end..line.end])
        || is_habit(layout.get(name)) && medication.form.is_none() && !is_product(medication)
        || mention.weak && !listed && is_far_amount(text, medication, draft, name)
        || is_concentration(medication)
            && (context.lexicon.is_analyte(layout.get(name))
                || was_measured(text, medication, draft, name))
}

/// `Amoxicillin (hives)`, `Cefuroxime - urticaria`: what it did to somebody stands right behind its name.
fn harms(behind: &str) -> bool {
    static REACTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s*(?:\(|[-–—:=]|causes|caused)\s*(?:severe |mild |facial |skin )?(?:rash|hives|urticaria|anaphyla\w+|angio-?(?:o?edema)|swelling|itching|bronchospasm|wheez\w+)\b")
            .expect("a valid expression")
    });
    REACTION.is_match(behind)
}

/// `Generic for GLUCOPHAGE`: what the drug beside it is called otherwise.
fn is_other_name(before: &str) -> bool {
    static CALLED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:generic (?:for|of)|generic equiv(?:alent)?\.? (?:for|of|to)|substitut(?:ed?|ion) for|subs? for|equivalent (?:to|of)|same as|also (?:known|sold) as|a\.?k\.?a\.?|brand(?: name)?:)\s*$")
            .expect("a valid expression")
    });
    CALLED.is_match(before)
}

/// What people take that no doctor gives.
fn is_habit(name: &str) -> bool {
    matches!(
        &*name.to_lowercase(),
        "nicotine"
            | "alcohol"
            | "ethanol"
            | "tobacco"
            | "cannabis"
            | "caffeine"
            | "cocaine"
            | "heroin"
    )
}

/// Has it a strength that is none of a week's or a day's drinks, `12 units/week`?
fn is_product(medication: &Medication) -> bool {
    let strength = medication.strength.as_deref().map(str::to_lowercase);
    strength.is_some_and(|strength| !strength.contains("week") && !strength.contains("unit"))
}

/// Is its amount one of what is found in blood or urine?
fn is_concentration(medication: &Medication) -> bool {
    medication.strength.as_deref().is_some_and(|strength| {
        let per = |unit: &&str| strength.ends_with(unit);
        strength.contains("mol/") || ["/L", "/l", "/dL", "/g", "/mmol", "/mol"].iter().any(per)
    })
}

/// `Calprotectin has come down from 890 to 140 ug/g`: a word that may be a drug, and an amount that is not right
/// behind it and with which nothing else of a sig stands.
fn is_far_amount(text: &str, medication: &Medication, draft: &Draft, name: &Span) -> bool {
    let bare = medication.dose.is_none()
        && medication.frequency.is_none()
        && medication.form.is_none()
        && medication.route.is_none();
    let amount = draft.pieces.iter().find(|piece| piece.field == "strength");
    bare && amount.is_some_and(|amount| {
        let between = text.get(name.end..amount.span.start).unwrap_or_default();
        between.split_whitespace().count() > 1
    })
}

/// `Alpha-1 antitrypsin was 1.5 g/L`: what is told of it is how much was found.
fn was_measured(text: &str, medication: &Medication, draft: &Draft, name: &Span) -> bool {
    const TELLS: [&str; 9] = [
        "was",
        "is",
        "were",
        "of",
        "at",
        "level",
        "remains",
        "came back at",
        "level was",
    ];
    let bare =
        medication.dose.is_none() && medication.frequency.is_none() && medication.form.is_none();
    let amount = draft.pieces.iter().find(|piece| piece.field == "strength");
    bare && amount.is_some_and(|amount| {
        let between = text.get(name.end..amount.span.start).unwrap_or_default();
        TELLS.contains(&between.trim().to_lowercase().as_str())
    })
}
