//! Phrases become the fields of a medication: the first of each kind counts, a second dose or frequency
//! is part of a taper and goes to the instructions. Normal forms are set beside what is printed.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Medication;

use super::{Mention, amounts, elsewhere, former, table};
use crate::{
    context::Context,
    draft::Draft,
    layout::Span,
    sig::{self, Part, repair::Read},
};

/// A table's row: the first phrase of each kind counts.
pub(super) fn fill_from_row(
    medication: &mut Medication,
    draft: &mut Draft,
    phrases: Vec<table::Phrase>,
) {
    for phrase in phrases {
        let (slot, field, dangerous) = match phrase.part {
            Part::Strength if medication.strength.is_some() => (&mut medication.dose, "dose", true),
            Part::Strength => (&mut medication.strength, "strength", true),
            Part::Dose => (&mut medication.dose, "dose", true),
            Part::Form => (&mut medication.form, "form", false),
            Part::Route => (&mut medication.route, "route", true),
            Part::Frequency => (&mut medication.frequency, "frequency", true),
            Part::Duration => (&mut medication.duration, "duration", false),
            Part::Quantity => (&mut medication.quantity, "quantity", false),
            Part::Refills => (&mut medication.refills, "refills", false),
            Part::Instructions => (&mut medication.instructions, "instructions", false),
            Part::Prn => {
                medication.prn = Some(true);
                if medication.frequency.is_some() {
                    draft.doubt("as needed stands apart from the frequency");
                    continue;
                }
                (&mut medication.frequency, "frequency", true)
            }
        };
        if slot.is_some() {
            continue;
        }
        *slot = Some(phrase.value);
        for span in phrase.spans {
            draft.add(field, span, dangerous);
        }
    }
}

/// Normal forms of what is printed, where [`fill`] has not set them from corrected words.
pub(super) fn finish_norms(medication: &mut Medication) {
    if medication.frequency_norm.is_none()
        && let Some(frequency) = &medication.frequency
    {
        let norm = sig::frequency_norm(frequency);
        if norm.ends_with("as needed") {
            medication.prn = Some(true);
        }
        medication.frequency_norm = Some(norm);
    }
    if medication.route_norm.is_none() {
        medication.route_norm = medication
            .route
            .as_deref()
            .and_then(sig::route_norm)
            .map(Into::into);
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each kind of phrase")]
pub(super) fn fill(
    context: &Context,
    medication: &mut Medication,
    draft: &mut Draft,
    found: &[Read],
    mention: &Mention,
) {
    let text = context.layout.text;
    let mut instructions: Vec<String> = Vec::new();
    let mut frequency_said = None;
    let mut route_said = None;
    // A later step of a taper, or a second dose of the day, up to its frequency.
    let mut step: Option<Span> = None;
    // `nasal spray` tells the route only if nothing else does.
    let mut route_of_form = false;
    let former = former::former(text, found, draft);
    for (n, read) in found.iter().enumerate() {
        let Read {
            found: item,
            corrected,
        } = read;
        let value = text[item.value.clone()]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if former[n] || elsewhere::is_elsewhere(text, found, n) {
            continue;
        }
        let (slot, field, dangerous) = match item.part {
            // `1% ointment, 30 g`: the tube.
            Part::Strength
                if medication.strength.as_deref().is_some_and(is_share)
                    && amounts::is_tube(&value) =>
            {
                (&mut medication.quantity, "quantity", false)
            }
            // `200 mg tds (load, reduce to 200 mg bd)`: what comes later is no dose of now.
            Part::Strength
                if medication.strength.is_some()
                    && comes_later(&text[mention.name.end..item.span.start]) =>
            {
                draft.doubt("the amount changes later");
                keep_step(
                    text,
                    step.replace(item.span.clone()),
                    &mut instructions,
                    draft,
                );
                continue;
            }
            Part::Strength => {
                let verb = dose_verb(text, &item.span, mention.name.end);
                let product = found.get(n + 1).is_some_and(|next| {
                    next.found.part == Part::Form && next.found.span.start <= item.span.end + 1
                });
                let amount_dose = medication.strength.is_some()
                    || verb
                    || is_dose_unit(&value)
                        && !product
                        && !(is_vitamin(&text[mention.name.clone()]) && is_in_units(&value));
                if amount_dose {
                    let repeated = medication.strength.as_deref() == Some(&value)
                        || text[..item.span.start].ends_with('(');
                    if medication.dose.is_some() && repeated {
                        continue;
                    }
                    let again = verb && is_told_anew(&text[mention.name.end..item.span.start]);
                    if (!verb || again) && amounts::are_rivals(text, found, n, &former) {
                        draft.doubt("two amounts stand with the drug");
                    }
                    (&mut medication.dose, "dose", true)
                } else {
                    (&mut medication.strength, "strength", true)
                }
            }
            // Behind dose and frequency it is what was dispensed; before them it may be `2` misread.
            Part::Dose
                if medication.dose.is_some()
                    && medication.frequency.is_some()
                    && amounts::is_supply(&value) =>
            {
                (&mut medication.quantity, "quantity", false)
            }
            Part::Dose
                if comes_later(&text[mention.name.end.min(item.span.start)..item.span.start]) =>
            {
                draft.doubt("the amount changes later");
                continue;
            }
            Part::Dose => (&mut medication.dose, "dose", true),
            Part::Form => {
                let late = medication.dose.is_some() || medication.frequency.is_some();
                if late {
                    continue;
                }
                (&mut medication.form, "form", false)
            }
            Part::Route => {
                if std::mem::take(&mut route_of_form) {
                    medication.route = None;
                    draft.pieces.retain(|piece| piece.field != "route");
                } else if medication.route.is_none() {
                    route_of_form = found.get(n + 1).is_some_and(|next| {
                        next.found.part == Part::Form && next.found.span.start <= item.span.end + 1
                    });
                }
                (&mut medication.route, "route", true)
            }
            Part::Frequency => (&mut medication.frequency, "frequency", true),
            Part::Duration => (&mut medication.duration, "duration", false),
            Part::Quantity => (&mut medication.quantity, "quantity", false),
            Part::Refills => (&mut medication.refills, "refills", false),
            Part::Prn => {
                medication.prn = Some(true);
                if medication.frequency.is_none() {
                    medication.frequency = Some(value);
                    draft.add("frequency", item.value.clone(), true);
                }
                continue;
            }
            // Insulin that goes with meals goes with each of them.
            Part::Instructions
                if value.eq_ignore_ascii_case("with meals")
                    && !later(found, n, Part::Frequency)
                    && medication.frequency.is_none() =>
            {
                (&mut medication.frequency, "frequency", true)
            }
            Part::Instructions => {
                draft.add("instructions", item.value.clone(), false);
                instructions.push(value);
                continue;
            }
        };
        if slot.is_some() {
            match (item.part, &mut step) {
                (Part::Frequency, Some(step))
                    if !text[step.end..item.span.start].contains('\n') =>
                {
                    step.end = item.span.end;
                }
                (Part::Dose | Part::Strength | Part::Frequency, _) => {
                    keep_step(
                        text,
                        step.replace(item.span.clone()),
                        &mut instructions,
                        draft,
                    );
                }
                _ => {}
            }
            continue;
        }
        *slot = Some(value);
        if matches!(item.part, Part::Strength | Part::Dose) {
            for reason in amounts::left_open(text, found, n) {
                draft.doubt(reason);
            }
        }
        if item.part == Part::Frequency && has_exception(&text[item.span.end..]) {
            draft.doubt("an exception follows the frequency");
        }
        if corrected.is_some() {
            draft.doubt(format!("a word of the {field} is misread"));
        }
        match item.part {
            Part::Frequency => frequency_said.clone_from(corrected),
            Part::Route => route_said.clone_from(corrected),
            _ => {}
        }
        let printed = if field == "duration" || field == "quantity" || field == "refills" {
            item.span.clone()
        } else {
            item.value.clone()
        };
        draft.add(field, printed, dangerous);
    }
    keep_step(text, step, &mut instructions, draft);
    if let Some(frequency) = &medication.frequency {
        let norm = sig::frequency_norm(frequency_said.as_ref().unwrap_or(frequency));
        if norm.ends_with("as needed") {
            medication.prn = Some(true);
        }
        medication.frequency_norm = Some(norm);
    }
    medication.route_norm = route_said
        .as_deref()
        .or(medication.route.as_deref())
        .and_then(sig::route_norm)
        .map(Into::into);
    if !instructions.is_empty() {
        medication.instructions = Some(instructions.join("; "));
    }
}

/// `reduce to`, `increasing by`, right before an amount.
fn comes_later(lead: &str) -> bool {
    static LATER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:reduc|increas|titrat|taper|wean|decreas|step|drop|go|rais|lower|build)\w*\s+(?:down |up |gradually |slowly )?(?:to|by)\s+$")
            .expect("a valid expression")
    });
    LATER.is_match(lead)
}

