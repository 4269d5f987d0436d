//! Specks of dirt and pieces of lines that readers took for marks.
//!
//! A detected line that holds nothing but a point or a quote is no text: a point belongs to a word. Where a
//! page has many of them, lone letters of which the readers are not sure are specks too. So is a segment of which
//! no word is more than a guess of some readers where another saw nothing, or an upright stroke to one of them and nothing
//! to all others, as the bars of a code are; and a lone letter or a few alike, `mmn`, on a
//! line of its own of which no two readers say the same: the pen of a signature. An upright stroke by itself that stands on a ruled
//! line, or where a broken one would go on, is a piece of it. Letters much lower than those of the page's words
//! are dirt, unless they make words themselves, as small print does.

use schemas::BBox;

use super::{Rulings, Segment};

/// What a speck is read as. Not `+`, `-` and `*`, which are values and flags of tables.
const MARKS: &str = ".,:;'\u{2018}\u{2019}\"\u{201c}\u{201d}`\u{b4}\u{b0}\u{b7}_~|";
/// So many specks make a page dirty.
const DIRTY: usize = 10;
/// On a dirty page, letters of a lone segment below this confidence are specks, at most so many.
const UNSURE: f32 = 0.8;
const LETTERS: usize = 2;
/// What the waves of a pen are read as, at most so many.
const WAVES: &str = "mnwuvlMNWUVLI";
const OF_WAVES: usize = 6;
/// Words below this confidence are guesses.
const GUESS: f32 = 0.15;
/// Letters below this share of the usual height are dirt, where words have fewer than so many in the mean.
const LOW: f32 = 0.42;
const SMALL_PRINT: usize = 3;
/// Words of at least so many letters tell the usual height, if they have so many together.
const TELLING: usize = 3;
const ENOUGH: usize = 20;
/// What a piece of an upright line is read as.
const STROKES: &str = "1Il|!iJ[](){}";
/// Its middle is so many heights from the line at most, which goes on by half its length at both ends.
const ON_LINE: f32 = 0.25;
const GOES_ON: f32 = 0.5;

/// The segments that are text.
#[must_use]
pub(super) fn without(segments: Vec<Segment>, rulings: &Rulings) -> Vec<Segment> {
    let before = segments.len();
    let height = usual_height(&segments);
    let mut text: Vec<Segment> = segments
        .into_iter()
        .filter(|s| !is_speck(s) && !is_guess(s) && !is_piece(s, rulings))
        .filter(|s| height.is_none_or(|height| !is_low(s, height)))
        .collect();
    if before - text.len() >= DIRTY {
        text.retain(|segment| !is_unsure_letter(segment));
    }
    text
}

fn is_speck(segment: &Segment) -> bool {
    let mut characters = segment.words.iter().flat_map(|word| word.text.chars());
    characters.all(|c| MARKS.contains(c))
}

/// The height of the line that the median letter of the page's words stands in, in pixels.
fn usual_height(segments: &[Segment]) -> Option<f32> {
    let mut lines: Vec<(f32, usize)> = segments
        .iter()
        .map(|segment| {
            let words = segment.words.iter().map(|word| letters(&word.text));
            let telling = words.filter(|letters| *letters >= TELLING).sum();
            (segment.quad.height(), telling)
        })
        .collect();
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: usize = lines.iter().map(|(_, letters)| letters).sum();
    let mut below = 0;
    let median = lines.iter().find(|(_, letters)| {
        below += letters;
        below * 2 >= all
    });
    median.filter(|_| all >= ENOUGH).map(|(height, _)| *height)
}

fn is_low(segment: &Segment, usual: f32) -> bool {
    let all: usize = segment.words.iter().map(|word| letters(&word.text)).sum();
    all > 0 && all < SMALL_PRINT * segment.words.len() && segment.quad.height() < LOW * usual
}

fn letters(word: &str) -> usize {
    word.chars().filter(|c| c.is_alphanumeric()).count()
}

fn is_piece(segment: &Segment, rulings: &Rulings) -> bool {
    let mut characters = segment.words.iter().flat_map(|word| word.text.chars());
    let bbox = segment.bbox();
    characters.all(|c| STROKES.contains(c) || MARKS.contains(c))
        && rulings
            .vertical
            .iter()
            .any(|rule| goes_through(rule, &bbox))
}

