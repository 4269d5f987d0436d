//! The outline of a DICOM file, walked along before anything of it is read.
//!
//! The parser makes room for as many bytes as a length says, and calls itself for each sequence within
//! a sequence: twenty bytes could ask it for four gigabytes, a megabyte for more stack than there is.
//! Here the same crate reads the same headers and skips the values. What is deflated as a whole is
//! inflated for it, within the limit of a file.

use std::io::{Cursor, Read};

use dicom_core::{DataElementHeader, Tag};
use dicom_encoding::Codec;
use dicom_object::FileMetaTable;
use dicom_parser::StatefulDecode;
use dicom_parser::dataset::LazyDataToken;
use dicom_parser::dataset::lazy_read::LazyDataSetReader;
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
use dicom_transfer_syntax_registry::{TransferSyntax, TransferSyntaxIndex, TransferSyntaxRegistry};
use schemas::{Reject, RejectKind};

use super::refusal;
use crate::decode::{Limits, source};

/// Most sequences within each other; structured reports have about ten.
const DEEPEST: usize = 64;

/// Refuses a file, from its magic code on, whose lengths reach beyond it or whose sequences nest too deep.
pub(super) fn check(file: &[u8], limits: &Limits) -> Result<(), Reject> {
    // Group 2 is always in explicit little endian. What follows it may be in anything, which is then no
    // fault: the parser of group 2 says what is wrong with it.
    let group_2 = file.get(4..).unwrap_or_default();
    if let Err(reject) = walk(group_2, &EXPLICIT_VR_LITTLE_ENDIAN.erased(), |tag| {
        tag.group() == 2
    }) && reject.kind == RejectKind::Truncated
    {
        return Err(reject);
    }
    let mut cursor = Cursor::new(file);
    let meta = FileMetaTable::from_reader(&mut cursor).map_err(|e| refusal(&e))?;
    let Some(syntax) = TransferSyntaxRegistry.get(meta.transfer_syntax()) else {
        return Err(source::unsupported("DICOM"));
    };
    let data = file.get(cursor.position() as usize..).unwrap_or_default();
    let Codec::Dataset(Some(adapter)) = syntax.codec() else {
        return walk(data, syntax, |_| true);
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
    walk(&inflated, syntax, |_| true)
}

/// Walks along elements as long as they are wanted.
fn walk(data: &[u8], syntax: &TransferSyntax, wanted: impl Fn(Tag) -> bool) -> Result<(), Reject> {
    let size = data.len() as u64;
    let mut depth = 0_usize;
    let mut reader =
        LazyDataSetReader::new_with_ts(Cursor::new(data), syntax).map_err(|e| refusal(&e))?;
    while let Some(token) = reader.advance() {
        let token = token.map_err(|e| refusal(&e))?;
        let end = match &token {
            LazyDataToken::ElementHeader(DataElementHeader { tag, .. })
            | LazyDataToken::SequenceStart { tag, .. }
                if depth == 0 && !wanted(*tag) =>
            {
                return Ok(());
            }
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
