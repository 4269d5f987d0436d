//! What a clinician remarks on a condition and is no part of its name: how sure someone is (`?`, `known`), what became
//! of it (`, resolved`), since when (`(2016)`, `s/p`).

use std::sync::LazyLock;

use regex::Regex;

use crate::layout::{Span, trim_by};

/// Without the words that say how sure someone is, or since when: `known`, `rule out`, `findings consistent with`.
pub(super) fn without_lead(name: &str) -> &str {
    static LEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^(?:(?:no (?:evidence|signs?) of|no|denies(?: any)?|[ck]/c/o|h/o|hx of|hx|history of|known case of|k/c of|previous|prior|known|possible|possibly|probable|probably|likely|suspected|presumed|rule out|r/o|t/c|to consider|exclude|query|background of|(?:findings?|appearances?|features?|changes|overall picture)(?: are| is)?(?: most)? (?:in keeping with|consistent with|compatible with|suggestive of|suspicious for)|(?:in keeping|consistent|compatible) with|suggestive of)\s+(?:[LR]\s)?|\?\s?)",
        )
        .expect("a valid expression")
    });
    let end = LEAD.find(name).map_or(0, |found| found.end());
    &name[end..]
}

/// What became of it, and how sure someone is: `, resolved`, `(diet controlled)`, `unlikely`.
const BECAME: &[&str] = &[
    r"(?:[,;–-]\s*|\s*\()(?:(?:now|currently|clinically)\s+)?(?:stable|resolved|resolving|improv(?:ed|ing)|worsening|unchanged|(?:(?:well|poorly|not well|fairly well|adequately|diet|tablet|insulin)[- ])?controlled|uncontrolled|in remission|euthymic|completely excised|asymptomatic|quiescent)\)?\W*$",
    r"\s(?:has|have) (?:now )?(?:resolved|improved|settled)$",
    r"\s(?:is |was )?(?:felt |thought |considered |deemed )?(?:to be )?(?:very |highly )?(?:unlikely|excluded|ruled out)$",
    r",\s(?:not|no longer)\s.*$",
    r"\swith (?:frequent|recurrent|multiple) exacerbations?$",
    r"\ssuspect(?:ed)?$",
];
/// What was done about it: `s/p ICD`, `excised`, `treated with`.
const DONE: &[&str] = &[
    r"\s(?:s/p|status post|on (?:CPAP|BiPAP|NIV|dialysis|home oxygen|insulin|warfarin))\b.*$",
    r"\s(?:excised|resected|removed|repaired)$",
    r"\swith (?:PCI|CABG|stent(?:s|ing)?|bypass)\b.*$",
    r"\s(?:treated|managed)\s(?:with|by)\b.*$",
];
/// Since when: `(2016)`, `as a child`, `for 3 years`.
const WHEN: &[&str] = &[
    r"\s*\([^()]*\d[^()]*\)$",
    r",\s[^,]*\b(?:19|20)\d\d$",
    r"\s(?:in\s)?(?:19|20)\d\d$",
    r"\s(?:as an? (?:child|infant|toddler|teen(?:ager)?|adolescent|young adult)|in (?:childhood|infancy|adolescence|her teens|his teens))$",
    r"\sfor (?:the (?:past|last) )?\d+ (?:days?|weeks?|months?|years?)$",
    r",?\s(?:in\s)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\s(?:19|20)\d\d\b.*$",
    r"\s(?:since|diagnosed(?: in)?)\s(?:\p{L}+\s)?(?:19|20)\d\d\b.*$",
    r",?\s\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d\b.*$",
];
/// What caused it, and what it calls for: `due to`, `requiring`, `after a fall`.
const WHY: &[&str] = &[
    r"\s(?:secondary to|due to|requiring|needing)\s.*$",
    r"\s(?:after|following) (?:an? )?(?:fall|RTA|RTC|MVA|accident|injury)\b.*$",
];
/// Where, and how large: `both eyes`, `at L5-S1`, `2.3 cm`.
const WHERE: &[&str] = &[
    r"\sat [LTCS][0-9].*$",
    r"\sboth (?:eyes|ears|knees|hips|hands|feet)$",
    r",?\s\d+(?:\.\d+)?(?:\s?[x×]\s?\d+(?:\.\d+)?)*\s?(?:mm|cm)$",
    r"\sO[UDS]$",
    r"\s\([LR]\)$",
];
/// What was found of it: stages and scores by their names, receptors, germs, results.
const FOUND: &[&str] = &[
    r"\s#\d{1,2}$",
    r"\.\s(?:ER|PR|HER2)\s?[+-].*$",
    r"\swithout (?:evidence|signs?|right heart)\b.*$",
    r",\s[^,]*\b(?:positive|negative)$",
    r"\s*\([^()]*\b(?:positive|negative|sensitive|resistant)\b[^()]*\)$",
    r"\swith (?:preserved|normal|good|impaired|reduced) (?:LV|RV|left ventricular|systolic) (?:systolic )?function$",
    r",\s(?:Hoehn|ECOG|FIGO|Gleason|EDSS|CCS|Child)\b.*$",
    r",\s(?:ER|PR|HER2|EGFR|ALK|KRAS|NRAS|BRAF|ROS1|PD-?L1|MSI|MMR|IDH1?|JAK2|FLT3|BRCA[12]?)\b.*$",
    r",\s[cpy]{0,2}T[0-4][a-d]?\s?N[0-3x].*$",
    r",\s\p{L}[\p{L}0-9-]*(?:\s(?:score|of))?\s[<>]?\d+(?:\.\d+)?\s?(?:%|[\p{L}0-9^*]+/[\p{L}0-9]+)?$",
];

