//! How a drug is taken: `Dosage` with `Timing`, from the normal forms of the sig. Whatever has no normal
//! form stays in the text alone.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use schemas::Medication;
use serde_json::{Value, json};

use super::quantity::{decimal, quantity};

/// None when nothing is printed.
pub(super) fn of(fact: &Medication) -> Option<Value> {
    let printed = [
        &fact.dose,
        &fact.route,
        &fact.frequency,
        &fact.duration,
        &fact.instructions,
    ];
    let text: Vec<&str> = printed.iter().filter_map(|part| part.as_deref()).collect();
    if text.is_empty() && fact.prn.is_none() {
        return None;
    }
    let mut dosage = json!({});
    if !text.is_empty() {
        dosage["text"] = json!(text.join(", "));
    }
    if let Some(instructions) = &fact.instructions {
        dosage["patientInstruction"] = json!(instructions);
    }
    if let Some(prn) = fact.prn {
        dosage["asNeededBoolean"] = json!(prn);
    }
    if let Some(timing) = timing(fact) {
        dosage["timing"] = timing;
    }
    if let Some(route) = &fact.route {
        dosage["route"] = json!({"text": route});
        if let Some((code, display)) = fact.route_norm.as_deref().and_then(route_code) {
            let system = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration";
            dosage["route"]["coding"] =
                json!([{"system": system, "code": code, "display": display}]);
        }
    }
    if let Some(dose) = fact.dose.as_deref().and_then(dose) {
        dosage["doseAndRate"] = json!([dose]);
    }
    Some(dosage)
}

/// `2 tablets`, `1-2 puffs`, `10 mL`.
fn dose(printed: &str) -> Option<Value> {
    static DOSE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^([0-9]+(?:\.[0-9]+)?)(?:\s*(?:-|–|to)\s*([0-9]+(?:\.[0-9]+)?))?\s*([\p{L}%/()]+(?: [\p{L}()]+)*)?$")
            .expect("a valid expression")
    });
    let found = DOSE.captures(printed.trim())?;
    let unit = found.get(3).map(|unit| unit.as_str());
    let low = decimal(&found[1])?;
    let Some(high) = found.get(2) else {
        return Some(json!({"doseQuantity": quantity(&low, unit)}));
    };
    let high = decimal(high.as_str())?;
    Some(json!({"doseRange": {"low": quantity(&low, unit), "high": quantity(&high, unit)}}))
}

fn timing(fact: &Medication) -> Option<Value> {
    let printed = fact.frequency.as_deref();
    let mut repeat = fact
        .frequency_norm
        .as_deref()
        .and_then(repeat)
        .unwrap_or_else(|| json!({}));
    if let Some(bounds) = fact.duration.as_deref().and_then(duration) {
        repeat["boundsDuration"] = bounds;
    }
    let mut timing = json!({});
    if repeat.as_object().is_some_and(|r| !r.is_empty()) {
        timing["repeat"] = repeat;
    }
    if let Some(printed) = printed {
        timing["code"] = json!({"text": printed});
    }
    timing
        .as_object()
        .is_some_and(|t| !t.is_empty())
        .then_some(timing)
}

/// A normal form of `sig::frequency_norm` as a repetition.
fn repeat(norm: &str) -> Option<Value> {
    static TIMES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(once|twice|(three|four|five|six) times) (daily|weekly|monthly)$")
            .expect("a valid expression")
    });
    static EVERY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^every ([0-9]+)(?:-([0-9]+))? (hour|day|week)s$").expect("a valid expression")
    });
    let norm = norm.strip_suffix("as needed").unwrap_or(norm).trim_end();
    let (norm, meal) = [
        (" with meals", "C"),
        (" with food", "C"),
        (" before meals", "AC"),
        (" after meals", "PC"),
    ]
    .into_iter()
    .find_map(|(end, code)| Some((norm.strip_suffix(end)?, Some(code))))
    .unwrap_or((norm, None));
    let daily =
        |when: &str| json!({"frequency": 1, "period": 1, "periodUnit": "d", "when": [when]});
    let mut repeat = match norm {
        "at bedtime" => daily("HS"),
        "every morning" => daily("MORN"),
        "every evening" => daily("EVE"),
        "every other day" => json!({"frequency": 1, "period": 2, "periodUnit": "d"}),
        "once" => json!({"count": 1}),
        _ => match (TIMES.captures(norm), EVERY.captures(norm)) {
            (Some(found), _) => times(&found),
            (_, Some(found)) => every(&found)?,
            _ => return None,
        },
    };
    if let (Some(meal), None) = (meal, repeat.get("when")) {
        repeat["when"] = json!([meal]);
    }
    Some(repeat)
}

