//! Medications: a drug's name, found by the lexicon or by its shape (a capitalised word before a
//! strength and a sig), with the phrases that follow it up to the next drug, the end of its sentence
//! or the last line that still speaks the language of prescriptions.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Assertion, DocumentKind, Fact, Medication};

use crate::{
    assertion,
    context::Context,
    draft::Draft,
    labels::Target,
    layout::{Span, trim_by},
    lexicon::LONGEST_NAME,
    medication_review, medication_table,
    sections::{SectionKind, item_mark},
    sig::{self, Found, Part},
    sig_repair::{self, Read},
};

/// A drug's name in the text.
#[derive(Clone, Debug)]
struct Mention {
    name: Span,
    /// In the compiled-in table or the added list; otherwise found by shape.
    known: bool,
    /// Only in the added list, or a word with other meanings: needs evidence beside it.
    weak: bool,
}

/// All medications. Nothing is looked for inside `taken` spans (laboratory rows, allergies).
pub(crate) fn extract(context: &Context, taken: &[Span]) -> Vec<Draft> {
    let mentions = mentions(context, taken);
    let mut out: Vec<Draft> = Vec::new();
    for (n, mention) in mentions.iter().enumerate() {
        let next = mentions.get(n + 1).map(|m| m.name.start);
        if let Some(draft) = build(context, mention, next, taken) {
            out.push(draft);
        }
    }
    without_repeats(out)
}

/// A bare name, alone or with the same strength, that says nothing new beside a full entry of the same drug is left out.
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
    let mut kept = Vec::new();
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
        }
    }
    kept
}

fn mentions(context: &Context, taken: &[Span]) -> Vec<Mention> {
    let layout = &context.layout;
    let mut out = Vec::new();
    for index in 0..layout.lines.len() {
        let line = &layout.lines[index];
        let words = name_words(context, &line.span);
        let mut i = 0;
        let mut found_in_line = false;
        while i < words.len() {
            let found = (1..=LONGEST_NAME.min(words.len() - i)).rev().find_map(|n| {
                let span = words[i].start..words[i + n - 1].end;
                let name = layout.get(&span);
                let known = !name.contains(['\t', ',', ';', ':', '('])
                    && name.len() > 2
                    && context.lexicon.is_any_drug(name);
                known.then_some((n, span))
            });
            let Some((n, span)) = found else {
                i += 1;
                continue;
            };
            let first = i;
            i += n;
            if names_condition(context, &words[first..]) {
                continue;
            }
            if overlaps(&span, taken) || touches_word(layout.text, &span) {
                continue;
            }
            found_in_line = true;
            let name = layout.get(&span);
            let weak = !context.lexicon.is_drug(name)
                || context.lexicon.is_analyte(name)
                || matches!(
                    crate::lexicon::key(name).as_str(),
                    "sulfa"
                        | "zinc"
                        | "soma"
                        | "norco"
                        | "insulin"
                        | "heparin"
                        | "menthol"
                        | "camphor"
                        | "normal saline"
                        | "sodium chloride"
                        | "nicotine"
                        | "factor viii"
                        | "probiotic"
                );
            out.push(Mention {
                name: span,
                known: true,
                weak,
            });
        }
        if !found_in_line && !overlaps(&line.span, taken) {
            out.extend(by_shape(context, index));
        }
    }
    merge_combinations(context, out)
}

/// `Iron deficiency anaemia`: the name begins a condition.
fn names_condition(context: &Context, words: &[Span]) -> bool {
    let longest = words.len().min(5);
    (2..=longest).any(|n| {
        let name = context.layout.get(&(words[0].start..words[n - 1].end));
        !name.contains([',', ';', '\t', '.']) && context.lexicon.is_condition(name)
    })
}

/// Words of letters, digits and inner marks, so that `(Advair` and `Lisinopril,` match.
fn name_words(context: &Context, line: &Span) -> Vec<Span> {
    static WORD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[\p{L}][\p{L}0-9'’]*(?:-[\p{L}0-9]+)*|[0-9]+").expect("a valid expression")
    });
    let text = context.layout.text;
    WORD.find_iter(context.layout.get(line))
        .map(|m| line.start + m.start()..line.start + m.end())
        .map(|word| {
            // A lost space: `Acetaminophen650mg`.
            let letters = text[word.clone()]
                .find(|c: char| c.is_ascii_digit())
                .filter(|cut| *cut > 4)
                .map_or(word.end, |cut| word.start + cut);
            let glued = letters < word.end && context.lexicon.is_drug(&text[word.start..letters]);
            if glued { word.start..letters } else { word }
        })
        .collect()
}

