//! Painting over what is no text with the paper around it, before anyone reads.

use image::{GrayImage, Luma, Rgb, RgbImage};
use schemas::BBox;

use super::binarise::BinaryImage;

/// Turns a part of a page, in pixels, into paper in all its pictures.
pub fn cover(part: &BBox, color: &mut RgbImage, flat: &mut GrayImage, ink: &mut BinaryImage) {
    let [x0, y0, x1, y1] = pixels(part, flat.width(), flat.height());
    let paper = paper(color, [x0, y0, x1, y1]);
    for y in y0..y1 {
        for x in x0..x1 {
            color.put_pixel(x, y, paper);
            flat.put_pixel(x, y, Luma([255]));
            ink.set(x as usize, y as usize, false);
        }
    }
}

/// A bright level of the rim of a region, by channel.
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
