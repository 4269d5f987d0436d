//! A fact in words. What is said is what was printed; only the words around it are ours.

use schemas::{Assertion, Entity, Fact};

use super::expression::expression;

/// The type of a fact and its role, as in its JSON.
pub(crate) fn kind_and_role(entity: &Entity) -> (String, Option<String>) {
    let json = serde_json::to_value(&entity.fact).unwrap_or_default();
    let text = |key: &str| {
        json.get(key)
            .and_then(|value| value.as_str())
            .map(str::to_owned)
    };
    (text("type").unwrap_or_default(), text("role"))
}

/// What a fact is called by: a drug, an analyte, a diagnosis …
pub(crate) fn name(entity: &Entity) -> &str {
    match &entity.fact {
        Fact::Medication(fact) => fact.name.as_deref(),
        Fact::Lab(fact) => fact.name.as_deref(),
        Fact::Vital(fact) => fact.name.as_deref(),
        Fact::Person(fact) => fact.name.as_deref(),
        Fact::Org(fact) => fact.name.as_deref(),
        Fact::Allergy(fact) => fact.substance.as_deref(),
        Fact::Diagnosis(_) | Fact::Procedure(_) => Some(entity.text.as_str()),
        Fact::Date(_) | Fact::Id(_) | Fact::Amount(_) | Fact::Instruction(_) => None,
    }
    .unwrap_or_default()
}

/// The sentence of a fact.
pub(crate) fn sentence(entity: &Entity) -> String {
    let said = match &entity.fact {
        Fact::Medication(fact) => {
            let product = [&fact.name, &fact.strength, &fact.form];
            let sig = [&fact.dose, &fact.route, &fact.frequency];
            let mut rest = vec![join(&sig)];
            let labelled = [
                ("for ", &fact.duration),
                ("quantity ", &fact.quantity),
                ("refills ", &fact.refills),
                ("", &fact.instructions),
            ];
            rest.extend(labelled.iter().filter_map(|(label, value)| {
                value.as_ref().map(|value| {
                    let value = value.trim();
                    let doubled =
                        value.to_lowercase().starts_with(label.trim()) && !label.is_empty();
                    if doubled {
                        value.to_owned()
                    } else {
                        format!("{label}{value}")
                    }
                })
            }));
            rest.retain(|part| !part.is_empty());
            if rest.is_empty() {
                join(&product)
            } else {
                format!("{}: {}", join(&product), rest.join(", "))
            }
        }
        Fact::Lab(fact) => measured(
            &fact.name,
            [&fact.value, &fact.unit],
            &fact.range,
            &fact.flag,
            &fact.date,
        ),
        Fact::Vital(fact) => measured(
            &fact.name,
            [&fact.value, &fact.unit],
            &None,
            &None,
            &fact.date,
        ),
        Fact::Date(fact) => format!("{}: {}", role(&fact.role, "date"), closed(&entity.text)),
        Fact::Person(fact) => {
            let name = fact.name.as_deref().unwrap_or(&entity.text);
            format!("{}: {name}", role(&fact.role, "person"))
        }
        Fact::Id(fact) => {
            let value = fact.value.as_deref().unwrap_or(&entity.text);
            format!("{}: {value}", role(&fact.role, "identifier"))
        }
        Fact::Org(fact) => {
            let name = fact.name.as_deref().unwrap_or(&entity.text);
            format!("{}: {name}", role(&fact.role, "organisation"))
        }
        Fact::Diagnosis(fact) => match &fact.code {
            Some(code) if !entity.text.contains(code.as_str()) => {
                format!("Diagnosis: {} ({code})", entity.text)
            }
            _ => format!("Diagnosis: {}", entity.text),
        },
        Fact::Allergy(fact) => {
            let substance = fact.substance.as_deref().unwrap_or(&entity.text);
            match &fact.reaction {
                Some(reaction) => format!("Allergy: {substance} ({reaction})"),
                None => format!("Allergy: {substance}"),
            }
        }
        Fact::Procedure(fact) => {
            let parts = [&fact.code, &Some(entity.text.clone()), &fact.charge];
            format!("Procedure: {}", join(&parts))
        }
        Fact::Amount(fact) => {
            let value = fact.value.as_deref().unwrap_or(&entity.text);
            format!(
                "{}: {value}",
                capital(&fact.role.as_deref().unwrap_or("amount").replace('_', " "))
            )
        }
        Fact::Instruction(_) => entity.text.clone(),
    };
    match entity.assertion {
        Assertion::Present => said,
        Assertion::Absent if denies(&entity.text) => format!("The document says: {}", entity.text),
        Assertion::Absent => format!("The document says that this is absent: {said}"),
        Assertion::Possible => format!("The document says that this is possible: {said}"),
        Assertion::Family => format!("Of a relative: {said}"),
        Assertion::Historical => format!("In the past: {said}"),
        Assertion::Planned => format!("Planned: {said}"),
    }
}