fn touches_word(text: &str, span: &Span) -> bool {
    text[..span.start].ends_with(|c: char| c.is_alphabetic())
        || text[span.end..].starts_with(|c: char| c.is_alphabetic())
}

pub(crate) fn overlaps(span: &Span, taken: &[Span]) -> bool {
    taken
        .iter()
        .any(|t| t.start < span.end && span.start < t.end)
}

/// Words that begin sigs and measurements, never drug names.
const ORDINARY: &[&str] = &[
    "take",
    "apply",
    "inhale",
    "inject",
    "total",
    "weight",
    "height",
    "dose",
    "strength",
    "directions",
    "sig",
    "increase",
    "decrease",
    "give",
    "use",
    "patient",
    "the",
    "and",
    "or",
    "for",
    "with",
    "of",
    "to",
    "at",
    "in",
    "on",
    "then",
    "continue",
    "each",
    "every",
    "per",
    "qty",
    "quantity",
    "disp",
    "dispense",
    "age",
    "creatinine",
    "glucose",
    "sodium",
    "range",
    "result",
    "amount",
    "max",
    "maximum",
    "by",
    "was",
    "is",
    "one",
    "two",
    "half",
    "three",
    "four",
    "x",
    "temp",
    "bp",
    "instil",
    "place",
    "insert",
    "dissolve",
    "chew",
    "spray",
    "po",
    "iv",
    "im",
    "tab",
    "tabs",
    "cap",
    "caps",
    "tablet",
    "tablets",
    "capsule",
    "capsules",
    "refills",
    "from",
    "up",
    "reduce",
    "titrate",
    "mix",
    "drink",
    "until",
    "a",
    "an",
    "contrast",
    "reference",
    "limit",
    "specimen",
    "volume",
];

/// A line that begins with a capitalised name before a strength, form or dose.
fn by_shape(context: &Context, index: usize) -> Option<Mention> {
    static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^(?:(?i:rx|drug|medication|medicine|item|drug name|med)\s*(?:[:.]|\d\s*[:.)])\s*|(?i:take|start|continue|give)\s+)?([\p{L}][\p{L}0-9'’|]*(?:[-/ ][\p{L}][\p{L}0-9|]*){0,3}?)[,:]?[\s\t]*(?:\([^)]{1,40}\)\s*)?(?:[0-9OolI]*[0-9][0-9OolI.,/-]*\s*(?:mcg|mcq|ug|µg|mg|rng|mq|g|gm|mL|ml|units?|IU|mEq|%)(?:[^\p{L}]|[A-Z]|tab|cap|$))",
        )
        .expect("a valid expression")
    });
    let layout = &context.layout;
    let line = &layout.lines[index];
    let text = layout.get(&line.span);
    let mark = item_mark(text);
    let rest = &text[mark..];
    let found = SHAPE.captures(rest)?.get(1)?;
    let name = line.span.start + mark + found.start()..line.span.start + mark + found.end();
    let name = strip_form(context, name);
    let printed = layout.get(&name);
    let lower = printed.to_lowercase();
    let first = lower.split([' ', '-']).next().unwrap_or_default();
    let letters = lower.chars().filter(|c| c.is_alphabetic()).count();
    let in_list = mark > 0 || context.section(name.start) == Some(SectionKind::Medications);
    let capital = printed.starts_with(char::is_uppercase);
    let lab = context.kind == DocumentKind::LabReport
        || context.section(name.start) == Some(SectionKind::Labs);
    let analyte = context.lexicon.is_analyte(printed);
    let words = printed.split_whitespace().count();
    if letters < 4
        || ORDINARY.contains(&first)
        || lab
        || analyte
        || !(capital || in_list && !context.lexicon.near_drugs(printed).is_empty())
        || words > 4
        || context.lexicon.is_condition(printed)
    {
        return None;
    }
    Some(Mention {
        name,
        known: false,
        weak: true,
    })
}

