//! Fields with a box for each character, as forms have them for names, dates and numbers. What stands in boxes side by
//! side is one word, and an empty box is the space between two.
//!
//! The sides of such boxes are as high as their row. Those of a table go on through other rows, and what stands in its
//! columns stays apart.

use schemas::{BBox, Quad, Vote};

use super::{Rulings, Segment};
use crate::vote::FusedWord;

/// A side of a box is so many heights of the word in it high, at least and at most.
const HIGH: std::ops::RangeInclusive<f32> = 0.8..=2.6;
/// A box is at most so many heights wide, and boxes of a field are as wide as each other but for this share.
const WIDE: f32 = 2.5;
const ALIKE: f32 = 0.25;
/// Boxes of a field, at least.
const BOXES: usize = 3;
/// Behind more empty boxes than this another field begins.
const EMPTY: usize = 3;

/// Joins the characters of each field of a row.
#[must_use]
pub(super) fn join(row: Vec<Segment>, rulings: &Rulings) -> Vec<Segment> {
    let words: Vec<&FusedWord> = row.iter().flat_map(|segment| &segment.words).collect();
    let Some(first) = words.iter().find(|word| is_character(word)) else {
        return row;
    };
    let fields = fields(&first.quad.bbox(), rulings);
    if fields.is_empty() {
        return row;
    }
    let mut joined: Vec<Segment> = Vec::new();
    // The field and box of the last character.
    let mut last: Option<(usize, usize)> = None;
    for segment in row {
        let mut begins = true;
        for word in segment.words {
            let place = is_character(&word)
                .then(|| place(&word.quad.bbox(), &fields))
                .flatten();
            let same_field = place
                .zip(last)
                .is_some_and(|(now, last)| now.0 == last.0 && now.1 <= last.1 + EMPTY);
            let next = same_field
                && place
                    .zip(last)
                    .is_some_and(|(now, last)| now.1 == last.1 + 1);
            let apart = if place.is_some() || last.is_some() {
                !same_field
            } else {
                begins
            };
            match joined.last_mut().filter(|_| !apart) {
                Some(open) => match open.words.last_mut().filter(|_| next) {
                    Some(before) => append(before, word),
                    None => open.words.push(word),
                },
                None => joined.push(Segment {
                    quad: segment.quad,
                    words: vec![word],
                }),
            }
            last = place;
            begins = false;
        }
    }
    joined
}

fn is_character(word: &FusedWord) -> bool {
    let mut characters = word.text.chars();
    characters.next().is_some() && characters.next().is_none()
}

/// The sides of the boxes of each field on the row of this character, from left to right.
fn fields(character: &BBox, rulings: &Rulings) -> Vec<Vec<f32>> {
    let height = character.height();
    let middle = character.center()[1];
    let mut sides: Vec<f32> = rulings
        .vertical
        .iter()
        .filter(|side| (side.y0..side.y1).contains(&middle))
        .filter(|side| HIGH.contains(&(side.height() / height.max(1.0))))
        .map(|side| side.center()[0])
        .collect();
    sides.sort_by(f32::total_cmp);
    let mut fields: Vec<Vec<f32>> = Vec::new();
    for side in sides {
        let goes_on = fields.last().is_some_and(|field| {
            let width = side - field[field.len() - 1];
            let first = field.get(1).map_or(width, |second| second - field[0]);
            width <= WIDE * height && (width - first).abs() <= ALIKE * first
        });
        match fields.last_mut().filter(|_| goes_on) {
            Some(field) => field.push(side),
            None => fields.push(vec![side]),
        }
    }
    fields.retain(|field| field.len() > BOXES);
    fields
}

/// The field and the box that a character stands in.
fn place(character: &BBox, fields: &[Vec<f32>]) -> Option<(usize, usize)> {
    let x = character.center()[0];
    fields.iter().enumerate().find_map(|(n, field)| {
        let boxes = field
            .windows(2)
            .position(|sides| (sides[0]..sides[1]).contains(&x));
        boxes.map(|place| (n, place))
    })
}

/// Puts a character behind a word, with what each engine read.
fn append(word: &mut FusedWord, character: FusedWord) {
    word.text.push_str(&character.text);
    word.confidence = word.confidence.min(character.confidence);
    word.quad = Quad([
        word.quad.0[0],
        character.quad.0[1],
        character.quad.0[2],
        word.quad.0[3],
    ]);
    for vote in character.votes {
        match word.votes.iter_mut().find(|own| own.engine == vote.engine) {
            Some(Vote {
                text, confidence, ..
            }) => {
                text.push_str(&vote.text);
                *confidence = (*confidence).min(vote.confidence);
            }
            None => word.votes.push(vote),
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::{BBox, Confidence};

    use super::{Rulings, Segment, join};
    use crate::vote::FusedWord;

    fn word(text: &str, x0: f32) -> FusedWord {
        FusedWord {
            text: text.into(),
            quad: BBox::new(x0, 10.0, x0 + 20.0, 40.0).quad(),
            confidence: Confidence::new(0.9),
            votes: vec![],
        }
    }

    fn segment(words: Vec<FusedWord>) -> Segment {
        Segment {
            quad: words[0].quad,
            words,
        }
    }

    /// Characters in boxes of 50 pixels; `.` is an empty one.
    fn boxed(text: &str, from: f32) -> Vec<FusedWord> {
        let places = text.chars().enumerate().filter(|(_, ch)| *ch != '.');
        places
            .map(|(n, ch)| word(&ch.to_string(), from + 50.0 * n as f32 + 15.0))
            .collect()
    }

    fn sides(count: usize, from: f32, y: [f32; 2]) -> Vec<BBox> {
        let x = |n: usize| from + 50.0 * n as f32;
        (0..=count)
            .map(|n| BBox::new(x(n), y[0], x(n) + 2.0, y[1]))
            .collect()
    }

    fn texts(row: Vec<Segment>, vertical: Vec<BBox>) -> Vec<String> {
        let rulings = Rulings {
            vertical,
            ..Rulings::default()
        };
        join(row, &rulings).iter().map(Segment::text).collect()
    }

    #[test]
    fn characters_in_boxes_are_words_and_those_of_a_table_are_not() {
        let low = [0.0, 50.0];
        let row = || vec![segment(boxed("485.777", 0.0)), segment(boxed("MS", 500.0))];
        let vertical = [sides(8, 0.0, low), sides(3, 500.0, low)].concat();
        assert_eq!(texts(row(), vertical), ["485 777", "MS"]);
        let one = vec![segment([boxed("12", 0.0), boxed("JO", 500.0)].concat())];
        let vertical = [sides(4, 0.0, low), sides(3, 500.0, low)].concat();
        assert_eq!(texts(one, vertical), ["12", "JO"]);
        let table = sides(8, 0.0, [0.0, 400.0]);
        assert_eq!(texts(row(), table), ["4 8 5 7 7 7", "M S"]);
        let labelled = vec![segment(vec![word("Age", 0.0)]), segment(boxed("42", 100.0))];
        let boxes = sides(3, 100.0, low);
        assert_eq!(texts(labelled, boxes), ["Age", "42"]);
    }
}