fn times(found: &Captures) -> Value {
    let frequency = match (&found[1], found.get(2).map(|n| n.as_str())) {
        ("once", _) => 1,
        ("twice", _) => 2,
        (_, Some("three")) => 3,
        (_, Some("four")) => 4,
        (_, Some("five")) => 5,
        _ => 6,
    };
    let unit = match &found[3] {
        "daily" => "d",
        "weekly" => "wk",
        _ => "mo",
    };
    json!({"frequency": frequency, "period": 1, "periodUnit": unit})
}

fn every(found: &Captures) -> Option<Value> {
    let unit = match &found[3] {
        "hour" => "h",
        "day" => "d",
        _ => "wk",
    };
    let period = decimal(&found[1])?;
    let mut repeat = json!({"frequency": 1, "period": period, "periodUnit": unit});
    if let Some(most) = found.get(2) {
        repeat["periodMax"] = json!(decimal(most.as_str())?);
    }
    Some(repeat)
}

/// `7 days`, `x 2 weeks`; a number without a unit says too little.
fn duration(printed: &str) -> Option<Value> {
    static LONG: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:x|for)?\s*([0-9]+)\s*[- ]?(days?|d|weeks?|wks?|months?)\.?$")
            .expect("a valid expression")
    });
    let found = LONG.captures(printed.trim())?;
    let (unit, code) = match found[2].to_lowercase().chars().next() {
        Some('d') => ("days", "d"),
        Some('w') => ("weeks", "wk"),
        _ => ("months", "mo"),
    };
    let value = decimal(&found[1])?;
    Some(json!({"value": value, "unit": unit, "system": crate::coding::UCUM, "code": code}))
}

/// HL7's code of a route's normal form.
fn route_code(norm: &str) -> Option<(&'static str, &'static str)> {
    Some(match norm {
        "oral" => ("PO", "Swallow, oral"),
        "sublingual" => ("SL", "Dissolve, sublingual"),
        "subcutaneous" => ("SQ", "Injection, subcutaneous"),
        "intravenous" => ("IVINJ", "Injection, intravenous"),
        "intramuscular" => ("IM", "Injection, intramuscular"),
        "transdermal" => ("TRNSDERMD", "Diffusion, transdermal"),
        "nasal" => ("NASINHL", "Inhalation, nasal"),
        "ophthalmic" => ("OPTHALTA", "Topical application, ophthalmic"),
        "otic" => ("OTICINSTL", "Instillation, otic"),
        "inhalation" => ("RESPINHL", "Inhalation, respiratory"),
        "topical" => ("SKIN", "Topical application, skin"),
        "rectal" => ("PR", "Insertion, rectal"),
        "vaginal" => ("VAGINSI", "Insertion, vaginal"),
        "buccal" => ("BUC", "Topical application, buccal"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{dose, duration, repeat};

    #[test]
    fn normal_forms_as_repetitions() {
        let time = |frequency: u32, period: u32, unit: &str| json!({"frequency": frequency, "period": period, "periodUnit": unit});
        let when = |code: &str| {
            let mut value = time(1, 1, "d");
            value["when"] = json!([code]);
            value
        };
        for (norm, want) in [
            ("once daily", time(1, 1, "d")),
            ("three times daily", time(3, 1, "d")),
            ("twice weekly as needed", time(2, 1, "wk")),
            ("every 8 hours", time(1, 8, "h")),
            ("every other day", time(1, 2, "d")),
            ("once daily with meals", when("C")),
            ("at bedtime as needed", when("HS")),
            ("once", json!({"count": 1})),
        ] {
            assert_eq!(repeat(norm), Some(want), "{norm}");
        }
        assert_eq!(repeat("every 4-6 hours").unwrap()["periodMax"], 6);
        assert_eq!(repeat("when the moon is full"), None);
    }

    #[test]
    fn doses_and_durations() {
        for (printed, path, want) in [
            ("2 tablets", "/doseQuantity/value", json!(2)),
            ("2 tablets", "/doseQuantity/unit", json!("tablets")),
            ("0.5 mg", "/doseQuantity/code", json!("mg")),
            ("1-2 puffs", "/doseRange/high/value", json!(2)),
        ] {
            let found = dose(printed);
            assert_eq!(
                found.as_ref().and_then(|d| d.pointer(path)),
                Some(&want),
                "{printed}"
            );
        }
        assert_eq!(dose("one half tablet"), None);
        assert_eq!(dose("l0 mg"), None);
        assert_eq!(duration("10"), None::<Value>);
        assert_eq!(duration("7 days").unwrap()["code"], "d");
    }
}
