//! What sentences say that someone has: conditions of the lexicon behind a cue, and names that end as names of
//! diseases do (`upper airway cough syndrome`) behind a stronger one. The latter are doubted: no list knows them.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Assertion, Diagnosis, DocumentKind, Fact};

use super::phrase;
use crate::{assertion, context::Context, draft::Draft, layout::Span, sections::SectionKind};

/// Known conditions in sentences with a cue.
pub(super) fn conditions(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static CUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:diagnos(?:ed|is)|history of|hx of|h/o|known|suffer(?:s|ed|ing) (?:from|with)|consistent with|has|have|had|with (?:a |an )?(?:new |acute |chronic |known |underlying )?|treated for|treatment (?:of|for)|presented with|confirmed|secondary to|due to|denies|no evidence of|rule out|possible|probable|suspected|mother|father|brother|sister|impression|indication|managed for|evaluation of|management of|regarding (?:his|her|their)?|admitted (?:with|for)|developed|newly|complicated by|likely|for (?:his|her|their)|in keeping with|compatible with|notable for|significant for|background of|opinion on|concerns? about)\b|\bconditions?(?:\(s\))?:").expect("a valid expression")
    });
    static VACCINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s*(?:vaccin|immuni[sz]|screen|prophyla)").expect("a valid expression")
    });
    let layout = &context.layout;
    let text = layout.text;
    let lab = context.kind == DocumentKind::LabReport;
    let mut out = Vec::new();
    for line in &layout.lines {
        for span in super::conditions(context, &line.span) {
            let section = context.section(span.start);
            let vaccine = VACCINE.is_match(&text[span.end..line.span.end.max(span.end)]);
            let silent = vaccine || is_silent(section);
            let taken = is_taken(before, &span);
            if silent || taken || lab {
                continue;
            }
            let sentence = layout.sentence(span.start);
            let lead = &text[sentence.start.min(span.start)..span.start];
            let near = lead.len().saturating_sub(110);
            let near = (near..=lead.len())
                .find(|i| lead.is_char_boundary(*i))
                .unwrap_or(0);
            let said = lead.to_lowercase();
            let polite = said.contains("if you could") || said.contains("if you would");
            let return_for = said.contains("return to") || said.contains("if you") && !polite;
            let family = section == Some(SectionKind::FamilyHistory);
            if return_for || !(family || CUE.is_match(&lead[near..])) {
                continue;
            }
            let full = phrase::widen(text, &line.span, &span);
            let mut draft = Draft::new(Fact::Diagnosis(Diagnosis::default()), 0.75)
                .with("diagnosis", full.clone());
            draft.value = Some(full.clone());
            draft.assertion = assertion::of(layout, &full, section);
            if text[line.span.start..span.start]
                .trim_start()
                .starts_with(['☐', '['])
                && !text[line.span.start..span.start]
                    .to_lowercase()
                    .contains("[x")
            {
                draft.assertion = Assertion::Absent;
            }
            out.push(draft);
        }
    }
    out
}

/// Sections whose conditions are nobody's diagnosis.
fn is_silent(section: Option<SectionKind>) -> bool {
    matches!(
        section,
        Some(
            SectionKind::Instructions
                | SectionKind::Allergies
                | SectionKind::Labs
                | SectionKind::Medications
        )
    )
}

fn is_taken(drafts: &[Draft], span: &Span) -> bool {
    let pieces = drafts.iter().flat_map(|draft| &draft.pieces);
    pieces
        .into_iter()
        .any(|piece| piece.span.start < span.end && span.start < piece.span.end)
}

/// Names that no list knows, by their last word, where a sentence says outright that someone has it.
pub(super) fn unknown(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static HEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:syndrome|disease|disorder|deficiency|insufficiency|failure|fractures?|cancer|infection|abscess|ulcers?|hernia|polyps?|rupture|\p{L}{3,}(?:itis|osis|oma|aemia|emia|opathy|ectasis|algia))\b")
            .expect("a valid expression")
    });
    static NO_HEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^(?:diagnosis|prognosis|anastomosis|hypnosis|osmosis|stroma|stoma|academia)$",
        )
        .expect("a valid expression")
    });
    static OF_SOMETHING_ELSE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[ -](?:screen|tests?\b|risk|clinic|team|nurse|specialist|antibod|vaccin|marker|prevention|control|activity|severity|medication)")
            .expect("a valid expression")
    });
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:has|have|had|suffer(?:s|ed|ing) (?:from|with)|diagnos(?:ed|is)(?: with| of)?|(?:in keeping|consistent|compatible) with|typical of|confirm(?:s|ed)|show(?:s|ed)|reveal(?:s|ed)|impression|history of|notable for|significant for|complicated by|developed|due to|opinion on|evaluation of|condition\(?s?\)?:)\W[^.;]{0,60}$")
            .expect("a valid expression")
    });
    let layout = &context.layout;
    let text = layout.text;
    let prose = !matches!(
        context.kind,
        DocumentKind::LabReport | DocumentKind::Prescription | DocumentKind::InsuranceForm
    );
    let heads = HEAD.find_iter(text).filter(|_| prose);
    heads
        .filter_map(|head| {
            let line = &layout.lines[layout.line_at(head.start())].span;
            let sentence = layout.sentence(head.start()).start.max(line.start);
            let section = context.section(head.start());
            let span = phrase::widen(text, line, &head.range());
            let lead = &text[sentence.min(span.start)..span.start];
            let no_name = NO_HEAD.is_match(head.as_str())
                || OF_SOMETHING_ELSE.is_match(&text[head.end()..])
                || !head.as_str().starts_with(char::is_lowercase)
                || span.start == head.start() && text[head.range()].len() < 8;
            if no_name
                || is_silent(section)
                || is_taken(before, &span)
                || !SAID.is_match(lead)
                || context.lexicon.is_any_drug(&text[head.range()])
            {
                return None;
            }
            let mut draft = Draft::new(Fact::Diagnosis(Diagnosis::default()), 0.6)
                .with("diagnosis", span.clone());
            draft.assertion = assertion::of(layout, &span, section);
            draft.value = Some(span);
            draft.doubt("the diagnosis is not in the lexicon and has no code");
            Some(draft)
        })
        .collect()
}