/// `Tylenoll Tablet 500 mg`: the form is no part of the name.
fn strip_form(context: &Context, name: Span) -> Span {
    let found = sig::scan(context.layout.text, name.clone(), &[]);
    let cut = found
        .iter()
        .find(|f| matches!(f.part, Part::Form | Part::Dose) && f.span.start > name.start)
        .map_or(name.end, |f| f.span.start);
    trim_by(context.layout.text, name.start..cut, |c| {
        c.is_whitespace() || c == ','
    })
}

/// `Amlodipine/Benazepril`, `Calcium + Vitamin D` and `Fluticasone-Salmeterol` are one medication.
fn merge_combinations(context: &Context, mentions: Vec<Mention>) -> Vec<Mention> {
    let text = context.layout.text;
    let mut out: Vec<Mention> = Vec::new();
    for mention in mentions {
        if let Some(last) = out.last_mut() {
            let gap = text[last.name.end..mention.name.start].trim();
            let bracketed = text[last.name.end..mention.name.start].trim() == "("
                && text[mention.name.end..]
                    .trim_start_matches(['®', '™'])
                    .starts_with(')');
            if bracketed {
                continue;
            }
            let same_line = !text[last.name.end..mention.name.start].contains(['\n', '\t']);
            let close = mention.name.start - last.name.end <= 3;
            let counted = gap.ends_with('/')
                && gap[..gap.len() - 1]
                    .trim_start()
                    .chars()
                    .all(|c| c.is_ascii_digit() || c == '.');
            let close = close || counted;
            let joined = counted
                || matches!(gap, "/" | "+" | "-" | "&")
                || gap.is_empty() && mention.name.start == last.name.end;
            if same_line && close && joined {
                last.name.end = mention.name.end;
                last.weak = last.weak && mention.weak;
                continue;
            }
        }
        out.push(mention);
    }
    for mention in &mut out {
        extend_name(text, mention);
    }
    out
}

static SUFFIX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:[ -](?:(?i:HCl|hydrochloride|sodium|potassium|calcium|succinate|tartrate|maleate|besylate|besilate|fumarate|citrate|acetate|sulfate|sulphate|phosphate|mesylate|hyclate|monohydrate|trihydrate|bromide|tromethamine|axetil|propionate|furoate|disoproxil|valerate|dipropionate|nitrate|mononitrate|dinitrate|clavulanate|pamoate|oxalate|carbonate|gluconate|hydrobromide|chloride|cypionate|decanoate|medoxomil|cilexetil|magnesium|glargine|lispro|aspart|detemir|degludec|inhaler HFA)|EC|XL|XR|ER|SR|CR|CD|LA|DR|ODT|DS|HCT|HCTZ|HFA|MR|IR|PM|HBr|DPI|SA|TR|PF|DM)\b)").expect("a valid expression")
});

fn extend_name(text: &str, mention: &mut Mention) {
    while let Some(found) = SUFFIX.find(&text[mention.name.end..]) {
        mention.name.end += found.end();
    }
}

/// The end of the text that may speak of a mention.
fn block_end(context: &Context, mention: &Mention, next: Option<usize>) -> usize {
    let layout = &context.layout;
    let limit = next.unwrap_or(layout.text.len());
    let first = layout.line_at(mention.name.start);
    let mut last = first;
    let prose = is_prose(context, first, mention);
    if prose {
        let sentence = layout.sentence(mention.name.start);
        return sentence.end.max(mention.name.end).min(limit);
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

fn speaks_of_sig(context: &Context, last: usize, line: usize) -> bool {
    static LEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:sig(?:na)?|directions?|dir|instructions?|duration|qty|quantity|disp(?:ense)?|refills?|rf|take|apply|inhale|inject|use|give|chew|insert|instil+|place|dissolve|swallow|dosage|dose|route|frequency|how often|strength|form|days'? supply|supply|mitte|repeats?|daw|#|reason|label|usage|s:|for|administer|to be taken|then|max(?:imum)?)\b\s*[:.#]?|^#").expect("a valid expression")
    });
    let layout = &context.layout;
    let text = layout.line(line);
    if item_mark(text) > 0 && text.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let heading = context.labels_on(line).any(|(_, label)| {
        label.at_start
            && (label.colon || label.alone)
            && !matches!(
                label.target,
                Target::Stop | Target::Section(SectionKind::Instructions)
            )
    });
    let date_label = context
        .dates
        .iter()
        .any(|d| layout.line_at(d.span.start) == line);
    if heading || date_label || text.starts_with("***") {
        return false;
    }
    let span = layout.lines[line].span.clone();
    let found: Vec<Found> = sig_repair::scan(layout.text, span.clone(), &[])
        .into_iter()
        .map(|read| read.found)
        .collect();
    let covered: usize = found.iter().map(|f| f.span.len()).sum();
    if LEAD.is_match(text) && (covered > 0 || text.len() < 80) {
        return true;
    }
    let starts = found
        .first()
        .is_some_and(|f| f.span.start <= span.start + 2);
    let above = layout.line(last).trim_end();
    let open = !above.ends_with('.')
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    (starts && covered * 3 >= span.len()) || (open && covered > 0)
}

