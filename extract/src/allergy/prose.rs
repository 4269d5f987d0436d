//! Allergies that sentences tell of: `allergic to penicillin`, `Haldol -> dystonia`, `sulfasalazine, which caused
//! hepatitis`.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Allergy, Assertion, Fact};

use super::reaction;
use crate::{context::Context, draft::Draft, layout::trim_by};

pub(super) fn allergic_to(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static CUE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(not )?(?:allergic to|allergic|allergy to|allergies to|(?:anaphyla\w+|allergic reaction|adverse reaction|hypersensitivity(?: reaction)?|reaction|reacted) to|nkd?a,? (?:except|apart from|other than)(?: for)?|(?:other|food|environmental) allergies\s*[-–:]|intolerant (?:to|of)|intolerance (?:to|of))\s+[\x22“'‘]?((?:[\p{L}-]+(?:,\s*|\s+and\s+|\s+or\s+)?){1,6}?)[\x22”'’]?(?:\s*\(([^)]+)\)|\s+[-–]\s+([\p{L} ]{3,30}?)\s*(?:[.;,\n]|$|so\b)|,?\s+(?:which|that|causing|causes|with|\(|developing)\s*([^.\n]{0,60})|[.;\n]|$)").expect("a valid expression")
    });
    static HARM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s*(?:(?:has |had )?(?:gives?|gave|given|causes?|caused|made|makes|produces?|brings?)\s+(?:(?:her|him|them|me)\s+)?(?:(?:out |up )?in\s+)?(?:an?\s+)?)?")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    let mut out = Vec::new();
    for found in CUE.captures_iter(text) {
        let Some(list) = found.get(2) else { continue };
        let further = found.get(0).map_or(list.end(), |m| m.end());
        out.extend(joined_by_and(context, further));
        let negated = found.get(1).is_some()
            || text[..list.start()]
                .to_lowercase()
                .ends_with("no known allergy to ");
        let mut at = list.start();
        for piece in list.as_str().split_inclusive([' ', ',']) {
            let span = trim_by(text, at..at + piece.len(), |c| {
                c.is_whitespace() || c == ',' || c == '.'
            });
            at += piece.len();
            let name = &text[span.clone()];
            let taken = before.iter().any(|d| {
                d.pieces
                    .iter()
                    .any(|p| p.span.start < span.end && span.start < p.span.end)
            });
            if taken || !context.lexicon.is_substance(name) && !context.lexicon.is_any_drug(name) {
                continue;
            }
            // `which gives her a rash`.
            let told = || {
                let told = found.get(5)?;
                let lead = HARM.find(told.as_str())?;
                let harm = told.start() + lead.end()..told.end();
                reaction::is_in(&text[harm.clone()].to_lowercase()).then_some(harm)
            };
            let dashed = || {
                let said = found.get(4)?;
                reaction::is_in(&said.as_str().to_lowercase()).then(|| said.range())
            };
            let reaction = found
                .get(3)
                .map(|r| r.range())
                .or_else(dashed)
                .or_else(told);
            let fact = Fact::Allergy(Allergy {
                substance: Some(name.into()),
                reaction: reaction.as_ref().map(|r| context.text(r)),
            });
            let mut draft = Draft::new(fact, 0.9);
            draft.add("substance", span, true);
            if let Some(reaction) = reaction {
                draft.add("reaction", reaction, false);
            }
            if negated {
                draft.assertion = Assertion::Absent;
            }
            out.push(draft);
        }
    }
    out
}

