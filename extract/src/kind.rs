//! What kind of document this is: words that only one kind prints, weighed and summed. The
//! confidence is the winner's share, so that a mixed document says that it is mixed.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Confidence, DocumentKind as Kind};

use crate::{
    labels::{Label, Target},
    layout::Layout,
    sections::SectionKind,
};

static SIGNS: LazyLock<Vec<(Regex, Kind, f32)>> = LazyLock::new(|| {
    [
        (r"(?i)\b(?:electronic )?prescription\b", Kind::Prescription, 3.0),
        (r"(?m)^\W*(?:Rx|℞|RX)\W*$", Kind::Prescription, 4.0),
        (r"(?m)^\W*(?:Rx|℞|RX):?\s+\p{L}", Kind::Prescription, 3.0),
        (r"(?i)\b(?:refills?|rf)\s*[:.]", Kind::Prescription, 1.5),
        (r"(?i)\b(?:dispense as written|daw|substitution (?:permitted|allowed)|generic substitution|dispense)\b", Kind::Prescription, 2.0),
        (r"(?i)\b(?:sig|directions)\s*:", Kind::Prescription, 1.5),
        (r"(?i)\bDEA\b", Kind::Prescription, 1.0),
        (r"(?m)#\s?\d+\b.*\bR", Kind::Prescription, 1.5),
        (r"(?i)#\s?\d+\b.{0,20}\b(?:refills?|rf)\b|\b(?:qty|mitte)\b.{0,14}\b(?:rpts?|repeats?|refills?)\b", Kind::Prescription, 2.0),
        (r"(?m)^\s*(?:[0-9]{1,2}[.)]\s*)?(?:T|Tab|Cap|Inj|Syr|Syp|Susp)\.?\s+\p{Lu}\p{Ll}", Kind::Prescription, 1.5),
        (r"(?m)^\W*(?:Adv(?:ice|ised)?|Rx|Treatment advised)\W*$", Kind::Prescription, 1.5),
        (r"\bR?PBS\b|\bFP10\b|(?i:\bsignature of prescriber\b)", Kind::Prescription, 2.0),
        (r"(?i)\breference (?:range|interval)s?|standard range|normal range|ref\.? (?:range|interval)", Kind::LabReport, 3.0),
        (r"(?i)\b(?:laboratory|laboratories|pathology services|clia|diagnostics lab)\b", Kind::LabReport, 1.0),
        (r"(?i)\bspecimen\b", Kind::LabReport, 1.0),
        (r"(?im)^\W*(?:final |interim |cumulative |clinical )?(?:laboratory|lab|pathology|haematology|hematology|biochemistry|chemistry)\b.{0,20}\b(?:reports?|results?)\b", Kind::LabReport, 3.0),
        (r"(?i)\b(?:collected|received|reported)\b\s*:", Kind::LabReport, 1.0),
        (r"(?i)\b(?:metabolic panel|lipid panel|urinalysis|complete blood count|cbc|haematology|hematology|biochemistry|thyroid function|liver function)\b", Kind::LabReport, 1.5),
        (r"(?i)\b(?:mg/dL|g/dL|mmol/L|ng/mL|U/L|uIU/mL|pg/mL|K/uL|x10)", Kind::LabReport, 0.4),
        (r"(?i)\b(?:dipstick|urine microscopy|microbiology|susceptibilit(?:y|ies))\b", Kind::LabReport, 1.5),
        (r"(?i)\b(?:accession|pathology report|microscopic description)\b", Kind::LabReport, 1.2),
        (r"(?i)\bdischarge (?:summary|letter|notification)\b", Kind::DischargeSummary, 5.0),
        (r"(?i)\b(?:emergency department|a&e|accident and emergency)\b.{0,40}\b(?:discharge|summary|letter)\b", Kind::DischargeSummary, 3.0),
        (r"(?i)\bdischarge (?:diagnos|medication|instructions|condition|date)|\bdate of discharge", Kind::DischargeSummary, 2.0),
        (r"(?i)\b(?:hospital course|date of admission|admission date)\b", Kind::DischargeSummary, 2.0),
        (r"(?i)\b(?:referral letter|referral|referring|thank you for (?:seeing|referring|asking))\b", Kind::ReferralLetter, 2.0),
        (r"(?im)^\s*dear\b", Kind::ReferralLetter, 2.5),
        (r"(?i)\b(?:i am referring|i would be grateful|grateful if you|for your (?:opinion|assessment|evaluation)|yours sincerely|kind regards)\b", Kind::ReferralLetter, 2.0),
        (r"(?i)\breason for referral\b", Kind::ReferralLetter, 3.0),
        (r"(?i)\b(?:claim form|explanation of benefits|insured's|policy group|cpt|hcpcs|total charge|remittance|this is not a bill)\b", Kind::InsuranceForm, 2.0),
        (r"(?i)\b(?:deductible|coinsurance|co-?pay|subscriber|amount billed|plan paid|member id)\b", Kind::InsuranceForm, 1.0),
        (r"(?i)\b(?:mri|ct|x-?ray|ultrasound|radiograph|mammogra\w+|echocardiogram)\b.{0,40}\b(?:report|of the|without contrast|with contrast|scan)\b", Kind::Imaging, 2.0),
        (r"(?i)\b(?:radiology|radiologist|imaging (?:department|center|centre|associates)|technique|multiplanar)\b", Kind::Imaging, 1.5),
        (r"(?i)\b(?:findings|impression)s?\s*:", Kind::Imaging, 1.0),
        (r"(?i)\b(?:radiodiagnosis|ultrasonography|sonography)\b|\b(?:USG|HRCT|CECT|NCCT|CXR|MRCP)\b.{0,40}$", Kind::Imaging, 2.0),
        (r"(?i)\b(?:ultrasound|radiology|x-?ray|imaging) (?:department|dept|unit)\b", Kind::Imaging, 2.0),
        (r"(?im)^\W*(?:obstetric|pelvic|abdominal|abdomino-?pelvic|renal|thyroid|breast|scrotal|doppler)\s+(?:scan|ultrasound|sonogra\w+)\W*$", Kind::Imaging, 2.5),
        (r"(?im)^\W*(?:exam(?:ination)?|study|procedure)\s*:\s*(?:us|ct|mri?|xr|x-?ray|pet|ultrasound|mammo\w*|dexa|echo\w*)\b", Kind::Imaging, 2.5),
        (r"\b(?:CT|MRI?|US|XR|(?i:ultrasound)) (?i:abdomen|abdominal|pelvis|pelvic|chest|head|brain|spine|neck|thorax|knee|shoulder|lumbar|cervical|lower limb|upper limb|renal)\b", Kind::Imaging, 1.0),
        (r"(?m)^\W*(?:[0-9]{1,2}[.)]\s*)?(?:(?:TAB|CAP|SYR|INJ|SYP)\.?\s+[A-Z]{4,}|[A-Z][A-Z ]{3,30} [0-9.]+ ?MG TABS?\b)", Kind::Prescription, 1.5),
        (r"(?i)\b(?:dispensed by|phone[- ]?in rx|called in by|phoned in by)\b", Kind::Prescription, 1.0),
        (r"(?i)\A[^\n]*\n?[^\n]*\b(?:MBBS|M\.B\.,? ?B\.S\.?)", Kind::Prescription, 0.7),
        (r"(?i)\brefill (?:authori[sz]ation|request)\b|\bprescriber (?:no|number)\b|^\W*(?:telephone|verbal) order\b", Kind::Prescription, 2.0),
        (r"(?im)(?:^|\t|\s{2})prescriber\s*:", Kind::Prescription, 1.5),
        (r"(?im)^\W*rx ?(?:no\.?|#|:)? ?[0-9]{5,}\b", Kind::Prescription, 1.5),
        (r"(?i)\b(?:pre-?authori[sz]ation|prior authori[sz]ation (?:request|form)|special authori[sz]ation|utili[sz]ation (?:management|review)|superbill|(?:medical expense|hospital|out-?patient|in-?patient|reimbursement) cla[i1l]m|cla[i1l]m f[o0]rm)\b", Kind::InsuranceForm, 2.5),
        (r"(?im)^\W*(?:tax )?invoice\b", Kind::InsuranceForm, 2.5),
        (r"(?i)\bprescr[il1]pt[il1]on form\b", Kind::Prescription, 3.0),
        (r"(?m)^\W*(?i:exam(?:ination)?:?\s+|procedure:?\s+|study:?\s+)?(?:US|CT|MRI?|XR|PET|DEXA|X-?RAY|(?i:ultrasound|mammogra\w+|screening mammogra\w+|transthoracic echo\w*|echocardiogra\w+|radiology report|imaging report))\b[^.:\n]{0,60}$", Kind::Imaging, 2.5),
    ]
    .into_iter()
    .map(|(pattern, kind, weight)| (Regex::new(pattern).expect("a valid expression"), kind, weight))
    .collect()
});

