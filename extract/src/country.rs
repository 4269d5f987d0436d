//! Whether a document writes its dates as Britain or as the United States do, by what else differs there: spelling,
//! units, identifiers, how it abbreviates and how it writes a month's name. Each sign counts once however often it is
//! printed, since laboratories of both sides print `mmol/L` in every row.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;

use crate::dates::Printed;

/// How a document writes, as far as its signs tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    British,
    American,
    Unknown,
}

/// A sign that no other country has counts as two that some share.
const SURE: usize = 2;

/// Reads the signs of a text and of its dates.
pub(crate) fn habit(text: &str, dates: &[Printed]) -> Habit {
    let named = |starts: fn(char) -> bool, between: char| {
        let written = dates.iter().map(|date| &text[date.span.clone()]);
        let mut named = written.filter(|date| date.contains(char::is_alphabetic));
        named.any(|date| date.starts_with(starts) && date.contains(between))
    };
    let day_first = named(|c| c.is_ascii_digit(), ' ');
    let month_first = named(char::is_alphabetic, ' ');
    let british =
        signs(text, &BRITAIN) * SURE + signs(text, &BRITISH) + usize::from(day_first) * SURE;
    let american =
        signs(text, &STATES) * SURE + signs(text, &AMERICAN) + usize::from(month_first) * SURE;
    match british.cmp(&american) {
        std::cmp::Ordering::Greater if british >= SURE => Habit::British,
        std::cmp::Ordering::Less if american >= SURE => Habit::American,
        _ => Habit::Unknown,
    }
}

/// So many different signs.
fn signs(text: &str, shape: &Regex) -> usize {
    const MOST: usize = 12;
    let mut seen: HashSet<String> = HashSet::new();
    for found in shape.find_iter(text) {
        seen.insert(found.as_str().to_lowercase());
        if seen.len() == MOST {
            break;
        }
    }
    seen.len()
}

fn re(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid expression")
}

/// What Britain, Ireland, Australia, New Zealand, India, Malaysia, the Gulf states, Africa and the Caribbean that was British
/// alone print.
static BRITAIN: LazyLock<Regex> = LazyLock::new(|| {
    re(
        r"\bNHS\b|\bGMC\b|\bIMC\b|\bGMS\b|\bNHI\b|\bDear GP\b|\b(?:umol/L|µmol/L|mmol/mol)\b|\b(?:NSW|QLD|VIC|TAS|WA|SA|NT|ACT) [0-9]{4}\b|\bPBS\b|\b(?:UHID|NABL|MBBS|OPD|IPD|Pvt)\b|\b(?:Smt|Shri|Kumari|NRIC|HKID|CHI|MyKad|TCU)\b|\b(?i:polyclinic)\b|\bRs\.|₹|\b(?i:lakhs?|lacs|cu\.?\s?mm|cumm|biological ref)\b|\b[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}\b|\b(?i:general practitioner|A&E|yours (?:sincerely|faithfully)|registrar|micrograms)\b|\b(?:Tab|Inj|Syp|Cap)\. [A-Z]|\b[0-9]{1,2}/(?:7|52)\b|\b(?:DHA|HAAD|NHRA|QCHP|MOHAP|SCFHS|OMSB|Iqama|AED|OMR|QAR|BHD|KMPDC|HPCSA|NAFDAC|MDCN|SHIF|KES|TTMB|NHIF)\b|\b(?i:emirates id|dubai|abu dhabi|sharjah|muscat|oman|doha|qatar|bahrain|kuwait|riyadh|jeddah|klinik|tarikh|umur|kesihatan|malaysia|nairobi|kenya|lagos|nigeria|ghana|uganda|south africa|jamaica|trinidad|barbados)\b|\b(?i:hospital no|hosp no|hosp(?:ital)? number|ward round|urn?:)\b",
    )
});
/// What is usual there and known elsewhere.
static BRITISH: LazyLock<Regex> = LazyLock::new(|| {
    re(
        r"\bGP\b|\b(?i:surgery|tds|qds|nocte|mane|bd|haemoglobin|paracetamol|salbutamol|oedema|anaemia|paediatric\w*|orthopaedic\w*|gynaecolog\w*|anaesth\w*|\w*oesophag\w*|haem[aor]\w+|\w{3,}aemia|diarrhoea|tumour|oestr\w+|mmol/L|sulphate|leucocyt\w*|consultant|dear dr|ward|theatre|[0-9]{1,2}/12|bloods|u&es?|obs|apyrexial|g/l|pmol/l|litres?|centre|programme|whilst)\b",
    )
});
/// What the United States and the Philippines alone print.
static STATES: LazyLock<Regex> = LazyLock::new(|| {
    re(
        r"\b[A-Z]{2},? [0-9]{5}(?:-[0-9]{4})?\b|\bNPI\b|\bDEA\b|\bCLIA\b|\bICD-10-CM\b|\bCPT\b|\bMedicaid\b|\bHIPAA\b|\b(?:Brgy|Barangay|Philippines|PhilHealth|RHU|PRC Lic)\b|\b(?:K|M|Thousand|Million)/uL\b|\bPCP\b",
    )
});
/// What is usual there and known elsewhere.
static AMERICAN: LazyLock<Regex> = LazyLock::new(|| {
    re(
        r"\bM\.?D\b|\b(?i:mg/dL|hemoglobin|\w*anemia|edema|diarrhea|acetaminophen|albuterol|orthopedic\w*|pediatric\w*|gynecolog\w*|hematolog\w*|anesth\w*|tumor|esoph\w+|physician|attending|refills?|insurance|hypo\w{3,}emia|hyper\w{3,}emia)\b",
    )
});

#[cfg(test)]
mod tests {
    use super::{Habit, habit};
    use crate::dates;

    #[test]
    fn signs_count_once() {
        for (text, want) in [
            (
                "CLIA 05D2088117 Sodium 141 135-146 mmol/L Potassium 4.6 3.5-5.3 mmol/L Glucose 99 mg/dL",
                Habit::American,
            ),
            (
                "Haemoglobin 12.1 g/dL Platelet Count 2.15 lakhs/cu.mm Bilirubin 1.4 mg/dL Dr. A Rao, MD (Path)",
                Habit::British,
            ),
            ("Seen 20 May 2025, DOB 04/10/1985", Habit::British),
            ("Seen May 20, 2025, DOB 04/10/1985", Habit::American),
            ("DOB 04/10/1985", Habit::Unknown),
            ("Emirates ID 784-1, Visit 05/02/2026", Habit::British),
            (
                "Brgy. Mabini, OPD, RHU 3, BIRTHDAY 12/02/1976",
                Habit::American,
            ),
        ] {
            assert_eq!(habit(text, &dates::find(text)), want, "{text}");
        }
    }
}
