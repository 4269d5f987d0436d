//! Fax: modified Huffman, MR and MMR coded rows (ITU-T T.4 and T.6; TIFF 6.0, section 11).
//!
//! A row is the list of its colour changes. A damaged Group 3 row repeats the one above and reading
//! goes on at the next end-of-line, as fax machines do; more than one in ten refuses the page.

use fax::BitReader;
use fax::maps::{Mode, black, mode, white};
use image::{GrayImage, Luma};
use schemas::Reject;

use crate::decode::source;

/// How rows are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// One-dimensional rows, each starting at a byte (TIFF compression 2).
    Rows,
    /// One-dimensional rows behind end-of-line codes (T.4).
    Group3,
    /// A bit behind each end-of-line code says whether the row is one- or two-dimensional (T.4).
    Group3Mixed,
    /// Two-dimensional rows (T.6).
    Group4,
}

/// The coded bytes of some rows, most significant bit first.
pub(super) struct Strip<'a> {
    pub bytes: &'a [u8],
    pub coding: Coding,
    pub rows: u32,
}

/// A page in the making.
pub(super) struct Page {
    width: u32,
    height: u32,
    image: GrayImage,
    ink: u8,
    /// Rows painted so far.
    painted: u32,
    damaged: usize,
}

enum Row {
    Good(Vec<u32>),
    Damaged,
    End,
}

impl Page {
    /// Ink is black when white is stored as 0, else the page is negative.
    pub fn new(width: u32, height: u32, white_is_zero: bool) -> Self {
        let (paper, ink) = if white_is_zero { (255, 0) } else { (0, 255) };
        Self {
            width,
            height,
            image: GrayImage::from_pixel(width, height, Luma([paper])),
            ink,
            painted: 0,
            damaged: 0,
        }
    }

    pub fn read(&mut self, strip: &Strip) -> Result<(), Reject> {
        let mut bits = Bits {
            bytes: strip.bytes,
            at: 0,
        };
        let mut above = Vec::new();
        for done in 0..strip.rows {
            match self.row(&mut bits, &above, strip.coding) {
                Row::Good(row) => above = row,
                Row::Damaged if matches!(strip.coding, Coding::Group3 | Coding::Group3Mixed) => {
                    self.damaged += 1;
                    if self.damaged > 2 + self.height as usize / 10 {
                        return Err(source::malformed("fax"));
                    }
                }
                Row::Damaged if bits.ended() => return Err(source::truncated("fax")),
                Row::Damaged => return Err(source::malformed("fax")),
                // Encoders may leave out white rows at the foot of a page, but not most of it.
                Row::End if done * 2 >= strip.rows => {
                    self.painted += strip.rows - done;
                    return Ok(());
                }
                Row::End => return Err(source::truncated("fax")),
            }
            self.paint(&above);
        }
        Ok(())
    }

    pub fn into_image(self) -> GrayImage {
        self.image
    }

    /// The next row, as its colour changes.
    fn paint(&mut self, changes: &[u32]) {
        for run in changes.chunks(2) {
            let end = run.get(1).copied().unwrap_or(self.width);
            for x in run[0]..end {
                self.image.put_pixel(x, self.painted, Luma([self.ink]));
            }
        }
        self.painted += 1;
    }

    fn row(&self, bits: &mut Bits, above: &[u32], coding: Coding) -> Row {
        match coding {
            Coding::Group4 => two_dimensional_row(bits, above, self.width),
            Coding::Rows => {
                bits.at = bits.at.next_multiple_of(8);
                if bits.ended() {
                    return Row::End;
                }
                one_dimensional_row(bits, self.width)
            }
            Coding::Group3 | Coding::Group3Mixed => self.marked_row(bits, above, coding),
        }
    }

    /// A row between end-of-line codes: one that does not end at the next was hit by noise.
    fn marked_row(&self, bits: &mut Bits, above: &[u32], coding: Coding) -> Row {
        let is_mixed = coding == Coding::Group3Mixed;
        let marks = bits.skip_marks(is_mixed);
        if marks.count >= 2 || bits.ended() {
            return Row::End;
        }
        let start = bits.at;
        let row = if is_mixed && !marks.one_dimensional {
            two_dimensional_row(bits, above, self.width)
        } else {
            one_dimensional_row(bits, self.width)
        };
        // Some writers leave the marks out altogether.
        let ends_well = marks.count == 0 || bits.at_mark() || bits.ended();
        if ends_well && matches!(row, Row::Good(_)) {
            return row;
        }
        // A wrong code may have eaten zeros of the next mark, so it is looked for from the start.
        bits.at = start;
        bits.find_mark();
        Row::Damaged
    }
}

