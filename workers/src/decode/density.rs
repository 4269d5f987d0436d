//! Dots per inch, from wherever a format keeps them.

use image::ImageFormat;

use super::jpeg;

/// Dots per inch along and across the stored rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Density {
    pub x: f32,
    pub y: f32,
}

const INCH_IN_METRES: f32 = 0.0254;

impl Density {
    /// Only numbers that a scanner could mean.
    pub fn new(x: f32, y: f32) -> Option<Self> {
        let sane = |v: f32| v.is_finite() && (10.0..=10_000.0).contains(&v);
        (sane(x) && sane(y)).then_some(Self { x, y })
    }

    pub fn per_metre(x: f32, y: f32) -> Option<Self> {
        Self::new(x * INCH_IN_METRES, y * INCH_IN_METRES)
    }

    pub fn per_cm(x: f32, y: f32) -> Option<Self> {
        Self::new(x * 2.54, y * 2.54)
    }
}

/// The density that a file of this format states; `exif` is its EXIF block when it has one.
pub(super) fn of(bytes: &[u8], format: ImageFormat, exif: Option<&[u8]>) -> Option<Density> {
    let own = match format {
        ImageFormat::Png => png(bytes),
        ImageFormat::Jpeg => jpeg::density(bytes),
        ImageFormat::Bmp => bmp(bytes),
        _ => None,
    };
    own.or_else(|| exif.and_then(from_exif))
}

/// PNG's `pHYs` chunk in pixels a metre (PNG 3rd edition, 11.3.4.3).
fn png(bytes: &[u8]) -> Option<Density> {
    let mut at = 8;
    loop {
        let length = u32::from_be_bytes(array(bytes, at)?) as usize;
        match &array(bytes, at + 4)? {
            b"pHYs" => {
                let x = u32::from_be_bytes(array(bytes, at + 8)?) as f32;
                let y = u32::from_be_bytes(array(bytes, at + 12)?) as f32;
                return (bytes.get(at + 16) == Some(&1))
                    .then(|| Density::per_metre(x, y))
                    .flatten();
            }
            b"IDAT" | b"IEND" => return None,
            _ => at = at.checked_add(length)?.checked_add(12)?,
        }
    }
}

/// `BITMAPINFOHEADER` in pixels a metre.
fn bmp(bytes: &[u8]) -> Option<Density> {
    if u32::from_le_bytes(array(bytes, 14)?) < 40 {
        return None;
    }
    let x = i32::from_le_bytes(array(bytes, 38)?) as f32;
    let y = i32::from_le_bytes(array(bytes, 42)?) as f32;
    Density::per_metre(x, y)
}

/// `XResolution`, `YResolution` and `ResolutionUnit` of EXIF's first directory.
fn from_exif(exif: &[u8]) -> Option<Density> {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let big = match exif.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let u16_at = |at| {
        let b = array(exif, at)?;
        Some(if big {
            u16::from_be_bytes(b)
        } else {
            u16::from_le_bytes(b)
        })
    };
    let u32_at = |at| {
        let b = array(exif, at)?;
        Some(if big {
            u32::from_be_bytes(b)
        } else {
            u32::from_le_bytes(b)
        })
    };
    let rational = |entry: usize| {
        let at = u32_at(entry + 8)? as usize;
        Some(u32_at(at)? as f32 / u32_at(at.checked_add(4)?)? as f32)
    };
    let directory = u32_at(4)? as usize;
    let (mut x, mut y, mut unit) = (None, None, 2);
    for n in 0..usize::from(u16_at(directory)?) {
        let entry = directory.checked_add(2 + 12 * n)?;
        match u16_at(entry)? {
            0x11a => x = rational(entry),
            0x11b => y = rational(entry),
            0x128 => unit = u16_at(entry + 8)?,
            _ => {}
        }
    }
    match unit {
        2 => Density::new(x?, y?),
        3 => Density::per_cm(x?, y?),
        _ => None,
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}
