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

mod item;
mod prose;
mod reaction;
mod seen;
mod table;

use item::{UNKNOWN, of_item};

static NONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:nkd?a|nkfa|no known (?:[\p{L}-]+ ){0,2}(?:allerg(?:y|ies)|sensitivities)|no (?:drug |medication )?allergies(?: known)?|nil known|none known|denies (?:any )?(?:drug )?allergies)\b").expect("a valid expression")
});

static EXCEPT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^[\s,:-]{0,3}(?:except|apart from|other than|but)\b")
        .expect("a valid expression")
});

/// `No latex allergy`: an item of a list that denies one.
static DENIED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:no|nil|not allergic to|denies)\s+(.+?)(?:\s+(?:allerg(?:y|ies)|sensitivity|intolerance))?$")
        .expect("a valid expression")
});

static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:(?:allergen|substance|agent|allergy|drug|reaction|type|severity|date|noted|onset|comments?|status|adverse|criticality)(?: type)?[\s,|/]*)+$").expect("a valid expression")
});

static TESTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\p{L}[\p{L}/-]+(?: [\p{L}-]+)?\s+[:=-]?\s?\(?[SRI]\)?$")
        .expect("a valid expression")
});

/// All allergies.
pub(crate) fn extract(context: &Context) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::new();
    let text = context.layout.text;
    for found in NONE.find_iter(text) {
        // `NKDA except codeine`.
        if EXCEPT.is_match(&text[found.end()..]) {
            continue;
        }
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
    out.extend(table::rows(context));
    let told: Vec<Span> = out.iter().map(Draft::span).collect();
    for section in context.sections_of(&[SectionKind::Allergies]) {
        // `nil known. I have restarted …`: what goes on behind it is no list.
        let none_above = |item: &Span| {
            told.iter()
                .any(|none| none.start >= section.body.start && none.end <= item.start)
        };
        let mut pending: Option<usize> = None;
        for item in items(context, &section.body) {
            // `Trimethoprim R`: what a germ is sensitive to.
            let tested = TESTED.is_match(&text[item.clone()]);
            let stated = tested
                || told
                    .iter()
                    .any(|n| n.start < item.end && item.start < n.end);
            if stated || HEADER.is_match(&text[item.clone()]) {
                pending = None;
                continue;
            }
            if let Some(start) = behind_denial(context, &item) {
                let name = trim_by(text, start.max(item.start)..item.end, char::is_whitespace);
                out.extend(absent(context, name));
                pending = None;
                continue;
            }
            let bare = crate::lexicon::key(&text[item.clone()]);
            if reaction::is_one(&bare) {
                attach(context, &mut out, pending.take(), &item);
                continue;
            }
            if let Some(denied) = denied(context, &item) {
                out.push(denied);
                pending = None;
            } else if let Some(draft) =
                of_item(context, &item).filter(|draft| !(none_above(&item) && is_unknown(draft)))
            {
                out.push(draft);
                pending = Some(out.len() - 1);
            } else {
                attach(context, &mut out, pending.take(), &item);
            }
        }
    }
    out.extend(prose::allergic_to(context, &out));
    out.extend(prose::labelled(context, &out));
    out.extend(prose::with_reaction(context, &out));
    out.extend(prose::harmed(context, &out));
    out.extend(seen::extract(context, &out));
    for draft in &mut out {
        // `?Peanut allergy`.
        if draft.assertion == Assertion::Present && text[..draft.span().start].ends_with('?') {
            draft.assertion = Assertion::Possible;
        }
    }
    once(out)
}

fn is_unknown(draft: &Draft) -> bool {
    draft.reasons.iter().any(|reason| reason == UNKNOWN)
}

fn denied(context: &Context, item: &Span) -> Option<Draft> {
    let found = DENIED.captures(&context.layout.text[item.clone()])?;
    let name = found.get(1)?;
    absent(context, item.start + name.start()..item.start + name.end())
}

/// `NOT ALLERGIC (tested 13/10/2025): amoxicillin, latex`: where the list begins, when such a line holds the item.
fn behind_denial(context: &Context, item: &Span) -> Option<usize> {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\W*(?:not allergic|tolerates?|no allergy)\b[^:\n]*:")
            .expect("a valid expression")
    });
    let line = &context.layout.lines[context.layout.line_at(item.start)].span;
    let lead = LINE.find(context.layout.get(line))?;
    Some(line.start + lead.end())
}

/// A known substance that nobody is allergic to.
fn absent(context: &Context, span: Span) -> Option<Draft> {
    let name = &context.layout.text[span.clone()];
    if !context.lexicon.is_substance(name) && !context.lexicon.is_any_drug(name) {
        return None;
    }
    let fact = Fact::Allergy(Allergy {
        substance: Some(name.into()),
        reaction: None,
    });
    Some(
        Draft::new(fact, 0.9)
            .with("substance", span)
            .asserted(Assertion::Absent),
    )
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

fn substance(draft: &Draft) -> String {
    match &draft.fact {
        Fact::Allergy(allergy) => allergy.substance.clone().unwrap_or_default(),
        _ => String::new(),
    }
}

/// The same substance once. What a text says somebody is not allergic to counts before its label.
fn once(mut drafts: Vec<Draft>) -> Vec<Draft> {
    let mut seen: Vec<String> = Vec::new();
    drafts.sort_by_key(|draft| {
        draft.assertion != Assertion::Absent || NONE.is_match(&substance(draft))
    });
    drafts
        .into_iter()
        .filter(|draft| {
            let key = crate::lexicon::key(&substance(draft));
            let fresh = !seen.contains(&key);
            seen.push(key);
            fresh
        })
        .collect()
}
