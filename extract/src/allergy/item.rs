//! One item of a list of allergies: a substance, and what it does.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Allergy, Fact};

use super::reaction;
use crate::{
    context::Context,
    draft::Draft,
    layout::{Span, trim_by},
};

/// Why an item is doubted whose substance nobody knows.
pub(super) const UNKNOWN: &str = "the substance is not in the lexicon";

static REACTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?s)(.*?)\s*(?:\(\s*([^)]*)\)?|\s[-–—]+>?\s*(.+)|:\s*(.+)|\s(?:causes?|caused|causing|resulting in|leads to|produces?|with reaction(?: of)?|reaction)\s*:?\s*(.+)|\t\s*(.+)|\s{2,}(.+))$").expect("a valid expression")
});
/// `CEFALEXIN / hives`.
static SLASHED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(.{3,40}?)\s+/\s+(.+)$").expect("a valid expression"));
/// `Drug: Amoxicillin   Reaction: rash   Year: 2018`.
static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?i:drug|food|allergen|substance|agent|medicines?|medications?|environmental)\s*:\s*(.+?)[\s,;|]+(?i:reactions?|causes?)\s*:\s*(.+?)(?:\t|\s{2}|$)").expect("a valid expression")
});
/// `Tryptase 48.2 ug/L`: what was found in blood.
static MEASURED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9]\s?[a-zµ]{1,4}/[a-zA-Z]+").expect("a valid expression"));
static TITLED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:Dr|Mr|Mrs|Ms|Miss|Prof)\b").expect("a valid expression"));

/// What an item tells, if it names a substance.
pub(super) fn of_item(context: &Context, item: &Span) -> Option<Draft> {
    let text = context.layout.text;
    let part = &text[item.clone()];
    let named = LABELLED
        .captures(part)
        .or_else(|| {
            SLASHED
                .captures(part)
                .filter(|found| reaction::is_in(&found[2].to_lowercase()))
        })
        .or_else(|| REACTION.captures(part));
    let (substance, reaction) = match named {
        Some(found) => {
            let name = found.get(1)?;
            let reaction = (2..=7).find_map(|i| found.get(i));
            let shift = |m: regex::Match| item.start + m.start()..item.start + m.end();
            (shift(name), reaction.map(shift))
        }
        None => trailing_reaction(text, item),
    };
    let edge = |c: char| {
        c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':' | '-' | '–' | '—' | ')' | '[' | ']')
    };
    let substance = trim_by(text, substance, edge);
    let reaction = reaction
        .map(|r| trim_by(text, r, edge))
        .map(|r| {
            let open = text[r.clone()].contains('(') && !text[r.clone()].contains(')');
            let closes = open && text[r.end..].starts_with(')');
            r.start..r.end + usize::from(closes)
        })
        .filter(|r| !r.is_empty());
    let (substance, reaction) = unwrap_brackets(context, substance, reaction, item);
    let substance = match text[substance.clone()].find(" (") {
        Some(cut) => substance.start..substance.start + cut,
        None => substance,
    };
    let name = &text[substance.clone()];
    let words = name.split_whitespace().count();
    let is_known =
        |name: &str| context.lexicon.is_substance(name) || context.lexicon.is_any_drug(name);
    let meant = context
        .lexicon
        .with_capital_i(name)
        .filter(|_| !is_known(name));
    let known = meant.is_some() || is_known(name);
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    let limit = if reaction.is_some() { 5 } else { 4 };
    if letters < 3
        || !known && words > limit
        || !known && !name.starts_with(char::is_uppercase) && (reaction.is_none() || words > 2)
        || is_answer(name)
        || !known && MEASURED.is_match(&text[item.clone()])
        || !known && name.chars().filter(char::is_ascii_digit).count() > 3
    {
        return None;
    }
    let fact = Fact::Allergy(Allergy {
        substance: Some(name.into()),
        reaction: reaction.as_ref().map(|r| {
            let printed = context.text(r);
            strip_lead(&printed)
        }),
    });
    let mut draft = Draft::new(fact, if known { 0.96 } else { 0.85 });
    draft.add("substance", substance, true);
    if let Some(reaction) = reaction {
        draft.add("reaction", reaction, false);
    }
    if let Some(meant) = meant {
        draft.doubt("the first letter may be a capital I");
        draft.candidate("substance", meant, 0.95);
    }
    if !known {
        draft.doubt(UNKNOWN);
        for (candidate, likelihood) in context.lexicon.near_drugs(name) {
            draft.candidate("substance", candidate, likelihood);
        }
    }
    Some(draft)
}

/// `Sulfa drugs (Sulfamethoxazole) - Anaphylaxis`: the brackets belong to the substance.
fn unwrap_brackets(
    context: &Context,
    substance: Span,
    reaction: Option<Span>,
    item: &Span,
) -> (Span, Option<Span>) {
    let text = context.layout.text;
    let Some(inside) = reaction.clone() else {
        return (substance, None);
    };
    let is_name = context.lexicon.is_substance(&text[inside.clone()]);
    let rest = trim_by(text, inside.end..item.end, |c| {
        c.is_whitespace() || matches!(c, ')' | '-' | '–' | '—' | ':')
    });
    if is_name && !rest.is_empty() {
        return (substance, Some(rest));
    }
    (substance, reaction)
}

fn strip_lead(reaction: &str) -> String {
    static LEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:causes?|reaction|reactions|severity)\s*:?\s*(?:an? )?")
            .expect("a valid expression")
    });
    LEAD.replace(reaction, "").into_owned()
}

fn is_answer(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "none"
            | "yes"
            | "no"
            | "unknown"
            | "see list"
            | "reviewed"
            | "nil"
            | "n/a"
            | "other"
            | "not known"
            | "none recorded"
    ) || name.to_lowercase().ends_with(" by")
        || TITLED.is_match(name)
}

/// `Penicillin rash`: a known reaction ends the item.
fn trailing_reaction(text: &str, item: &Span) -> (Span, Option<Span>) {
    const SEVERITIES: [&str; 3] = [" mild", " moderate", " severe"];
    let mut part = text[item.clone()].to_lowercase();
    if part.is_ascii() {
        // `Trimethoprim Urticaria Moderate`.
        let severity = SEVERITIES.iter().find(|word| part.ends_with(*word));
        part.truncate(part.len() - severity.map_or(0, |word| word.len()));
        let end = item.start + part.len();
        for reaction in reaction::REACTIONS {
            if let Some(rest) = part.strip_suffix(reaction)
                && rest.ends_with(' ')
                && rest.trim().len() > 2
            {
                let cut = item.start + rest.len();
                return (item.start..cut, Some(cut..end));
            }
        }
    }
    (item.clone(), None)
}
