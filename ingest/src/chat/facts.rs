//! Which facts of a document a question asks for: those that it names, or all of the types that it wants.

use schemas::{Assertion, Fact};

use super::{
    beyond::Side,
    evidence::{DocumentEvidence, Proven},
    question::{self, Asked},
    say, words,
};

/// Is it a number, or the name of a month?
pub(crate) fn is_date_or_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) || question::is_month(word)
}

/// Does a sentence give a reason, or its heading say that it is one?
pub(crate) fn gives_reason(heading: &str, text: &str) -> bool {
    let (heading, lower) = (heading.to_lowercase(), text.to_lowercase());
    let heads = ["history", "indication", "reason", "clinical", "complaint"];
    heads.iter().any(|sign| heading.contains(sign))
        || [
            "because",
            "due to",
            "presented with",
            "indication",
            "reason",
            "suspected",
            "evaluation",
            "complain",
        ]
        .iter()
        .any(|sign| lower.contains(sign))
}

pub(super) fn is_of_a_person(document: &DocumentEvidence, word: &str) -> bool {
    document.facts.iter().any(|fact| {
        matches!(fact.entity.fact, Fact::Person(_))
            && words::stems(say::name(&fact.entity))
                .iter()
                .any(|part| part == word)
    })
}

/// Facts that are asked for: those that the question names, or all of the types that it wants.
pub(super) fn facts<'a>(asked: &Asked, document: &'a DocumentEvidence) -> Vec<&'a Proven> {
    let mut named: Vec<(f64, &Proven)> = Vec::new();
    let mut wanted: Vec<&Proven> = Vec::new();
    for fact in &document.facts {
        let (kind, role) = say::kind_and_role(&fact.entity);
        let wants = asked.wants(&kind, role.as_deref());
        if wants {
            wanted.push(fact);
        }
        let share = share_named(asked, fact);
        if share > 0.0 && !matches!(kind.as_str(), "person" | "org" | "instruction") {
            named.push((share, fact));
        }
    }
    let best = named.iter().map(|(share, _)| *share).fold(0.0, f64::max);
    let of_wanted_type = |fact: &&Proven| {
        let (kind, role) = say::kind_and_role(&fact.entity);
        asked.wants(&kind, role.as_deref())
    };
    let named: Vec<&Proven> = named
        .into_iter()
        .filter(|(share, _)| *share >= best - 0.01)
        .map(|(_, fact)| fact)
        .collect();
    // What is named and of the type that is asked for; then what is asked for, in the order of the rules.
    let both: Vec<&Proven> = named.iter().copied().filter(of_wanted_type).collect();
    let mut chosen = if !both.is_empty() {
        both
    } else if asked
        .subjects
        .iter()
        .all(|word| is_of_a_person(document, word))
        || named.is_empty()
    {
        in_order(asked, wanted)
    } else {
        named
    };
    chosen.retain(|fact| !is_denied_list(asked, fact));
    if let Some(side) = Side::asked(&asked.text)
        && chosen.iter().any(|fact| side.has(fact))
    {
        chosen.retain(|fact| side.has(fact));
    }
    chosen.dedup_by(|a, b| say::sentence(&a.entity) == say::sentence(&b.entity));
    in_time(&mut chosen);
    prefer_dates(asked, chosen)
}

/// Puts the results of one test in the order of their days.
fn in_time(facts: &mut [&Proven]) {
    let measured = |fact: &Proven| match &fact.entity.fact {
        Fact::Lab(lab) => lab.name.clone().zip(lab.date.clone()),
        Fact::Vital(vital) => vital.name.clone().zip(vital.date.clone()),
        _ => None,
    };
    let told: Option<Vec<(String, String)>> = facts.iter().map(|fact| measured(fact)).collect();
    if told.is_some_and(|told| told.iter().all(|(name, _)| *name == told[0].0)) {
        facts.sort_by_key(|fact| measured(fact));
    }
}

/// The results beyond their ranges, where all of them are asked for; none where one is named or none is there.
pub(super) fn flagged<'a>(
    asked: &Asked,
    document: &'a DocumentEvidence,
) -> Option<Vec<&'a Proven>> {
    let side = Side::asked(&asked.text)?;
    let names_one = document.facts.iter().any(|fact| {
        let (kind, _) = say::kind_and_role(&fact.entity);
        kind != "person" && share_named(asked, fact) > 0.0
    });
    let found = facts(asked, document);
    let all = !names_one && !found.is_empty() && found.iter().all(|fact| side.has(fact));
    all.then_some(found)
}

/// The share of a fact's name that the question says.
pub(crate) fn share_named(asked: &Asked, fact: &Proven) -> f64 {
    let name: Vec<String> = words::stems(say::name(&fact.entity))
        .into_iter()
        .filter(|word| !words::is_common(word))
        .collect();
    if name.is_empty() {
        return 0.0;
    }
    let said = name
        .iter()
        .filter(|word| words::holds(&asked.stems, word))
        .count();
    said as f64 / name.len() as f64
}

/// Wanted facts: of each type the first role that is there.
fn in_order<'a>(asked: &Asked, wanted: Vec<&'a Proven>) -> Vec<&'a Proven> {
    let mut out: Vec<&Proven> = Vec::new();
    for one in &asked.wanted {
        let of_type = |role: Option<&str>| -> Vec<&'a Proven> {
            wanted
                .iter()
                .copied()
                .filter(|fact| {
                    let (kind, has) = say::kind_and_role(&fact.entity);
                    kind == one.kind && (role.is_none() || has.as_deref() == role)
                })
                .collect()
        };
        let found = if one.roles.is_empty() {
            of_type(None)
        } else {
            let mut roles = one.roles.iter().map(|role| of_type(Some(role)));
            roles.find(|found| !found.is_empty()).unwrap_or_default()
        };
        out.extend(found);
    }
    out
}

/// A list of what holds leaves out what does not, unless that was named.
fn is_denied_list(asked: &Asked, fact: &Proven) -> bool {
    matches!(fact.entity.assertion, Assertion::Absent | Assertion::Family)
        && share_named(asked, fact) == 0.0
}

/// Of several results the one whose date is named.
pub(super) fn prefer_dates<'a>(asked: &Asked, facts: Vec<&'a Proven>) -> Vec<&'a Proven> {
    let dated = facts.iter().copied().filter(|fact| fact.is_of_a_day(asked));
    let dated: Vec<&Proven> = dated.collect();
    if dated.is_empty() { facts } else { dated }
}

#[cfg(test)]
mod tests {
    use super::facts;
    use crate::chat::{printed::printed, question::Asked, say};

    #[test]
    fn results_of_one_test_stand_in_the_order_of_their_days() {
        let document = printed(
            "Test 13/08/25 30/06/25 14/07/25 Unit Range\nSodium 148 155 129 mmol/L 133-146\n\
             Potassium 4.0 3.2 4.6 mmol/L 3.5-5.3",
        );
        let asked = Asked::new("how did the sodium develop");
        let said: Vec<String> = facts(&asked, &document)
            .into_iter()
            .map(|fact| say::sentence(&fact.entity))
            .collect();
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(
            said.is_sorted_by_key(|said| said.split(" on ").last().map(str::to_owned)),
            "{said:?}"
        );
    }
}
