//! Frames that stand apart: the labels of a sheet, the cards of a leaflet. What one frame holds is read to its end
//! before the frame beside it. The cells of a table or form share their ruled lines and are no such frames.

use schemas::BBox;

use super::{Rulings, Segment, boxes::interleave, rows::rows};

/// Corners are rounded, and worn: lines of a frame meet that come so near, in pixels.
const MEETS: f32 = 24.0;
/// The share of a frame's width that its upper and lower line cover.
const COVERED: f32 = 0.6;
/// Rows that a card holds, at least.
const LEAST_ROWS: usize = 3;
/// A page with more lines than these from top to bottom is a grid, and no sheet of cards.
const MOST_LINES: usize = 150;
/// Between two frames lie so many pixels, at least.
const APART: f32 = 5.0;

/// Segments by card, in reading order; all in one without cards side by side.
#[must_use]
pub(super) fn units(segments: Vec<Segment>, rulings: &Rulings) -> Vec<Vec<Segment>> {
    let frames = side_by_side(&frames(rulings));
    let mut cards: Vec<(BBox, Vec<Segment>)> = frames
        .into_iter()
        .map(|frame| (frame, Vec::new()))
        .collect();
    let mut free = Vec::new();
    for segment in segments {
        let bbox = segment.bbox();
        match cards.iter_mut().find(|(frame, _)| holds(frame, &bbox)) {
            Some((_, members)) => members.push(segment),
            None => free.push(segment),
        }
    }
    let (full, few): (Vec<_>, Vec<_>) = cards
        .into_iter()
        .partition(|(_, members)| rows(members.clone()).len() >= LEAST_ROWS);
    free.extend(few.into_iter().flat_map(|(_, members)| members));
    let kept: Vec<BBox> = full.iter().map(|(frame, _)| *frame).collect();
    if side_by_side(&kept).len() < 2 {
        free.extend(full.into_iter().flat_map(|(_, members)| members));
        return vec![free];
    }
    interleave(full, free)
}

/// Rectangles whose four sides are ruled by lines that go no further.
fn frames(rulings: &Rulings) -> Vec<BBox> {
    let mut frames: Vec<BBox> = Vec::new();
    if rulings.vertical.len() > MOST_LINES {
        return frames;
    }
    for left in &rulings.vertical {
        for right in &rulings.vertical {
            let [l, r] = [left, right].map(|side| side.center()[0]);
            let level = (left.y0 - right.y0).abs() < MEETS && (left.y1 - right.y1).abs() < MEETS;
            if r - l < 2.0 * MEETS || !level {
                continue;
            }
            let frame = BBox::new(l, left.y0.min(right.y0), r, left.y1.max(right.y1));
            let ruled = |y: f32| is_ruled(&frame, y, rulings);
            if ruled(frame.y0) && ruled(frame.y1) && !spans_several(&frame, rulings) {
                frames.push(frame);
            }
        }
    }
    frames
}

/// Does a line of its own rule this side of the frame?
fn is_ruled(frame: &BBox, y: f32, rulings: &Rulings) -> bool {
    let near = || {
        rulings
            .horizontal
            .iter()
            .filter(|rule| (rule.center()[1] - y).abs() < MEETS)
            .filter(|rule| rule.x1 > frame.x0 + MEETS && rule.x0 < frame.x1 - MEETS)
    };
    let own = near().all(|rule| rule.x0 > frame.x0 - MEETS && rule.x1 < frame.x1 + MEETS);
    let covered: f32 = near()
        .map(|rule| rule.x1.min(frame.x1) - rule.x0.max(frame.x0))
        .sum();
    own && covered > COVERED * (frame.x1 - frame.x0)
}

/// Do its upper and lower line break off beside a line as tall as itself? There one frame ends and the next begins.
fn spans_several(frame: &BBox, rulings: &Rulings) -> bool {
    let covered = |x: f32, y: f32| {
        rulings
            .horizontal
            .iter()
            .any(|rule| (rule.center()[1] - y).abs() < MEETS && (rule.x0..=rule.x1).contains(&x))
    };
    rulings
        .vertical
        .iter()
        .filter(|side| {
            let x = side.center()[0];
            let tall = side.height() > 0.8 * frame.height();
            tall && x > frame.x0 + MEETS
                && x < frame.x1 - MEETS
                && side.y0 < frame.y1
                && side.y1 > frame.y0
        })
        .any(|side| {
            let x = side.center()[0];
            [frame.y0, frame.y1]
                .iter()
                .all(|y| !covered(x - 2.0 * APART, *y) || !covered(x + 2.0 * APART, *y))
        })
}

/// The outermost of the frames that have another beside them, apart.
fn side_by_side(frames: &[BBox]) -> Vec<BBox> {
    let beside = |a: &BBox, b: &BBox| {
        let shared = a.y1.min(b.y1) - a.y0.max(b.y0);
        let apart = b.x0 - a.x1 > APART || a.x0 - b.x1 > APART;
        apart && shared > 0.5 * a.height().min(b.height())
    };
    let inner =
        |a: &BBox, b: &BBox| holds(b, a) && (b.x1 - b.x0) * b.height() > (a.x1 - a.x0) * a.height();
    let paired: Vec<&BBox> = frames
        .iter()
        .filter(|frame| frames.iter().any(|other| beside(frame, other)))
        .collect();
    paired
        .iter()
        .filter(|frame| !paired.iter().any(|other| inner(frame, other)))
        .map(|frame| **frame)
        .collect()
}

/// Does a frame hold the middle of a box?
fn holds(frame: &BBox, bbox: &BBox) -> bool {
    let [x, y] = bbox.center();
    (frame.x0..=frame.x1).contains(&x) && (frame.y0..=frame.y1).contains(&y)
}