/// `Penicillin allergy (anaphylaxis 1998)`, `avoid sulfa - hives`, `Haldol -> dystonia`: the substance with what it
/// did. Without a reaction, what is to be avoided is advice.
pub(super) fn with_reaction(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:\b((?:bee |wasp |latex )?[\p{L}-]+) (?:allergy|allergic|intolerance|intolerant|anaphylaxis)\b|\b(?:ADR|ADRs|allerg(?:y|ic)|sensitivity)\s?[-–:]\s?([\p{L}-]+)\b|\bavoid ([\p{L}-]+)|(?:not|n['’]t|unable to|cannot) tolerate ([\p{L}-]+)|\b([\p{L}-]+) ?(?:->|→))(?:\s*[(:–-]+\s*([\p{L} ,/-]+?)|\s+([\p{L}][\p{L} ]{2,30}?))?\s*(?:(?:in )?(?:19|20)\d\d)?(?:[).;,\n(]|$)")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    SAID.captures_iter(text)
        .filter_map(|found| {
            let stated = found.get(1).or(found.get(2));
            let name = (3..=5).find_map(|n| found.get(n));
            let name = stated.or(name)?;
            let behind = found.get(6).or(found.get(7));
            // `latex allergy testing`: no allergy yet.
            let other = found.get(7).is_some_and(|said| {
                let first = said.as_str().split(' ').next().unwrap_or_default();
                !matches!(
                    &*first.to_lowercase(),
                    "noted" | "documented" | "reported" | "known" | "confirmed" | "listed"
                ) && !reaction::is_in(&said.as_str().to_lowercase())
            });
            if other {
                return None;
            }
            let reaction = behind.filter(|said| {
                let said = said.as_str().trim().to_lowercase();
                reaction::is_in(&said)
            });
            let known = context.lexicon.is_substance(name.as_str())
                || context.lexicon.is_any_drug(name.as_str());
            let sentence = context.layout.sentence(name.start()).start;
            let lead = text[sentence.min(name.start())..name.start()].to_lowercase();
            let denied = ["label of ", "no ", "denies ", "nor ", "without "]
                .iter()
                .any(|word| lead.contains(word));
            let taken = before.iter().any(|draft| {
                draft
                    .pieces
                    .iter()
                    .any(|p| p.span.start < name.end() && name.start() < p.span.end)
            });
            if taken || denied || !known || stated.is_none() && reaction.is_none() {
                return None;
            }
            let reaction = reaction.map(|said| trim_by(text, said.range(), char::is_whitespace));
            let fact = Fact::Allergy(Allergy {
                substance: Some(name.as_str().into()),
                reaction: reaction.as_ref().map(|said| context.text(said)),
            });
            let mut draft = Draft::new(fact, 0.88);
            draft.add("substance", name.range(), true);
            if let Some(reaction) = reaction {
                draft.add("reaction", reaction, false);
            }
            Some(draft)
        })
        .collect()
}

/// `Allergen: morphine   Type: intolerance   Reaction: vomiting`, wherever it stands.
pub(super) fn labelled(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static LINE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?mi)^\W*(?:allergen|allergic to|allergy(?: to)?|substance|causative agent)\s*:\s*([\p{L}][\p{L} /-]{1,40}?)(?:\t|\s{2,}|\s*[,;|])[^\n]*?\b(?:reactions?|manifestations?)\s*:\s*([^\t\n|;]+?)(?:\t|\s{2,}|[|;]|$)")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    LINE.captures_iter(text)
        .filter_map(|found| {
            let (name, harm) = (found.get(1)?, found.get(2)?);
            let taken = before.iter().any(|draft| {
                draft
                    .pieces
                    .iter()
                    .any(|p| p.span.start < name.end() && name.start() < p.span.end)
            });
            if taken {
                return None;
            }
            let known = context.lexicon.is_substance(name.as_str())
                || context.lexicon.is_any_drug(name.as_str());
            let fact = Fact::Allergy(Allergy {
                substance: Some(name.as_str().into()),
                reaction: Some(context.text(&harm.range())),
            });
            let mut draft = Draft::new(fact, if known { 0.94 } else { 0.85 });
            draft.add("substance", name.range(), true);
            draft.add("reaction", harm.range(), false);
            if !known {
                draft.doubt(super::UNKNOWN);
            }
            Some(draft)
        })
        .collect()
}

/// `allergic to sulfa (hives) and codeine (nausea)`: what follows the first pair.
fn joined_by_and(context: &Context, from: usize) -> Option<Draft> {
    static NEXT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^,?\s*and\s+(?:to\s+)?([\p{L}-]+)(?:\s*\(([^)]+)\))?")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    let found = NEXT.captures(&text[from..])?;
    let name = found.get(1)?;
    let span = from + name.start()..from + name.end();
    if !context.lexicon.is_substance(name.as_str()) {
        return None;
    }
    let reaction = found.get(2).map(|r| from + r.start()..from + r.end());
    let fact = Fact::Allergy(Allergy {
        substance: Some(name.as_str().into()),
        reaction: reaction.as_ref().map(|r| context.text(r)),
    });
    let mut draft = Draft::new(fact, 0.88);
    draft.add("substance", span, true);
    if let Some(reaction) = reaction {
        draft.add("reaction", reaction, false);
    }
    Some(draft)
}

