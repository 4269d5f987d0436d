//! Lets the `tiff` crate, which has no palettes, read palette images as grey levels.
//!
//! The indices are stored exactly as grey samples are, so a copy of the file says "black is zero"
//! (1) where it said "palette" (3), and the colours are looked up afterwards.

use tiff::tags::ByteOrder;

const PHOTOMETRIC: u16 = 262;

/// Changes the photometric tag of the directory at `at`; says whether it was there.
pub(super) fn call_grey(bytes: &mut [u8], at: u64, order: ByteOrder) -> bool {
    let Some(value) = value_offset(bytes, at, order) else {
        return false;
    };
    let Some(field) = bytes.get_mut(value..value + 2) else {
        return false;
    };
    field.copy_from_slice(&match order {
        ByteOrder::LittleEndian => 1_u16.to_le_bytes(),
        ByteOrder::BigEndian => 1_u16.to_be_bytes(),
    });
    true
}

/// Where the tag's value lies: entries have 12 bytes, in `BigTIFF` 20.
fn value_offset(bytes: &[u8], at: u64, order: ByteOrder) -> Option<usize> {
    let u16_at = |at: usize| {
        let two = *bytes.get(at..)?.first_chunk()?;
        Some(match order {
            ByteOrder::LittleEndian => u16::from_le_bytes(two),
            ByteOrder::BigEndian => u16::from_be_bytes(two),
        })
    };
    let at = usize::try_from(at).ok()?;
    let big = u16_at(2)? == 43;
    let (head, size, value) = if big { (8, 20, 12) } else { (2, 12, 8) };
    // The count of a directory always fits into its low 16 bits.
    let low = if big && order == ByteOrder::BigEndian {
        at.checked_add(6)?
    } else {
        at
    };
    let count = usize::from(u16_at(low)?);
    (0..count)
        .map(|n| at + head + n * size)
        .find(|&entry| u16_at(entry) == Some(PHOTOMETRIC))
        .map(|entry| entry + value)
}
