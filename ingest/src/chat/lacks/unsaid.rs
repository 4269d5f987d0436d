//! Who did what, and how many of what: the deed or the thing stands in a document that answers, or it is one that a
//! document tells without naming it, such as whoever signed, or the days of a course.

use std::{collections::HashSet, sync::LazyLock};

use schemas::Fact;

use crate::chat::{
    evidence::{DocumentEvidence, Proven},
    expression::expression,
    question::Asked,
    rank, words,
};

expression!(
    WHO,
    r"\bwhom? (?:(?:has|had|have|will|did|does|would) )?(?:(?:she|he|they|i|the patient) )?(?:(?:been|also|first|last|then|ever|to) )*([a-z]+)"
);
expression!(HOW_MANY, r"\bhow many((?: [a-z0-9'-]+){1,4})");
// A verb or an article that follows asks for the amount of something else.
expression!(HOW_MUCH, r"\bhow much ([a-z]+)");

expression!(
    /// Who does something and has no name: kin, and people by what they do.
    AGENT,
    r"\b(by|family|daughter|son|wife|husband|partner|mother|father|parents?|sister|brother|friend|neighbou?r|carer|nurses?|surgeons?|doctors?|physicians?|consultant|paramedics?|ambulance|team|gp|dr|mr|mrs|ms|md)\b"
);

/// Of how many words after `how many` one has to be told.
const NOUN: usize = 3;

/// What people do whom documents name without saying so: they sign, order, read, treat, are written to.
static ROLES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    stems(
        "prescribe prescribed prescribes wrote write written writes sign signed signs issue issued issues order ordered \
         orders request requested requests ask asked asks want wanted wants send sent sends refer referred refers see saw \
         seen sees read reads report reported reports review reviewed reviews interpret interpreted look looked looks \
         examine examined treat treated treats care cared cares run runs head heads lead leads direct directs manage manages \
         authorise authorised authorize authorized approve approved dictate dictated transcribe transcribed type typed admit \
         admitted discharge discharged attend attended supervise supervised get gets got receive received receives consult \
         consulted follow follows followed make made put set do did does done have has is was are were am be need needs \
         should must can may could pay pays paid insure insures insured go goes went come comes came work works practise \
         practice own bill billed charge charged certify certified confirm confirmed prepare prepared author authored place \
         placed \
         the a an in on at from with else exactly",
    )
});

/// What is counted in documents that do not call it so.
static COUNTED: LazyLock<HashSet<String>> = LazyLock::new(|| {
    stems(
        "tablet tablets pill pills capsule capsules cap caps tab tabs puff puffs inhaler inhalers dose doses drop drops \
         milligram milligrams mg ml mcg microgram micrograms unit units refill refills repeat repeats fill fills medicine \
         medicines medication medications drug drugs med meds prescription prescriptions script scripts item items product \
         products day days night nights week weeks month months year years hour hours time times result results test tests \
         value values level levels analyte analytes sample samples specimen allergy allergies diagnosis diagnoses problem \
         problems condition conditions illness illnesses disease diseases complaint complaints doctor doctors physician \
         person people page pages line lines date dates appointment appointments visit visits view views picture pictures \
         image images film films service services procedure procedures charge charges dollar dollars pound pounds name \
         names patient patients document documents thing things finding findings red white cell cells",
    )
});

fn stems(words: &str) -> HashSet<String> {
    words.split_whitespace().map(words::stem).collect()
}

/// A deed, or a thing that is counted, which the document does not say, nor in other words that the table of topics
/// knows.
pub(super) fn is_lacking(asked: &Asked, document: &DocumentEvidence) -> bool {
    let lower = asked.text.to_lowercase();
    let topics = rank::topic_words(&asked.text);
    let is_said = |stem: &String| {
        document.says(stem) || topics.contains(stem) && rank::lines::holds_topics(asked, document)
    };
    let who = WHO.captures(&lower).map(|found| words::stem(&found[1]));
    let deed = who.is_some_and(|deed| {
        let is_told = if document.says(&deed) {
            is_done(&deed, document)
        } else {
            is_said(&deed)
        };
        !ROLES.contains(&deed) && !is_told
    });
    let counted = HOW_MANY.captures(&lower).is_some_and(|found| {
        let named = words::stems(&found[1]).into_iter().take(NOUN);
        let mut named = named.filter(|stem| COUNTED.contains(stem) || !words::is_common(stem));
        let Some(first) = named.next() else {
            return false;
        };
        let mut all = std::iter::once(first).chain(named);
        !all.any(|stem| COUNTED.contains(&stem) || is_said(&stem))
    });
    let amount = HOW_MUCH.captures(&lower).is_some_and(|found| {
        let stem = words::stem(&found[1]);
        !words::is_common(&stem) && !COUNTED.contains(&stem) && !is_said(&stem)
    });
    deed || counted || amount
}

/// Does a line tell that somebody did it? `Collected: 15 May` does not.
fn is_done(deed: &str, document: &DocumentEvidence) -> bool {
    document.units.iter().any(|unit| {
        let is_person = |fact: &&Proven| {
            matches!(fact.entity.fact, Fact::Person(_) | Fact::Org(_))
                && fact
                    .entity
                    .words
                    .iter()
                    .any(|word| unit.words.contains(word))
        };
        (words::holds(&unit.stems, deed) || words::holds(&unit.heading, deed))
            && (AGENT.is_match(&unit.text.to_lowercase())
                || document.facts.iter().any(|fact| is_person(&fact)))
    })
}

#[cfg(test)]
mod tests {
    use super::is_lacking;
    use crate::chat::{printed::printed, question::Asked};

    #[test]
    fn deeds_and_things_that_nothing_tells_are_lacking() {
        let document = printed(
            "Patient: Mabel Ashdown\nAmoxicillin 250 mg capsule: take 2 capsules every morning for 10 days\n\
             Two stents were inserted by the surgeon.\nCollected: 03/04/2024\nPrescriber: Edith Marlow, MD",
        );
        for (question, lacks) in [
            ("who prescribed it", false),
            ("who inserted the stents", false),
            ("who collected the sample", true),
            ("who told her about the allergy", true),
            ("who did she see", false),
            ("who took the blood", true),
            ("who is her doctor", false),
            ("who else signed", false),
            ("how many capsules at a time", false),
            ("how many stents does she have", false),
            ("how many stitches did she get", true),
            ("how many bottles of blood did they take", true),
            ("how many days", false),
            ("how many are there", false),
            ("how many amoxicillin capsules", false),
            ("how many cats live with her", true),
            ("how much fluid was she given", true),
            ("how much amoxicillin is in a capsule", false),
            ("how much does she take", false),
        ] {
            assert_eq!(
                is_lacking(&Asked::new(question), &document),
                lacks,
                "{question}"
            );
        }
    }
}
