//! Lines of a document as candidates: a sentence or a row with the facts that rest on its words.

use std::{collections::HashSet, sync::LazyLock};

use super::{
    Features, Fitted, Meanings, Ranked, Rarity, Seen, flag,
    forms::{self, Form},
    glosses, largest, owner, telling,
    topics::Topics,
    ways::{self, Nearness},
};
use crate::chat::{
    days,
    evidence::{DocumentEvidence, Proven, Unit},
    expression::expression,
    facts,
    question::Asked,
    say, words,
};

static FITTED: LazyLock<Fitted> = LazyLock::new(|| Fitted::of("lines"));

expression!(
    PHONE,
    r"(?i)\b(tel|ph|phone|fax)\b|\(\d{3}\) ?\d{3}|\b0\d{3,4} ?\d{6}"
);
expression!(
    ADDRESS,
    r"\b\d+ [A-Z]\w+ (Street|Avenue|Drive|Road|Close|Terrace|Lane|Way|Court|Place)\b|\b[A-Z]{1,2}\d{1,2} ?\d[A-Z]{2}\b|\b[A-Z]{2} \d{5}\b"
);

/// Types whose nearness tells whether a question can be answered.
const KINDS: [&str; 9] = [
    "lab:",
    "medication:",
    "diagnosis:",
    "vital:",
    "line:",
    "allergy:",
    "amount:",
    "line:address",
    "absent:",
];

/// A line as it is compared.
struct Line<'a> {
    unit: &'a Unit,
    facts: Vec<&'a Proven>,
    keys: Vec<String>,
    /// Whose an address or a telephone number is.
    owner: Option<&'static str>,
    gloss: Vec<String>,
    fact_stems: Vec<String>,
    /// With what people call it.
    glossed: String,
    /// The same under its heading.
    headed: String,
    /// Its facts in words; empty without any.
    said: String,
}

impl<'a> Line<'a> {
    fn of(unit: &'a Unit, document: &'a DocumentEvidence, own: Option<bool>) -> Self {
        let on_it = |fact: &&Proven| {
            let mut words = fact.entity.words.iter();
            words.any(|word| unit.words.contains(word))
        };
        let facts: Vec<&Proven> = document.facts.iter().filter(on_it).collect();
        let mut keys: Vec<String> = facts
            .iter()
            .map(|fact| {
                let (kind, role) = say::kind_and_role(&fact.entity);
                format!("{kind}:{}", role.unwrap_or_default())
            })
            .collect();
        let phone = PHONE.is_match(&unit.text);
        let address = ADDRESS.is_match(&unit.text);
        keys.extend(phone.then(|| "line:phone".into()));
        keys.extend(address.then(|| "line:address".into()));
        keys.extend(facts.is_empty().then(|| "line:".into()));
        let gloss = glosses::gloss(&unit.text);
        let glossed = with_gloss(&unit.text, &gloss);
        let said: Vec<String> = facts
            .iter()
            .map(|fact| {
                let gloss = glosses::gloss(say::name(&fact.entity));
                with_gloss(&say::sentence(&fact.entity), &gloss)
            })
            .collect();
        let said = said.join("; ");
        Self {
            keys,
            owner: own
                .filter(|_| phone || address)
                .map(|own| match (phone, own) {
                    (true, true) => "line:phone:patient",
                    (true, false) => "line:phone:other",
                    (false, true) => "line:address:patient",
                    (false, false) => "line:address:other",
                }),
            gloss: words::stems(&gloss),
            fact_stems: words::stems(&said),
            headed: format!("{}. {glossed}", unit.under),
            glossed,
            said,
            unit,
            facts,
        }
    }

    /// Of each topic whether it is in the line.
    fn holds(&self, topics: &Topics) -> Vec<bool> {
        let text = format!("{} {}", self.unit.under, self.unit.text);
        let keys = self.keys.iter().map(String::as_str).chain(self.owner);
        topics.in_line(&text, &keys.collect::<Vec<_>>())
    }

