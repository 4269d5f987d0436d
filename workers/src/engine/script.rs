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
const GUESS: f32 = 0.2;

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
