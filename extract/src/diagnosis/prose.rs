//! What sentences say that someone has: conditions of the lexicon, of which symptoms and short abbreviations need a
//! cue, and names that end as names of diseases do (`upper airway cough syndrome`) behind a stronger one. The latter
//! are doubted: no list knows them. What a sentence only warns of, looks for or names a clinic after is nobody's.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Assertion, Diagnosis, DocumentKind, Fact};

use super::phrase;
use crate::{assertion, context::Context, draft::Draft, layout::Span, sections::SectionKind};

/// Before what somebody only looks for, warns of or prevents.
static LOOKED_FOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:screen(?:ed|ing)?(?: \w+){0,2} for|(?:to )?look(?:ing)? for|monitor(?:ed|ing)? for|watch(?:ing)? for|prevent(?:ion|ing)?(?: of)?|prophylaxis (?:of|for|against)|vaccinat(?:ed|ion) (?:against|for)|information (?:on|about)|risks? (?:of|for|include[sd]?)|safety[- ]net(?:t?ed|ting)?(?: (?:re|for|about|regarding))?|red flags? (?:of|for)|symptoms of|signs of worsening|protect(?:ion)? against|(?:reduce|lower) the (?:risk|chance) of)(?: [\w'-]+){0,3}\s*$").expect("a valid expression")
});

/// Known conditions in sentences.
pub(super) fn conditions(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static CUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:diagnos(?:ed|is)|history of|hx of|h/o|k/c/o|k/c|pmhx?|known|w/|suffer(?:s|ed|ing) (?:from|with)|consistent with|has|have|had|with (?:a |an )?(?:new |acute |chronic |known |underlying )?|treated for|treatment (?:of|for)|presented with|confirmed|secondary to|due to|denies|no evidence of|rule out|possible|probable|suspected|mother|father|brother|sister|impression|indication|managed for|evaluation of|management of|regarding (?:his|her|their)?|admitted (?:with|for)|developed|newly|complicated by|likely|for (?:his|her|their)|confirm(?:s|ing)?|show(?:s|ed|ing)?|reveal(?:s|ed)|sustained|found to (?:be|have)|(?:co-?morbidit|problem)\w* (?:is|are|include)|history (?:includes?|is (?:significant|notable) for)|apart from|precipitated by|triggered by|because of|in the setting of|following|status post|s/p|negative for|positive for|ruled out|exclud\w+|suspicio\w+|query|attacks? of|episodes? of|background|in keeping with|compatible with|notable for|significant for|background of|opinion on|concerns? about)\b|\bconditions?(?:\(s\))?:").expect("a valid expression")
    });
    // `67M with HLD`.
    static WITH: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\bwith (?:an? )?$").expect("a valid expression"));
    static OTHERWISE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s-]*(?:#\s?[0-9]|vaccin|immuni[sz]|screen|prophyla|ppx\b|prevention|risk|clinic\b|nurse|team|service|unit\b|ward|group|society|association|specialist|block\b|leaflet|education|guideline|pathway|programme|program\b|score|marker|test|antibod|serology|diary|action plan|(?:mesh )?repair\b|protocol\b|bundle\b|swab|surgery\b|follow-up clinic)").expect("a valid expression")
    });
    static OF_ANOTHER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:ST|ST[- ]segment|respiratory|marrow|CNS)[ -]$")
            .expect("a valid expression")
    });
    // What a request for a test tells of the patient.
    static CLINICAL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\W*(?:(?:relevant )?clinical (?:details?|information|info|history|indication|notes?|summary|diagnosis)|indications?|reason for (?:test|request|exam)|provisional diagnosis|history)\s*[:–-]")
            .expect("a valid expression")
    });
    static TESTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s(?:virus )?(?:surface|core|e) (?:antigen|antibod|ag\b|ab\b)|^\s(?:IgG|IgM|IgA|PCR|DNA|RNA|viral load|NS1)\b")
            .expect("a valid expression")
    });
    static NOT_SAID: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:risks?|complications? (?:of|include|including|such as)|side effects?|call|contact|seek|should you|leaflet|discussed|explained|counsell?ed|educat\w+|warned|advised)\b").expect("a valid expression")
    });
    let layout = &context.layout;
    let text = layout.text;
    let lab = context.kind == DocumentKind::LabReport;
    let mut out = Vec::new();
    for line in &layout.lines {
        for span in super::known::conditions(context, &line.span) {
            let section = context.section(span.start);
            // `ST depression` is seen in an ECG, `respiratory depression` comes of opioids.
            let otherwise = OF_ANOTHER.is_match(&text[line.span.start..span.start])
                && text[span.clone()].eq_ignore_ascii_case("depression");
            // `Hepatitis B surface antigen`.
            let tested = TESTED.is_match(&text[span.end..line.span.end.max(span.end)]);
            let otherwise = otherwise
                || tested
                || OTHERWISE.is_match(&text[span.end..line.span.end.max(span.end)]);
            let silent = otherwise || is_silent(section);
            let taken = is_taken(before, &span);
            let asked = || CLINICAL.is_match(&text[line.span.clone()]);
            // `Interpretation: iron overload, ?haemochromatosis`.
            let queried = text[..span.start].ends_with('?');
            if silent || taken || lab && !(asked() || queried) {
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
            let told = family || CUE.is_match(&lead[near..]) || WITH.is_match(lead);
            // `K/C/O T2DM x 14 yrs, HTN`: a list goes on behind its commas.
            let told = told
                || in_list(
                    text,
                    out.last().map(|last: &Draft| last.span().end),
                    span.start,
                );
            // `DVT` in a column of its own.
            let in_cell = line.cells.len() > 2 && line.cells.contains(&span);
            let alone =
                (in_cell || tells_alone(&text[span.clone()])) && !NOT_SAID.is_match(&lead[near..]);
            if return_for || !(told || alone || queried) || LOOKED_FOR.is_match(&lead[near..]) {
                continue;
            }
            let full = phrase::widen(text, &line.span, &span);
            let mut draft = Draft::new(Fact::Diagnosis(Diagnosis::default()), 0.75)
                .with("diagnosis", full.clone());
            draft.value = Some(full.clone());
            draft.assertion = assertion::of(layout, &full, section);
            if super::ticked::before(context, full.start) == Some(false) {
                draft.assertion = Assertion::Absent;
            }
            out.push(draft);
        }
    }
    out
}