/// Does such a phrase come behind the n-th?
fn later(found: &[Read], n: usize, part: Part) -> bool {
    found[n + 1..].iter().any(|read| read.found.part == part)
}

/// Puts a later step as printed among the instructions.
fn keep_step(text: &str, step: Option<Span>, instructions: &mut Vec<String>, draft: &mut Draft) {
    if let Some(step) = step {
        let printed = text[step.clone()].split_whitespace();
        instructions.push(printed.collect::<Vec<_>>().join(" "));
        draft.add("instructions", step, false);
    }
}

/// A strength in hundredths.
fn is_share(strength: &str) -> bool {
    strength.trim_end().ends_with('%')
}

/// `take 5 mg`: what is taken, not what the product holds.
fn dose_verb(text: &str, span: &Span, from: usize) -> bool {
    static VERB: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:take|takes|taking|give|inject|administer|apply|use|mix|drink|dissolve|dose\s*[:=])\s*$")
            .expect("a valid expression")
    });
    from <= span.start && VERB.is_match(&text[from..span.start])
}

/// `10 mg daily and now takes 5 mg`: the amount before is no product's.
fn is_told_anew(lead: &str) -> bool {
    static NOW: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:now|currently|instead|but|then|today)\b").expect("a valid expression")
    });
    NOW.is_match(lead)
}

/// Units of insulin and volumes are taken; they are no product's strength.
fn is_dose_unit(value: &str) -> bool {
    let per = value.contains('/') || value.contains(" per ");
    let unit = sig::strength_unit(value).unwrap_or_default();
    !per && matches!(unit.as_str(), "unit" | "units" | "u" | "ml" | "cc" | "mls")
}

fn is_in_units(value: &str) -> bool {
    sig::strength_unit(value).is_some_and(|unit| unit.starts_with('u') || unit.contains('i'))
}

/// Vitamins and the like are sold by their units: `colecalciferol 400 units` is the product's strength.
fn is_vitamin(name: &str) -> bool {
    let name = name.to_lowercase();
    name.contains("calciferol") || name.starts_with("vit")
}

/// `daily except on methotrexate day`: the frequency is not the whole of it.
fn has_exception(rest: &str) -> bool {
    static EXCEPT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^[\s,(]{0,3}(?:except|but not|apart from|other than|omit(?:ting)?|excluding)\b",
        )
        .expect("a valid expression")
    });
    EXCEPT.is_match(rest)
}
