//! A box is no text: it is painted over before anyone reads.

use fusion::DrawnBox;
use image::{GrayImage, RgbImage};
use schemas::BBox;

use crate::prepare::{binarise::BinaryImage, cover::cover};

/// Paints boxes over with the paper around them, marks that stick out of them included.
pub fn erase(
    boxes: &[DrawnBox],
    color: &mut RgbImage,
    flat: &mut GrayImage,
    ink: &mut BinaryImage,
) {
    for drawn in boxes {
        let b = drawn.bbox;
        let reach = if drawn.checked { 0.3 } else { 0.12 } * b.height() + 1.0;
        // A mark sticks out upwards and to the right; text begins further right than it goes.
        let side = 0.12 * b.height() + 1.0;
        let part = BBox::new(b.x0 - side, b.y0 - reach, b.x1 + side, b.y1 + reach);
        cover(&part, color, flat, ink);
    }
}
