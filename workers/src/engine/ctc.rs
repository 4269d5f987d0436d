//! Greedy decoding of connectionist temporal classification output (Graves et al. 2006), with the
//! place of every character, which fusion needs to align engines.

use schemas::{Confidence, Quad, ReadWord};

/// One decoded character and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct CtcChar {
    /// The character.
    pub ch: char,
    /// The model's probability at its strongest time step.
    pub confidence: f32,
    /// Its strongest time step plus one half, in time steps.
    pub at: f32,
}

/// Decodes `steps * alphabet.len()` class probabilities, row by row, class 0 being the blank.
///
/// The alphabet's first entry stands for the blank and is never returned.
#[must_use]
pub fn greedy(probabilities: &[f32], alphabet: &[char]) -> Vec<CtcChar> {
    decode(probabilities, alphabet, strongest)
}

/// The same among some of the classes, the blank with them.
#[must_use]
pub fn greedy_among(probabilities: &[f32], alphabet: &[char], classes: &[usize]) -> Vec<CtcChar> {
    decode(probabilities, alphabet, |row| {
        let some = classes.iter().map(|&class| (class, row[class]));
        some.fold(
            (0, f32::MIN),
            |best, (i, p)| if p > best.1 { (i, p) } else { best },
        )
    })
}

fn decode(
    probabilities: &[f32],
    alphabet: &[char],
    strongest: impl Fn(&[f32]) -> (usize, f32),
) -> Vec<CtcChar> {
    let mut chars: Vec<CtcChar> = Vec::new();
    let mut previous = 0;
    for (step, row) in probabilities.chunks_exact(alphabet.len()).enumerate() {
        let (class, p) = strongest(row);
        let at = step as f32 + 0.5;
        if class != 0 && class != previous {
            chars.push(CtcChar {
                ch: alphabet[class],
                confidence: p,
                at,
            });
        } else if class != 0
            && let Some(last) = chars.last_mut()
            && p > last.confidence
        {
            *last = CtcChar {
                ch: alphabet[class],
                confidence: p,
                at,
            };
        }
        previous = class;
    }
    chars
}

/// The first largest value and its place. Maxima of lanes first, which the processor compares many at a
/// time: a row has thousands of classes.
fn strongest(row: &[f32]) -> (usize, f32) {
    const LANES: usize = 16;
    let mut lanes = [f32::MIN; LANES];
    let mut chunks = row.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, p) in lanes.iter_mut().zip(chunk) {
            *lane = if *p > *lane { *p } else { *lane };
        }
    }
    let rest = chunks.remainder().iter();
    let largest = lanes.iter().chain(rest).copied().fold(f32::MIN, f32::max);
    let class = row.iter().position(|p| *p == largest).unwrap_or_default();
    (class, largest)
}

/// Groups characters into words at white space. `width` is the line's width in time steps: the part
/// of the model's input that the line fills, padding left out.
#[must_use]
pub fn words(chars: &[CtcChar], line: &Quad, width: f32) -> Vec<ReadWord> {
    let mut words = Vec::new();
    let mut start = 0;
    for end in 0..=chars.len() {
        if end < chars.len() && !chars[end].ch.is_whitespace() {
            continue;
        }
        if start < end {
            words.push(word(chars, start..end, line, width));
        }
        start = end + 1;
    }
    words
}

fn word(chars: &[CtcChar], range: std::ops::Range<usize>, line: &Quad, width: f32) -> ReadWord {
    let half = half_advance(chars);
    let first = range.start;
    let last = range.end - 1;
    // A word ends half a character beyond its last one, but never beyond the middle of the gap.
    let left = match first.checked_sub(1).map(|i| &chars[i]) {
        Some(before) => (chars[first].at - half).max(f32::midpoint(before.at, chars[first].at)),
        None => chars[first].at - half,
    };
    let right = match chars.get(last + 1) {
        Some(after) => (chars[last].at + half).min(f32::midpoint(after.at, chars[last].at)),
        None => chars[last].at + half,
    };
    let (from, to) = (
        (left / width).clamp(0.0, 1.0),
        (right / width).clamp(0.0, 1.0),
    );
    ReadWord {
        text: chars[range.clone()].iter().map(|c| c.ch).collect(),
        quad: line.slice(from, to.max(from)),
        char_confidences: chars[range]
            .iter()
            .map(|c| Confidence::new(c.confidence))
            .collect(),
    }
}

/// Half the usual distance of neighbouring characters, in time steps.
fn half_advance(chars: &[CtcChar]) -> f32 {
    let mut advances: Vec<f32> = chars
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    if advances.is_empty() {
        return 1.0;
    }
    advances.sort_by(f32::total_cmp);
    (advances[advances.len() / 2] / 2.0).clamp(0.5, 6.0)
}

#[cfg(test)]
mod tests {
    use schemas::BBox;

    use super::{greedy, words};

    /// One row of probabilities a step, the named class at 0.9.
    fn steps(classes: &[usize], n: usize) -> Vec<f32> {
        classes
            .iter()
            .flat_map(|&class| (0..n).map(move |i| if i == class { 0.9 } else { 0.1 / n as f32 }))
            .collect()
    }

    #[test]
    fn repeats_collapse_and_blanks_separate() {
        let alphabet = ['\0', 'a', 'b', ' '];
        for (classes, want) in [
            (vec![1, 1, 0, 1, 2, 2], "aab"),
            (vec![0, 0, 0], ""),
            (vec![1, 3, 3, 2], "a b"),
            (vec![2, 0, 2], "bb"),
        ] {
            let chars = greedy(&steps(&classes, 4), &alphabet);
            assert_eq!(
                chars.iter().map(|c| c.ch).collect::<String>(),
                want,
                "{classes:?}"
            );
        }
    }

    #[test]
    fn words_stand_where_their_steps_are() {
        let alphabet = ['\0', 'a', ' '];
        let chars = greedy(&steps(&[1, 0, 1, 2, 0, 0, 1, 0, 0, 0], 3), &alphabet);
        let line = BBox::new(100.0, 0.0, 200.0, 10.0).quad();
        let words = words(&chars, &line, 10.0);
        assert_eq!(
            words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>(),
            ["aa", "a"]
        );
        assert!(words[0].quad.bbox().x1 < words[1].quad.bbox().x0);
        assert!((words[1].quad.bbox().center()[0] - 165.0).abs() < 10.0);
    }
}
