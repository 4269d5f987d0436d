//! Words of the glyphs that can be seen, in the order of the content.
//!
//! A hidden glyph ends a word and is counted; its character goes nowhere. Limit: what a glyph
//! *means* is the file's own claim (`ToUnicode`); the engines that read pixels must agree with it.

use image::RgbImage;
use schemas::BBox;

use super::library::{Glyph, Page};
use super::visible;
use crate::decode::TextWord;

/// Beyond this a page is no text that a person wrote; the rest counts as hidden.
const MOST_GLYPHS: usize = 100_000;

/// The visible part of a page's text.
pub(super) struct Layer {
    pub words: Vec<TextWord>,
    pub hidden: usize,
}

pub(super) fn read(page: &Page, render: &RgbImage) -> Layer {
    let (width, height) = render.dimensions();
    let (glyphs, count) = page.glyphs(width, height, MOST_GLYPHS);
    let seen = visible::which(page, render, &glyphs);
    let mut layer = words(&glyphs, &seen, [width as f32, height as f32]);
    layer.hidden += count - glyphs.len();
    layer
}

fn words(glyphs: &[Glyph], seen: &[bool], [width, height]: [f32; 2]) -> Layer {
    let mut layer = Layer {
        words: Vec::new(),
        hidden: 0,
    };
    let mut word: Option<TextWord> = None;
    let mut last = BBox::new(0.0, 0.0, 0.0, 0.0);
    let end = |word: &mut Option<TextWord>, words: &mut Vec<TextWord>| words.extend(word.take());
    for (glyph, &seen) in glyphs.iter().zip(seen) {
        let blank = glyph
            .text
            .is_some_and(|c| c.is_whitespace() || c.is_control());
        // A soft hyphen at a line's end is printed as a hyphen.
        let text = glyph.text.map(|c| {
            if matches!(c, '\u{2}' | '\u{ad}') {
                '-'
            } else {
                c
            }
        });
        if glyph.generated || (blank && text != Some('-')) {
            end(&mut word, &mut layer.words);
            continue;
        }
        let (Some(text), Some(bbox), true) = (text, glyph.bbox, seen) else {
            layer.hidden += usize::from(!seen);
            end(&mut word, &mut layer.words);
            continue;
        };
        let bbox = BBox::new(
            bbox.x0.clamp(0.0, width),
            bbox.y0.clamp(0.0, height),
            bbox.x1.clamp(0.0, width),
            bbox.y1.clamp(0.0, height),
        );
        match &mut word {
            Some(word) if follows(&last, &bbox) => {
                word.text.push(text);
                word.bbox = word.bbox.union(&bbox);
            }
            _ => {
                end(&mut word, &mut layer.words);
                word = Some(TextWord {
                    text: text.into(),
                    bbox,
                });
            }
        }
        last = bbox;
    }
    end(&mut word, &mut layer.words);
    layer
}

/// Does a glyph continue the word that ends with `last`? Not when it stands further away than the
/// larger of both is tall or wide: text of another place that only follows in the file.
fn follows(last: &BBox, glyph: &BBox) -> bool {
    let size = [last, glyph]
        .iter()
        .fold(0.0_f32, |s, b| s.max(b.width()).max(b.height()));
    let gap_x = (glyph.x0 - last.x1).max(last.x0 - glyph.x1);
    let gap_y = (glyph.y0 - last.y1).max(last.y0 - glyph.y1);
    gap_x <= size && gap_y <= size
}
