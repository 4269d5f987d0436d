//! Medications: a drug's name, found by the lexicon or by its shape (a capitalised word before a
//! strength and a sig), with the phrases that follow it up to the next drug, the end of its sentence
//! or the last line that still speaks the language of prescriptions.
//!
//! Here a mention and its phrases become an entity, or nothing when too little speaks for it.

use schemas::{Assertion, DocumentKind, Fact, Medication};

use crate::{
    assertion,
    context::Context,
    draft::Draft,
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
mod refused;
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
    let name = &mention.name;
    let next = names
        .iter()
        .map(|other| other.start)
        .find(|start| *start > name.start);
    let end = block::block_end(context, mention, next);
    let section = context.section(name.start);
    if section == Some(SectionKind::Allergies) || section == Some(SectionKind::FamilyHistory) {
        return None;
    }
    let block = Block { names, next, end };
    let found = phrases(context, mention, &block, taken);
    let mut medication = Medication {
        name: Some(context.text(name)),
        ..Medication::default()
    };
    let fact = Fact::Medication(Medication::default());
    let mut draft = Draft::new(fact, if mention.known { 0.96 } else { 0.7 });
    draft.add("name", name.clone(), true);
    set_fields(
        context,
        mention,
        &block,
        &found,
        &mut medication,
        &mut draft,
    );
    let listed = matches!(
        section,
        Some(SectionKind::Medications | SectionKind::StoppedMedications)
    );
    let telling = scope::of(layout, name, end, names);
    let status = status::of(text, &telling, name, names);
    let cue = status.is_some() || told::has_cue(text, &layout.sentence(name.start), name);
    let trusted = mention.given
        || listed
        || !mention.weak && (cue || told::in_narrative(context, name))
        || told::is_infused(text, name);
    let evidence = refused::has_evidence(&medication);
    if !evidence && !trusted || refused::is_none(context, mention, &medication, &draft, listed) {
        return None;
    }
    let printed = layout.get(name);
    let misread = (!mention.known)
        .then(|| context.lexicon.misread_drug(printed))
        .flatten();
    let enough = misread.is_some() && medication.strength.is_some();
    if !mention.known && !enough && !enough_for_unknown(&medication, context, listed) {
        return None;
    }
    draft.assertion = match assertion::of(layout, name, None) {
        Assertion::Absent if listed || evidence && !told::is_negated_use(text, name) => {
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
        let heading = context.heading(name.start);
        let told = || heading.and_then(status::of_heading);
        // What a prescription is for is no news: only of other drugs it tells something.
        let own = context.kind == DocumentKind::Prescription;
        medication.status = status
            .or_else(|| told().filter(|status| !own || *status != "started"))
            .or_else(|| status::of_list(layout, name, names))
            .map(Into::into);
    }
    if !mention.known {
        doubt_name(context, printed, misread, &mut draft);
    } else if let Some(meant) = context.lexicon.with_capital_i(printed) {
        draft.doubt("the first letter may be a capital I");
        draft.candidate("name", meant, 0.95);
    }
    review::check(&medication, &mut draft);
    let cut = |piece: &crate::draft::Piece| {
        piece.field == "frequency"
            && context.text(&piece.span).eq_ignore_ascii_case("once")
            && text[piece.span.end..]
                .trim_start_matches(' ')
                .starts_with('|')
    };
    if draft.pieces.iter().any(cut) {
        draft.doubt("its cell ends behind once, which may go on below, as in once daily");
    }
    draft.fact = Fact::Medication(medication);
    Some(draft)
}

/// The text that may speak of a mention.
struct Block<'a> {
    /// All drugs that the document names.
    names: &'a [Span],
    /// Where the next of them begins.
    next: Option<usize>,
    end: usize,
}

/// The phrases of a sig around a mention, those of packages told apart.
fn phrases(context: &Context, mention: &Mention, block: &Block, taken: &[Span]) -> Vec<Read> {
    let layout = &context.layout;
    let (text, name) = (layout.text, &mention.name);
    // The row of a vaccine holds dates and lots, and what else it tells its columns say.
    if mention.given {
        return Vec::new();
    }
    let line = &layout.lines[layout.line_at(name.start)].span;
    let lead = sig::scan(text, line.start..name.start, taken);
    let behind_drug = block
        .names
        .iter()
        .any(|other| other.start >= line.start && other.end < name.start);
    let mut found: Vec<Read> = around::leading(text, &lead, mention, behind_drug)
        .into_iter()
        .map(|found| Read {
            found,
            corrected: None,
        })
        .collect();
    found.extend(repair::scan(text, name.end..block.end.max(name.end), taken));
    found.extend(around::sig_above(context, mention, block.names, &found));
    found.retain(|read| !around::is_initials(text, &read.found));
    packs::tell_supply(text, &mut found, name.start);
    packs::tell_bottle(text, &mut found, name.start);
    packs::tell_issue(text, &mut found, name.start);
    packs::without_bag(text, &mut found, name);
    if let Some(next) = block.next {
        found.retain(|read| !around::is_of_next(text, &read.found, next));
    }
    found
}

/// Sets what phrases, columns, headings and the numbers beside the name tell.
fn set_fields(
    context: &Context,
    mention: &Mention,
    block: &Block,
    found: &[Read],
    medication: &mut Medication,
    draft: &mut Draft,
) {
    let layout = &context.layout;
    let (text, name) = (layout.text, &mention.name);
    let line = &layout.lines[layout.line_at(name.start)].span;
    if let Some(phrases) = table::row(context, name, block.next) {
        row::fill(medication, draft, phrases);
    } else {
        fill::fill(context, medication, draft, found, mention);
        let rest = name.end..block.end.min(line.end).max(name.end);
        if medication.frequency.is_some() && around::leaves_frequency(text, rest.clone(), found) {
            draft.doubt("a part of how often it is taken is not understood");
        }
        if around::leaves_amount(text, rest, found) {
            draft.doubt("an amount before a time of day is not understood");
        }
    }
    columns::fill(context, name, block.next, medication, draft);
    if medication.quantity.is_none()
        && let Some(number) = supply::number(text, line, name, found)
    {
        medication.quantity = Some(context.text(&number));
        draft.add("quantity", number, false);
    }
    if medication.strength.is_none()
        && let Some(number) = amounts::bare_strength(text, name, found)
    {
        medication.strength = Some(context.text(&number));
        draft.add("strength", number, true);
        draft.doubt("the strength has no unit");
    }
    if medication.strength.is_none() && amounts::is_illegible(text, name) {
        draft.doubt("the amount behind the drug is not legible");
    }
    if amounts::has_two_sigs(&text[name.end..block.end.max(name.end)]) {
        draft.doubt("directions stand side by side; they may be another drug's");
    }
    if amounts::has_broken_count(&text[name.end..block.end.max(name.end)]) {
        draft.doubt("the count of what is taken is not legible");
    }
    if medication.frequency.is_none() {
        day_table::fill(context, name, medication, draft);
    }
    driver::fill(context, name, block.names, medication, draft);
    row::finish_norms(medication);
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
