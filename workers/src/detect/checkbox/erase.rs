//! A box is no text: it is painted over before anyone reads.

use fusion::DrawnBox;
use image::{GrayImage, Rgb, RgbImage};
use schemas::BBox;

use crate::prepare::binarise::BinaryImage;

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
        let [x0, y0, x1, y1] = pixels(&part, flat.width(), flat.height());
        let paper = paper(color, [x0, y0, x1, y1]);
        for y in y0..y1 {
            for x in x0..x1 {
                color.put_pixel(x, y, paper);
                flat.put_pixel(x, y, image::Luma([255]));
                ink.set(x as usize, y as usize, false);
            }
        }
    }
}

/// The brightest tenth of the rim of a region, by channel.
fn paper(color: &RgbImage, [x0, y0, x1, y1]: [u32; 4]) -> Rgb<u8> {
    let rows = (y0..y1).flat_map(|y| [[x0, y], [x1.saturating_sub(1), y]]);
    let columns = (x0..x1).flat_map(|x| [[x, y0], [x, y1.saturating_sub(1)]]);
    let rim: Vec<[u8; 3]> = rows
        .chain(columns)
        .filter_map(|[x, y]| Some(color.get_pixel_checked(x, y)?.0))
        .collect();
    Rgb([0, 1, 2].map(|channel| {
        let mut levels: Vec<u8> = rim.iter().map(|pixel| pixel[channel]).collect();
        levels.sort_unstable();
        levels.get(levels.len() * 7 / 10).copied().unwrap_or(255)
    }))
}

fn pixels(part: &BBox, width: u32, height: u32) -> [u32; 4] {
    let cut = |v: f32, most: u32| (v.round().max(0.0) as u32).min(most);
    [
        cut(part.x0, width),
        cut(part.y0, height),
        cut(part.x1, width),
        cut(part.y1, height),
    ]
}