fn measured(
    name: &Option<String>,
    value: [&Option<String>; 2],
    range: &Option<String>,
    flag: &Option<String>,
    date: &Option<String>,
) -> String {
    let mut said = format!("{}: {}", name.as_deref().unwrap_or("value"), join(&value));
    let mut beside = Vec::new();
    beside.extend(range.as_ref().map(|range| format!("range {range}")));
    beside.extend(flag.as_ref().map(|flag| format!("flag {flag}")));
    beside.extend(date.as_ref().map(|date| format!("on {date}")));
    if !beside.is_empty() {
        said += &format!(" ({})", beside.join(", "));
    }
    said
}

/// Does a text itself say that there is none, `no known allergies`?
fn denies(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let first = first.trim_end_matches(|c: char| !c.is_alphanumeric());
    matches!(
        first.to_lowercase().as_str(),
        "no" | "none" | "nil" | "not" | "never" | "denies" | "nkda" | "nka"
    )
}

/// A date without the spaces that were read beside its dashes and slashes.
fn closed(date: &str) -> String {
    expression!(PARTED, r"(\w) ?([-/.]) ?(\w)");
    let is_numeric = date.split_whitespace().count() <= 3 && date.contains(['-', '/']);
    if is_numeric {
        PARTED.replace_all(date, "$1$2$3").into_owned()
    } else {
        date.to_owned()
    }
}

fn join(parts: &[&Option<String>]) -> String {
    let parts: Vec<&str> = parts.iter().filter_map(|part| part.as_deref()).collect();
    parts.join(" ")
}

/// A role in words, `primary care`.
fn role(role: &Option<impl serde::Serialize>, without: &str) -> String {
    let json = serde_json::to_value(role).unwrap_or_default();
    let name = match json.as_str() {
        None | Some("other") => without,
        Some("dob") => "date of birth",
        Some("npi") => "NPI",
        Some("dea") => "DEA number",
        Some("mrn") => "record number",
        Some("nhs_number") => "NHS number",
        Some("member_id") => "member number",
        Some(role) => return capital(&role.replace('_', " ")),
    };
    capital(name)
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{closed, denies};

    #[test]
    fn what_is_denied_in_its_own_words_is_not_denied_again() {
        for (text, says_so) in [
            ("No known allergies", true),
            ("None known", true),
            ("NKDA", true),
            ("pneumothorax", false),
            ("nodules", false),
        ] {
            assert_eq!(denies(text), says_so, "{text}");
        }
    }

    #[test]
    fn dates_are_closed_up() {
        for (read, said) in [
            ("05- Jan-2024", "05-Jan-2024"),
            ("16/04 / 2025", "16/04/2025"),
            ("16 August 2025", "16 August 2025"),
            ("Oct. 30, 1967", "Oct. 30, 1967"),
        ] {
            assert_eq!(closed(read), said);
        }
    }
}
