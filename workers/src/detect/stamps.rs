//! Print under a stamp. A stamp's letters are larger and paler than the page's; the detector takes them for a
//! line, and the print that they cross for a part of it. So what is dark there is looked for by itself.
//! Limit: a stamp as dark or as small as the print that it crosses is not told from it.

use image::GrayImage;
use schemas::{BBox, Quad};

use crate::prepare::{binarise::BinaryImage, lines::text_lines, show_through};

/// A stamp's line is so many times as high as the usual one.
const TALL: f32 = 1.8;
/// No more than this share of its ink is dark: what it crosses.
const DARK: f32 = 0.5;
/// Grey below this is ink, pale or dark.
const INK: u8 = 220;

/// Adds to `lines` the print under those of them that are stamps, which come last then. `ink` is the page's.
pub fn add_print_under(lines: &mut Vec<Quad>, flat: &GrayImage, ink: &BinaryImage) {
    let (mut others, stamps) = part(std::mem::take(lines), flat, ink);
    if !stamps.is_empty() {
        super::add_missing(&mut others, &print_under(&stamps, flat, ink), flat);
        others.extend(stamps);
    }
    *lines = others;
}

/// Parts lines of stamps from the others: the others, and the stamps.
fn part(lines: Vec<Quad>, flat: &GrayImage, ink: &BinaryImage) -> (Vec<Quad>, Vec<Quad>) {
    let usual = usual_height(&lines);
    let is_tall = |line: &Quad| line.height() > TALL * usual;
    if !lines.iter().any(is_tall) {
        return (lines, Vec::new());
    }
    let Some(pale) = show_through::pale_from(flat, ink) else {
        return (lines, Vec::new());
    };
    lines
        .into_iter()
        .partition(|line| !is_tall(line) || dark_share(line, flat, pale) > DARK)
}

/// The median height of lines, the long ones counting more: specks of dirt can be many.
fn usual_height(lines: &[Quad]) -> f32 {
    let mut sizes: Vec<[f32; 2]> = lines.iter().map(|q| [q.height(), q.width()]).collect();
    sizes.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]));
    let mut rest = sizes.iter().map(|[_, width]| width).sum::<f32>() / 2.0;
    let median = sizes.iter().find(|[_, width]| {
        rest -= width;
        rest <= 0.0
    });
    median.map_or(0.0, |[height, _]| *height)
}

/// The dark print that lies under these stamps, or reaches beneath them.
fn print_under(stamps: &[Quad], flat: &GrayImage, ink: &BinaryImage) -> Vec<BBox> {
    let Some(pale) = show_through::pale_from(flat, ink) else {
        return Vec::new();
    };
    let dark = BinaryImage::from_fn(ink.width(), ink.height(), |x, y| {
        ink.get(x, y) && flat.get_pixel(x as u32, y as u32)[0] < pale
    });
    let stamps: Vec<BBox> = stamps.iter().map(Quad::bbox).collect();
    let mut found: Vec<BBox> = text_lines(&dark).iter().map(Quad::bbox).collect();
    found.retain(|line| stamps.iter().any(|stamp| stamp.intersection(line) > 0.0));
    found
}

/// Share of the ink in a line's box that is darker than `pale`.
fn dark_share(line: &Quad, flat: &GrayImage, pale: u8) -> f32 {
    let b = line.bbox();
    let clamp = |v: f32, side: u32| (v.max(0.0) as u32).min(side);
    let (x0, x1) = (clamp(b.x0, flat.width()), clamp(b.x1, flat.width()));
    let (y0, y1) = (clamp(b.y0, flat.height()), clamp(b.y1, flat.height()));
    let (mut ink, mut dark) = (0_u32, 0_u32);
    for grey in (y0..y1).flat_map(|y| (x0..x1).map(move |x| flat.get_pixel(x, y)[0])) {
        ink += u32::from(grey < INK);
        dark += u32::from(grey < pale);
    }
    dark as f32 / ink.max(1) as f32
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};
    use schemas::BBox;

    use super::{part, print_under};
    use crate::prepare::binarise;

    /// Ten rows of dark print, and big strokes of `stamp` over the ends of three of them.
    fn page(stamp: u8) -> GrayImage {
        GrayImage::from_fn(600, 400, |x, y| {
            let (u, v) = (x % 12, y % 36);
            let print = (40..300).contains(&x) && v < 14 && u < 9 && (u < 2 || u > 6 || v < 2);
            let big = (240..420).contains(&x) && (70..150).contains(&y) && (x - 240) % 40 < 12;
            Luma([if print {
                30
            } else if big {
                stamp
            } else {
                255
            }])
        })
    }

    #[test]
    fn dark_print_is_found_under_a_pale_stamp_and_not_under_a_heading() {
        let rows = (0..10).map(|row| {
            let y = row as f32 * 36.0;
            BBox::new(38.0, y - 2.0, 302.0, y + 16.0).quad()
        });
        let big = BBox::new(236.0, 66.0, 424.0, 154.0).quad();
        let lines: Vec<_> = rows.chain([big]).collect();
        let flat = page(180);
        let ink = binarise::sauvola(&flat, 41, 0.1);
        let (others, stamps) = part(lines.clone(), &flat, &ink);
        assert_eq!((others.len(), &stamps[..]), (10, &[big][..]));
        let under = print_under(&stamps, &flat, &ink);
        assert_eq!(under.len(), 3, "{under:?}");
        assert!(under.iter().all(|line| line.x0 < 45.0 && line.x1 > 295.0));
        let specks = (0..40).map(|i| BBox::new(500.0, i as f32, 504.0, i as f32 + 4.0).quad());
        let dirty: Vec<_> = lines.iter().copied().chain(specks).collect();
        assert_eq!(
            part(dirty, &flat, &ink).1,
            [big],
            "specks make print no taller"
        );
        let flat = page(40);
        let ink = binarise::sauvola(&flat, 41, 0.1);
        let (others, stamps) = part(lines, &flat, &ink);
        assert_eq!((others.len(), stamps.len()), (11, 0));
    }
}