/// Without what is remarked on a condition, as far as what is left still holds one.
pub(super) fn without_remarks(text: &str, name: Span, holds: impl Fn(&Span) -> bool) -> Span {
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
        let kinds = [BECAME, DONE, WHEN, WHY, WHERE, FOUND];
        let remarks: Vec<&str> = kinds.into_iter().flatten().copied().collect();
        Regex::new(&format!("(?i){}", remarks.join("|"))).expect("a valid expression")
    });
    static KEPT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:stage|grade|type|class|nyha)\b").expect("a valid expression")
    });
    static SCALE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^,\s(?:Hoehn|ECOG|FIGO|Gleason|EDSS|CCS|Child)\b")
            .expect("a valid expression")
    });
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)^(?:[cp]?T[0-4][a-d]?\s?N[0-3x]\s?(?:M[01x])?|s/p|status post)\s+(?:[LR]\s)?",
        )
        .expect("a valid expression")
    });
    let printed = &text[name.clone()];
    let behind = BEHIND
        .find(printed)
        .filter(|found| SCALE.is_match(found.as_str()) || !KEPT.is_match(found.as_str()))
        .map_or(printed.len(), |found| found.start());
    let before = BEFORE
        .find(printed)
        .map_or(printed.len() - without_lead(printed).len(), |found| {
            found.end()
        });
    let cut = trim_by(
        text,
        name.start + before.min(behind)..name.start + behind,
        |c| c.is_whitespace() || matches!(c, ',' | ';' | '-' | '–'),
    );
    if cut != name && holds(&cut) {
        cut
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::without_remarks;

    #[test]
    fn remarks_are_no_part_of_a_name() {
        for (text, want) in [
            ("Rheumatoid arthritis, stable", "Rheumatoid arthritis"),
            ("acute kidney injury (resolved)", "acute kidney injury"),
            (
                "Atrial fibrillation (CHA2DS2-VASc 3)",
                "Atrial fibrillation",
            ),
            (
                "Ischaemic heart disease, CABG 2016",
                "Ischaemic heart disease",
            ),
            ("s/p L hip fracture", "hip fracture"),
            (
                "Type 1 diabetes since 1996, HbA1c 68 mmol/mol",
                "Type 1 diabetes",
            ),
            (
                "community acquired pneumonia, CURB-65 score 2",
                "community acquired pneumonia",
            ),
            ("Asthma (stage 2)", "Asthma (stage 2)"),
            ("Sepsis secondary to urinary tract infection", "Sepsis"),
            (
                "Type 2 diabetes mellitus, uncontrolled",
                "Type 2 diabetes mellitus",
            ),
            ("STEMI requiring primary PCI", "STEMI"),
            ("meningitis as a teenager", "meningitis"),
            ("No evidence of appendicitis", "appendicitis"),
            (
                "ductal carcinoma, right breast. ER+/PR-/HER2-",
                "ductal carcinoma, right breast",
            ),
            (
                "pulmonary emboli without right heart strain",
                "pulmonary emboli",
            ),
            ("T2DM (diet controlled)", "T2DM"),
            ("Disc extrusion at L5-S1", "Disc extrusion"),
            ("Glaucoma suspect", "Glaucoma"),
            (
                "primary open angle glaucoma both eyes",
                "primary open angle glaucoma",
            ),
            (
                "T2 N1 M0 invasive ductal carcinoma, ER positive, HER2 negative",
                "invasive ductal carcinoma",
            ),
            ("Lumbar spinal stenosis", "Lumbar spinal stenosis"),
        ] {
            let found = without_remarks(text, 0..text.len(), |_| true);
            assert_eq!(&text[found], want);
        }
    }
}