/// The kind and how sure it is.
pub(crate) fn of(layout: &Layout, labels: &[Label]) -> (Kind, Confidence) {
    let kinds = [
        Kind::Prescription,
        Kind::LabReport,
        Kind::DischargeSummary,
        Kind::ReferralLetter,
        Kind::InsuranceForm,
        Kind::Imaging,
    ];
    let mut scores = [0.0f32; 6];
    for (pattern, kind, weight) in SIGNS.iter() {
        let hits = pattern.find_iter(layout.text).take(3).count() as f32;
        let early = pattern
            .find(layout.text)
            .is_some_and(|m| m.start() < 300 && *weight >= 3.0);
        if let Some(i) = kinds.iter().position(|k| k == kind) {
            scores[i] += weight * hits.min(1.0 + 0.3 * hits) * if early { 1.5 } else { 1.0 };
        }
    }
    for label in labels {
        let sign = match label.target {
            Target::Person(schemas::PersonRole::Prescriber) => Some((0, 1.5)),
            Target::Id(schemas::IdRole::RxNumber) => Some((0, 1.0)),
            Target::Section(SectionKind::Labs) if label.alone => Some((1, 0.5)),
            Target::Date(schemas::DateRole::Discharge) => Some((2, 1.0)),
            Target::Person(schemas::PersonRole::Recipient) => Some((3, 1.0)),
            Target::Person(schemas::PersonRole::Insured) | Target::Id(schemas::IdRole::Claim) => {
                Some((4, 1.0))
            }
            _ => None,
        };
        if let Some((i, weight)) = sign {
            scores[i] += weight;
        }
    }
    let total: f32 = scores.iter().sum();
    let (best, score) =
        scores.iter().enumerate().fold(
            (0, 0.0),
            |best, (i, s)| if *s > best.1 { (i, *s) } else { best },
        );
    if score < 2.5 {
        return (Kind::Other, Confidence::new(0.5));
    }
    (
        kinds[best],
        Confidence::new((score / (total + 1.0)).clamp(0.3, 0.99)),
    )
}

