//! A square and what speaks for its being a check box: how well it is drawn, how clear the paper around it is, and
//! others of its size on the page.

use fusion::DrawnBox;
use schemas::BBox;

/// Share of each side that ink must cover.
pub(super) const COVERED: f32 = 0.8;
/// Share of the clear ring around a box that ink may cover: a tick goes beyond its box.
pub(super) const AROUND: f32 = 0.2;
/// More ink than this share of the inside is a mark.
pub(super) const MARKED: f32 = 0.07;
/// Evidence of a box without doubt, of one that stands alone, and of one beside others of its size.
pub(super) const SURE: f32 = 0.7;
const ALONE: f32 = 0.85;
const BESIDE_KIN: f32 = 0.35;
/// A marked square of a shorter side, in pixels, may be a letter.
const PLAIN_SIDE: usize = 18;
/// The shorter side of two boxes of one form over the longer.
const KIN: f32 = 0.85;
/// More than this is a filled square.
pub(super) const FILLED: f32 = 0.85;

/// Outer pixels of a square, all four included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub x0: usize,
    pub y0: usize,
    pub x1: usize,
    pub y1: usize,
}

/// A square and what speaks for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Square {
    pub frame: Frame,
    /// Share of the worst side that is inked.
    pub covered: f32,
    /// Share of the worst side that is as dark as the outline.
    pub dark: f32,
    /// Share of the ring around it that is inked.
    pub around: f32,
    /// Share of the inside that is inked.
    pub inside: f32,
}

impl Frame {
    pub fn width(&self) -> usize {
        self.x1 - self.x0 + 1
    }

    pub fn height(&self) -> usize {
        self.y1 - self.y0 + 1
    }

    pub fn side(&self) -> usize {
        self.width().midpoint(self.height())
    }

    pub fn apart(&self, other: &Self) -> bool {
        self.x1 < other.x0 || other.x1 < self.x0 || self.y1 < other.y0 || other.y1 < self.y0
    }
}

impl Square {
    /// The best of several that overlap: well covered, then large.
    pub fn rank(&self) -> f32 {
        self.covered - self.around + 0.004 * self.frame.side() as f32
    }

    pub fn drawn(&self) -> DrawnBox {
        let Frame { x0, y0, x1, y1 } = self.frame;
        DrawnBox {
            bbox: BBox::new(x0 as f32, y0 as f32, (x1 + 1) as f32, (y1 + 1) as f32),
            checked: self.inside > MARKED,
            evidence: self.evidence(),
        }
    }

    /// Is it drawn well enough, given the well drawn empty boxes of the page? One without its like must
    /// be drawn better, and if it is marked, be no letter: a filled one is a bullet, a small one an `8`.
    pub fn is_box(&self, empty: &[Self]) -> bool {
        let kin = |other: &&Self| alike(self.frame.side(), other.frame.side(), KIN);
        let is_empty = self.inside <= MARKED;
        let itself = is_empty && self.evidence() >= SURE;
        if empty.iter().filter(kin).count() > usize::from(itself) {
            return self.evidence() >= BESIDE_KIN;
        }
        let plain = is_empty || (self.inside < FILLED && self.frame.side() >= PLAIN_SIDE);
        plain && self.evidence() >= ALONE
    }

    /// 0..=1: how well the outline is drawn and how clearly it is marked or empty.
    pub fn evidence(&self) -> f32 {
        let outline = (self.dark - COVERED) / (1.0 - COVERED);
        let clear = 1.0 - self.around / AROUND;
        let state = (self.inside - MARKED).abs() / MARKED;
        outline.clamp(0.0, 1.0).min(state.clamp(0.0, 1.0)) * 0.7 + clear.clamp(0.0, 1.0) * 0.3
    }
}

/// Is the lesser of two lengths at least this share of the greater?
pub(super) fn alike(a: usize, b: usize, least: f32) -> bool {
    a.min(b) as f32 >= least * a.max(b) as f32
}
