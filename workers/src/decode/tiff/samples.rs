//! Samples as the `tiff` crate gives them, of any depth and colour model, become an image.

use image::{DynamicImage, GrayImage, ImageBuffer, RgbImage, RgbaImage};
use tiff::ColorType;
use tiff::decoder::DecodingResult;

use crate::decode::pixels;

/// The layout of one decoded directory.
pub(super) struct Raster {
    pub width: u32,
    pub height: u32,
    pub color: ColorType,
    /// 1 when the samples of a pixel stand together, else one plane a sample.
    pub planes: usize,
    /// Reds, then greens, then blues, 16 bits each.
    pub palette: Option<Vec<u32>>,
}

impl Raster {
    /// `None` when the colour model or the number format is not one of pages.
    pub fn into_image(self, result: &DecodingResult) -> Option<DynamicImage> {
        let (samples, bits) = self.eight_bit(result)?;
        let (w, h) = (self.width, self.height);
        let triples = |f: &dyn Fn(&[u8]) -> [u8; 3], n: usize| {
            let rgb = samples.chunks_exact(n).flat_map(f).collect();
            RgbImage::from_raw(w, h, rgb).map(DynamicImage::ImageRgb8)
        };
        match self.color {
            ColorType::Gray(_) => GrayImage::from_raw(w, h, samples).map(DynamicImage::ImageLuma8),
            ColorType::GrayA(_) => {
                ImageBuffer::from_raw(w, h, samples).map(DynamicImage::ImageLumaA8)
            }
            ColorType::RGB(_) => RgbImage::from_raw(w, h, samples).map(DynamicImage::ImageRgb8),
            ColorType::RGBA(_) => RgbaImage::from_raw(w, h, samples).map(DynamicImage::ImageRgba8),
            ColorType::YCbCr(_) => triples(&|p| pixels::ycbcr(p[0], p[1], p[2]), 3),
            ColorType::CMYK(_) => triples(&|p| pixels::cmyk(p[0], p[1], p[2], p[3]), 4),
            ColorType::CMYKA(_) => triples(&|p| pixels::cmyk(p[0], p[1], p[2], p[3]), 5),
            ColorType::Palette(_) => {
                let palette = self.palette.as_deref()?;
                let size = 1_usize << bits;
                if palette.len() < 3 * size {
                    return None;
                }
                let color = |index: u8, channel: usize| {
                    (palette[channel * size + usize::from(index)] >> 8) as u8
                };
                triples(&|p| [0, 1, 2].map(|c| color(p[0], c)), 1)
            }
            // Extra samples of no stated meaning: the first ones are the colours.
            ColorType::Multiband { num_samples, .. } => match num_samples {
                2 => triples(&|p| [p[0]; 3], 2),
                n @ 3.. => triples(&|p| [p[0], p[1], p[2]], usize::from(n)),
                _ => None,
            },
            _ => None,
        }
    }

    fn per_pixel(&self) -> usize {
        match self.color {
            ColorType::Gray(_) | ColorType::Palette(_) => 1,
            ColorType::GrayA(_) => 2,
            ColorType::RGB(_) | ColorType::YCbCr(_) | ColorType::Lab(_) => 3,
            ColorType::RGBA(_) | ColorType::CMYK(_) => 4,
            ColorType::CMYKA(_) => 5,
            ColorType::Multiband { num_samples, .. } => usize::from(num_samples),
            _ => 0,
        }
    }

    /// Interleaved samples of 8 bits (indices stay indices), and the depth that they had.
    fn eight_bit(&self, result: &DecodingResult) -> Option<(Vec<u8>, u8)> {
        let bits = self.color.bit_depth();
        let samples = match result {
            DecodingResult::U8(bytes) if bits < 8 => self.unpack(bytes, bits)?,
            DecodingResult::U8(bytes) => bytes.clone(),
            DecodingResult::U16(words) => words.iter().map(|&w| narrow(w)).collect(),
            DecodingResult::U32(words) => words.iter().map(|w| (w >> 24) as u8).collect(),
            DecodingResult::F32(values) => values
                .iter()
                .map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8)
                .collect(),
            _ => return None,
        };
        Some((self.interleave(samples), bits))
    }

    /// Rows of packed samples, each row starting at a byte; grey levels are spread over 0..=255.
    fn unpack(&self, bytes: &[u8], bits: u8) -> Option<Vec<u8>> {
        if !matches!(bits, 1 | 2 | 4) {
            return None;
        }
        let row_samples = self.width as usize
            * if self.planes == 1 {
                self.per_pixel()
            } else {
                1
            };
        let row_bytes = (row_samples * usize::from(bits)).div_ceil(8);
        let most = (1_u16 << bits) - 1;
        let indexed = matches!(self.color, ColorType::Palette(_));
        let mut samples = Vec::with_capacity(row_samples * self.height as usize);
        for row in bytes.chunks_exact(row_bytes) {
            for n in 0..row_samples {
                let bit = n * usize::from(bits);
                let shift = 8 - usize::from(bits) - bit % 8;
                let value = u16::from(row[bit / 8] >> shift) & most;
                samples.push(if indexed { value } else { value * 255 / most } as u8);
            }
        }
        Some(samples)
    }

    fn interleave(&self, samples: Vec<u8>) -> Vec<u8> {
        if self.planes == 1 {
            return samples;
        }
        let plane = samples.len() / self.planes;
        (0..plane * self.planes)
            .map(|n| samples[n % self.planes * plane + n / self.planes])
            .collect()
    }
}

fn narrow(word: u16) -> u8 {
    ((u32::from(word) * 255 + 32_767) / 65_535) as u8
}
