//! The raster as the page's background: black and white as it is, a bit a pixel, deflated; else JPEG,
//! in grey where there is no colour. JPEG is not lossless: quality 85 keeps small print readable at a
//! fraction of the size, and `/pages/{n}.png` has the exact pixels.

use image::RgbImage;
use jpeg_encoder::{ColorType, Encoder as Jpeg};
use pdf_writer::{Chunk, Filter, Ref};

use super::objects::deflated;

const QUALITY: u8 = 85;

/// What a raster's pixels need.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Paint {
    BlackAndWhite,
    Grey,
    Colour,
}

pub(super) fn write(chunk: &mut Chunk, id: Ref, raster: &RgbImage) {
    let (width, height) = raster.dimensions();
    let paint = paint(raster);
    let grey = || -> Vec<u8> { raster.pixels().map(|pixel| pixel[0]).collect() };
    let (filter, bytes) = match paint {
        Paint::BlackAndWhite => (Filter::FlateDecode, deflated(&bits(raster))),
        Paint::Grey => compressed(&grey(), raster, ColorType::Luma),
        Paint::Colour => compressed(raster, raster, ColorType::Rgb),
    };
    let mut object = chunk.image_xobject(id, &bytes);
    object.filter(filter);
    object
        .width(width as i32)
        .height(height as i32)
        .bits_per_component(if paint == Paint::BlackAndWhite { 1 } else { 8 });
    if paint == Paint::Colour {
        object.color_space().device_rgb();
    } else {
        object.color_space().device_gray();
    }
}

fn paint(raster: &RgbImage) -> Paint {
    let mut most = Paint::BlackAndWhite;
    for pixel in raster.pixels() {
        match pixel.0 {
            [0, 0, 0] | [255, 255, 255] => {}
            [r, g, b] if r == g && g == b => most = Paint::Grey,
            _ => return Paint::Colour,
        }
    }
    most
}

/// Rows of whole bytes, white as 1.
fn bits(raster: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in raster.rows() {
        let pixels: Vec<bool> = row.map(|pixel| pixel[0] != 0).collect();
        bytes.extend(pixels.chunks(8).map(|eight| {
            let set = eight.iter().enumerate().filter(|(_, white)| **white);
            set.fold(0_u8, |byte, (i, _)| byte | 0x80 >> i)
        }));
    }
    bytes
}

/// As JPEG; without loss when a side is longer than JPEG can say.
fn compressed(pixels: &[u8], raster: &RgbImage, colours: ColorType) -> (Filter, Vec<u8>) {
    let mut bytes = Vec::new();
    if let [Ok(width), Ok(height)] = [raster.width(), raster.height()].map(u16::try_from) {
        let mut encoder = Jpeg::new(&mut bytes, QUALITY);
        encoder.set_optimized_huffman_tables(true);
        if encoder.encode(pixels, width, height, colours).is_ok() {
            return (Filter::DctDecode, bytes);
        }
    }
    (Filter::FlateDecode, deflated(pixels))
}
