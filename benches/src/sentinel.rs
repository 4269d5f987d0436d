//! Mutations of dangerous values in what engines read, and what becomes of them. The pixels stay as they
//! are: only readings are changed, and fusion, extraction and review run as ever.

use extract::{Lexicon, Source, SourceWord};
use fixtures::rng::Rng;
use fusion::{DocumentText, LineReadings, assemble, fuse_page, reading_order};
use schemas::{BBox, Engine, Entity, Fact, Reading, Word};
use workers::{document::Pipeline, page};

use crate::pages::ReadPage;

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// `500` to `50O`: a letter for a digit.
    Letter,
    /// `1.0` to `10`: the point is lost.
    Point,
    /// `25` to `250`, `250` to `25`: a zero more or less.
    Zero,
    /// `125` to `725`: another digit.
    Digit,
    /// `mg` to `mcg` and back.
    Unit,
    /// A drug to the one that it looks like.
    Drug,
    /// `H` to `L` and back.
    Flag,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Letter,
        Self::Point,
        Self::Zero,
        Self::Digit,
        Self::Unit,
        Self::Drug,
        Self::Flag,
    ];

    /// As tables print it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Letter => "letter for a digit",
            Self::Point => "point lost",
            Self::Zero => "a zero more or less",
            Self::Digit => "another digit",
            Self::Unit => "mg and mcg",
            Self::Drug => "look-alike drug",
            Self::Flag => "H and L",
        }
    }

    /// The changed word of a field, or none where the class does not apply.
    fn change(self, field: &str, word: &str, rng: &mut Rng) -> Option<String> {
        let digits: Vec<usize> = word
            .char_indices()
            .filter(|(_, c)| c.is_ascii_digit())
            .map(|(at, _)| at)
            .collect();
        let amount = matches!(field, "strength" | "dose" | "value") && !digits.is_empty();
        let replaced = |at: usize, with: &str| format!("{}{with}{}", &word[..at], &word[at + 1..]);
        match self {
            Self::Letter if amount => {
                let looks = |at: &usize| matches!(word.as_bytes()[*at], b'0' | b'1');
                let at = digits.into_iter().find(looks)?;
                let letter = if word.as_bytes()[at] == b'0' {
                    "O"
                } else {
                    "l"
                };
                Some(replaced(at, letter))
            }
            Self::Point if amount => {
                let point = word.find('.').filter(|at| digits.contains(&(at + 1)))?;
                Some(replaced(point, ""))
            }
            Self::Zero if amount && !word.contains('.') => {
                let last = *digits.last()?;
                if word.as_bytes()[last] == b'0' && digits.len() > 1 {
                    return Some(replaced(last, ""));
                }
                Some(format!("{}0{}", &word[..=last], &word[last + 1..]))
            }
            Self::Digit if amount => {
                let at = digits[rng.int(0, digits.len() as i64 - 1) as usize];
                let old = word.as_bytes()[at];
                let new = *rng.pick(&[b'1', b'2', b'3', b'5', b'6', b'7', b'8', b'9']);
                (new != old).then(|| replaced(at, &char::from(new).to_string()))
            }
            Self::Unit if matches!(field, "strength" | "dose") => {
                let at = word.find(|c: char| c.is_alphabetic())?;
                let other = match &word[at..] {
                    "mg" => "mcg",
                    "mcg" => "mg",
                    _ => return None,
                };
                Some(format!("{}{other}", &word[..at]))
            }
            Self::Drug if field == "name" => lookalike(word),
            Self::Flag if field == "flag" => match word {
                "H" => Some("L".into()),
                "L" => Some("H".into()),
                _ => None,
            },
            _ => None,
        }
    }
}

/// In the writing of the word.
fn lookalike(word: &str) -> Option<String> {
    let lower = word.to_lowercase();
    let other = extract::lookalikes(&lower).next()?;
    Some(if word.chars().all(char::is_uppercase) {
        other.to_uppercase()
    } else if word.starts_with(char::is_uppercase) {
        other[..1].to_uppercase() + &other[1..]
    } else {
        other.to_owned()
    })
}

/// A dangerous word of a page as it was read.
#[derive(Clone, Debug)]
pub struct Target {
    /// Index of the page.
    page: usize,
    place: BBox,
    /// Of the first word of its entity.
    entity: Option<BBox>,
    /// `medication` or `lab`.
    pub kind: &'static str,
    /// The field.
    pub field: &'static str,
    /// The whole value of the field.
    pub value: String,
    /// The word of it that is changed.
    pub word: String,
}

