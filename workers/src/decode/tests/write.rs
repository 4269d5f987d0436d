//! Small writers of files that no library would write.

use image::{Rgb, RgbImage};

/// A page with a different colour in each corner and a dark bar, so that any turn or flip shows.
pub fn picture() -> RgbImage {
    RgbImage::from_fn(64, 48, |x, y| {
        let corner = match (x < 16, x >= 48, y < 12, y >= 36) {
            (true, _, true, _) => [200, 0, 0],
            (_, true, true, _) => [0, 160, 0],
            (true, _, _, true) => [0, 0, 200],
            (_, true, _, true) => [220, 200, 0],
            _ => [255; 3],
        };
        Rgb(if (20..24).contains(&y) && (8..40).contains(&x) {
            [0; 3]
        } else {
            corner
        })
    })
}

/// A PDF of numbered objects, the first of them the catalogue, with a right cross-reference table.
pub fn pdf_of(objects: &[String]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", n + 1).bytes());
    }
    let xref = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for offset in offsets {
        out.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    let size = objects.len() + 1;
    out.extend(format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{xref}\n%%EOF\n").bytes());
    out
}

pub fn stream(dictionary: &str, content: &str) -> String {
    format!(
        "<<{dictionary}/Length {}>>stream\n{content}\nendstream",
        content.len()
    )
}

/// One page of 360 x 144 points with these page attributes and this content.
pub fn pdf(attributes: &str, content: &str) -> Vec<u8> {
    let media = if attributes.contains("/MediaBox") {
        ""
    } else {
        "/MediaBox[0 0 360 144]"
    };
    pdf_of(&[
        "<</Type/Catalog/Pages 2 0 R>>".into(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
        format!(
            "<</Type/Page/Parent 2 0 R{media}{attributes}/Contents 4 0 R/Resources<</Font<</F 5 0 R>>\
             /ExtGState<</Clear<</ca 0/CA 0>>/Faint<</ca 0.05>>>>/XObject<</Im 6 0 R/Fm 7 0 R>>>>>>"
        ),
        stream("", content),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".into(),
        stream(
            "/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/ASCIIHexDecode",
            "FF>",
        ),
        stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 360 144]/Resources<</Font<</F 5 0 R>>>>",
            "BT /F 24 Tf 40 60 Td (form) Tj ET",
        ),
    ])
}

/// A tag of a TIFF directory: number, type, values.
pub type TiffTag = (u16, u16, Vec<u32>);

/// A little-endian TIFF of one-strip pages; `u32` values, types 3 (short), 4 (long), 5 (rational).
pub fn tiff(pages: &[(Vec<TiffTag>, Vec<u8>)]) -> Vec<u8> {
    let mut out = b"II*\0\0\0\0\0".to_vec();
    let mut link = 4;
    for (tags, strip) in pages {
        let strip_at = out.len() as u32;
        out.extend(strip);
        out.resize(out.len().next_multiple_of(2), 0);
        let mut tags = tags.clone();
        tags.push((273, 4, vec![strip_at]));
        tags.push((279, 4, vec![strip.len() as u32]));
        tags.sort();
        let mut entries = Vec::new();
        for (tag, kind, values) in &tags {
            let count = if *kind == 5 {
                values.len() / 2
            } else {
                values.len()
            };
            let bytes: Vec<u8> = match kind {
                3 => values
                    .iter()
                    .flat_map(|v| (*v as u16).to_le_bytes())
                    .collect(),
                _ => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            };
            entries.extend(tag.to_le_bytes());
            entries.extend(kind.to_le_bytes());
            entries.extend((count as u32).to_le_bytes());
            if bytes.len() <= 4 {
                entries.extend(&bytes);
                entries.resize(entries.len().next_multiple_of(12), 0);
            } else {
                entries.extend((out.len() as u32).to_le_bytes());
                out.extend(bytes);
            }
        }
        let directory = out.len() as u32;
        out[link..link + 4].copy_from_slice(&directory.to_le_bytes());
        out.extend((tags.len() as u16).to_le_bytes());
        out.extend(entries);
        link = out.len();
        out.extend([0; 4]);
    }
    out
}

/// The tags that every TIFF page has.
pub fn tiff_tags(
    size: (u32, u32),
    bits: &[u32],
    compression: u32,
    photometric: u32,
) -> Vec<TiffTag> {
    vec![
        (256, 4, vec![size.0]),
        (257, 4, vec![size.1]),
        (258, 3, bits.to_vec()),
        (259, 3, vec![compression]),
        (262, 3, vec![photometric]),
        (277, 3, vec![bits.len() as u32]),
        (278, 4, vec![size.1]),
    ]
}

/// Mean difference of a channel, 0 for equal pictures.
pub fn difference(a: &RgbImage, b: &RgbImage) -> f32 {
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a
        .iter()
        .zip(b.iter())
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f32 / a.len() as f32
}

/// The checksum of a PNG chunk.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &b| {
        (0..8).fold(crc ^ u32::from(b), |c, _| {
            if c & 1 == 1 {
                c >> 1 ^ 0xedb8_8320
            } else {
                c >> 1
            }
        })
    })
}