    /// How near the question is to what it states.
    fn near(&self, nearness: &Nearness) -> f32 {
        let near = self.keys.iter().map(|key| nearness.to(key));
        near.fold(-1.0, f32::max)
    }
}

fn with_gloss(text: &str, gloss: &str) -> String {
    if gloss.is_empty() {
        text.to_owned()
    } else {
        format!("{text} ({gloss})")
    }
}

/// The texts whose meanings are compared.
pub(crate) fn texts(asked: &Asked, documents: &[DocumentEvidence]) -> Vec<String> {
    let mut out: Vec<String> = ways::texts().map(str::to_owned).collect();
    for document in documents {
        let asked = &about_the_patient(asked, document);
        out.push(asked.text.clone());
        let tokens = words::tokens(&asked.text).into_iter();
        out.extend(tokens.filter(|word| !words::is_common(&words::stem(word))));
        for unit in &document.units {
            let line = Line::of(unit, document, None);
            out.push(unit.text.clone());
            out.extend([line.glossed, line.headed, line.said]);
        }
    }
    out.retain(|text| !text.is_empty());
    out
}

/// The question without the name of the document's patient, unless another person is called so too.
fn about_the_patient(asked: &Asked, document: &DocumentEvidence) -> Asked {
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for fact in &document.facts {
        let (kind, role) = say::kind_and_role(&fact.entity);
        if kind == "person" {
            let is_patient = matches!(role.as_deref(), Some("patient" | "insured"));
            let names = if is_patient { &mut own } else { &mut others };
            names.extend(words::stems(say::name(&fact.entity)));
        }
    }
    own.retain(|name| name.len() > 2 && !others.contains(name));
    asked.without_names(&own)
}

/// Does every topic of the question stand in some line?
pub(crate) fn holds_topics(asked: &Asked, document: &DocumentEvidence) -> bool {
    let topics = Topics::of(&asked.text);
    let held: Vec<Vec<bool>> = document
        .units
        .iter()
        .map(|unit| Line::of(unit, document, None).holds(&topics))
        .collect();
    (0..topics.count()).all(|topic| held.iter().any(|line| line[topic]))
}