/// A document as read, fused and extracted.
pub struct Outcome {
    /// As it was fused.
    pub text: DocumentText,
    /// What was found.
    pub entities: Vec<Entity>,
}

/// Fuses and extracts the pages of a document.
#[must_use]
pub fn outcome(pipeline: &Pipeline, pages: &[ReadPage], readings: &[Vec<Reading>]) -> Outcome {
    let calibration = fusion::Calibration::packaged();
    let ordered = pages
        .iter()
        .zip(readings)
        .map(|(read, readings)| {
            let lines: Vec<LineReadings<'_>> = page::by_line(&read.detected, readings);
            let words = fuse_page(&lines, calibration, &pipeline.words);
            reading_order(
                page::segments(&read.detected.lines, words),
                &read.rulings,
                &pipeline.words,
            )
        })
        .collect();
    let text = assemble(ordered);
    let entities = entities(&text, &pipeline.lexicon);
    Outcome { text, entities }
}

fn entities(text: &DocumentText, lexicon: &Lexicon) -> Vec<Entity> {
    let words: Vec<SourceWord<'_>> = text
        .pages
        .iter()
        .enumerate()
        .flat_map(|(page, lines)| {
            lines
                .iter()
                .flat_map(|line| &line.words)
                .map(move |word| SourceWord {
                    id: &word.id,
                    page,
                    span: word.span,
                    confidence: word.confidence,
                    votes: &word.votes,
                })
        })
        .collect();
    let source = Source {
        text: &text.text,
        words: &words,
    };
    extract::extract(&source, lexicon).entities
}

impl Outcome {
    fn words(&self) -> impl Iterator<Item = (usize, &Word)> {
        let pages = self.text.pages.iter().enumerate();
        pages.flat_map(|(page, lines)| {
            let words = lines.iter().flat_map(|line| &line.words);
            words.map(move |word| (page, word))
        })
    }

    /// The votes on the words of an entity, as `word [engine reading confidence, …]`.
    #[must_use]
    pub fn votes(&self, entity: &Entity) -> String {
        let words = self
            .words()
            .filter(|(_, word)| entity.words.contains(&word.id));
        let told = words.map(|(_, word)| {
            let votes = word.votes.iter().filter(|vote| vote.text != word.text);
            let votes: Vec<String> = votes
                .map(|vote| format!("{} {} {:.2}", vote.engine, vote.text, vote.confidence.get()))
                .collect();
            format!(
                "{} {:.2} [{}]",
                word.text,
                word.confidence.get(),
                votes.join(", ")
            )
        });
        told.collect::<Vec<_>>().join("  ")
    }

    /// Every word of a dangerous field. A word counts where the whole value stands, so that the 10 of a quantity is
    /// no part of `10 mg`.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let mut out = Vec::new();
        for entity in &self.entities {
            let own: Vec<(usize, &Word)> = self
                .words()
                .filter(|(_, word)| entity.words.contains(&word.id))
                .collect();
            for (field, value) in fields(entity) {
                let Some(value) = value else { continue };
                for (page, word) in spelt(&own, value) {
                    if value.split_whitespace().any(|part| part == word.text) {
                        out.push(Target {
                            page,
                            place: word.bbox,
                            entity: own.first().map(|(_, word)| word.bbox),
                            kind: kind(entity),
                            field,
                            value: value.to_owned(),
                            word: word.text.clone(),
                        });
                    }
                }
            }
        }
        out
    }

    /// The ids of the words at a target's place.
    #[must_use]
    pub fn touched(&self, target: &Target) -> Vec<&str> {
        self.words()
            .filter(|(page, word)| *page == target.page && overlap(&word.bbox, &target.place))
            .map(|(_, word)| word.id.as_str())
            .collect()
    }

    /// What became of a target that was changed, with the votes on what was found there.
    fn end(&self, target: &Target) -> (End, String) {
        let touched = self.touched(target);
        let found = self.entities.iter().filter(|entity| {
            let same = matches!(
                (&entity.fact, target.kind),
                (Fact::Medication(_), "medication") | (Fact::Lab(_), "lab")
            );
            same && entity.words.iter().any(|id| touched.contains(&id.as_str()))
        });
        let ends = found.map(|entity| {
            let value = fields(entity)
                .into_iter()
                .find(|(field, _)| *field == target.field);
            let right = value.is_some_and(|(_, value)| value == Some(target.value.as_str()));
            let end = match (right, entity.needs_review) {
                (true, _) => End::Right,
                (false, true) => End::Review,
                (false, false) => End::Passed,
            };
            (end, self.votes(entity))
        });
        // Of several that share the word the worst counts.
        ends.max().unwrap_or_else(|| {
            let end = if self.is_asked_about(target) {
                End::Review
            } else {
                End::Lost
            };
            (end, self.beside(target))
        })
    }

    /// Is a person asked about what begins where the entity of the target began?
    fn is_asked_about(&self, target: &Target) -> bool {
        let Some(place) = &target.entity else {
            return false;
        };
        self.entities.iter().any(|entity| {
            let first = self
                .words()
                .find(|(_, word)| entity.words.contains(&word.id));
            let same = matches!(
                (&entity.fact, target.kind),
                (Fact::Medication(_), "medication") | (Fact::Lab(_), "lab")
            );
            same && entity.needs_review
                && first
                    .is_some_and(|(page, word)| page == target.page && overlap(&word.bbox, place))
        })
    }

    /// What stands on a target's line, for where nothing was found.
    fn beside(&self, target: &Target) -> String {
        let words = self.words().filter(|(page, word)| {
            *page == target.page && word.bbox.y0 < target.place.y1 && target.place.y0 < word.bbox.y1
        });
        let words: Vec<&str> = words.map(|(_, word)| word.text.as_str()).collect();
        words.join(" ")
    }
}

