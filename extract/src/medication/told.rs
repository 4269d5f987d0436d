//! What the sentence around a drug's name tells of its use: that it is used at all, or that it is not taken. What
//! happened to it is its [`status`](super::status).

use std::sync::LazyLock;

use regex::Regex;

use schemas::DocumentKind;

use crate::{context::Context, layout::Span, sections::SectionKind};

pub(super) fn has_cue(text: &str, sentence: &Span, name: &Span) -> bool {
    static CUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:start(?:ed|ing)?|continue[ds]?|continuing|tak(?:es|ing|en)|on|prescribed|prescription for|treated with|given|received|receives|restart(?:ed)?|commence[d]?|switch(?:ed)? to|chang(?:ed|e) to|increase[d]?|decrease[d]?|reduce[d]?|stop(?:ped)?|d/c|discontinue[d]?|hold|held|withhold|administer(?:ed)?|course of|dose of|managed with|controlled (?:with|on|by)|added|resume[d]?|using|uses|therapy with|initiated|loaded with|refill(?:ed)? (?:of|for)?)\b").expect("a valid expression")
    });
    let before = &text[sentence.start.min(name.start)..name.start];
    let near = before.len().saturating_sub(70);
    let near = (near..=before.len())
        .find(|i| before.is_char_boundary(*i))
        .unwrap_or(0);
    CUE.is_match(&before[near..])
}

/// Letters, summaries and notes speak of drugs that somebody takes, took or is to take; a list of what germs are
/// sensitive to, advice and what is denied do not.
pub(super) fn in_narrative(context: &Context, name: &Span) -> bool {
    static OTHERWISE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s:()-]*(?:(?:is|was|were|has)(?: been)? (?:not|never)\b|(?:is |was )?(?:sensitiv\w*|resistant|susceptible|intermediate)\b|[SRI]\b(?:\s|$)|levels?\b|allerg|toxicity|overdose|and alcohol)")
            .expect("a valid expression")
    });
    static NOBODYS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\b(?:not|never|no|denies|without|avoid(?:s|ing)?|allerg(?:y|ic) to|interact(?:s|ion)s? with|sensitive to|resistant to|such as|like|e\.g\.?|including|consider(?:ed|ing)?|discuss(?:ed)?|candidate for|instead of|mg of|amount of|class of|or)\b[^.;,]{0,25}|\(\s?|\b(?:Dr|Mr|Mrs|Ms|Miss|Prof|Nurse|Sister)\.?\s)$")
            .expect("a valid expression")
    });
    const FEWEST: usize = 4;
    const SHORTEST: usize = 4;
    let narrative = matches!(
        context.kind,
        DocumentKind::DischargeSummary | DocumentKind::ReferralLetter | DocumentKind::Other
    );
    let told = !matches!(
        context.section(name.start),
        Some(SectionKind::Instructions | SectionKind::Allergies | SectionKind::Labs)
    );
    let layout = &context.layout;
    let text = layout.text;
    let line = &layout.lines[layout.line_at(name.start)].span;
    let sentence = layout.sentence(name.start);
    narrative
        && told
        && name.len() > SHORTEST
        && context.lexicon.is_drug(&text[name.clone()])
        && layout.get(&sentence).split_whitespace().count() >= FEWEST
        && !OTHERWISE.is_match(&text[name.end..])
        && !NOBODYS.is_match(&text[sentence.start.max(line.start).min(name.start)..name.start])
}

