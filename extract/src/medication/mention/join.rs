//! Names that are one medication, and the salts and letters that belong to a name.

use std::sync::LazyLock;

use regex::Regex;

use super::Mention;
use crate::{
    context::Context,
    layout::Span,
    sig::{self, Part},
};

/// `Amlodipine/Benazepril`, `Calcium + Vitamin D` and `Fluticasone-Salmeterol` are one medication.
pub(super) fn combinations(context: &Context, mentions: Vec<Mention>) -> Vec<Mention> {
    let text = context.layout.text;
    let mut out: Vec<Mention> = Vec::new();
    for mut mention in mentions {
        extend_name(text, &mut mention);
        if let Some(last) = out.last_mut() {
            let gap = text[last.name.end..mention.name.start].trim();
            if is_bracketed(text, &last.name, &mention.name)
                || is_other_name(context, &last.name, &mention.name)
            {
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
            // `hold metformin + apixaban` are two: behind a combination its amount or form follows.
            let summed = matches!(gap, "+" | "&") && PRODUCT.is_match(&text[mention.name.end..]);
            let joined = counted
                || summed
                || matches!(gap, "/" | "-")
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

/// `Cefuroxime 500 mg tablets (Zinnat)`, and the brand below its row: a name alone in brackets, with nothing but the
/// product before it, is what the drug is called otherwise.
fn is_bracketed(text: &str, name: &Span, next: &Span) -> bool {
    let closed = text[next.end..]
        .trim_start_matches(['®', '™', ' '])
        .starts_with(')');
    let between = &text[name.end..next.start];
    let Some(before) = between.trim_end().strip_suffix('(').filter(|_| closed) else {
        return false;
    };
    let below = before
        .rsplit_once('\n')
        .is_some_and(|(row, lead)| !row.contains('\n') && lead.trim().is_empty());
    let product = || {
        // `inhaler CFC free (Ventolin)`: a remark of so many letters may stand behind the product.
        const REMARK: usize = 14;
        let told = sig::scan(text, name.end..name.end + before.len(), &[]);
        let of_product =
            |found: &sig::Found| matches!(found.part, Part::Strength | Part::Form | Part::Route);
        let end = told.last().map_or(0, |last| last.span.end - name.end);
        let rest = before[end..].trim();
        told.iter().all(of_product)
            && rest.len() <= if told.is_empty() { 0 } else { REMARK }
            && !rest.contains([',', ';', '.', ':'])
            && !before.contains(['\n', '\t', '|'])
            && !before.trim().contains("   ")
    };
    below || product()
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
    Regex::new(r"^(?:[ -](?:(?i:HCl|hydrochloride|sodium|potassium|calcium|succinate|tartrate|maleate|besylate|besilate|fumarate|citrate|acetate|sulfate|sulphate|phosphate|mesylate|hyclate|monohydrate|trihydrate|bromide|tromethamine|axetil|propionate|furoate|disoproxil|valerate|dipropionate|nitrate|mononitrate|dinitrate|clavulanate|pamoate|oxalate|carbonate|gluconate|hydrobromide|succ|tart|chloride|cypionate|decanoate|medoxomil|cilexetil|magnesium|glargine|lispro|aspart|detemir|degludec|inhaler HFA)|EC|XL|XR|ER|SR|CR|CD|LA|DR|ODT|DS|HCT|HCTZ|HFA|MR|IR|PM|HBr|DPI|SA|TR|PF|DM|AV|LS|CV|LC|GP(?: ?[1-4]\b)?|D3|Forte|Ultra|Plus|Turbuhaler|Ellipta|Handi[Hh]aler|Breezhaler|Genuair|Easyhaler|N(?:EXT|ext)haler|Rapihaler|Forspiro|Spiromax|Modulite|Orange|Advance|Infant|Junior|Retard|Continus)\b|[ -][eE]-?[0-9]{3}\b| #[1-4]\b)").expect("a valid expression")
});

/// What a product's name is followed by.
static PRODUCT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^[ \t|]*(?:[0-9][0-9.,/+-]*\s?(?:mg|mcg|g|micro|units?|iu|ml|mmol|meq|%|tab|cap|[0-9])|\(|tab|cap|inh|cream|oint|gel|drop|syr|inj|spray|susp|supplement)",
    )
    .expect("a valid expression")
});

static FORM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[\s.)])(?:t|tab|tablet|cap|capsule|inj|syr|syp|susp)\.?\s?$")
        .expect("a valid expression")
});
static LETTERS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[ -]([A-Z]{1,3}[0-9]?)(?:\s|$)").expect("a valid expression"));
/// Such letters that say when or how.
const OF_A_SIG: &[&str] = &[
    "OD", "BD", "TD", "TDS", "TID", "BID", "QID", "QDS", "HS", "SOS", "PRN", "STAT", "PO", "IV",
    "IM", "SC", "SL", "PR", "AC", "PC", "ON", "OM", "AM", "PM", "QD", "QH", "NG", "I", "II", "III",
    "X", "ML", "MG", "G", "U", "NEW",
];

fn extend_name(text: &str, mention: &mut Mention) {
    // `Glycomet GP 2`: the strength of such a pair is part of what it is called.
    static PAIR: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^ [1-4](?:\.[0-9])?(?:[ \t]|$)").expect("a valid expression")
    });
    while let Some(found) = SUFFIX.find(&text[mention.name.end..]) {
        mention.name.end += found.end();
    }
    // `Tab. Norflox TZ    1-0-1`: letters behind a brand that a form stands before.
    let formed = FORM.is_match(&text[..mention.name.start]);
    let letters = LETTERS
        .captures(&text[mention.name.end..])
        .and_then(|found| found.get(1));
    if let Some(found) = letters.filter(|found| formed && !OF_A_SIG.contains(&found.as_str())) {
        mention.name.end += found.end();
    }
    // `T. Aceclofenac + PCM     1-0-1`: a pair whose second part is abbreviated.
    static SECOND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^ ?\+ ?[A-Z]{2,5}(?: {2}|\t|\n|$)").expect("a valid expression")
    });
    if let Some(found) = SECOND.find(&text[mention.name.end..]).filter(|_| formed) {
        mention.name.end += found.as_str().trim_end().len();
    }
    // `Creon 25,000 two capsules`: so many units, which nobody prints.
    static THOUSANDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^( [0-9]{2},?000)\s+(?:one|two|three|[1-9]|caps?|capsules?|tabs?|tablets?)\b")
            .expect("a valid expression")
    });
    if let Some(found) = THOUSANDS
        .captures(&text[mention.name.end..])
        .and_then(|found| found.get(1))
    {
        mention.name.end += found.end();
    }
    if let Some(proportion) = proportion(&text[mention.name.end..]) {
        mention.name.end += proportion;
    }
    let name = &text[mention.name.clone()];
    let pair = PAIR.find(&text[mention.name.end..]);
    if let Some(found) = pair.filter(|_| name.ends_with(" GP") || name.ends_with(" Gp")) {
        mention.name.end += found.as_str().trim_end().len();
    }
}

/// The length of ` 30/70` behind an insulin: shares that make a hundred are part of what it is called.
fn proportion(behind: &str) -> Option<usize> {
    static SHARES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^ ([1-9][05])\s?/\s?([1-9][05])\b").expect("a valid expression")
    });
    let shares = SHARES.captures(behind)?;
    let share = |n: usize| shares[n].parse::<u32>().ok();
    (share(1)? + share(2)? == 100).then_some(shares[0].len())
}
