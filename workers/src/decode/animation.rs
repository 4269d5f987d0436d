//! GIF and WebP: every frame is a page, because dropping one could drop a page of a document.
//!
//! Frames are composed one after the other and never all held; going back starts again.

use std::io::Cursor;
use std::sync::Arc;

use image::codecs::{gif::GifDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, Frames, ImageDecoder, ImageFormat};
use schemas::Reject;

use super::format::Format;
use super::source::{self, Pages};
use super::{DecodedPage, Limits, pixels, still};

struct Animation {
    bytes: Arc<[u8]>,
    format: ImageFormat,
    limits: Limits,
    count: usize,
    next: usize,
    frames: Frames<'static>,
}

pub(super) fn open(
    bytes: Arc<[u8]>,
    format: ImageFormat,
    limits: &Limits,
) -> Result<Box<dyn Pages>, Reject> {
    let count = match format {
        ImageFormat::Gif => gif_frames(&bytes).ok_or_else(|| source::truncated("GIF"))?,
        _ => webp_frames(&bytes).ok_or_else(|| source::truncated("WebP"))?,
    };
    if count == 0 {
        return Err(source::no_pages(Format::Raster(format)));
    }
    if count == 1 {
        return Ok(Box::new(still::open(bytes, format, limits)?));
    }
    let frames = frames(&bytes, format, limits)?;
    Ok(Box::new(Animation {
        bytes,
        format,
        limits: *limits,
        count,
        next: 0,
        frames,
    }))
}

impl Pages for Animation {
    fn count(&self) -> usize {
        self.count
    }

    fn page(&mut self, index: usize) -> Result<DecodedPage, Reject> {
        if index < self.next {
            self.frames = frames(&self.bytes, self.format, &self.limits)?;
            self.next = 0;
        }
        loop {
            let frame = self
                .frames
                .next()
                .ok_or_else(|| source::malformed("animation"))?;
            let frame = frame.map_err(|e| still::refusal(&e, self.format))?;
            self.next += 1;
            if self.next > index {
                let image = DynamicImage::ImageRgba8(frame.into_buffer());
                return Ok(pixels::page(
                    image,
                    None,
                    Orientation::NoTransforms,
                    &self.limits,
                ));
            }
        }
    }
}

fn frames(
    bytes: &Arc<[u8]>,
    format: ImageFormat,
    limits: &Limits,
) -> Result<Frames<'static>, Reject> {
    let input = Cursor::new(Arc::clone(bytes));
    let refuse = |e| still::refusal(&e, format);
    let check = |(w, h): (u32, u32)| source::check_pixels(w.into(), h.into(), limits);
    if format == ImageFormat::Gif {
        let mut decoder = GifDecoder::new(input).map_err(refuse)?;
        check(decoder.dimensions())?;
        // A frame may be larger than its screen.
        let mut memory = image::Limits::no_limits();
        memory.max_alloc = Some(limits.memory_bytes / 4 * 3);
        decoder.set_limits(memory).map_err(refuse)?;
        return Ok(decoder.into_frames());
    }
    let decoder = WebPDecoder::new(input).map_err(refuse)?;
    check(decoder.dimensions())?;
    Ok(decoder.into_frames())
}

/// Counts the image blocks of a GIF stream; `None` when it ends before its trailer.
fn gif_frames(bytes: &[u8]) -> Option<usize> {
    let table = |packed: u8| {
        if packed & 0x80 == 0 {
            0
        } else {
            3 << ((packed & 7) + 1)
        }
    };
    let blocks = |mut at: usize| loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            n => at += 1 + usize::from(n),
        }
    };
    let mut at = 13 + table(*bytes.get(10)?);
    let mut count = 0;
    loop {
        match bytes.get(at)? {
            0x3b => return Some(count),
            0x21 => at = blocks(at + 2)?,
            0x2c => {
                count += 1;
                at = blocks(at + 11 + table(*bytes.get(at + 9)?))?;
            }
            _ => return None,
        }
    }
}

/// Counts the `ANMF` chunks of a RIFF container, 1 for a still; `None` when it is cut off.
fn webp_frames(bytes: &[u8]) -> Option<usize> {
    let u32_at = |at: usize| {
        let four = bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(four.try_into().ok()?) as usize)
    };
    let end = u32_at(4)?.checked_add(8)?;
    if bytes.len() < end {
        return None;
    }
    let (mut at, mut count) = (12, 0);
    while at + 8 <= end {
        if &bytes[at..at + 4] == b"ANMF" {
            count += 1;
        }
        let length = u32_at(at + 4)?;
        at = at
            .checked_add(8)?
            .checked_add(length)?
            .checked_add(length & 1)?;
    }
    Some(count.max(1))
}
