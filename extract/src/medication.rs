//! Medications: a drug's name, found by the lexicon or by its shape (a capitalised word before a
//! strength and a sig), with the phrases that follow it up to the next drug, the end of its sentence
//! or the last line that still speaks the language of prescriptions.
//!
//! Here a mention and its phrases become an entity, or nothing when too little speaks for it.

use schemas::{Assertion, DocumentKind, Fact, Medication};

use crate::{
    assertion,
    context::Context,
    draft::{Draft, Piece},
    layout::Span,
    sections::SectionKind,
    sig::{
        self,
        repair::{self, Read},
    },
};

mod amounts;
mod around;
mod block;
mod columns;
mod day_table;
mod driver;
mod elsewhere;
mod fill;
mod former;
mod meaning;
mod mention;
mod packs;
pub(crate) mod review;
mod row;
mod scope;
mod slot;
mod status;
mod supply;
mod table;
mod told;

use mention::Mention;
pub(crate) use mention::overlaps;

/// All medications. Nothing is looked for inside `taken` spans (laboratory rows, allergies).
pub(crate) fn extract(context: &Context, taken: &[Span]) -> Vec<Draft> {
    let mentions = mention::mentions(context, taken);
    let names: Vec<Span> = mentions.iter().map(|m| m.name.clone()).collect();
    let drafts = mentions
        .iter()
        .filter_map(|mention| build(context, mention, &names, taken))
        .collect();
    without_repeats(drafts)
}

/// A bare name, alone or with the same strength, that says nothing new beside a full entry of the same drug is
/// left out; what it tells of the drug's status is kept.
fn without_repeats(drafts: Vec<Draft>) -> Vec<Draft> {
    let facts: Vec<(String, bool, Option<String>)> = drafts
        .iter()
        .map(|d| match &d.fact {
            Fact::Medication(m) => {
                let bare = m.dose.is_none() && m.frequency.is_none() && m.quantity.is_none();
                (
                    crate::lexicon::key(m.name.as_deref().unwrap_or_default()),
                    bare,
                    m.strength.as_deref().map(crate::lexicon::key),
                )
            }
            _ => (String::new(), false, None),
        })
        .collect();
    let mut kept: Vec<Draft> = Vec::new();
    let mut told: Vec<(String, String)> = Vec::new();
    for (n, draft) in drafts.into_iter().enumerate() {
        let (name, bare, strength) = &facts[n];
        let repeated = facts
            .iter()
            .enumerate()
            .any(|(k, (other, other_bare, other_strength))| {
                k != n
                    && (other == name || other.starts_with(&format!("{name} ")))
                    && (strength.is_none() || strength == other_strength)
                    && (!other_bare || k < n && (strength.is_some() || other_strength.is_none()))
            });
        if !(*bare && repeated) {
            kept.push(draft);
        } else if let Fact::Medication(m) = draft.fact {
            told.extend(m.status.map(|status| (name.clone(), status)));
        }
    }
    for draft in &mut kept {
        let Fact::Medication(m) = &mut draft.fact else {
            continue;
        };
        let name = crate::lexicon::key(m.name.as_deref().unwrap_or_default());
        let status = told.iter().rfind(|(other, _)| *other == name);
        m.status = m.status.take().or(status.map(|(_, status)| status.clone()));
    }
    kept
}

