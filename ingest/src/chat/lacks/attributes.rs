//! What may be written of a drug, a result, an allergy or an illness and is asked for, but is not: since when, for how
//! long, what for, with food. What stands there of the thing itself is then no answer.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Fact;

use crate::chat::{
    days,
    evidence::{DocumentEvidence, Proven},
    expression::expression,
    facts::{self, gives_reason},
    question::Asked,
    words,
};

/// Of what an attribute is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Drug,
    Result,
    Allergy,
    Illness,
    /// Drugs, results and illnesses.
    Any,
}

impl Of {
    fn is(self, fact: &Proven) -> bool {
        match (&fact.entity.fact, self) {
            (Fact::Medication(_), Self::Drug | Self::Any)
            | (Fact::Lab(_) | Fact::Vital(_), Self::Result | Self::Any)
            | (Fact::Allergy(_), Self::Allergy)
            | (Fact::Diagnosis(_), Self::Illness | Self::Any) => true,
            _ => false,
        }
    }
}

/// How it is asked for, and whether what proves a fact tells it.
struct Attribute {
    of: Of,
    asked: Regex,
    tells: Tells,
}

enum Tells {
    /// An expression on the lines in lower case.
    Words(Regex),
    By(fn(&Proven) -> bool),
}

impl Attribute {
    fn is_told_by(&self, fact: &Proven) -> bool {
        match &self.tells {
            Tells::Words(expression) => expression.is_match(&fact.quote.to_lowercase()),
            Tells::By(tells) => tells(fact),
        }
    }
}

expression!(
    PERIOD,
    r"(?i)\b(\d+|one|two|three|four|five|six|seven|ten)[ -]?(day|week|month)s?\b|\b\d+/(7|52|12)\b|\buntil\b"
);

fn has_period(fact: &Proven) -> bool {
    let own = matches!(&fact.entity.fact, Fact::Medication(drug) if drug.duration.is_some());
    own || PERIOD.is_match(&fact.quote)
}

fn has_refills(fact: &Proven) -> bool {
    let own = matches!(&fact.entity.fact, Fact::Medication(drug) if drug.refills.is_some());
    let words = words::tokens(&fact.quote);
    let mut beginnings = ["refill", "rf", "repeat"].iter();
    own || beginnings.any(|beginning| words.iter().any(|word| word.starts_with(beginning)))
}

fn has_status(fact: &Proven) -> bool {
    expression!(
        STATUS,
        r"(?i)\b(new|newly|reduc\w+|increas\w+|lower\w+|doubl\w+|halv\w+|cut|chang\w+|start\w*|stop\w*|continu\w+|unchanged|former\w*|previous\w*)\b"
    );
    let own = matches!(&fact.entity.fact, Fact::Medication(drug) if drug.status.is_some());
    own || STATUS.is_match(&fact.quote)
}

fn has_day(fact: &Proven) -> bool {
    !days::named(&fact.quote).is_empty()
}

fn has_reason(fact: &Proven) -> bool {
    expression!(
        FOR,
        r"\b(for (the |her |his |a |an )?([a-z]*(pain|ache|itis|emia|osis|ing)|fever|infection|cough|sleep|nausea|blood|heart|pressure|allerg\w+|itch\w*|anxiety|asthma|wheez\w*|diabetes|thyroid|cholesterol)|to (treat|prevent|control))\b"
    );
    gives_reason("", &fact.quote) || FOR.is_match(&fact.quote.to_lowercase())
}