/// `sulfasalazine as it caused hepatitis`, `comes out in a rash with trimethoprim`.
pub(super) fn harmed(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static SAID: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b([\p{L}-]+),? (?:(?:as|because|since|which|that) (?:(?:it|this) )?)?(?:has |had )?(?:previously )?(?:(?:caused?|gave|given|made)\s+(?:(?:him|her|them)\s+)?|(?:gives|causes|brings)\s+(?:him|her|them|me)\s+(?:out in\s+)?)(?:an? |severe |marked |significant |some )*([\p{L} -]+?)(?:\s+in\s+(?:19|20)[0-9]{2})?\s*(?:[).;,\n(]|$|\band (?:should|must|is|was|has)\b)")
            .expect("a valid expression")
    });
    // `comes out in a rash with trimethoprim`.
    static BY: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:comes? (?:out|up) in|came (?:out|up) in|developed|develops|gets|had)\s+(?:an? |severe |marked |some )*([\p{L} -]{3,30}?)\s+(?:with|from|after taking|on taking|to)\s+([\p{L}-]+)")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    let said = SAID
        .captures_iter(text)
        .filter_map(|found| found.get(1).zip(found.get(2)));
    let by = BY
        .captures_iter(text)
        .filter_map(|found| found.get(2).zip(found.get(1)));
    said.chain(by)
        .filter_map(|(name, harm)| {
            let known = context.lexicon.is_substance(name.as_str())
                || context.lexicon.is_any_drug(name.as_str());
            let taken = before.iter().any(|draft| {
                draft
                    .pieces
                    .iter()
                    .any(|p| p.span.start < name.end() && name.start() < p.span.end)
            });
            if !known || taken || !reaction::is_in(&harm.as_str().to_lowercase()) {
                return None;
            }
            let harm = trim_by(text, harm.range(), char::is_whitespace);
            let fact = Fact::Allergy(Allergy {
                substance: Some(name.as_str().into()),
                reaction: Some(context.text(&harm)),
            });
            let mut draft = Draft::new(fact, 0.85);
            draft.add("substance", name.range(), true);
            draft.add("reaction", harm, false);
            Some(draft)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn what_substances_did() {
        for (text, want) in [
            (
                "Trimethoprim caused a rash in 2017 and should not be used again.\n",
                "Trimethoprim rash present",
            ),
            ("Penicillin gives her a rash.\n", "Penicillin rash present"),
            (
                "Allergy: TRIMETHOPRIM / hives\n",
                "TRIMETHOPRIM hives present",
            ),
            (
                "Issues\n?Peanut allergy - referred for testing.\n",
                "Peanut  possible",
            ),
            (
                "Alergies   Penicillin (itchy weals)\n",
                "Penicillin itchy weals present",
            ),
            ("This tablet gives relief within an hour.\n", ""),
        ] {
            let told = told(text, "allergy", ["substance", "reaction", "assertion"]);
            assert_eq!(told.concat().join(" "), want, "{text}");
        }
    }
}
