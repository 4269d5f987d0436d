//! What may be written of a drug, a result, an allergy or an illness and is asked for, but is not: since when, for how
//! long, what for, at which hour. What stands there of the thing itself is then no answer, and what stands of another
//! one is none either.

use std::sync::LazyLock;

use regex::Regex;
use schemas::Fact;

use crate::chat::{
    days,
    evidence::{DocumentEvidence, Proven, Unit},
    expression::expression,
    facts::{self, gives_reason},
    question::Asked,
    rank, say, words,
};

/// Of what an attribute is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Drug,
    Result,
    Allergy,
    Illness,
    /// Of drugs, results and illnesses alike.
    Any,
    /// Of the document as a whole, any line of which may tell it.
    Document,
}

impl Of {
    fn named(name: &str) -> Self {
        match name {
            "drug" => Self::Drug,
            "result" => Self::Result,
            "allergy" => Self::Allergy,
            "illness" => Self::Illness,
            "document" => Self::Document,
            _ => Self::Any,
        }
    }

    fn is(self, fact: &Proven) -> bool {
        match &fact.entity.fact {
            Fact::Medication(_) => matches!(self, Self::Drug | Self::Any),
            Fact::Lab(_) | Fact::Vital(_) => matches!(self, Self::Result | Self::Any),
            Fact::Allergy(_) => self == Self::Allergy,
            Fact::Diagnosis(_) => matches!(self, Self::Illness | Self::Any),
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
    By(fn(&Proven, &DocumentEvidence) -> bool),
}

impl Tells {
    fn of(column: &str) -> Self {
        match column {
            "@period" => Self::By(has_period),
            "@refills" => Self::By(has_refills),
            "@status" => Self::By(has_status),
            "@day" => Self::By(has_day),
            "@since" => Self::By(has_since),
            "@reason" => Self::By(has_reason),
            "@drug" => Self::By(has_drug),
            words => Self::Words(Regex::new(words).expect("a valid expression")),
        }
    }
}

impl Attribute {
    /// Do its words stand in a line?
    fn stands_in(&self, line: &str) -> bool {
        matches!(&self.tells, Tells::Words(words) if words.is_match(&line.to_lowercase()))
    }

    fn is_told_by(&self, fact: &Proven, document: &DocumentEvidence) -> bool {
        match &self.tells {
            Tells::Words(_) => self.stands_in(&fact.quote),
            Tells::By(tells) => tells(fact, document),
        }
    }
}

expression!(
    PERIOD,
    r"(?i)\b(\d+|one|two|three|four|five|six|seven|ten)[ -]?(day|week|month|year)s?\b|\b\d+/(7|52|12)\b|\buntil\b"
);

fn has_period(fact: &Proven, _: &DocumentEvidence) -> bool {
    let own = matches!(&fact.entity.fact, Fact::Medication(drug) if drug.duration.is_some());
    own || PERIOD.is_match(&fact.quote)
}

fn has_since(fact: &Proven, document: &DocumentEvidence) -> bool {
    has_day(fact, document) || has_period(fact, document)
}

fn has_refills(fact: &Proven, _: &DocumentEvidence) -> bool {
    let own = matches!(&fact.entity.fact, Fact::Medication(drug) if drug.refills.is_some());
    let words = words::tokens(&fact.quote);
    let mut beginnings = ["refill", "rf", "repeat"].iter();
    own || beginnings.any(|beginning| words.iter().any(|word| word.starts_with(beginning)))
}

fn has_status(fact: &Proven, _: &DocumentEvidence) -> bool {
    expression!(
        STATUS,
        r"(?i)\b(new|newly|reduc\w+|increas\w+|lower\w+|doubl\w+|halv\w+|cut|chang\w+|start\w*|stop\w*|continu\w+|unchanged|former\w*|previous\w*)\b"
    );
    let own = matches!(&fact.entity.fact, Fact::Medication(drug) if drug.status.is_some());
    own || STATUS.is_match(&fact.quote)
}

fn has_day(fact: &Proven, _: &DocumentEvidence) -> bool {
    !days::named(&fact.quote).is_empty()
}

fn has_reason(fact: &Proven, _: &DocumentEvidence) -> bool {
    expression!(
        FOR,
        r"\b(for (the |her |his |a |an )?([a-z]*(pain|ache|itis|emia|osis|ing)|fever|infection|cough|sleep|nausea|blood|heart|pressure|allerg\w+|itch\w*|anxiety|asthma|wheez\w*|diabetes|thyroid|cholesterol)|to (treat|prevent|control))\b"
    );
    gives_reason("", &fact.quote) || FOR.is_match(&fact.quote.to_lowercase())
}

/// Is a drug written on one of its lines?
fn has_drug(fact: &Proven, document: &DocumentEvidence) -> bool {
    let lines = document.units.iter().filter(|unit| is_on(fact, unit));
    let mut drugs = document.facts.iter().filter(|other| {
        matches!(other.entity.fact, Fact::Medication(_)) && other.entity.id != fact.entity.id
    });
    let lines: Vec<&Unit> = lines.collect();
    drugs.any(|drug| lines.iter().any(|unit| is_on(drug, unit)))
}

fn is_on(fact: &Proven, unit: &Unit) -> bool {
    let mut words = fact.entity.words.iter();
    words.any(|word| unit.words.contains(word))
}

/// `attributes.tsv`.
static ATTRIBUTES: LazyLock<Vec<Attribute>> = LazyLock::new(|| {
    let rows = include_str!("attributes.tsv").lines();
    rows.filter(|row| !row.is_empty() && !row.starts_with('#'))
        .map(|row| {
            let mut columns = row.split('\t');
            let mut next = || columns.next().expect("three columns");
            Attribute {
                of: Of::named(next()),
                asked: Regex::new(next()).expect("a valid expression"),
                tells: Tells::of(next()),
            }
        })
        .collect()
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
    let put = ATTRIBUTES
        .iter()
        .filter(|attribute| attribute.asked.is_match(&lower));
    let put: Vec<&Attribute> = put.collect();
    if put.is_empty() {
        return false;
    }
    let called = rank::Called::of(&asked.text);
    let is_named = |fact: &Proven| {
        facts::share_named(asked, fact) > 0.0 || called.is_name(say::name(&fact.entity))
    };
    put.into_iter().any(|attribute| {
        if attribute.of == Of::Document {
            return !document
                .units
                .iter()
                .any(|unit| attribute.stands_in(&unit.text));
        }
        let of_kind = document.facts.iter().filter(|fact| attribute.of.is(fact));
        let of_kind: Vec<&Proven> = of_kind.collect();
        let named = of_kind.iter().copied().filter(|fact| is_named(fact));
        let named: Vec<&Proven> = named.collect();
        let meant = if !named.is_empty() {
            named
        } else if attribute.of == Of::Drug && of_any_drug {
            of_kind
        } else {
            return false;
        };
        let is_told = |fact: &&Proven| attribute.is_told_by(fact, document);
        !meant.is_empty()
            && !meant.iter().any(is_told)
            && !is_told_of_all(attribute, asked, document)
    })
}

/// When something was done that its document gives a day of, such as the admission, is told of all that stands in it.
fn is_told_of_all(attribute: &Attribute, asked: &Asked, document: &DocumentEvidence) -> bool {
    attribute.of == Of::Illness
        && document.facts.iter().any(|fact| {
            let (kind, role) = say::kind_and_role(&fact.entity);
            kind == "date" && asked.wants(&kind, role.as_deref())
        })
}
