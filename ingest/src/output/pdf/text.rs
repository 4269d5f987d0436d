//! The invisible words: each in a text matrix of its own, along its quad's bottom edge, stretched so
//! that its characters fill the quad. A space of its own stands between the words of a line, since
//! scripts without gaps must come out as words too.

use pdf_writer::{Content, Name, Str, types::TextRenderingMode};
use schemas::{Orientation, Page, Point, Quad};

use super::font::{self, Font};

/// The font's name in a page's resources.
pub(super) const FONT: Name<'static> = Name(b"Words");

/// A stretch of text, in pixels of a page whose y grows upwards.
struct Run {
    /// Left end of the bottom edge.
    start: Point,
    /// Along the text, of length 1.
    along: Point,
    width: f32,
    height: f32,
}

/// The words of a page whose raster has this height in pixels.
pub(super) fn write(content: &mut Content, page: &Page, height: f32, font: &mut Font) {
    content
        .begin_text()
        .set_text_rendering_mode(TextRenderingMode::Invisible);
    for line in &page.lines {
        let runs: Vec<Run> = line
            .words
            .iter()
            .map(|word| Run::of(&word.quad, page.orientation, height))
            .collect();
        for (i, (word, run)) in line.words.iter().zip(&runs).enumerate() {
            show(content, &word.text, run, font);
            if let Some(next) = runs.get(i + 1) {
                show(content, " ", &run.gap(next), font);
            }
        }
    }
    content.end_text();
}

impl Run {
    fn of(quad: &Quad, orientation: Orientation, height: f32) -> Self {
        let [_, _, right, left] = quad.map(|[x, y]| [x, height - y]).0;
        let edge = [right[0] - left[0], right[1] - left[1]];
        let width = edge[0].hypot(edge[1]);
        // An edge without length has no direction: the page's then.
        let along = if width > 0.0 {
            edge.map(|v| v / width)
        } else {
            match orientation {
                Orientation::Upright => [1.0, 0.0],
                Orientation::Quarter => [0.0, 1.0],
                Orientation::Half => [-1.0, 0.0],
                Orientation::ThreeQuarters => [0.0, -1.0],
            }
        };
        Self {
            start: left,
            along,
            width: width.max(1.0),
            height: quad.height().max(1.0),
        }
    }

    /// From the end of this word to the start of the next; at least a sliver, where they touch.
    fn gap(&self, next: &Self) -> Self {
        let [x, y] = self.along;
        let start = [
            self.start[0] + x * self.width,
            self.start[1] + y * self.width,
        ];
        let way = (next.start[0] - start[0]) * x + (next.start[1] - start[1]) * y;
        Self {
            start,
            width: way.max(self.height * 0.05),
            ..*self
        }
    }
}

fn show(content: &mut Content, text: &str, run: &Run, font: &mut Font) {
    let codes = font.codes(text);
    let characters = codes.len() / 2;
    if characters == 0 {
        return;
    }
    let [x, y] = run.along;
    // The quad's bottom edge lies below the baseline by the font's descent.
    let down = run.height * font::DESCENT / font::EM;
    let natural = characters as f32 * run.height * font::ADVANCE / font::EM;
    content
        .set_font(FONT, rounded(run.height, 100.0))
        .set_horizontal_scaling(rounded(run.width / natural * 100.0, 1000.0))
        .set_text_matrix([
            rounded(x, 1e5),
            rounded(y, 1e5),
            rounded(-y, 1e5),
            rounded(x, 1e5),
            rounded(run.start[0] - y * down, 100.0),
            rounded(run.start[1] + x * down, 100.0),
        ])
        .show(Str(&codes));
}

fn rounded(v: f32, parts: f32) -> f32 {
    (v * parts).round() / parts
}