/// `Trimethoprim R, Nitrofurantoin S`, `Sensitive: doxycycline, linezolid`: what a germ is sensitive to; or `please check
/// potassium`, what is to be measured.
pub(super) fn is_tested(context: &Context, name: &Span) -> bool {
    static LETTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[ \t:=-]*\(?[SRI]\)?(?:\s*(?:[,;.|)\n]|$)|\s+\p{Lu})")
            .expect("a valid expression")
    });
    static LED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:sensitiv\w*|resistan\w*|susceptib\w*|intermediate)(?: to)?\s*:?[^.;\n]*$",
        )
        .expect("a valid expression")
    });
    static CULTURE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:cultur|sensitiv|suscept|isolate|organism|antibiogram|growth|swab|MSU|MIC\b|specimen)")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    let line = &context.layout.lines[context.layout.line_at(name.start)].span;
    static ASKED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:please |kindly |to )?(?:check|recheck|repeat|monitor|measure)\s+(?:\p{L}+(?:,| and|,? &)?\s+){0,3}$")
            .expect("a valid expression")
    });
    let before = &text[line.start..name.start];
    let measured = || context.lexicon.is_analyte(context.layout.get(name));
    LED.is_match(before)
        || ASKED.is_match(before) && measured()
        || LETTER.is_match(&text[name.end..]) && CULTURE.is_match(text)
}

/// `MgSO4 not required`, `influenza vaccine - not given`, `metformin may be considered`: right behind the name; or behind a
/// dash at the end of its line, `magnesium 2 g IV - discussed, not given`.
pub(super) fn is_not_needed(text: &str, name: &Span) -> bool {
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s,:–-]*(?:(?:is|was|were) )?(?:not (?:required|needed|indicated|given|prescribed|used|taken|started|suitable|covered)|contraindicated|declined|refused)\b|^ (?:(?:is|was|were|can|could|may|might|will) )?(?:(?:be|been|being) )?considered\b")
            .expect("a valid expression")
    });
    static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[^\n.;]{0,60}\s[-–(]\s?(?:(?:discussed|offered|considered|ordered),? (?:but )?)?not (?:given|needed|administered|taken)\)?\s*(?:$|\n)")
            .expect("a valid expression")
    });
    NOT.is_match(&text[name.end..]) || CLOSING.is_match(&text[name.end..])
}

/// `Do not take ibuprofen (Advil, Motrin)`, `antibiotics such as clarithromycin`: a warning tells of no use, nor does an
/// example.
pub(super) fn is_warned_of(text: &str, line: &Span, name: &Span) -> bool {
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:do not|don['’]t|never|must not|should not) (?:take|use|give|prescribe|combine|mix|buy|dispense)\b[^.;]{0,60}$|\b(?:such as|for example|e\.g\.?)\s+$")
            .expect("a valid expression")
    });
    NOT.is_match(&text[line.start..name.start])
}

/// `heparin infusion`, `insulin sliding scale`.
pub(super) fn is_infused(text: &str, name: &Span) -> bool {
    static INFUSED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^ (?:infusion|drip|gtt|sliding scale|pump)\b").expect("a valid expression")
    });
    INFUSED.is_match(&text[name.end..])
}

pub(super) fn is_negated_use(text: &str, name: &Span) -> bool {
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:not (?:on|taking|to take|given|prescribed)|denies (?:taking|use of|using)|avoid|no longer (?:on|taking)|never (?:taken|took))\b[^.]{0,40}$").expect("a valid expression")
    });
    let from = name.start.saturating_sub(80);
    let from = (from..=name.start)
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0);
    NOT.is_match(&text[from..name.start])
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn what_is_not_given_or_only_warned_of_is_no_medication() {
        for (text, named) in [
            (
                "Discharge plan\nHaloperidol was considered but not needed.\n",
                false,
            ),
            (
                "Treatment:\nMagnesium sulfate 2 g IV - discussed, not given\n",
                false,
            ),
            (
                "Advice\nDo not take ibuprofen (Advil, Motrin) with this.\n",
                false,
            ),
            ("Treatment:\nMagnesium sulfate 2 g IV - given\n", true),
            ("Medication:\nIbuprofen 400 mg three times daily\n", true),
        ] {
            let told = told(text, "medication", ["name"]);
            assert_eq!(!told.is_empty(), named, "{text}");
        }
    }
}
