//! Every raster becomes opaque 8-bit RGB on white with square pixels.

use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, Rgb, Rgb32FImage, RgbImage};

use super::density::Density;
use super::{DecodedPage, Limits};

/// Makes a page of a decoded image: flat, square, turned as EXIF says.
pub(super) fn page(
    image: DynamicImage,
    density: Option<Density>,
    orientation: Orientation,
    limits: &Limits,
) -> DecodedPage {
    let (image, dpi) = square(flatten(image), density, limits);
    let image = turn(image, orientation);
    let longest = image.width().max(image.height()) as f32;
    DecodedPage {
        dpi: dpi.filter(|&dpi| believable(dpi, longest)).map(whole),
        subject: None,
        image,
        text_layer: Vec::new(),
        hidden_glyphs: 0,
    }
}

/// Cameras write 72 whatever they see: a page of five feet tells nothing about the print.
fn believable(dpi: f32, longest: f32) -> bool {
    (40.0..=2_400.0).contains(&dpi) && longest / dpi <= 60.0
}

/// Metres and hundredths turn 300 into 299.9994.
fn whole(dpi: f32) -> f32 {
    if (dpi - dpi.round()).abs() < 0.05 {
        dpi.round()
    } else {
        dpi
    }
}

fn flatten(image: DynamicImage) -> RgbImage {
    if let DynamicImage::ImageRgb32F(linear) = &image {
        return linear_to_srgb(linear);
    }
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    let mut flat = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in flat.pixels_mut().zip(rgba.pixels()) {
        let [r, g, b, a] = from.0.map(u32::from);
        let on_white = |c: u32| ((c * a + 255 * (255 - a) + 127) / 255) as u8;
        *to = Rgb([on_white(r), on_white(g), on_white(b)]);
    }
    flat
}

/// High dynamic range is linear light; paper white is 1 (IEC 61966-2-1).
fn linear_to_srgb(linear: &Rgb32FImage) -> RgbImage {
    let encode = |c: f32| {
        let c = c.clamp(0.0, 1.0);
        let s = if c <= 0.003_130_8 {
            12.92 * c
        } else {
            1.055 * c.powf(1.0 / 2.4) - 0.055
        };
        (s * 255.0).round() as u8
    };
    RgbImage::from_fn(linear.width(), linear.height(), |x, y| {
        Rgb(linear.get_pixel(x, y).0.map(encode))
    })
}

/// Stretches the coarser axis, as a standard-resolution fax (204 x 98 dpi) needs.
fn square(image: RgbImage, density: Option<Density>, limits: &Limits) -> (RgbImage, Option<f32>) {
    let Some(Density { x, y }) = density else {
        return (image, None);
    };
    let ratio = x / y;
    // Scanners round; fine fax is 204 x 196. Above four the tags are nonsense.
    let skewed = (1.0 / 4.0..0.97).contains(&ratio) || (1.0 / 0.97..4.0).contains(&ratio);
    if !skewed {
        let honest = (0.97..=1.0 / 0.97).contains(&ratio);
        return (image, honest.then(|| f32::midpoint(x, y)));
    }
    let (w, h) = image.dimensions();
    let (w, h) = if ratio > 1.0 {
        (w, (h as f32 * ratio).round() as u32)
    } else {
        ((w as f32 / ratio).round() as u32, h)
    };
    if u64::from(w) * u64::from(h) > limits.pixels_per_page {
        return (image, None);
    }
    let stretched = imageops::resize(&image, w, h, FilterType::Triangle);
    (stretched, Some(x.max(y)))
}

fn turn(image: RgbImage, orientation: Orientation) -> RgbImage {
    if orientation == Orientation::NoTransforms {
        return image;
    }
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    image.into_rgb8()
}

/// CMYK of inks, 0 is no ink, to RGB.
pub(super) fn cmyk(c: u8, m: u8, y: u8, k: u8) -> [u8; 3] {
    [c, m, y].map(|ink| {
        let (ink, key) = (255 - u32::from(ink), 255 - u32::from(k));
        ((ink * key + 127) / 255) as u8
    })
}

/// Full-range `YCbCr` to RGB (ITU-R BT.601, as in JFIF).
pub(super) fn ycbcr(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    [
        y + 1.402 * cr,
        y - 0.344_136 * cb - 0.714_136 * cr,
        y + 1.772 * cb,
    ]
    .map(|c| c.round().clamp(0.0, 255.0) as u8)
}