/// Does the line, from its upper to its lower end, go through the middle of a box?
fn goes_through(rule: &BBox, bbox: &BBox) -> bool {
    let [x, y] = bbox.center();
    let length = (rule.y1 - rule.y0).max(1.0);
    let along = (y - rule.y0) / length;
    let at = rule.x0 + along * (rule.x1 - rule.x0);
    (-GOES_ON..=1.0 + GOES_ON).contains(&along) && (x - at).abs() <= ON_LINE * bbox.height()
}

fn is_guess(segment: &Segment) -> bool {
    segment.words.iter().all(|word| {
        let silent = word
            .votes
            .iter()
            .filter(|vote| vote.text.is_empty())
            .count();
        let alone = word.votes.len() > 2 && silent + 1 == word.votes.len();
        let stroke = word.text.chars().all(|c| STROKES.contains(c) && c != '1');
        silent > 0 && (word.confidence.get() < GUESS || alone && stroke)
    })
}

/// Is this row of segments the pen of a signature rather than text?
#[must_use]
pub(super) fn is_scribble(row: &[Segment]) -> bool {
    let [segment] = row else { return false };
    let [word] = &segment.words[..] else {
        return false;
    };
    let mut said: Vec<String> = word
        .votes
        .iter()
        .map(|vote| vote.text.to_lowercase())
        .collect();
    said.retain(|text| !text.is_empty());
    said.sort_unstable();
    word.votes.len() > 1
        && said.windows(2).all(|pair| pair[0] != pair[1])
        && (is_unsure_letter(segment) || is_unsure_wave(segment))
}

fn is_unsure_letter(segment: &Segment) -> bool {
    is_unsure(segment, LETTERS, char::is_alphabetic)
}

fn is_unsure_wave(segment: &Segment) -> bool {
    is_unsure(segment, OF_WAVES, |letter| WAVES.contains(letter))
}

/// Does a segment hold at most so many characters, marks aside, all of this kind, and none for sure?
fn is_unsure(segment: &Segment, most: usize, is_one: impl Fn(char) -> bool) -> bool {
    let words = &segment.words;
    let characters = words.iter().flat_map(|word| word.text.chars());
    let characters: Vec<char> = characters.filter(|c| !MARKS.contains(*c)).collect();
    characters.len() <= most
        && characters.into_iter().all(is_one)
        && words.iter().all(|word| word.confidence.get() < UNSURE)
}

#[cfg(test)]
mod tests {
    use schemas::{BBox, Confidence, Engine, Vote};

    use super::{
        super::{Rulings, tests::segment},
        is_scribble, without,
    };

    #[test]
    fn a_guess_where_another_reader_saw_nothing_is_no_text() {
        let kept = |sure: f32, other: &str| {
            let mut segment = segment("one", 0.0, 0.0);
            segment.words[0].confidence = Confidence::new(sure);
            segment.words[0].votes = vec![Vote {
                engine: Engine::Paddle,
                text: other.into(),
                confidence: Confidence::new(0.0),
            }];
            !without(vec![segment], &Rulings::default()).is_empty()
        };
        assert!(!kept(0.1, ""));
        assert!(kept(0.1, "ore") && kept(0.5, ""));
    }

    #[test]
    fn a_stroke_that_one_reader_of_three_saw_is_no_text_and_a_figure_is() {
        let kept = |text: &str, others: [&str; 2]| {
            let mut segment = segment(text, 0.0, 0.0);
            segment.words[0].confidence = Confidence::new(0.8);
            let readers = [Engine::Easyocr, Engine::Paddle, Engine::Tesseract];
            let said = [text, others[0], others[1]];
            segment.words[0].votes = readers
                .into_iter()
                .zip(said)
                .map(|(engine, text)| Vote {
                    engine,
                    text: text.into(),
                    confidence: Confidence::new(0.9),
                })
                .collect();
            !without(vec![segment], &Rulings::default()).is_empty()
        };
        assert!(!kept("l", ["", ""]));
        assert!(kept("1", ["", ""]) && kept("l", ["1", ""]) && kept("H", ["", ""]));
    }

