//! Ink that nobody read: the share of text-like ink outside every word box.
//! Only letter-like components count: rules, pictures, rings and specks are not expected to be read.
//! Limit: a signature counts as unread, as does a barcode's printed number when no engine took it.

use schemas::{BBox, Quad};

use super::{
    binarise::BinaryImage,
    components::{Component, label},
    scale,
};

/// The fraction 0..=1 of ink pixels in letter-like components whose middle lies in no word; 0 on a
/// blank page. `words` are in the pixels of `ink`.
#[must_use]
pub fn unread_ink(ink: &BinaryImage, words: &[Quad]) -> f32 {
    let all = label(ink);
    let typical = scale::x_height_of(&all).unwrap_or(10.0);
    let boxes: Vec<(BBox, &Quad)> = words.iter().map(|quad| (quad.bbox(), quad)).collect();
    let text = all.list.iter().filter(|c| is_text(c, typical));
    let (mut total, mut unread) = (0u64, 0u64);
    for c in text {
        total += u64::from(c.area);
        let middle = [(c.x0 + c.x1) as f32 / 2.0, (c.y0 + c.y1) as f32 / 2.0];
        let read = boxes.iter().any(|(bbox, quad)| {
            let near = middle[0] >= bbox.x0
                && middle[0] <= bbox.x1
                && middle[1] >= bbox.y0
                && middle[1] <= bbox.y1;
            near && holds(quad, middle)
        });
        if !read {
            unread += u64::from(c.area);
        }
    }
    if total == 0 {
        0.0
    } else {
        unread as f32 / total as f32
    }
}

fn is_text(c: &Component, typical: f32) -> bool {
    let h = c.height() as f32;
    c.is_letter_like()
        && h >= 0.5 * typical
        && h <= 5.0 * typical
        && c.width() as f32 <= 15.0 * typical
}

/// Is the point inside or on the quadrilateral? Corners may run either way round.
fn holds(quad: &Quad, [x, y]: [f32; 2]) -> bool {
    let sides = (0..4).map(|i| {
        let (a, b) = (quad.0[i], quad.0[(i + 1) % 4]);
        (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
    });
    sides.clone().all(|s| s >= 0.0) || sides.clone().all(|s| s <= 0.0)
}

#[cfg(test)]
mod tests {
    use schemas::BBox;

    use super::unread_ink;
    use crate::prepare::binarise::BinaryImage;

    #[test]
    fn counts_letters_outside_words() {
        // Four words of five letters each, and a rule that nobody is expected to read.
        let page = BinaryImage::from_fn(400, 300, |x, y| {
            let (u, v) = (x % 20, y % 100);
            let letter =
                (20..120).contains(&x) && u < 12 && (40..58).contains(&v) && (u < 3 || v < 43);
            letter && y < 280 || (290..292).contains(&y)
        });
        let word = |row: usize| {
            BBox::new(
                18.0,
                row as f32 * 100.0 + 38.0,
                122.0,
                row as f32 * 100.0 + 60.0,
            )
            .quad()
        };
        for (name, words, want) in [
            ("all", vec![word(0), word(1), word(2)], 0.0),
            ("two of three", vec![word(0), word(2)], 1.0 / 3.0),
            ("none", vec![], 1.0),
        ] {
            assert!((unread_ink(&page, &words) - want).abs() < 0.01, "{name}");
        }
        assert!(unread_ink(&BinaryImage::new(30, 30), &[]).abs() < f32::EPSILON);
    }
}