fn build(
    context: &Context,
    mention: &Mention,
    next: Option<usize>,
    taken: &[Span],
) -> Option<Draft> {
    let layout = &context.layout;
    let text = layout.text;
    let end = block_end(context, mention, next);
    let section = context.section(mention.name.start);
    if section == Some(SectionKind::Allergies) || section == Some(SectionKind::FamilyHistory) {
        return None;
    }
    let line = layout.line_at(mention.name.start);
    let line_span = &layout.lines[line].span;
    let lead = sig::scan(text, line_span.start..mention.name.start, taken);
    let mut found: Vec<Read> = leading(text, &lead, mention)
        .into_iter()
        .map(|found| Read {
            found,
            corrected: None,
        })
        .collect();
    found.extend(sig_repair::scan(
        text,
        mention.name.end..end.max(mention.name.end),
        taken,
    ));
    let mut medication = Medication {
        name: Some(context.text(&mention.name)),
        ..Medication::default()
    };
    let fact = Fact::Medication(Medication::default());
    let mut draft = Draft::new(fact, if mention.known { 0.96 } else { 0.7 });
    draft.add("name", mention.name.clone(), true);
    if let Some(phrases) = medication_table::row(context, &mention.name, next) {
        fill_from_row(&mut medication, &mut draft, phrases);
    } else {
        fill(context, &mut medication, &mut draft, &found, mention);
    }
    finish_norms(&mut medication);
    let evidence = medication.strength.is_some()
        || medication.dose.is_some()
        || medication.frequency.is_some()
        || medication.form.is_some()
        || medication.quantity.is_some();
    let listed = matches!(
        section,
        Some(SectionKind::Medications | SectionKind::StoppedMedications)
    );
    let printed = layout.get(&mention.name);
    let cue = has_cue(text, &layout.sentence(mention.name.start), &mention.name);
    let trusted = listed || !mention.weak && cue;
    if !evidence && !trusted {
        return None;
    }
    let measured = medication
        .strength
        .as_deref()
        .is_some_and(|s| s.contains("mol/") || s.ends_with("/L") || s.ends_with("/dL"));
    if measured && context.lexicon.is_analyte(printed) {
        return None;
    }
    if !mention.known && !enough_for_unknown(&medication, context, listed) {
        return None;
    }
    let context_assertion = assertion::of(layout, &mention.name, None);
    draft.assertion = match context_assertion {
        Assertion::Absent if listed || evidence && !is_negated_use(text, &mention.name) => {
            Assertion::Present
        }
        Assertion::Family | Assertion::Possible => Assertion::Present,
        other => other,
    };
    if section == Some(SectionKind::StoppedMedications) {
        draft.assertion = Assertion::Historical;
        medication.status = Some("stopped".into());
    }
    if medication.status.is_none() && context.kind != DocumentKind::Prescription {
        medication.status = status(text, &layout.sentence(mention.name.start), &mention.name);
    }
    if !mention.known {
        draft.doubt("the drug's name is not in the lexicon");
        for (candidate, likelihood) in context.lexicon.near_drugs(printed) {
            draft.candidate("name", candidate, likelihood);
        }
    }
    medication_review::check(&medication, &mut draft);
    draft.fact = Fact::Medication(medication);
    Some(draft)
}

/// `20 mg of prednisone`, `IV methylprednisolone`: phrases right before the name.
fn leading(text: &str, found: &[Found], mention: &Mention) -> Vec<Found> {
    let mut out = Vec::new();
    let mut at = mention.name.start;
    for item in found.iter().rev() {
        let gap = text[item.span.end..at].trim().to_lowercase();
        let fits = matches!(gap.as_str(), "" | "of" | "of the" | "x");
        let part = matches!(
            item.part,
            Part::Strength | Part::Dose | Part::Route | Part::Duration
        );
        if !fits || !part {
            break;
        }
        at = item.span.start;
        out.push(item.clone());
    }
    out.reverse();
    out
}