#[cfg(test)]
mod tests {
    use schemas::DocumentKind as Kind;

    use super::of;
    use crate::{labels, layout::Layout};

    #[test]
    fn kinds() {
        for (text, want) in [
            (
                "Rx\nAmoxicillin 500 mg\nSig: 1 cap TID\n# 21 Refills: 0",
                Kind::Prescription,
            ),
            (
                "TEST RESULT FLAG REFERENCE RANGE UNITS\nGlucose 86 70-99 mg/dL",
                Kind::LabReport,
            ),
            (
                "DISCHARGE SUMMARY\nDate of Admission: 1/2/2024",
                Kind::DischargeSummary,
            ),
            (
                "Dear Dr. Reed,\nI am referring my patient Jo Li.\nYours sincerely",
                Kind::ReferralLetter,
            ),
            (
                "HEALTH INSURANCE CLAIM FORM\n1a. INSURED'S I.D. NUMBER",
                Kind::InsuranceForm,
            ),
            (
                "MRI of the knee without contrast\nTechnique: x\nFindings: y\nImpression: z",
                Kind::Imaging,
            ),
            ("Shopping list: milk", Kind::Other),
        ] {
            let layout = Layout::new(text);
            let labels = labels::find(&layout);
            assert_eq!(of(&layout, &labels).0, want, "{text}");
        }
    }
}
