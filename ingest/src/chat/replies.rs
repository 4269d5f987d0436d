//! Answers that are the service's own words: what to do in an emergency, that nothing is said, and that a dose is
//! for the prescriber to decide.

use super::{
    Among, Country, Kind, alarm,
    answer::{Answer, Outcome, Sentence},
    question::Asked,
    rank::language::is_foreign,
};

/// Whom to call, before anything else.
pub(super) fn emergency(country: Country, flag: &str) -> Answer {
    let despair = matches!(flag, "suicidal" | "self-harm");
    let mut sentences = vec![Sentence::own(format!(
        "This may be an emergency: {}.",
        country.emergency()
    ))];
    if !despair {
        let stay = "Do not wait for an answer here, and do not drive yourself; stay on the line with the call handler.";
        sentences.push(Sentence::own(stay.to_owned()));
    }
    // What is told by meaning may be despair too.
    if despair || flag == alarm::KIND {
        sentences.push(Sentence::own(format!(
            "You are not alone with this, and help is there. {}",
            country.despair()
        )));
    }
    Answer {
        kind: Kind::Emergency,
        outcome: Outcome::Emergency,
        sentences,
        model: None,
    }
}

/// Nothing supports an answer.
pub(super) fn not_found(asked: &Asked, among: Among) -> Answer {
    let text = match among {
        Among::Documents => "Your documents do not say.",
        Among::Knowledge => "The knowledge base does not say.",
        Among::Both => "Your documents do not say, nor does the knowledge base.",
    };
    let mut sentences = vec![Sentence::own(text)];
    if is_foreign(&asked.text) {
        sentences.push(Sentence::own("Only questions in English are understood."));
    }
    Answer {
        kind: asked.kind,
        outcome: Outcome::NotFound,
        sentences,
        model: None,
    }
}

/// A decision on a dose, with what is written beside it.
pub(super) fn referred(asked: &Asked, found: Option<Vec<Sentence>>) -> Answer {
    let mut sentences = vec![Sentence::own(
        "Whether to start, stop or change a medicine or its dose is for the prescriber to decide: ask the \
         prescriber or a pharmacist before you change anything.",
    )];
    if let Some(found) = found {
        sentences.push(Sentence::own("What is written:"));
        sentences.extend(found);
    }
    Answer {
        kind: asked.kind,
        outcome: Outcome::Referred,
        sentences,
        model: None,
    }
}