fn has_cue(text: &str, sentence: &Span, name: &Span) -> bool {
    static CUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:start(?:ed|ing)?|continue[ds]?|continuing|tak(?:es|ing|en)|on|prescribed|prescription for|treated with|given|received|receives|restart(?:ed)?|commence[d]?|switch(?:ed)? to|chang(?:ed|e) to|increase[d]?|decrease[d]?|reduce[d]?|stop(?:ped)?|discontinue[d]?|hold|held|withhold|administer(?:ed)?|course of|dose of|managed with|controlled (?:with|on|by)|added|resume[d]?|using|uses|therapy with|initiated|loaded with|refill(?:ed)? (?:of|for)?)\b").expect("a valid expression")
    });
    let before = &text[sentence.start.min(name.start)..name.start];
    let near = before.len().saturating_sub(70);
    let near = (near..=before.len())
        .find(|i| before.is_char_boundary(*i))
        .unwrap_or(0);
    CUE.is_match(&before[near..])
}

fn status(text: &str, sentence: &Span, name: &Span) -> Option<String> {
    static STATUS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(start(?:ed|ing)?|continue[ds]?|stop(?:ped)?|discontinue[d]?|hold|held|withheld|changed|increase[d]?|decrease[d]?|reduce[d]?|restart(?:ed)?|commence[d]?|takes|taking|switched|new|unchanged|resume[d]?|initiated|added)\b").expect("a valid expression")
    });
    let before = &text[sentence.start.min(name.start)..name.start];
    let after = &text[name.end..sentence.end.max(name.end)];
    let word = STATUS
        .find_iter(before)
        .last()
        .or_else(|| STATUS.find_iter(after).last())?
        .as_str()
        .to_lowercase();
    Some(
        match word.as_str() {
            w if w.starts_with("stop") || w.starts_with("disc") => "stopped",
            w if w.starts_with("hold") || w.starts_with("held") || w.starts_with("withheld") => {
                "held"
            }
            w if w.starts_with("cont")
                || w.starts_with("tak")
                || w.starts_with("unch")
                || w.starts_with("resu") =>
            {
                "continued"
            }
            w if w.starts_with("incr") => "increased",
            w if w.starts_with("decr") || w.starts_with("redu") => "decreased",
            w if w.starts_with("chan") || w.starts_with("swit") => "changed",
            _ => "started",
        }
        .into(),
    )
}

fn is_negated_use(text: &str, name: &Span) -> bool {
    static NOT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:not (?:on|taking|to take|given|prescribed)|denies (?:taking|use of|using)|avoid|no longer (?:on|taking)|never (?:taken|took))\b[^.]{0,40}$").expect("a valid expression")
    });
    let from = name.start.saturating_sub(80);
    let from = (from..=name.start)
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0);
    NOT.is_match(&text[from..name.start])
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

/// A table's row: the first phrase of each kind counts.
fn fill_from_row(
    medication: &mut Medication,
    draft: &mut Draft,
    phrases: Vec<medication_table::Phrase>,
) {
    for phrase in phrases {
        let (slot, field, dangerous) = match phrase.part {
            Part::Strength if medication.strength.is_some() => (&mut medication.dose, "dose", true),
            Part::Strength => (&mut medication.strength, "strength", true),
            Part::Dose => (&mut medication.dose, "dose", true),
            Part::Form => (&mut medication.form, "form", false),
            Part::Route => (&mut medication.route, "route", true),
            Part::Frequency => (&mut medication.frequency, "frequency", true),
            Part::Duration => (&mut medication.duration, "duration", false),
            Part::Quantity => (&mut medication.quantity, "quantity", false),
            Part::Refills => (&mut medication.refills, "refills", false),
            Part::Instructions => (&mut medication.instructions, "instructions", false),
            Part::Prn => {
                medication.prn = Some(true);
                if medication.frequency.is_some() {
                    draft.doubt("as needed stands apart from the frequency");
                    continue;
                }
                (&mut medication.frequency, "frequency", true)
            }
        };
        if slot.is_some() {
            continue;
        }
        *slot = Some(phrase.value);
        for span in phrase.spans {
            draft.add(field, span, dangerous);
        }
    }
}