    #[test]
    fn letters_much_lower_than_the_words_are_dirt_and_small_print_is_text() {
        let kept = |text: &str, height: f32, page: &str| {
            let mut low = segment(text, 0.0, 40.0);
            low.quad = BBox::new(0.0, 40.0, 10.0, 40.0 + height).quad();
            let segments = vec![segment(page, 0.0, 0.0), low];
            without(segments, &Rulings::default()).len() == 2
        };
        let page = "Prednisolone tablets every morning";
        for (text, height, want) in [
            ("5", 8.0, false),
            ("A L", 8.0, false),
            ("é", 8.0, false),
            ("5", 9.0, true),
            ("-", 4.0, true),
            ("Printed on recycled paper", 8.0, true),
        ] {
            assert_eq!(kept(text, height, page), want, "{text} {height}");
        }
        assert!(kept("5", 8.0, "Sodium"), "nothing tells the usual height");
    }

    #[test]
    fn a_stroke_on_a_line_or_where_it_goes_on_is_a_piece_of_it() {
        let rulings = Rulings {
            horizontal: Vec::new(),
            // Its lower end stands to the right.
            vertical: vec![BBox::new(100.0, 0.0, 110.0, 400.0)],
        };
        let kept = |text: &str, x: f32, y: f32| {
            !without(vec![segment(text, x - 5.0, y - 10.0)], &rulings).is_empty()
        };
        assert!(!kept("1", 105.0, 200.0) && !kept("|.", 99.0, 300.0));
        assert!(!kept("I", 113.0, 500.0), "where a broken line goes on");
        assert!(
            kept("1", 120.0, 200.0) && kept("1", 120.0, 700.0),
            "beside it"
        );
        assert!(kept("7", 105.0, 200.0) && kept("1 tab", 105.0, 200.0));
    }

    #[test]
    fn a_lone_letter_that_every_reader_sees_otherwise_is_a_scribble() {
        let row = |text: &str, votes: &[&str]| {
            let mut segment = segment(text, 0.0, 0.0);
            segment.words[0].confidence = Confidence::new(0.6);
            segment.words[0].votes = votes
                .iter()
                .zip([Engine::Paddle, Engine::Tesseract, Engine::Easyocr])
                .map(|(text, engine)| Vote {
                    engine,
                    text: (*text).into(),
                    confidence: Confidence::new(0.5),
                })
                .collect();
            vec![segment]
        };
        assert!(is_scribble(&row("w", &["w", "va ares", "TLUVU"])));
        assert!(is_scribble(&row("n", &["n", "", "Avz"])));
        assert!(is_scribble(&row("mmn", &["Mmm", "Wann", "mmn"])), "waves");
        assert!(
            !is_scribble(&row("Will", &["Will", "will", "Wll"])),
            "two agree on it"
        );
        assert!(!is_scribble(&row("M", &["M", "m", "W"])), "two agree");
        assert!(!is_scribble(&row("w", &["w"])), "nobody else was asked");
        assert!(!is_scribble(&row("7", &["7", "T", "1"])), "a digit");
        assert!(
            !is_scribble(&row("none", &["none", "nom", "hone"])),
            "a word"
        );
        let beside = [row("Sodium", &["Sodium"]), row("H", &["H", "N", "M"])].concat();
        assert!(!is_scribble(&beside), "a flag in a table");
    }

    #[test]
    fn specks_are_no_text_and_values_are() {
        let texts = |specks: usize, sure: f32| -> Vec<String> {
            let mut segments: Vec<_> = (0..specks)
                .map(|n| segment(".", 10.0 * n as f32, 0.0))
                .collect();
            for text in ["Sodium", "+", "-", "*", "1", "r ,", "H", "140 \u{b0}"] {
                let mut segment = segment(text, 0.0, 40.0);
                for word in &mut segment.words {
                    word.confidence = Confidence::new(sure);
                }
                segments.push(segment);
            }
            without(segments, &Rulings::default())
                .iter()
                .map(super::Segment::text)
                .collect()
        };
        let all = ["Sodium", "+", "-", "*", "1", "r ,", "H", "140 \u{b0}"];
        assert_eq!(texts(3, 0.5), all);
        assert_eq!(texts(30, 0.99), all);
        assert_eq!(texts(30, 0.5), ["Sodium", "+", "-", "*", "1", "140 \u{b0}"]);
    }
}