/// Only commas, a conjunction, years and durations stand between a condition and the one before it.
fn in_list(text: &str, last: Option<usize>, start: usize) -> bool {
    static BETWEEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:\s?(?:x|for|since)?\s?[0-9]+\s?(?:years?|yrs?|y|months?|/12)?)?\s?(?:,|/|&|,? and)\s?$")
            .expect("a valid expression")
    });
    last.and_then(|last| text.get(last..start))
        .is_some_and(|between| BETWEEN.is_match(between))
}

/// Is a name of the lexicon a diagnosis without a cue? Symptoms are complaints first, and abbreviations of two or three
/// letters are states, routes and units as well.
fn tells_alone(name: &str) -> bool {
    const SYMPTOMS: &[&str] = &[
        "vertigo",
        "syncope",
        "haematuria",
        "hematuria",
        "constipation",
        "tinnitus",
        "seizures",
        "low back pain",
        "chronic pain",
        "chronic cough",
        "hearing loss",
        "insomnia",
        "jaundice",
        "epistaxis",
        "dyspepsia",
        "proteinuria",
        "hypoxia",
        "ascites",
        "frailty",
        "pregnancy",
        "miscarriage",
        "dehydration",
        "overweight",
        "poor mobility",
        "gait instability",
        "ganglion",
        "burns",
        "sprain",
        "fracture",
        "carcinoma",
        "depression",
        "anxiety",
        "stroke",
        "diabetes",
        "hernia",
        "abscess",
        "influenza",
        "hypotension",
        "bradycardia",
        "menopause",
        "concussion",
    ];
    // Abbreviations of three letters that nothing else is called by.
    const SURE: &[&str] = &[
        "AKI", "CCF", "CHF", "UTI", "HTN", "DVT", "OSA", "BPH", "IHD", "DKA", "PCOS", "CKD",
    ];
    let plain = name.to_lowercase();
    let short = name.chars().count() < 4 && !name.contains(|c: char| c.is_ascii_digit());
    SURE.contains(&name) || !short && !SYMPTOMS.contains(&plain.as_str())
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

pub(super) fn is_taken(drafts: &[Draft], span: &Span) -> bool {
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
        Regex::new(r"(?i)\b(?:has|have|had|suffer(?:s|ed|ing) (?:from|with)|diagnos(?:ed|is)(?: with| of)?|(?:in keeping|consistent|compatible) with|typical of|confirm(?:s|ed)|show(?:s|ed)|reveal(?:s|ed)|impression|history of|notable for|significant for|complicated by|developed|due to|opinion on|evaluation of|condition\(?s?\)?:|confirm|sustained|suffered|treated for|managed (?:for|as)|admitted (?:with|for)|presented with|found to have|possible|probable|likely|suspected|suspicio\w+ (?:of|for)|rule out|query|no evidence of|negative for|(?:co-?morbidit|problem)\w* (?:is|are|include)|known)\W[^.;]{0,60}$")
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
                || LOOKED_FOR.is_match(lead)
                || context.lexicon.is_any_drug(&text[head.range()])
            {
                return None;
            }
            let mut draft = Draft::new(Fact::Diagnosis(Diagnosis::default()), 0.6)
                .with("diagnosis", span.clone());
            draft.assertion = assertion::of(layout, &span, section);
            draft.value = Some(span);
            draft.doubt(super::UNKNOWN);
            Some(draft)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::probe;

    /// `name: assertion` of each diagnosis, parted by `; `.
    fn told(text: &str) -> String {
        probe::told(text, "diagnosis", ["text", "assertion"])
            .iter()
            .map(|told| told.join(": "))
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn conditions_stand_without_a_cue() {
        for (text, want) in [
            (
                "This 58-year-old farmer attended today. COPD, well controlled on tiotropium.",
                "COPD: present",
            ),
            (
                "Summary\n1) Severe obstructive sleep apnoea (AHI 42)\n2) Hypertension",
                "Severe obstructive sleep apnoea: present; Hypertension: present",
            ),
            (
                "There was no ventricular tachycardia on the tape.",
                "ventricular tachycardia: absent",
            ),
            (
                "Endometriosis cannot be excluded.",
                "Endometriosis: possible",
            ),
            (
                "X-rays confirm severe medial compartment osteoarthritis.",
                "severe medial compartment osteoarthritis: present",
            ),
        ] {
            assert_eq!(told(text), want, "{text}");
        }
    }

    #[test]
    fn remarks_and_ages_are_no_part_of_an_item() {
        for (text, want) in [
            (
                "Impression: 58-year-old male with nonischemic cardiomyopathy (EF 30%), status post ICD, who returns.",
                "nonischemic cardiomyopathy: present",
            ),
            (
                "Assessment:\n1. HTN - at goal, continue losartan 50 mg daily",
                "HTN: present",
            ),
            (
                "Past medical history\nBasal cell carcinoma excised 2020",
                "Basal cell carcinoma: historical",
            ),
            (
                "Clinical impression: appendicitis felt unlikely.",
                "appendicitis: absent",
            ),
        ] {
            assert_eq!(told(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_looked_for_or_names_a_clinic_is_no_diagnosis() {
        for text in [
            "I have referred her to the heart failure clinic.",
            "We agreed to screen him for coeliac disease.",
            "The risks of pancreatitis were explained to her.",
            "12 Elm Street, Detroit, MI 48201",
            "He was vaccinated against influenza.",
            "The epilepsy nurse will telephone her.",
            "His ECG showed ST depression in V4.",
            "Assessment:\nHealth maintenance: flu shot given. Colonoscopy due to screen for colon cancer.",
        ] {
            assert_eq!(told(text), "", "{text}");
        }
    }
}
