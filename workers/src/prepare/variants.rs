//! Which picture of a page an engine reads best, as measured on pages from clean to bad.
//! Tesseract gains from an even page (word F1 0.82 to 0.87, most on shade), from larger letters when
//! they are small, and from a median on pages of two levels; it loses on Sauvola's ink and on CLAHE.
//! Limit: measured on made-up pages; engines that take colour or grey as it is need no variant.

use image::GrayImage;

use super::{denoise, scale};

/// Pages with fewer grey pixels than this share are fax or other two-level scans.
const GREY_SHARE: f32 = 0.02;

/// For Tesseract: the page from [`super::flatten::flatten`], turned level, and `given`, the page
/// before flattening (only its greys count), to the picture to read and by how much it was enlarged:
/// divide the boxes that come back by that factor.
#[must_use]
pub fn for_tesseract(
    flat: &GrayImage,
    given: &GrayImage,
    x_height: Option<f32>,
) -> (GrayImage, f32) {
    if is_two_level(given) {
        return (denoise::salt_and_pepper(flat), 1.0);
    }
    let factor = scale::wanted_factor(x_height);
    if factor > 1.0 {
        (scale::resize_grey(flat, factor), factor)
    } else {
        (flat.clone(), 1.0)
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

    use super::{for_tesseract, is_two_level};

    #[test]
    fn small_letters_are_enlarged_and_faxes_cleaned() {
        let grey = GrayImage::from_fn(300, 200, |x, y| Luma([200 - ((x * y) % 90) as u8]));
        let fax = GrayImage::from_fn(300, 200, |x, y| {
            Luma([if (x, y) == (150, 90) || x < 9 { 0 } else { 255 }])
        });
        for (name, page, x_height, width, factor) in [
            ("small letters", &grey, Some(10.0), 600, 2.0),
            ("good letters", &grey, Some(16.0), 300, 1.0),
            ("unknown letters", &grey, None, 300, 1.0),
            ("fax", &fax, Some(10.0), 300, 1.0),
        ] {
            let (picture, by) = for_tesseract(page, page, x_height);
            assert_eq!(picture.width(), width, "{name}");
            assert!((by - factor).abs() < 1e-6, "{name}");
        }
        assert_eq!(
            for_tesseract(&fax, &fax, None).0.get_pixel(150, 90).0,
            [255]
        );
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