/// The words of an entity that spell a value, one behind the other.
fn spelt<'a>(words: &[(usize, &'a Word)], value: &str) -> Vec<(usize, &'a Word)> {
    let parts: Vec<&str> = value.split_whitespace().collect();
    let bare = |word: &str| word.trim_matches([',', ';', ':', '.', '(', ')']).to_owned();
    words
        .windows(parts.len().max(1))
        .filter(|window| {
            window
                .iter()
                .zip(&parts)
                .all(|((_, word), part)| bare(&word.text) == bare(part))
        })
        .flat_map(|window| window.iter().copied())
        .collect()
}

fn kind(entity: &Entity) -> &'static str {
    match entity.fact {
        Fact::Medication(_) => "medication",
        _ => "lab",
    }
}

/// The dangerous fields of medications and results.
#[must_use]
pub fn fields(entity: &Entity) -> Vec<(&'static str, Option<&str>)> {
    match &entity.fact {
        Fact::Medication(m) => vec![
            ("name", m.name.as_deref()),
            ("strength", m.strength.as_deref()),
            ("dose", m.dose.as_deref()),
        ],
        Fact::Lab(l) => vec![("value", l.value.as_deref()), ("flag", l.flag.as_deref())],
        _ => Vec::new(),
    }
}

/// How a mutation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// The value is right in spite of it.
    Right,
    /// A person is asked.
    Review,
    /// A wrong value passes.
    Passed,
    /// Nothing was found there any more.
    Lost,
}

/// Changes a target in the readings of some engines and says what comes of it, with the votes on what was found
/// there; none where the class does not apply or one of the engines does not have the word.
pub fn mutate(
    pipeline: &Pipeline,
    pages: &[ReadPage],
    target: &Target,
    class: Class,
    engines: &[Engine],
    rng: &mut Rng,
) -> Option<(End, String)> {
    let after = mutated(pipeline, pages, target, class, engines, rng)?;
    Some(after.end(target))
}

/// A document in which a target was changed in the readings of some engines; none as for [`mutate`].
pub fn mutated(
    pipeline: &Pipeline,
    pages: &[ReadPage],
    target: &Target,
    class: Class,
    engines: &[Engine],
    rng: &mut Rng,
) -> Option<Outcome> {
    let changed = class.change(target.field, &target.word, rng)?;
    let mut readings: Vec<Vec<Reading>> = pages.iter().map(|page| page.readings.clone()).collect();
    for engine in engines {
        let reading = readings[target.page]
            .iter_mut()
            .find(|r| r.engine == *engine)?;
        let nearest = reading
            .lines
            .iter_mut()
            .flat_map(|line| &mut line.words)
            .filter(|word| {
                word.text.contains(&target.word) && overlap(&word.quad.bbox(), &target.place)
            })
            .max_by_key(|word| word.text == target.word)?;
        let mean = nearest.confidence();
        nearest.text = nearest.text.replacen(&target.word, &changed, 1);
        let count = nearest.text.chars().count();
        nearest.char_confidences.resize(count, mean);
    }
    Some(outcome(pipeline, pages, &readings))
}

fn overlap(a: &BBox, b: &BBox) -> bool {
    let [x, y] = b.center();
    a.x0 <= x && x <= a.x1 && a.y0 <= y && y <= a.y1
}
