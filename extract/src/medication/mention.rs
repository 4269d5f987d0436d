//! Where drugs are named: the lexicon's longest name at each word, or the shape of a line that begins
//! with a name before a strength. Names that belong together (`Amlodipine/Benazepril`) are one mention.

use std::sync::LazyLock;

use regex::Regex;
use schemas::DocumentKind;

use crate::{
    context::Context,
    layout::{Layout, Span, trim_by},
    lexicon::LONGEST_NAME,
    sections::{SectionKind, item_mark},
    sig::{self, Part},
};

/// A drug's name in the text.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub name: Span,
    /// In the compiled-in table or the added list; otherwise found by shape.
    pub known: bool,
    /// Only in the added list, or a word with other meanings: needs evidence beside it.
    pub weak: bool,
}

/// Every drug that is named outside `taken`, in reading order.
pub(super) fn mentions(context: &Context, taken: &[Span]) -> Vec<Mention> {
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
                    && !name.contains("  ")
                    && name.len() > 2
                    && !OF_AMOUNTS.contains(&&*name.to_lowercase())
                    && !CLASSES.contains(&&*name.to_lowercase())
                    && context.lexicon.is_any_drug(name);
                known.then_some((n, span))
            });
            let Some((n, span)) = found else {
                i += 1;
                continue;
            };
            let first = i;
            i += n;
            let span = with_salt(layout, without_form(context, span));
            if names_condition(context, &words[first..]) {
                continue;
            }
            if overlaps(&span, taken) || touches_word(layout.text, &span) || is_form(context, &span)
            {
                continue;
            }
            found_in_line = true;
            let name = layout.get(&span);
            let weak = !context.lexicon.is_drug(name)
                || context.lexicon.is_analyte(name)
                || matches!(
                    crate::lexicon::key(name).as_str(),
                    "sulfa"
                        | "asa"
                        | "mvi"
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
            out.extend(by_shape(context, index).or_else(|| behind_form(context, index)));
        }
        let named: Vec<Span> = out.iter().map(|m: &Mention| m.name.clone()).collect();
        out.extend(misread(context, &words, &named, taken));
    }
    out.sort_by_key(|mention| mention.name.start);
    merge_combinations(context, without_reasons(context, &out))
}

/// What others are given in.
fn is_fluid(key: &str) -> bool {
    matches!(
        key,
        "sodium chloride" | "normal saline" | "saline" | "glucose" | "dextrose" | "water"
    )
}

/// `take while on prednisone`, `edoxaban rather than rivaroxaban` name no further drug when the text speaks of it elsewhere.
fn without_reasons(context: &Context, mentions: &[Mention]) -> Vec<Mention> {
    static WHILE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\bwhile (?:on|taking|using)\s+$").expect("a valid expression")
    });
    static DILUENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:in|with)\s+(?:[0-9.]+\s?(?:ml|mls|l)\s+(?:of\s+)?)?$")
            .expect("a valid expression")
    });
    static RATHER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:rather than|as opposed to|in preference to|unlike)\s+(?:the |a |her |his )?$")
            .expect("a valid expression")
    });
    // `lidocaine 2% with epinephrine 1:100,000`: what is mixed into another, in parts of so many.
    static ADDITIVE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:with|and|plus)\s+$|[+/]\s?$").expect("a valid expression")
    });
    static RATIO: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^\s+(?:in\s+)?1\s?(?::|in)\s?[0-9]{2,3}[, ]?000\b")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    let name = |mention: &Mention| crate::lexicon::key(&text[mention.name.clone()]);
    let keys: Vec<String> = mentions.iter().map(name).collect();
    let named_before = |n: usize| keys[..n].contains(&keys[n]);
    mentions
        .iter()
        .enumerate()
        .filter(|(n, m)| {
            let before = &text[..m.name.start];
            let same_line = |other: &Mention| !text[other.name.end..m.name.start].contains('\n');
            let beside = n.checked_sub(1).is_some_and(|k| same_line(&mentions[k]));
            let additive =
                beside && ADDITIVE.is_match(before) && RATIO.is_match(&text[m.name.end..]);
            let other = RATHER.is_match(before) || additive;
            let diluent = beside && is_fluid(&keys[*n]) && DILUENT.is_match(before);
            !(other || diluent || WHILE.is_match(before) && named_before(*n))
        })
        .map(|(_, mention)| mention.clone())
        .collect()
}

