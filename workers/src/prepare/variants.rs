//! Which picture of a page an engine reads best, as measured on pages from clean to bad.
//! Tesseract gains from an even page, most on shade, and from a median on pages of two levels; it
//! loses on Sauvola's ink and on CLAHE. Small letters are enlarged when lines are cut to strips.
//! Limit: measured on made-up pages; PP-OCR takes colour as it is and needs no variant.

use image::GrayImage;

use super::denoise;

/// Pages with fewer grey pixels than this share are fax or other two-level scans.
const GREY_SHARE: f32 = 0.02;

/// What Tesseract and EasyOCR read: the page from [`super::flatten::flatten`], without salt and pepper
/// when `given`, the page before flattening and turning, is of two levels.
#[must_use]
pub fn for_grey_readers(flat: GrayImage, given: &GrayImage) -> GrayImage {
    if is_two_level(given) {
        denoise::salt_and_pepper(&flat)
    } else {
        flat
    }
}

/// Is nearly every pixel black or white, as in a fax? False for an empty image. Ask before turning
/// or resizing, which make greys.
#[must_use]
pub fn is_two_level(grey: &GrayImage) -> bool {
    let greys = grey
        .as_raw()
        .iter()
        .filter(|v| (16..240).contains(*v))
        .count();
    !grey.is_empty() && (greys as f32) < GREY_SHARE * grey.as_raw().len() as f32 && has_both(grey)
}

/// A clean born-digital page has soft letter edges; a blank one has no black at all.
fn has_both(grey: &GrayImage) -> bool {
    let levels = grey.as_raw().iter().fold([false; 256], |mut seen, v| {
        seen[usize::from(*v)] = true;
        seen
    });
    levels.iter().filter(|s| **s).count() <= 8
        && (levels[0] || levels[1])
        && (levels[255] || levels[254])
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::{for_grey_readers, is_two_level};

    #[test]
    fn a_fax_is_cleaned_and_a_grey_page_is_left() {
        let speck = |soft: u8| {
            GrayImage::from_fn(300, 200, |x, y| {
                Luma([if (x, y) == (150, 90) || x < 9 {
                    0
                } else {
                    255 - soft * (x % 3) as u8
                }])
            })
        };
        for (name, page, left) in [("fax", speck(0), 255), ("grey", speck(40), 0)] {
            let read = for_grey_readers(page.clone(), &page);
            assert_eq!(read.get_pixel(150, 90).0, [left], "{name}");
        }
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
            ("soft edges", soft, false),
            ("blank", GrayImage::from_pixel(90, 90, Luma([255])), false),
            ("empty", GrayImage::new(0, 0), false),
        ] {
            assert_eq!(is_two_level(&page), want, "{name}");
        }
    }
}