/// Normal forms of what is printed, where [`fill`] has not set them from corrected words.
fn finish_norms(medication: &mut Medication) {
    if medication.frequency_norm.is_none()
        && let Some(frequency) = &medication.frequency
    {
        let norm = sig::frequency_norm(frequency);
        if norm.ends_with("as needed") {
            medication.prn = Some(true);
        }
        medication.frequency_norm = Some(norm);
    }
    if medication.route_norm.is_none() {
        medication.route_norm = medication
            .route
            .as_deref()
            .and_then(sig::route_norm)
            .map(Into::into);
    }
}

fn fill(
    context: &Context,
    medication: &mut Medication,
    draft: &mut Draft,
    found: &[Read],
    mention: &Mention,
) {
    let text = context.layout.text;
    let mut instructions: Vec<String> = Vec::new();
    let mut frequency_said = None;
    let mut route_said = None;
    for Read {
        found: item,
        corrected,
    } in found
    {
        let value = text[item.value.clone()]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let (slot, field, dangerous) = match item.part {
            Part::Strength => {
                let verb = dose_verb(text, &item.span, mention.name.end);
                let amount_dose = medication.strength.is_some() || verb || is_dose_unit(&value);
                if amount_dose {
                    if medication.dose.is_some() {
                        continue;
                    }
                    (&mut medication.dose, "dose", true)
                } else {
                    (&mut medication.strength, "strength", true)
                }
            }
            Part::Dose => (&mut medication.dose, "dose", true),
            Part::Form => {
                let late = medication.dose.is_some() || medication.frequency.is_some();
                if late {
                    continue;
                }
                (&mut medication.form, "form", false)
            }
            Part::Route => (&mut medication.route, "route", true),
            Part::Frequency => (&mut medication.frequency, "frequency", true),
            Part::Duration => (&mut medication.duration, "duration", false),
            Part::Quantity => (&mut medication.quantity, "quantity", false),
            Part::Refills => (&mut medication.refills, "refills", false),
            Part::Prn => {
                medication.prn = Some(true);
                if medication.frequency.is_none() {
                    medication.frequency = Some(value);
                    draft.add("frequency", item.value.clone(), true);
                }
                continue;
            }
            Part::Instructions => {
                draft.add("instructions", item.value.clone(), false);
                instructions.push(value);
                continue;
            }
        };
        if slot.is_some() {
            if matches!(item.part, Part::Dose | Part::Frequency) {
                let taper = text[item.span.clone()].to_owned();
                instructions.push(taper);
                draft.add("instructions", item.span.clone(), false);
            }
            continue;
        }
        *slot = Some(value);
        if corrected.is_some() {
            draft.doubt(format!("a word of the {field} is misread"));
        }
        match item.part {
            Part::Frequency => frequency_said.clone_from(corrected),
            Part::Route => route_said.clone_from(corrected),
            _ => {}
        }
        let printed = if field == "duration" || field == "quantity" || field == "refills" {
            item.span.clone()
        } else {
            item.value.clone()
        };
        draft.add(field, printed, dangerous);
    }
    if let Some(frequency) = &medication.frequency {
        let norm = sig::frequency_norm(frequency_said.as_ref().unwrap_or(frequency));
        if norm.ends_with("as needed") {
            medication.prn = Some(true);
        }
        medication.frequency_norm = Some(norm);
    }
    medication.route_norm = route_said
        .as_deref()
        .or(medication.route.as_deref())
        .and_then(sig::route_norm)
        .map(Into::into);
    if !instructions.is_empty() {
        medication.instructions = Some(instructions.join("; "));
    }
}

/// `take 5 mg`: what is taken, not what the product holds.
fn dose_verb(text: &str, span: &Span, from: usize) -> bool {
    static VERB: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:take|takes|taking|give|inject|administer|apply|use|dose\s*[:=])\s*$")
            .expect("a valid expression")
    });
    from <= span.start && VERB.is_match(&text[from..span.start])
}

/// Units of insulin and volumes are taken; they are no product's strength.
fn is_dose_unit(value: &str) -> bool {
    let per = value.contains('/') || value.contains(" per ");
    let unit = sig::strength_unit(value).unwrap_or_default();
    !per && matches!(unit.as_str(), "unit" | "units" | "u" | "ml" | "cc" | "mls")
}
