//! Allergies: items of their section as substance with reaction, `allergic to …` in sentences, and the
//! statement that there are none, which is an allergy with the assertion absent.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Allergy, Assertion, Fact};

use crate::{
    context::Context,
    draft::Draft,
    layout::{Span, trim_by},
    sections::{self, SectionKind},
};

static NONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:nkd?a|nkfa|no known (?:[\p{L}-]+ ){0,2}(?:allerg(?:y|ies)|sensitivities)|no (?:drug |medication )?allergies(?: known)?|nil known|none known|denies (?:any )?(?:drug )?allergies)\b").expect("a valid expression")
});
static REACTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?s)(.*?)\s*(?:\(\s*([^)]*)\)?|\s[-–—]+\s*(.+)|:\s*(.+)|\s(?:causes?|caused|causing|resulting in|leads to|produces?|with reaction(?: of)?|reaction)\s*:?\s*(.+)|\t\s*(.+)|\s{2,}(.+))$").expect("a valid expression")
});
static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:(?:allergen|substance|agent|allergy|drug|reaction|type|severity|date|noted|onset|comments?|status|adverse|criticality)(?: type)?[\s,|/]*)+$").expect("a valid expression")
});
/// `Drug: Amoxicillin   Reaction: rash   Year: 2018`.
static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?i:drug|food|allergen|substance|agent|medicines?|medications?|environmental)\s*:\s*(.+?)[\s,;|]+(?i:reactions?|causes?)\s*:\s*(.+?)(?:\t|\s{2}|$)").expect("a valid expression")
});
static TITLED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:Dr|Mr|Mrs|Ms|Miss|Prof)\b").expect("a valid expression"));
const REACTIONS: &[&str] = &[
    "rash",
    "hives",
    "urticaria",
    "anaphylaxis",
    "angioedema",
    "cough",
    "itching",
    "nausea",
    "vomiting",
    "bronchospasm",
    "swelling",
    "diarrhea",
    "diarrhoea",
    "gi upset",
    "gi bleeding",
    "gi bleeding risk",
    "wheezing",
    "dizziness",
    "headache",
    "unknown",
    "hypotension",
    "sob",
    "shortness of breath",
    "pruritus",
    "extreme nausea",
    "stevens-johnson syndrome",
    "dyspnea",
    "anaphylactic shock",
    "blisters",
    "facial swelling",
    "throat swelling",
    "confusion",
    "myalgia",
    "muscle pain",
    "abdominal pain",
    "stomach upset",
    "flushing",
    "tongue swelling",
    "palpitations",
    "skin rash",
    "hives / urticaria",
    "respiratory distress",
    "gastrointestinal upset",
    "dystonia",
    "hallucinations",
    "drowsiness",
    "seizure",
    "bleeding",
    "bruising",
    "thrombocytopenia",
    "neutropenia",
    "agranulocytosis",
    "hepatitis",
    "pancreatitis",
    "nephritis",
    "tendonitis",
    "neuropathy",
    "hypoglycaemia",
    "hypoglycemia",
    "tardive dyskinesia",
    "serotonin syndrome",
    "mouth ulcers",
    "photosensitivity",
    "toxic epidermal necrolysis",
    "red man syndrome",
    "fever",
    "joint pain",
    "lip swelling",
    "tachycardia",
    "collapse",
    "wheeze",
    "breathlessness",
    "blistering",
    "dermatitis",
    "sedation",
    "delirium",
    "agitation",
    "tremor",
    "weakness",
    "dry mouth",
    "weight gain",
    "paraesthesia",
    "paresthesia",
    "thyrotoxicosis",
    "oesophagitis",
    "esophagitis",
    "angioneurotic oedema",
    "facial oedema",
    "oedema",
    "edema",
];

/// All allergies.
pub(crate) fn extract(context: &Context) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::new();
    let text = context.layout.text;
    for found in NONE.find_iter(text) {
        let fact = Fact::Allergy(Allergy {
            substance: Some(found.as_str().into()),
            reaction: None,
        });
        out.push(
            Draft::new(fact, 0.95)
                .with("substance", found.range())
                .asserted(Assertion::Absent),
        );
    }
    let no_allergies: Vec<Span> = out.iter().map(Draft::span).collect();
    for section in context.sections_of(&[SectionKind::Allergies]) {
        let mut pending: Option<usize> = None;
        for item in items(context, &section.body) {
            let stated = no_allergies
                .iter()
                .any(|n| n.start < item.end && item.start < n.end);
            if stated || HEADER.is_match(&text[item.clone()]) {
                pending = None;
                continue;
            }
            let bare = crate::lexicon::key(&text[item.clone()]);
            if REACTIONS.iter().any(|r| crate::lexicon::key(r) == bare) {
                attach(context, &mut out, pending.take(), &item);
                continue;
            }
            if let Some(draft) = of_item(context, &item) {
                out.push(draft);
                pending = Some(out.len() - 1);
            } else {
                attach(context, &mut out, pending.take(), &item);
            }
        }
    }
    out.extend(in_prose(context, &out));
    out.extend(with_reaction(context, &out));
    once(out)
}

