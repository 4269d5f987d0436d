//! Instructions to the patient: items of their sections, and sentences that say when to come back.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Fact, Instruction};

use crate::{
    context::Context,
    draft::Draft,
    layout::{Span, trim},
    sections::{self, SectionKind},
};

/// All instructions.
pub(crate) fn extract(context: &Context) -> Vec<Draft> {
    static RETURN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:return to the (?:emergency|hospital|clinic|ed\b|er\b)|call (?:your|the) (?:doctor|physician|clinic|office)|seek (?:urgent |immediate )?(?:medical|care)|avoid (?:alcohol|driving|heavy|strenuous)|drink plenty|do not (?:drive|lift|stop|take)|please contact our office)").expect("a valid expression")
    });
    let layout = &context.layout;
    let mut spans: Vec<Span> = Vec::new();
    for section in context.sections_of(&[SectionKind::Instructions]) {
        spans.extend(
            sections::items(layout, &section.body)
                .into_iter()
                .filter(|item| {
                    let words = layout.get(item).split_whitespace().count();
                    (2..=60).contains(&words)
                }),
        );
    }
    for found in RETURN.find_iter(layout.text) {
        let sentence = trim(layout.text, layout.sentence(found.start()));
        let taken = spans
            .iter()
            .any(|s| s.start < sentence.end && sentence.start < s.end);
        if !taken && sentence.len() < 400 {
            spans.push(sentence);
        }
    }
    spans
        .into_iter()
        .map(|span| {
            let mut draft = Draft::new(Fact::Instruction(Instruction {}), 0.85)
                .with("instruction", span.clone());
            draft.value = Some(span);
            draft
        })
        .collect()
}
