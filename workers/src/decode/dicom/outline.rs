//! The outline of a DICOM file, walked along before anything of it is read.
//!
//! The parser makes room for as many bytes as a length says, and calls itself for each sequence within
//! a sequence: twenty bytes could ask it for four gigabytes, a megabyte for more stack than there is.
//! Here the same crate reads the same headers and skips the values. What is deflated as a whole is
//! inflated for it, within the limit of a file.

use std::io::{Cursor, Read};

use dicom_core::VR;
use dicom_encoding::Codec;
use dicom_object::FileMetaTable;
use dicom_parser::StatefulDecode;
use dicom_parser::dataset::LazyDataToken;
use dicom_parser::dataset::lazy_read::LazyDataSetReader;
use dicom_transfer_syntax_registry::{TransferSyntax, TransferSyntaxIndex, TransferSyntaxRegistry};
use schemas::Reject;

use super::refusal;
use crate::decode::{Limits, source};

/// Most sequences within each other; structured reports have about ten.
const DEEPEST: usize = 64;

/// Refuses a file, from its magic code on, whose lengths reach beyond it or whose sequences nest too deep.
pub(super) fn check(file: &[u8], limits: &Limits) -> Result<(), Reject> {
    if !group_2_fits(file) {
        return Err(source::truncated("DICOM"));
    }
    let mut cursor = Cursor::new(file);
    let meta = FileMetaTable::from_reader(&mut cursor).map_err(|e| refusal(&e))?;
    let Some(syntax) = TransferSyntaxRegistry.get(meta.transfer_syntax()) else {
        return Err(source::unsupported("DICOM"));
    };
    let data = file.get(cursor.position() as usize..).unwrap_or_default();
    let Codec::Dataset(Some(adapter)) = syntax.codec() else {
        return walk(data, syntax);
    };
    let mut inflated = Vec::new();
    adapter
        .adapt_reader(Box::new(data))
        .take(limits.bytes + 1)
        .read_to_end(&mut inflated)
        .map_err(|e| refusal(&e))?;
    if inflated.len() as u64 > limits.bytes {
        return Err(source::too_large(
            "or more bytes when it is inflated",
            inflated.len() as u64,
            limits.bytes,
        ));
    }
    walk(&inflated, syntax)
}

/// Do the values of group 2 lie within the file, which begins with the magic code? The group is always in
/// explicit little endian (PS3.10, 7.1), and its parser reads as far as its length says, whatever is there.
fn group_2_fits(file: &[u8]) -> bool {
    const SHORT: [&[u8; 2]; 21] = [
        b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN",
        b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
    ];
    // The first element is the length: eight bytes of header, and four of value.
    let Some((&length, mut rest)) = file.get(12..).and_then(<[u8]>::split_first_chunk) else {
        return true;
    };
    let behind = rest
        .len()
        .saturating_sub(u32::from_le_bytes(length) as usize);
    while rest.len() > behind
        && let [g0, g1, _, _, a, b, c, d, value @ ..] = rest
    {
        let (length, value) = if [*g0, *g1] == [0xfe, 0xff] {
            (u32::from_le_bytes([*a, *b, *c, *d]), value)
        } else if SHORT.contains(&&[*a, *b]) {
            (u16::from_le_bytes([*c, *d]).into(), value)
        } else {
            match value.split_first_chunk() {
                Some((&length, value)) => (u32::from_le_bytes(length), value),
                None => return true,
            }
        };
        match value.get(length as usize..) {
            Some(next) => rest = next,
            None => return false,
        }
    }
    true
}

fn walk(data: &[u8], syntax: &TransferSyntax) -> Result<(), Reject> {
    let size = data.len() as u64;
    let mut depth = 0_usize;
    let mut reader =
        LazyDataSetReader::new_with_ts(Cursor::new(data), syntax).map_err(|e| refusal(&e))?;
    while let Some(token) = reader.advance() {
        let token = token.map_err(|e| refusal(&e))?;
        let end = match &token {
            LazyDataToken::SequenceStart { .. } | LazyDataToken::PixelSequenceStart => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(source::malformed("DICOM"));
                }
                continue;
            }
            LazyDataToken::SequenceEnd => {
                depth = depth.saturating_sub(1);
                continue;
            }
            // The parser reads whole numbers and would take what is left over for the next element.
            LazyDataToken::LazyValue { header, .. } if header.len.0 % unit(header.vr) != 0 => {
                return Err(source::malformed("DICOM"));
            }
            LazyDataToken::LazyValue { header, decoder } => {
                decoder.position().saturating_add(header.len.0.into())
            }
            LazyDataToken::LazyItemValue { len, decoder } => {
                decoder.position().saturating_add((*len).into())
            }
            _ => continue,
        };
        if end > size {
            return Err(source::truncated("DICOM"));
        }
        token.skip().map_err(|e| refusal(&e))?;
    }
    Ok(())
}

/// Bytes of one number of a representation (PS3.5, 6.2); 1 for text.
fn unit(vr: VR) -> u32 {
    match vr {
        VR::OW | VR::SS | VR::US => 2,
        VR::AT | VR::FL | VR::OF | VR::OL | VR::SL | VR::UL => 4,
        VR::FD | VR::OD | VR::OV | VR::SV | VR::UV => 8,
        _ => 1,
    }
}
