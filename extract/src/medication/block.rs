//! How much of the text speaks of a mention: in running text its sentence, in a list the lines below
//! it as long as they speak the language of prescriptions ([`lines`]).

use std::sync::LazyLock;

use regex::Regex;

use super::{Mention, mention};
use crate::{
    context::Context,
    layout::Span,
    sections::{SectionKind, item_mark},
};

mod lines;

use lines::speaks_of_sig;

/// The end of the text that may speak of a mention, where no clause begins that tells of another drug, which no list
/// knows: `hold lisinopril 20 mg, give sodium polystyrene 15 g`.
pub(super) fn block_end(context: &Context, mention: &Mention, next: Option<usize>) -> usize {
    static CLAUSE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[,;]\s+(?:and\s+|then\s+)?(?:give|gave|given|add(?:ed)?|start(?:ed)?|begin|began|commenced?|replete with|switch(?:ed)? to|load(?:ed)? with)\s+(?:on\s+|with\s+)?(\p{L}{4,})")
            .expect("a valid expression")
    });
    const OF_A_SIG: [&str; 14] = [
        "with", "from", "half", "three", "four", "five", "taking", "today", "tomorrow", "slowly",
        "tonight", "after", "before", "once",
    ];
    let end = whole_end(context, mention, next);
    let end = end_of_aside(context, &mention.name).map_or(end, |close| end.min(close));
    let end = other_thing(context, mention.name.end..end.max(mention.name.end)).unwrap_or(end);
    let text = &context.layout.text[mention.name.end..end.max(mention.name.end)];
    // `200 mg OD, Tab Wysolone 10 mg OD`.
    let inner = mention::INNER_FORM.find(text).map(|next| next.start());
    let text = &text[..inner.unwrap_or(text.len())];
    let end = mention.name.end + text.len();
    let other = CLAUSE.captures_iter(text).find(|clause| {
        let word = clause[1].to_lowercase();
        !OF_A_SIG.contains(&&*word) && !crate::sig::counts(&word)
    });
    other
        .and_then(|clause| clause.get(0))
        .map_or(end, |clause| mention.name.end + clause.start())
}

/// `Aminophylline 5 mg/kg (omitted, on theophylline), then 500 mg`: of a drug that is told of in brackets nothing behind
/// them speaks.
fn end_of_aside(context: &Context, name: &Span) -> Option<usize> {
    let layout = &context.layout;
    let line = &layout.lines[layout.line_at(name.start)].span;
    let before = &layout.text[line.start..name.start];
    let open = before
        .rfind('(')
        .filter(|open| !before[*open..].contains(')'))?;
    let told = before[open + 1..].contains(char::is_alphabetic);
    let close = layout.text[name.end..line.end].find(')')?;
    told.then_some(name.end + close)
}

/// Where `, GI cocktail 30 mL` begins behind an amount of the drug: something else, with an amount of its own.
fn other_thing(context: &Context, within: Span) -> Option<usize> {
    static THING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[0-9][^,;\n]*?([,;]\s+)((?:\p{L}[\p{L}-]+ ){1,3})[0-9][0-9.,]*\s?(?:mg|mcg|micrograms?|g|ml|mL|units?)\b")
            .expect("a valid expression")
    });
    static OF_A_SIG: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:take|taking|taken|takes|give|given|inject|apply|use|drink|dissolve|mix|then|and|or|for|up|to|by|with|in|as|of|at|on|from|per|about|not|no|now|but|plus|every|each|dose|doses|dosage|total|max|maximum|minimum|exceed|reduce[ds]?|reducing|increase[ds]?|increasing|titrate[ds]?|decrease[ds]?|loading|load|initial|initially|maintenance|target|usual|usually|currently|previously|was|is|will|be|may|can|if|until|after|before|followed|once|twice|half|extra|additional|another|dispense|supply|quantity|qty|strength|size|volume|bottle|tube|pack|box|alternating|weight|level|trough|(?:mon|tues?|wed(?:nes)?|thurs?|fri|sat(?:ur)?|sun)(?:day)?s?|mornings?|evenings?|nights?|noon|midday|lunch(?:time)?|breakfast|dinner|tea(?:time)?|supper|bed(?:time)?|mane|nocte|am|pm|days?|weeks?|months?|first|second|third|last|next|other|odd|even|rest)$")
            .expect("a valid expression")
    });
    let text = &context.layout.text[within.clone()];
    THING.captures_iter(text).find_map(|found| {
        let (gap, words) = (found.get(1)?, found.get(2)?);
        let own = words.as_str().split_whitespace().any(|word| {
            let lower = word.to_lowercase();
            OF_A_SIG.is_match(word) || crate::sig::counts(&lower) || crate::sig::is_form(&lower)
        });
        let of_a_sig = || {
            let parts = crate::sig::scan(words.as_str(), 0..words.len(), &[]);
            !parts.is_empty()
        };
        (!own && !of_a_sig()).then(|| within.start + gap.start())
    })
}

fn whole_end(context: &Context, mention: &Mention, next: Option<usize>) -> usize {
    let layout = &context.layout;
    let limit = next.unwrap_or(layout.text.len());
    let first = layout.line_at(mention.name.start);
    let mut last = first;
    let prose = is_prose(context, first, mention);
    if prose {
        static TITLED: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\n\s*\p{Lu}[\p{L}/-]*(?: [\p{L}/-]+){0,3}:\s").expect("a valid expression")
        });
        let sentence = layout.sentence(mention.name.start);
        let end = sentence.end.max(mention.name.end).min(limit);
        let titled = TITLED.find(&layout.text[mention.name.end..end.max(mention.name.end)]);
        return titled.map_or(end, |found| mention.name.end + found.start());
    }
    while let Some(below) = layout.below(last) {
        if layout.lines[below].span.start >= limit || below > first + 9 {
            break;
        }
        if !speaks_of_sig(context, last, below) {
            break;
        }
        last = below;
    }
    layout.lines[last].span.end.min(limit)
}

/// Running text: the name stands late in a long line, or the line runs on from the one above.
fn is_prose(context: &Context, line: usize, mention: &Mention) -> bool {
    let layout = &context.layout;
    let span = &layout.lines[line].span;
    let before = &layout.text[span.start..mention.name.start];
    let before = &before[item_mark(before).min(before.len())..];
    let words = before.split_whitespace().count();
    let section = context.section(mention.name.start);
    let listed = section == Some(SectionKind::Medications) && words <= 3;
    let lower = before.starts_with(|c: char| c.is_ascii_lowercase());
    !listed && (words > 4 || lower && words > 1)
}