static ATTRIBUTES: LazyLock<Vec<Attribute>> = LazyLock::new(|| {
    let attribute = |of: Of, asked: &str, tells: Tells| Attribute {
        of,
        asked: Regex::new(asked).expect("a valid expression"),
        tells,
    };
    let words =
        |expression: &str| Tells::Words(Regex::new(expression).expect("a valid expression"));
    vec![
        attribute(
            Of::Drug,
            r"\bhow (many|much) (more )?(days|weeks|months)\b|\b(for )?how long\b.{0,40}\b(take|takes|taking|use|uses|last|lasts|keep|course|supply|treatment|on)\b|\bfor how long\b|\buntil when\b.{0,30}\b(take|takes|taking|taken|use|used|given|continue)\b",
            Tells::By(has_period),
        ),
        attribute(Of::Drug, r"\brefill", Tells::By(has_refills)),
        attribute(
            Of::Drug,
            r"\b(which|what|any|anything)\b.{0,40}\b(stopped|discontinued|withdrawn)\b",
            words(r"\b(stop|discontinu|withdraw|cease)"),
        ),
        attribute(
            Of::Drug,
            r"\b(is|are|was|were|been)\b.{0,40}\b(new|newly (started|added)|reduced|increased|lowered|doubled|halved|cut down|changed)\s*\??$|\b(is|are|was|were|been|has|have)\b.{0,40}\b(stopped|discontinued|withdrawn)\b|\b(which|what|any) new (medic|drug|tablet|pill)",
            Tells::By(has_status),
        ),
        attribute(
            Of::Drug,
            r"\b(take|taking|took|on|dose|much|many|have|had)\b.{0,25}\b(before|previously|formerly|earlier|in the past)\s*\??$|\b(previous|former|old|earlier) (dose|strength)\b|\bused to (take|have)\b",
            words(r"\b(before|previous|former|from|was)"),
        ),
        attribute(
            Of::Drug,
            r"\bwhen\b.{0,60}\b(start|started|begin|began|begun|stop|stopped|chang\w+|increas\w+|reduc\w+|adjust\w+|ended?|collect|collected|picked up|run out|runs out|expires?|last (take|taken|took|had|collect\w*|fill\w*|use|used|given))\b|\bsince when\b|\bhow long (has|have|had|is|was) (she|he|they|the patient|mrs?|ms|i)\b|\blast (collected|taken|filled|dose|given)\b",
            Tells::By(has_day),
        ),
        attribute(
            Of::Any,
            r"\bwhy\b|\b(reason|indication|cause) (for|of)\b|\bwhat('s| is| are| was)?\b.{0,40}\bfor\s*\??$|\b(which|what) (condition|illness|disease|problem)\b.{0,30}\bfor\b|\bwhat .{0,30}\b(treats?|treating|caus\w+|explains?)\b|\bbecause of what\b",
            Tells::By(has_reason),
        ),
        attribute(
            Of::Drug,
            r"\b(with|without) (food|meals?|a meal|milk)\b|\bempty stomach\b|\b(have to|has to|must|should|can|may|need\w* to|be)\b.{0,40}\b(before|after) (food|meals?|breakfast|dinner|eating)\b",
            words(r"\b(food|meal|milk|breakfast|dinner|supper|eat|stomach|ac|pc)"),
        ),
        attribute(
            Of::Drug,
            r"\bside.?effects?\b|\bmakes? (her|him|me|you|them|one|people|patients) (feel |more )?\w+|\b(does|did|do)\b.{0,40}\b(help|helps|helped|work|worked)\b",
            words(r"side.?effect|adverse|caus|help|drows|effect"),
        ),
        attribute(
            Of::Drug,
            r"\b(costs?|price|pay|expensive|cheap\w*)\b",
            words(r"\$|£|€|cost|price|charge"),
        ),
        attribute(
            Of::Drug,
            r"\b(manufactur\w+|made by|makes it|which (company|maker))\b",
            words(r"manufactur|made by|ltd|inc\b|pharma"),
        ),
        attribute(
            Of::Drug,
            r"\bmax(imum)?( daily)? (dose|per day|a day|daily|number of (tablets|doses|puffs))\b|\bat most\b.{0,20}\b(a|per) day\b|\bmost .{0,20}\b(a|per|in one) day\b",
            words(r"\bmax|not more|no more than|up to|exceed"),
        ),
        attribute(
            Of::Drug,
            r"\b(stored?|storage|fridge|refrigerat\w+)\b",
            words(r"stor|fridge|refrigerat|cool"),
        ),
        attribute(
            Of::Drug,
            r"\b(left|remaining) over\b|\bhow many .{0,25}\b(are|does .{0,15}have) (left|remaining)\b",
            words(r"\bleft|remain"),
        ),
        attribute(
            Of::Result,
            r"\b(target|goal|aim)\b",
            words(r"target|goal|aim"),
        ),
        attribute(
            Of::Result,
            r"\b(method|machine|device|analy[sz]er|assay)\b",
            words(r"method|machine|device|analy[sz]er|assay"),
        ),
        attribute(
            Of::Allergy,
            r"^when (did|was|were|has|is)\b|\bsince when\b|\bhow long\b|\b(what|which) (year|age)\b",
            Tells::By(has_day),
        ),
        attribute(
            Of::Illness,
            r"\bwhen\b.{0,60}\b(diagnosed|start|started|begin|began|found|get|got|first)\b|\bsince when\b|\bhow long (has|have|had) (she|he|they|the patient|mrs?|ms|i)\b",
            Tells::By(|fact| has_day(fact) || has_period(fact)),
        ),
        attribute(
            Of::Illness,
            r"\b(what|which) (stage|grade)\b",
            words(r"stage|grade"),
        ),
    ]
});

expression!(
    /// Words that are about medicines, whichever.
    MEDICINES,
    r"\b(medic\w+|drugs?|tablets?|pills?|capsules?|inhalers?|puffs?|refills?|prescri\w+|dose|dosage|course|supply)\b"
);
expression!(
    /// Why a result is marked is told by its range.
    MARKED,
    r"\b(flag\w*|mark\w*|star(red)?|asterisk|abnormal)\b"
);

/// Is an attribute asked for that nothing of its kind has? Of a thing that is named only its own lines count; of no
/// drug in particular any drug's do.
pub(super) fn is_lacking(asked: &Asked, document: &DocumentEvidence) -> bool {
    let lower = asked.text.to_lowercase();
    if MARKED.is_match(&lower) {
        return false;
    }
    let of_any_drug = asked.wants("medication", None) && MEDICINES.is_match(&lower);
    ATTRIBUTES
        .iter()
        .filter(|attribute| attribute.asked.is_match(&lower))
        .any(|attribute| {
            let of_kind = document.facts.iter().filter(|fact| attribute.of.is(fact));
            let of_kind: Vec<&Proven> = of_kind.collect();
            let named = of_kind.iter().copied();
            let named = named.filter(|fact| facts::share_named(asked, fact) > 0.0);
            let named: Vec<&Proven> = named.collect();
            let meant = if !named.is_empty() {
                named
            } else if attribute.of == Of::Drug && of_any_drug {
                of_kind
            } else {
                return false;
            };
            !meant.is_empty() && !meant.iter().any(|fact| attribute.is_told_by(fact))
        })
}