fn build(context: &Context, mention: &Mention, names: &[Span], taken: &[Span]) -> Option<Draft> {
    let layout = &context.layout;
    let text = layout.text;
    let next = names
        .iter()
        .map(|name| name.start)
        .find(|start| *start > mention.name.start);
    let end = block::block_end(context, mention, next);
    let section = context.section(mention.name.start);
    if section == Some(SectionKind::Allergies) || section == Some(SectionKind::FamilyHistory) {
        return None;
    }
    let line = layout.line_at(mention.name.start);
    let line_span = &layout.lines[line].span;
    let lead = sig::scan(text, line_span.start..mention.name.start, taken);
    let behind_drug = names
        .iter()
        .any(|name| name.start >= line_span.start && name.end < mention.name.start);
    let mut found: Vec<Read> = around::leading(text, &lead, mention, behind_drug)
        .into_iter()
        .map(|found| Read {
            found,
            corrected: None,
        })
        .collect();
    found.extend(repair::scan(
        text,
        mention.name.end..end.max(mention.name.end),
        taken,
    ));
    found.extend(around::sig_above(context, mention, names, &found));
    packs::tell_supply(text, &mut found, mention.name.start);
    packs::tell_bottle(text, &mut found, mention.name.start);
    packs::without_bag(text, &mut found, &mention.name);
    // The row of a vaccine holds dates and lots, and what else it tells its columns say.
    if mention.given {
        found.clear();
    }
    if let Some(next) = next {
        found.retain(|read| !around::is_of_next(text, &read.found, next));
    }
    let mut medication = Medication {
        name: Some(context.text(&mention.name)),
        ..Medication::default()
    };
    let fact = Fact::Medication(Medication::default());
    let mut draft = Draft::new(fact, if mention.known { 0.96 } else { 0.7 });
    draft.add("name", mention.name.clone(), true);
    if let Some(phrases) = table::row(context, &mention.name, next) {
        row::fill(&mut medication, &mut draft, phrases);
    } else {
        fill::fill(context, &mut medication, &mut draft, &found, mention);
        let line = mention.name.end..end.min(line_span.end).max(mention.name.end);
        if medication.frequency.is_some() && around::leaves_frequency(text, line.clone(), &found) {
            draft.doubt("a part of how often it is taken is not understood");
        }
        if around::leaves_amount(text, line, &found) {
            draft.doubt("an amount before a time of day is not understood");
        }
    }
    columns::fill(context, &mention.name, &mut medication, &mut draft);
    if medication.quantity.is_none()
        && let Some(number) = supply::number(text, line_span, &mention.name, &found)
    {
        medication.quantity = Some(context.text(&number));
        draft.add("quantity", number, false);
    }
    if medication.strength.is_none()
        && let Some(number) = amounts::bare_strength(text, &mention.name, &found)
    {
        medication.strength = Some(context.text(&number));
        draft.add("strength", number, true);
        draft.doubt("the strength has no unit");
    }
    if medication.strength.is_none() && amounts::is_illegible(text, &mention.name) {
        draft.doubt("the amount behind the drug is not legible");
    }
    if amounts::has_broken_count(&text[mention.name.end..end.max(mention.name.end)]) {
        draft.doubt("the count of what is taken is not legible");
    }
    if medication.frequency.is_none()
        && let Some((counts, cells)) = day_table::frequency(context, &mention.name)
    {
        medication.frequency = Some(counts);
        // What is taken at one of the times is no dose of each.
        let of_cell = |piece: &Piece| {
            piece.field == "dose" && cells.iter().any(|cell| cell.contains(&piece.span.start))
        };
        if draft.pieces.iter().any(of_cell) {
            medication.dose = None;
            draft.pieces.retain(|piece| piece.field != "dose");
        }
        for cell in cells {
            draft.add("frequency", cell, true);
        }
    }
    if medication.frequency.is_none()
        && (medication.strength.is_some() || medication.dose.is_some())
        && let Some(time) = day_table::time_of_row(context, &mention.name)
    {
        medication.frequency = Some(context.text(&time));
        draft.add("frequency", time, true);
    }
    driver::fill(context, &mention.name, names, &mut medication, &mut draft);
    row::finish_norms(&mut medication);
    let evidence = medication.strength.is_some()
        || medication.dose.is_some()
        || medication.frequency.is_some()
        || medication.form.is_some()
        || medication.quantity.is_some();
    let listed = matches!(
        section,
        Some(SectionKind::Medications | SectionKind::StoppedMedications)
    );
    let printed = layout.get(&mention.name);
    let telling = scope::of(layout, &mention.name, end, names);
    let status = status::of(text, &telling, &mention.name, names);
    let cue = status.is_some()
        || told::has_cue(text, &layout.sentence(mention.name.start), &mention.name);
    let trusted = mention.given
        || listed
        || !mention.weak && (cue || told::in_narrative(context, &mention.name))
        || told::is_infused(text, &mention.name);
    let tested = !evidence && told::is_tested(context, &mention.name);
    let warned = !evidence && told::is_warned_of(text, line_span, &mention.name);
    if !evidence && !trusted || tested || warned || told::is_not_needed(text, &mention.name) {
        return None;
    }
    let habit = matches!(
        &*printed.to_lowercase(),
        "nicotine"
            | "alcohol"
            | "ethanol"
            | "tobacco"
            | "cannabis"
            | "caffeine"
            | "cocaine"
            | "heroin"
    );
    if habit && medication.strength.is_none() && medication.form.is_none() {
        return None;
    }
    if mention.weak && !listed && is_far_amount(text, &medication, &draft, &mention.name) {
        return None;
    }
    let measured = medication.strength.as_deref().is_some_and(|s| {
        let per = |unit: &&str| s.ends_with(unit);
        s.contains("mol/") || ["/L", "/l", "/dL", "/g", "/mmol", "/mol"].iter().any(per)
    });
    if measured
        && (context.lexicon.is_analyte(printed)
            || was_measured(text, &medication, &draft, &mention.name))
    {
        return None;
    }
    let misread = (!mention.known)
        .then(|| context.lexicon.misread_drug(printed))
        .flatten();
    let enough = misread.is_some() && medication.strength.is_some();
    if !mention.known && !enough && !enough_for_unknown(&medication, context, listed) {
        return None;
    }
    let context_assertion = assertion::of(layout, &mention.name, None);
    draft.assertion = match context_assertion {
        Assertion::Absent if listed || evidence && !told::is_negated_use(text, &mention.name) => {
            Assertion::Present
        }
        Assertion::Family | Assertion::Possible => Assertion::Present,
        other => other,
    };
    if section == Some(SectionKind::StoppedMedications) {
        draft.assertion = Assertion::Historical;
        medication.status = Some("stopped".into());
    }
    if medication.status.is_none() {
        let heading = context.heading(mention.name.start);
        let told = || heading.and_then(status::of_heading);
        // What a prescription is for is no news: only of other drugs it tells something.
        let own = context.kind == DocumentKind::Prescription;
        medication.status = status
            .or_else(told)
            .filter(|status| !own || *status != "started")
            .or_else(|| status::of_list(layout, &mention.name, names))
            .map(Into::into);
    }
    if !mention.known {
        doubt_name(context, printed, misread, &mut draft);
    }
    review::check(&medication, &mut draft);
    draft.fact = Fact::Medication(medication);
    Some(draft)
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

fn doubt_name(context: &Context, printed: &str, misread: Option<&str>, draft: &mut Draft) {
    draft.doubt(match misread {
        Some(name) => format!("the drug's name is not in the lexicon; it may be {name} misread"),
        None => "the drug's name is not in the lexicon".to_owned(),
    });
    for (candidate, likelihood) in context.lexicon.near_drugs(printed) {
        draft.candidate("name", candidate, likelihood);
    }
}

/// A word that no lexicon knows needs a sig or a prescription around it.
fn enough_for_unknown(medication: &Medication, context: &Context, listed: bool) -> bool {
    let sig = medication.frequency.is_some()
        || medication.route.is_some()
        || medication.form.is_some()
        || medication.quantity.is_some()
        || medication.dose.is_some();
    medication.strength.is_some() && (sig || listed || context.kind == DocumentKind::Prescription)
        || medication.dose.is_some() && medication.frequency.is_some()
}
