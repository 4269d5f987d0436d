//! The script of a page, told from what PP-OCR itself reads there: its network knows Chinese, Japanese
//! and Latin letters alike and writes some of the ones on specks of the others.

use schemas::is_east_asian;

use super::ctc::CtcChar;

/// Scripts that the lines of a run may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scripts {
    /// One for each page, to be told from it.
    ByPage,
    /// Latin letters.
    Latin,
    /// Latin letters and those of East Asia.
    All,
}

/// Surer characters tell the script of a page.
const SURE: f32 = 0.6;
/// A page with this share of East Asian ones among its sure letters is no Latin page.
const SHARE: f32 = 0.1;
/// Fewer of them are noise.
const FEW: usize = 6;
/// A character that the network gives no more than this is a guess forced by leaving classes out.
const GUESS: f32 = 0.1;

/// Is it printed on pages in Latin script? Greek letters and signs of all kinds are, pictures are not.
pub(super) fn is_latin(ch: char) -> bool {
    !is_east_asian(ch) && ch < '\u{1f000}'
}

/// The classes of an alphabet that a Latin page has, the blank with them.
pub(super) fn latin_classes(alphabet: &[char]) -> Vec<usize> {
    (0..alphabet.len())
        .filter(|&class| class == 0 || is_latin(alphabet[class]))
        .collect()
}

/// Is the page with these lines in Latin script?
pub(super) fn is_latin_page<'a>(lines: impl Iterator<Item = &'a [CtcChar]>) -> bool {
    let (mut letters, mut foreign) = (0, 0);
    let sure = lines.flatten().filter(|c| c.confidence >= SURE);
    for c in sure.filter(|c| c.ch.is_alphabetic()) {
        letters += 1;
        foreign += usize::from(is_east_asian(c.ch));
    }
    foreign < FEW || (foreign as f32) < SHARE * letters as f32
}

/// What is left of a line when characters that nothing speaks for are taken out.
pub(super) fn without_guesses(chars: Vec<CtcChar>) -> Vec<CtcChar> {
    chars.into_iter().filter(|c| c.confidence > GUESS).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_latin_page, latin_classes, without_guesses};
    use crate::engine::ctc::{CtcChar, greedy_among};

    fn line(text: &str, confidence: f32) -> Vec<CtcChar> {
        let chars = text.chars().enumerate();
        chars
            .map(|(i, ch)| CtcChar {
                ch,
                confidence,
                at: i as f32,
            })
            .collect()
    }

    #[test]
    fn the_sure_letters_of_a_page_tell_its_script() {
        let chinese = ("美托洛尔缓释片47.5mg每日一次口服", 0.95);
        let english = ("Take one tablet by mouth twice daily with food", 0.95);
        for (case, lines, latin) in [
            ("nothing", vec![], true),
            ("English", vec![english], true),
            ("Chinese", vec![chinese], false),
            ("both", vec![english, english, chinese], false),
            (
                "a faint header taken for kana",
                vec![english, ("ののてのした", 0.2)],
                true,
            ),
            ("a stamp taken for a character", vec![("品", 0.7)], true),
            ("one Chinese name", vec![english, ("陈国平", 0.99)], true),
        ] {
            let lines: Vec<Vec<CtcChar>> = lines.iter().map(|(t, c)| line(t, *c)).collect();
            assert_eq!(
                is_latin_page(lines.iter().map(Vec::as_slice)),
                latin,
                "{case}"
            );
        }
    }

    #[test]
    fn a_latin_page_is_read_with_latin_classes_and_without_guesses() {
        let alphabet = ['\0', 'L', '品', '8', 'し'];
        let steps = [
            [0.1, 0.3, 0.0, 0.0, 0.6],
            [0.9, 0.0, 0.1, 0.0, 0.0],
            [0.01, 0.0, 0.95, 0.04, 0.0],
        ];
        let classes = latin_classes(&alphabet);
        assert_eq!(classes, [0, 1, 3]);
        let read = greedy_among(steps.as_flattened(), &alphabet, &classes);
        assert_eq!(read.iter().map(|c| c.ch).collect::<String>(), "L8");
        assert_eq!(
            without_guesses(read)
                .iter()
                .map(|c| c.ch)
                .collect::<String>(),
            "L"
        );
    }
}
