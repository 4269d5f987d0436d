//! Which format are these bytes? Told by magic bytes alone, and by the shape of the header for TGA,
//! which has none.

use image::ImageFormat;
use schemas::{Reject, RejectKind};

/// A format that medbot reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Raster(ImageFormat),
    Pdf,
    Dicom,
}

impl Format {
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Raster(format) => format.to_mime_type(),
            Self::Pdf => "application/pdf",
            Self::Dicom => "application/dicom",
        }
    }

    /// The format in words, for sentences.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Dicom => "DICOM",
            Self::Raster(ImageFormat::Jpeg) => "JPEG",
            Self::Raster(ImageFormat::Pnm) => "PNM",
            Self::Raster(ImageFormat::Hdr) => "Radiance HDR",
            Self::Raster(ImageFormat::Farbfeld) => "farbfeld",
            Self::Raster(format) => {
                let extension = format.extensions_str().first().copied().unwrap_or("image");
                UPPER
                    .iter()
                    .find(|(lower, _)| *lower == extension)
                    .map_or("image", |(_, upper)| upper)
            }
        }
    }
}

const UPPER: [(&str, &str); 8] = [
    ("png", "PNG"),
    ("tiff", "TIFF"),
    ("bmp", "BMP"),
    ("gif", "GIF"),
    ("webp", "WebP"),
    ("tga", "TGA"),
    ("qoi", "QOI"),
    ("ico", "ICO"),
];

/// Extensions that promise a format medbot reads.
const EXTENSIONS: &[&str] = &[
    "png", "apng", "jpg", "jpeg", "jpe", "jfif", "tif", "tiff", "bmp", "dib", "gif", "webp", "pnm",
    "pbm", "pgm", "ppm", "pam", "tga", "qoi", "ico", "cur", "hdr", "ff", "pdf", "dcm", "dicom",
];

/// The lower-case extension of a name.
pub(super) fn extension(name: &str) -> Option<String> {
    let (_, extension) = name.rsplit_once('.')?;
    (extension.len() <= 8).then(|| extension.to_ascii_lowercase())
}

/// Finds the format, or says why there is none.
pub(super) fn sniff(bytes: &[u8], extension: Option<&str>) -> Result<Format, Reject> {
    if bytes.is_empty() {
        return Err(Reject::new(
            RejectKind::Empty,
            "the file has no bytes; send it again",
        ));
    }
    if let Some(format) = magic(bytes) {
        return Ok(format);
    }
    let known = extension.filter(|e| EXTENSIONS.contains(e));
    Err(match known {
        Some(known) => Reject::new(
            RejectKind::Mislabelled,
            format!(
                "the name ends in .{known}, but the content is neither that nor any other format \
                 that medbot reads; export the document again"
            ),
        ),
        None => Reject::new(
            RejectKind::UnsupportedFormat,
            "the content is no format that medbot reads; convert it to PDF, TIFF or PNG",
        ),
    })
}

fn magic(bytes: &[u8]) -> Option<Format> {
    use ImageFormat as F;
    let raster = match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => F::Png,
        [0xff, 0xd8, 0xff, ..] => F::Jpeg,
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => F::Tiff,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => F::Gif,
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => F::WebP,
        [b'P', b'1'..=b'7', b'\t' | b'\n' | b'\r' | b' ' | b'#', ..] => F::Pnm,
        [b'q', b'o', b'i', b'f', ..] => F::Qoi,
        [b'B', b'M', ..] if is_bmp(bytes) => F::Bmp,
        [0, 0, 1 | 2, 0, n, 0, ..] if *n > 0 && bytes.get(9) == Some(&0) => F::Ico,
        _ if bytes.starts_with(b"farbfeld") => F::Farbfeld,
        _ if bytes.starts_with(b"#?RADIANCE") || bytes.starts_with(b"#?RGBE") => F::Hdr,
        _ if bytes.get(128..132) == Some(b"DICM") || is_bare_dicom(bytes) => {
            return Some(Format::Dicom);
        }
        _ if has_pdf_header(bytes) && !is_archive(bytes) => return Some(Format::Pdf),
        _ if is_tga(bytes) => F::Tga,
        _ => return None,
    };
    Some(Format::Raster(raster))
}

