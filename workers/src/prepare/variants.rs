//! What the grain of a page wants, as measured on pages from clean to bad. Faint pages and those of two levels are read
//! better when it is smeared before anything else; where the pixels are few that costs more than it gives, and Tesseract
//! and EasyOCR gain from a median. Neither the removal of specks nor stretched contrast, CLAHE or Sauvola's ink did
//! good.
//! Limit: measured on made-up pages at 110 to 200 dpi.

use image::GrayImage;

use super::binarise::BinaryImage;

/// Greys for each black pixel of a page of two levels at most: JPEG makes up to 0.18, soft edges 0.25 and more.
const EDGES: f32 = 0.2;
/// On pages whose shorter side has fewer pixels, below some 140 dpi, letters lose strokes when they are smeared. Specks
/// make the letters' own height too uncertain to be asked.
const LARGE: u32 = 1150;
/// The least share of its paper.
const PAPER: f32 = 0.85;
/// Ink whose median is less dark than this is faint.
const FAINT: u8 = 60;

/// Is the page's ink hardly darker than its paper, given its flattened picture and the ink in it? Then grain is as
/// dark as strokes are, and what looks at single pixels is misled by it.
#[must_use]
pub fn is_faint(flat: &GrayImage, ink: &BinaryImage) -> bool {
    darkness(flat, ink).is_some_and(|darkness| darkness < FAINT)
}

/// The median darkness of the ink, from 0 to 255.
fn darkness(flat: &GrayImage, ink: &BinaryImage) -> Option<u8> {
    let mut levels = [0usize; 256];
    for (y, row) in flat.rows().enumerate() {
        for (pixel, _) in row.zip(ink.row(y)).filter(|(_, ink)| **ink) {
            levels[usize::from(255 - pixel.0[0])] += 1;
        }
    }
    let all: usize = levels.iter().sum();
    let mut below = 0;
    let median = levels.iter().position(|count| {
        below += count;
        below * 2 > all
    });
    median.map(|level| level as u8)
}

/// What a page of two levels wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cure {
    /// To be smeared as it is given, for all readers.
    Blur,
    /// [`super::denoise::salt_and_pepper`] on the flattened page, for the readers of grey.
    Median,
}

/// What a page wants as it is given, before turning or resizing; nothing unless it is of two levels.
#[must_use]
pub fn cure(grey: &GrayImage) -> Option<Cure> {
    is_two_level(grey).then(|| {
        if grey.width().min(grey.height()) >= LARGE {
            Cure::Blur
        } else {
            Cure::Median
        }
    })
}

/// Is nearly every pixel black or white, as in a fax, also one that was kept as JPEG since? Print that was scanned or drawn
/// has soft edges. False for an empty image, and for a photo with dark ground. Ask before turning or resizing, which
/// make greys.
fn is_two_level(grey: &GrayImage) -> bool {
    let [mut dark, mut middle, mut light] = [0usize; 3];
    for level in grey.as_raw() {
        match level {
            0..64 => dark += 1,
            64..192 => middle += 1,
            192.. => light += 1,
        }
    }
    dark > 0
        && middle as f32 <= EDGES * dark as f32
        && light as f32 >= PAPER * grey.as_raw().len() as f32
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::{Cure, cure, is_faint, is_two_level};
    use crate::prepare::binarise::BinaryImage;

    #[test]
    fn ink_is_faint_when_it_is_hardly_darker_than_paper() {
        let ink = BinaryImage::from_fn(300, 200, |x, y| x % 9 < 2 && y > 20);
        let page = |dark: u8| {
            GrayImage::from_fn(300, 200, |x, y| {
                Luma([255
                    - if ink.get(x as usize, y as usize) {
                        dark
                    } else {
                        4
                    }])
            })
        };
        assert!(is_faint(&page(45), &ink) && !is_faint(&page(75), &ink));
        assert!(!is_faint(&page(45), &BinaryImage::new(300, 200)), "no ink");
    }

    #[test]
    fn a_fax_is_smeared_where_it_has_the_pixels_for_it() {
        let fax = |width: u32| {
            GrayImage::from_fn(width, 1700, |x, _| Luma([if x % 9 == 0 { 0 } else { 255 }]))
        };
        assert_eq!(cure(&fax(1240)), Some(Cure::Blur));
        assert_eq!(cure(&fax(910)), Some(Cure::Median));
        assert_eq!(cure(&GrayImage::from_pixel(1240, 90, Luma([255]))), None);
    }

    #[test]
    fn only_black_on_white_is_two_level() {
        let soft = GrayImage::from_fn(90, 90, |x, _| Luma([[0, 90, 255, 255][x as usize % 4]]));
        for (name, page, want) in [
            (
                "fax",
                GrayImage::from_fn(90, 90, |x, _| Luma([if x % 9 == 0 { 0 } else { 255 }])),
                true,
            ),
            (
                "fax as JPEG",
                GrayImage::from_fn(90, 90, |x, y| {
                    Luma([match (x % 9, y % 7) {
                        (0, 0) => 90,
                        (0, _) => 20,
                        _ => 240,
                    }])
                }),
                true,
            ),
            (
                "dark ground",
                GrayImage::from_fn(90, 90, |x, _| Luma([if x < 30 { 9 } else { 255 }])),
                false,
            ),
            ("soft edges", soft, false),
            ("blank", GrayImage::from_pixel(90, 90, Luma([255])), false),
            ("empty", GrayImage::new(0, 0), false),
        ] {
            assert_eq!(is_two_level(&page), want, "{name}");
        }
    }
}