/// `Eye Drops`: the vocabularies list forms as products too.
fn is_form(context: &Context, name: &Span) -> bool {
    let found = sig::scan(context.layout.text, name.clone(), &[]);
    let (Some(first), Some(last)) = (found.first(), found.last()) else {
        return false;
    };
    // `nasal spray` says where to and in which form.
    let parts = |found: &sig::Found| matches!(found.part, Part::Form | Part::Route);
    found.iter().all(parts) && last.part == Part::Form && (first.span.start..last.span.end) == *name
}

/// `fentanyl patch` without its form, where the rest is a drug too.
fn without_form(context: &Context, name: Span) -> Span {
    let text = context.layout.text;
    let form = sig::scan(text, name.clone(), &[])
        .pop()
        .filter(|found| found.part == Part::Form && found.span.end == name.end)
        .filter(|found| !is_device(&text[found.span.clone()]));
    let rest = form.map_or(name.end, |form| form.span.start);
    let short = crate::layout::trim(text, name.start..rest);
    if short.len() < name.len() && context.lexicon.is_drug(&text[short.clone()]) {
        return short;
    }
    name
}

/// `Perindopril` with its `arginine`.
fn with_salt(layout: &Layout, name: Span) -> Span {
    static SALT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^ (?:arginine|erbumine|medoxomil|cilexetil|etexilate|axetil|proxetil|pivoxil|disoproxil|alafenamide|besilate|besylate|maleate|mesilate|mesylate|tartrate|bitartrate|succinate|fumarate|propionate|dipropionate|furoate|valerate|xinafoate|hydrochloride|hcl|hydrobromide|sulfate|sulphate|bisulfate|mononitrate|dinitrate|sodium|decanoate|palmitate|trometamol|hemihydrate|monohydrate|trihydrate)\b")
            .expect("a valid expression")
    });
    let salt = SALT.find(&layout.text[name.end..]);
    name.start..name.end + salt.map_or(0, |salt| salt.end())
}

/// Such names of devices are part of the brand's.
fn is_device(form: &str) -> bool {
    const DEVICES: [&str; 8] = [
        "evohaler",
        "accuhaler",
        "turbohaler",
        "respimat",
        "flexpen",
        "solostar",
        "kwikpen",
        "diskus",
    ];
    DEVICES.contains(&form.to_lowercase().as_str())
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

/// Kinds of drugs, which large lists hold as names.
const CLASSES: &[&str] = &[
    "analgesia",
    "analgesic",
    "analgesics",
    "antacid",
    "antacids",
    "antibiotic",
    "antibiotics",
    "anticoagulant",
    "anticoagulants",
    "anticoagulation",
    "antidepressant",
    "antidepressants",
    "antiemetic",
    "antiemetics",
    "antihistamine",
    "antihistamines",
    "antihypertensives",
    "antiplatelet",
    "antiplatelets",
    "antipsychotics",
    "bronchodilator",
    "bronchodilators",
    "contraceptives",
    "corticosteroids",
    "diuretic",
    "diuretics",
    "emollient",
    "emollients",
    "inhalers",
    "laxative",
    "laxatives",
    "nsaids",
    "opiates",
    "opioids",
    "painkillers",
    "sedatives",
    "statin",
    "statins",
    "steroid",
    "steroids",
    "supplements",
    "vaccine",
    "vasopressors",
    "vitamins",
];

/// Words before amounts, which large lists hold as brands: `more than 3 g of`.
const OF_AMOUNTS: &[&str] = &[
    "more", "less", "most", "least", "over", "under", "another", "each", "both", "maximum",
    "minimum", "extra", "half", "double", "same", "only", "other", "some", "any", "today", "level",
    "levels", "target", "further", "final", "initial", "total", "about", "around", "above",
    "below",
];

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
    "new",
    "old",
    "previous",
    "current",
    "usual",
    "next",
    "daily",
    "starting",
    "maintenance",
    "loading",
];