/// Two letters are weak: the size of the second header must be one that exists.
fn is_bmp(bytes: &[u8]) -> bool {
    matches!(bytes.get(14), Some(12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
        && bytes.get(15..18) == Some(&[0, 0, 0])
}

/// Readers accept `%PDF-` anywhere in the first kilobyte.
fn has_pdf_header(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(1024)];
    head.windows(5).any(|w| w == b"%PDF-")
}

/// Does this hold files? One that holds a PDF uncompressed also has its header, and read as PDF it would
/// lose all others.
fn is_archive(bytes: &[u8]) -> bool {
    const MAGIC: [&[u8]; 7] = [
        b"PK\x03\x04",
        b"Rar!\x1a\x07",
        b"7z\xbc\xaf\x27\x1c",
        b"!<arch>\n",
        b"07070",
        b"MSCF",
        b"\x1f\x8b",
    ];
    MAGIC.iter().any(|magic| bytes.starts_with(magic)) || bytes.get(257..262) == Some(b"ustar")
}

/// A DICOM file without its preamble begins with a group 2 element in explicit little endian.
fn is_bare_dicom(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [2, 0, 0 | 1, 0, b'U', b'L', ..] | [2, 0, 1, 0, b'O', b'B', ..]
    )
}

/// Truevision's footer, or a header in which every field is one that exists (TGA 2.0, section 4).
fn is_tga(bytes: &[u8]) -> bool {
    if bytes.len() < 18 {
        return false;
    }
    if bytes.ends_with(b"TRUEVISION-XFILE.\0") {
        return true;
    }
    let (map, kind, depth) = (bytes[1], bytes[2], bytes[16]);
    let size = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let mapped = matches!(kind, 1 | 9);
    let fields = match kind {
        1 | 9 => map == 1 && depth == 8 && matches!(bytes[7], 15 | 16 | 24 | 32),
        2 | 10 => map == 0 && matches!(depth, 15 | 16 | 24 | 32),
        3 | 11 => map == 0 && matches!(depth, 8 | 16),
        _ => false,
    };
    let no_map = mapped || bytes[3..8] == [0; 5];
    fields && no_map && size(12) > 0 && size(14) > 0 && bytes[17] & 0xc0 == 0 && bytes[17] & 15 <= 8
}

#[cfg(test)]
mod tests {
    use super::{extension, sniff};
    use schemas::RejectKind;

    #[test]
    fn what_is_no_format_is_named() {
        for (name, bytes, file, kind) in [
            ("empty", &b""[..], "a.png", RejectKind::Empty),
            (
                "text named png",
                b"Dear colleague,",
                "a.png",
                RejectKind::Mislabelled,
            ),
            (
                "text named txt",
                b"Dear colleague,",
                "a.txt",
                RejectKind::UnsupportedFormat,
            ),
            (
                "a zip",
                b"PK\x03\x04________________",
                "a.zip",
                RejectKind::UnsupportedFormat,
            ),
            (
                "a zip around a PDF",
                b"PK\x03\x04______a.pdf%PDF-1.7\n",
                "a.pdf",
                RejectKind::Mislabelled,
            ),
            (
                "text that starts with BM",
                b"BMI 23.5, normal range",
                "a",
                RejectKind::UnsupportedFormat,
            ),
            (
                "text that starts with P1",
                b"P1: amlodipine",
                "a",
                RejectKind::UnsupportedFormat,
            ),
            (
                "a name of dots",
                b"hello hello hello",
                "...",
                RejectKind::UnsupportedFormat,
            ),
        ] {
            let refused = sniff(bytes, extension(file).as_deref()).unwrap_err();
            assert_eq!(refused.kind, kind, "{name}");
        }
    }
}
