//! Segments that stand beside each other become rows.

use schemas::BBox;

use super::Segment;

/// Segments share a row when this much of the lower one's height is shared.
const OVERLAP: f32 = 0.5;

/// Groups segments into rows, top to bottom, each from left to right. A row follows its last segment
/// to the right, so that a slight slope or curl does not tear it.
#[must_use]
pub(super) fn rows(mut segments: Vec<Segment>) -> Vec<Vec<Segment>> {
    segments.sort_by(|a, b| a.bbox().x0.total_cmp(&b.bbox().x0));
    let mut rows: Vec<Vec<Segment>> = Vec::new();
    for segment in segments {
        let bbox = segment.bbox();
        let best = rows
            .iter()
            .enumerate()
            .filter_map(|(i, row)| {
                let last = row.last()?.bbox();
                continues(&last, &bbox).then(|| (i, (last.center()[1] - bbox.center()[1]).abs()))
            })
            .min_by(|a, b| a.1.total_cmp(&b.1));
        match best {
            Some((i, _)) => rows[i].push(segment),
            None => rows.push(vec![segment]),
        }
    }
    rows.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
    rows
}

fn continues(last: &BBox, next: &BBox) -> bool {
    let overlap = last.x1 - next.x0;
    last.vertical_overlap(next) >= OVERLAP && overlap < 0.5 * last.height().min(next.height())
}

fn middle(row: &[Segment]) -> f32 {
    row.iter()
        .map(|segment| segment.bbox().center()[1])
        .sum::<f32>()
        / row.len() as f32
}
