//! Diagnoses: items of their sections ([`list`], [`item`]), with a printed ICD code before or after ([`coded`]), and
//! what sentences say that someone has, had or may have ([`prose`]); [`trim`] and [`phrase`] say where a name begins
//! and ends.

use schemas::{Assertion, Fact};

use crate::{context::Context, draft::Draft, layout::Span, sections::SectionKind};

mod coded;
mod codes;
mod finding;
mod item;
mod known;
mod list;
mod phrase;
mod prose;
mod remarks;
mod ticked;
mod trim;

const UNKNOWN: &str = "the diagnosis is not in the lexicon and has no code";

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
        for item in list::items(context, section) {
            out.extend(item::diagnosis(context, &item, section.kind, free_text));
        }
        doubt_uncoded(&mut out[first..]);
    }
    out.extend(coded::lines(context, &out));
    let alone = codes::alone(context, &out);
    let mut told = prose::conditions(context, &out);
    told.retain(|draft| !crate::medication::overlaps(&draft.span(), taken));
    out.extend(told);
    let nobodys = codes::beside_names(context, alone, &mut out);
    out.extend(nobodys);
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

/// `colitis` of `severe ulcerative colitis`, and not the `copd` of an `exacerbation of copd`.
fn is_part(whole: &str, part: &str) -> bool {
    whole.find(part).is_some_and(|at| {
        let lead = &whole[..at];
        ![" of ", " on ", " with ", " to ", " in ", " and "]
            .iter()
            .any(|word| lead.ends_with(word))
    })
}

fn once(context: &Context, drafts: Vec<Draft>) -> Vec<Draft> {
    let mut seen: Vec<(String, Assertion)> = Vec::new();
    let mut out = Vec::new();
    for draft in drafts {
        let named = draft.value.clone().unwrap_or_else(|| draft.span());
        let key = crate::lexicon::key(context.layout.get(&named));
        let twin = seen.iter().any(|(other, assertion)| {
            *other == key
                && (*assertion == draft.assertion
                    || *assertion == Assertion::Present
                    || draft.assertion == Assertion::Possible)
                || draft.rule < 0.8
                    && is_part(other, &key)
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
