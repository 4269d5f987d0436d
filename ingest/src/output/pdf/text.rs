//! The invisible words: each in a text matrix of its own, along its quad's bottom edge, stretched so
//! that its characters fill the quad. A space of its own stands after each, since scripts without gaps
//! must come out as words too, and since PDFium, which sorts what it takes for one line from left to
//! right, would else mix the lines of a page that lies on its side.
//!
//! A word that is only a little askew is laid along the nearer axis, about the quad's middle: poppler
//! ends a word whose baseline moves by half a point, and `10.0` would come out as `10` and `.0`.

use pdf_writer::{Content, Name, Str, types::TextRenderingMode};
use schemas::{Orientation, Page, Point, Quad};

use super::font::{self, Font};

/// The font's name in a page's resources.
pub(super) const FONT: Name<'static> = Name(b"Words");

/// Least gap between two words of a line, in heights of the text; poppler looks for 0.15.
const GAP: f32 = 0.2;

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
            let next = runs.get(i + 1);
            let run = run.apart_from(next);
            show(content, &word.text, &run, font);
            show(content, " ", &run.space(next), font);
        }
    }
    content.end_text();
}

impl Run {
    fn of(quad: &Quad, orientation: Orientation, page_height: f32) -> Self {
        let [_, _, right, left] = quad.map(|[x, y]| [x, page_height - y]).0;
        let edge = [right[0] - left[0], right[1] - left[1]];
        let length = edge[0].hypot(edge[1]);
        let (width, height) = (length.max(1.0), quad.height().max(1.0));
        // An edge without length has no direction: the page's then.
        let along = if length > 0.0 {
            edge.map(|v| v / length)
        } else {
            direction(orientation)
        };
        let run = Self {
            start: left,
            along,
            width,
            height,
        };
        let axis = if along[0].abs() > along[1].abs() {
            [along[0].signum(), 0.0]
        } else {
            [0.0, along[1].signum()]
        };
        let drift = along[0].abs().min(along[1].abs()) * width;
        if drift > height {
            return run;
        }
        let from_middle = Self {
            start: run.at(0.5, 0.5),
            along: axis,
            ..run
        };
        Self {
            start: from_middle.at(-0.5, -0.5),
            ..from_middle
        }
    }

    /// A point by its shares of width and height.
    fn at(&self, across: f32, up: f32) -> Point {
        let [x, y] = self.along;
        let (across, up) = (across * self.width, up * self.height);
        [
            self.start[0] + x * across - y * up,
            self.start[1] + y * across + x * up,
        ]
    }

    /// Shortened where the next word begins too soon: whoever tells words by their gaps needs one.
    fn apart_from(&self, next: Option<&Self>) -> Self {
        let gap = next.map_or(f32::INFINITY, |next| self.gap(next));
        let missing = (self.height * GAP - gap).max(0.0);
        Self {
            width: (self.width - missing).max(self.width / 2.0),
            ..*self
        }
    }

    /// From the end of this word to the start of the next. Where they still touch it is a sliver that
    /// ends where the next starts: whoever sorts by place must find it between them.
    fn space(&self, next: Option<&Self>) -> Self {
        let gap = next.map_or(self.height * GAP, |next| self.gap(next));
        let width = gap.max(self.height * 0.05);
        Self {
            start: self.at(1.0 - (width - gap) / self.width, 0.0),
            width,
            ..*self
        }
    }

    /// How far after the end of this word the next one starts, along this one.
    fn gap(&self, next: &Self) -> f32 {
        let [x, y] = self.along;
        let end = self.at(1.0, 0.0);
        (next.start[0] - end[0]) * x + (next.start[1] - end[1]) * y
    }
}

/// Which way text runs on such a page.
fn direction(orientation: Orientation) -> Point {
    match orientation {
        Orientation::Upright => [1.0, 0.0],
        Orientation::Quarter => [0.0, 1.0],
        Orientation::Half => [-1.0, 0.0],
        Orientation::ThreeQuarters => [0.0, -1.0],
    }
}

fn show(content: &mut Content, text: &str, run: &Run, font: &mut Font) {
    let codes = font.codes(text);
    let characters = codes.len() / 2;
    if characters == 0 {
        return;
    }
    let [x, y] = run.along;
    // The bottom edge lies below the baseline by the font's descent.
    let baseline = run.at(0.0, font::DESCENT / font::EM);
    let natural = characters as f32 * run.height * font::ADVANCE / font::EM;
    content
        .set_font(FONT, rounded(run.height, 100.0))
        .set_horizontal_scaling(rounded(run.width / natural * 100.0, 1000.0))
        .set_text_matrix([
            rounded(x, 1e5),
            rounded(y, 1e5),
            rounded(-y, 1e5),
            rounded(x, 1e5),
            rounded(baseline[0], 100.0),
            rounded(baseline[1], 100.0),
        ])
        .show(Str(&codes));
}

fn rounded(v: f32, parts: f32) -> f32 {
    (v * parts).round() / parts
}