/// A reaction in the cell below its substance.
fn attach(context: &Context, out: &mut [Draft], pending: Option<usize>, item: &Span) {
    let Some(draft) = pending.and_then(|i| out.get_mut(i)) else {
        return;
    };
    if let Fact::Allergy(allergy) = &mut draft.fact
        && allergy.reaction.is_none()
        && item.len() < 60
    {
        allergy.reaction = Some(context.text(item));
        draft.add("reaction", item.clone(), false);
    }
}

/// Items of a body; commas outside of brackets part them too.
fn items(context: &Context, body: &Span) -> Vec<Span> {
    let text = context.layout.text;
    let mut out = Vec::new();
    for item in section_lines(context, body) {
        let mut depth = 0i32;
        let mut start = item.start;
        for (i, c) in text[item.clone()].char_indices() {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                ',' if depth <= 0 => {
                    out.push(start..item.start + i);
                    start = item.start + i + 1;
                }
                _ => {}
            }
        }
        out.push(start..item.end);
    }
    out.into_iter()
        .map(|span| {
            trim_by(text, span, |c| {
                c.is_whitespace() || matches!(c, '.' | ';' | ':' | '-' | '*' | '•' | ',')
            })
        })
        .map(|span| {
            if text[span.clone()].starts_with("and ") {
                span.start + 4..span.end
            } else {
                span
            }
        })
        .filter(|span| !span.is_empty())
        .collect()
}

fn section_lines(context: &Context, body: &Span) -> Vec<Span> {
    let text = context.layout.text;
    let table = context
        .layout
        .lines
        .iter()
        .any(|l| l.span.start >= body.start && l.span.end <= body.end && l.cells.len() > 1);
    if !table {
        return sections::items(&context.layout, body);
    }
    context
        .layout
        .lines
        .iter()
        .map(|l| l.span.start.max(body.start)..l.span.end.min(body.end))
        .filter(|s| s.start < s.end && !text[s.clone()].trim().is_empty())
        .map(|s| s.start + sections::item_mark(&text[s.clone()])..s.end)
        .collect()
}

fn of_item(context: &Context, item: &Span) -> Option<Draft> {
    let text = context.layout.text;
    let part = &text[item.clone()];
    let named = LABELLED.captures(part).or_else(|| REACTION.captures(part));
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
    // Many fonts print both alike, and every engine then reads the one.
    let capital = name.strip_prefix('l').map(|rest| format!("I{rest}"));
    let meant = capital.filter(|meant| !is_known(name) && is_known(meant));
    let known = meant.is_some() || is_known(name);
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    let limit = if reaction.is_some() { 5 } else { 4 };
    if letters < 3
        || !known && words > limit
        || !known && !name.starts_with(char::is_uppercase) && (reaction.is_none() || words > 2)
        || is_answer(name)
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
        draft.doubt("the substance is not in the lexicon");
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
    let part = text[item.clone()].to_lowercase();
    if part.is_ascii() {
        for reaction in REACTIONS {
            if let Some(rest) = part.strip_suffix(reaction)
                && rest.ends_with(' ')
                && rest.trim().len() > 2
            {
                let cut = item.start + rest.len();
                return (item.start..cut, Some(cut..item.end));
            }
        }
    }
    (item.clone(), None)
}

