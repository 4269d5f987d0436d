//! The marker structure of a JPEG file (ITU-T T.81, annex B): is it whole, and what density does it
//! state? The codec itself fills a missing rest with grey, which would lose text silently.

use super::density::Density;

/// One marker and where its payload lies.
struct Segment<'a> {
    marker: u8,
    payload: &'a [u8],
}

/// Walks markers; entropy-coded data between them is skipped.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        loop {
            // Inside a scan, FF 00 is a stuffed byte, and restart markers are part of it.
            let found = self
                .bytes
                .get(self.at..)?
                .windows(2)
                .position(|w| w[0] == 0xff && !matches!(w[1], 0 | 0xff | 0x01 | 0xd0..=0xd7))?;
            let at = self.at + found;
            let marker = self.bytes[at + 1];
            self.at = at + 2;
            match marker {
                0xd8 => {}
                0xd9 => {
                    return Some(Segment {
                        marker,
                        payload: &[],
                    });
                }
                _ => {
                    let length = self.bytes.get(self.at..self.at + 2)?;
                    let length = usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
                    let payload = self.bytes.get(self.at + 2..self.at + length)?;
                    self.at += length;
                    return Some(Segment { marker, payload });
                }
            }
        }
    }
}

fn segments(bytes: &[u8]) -> Segments<'_> {
    Segments { bytes, at: 0 }
}

/// Does the file reach its end-of-image marker after at least one scan?
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let mut scanned = false;
    for segment in segments(bytes) {
        match segment.marker {
            0xda => scanned = true,
            0xd9 => return scanned,
            _ => {}
        }
    }
    false
}

/// Columns and rows of the frame header (B.2.2), of whatever process; none when there is no frame.
pub(super) fn size(bytes: &[u8]) -> Option<(u64, u64)> {
    let is_frame = |marker| matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
    let frame = segments(bytes).find(|s| is_frame(s.marker))?;
    let [h0, h1, w0, w1] = *frame.payload.get(1..)?.first_chunk()?;
    let side = |bytes| u64::from(u16::from_be_bytes(bytes));
    bytes
        .starts_with(&[0xff, 0xd8])
        .then(|| (side([w0, w1]), side([h0, h1])))
}

/// JFIF's density when it has a unit.
pub(super) fn density(bytes: &[u8]) -> Option<Density> {
    let jfif = segments(bytes)
        .take_while(|s| s.marker != 0xda)
        .find(|s| s.marker == 0xe0 && s.payload.starts_with(b"JFIF\0"))?;
    let [unit, x0, x1, y0, y1] = *jfif.payload.get(7..12)?.first_chunk()?;
    let x = f32::from(u16::from_be_bytes([x0, x1]));
    let y = f32::from(u16::from_be_bytes([y0, y1]));
    match unit {
        1 => Density::new(x, y),
        2 => Density::per_cm(x, y),
        _ => None,
    }
}
