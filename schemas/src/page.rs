//! A page after fusion: the lines in reading order, each word with the votes that made it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{BBox, Confidence, Engine, Quad};

/// One page of a document result. Coordinates are pixels of the page raster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// Position in the document, from 0.
    pub index: usize,
    /// How reading it went.
    pub status: PageStatus,
    /// Raster width in pixels.
    pub width: u32,
    /// Raster height in pixels.
    pub height: u32,
    /// Dots per inch, null when unknown.
    pub dpi: Option<f32>,
    /// Whose page it is by the file's own header, where it has one (DICOM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The clockwise turn that makes the raster upright.
    pub orientation: Orientation,
    /// The clockwise turn in degrees still needed after `orientation`.
    pub skew_degrees: f32,
    /// Fraction 0..=1 of ink pixels outside every word.
    pub unread_ink: f32,
    /// What each engine did here.
    pub readers: Vec<ReaderReport>,
    /// Tables as rows and columns.
    pub tables: Vec<Table>,
    /// Check boxes.
    pub checkboxes: Vec<Checkbox>,
    /// Lines in reading order.
    pub lines: Vec<Line>,
}

/// A patient as a file's header names them; nothing of it was read from pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// The name in the order of speech, its parts with a space between them.
    pub name: Option<String>,
    /// The date of birth, `YYYY-MM-DD`.
    pub birth_date: Option<String>,
    /// The record number.
    pub id: Option<String>,
}

/// How reading a page went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageStatus {
    /// Every wanted engine read it.
    Ok,
    /// At least one engine failed; the others read it.
    Partial,
    /// There is no text on it.
    Blank,
    /// No engine could read it.
    Failed,
}

/// A clockwise quarter turn, written 0, 90, 180 or 270.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "u16", into = "u16")]
#[schemars(with = "u16")]
pub enum Orientation {
    /// Upright already.
    #[default]
    Upright,
    /// 90 degrees clockwise.
    Quarter,
    /// 180 degrees.
    Half,
    /// 270 degrees clockwise.
    ThreeQuarters,
}

impl Orientation {
    /// All four, in order of turn.
    pub const ALL: [Self; 4] = [
        Self::Upright,
        Self::Quarter,
        Self::Half,
        Self::ThreeQuarters,
    ];

    /// The turn in degrees.
    #[must_use]
    pub fn degrees(self) -> u16 {
        match self {
            Self::Upright => 0,
            Self::Quarter => 90,
            Self::Half => 180,
            Self::ThreeQuarters => 270,
        }
    }
}

impl From<Orientation> for u16 {
    fn from(value: Orientation) -> Self {
        value.degrees()
    }
}

impl TryFrom<u16> for Orientation {
    type Error = String;

    fn try_from(degrees: u16) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|o| o.degrees() == degrees)
            .ok_or_else(|| format!("an orientation is 0, 90, 180 or 270, not {degrees}"))
    }
}

/// What one engine did on a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReaderReport {
    /// Which.
    pub engine: Engine,
    /// How it ended.
    pub status: ReaderStatus,
    /// Why it did not read, in words.
    pub error: Option<String>,
}

/// How an engine ended on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReaderStatus {
    /// It read.
    Ok,
    /// It failed.
    Failed,
    /// It was stopped at its time limit.
    Timeout,
    /// It was not asked: nothing on the page is for it.
    Skipped,
}

/// A line of text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Its words with single spaces, or a tab where the page leaves a wide gap between cells.
    pub text: String,
    /// Around its words.
    pub bbox: BBox,
    /// From left to right.
    pub words: Vec<Word>,
}

/// A word with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Word {
    /// `p{page}w{n}`, both from 0.
    pub id: String,
    /// What was read; some engine read exactly these characters at these places.
    pub text: String,
    /// Around `quad`.
    pub bbox: BBox,
    /// Clockwise from the text's own top left.
    pub quad: Quad,
    /// Calibrated probability that `text` is right.
    pub confidence: Confidence,
    /// `[start, end)` in Unicode scalar values of the document's text.
    pub span: [usize; 2],
    /// What each engine read here.
    pub votes: Vec<Vote>,
}

/// One engine's reading of a word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Vote {
    /// Who.
    pub engine: Engine,
    /// What it read; empty when it read the line but nothing here.
    pub text: String,
    /// Its calibrated confidence.
    pub confidence: Confidence,
}

/// A table found on a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Table {
    /// Around its cells.
    pub bbox: BBox,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Cells that hold text.
    pub cells: Vec<Cell>,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// Row, from 0.
    pub row: usize,
    /// Column, from 0.
    pub column: usize,
    /// Its text.
    pub text: String,
    /// Its words.
    pub words: Vec<String>,
}

/// A check box, drawn or printed as `[ ]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Checkbox {
    /// Where.
    pub bbox: BBox,
    /// Is it ticked, crossed or filled?
    pub checked: bool,
    /// Probability that a box stands here and that `checked` is right.
    pub confidence: Confidence,
    /// The text beside it.
    pub label: String,
    /// Words of its label, and of the box where it is printed as text.
    pub words: Vec<String>,
}