fn in_prose(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static CUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(not )?(?:allergic to|allergy to|allergies to|intolerant (?:to|of)|intolerance (?:to|of))\s+((?:[\p{L}-]+(?:,\s*|\s+and\s+|\s+or\s+)?){1,6}?)(?:\s*\(([^)]+)\)|,?\s+(?:which|that|causing|causes|with|\(|developing)\s*([^.\n]{0,60})|[.;\n]|$)").expect("a valid expression")
    });
    let text = context.layout.text;
    let mut out = Vec::new();
    for found in CUE.captures_iter(text) {
        let Some(list) = found.get(2) else { continue };
        let further = found.get(0).map_or(list.end(), |m| m.end());
        out.extend(joined_by_and(context, further));
        let negated = found.get(1).is_some()
            || text[..list.start()]
                .to_lowercase()
                .ends_with("no known allergy to ");
        let mut at = list.start();
        for piece in list.as_str().split_inclusive([' ', ',']) {
            let span = trim_by(text, at..at + piece.len(), |c| {
                c.is_whitespace() || c == ',' || c == '.'
            });
            at += piece.len();
            let name = &text[span.clone()];
            let taken = before.iter().any(|d| {
                d.pieces
                    .iter()
                    .any(|p| p.span.start < span.end && span.start < p.span.end)
            });
            if taken || !context.lexicon.is_substance(name) && !context.lexicon.is_any_drug(name) {
                continue;
            }
            let reaction = found.get(3);
            let fact = Fact::Allergy(Allergy {
                substance: Some(name.into()),
                reaction: reaction.map(|r| r.as_str().into()),
            });
            let mut draft = Draft::new(fact, 0.9);
            draft.add("substance", span, true);
            if let Some(reaction) = reaction {
                draft.add("reaction", reaction.range(), false);
            }
            if negated {
                draft.assertion = Assertion::Absent;
            }
            out.push(draft);
        }
    }
    out
}

/// `Penicillin allergy (anaphylaxis 1998)`, `avoid sulfa - hives`, `Haldol -> dystonia`: the substance with what it
/// did. Without a reaction, what is to be avoided is advice.
fn with_reaction(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\b([\p{L}-]+) (?:allergy|allergic|intolerance|intolerant)\b|\b(?:ADR|ADRs|allerg(?:y|ic)|sensitivity)\s?[-–:]\s?([\p{L}-]+)\b|\bavoid ([\p{L}-]+)|\b([\p{L}-]+) ?(?:->|→))\s*(?:[(:–-]+\s*([\p{L} ,/-]+?))?\s*(?:(?:in )?(?:19|20)\d\d)?(?:[).;,\n(]|$)")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    SAID.captures_iter(text)
        .filter_map(|found| {
            let stated = found.get(1).or(found.get(2));
            let name = stated.or(found.get(3)).or(found.get(4))?;
            let reaction = found.get(5).filter(|said| {
                let said = said.as_str().trim().to_lowercase();
                REACTIONS.iter().any(|known| said.contains(known))
            });
            let known = context.lexicon.is_substance(name.as_str())
                || context.lexicon.is_any_drug(name.as_str());
            let sentence = context.layout.sentence(name.start()).start;
            let lead = text[sentence.min(name.start())..name.start()].to_lowercase();
            let denied = ["no ", "denies ", "nor ", "without "]
                .iter()
                .any(|word| lead.contains(word));
            let taken = before.iter().any(|draft| {
                draft
                    .pieces
                    .iter()
                    .any(|p| p.span.start < name.end() && name.start() < p.span.end)
            });
            if taken || denied || !known || stated.is_none() && reaction.is_none() {
                return None;
            }
            let reaction = reaction.map(|said| trim_by(text, said.range(), char::is_whitespace));
            let fact = Fact::Allergy(Allergy {
                substance: Some(name.as_str().into()),
                reaction: reaction.as_ref().map(|said| context.text(said)),
            });
            let mut draft = Draft::new(fact, 0.88);
            draft.add("substance", name.range(), true);
            if let Some(reaction) = reaction {
                draft.add("reaction", reaction, false);
            }
            Some(draft)
        })
        .collect()
}

/// `allergic to sulfa (hives) and codeine (nausea)`: what follows the first pair.
fn joined_by_and(context: &Context, from: usize) -> Option<Draft> {
    static NEXT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^,?\s*and\s+(?:to\s+)?([\p{L}-]+)(?:\s*\(([^)]+)\))?")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    let found = NEXT.captures(&text[from..])?;
    let name = found.get(1)?;
    let span = from + name.start()..from + name.end();
    if !context.lexicon.is_substance(name.as_str()) {
        return None;
    }
    let reaction = found.get(2).map(|r| from + r.start()..from + r.end());
    let fact = Fact::Allergy(Allergy {
        substance: Some(name.as_str().into()),
        reaction: reaction.as_ref().map(|r| context.text(r)),
    });
    let mut draft = Draft::new(fact, 0.88);
    draft.add("substance", span, true);
    if let Some(reaction) = reaction {
        draft.add("reaction", reaction, false);
    }
    Some(draft)
}

fn once(drafts: Vec<Draft>) -> Vec<Draft> {
    let mut seen: Vec<String> = Vec::new();
    drafts
        .into_iter()
        .filter(|draft| {
            let Fact::Allergy(allergy) = &draft.fact else {
                return false;
            };
            let key = crate::lexicon::key(allergy.substance.as_deref().unwrap_or_default());
            let fresh = !seen.contains(&key);
            seen.push(key);
            fresh
        })
        .collect()
}