fn run(bits: &mut Bits, is_black: bool) -> Option<u32> {
    let mut length = 0_u32;
    loop {
        let part = if is_black {
            black::decode(bits)
        } else {
            white::decode(bits)
        }?;
        length = length.checked_add(u32::from(part))?;
        if part < 64 {
            return Some(length);
        }
    }
}

fn one_dimensional_row(bits: &mut Bits, width: u32) -> Row {
    let mut changes = Vec::new();
    let (mut at, mut is_black) = (0_u32, false);
    while at < width {
        let end = run(bits, is_black).and_then(|n| at.checked_add(n));
        let Some(end) = end.filter(|&end| end <= width) else {
            return Row::Damaged;
        };
        push(&mut changes, end, width);
        at = end;
        is_black = !is_black;
    }
    Row::Good(without_empty_runs(changes))
}

/// Two changes at one place are none; the row below must not see them.
fn without_empty_runs(changes: Vec<u32>) -> Vec<u32> {
    let mut kept: Vec<u32> = Vec::with_capacity(changes.len());
    for at in changes {
        if kept.last() == Some(&at) {
            kept.pop();
        } else {
            kept.push(at);
        }
    }
    kept
}

fn two_dimensional_row(bits: &mut Bits, above: &[u32], width: u32) -> Row {
    let mut changes = Vec::new();
    let (mut a0, mut is_black, mut first) = (0_u32, false, true);
    let mut next = 0;
    while a0 < width {
        // b1: the first change above, right of a0, to the colour opposite to the current one.
        while next > 0 && above.get(next - 1).is_none_or(|&b| b > a0) {
            next -= 1;
        }
        while above
            .get(next)
            .is_some_and(|&b| b < a0 || (b == a0 && !first))
        {
            next += 1;
        }
        next += usize::from(next % 2 != usize::from(is_black));
        let b1 = above.get(next).copied().unwrap_or(width);
        let b2 = above.get(next + 1).copied().unwrap_or(width);
        let Some(code) = mode::decode(bits) else {
            return Row::Damaged;
        };
        match code {
            Mode::Pass => a0 = b2,
            Mode::Vertical(delta) => {
                let Some(a1) = b1
                    .checked_add_signed(delta.into())
                    .filter(|&a1| a1 <= width && a1 >= a0)
                else {
                    return Row::Damaged;
                };
                push(&mut changes, a1, width);
                is_black = !is_black;
                a0 = a1;
            }
            Mode::Horizontal => {
                for color in [is_black, !is_black] {
                    let end = run(bits, color).and_then(|n| a0.checked_add(n));
                    let Some(end) = end.filter(|&end| end <= width) else {
                        return Row::Damaged;
                    };
                    push(&mut changes, end, width);
                    a0 = end;
                }
            }
            Mode::EOF if first => return Row::End,
            Mode::EOF | Mode::Extension => return Row::Damaged,
        }
        first = false;
    }
    Row::Good(without_empty_runs(changes))
}

/// Every change is kept, so that the parity of its index is its colour; the edge is no change.
fn push(changes: &mut Vec<u32>, at: u32, width: u32) {
    if at < width {
        changes.push(at);
    }
}

struct Marks {
    count: usize,
    one_dimensional: bool,
}

struct Bits<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl Bits<'_> {
    fn ended(&self) -> bool {
        self.at >= self.bytes.len() * 8
    }

    fn window(&self) -> u32 {
        (0..4).fold(0, |window, n| {
            window << 8 | u32::from(self.bytes.get(self.at / 8 + n).copied().unwrap_or(0))
        }) << (self.at % 8)
    }

    /// No code of a run begins with more than seven zeros.
    fn at_mark(&self) -> bool {
        self.window() >> 21 == 0
    }

    /// Skips fill and end-of-line codes, each with its tag bit where rows are mixed.
    fn skip_marks(&mut self, tagged: bool) -> Marks {
        let mut marks = Marks {
            count: 0,
            one_dimensional: true,
        };
        while self.at_mark() && !self.ended() {
            while self.window() >> 31 == 0 && !self.ended() {
                self.at += 1;
            }
            self.at += 1;
            marks.count += 1;
            if tagged {
                marks.one_dimensional = self.window() >> 31 == 1;
                self.at += 1;
            }
        }
        marks
    }

    fn find_mark(&mut self) {
        while !self.at_mark() && !self.ended() {
            self.at += 1;
        }
    }
}

impl BitReader for Bits<'_> {
    type Error = std::convert::Infallible;

    fn peek(&self, bits: u8) -> Option<u16> {
        // Zeros stand behind the end; a row that reads them is damaged and `ended` says why.
        (1..=16)
            .contains(&bits)
            .then(|| (self.window() >> (32 - u32::from(bits))) as u16)
    }

    fn consume(&mut self, bits: u8) -> Result<(), Self::Error> {
        self.at += usize::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        ((8 - self.at % 8) % 8) as u8
    }
}