/// `started on Iisinoprll 10 mg`: a misreading of one known drug right before a strength, form or route.
fn misread(context: &Context, words: &[Span], named: &[Span], taken: &[Span]) -> Option<Mention> {
    let layout = &context.layout;
    let lab = context.kind == DocumentKind::LabReport;
    words.iter().find_map(|word| {
        let printed = layout.get(word);
        if lab
            || context.section(word.start) == Some(SectionKind::Labs)
            || overlaps(word, named)
            || overlaps(word, taken)
        {
            return None;
        }
        context.lexicon.misread_drug(printed)?;
        let line = &layout.lines[layout.line_at(word.start)].span;
        let found = sig::scan(layout.text, word.end..line.end, &[]);
        let beside = found.first().is_some_and(|next| {
            matches!(next.part, Part::Strength | Part::Form | Part::Route)
                && next.span.start <= word.end + 2
        });
        beside.then(|| Mention {
            name: word.clone(),
            known: false,
            weak: true,
        })
    })
}

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

/// `Inj. Vitcofol 2 ml`, `T. Pan 40`: prescriptions of India put the form before the name.
fn behind_form(context: &Context, index: usize) -> Option<Mention> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:T|Tab|TAB|Cap|CAP|Inj|INJ|Syr|Syp|SYP|Susp|Oint)(?:\.\s?|\s)(\p{Lu}[\p{L}-]{2,}(?: (?:\p{Lu}[\p{L}0-9-]*|[A-Z]{1,3})\b){0,2})")
            .expect("a valid expression")
    });
    let layout = &context.layout;
    let line = &layout.lines[index];
    let text = layout.get(&line.span);
    let mark = item_mark(text).min(text.len());
    // `T. ` is a list's mark in its looks.
    let mark = if FORM.is_match(text) { 0 } else { mark };
    let found = FORM.captures(&text[mark..])?.get(1)?;
    let start = line.span.start + mark;
    Some(Mention {
        name: start + found.start()..start + found.end(),
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
    for mut mention in mentions {
        extend_name(text, &mut mention);
        if let Some(last) = out.last_mut() {
            let gap = text[last.name.end..mention.name.start].trim();
            let bracketed = text[last.name.end..mention.name.start].trim() == "("
                && text[mention.name.end..]
                    .trim_start_matches(['®', '™'])
                    .starts_with(')');
            if bracketed || is_other_name(context, &last.name, &mention.name) {
                continue;
            }
            // `Lantus insulin 24 units`.
            let again = gap.is_empty()
                && text[mention.name.clone()].eq_ignore_ascii_case("insulin")
                && !text[last.name.end..mention.name.start].contains('\n');
            if again {
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
    out
}

/// `Simvastatin | Zocor | 40 mg`: the next cell names the same substance once more.
fn is_other_name(context: &Context, name: &Span, next: &Span) -> bool {
    let text = context.layout.text;
    let codes = |name: &Span| {
        context
            .lexicon
            .drug_codes(&text[name.clone()])
            .collect::<Vec<_>>()
    };
    let beside = text[name.end..next.start]
        .chars()
        .all(|c| matches!(c, ' ' | '\t' | '|' | '=' | '®' | '™'));
    beside && {
        let own = codes(name);
        codes(next).iter().any(|code| {
            own.iter()
                .any(|c| c.system == code.system && c.code == code.code)
        })
    }
}

static SUFFIX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:[ -](?:(?i:HCl|hydrochloride|sodium|potassium|calcium|succinate|tartrate|maleate|besylate|besilate|fumarate|citrate|acetate|sulfate|sulphate|phosphate|mesylate|hyclate|monohydrate|trihydrate|bromide|tromethamine|axetil|propionate|furoate|disoproxil|valerate|dipropionate|nitrate|mononitrate|dinitrate|clavulanate|pamoate|oxalate|carbonate|gluconate|hydrobromide|chloride|cypionate|decanoate|medoxomil|cilexetil|magnesium|glargine|lispro|aspart|detemir|degludec|inhaler HFA)|EC|XL|XR|ER|SR|CR|CD|LA|DR|ODT|DS|HCT|HCTZ|HFA|MR|IR|PM|HBr|DPI|SA|TR|PF|DM|AV|LS|CV|LC|GP(?: ?[1-4]\b)?|D3|Forte|Orange|Advance|Infant|Junior|Retard|Continus)\b)").expect("a valid expression")
});

fn extend_name(text: &str, mention: &mut Mention) {
    while let Some(found) = SUFFIX.find(&text[mention.name.end..]) {
        mention.name.end += found.end();
    }
}