/// How near in meaning the lines come to words that stand in none of them: the farthest word's nearest line, and
/// the mean of all; 1 where no word is missing.
fn nearest_to(missing: &[String], lines: &[Line<'_>], meanings: &Meanings) -> [f32; 2] {
    if missing.is_empty() {
        return [1.0, 1.0];
    }
    let near = |word: &String| {
        let texts = lines
            .iter()
            .flat_map(|line| [&line.unit.text, &line.glossed, &line.said]);
        largest(texts.map(|text| meanings.cosine(word, text)))
    };
    let near: Vec<f32> = missing.iter().map(near).collect();
    let least = near.iter().copied().fold(1.0, f32::min);
    [least, near.iter().sum::<f32>() / near.len() as f32]
}

/// The features of the best line that tell whether it answers.
const OF_BEST: &[usize] = &[1, 4, 9, 10, 11, 12, 14, 15, 20, 21, 22, 24];
/// The share of the question's words that a line says, under its heading and with what people call it.
const SAYS: usize = 9;

impl Seen {
    /// Of a question that is put to a document.
    pub(crate) fn of_document(
        asked: &Asked,
        document: &DocumentEvidence,
        meanings: &Meanings,
    ) -> Self {
        let asked = &about_the_patient(asked, document);
        let lines: Vec<Line<'_>> = document
            .units
            .iter()
            .zip(owner::owned(document))
            .map(|(unit, own)| Line::of(unit, document, own))
            .collect();
        let topics = Topics::of(&asked.text);
        let held: Vec<Vec<bool>> = lines.iter().map(|line| line.holds(&topics)).collect();
        let on_topic = |n: usize| {
            let held_here = held[n].iter().filter(|holds| **holds).count();
            held_here as f32 / topics.count().max(1) as f32
        };
        let texts = lines
            .iter()
            .map(|line| line.unit.stems.iter().chain(&line.gloss).collect());
        let rarity = Rarity::of(texts);
        let nearness = Nearness::of(&asked.text, meanings);
        let telling = telling(&asked.stems);
        let cosine = |text: &str| meanings.cosine(&asked.text, text);
        let text: Vec<f32> = lines.iter().map(|line| cosine(&line.unit.text)).collect();
        let glossed: Vec<f32> = lines.iter().map(|line| cosine(&line.glossed)).collect();
        let headed: Vec<f32> = lines.iter().map(|line| cosine(&line.headed)).collect();
        let said: Vec<f32> = lines.iter().map(|line| cosine(&line.said)).collect();
        let best = |of: &[f32]| of.iter().copied().fold(-1.0, f32::max);
        let form = Form::asked(asked);
        let fits: Vec<bool> = lines
            .iter()
            .map(|line| form.is_none_or(|form| form.is_in(line.unit, &line.facts)))
            .collect();
        let (best_text, best_glossed, best_said) = (best(&text), best(&glossed), best(&said));
        let rows = lines.iter().enumerate().map(|(n, line)| {
            let way = line.near(&nearness);
            let names = line
                .facts
                .iter()
                .map(|fact| facts::share_named(asked, fact));
            vec![
                1.0,
                text[n],
                headed[n],
                said[n],
                glossed[n],
                glossed[n] - best_glossed,
                text[n] - best_text,
                said[n] - best_said,
                rarity.share(&telling, &[&line.unit.stems]),
                rarity.share(
                    &telling,
                    &[&line.unit.stems, &line.gloss, &line.unit.heading],
                ),
                rarity.share(&telling, &[&line.fact_stems]),
                flag(line.facts.iter().any(|fact| is_wanted(asked, fact))),
                largest(names.map(|share| share as f32)),
                numbers_named(asked, line.unit),
                way,
                way - nearness.best(),
                flag(way >= nearness.best() - 1e-6),
                flag(line.unit.words.len() <= 2),
                line.unit.words.len().min(20) as f32 / 20.0,
                flag(!line.facts.is_empty()),
                on_topic(n),
                flag(on_topic(n) > 0.99),
                flag(topics.count() > 0 && on_topic(n) < 0.01),
                flag(is_of_a_day(asked, line)),
                flag(form.is_some() && fits[n]) - flag(!fits[n]),
            ]
        });
        let rows: Vec<Features> = rows.collect();
        let said_anywhere = |word: &str, with_gloss: bool| {
            lines.iter().any(|line| {
                words::holds(&line.unit.stems, word)
                    || words::holds(&line.unit.heading, word)
                    || with_gloss && words::holds(&line.gloss, word)
            })
        };
        let asked_for: Vec<&&String> = telling
            .iter()
            .filter(|word| !facts::is_date_or_number(word))
            .collect();
        let missing = |with_gloss: bool| {
            let gone = asked_for
                .iter()
                .filter(|word| !said_anywhere(word, with_gloss));
            gone.count() as f32
        };
        let there: HashSet<&str> = lines
            .iter()
            .flat_map(|line| line.keys.iter().map(String::as_str))
            .collect();
        let nearest_there = there
            .iter()
            .map(|key| nearness.to(key))
            .fold(-1.0, f32::max);
        let absent = (0..topics.count())
            .filter(|topic| held.iter().all(|line| !line[*topic]))
            .count();
        let covered = words::stems(&topics.put());
        let uncovered = asked_for
            .iter()
            .filter(|word| !said_anywhere(word, true) && !covered.contains(word))
            .count() as f32;
        let dates_gone = asked
            .stems
            .iter()
            .filter(|word| facts::is_date_or_number(word) && !said_anywhere(word, false))
            .count() as f32;
        let over = |feature: usize| largest(rows.iter().map(|row| row[feature]));
        let mut question = vec![
            over(4),
            over(3),
            over(9),
            over(11),
            nearness.best() - nearest_there,
            missing(false).min(4.0),
            missing(true).min(4.0),
            missing(true) / asked_for.len().max(1) as f32,
            lines.len() as f32 / 40.0,
            flag(topics.count() > 0),
            absent as f32 / topics.count().max(1) as f32,
            flag(absent > 0),
            flag(!asked.wanted.is_empty()),
            flag(!asked.wanted.is_empty() && over(11) < 0.5),
            uncovered.min(4.0),
            uncovered / asked_for.len().max(1) as f32,
            flag(topics.count() > 0 && absent == 0 && uncovered < 0.5),
            dates_gone.min(2.0),
        ];
        question.extend(KINDS.map(|kind| nearness.to(kind) - nearness.best()));
        question.push(flag(lacks_kind(asked, document)));
        let missing: Vec<String> = words::tokens(&asked.text)
            .into_iter()
            .filter(|word| {
                let stem = words::stem(word);
                asked_for.iter().any(|asked| ***asked == stem)
                    && !said_anywhere(&stem, true)
                    && !covered.contains(&stem)
            })
            .collect();
        let [least, mean] = nearest_to(&missing, &lines, meanings);
        question.extend([least, mean, flag(topics.count() == 0) * (1.0 - least)]);
        question.extend(Form::ALL.map(|one| flag(form == Some(one))));
        // What is asked to be so or not stands there in its words.
        let yes_or_no = flag(forms::is_yes_or_no(&asked.text));
        let share = uncovered / asked_for.len().max(1) as f32;
        question.extend([yes_or_no, yes_or_no * share, yes_or_no * (1.0 - least)]);
        question.extend(meanings.features(&asked.text));
        Self {
            fits,
            rows,
            of_best: OF_BEST,
            says: SAYS,
            question,
        }
    }
}

fn is_wanted(asked: &Asked, fact: &Proven) -> bool {
    let (kind, role) = say::kind_and_role(&fact.entity);
    asked.wants(&kind, role.as_deref())
}

/// Does the line, or a fact of it, tell of a day that the question names?
fn is_of_a_day(asked: &Asked, line: &Line<'_>) -> bool {
    if asked.days.is_empty() {
        return false;
    }
    let there = days::named(&line.unit.text);
    asked.days.iter().any(|day| day.is_among(&there))
        || line.facts.iter().any(|fact| fact.is_of_a_day(asked))
}

/// Is a type of fact asked for of which the document has none?
fn lacks_kind(asked: &Asked, document: &DocumentEvidence) -> bool {
    const KINDS: [&str; 7] = [
        "medication",
        "lab",
        "vital",
        "allergy",
        "diagnosis",
        "procedure",
        "amount",
    ];
    let has = |kind: &str| {
        let mut facts = document.facts.iter();
        facts.any(|fact| say::kind_and_role(&fact.entity).0 == kind)
    };
    let mut wanted = asked.wanted.iter().filter(|one| KINDS.contains(&one.kind));
    wanted.any(|one| !has(one.kind))
}

/// The share of the question's numbers that stand in the line.
fn numbers_named(asked: &Asked, unit: &Unit) -> f32 {
    let numbers = asked
        .stems
        .iter()
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let (mut held, mut all) = (0.0, 0.0_f32);
    for number in numbers {
        all += 1.0;
        held += flag(unit.stems.contains(number));
    }
    held / all.max(1.0)
}

/// Ranks the lines of a document.
pub(crate) fn ranked(asked: &Asked, document: &DocumentEvidence, meanings: &Meanings) -> Ranked {
    FITTED
        .by(meanings)
        .rank(&Seen::of_document(asked, document, meanings))
}
