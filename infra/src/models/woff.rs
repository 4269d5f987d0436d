//! WOFF 1.0 to `TrueType` (W3C Recommendation "WOFF File Format 1.0", 2012).
//!
//! A WOFF file is an sfnt font whose tables are deflated one by one; undoing that gives the same
//! font on every machine. WOFF2 reorders glyphs and is not read.

use std::io::Read;

use flate2::read::ZlibDecoder;

const HEADER_BYTES: usize = 44;
const ENTRY_BYTES: usize = 20;
const MAX_FONT_BYTES: usize = 32 << 20;
const MAX_TABLES: usize = 256;

struct Table<'a> {
    tag: &'a [u8],
    checksum: &'a [u8],
    content: Vec<u8>,
}

/// The sfnt font inside a WOFF file, its tables in the order of their tags.
///
/// # Errors
/// What is wrong with the file, in a few words.
pub(super) fn to_sfnt(woff: &[u8]) -> Result<Vec<u8>, &'static str> {
    if !woff.starts_with(b"wOFF") || woff.len() < HEADER_BYTES {
        return Err("it is not a WOFF 1 font");
    }
    let count = usize::from(u16::from_be_bytes([woff[12], woff[13]]));
    if count > MAX_TABLES {
        return Err("it has too many tables");
    }
    let directory = woff.get(HEADER_BYTES..HEADER_BYTES + count * ENTRY_BYTES);
    let directory = directory.ok_or("its table directory is cut short")?;
    let mut tables = Vec::with_capacity(count);
    for entry in directory.chunks_exact(ENTRY_BYTES) {
        tables.push(read_table(woff, entry)?);
    }
    tables.sort_by_key(|t| t.tag);
    Ok(assemble(&woff[4..8], &tables))
}

fn word(bytes: &[u8], at: usize) -> usize {
    bytes[at..at + 4]
        .iter()
        .fold(0, |n, b| n << 8 | usize::from(*b))
}

fn read_table<'a>(woff: &'a [u8], entry: &'a [u8]) -> Result<Table<'a>, &'static str> {
    let (offset, packed, length) = (word(entry, 4), word(entry, 8), word(entry, 12));
    let bytes = woff
        .get(offset..offset.saturating_add(packed))
        .ok_or("a table is cut short")?;
    if length > MAX_FONT_BYTES {
        return Err("a table is too large");
    }
    let content = if packed < length {
        let mut content = Vec::with_capacity(length);
        let mut reader = ZlibDecoder::new(bytes).take(length as u64 + 1);
        reader
            .read_to_end(&mut content)
            .map_err(|_| "a table cannot be inflated")?;
        content
    } else {
        bytes.to_vec()
    };
    if content.len() != length {
        return Err("a table has another length than it says");
    }
    Ok(Table {
        tag: &entry[..4],
        checksum: &entry[16..20],
        content,
    })
}

/// Header, directory and tables, each table padded to four bytes (OpenType, "Font file").
fn assemble(flavour: &[u8], tables: &[Table<'_>]) -> Vec<u8> {
    let count = tables.len() as u16;
    let power = if count == 0 { 0 } else { count.ilog2() as u16 };
    let range = 16u16 << power;
    let mut font = flavour.to_vec();
    for field in [count, range, power, (count * 16).wrapping_sub(range)] {
        font.extend(field.to_be_bytes());
    }
    let mut offset = 12 + 16 * tables.len();
    for table in tables {
        font.extend(table.tag);
        font.extend(table.checksum);
        font.extend((offset as u32).to_be_bytes());
        font.extend((table.content.len() as u32).to_be_bytes());
        offset += table.content.len().next_multiple_of(4);
    }
    for table in tables {
        font.extend(&table.content);
        font.resize(font.len().next_multiple_of(4), 0);
    }
    font
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn woff(tables: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut file = b"wOFF\x00\x01\x00\x00".to_vec();
        file.extend([0; 4]);
        file.extend((tables.len() as u16).to_be_bytes());
        file.resize(HEADER_BYTES, 0);
        let mut bodies = Vec::new();
        let start = HEADER_BYTES + tables.len() * ENTRY_BYTES;
        for (tag, content) in tables {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(content).unwrap();
            let deflated = encoder.finish().unwrap();
            let body = if deflated.len() < content.len() {
                deflated
            } else {
                content.to_vec()
            };
            file.extend(*tag);
            for number in [start + bodies.len(), body.len(), content.len(), 7] {
                file.extend((number as u32).to_be_bytes());
            }
            bodies.extend(body);
        }
        file.extend(bodies);
        file
    }

    #[test]
    fn tables_are_inflated_sorted_and_padded() {
        let long = [b'x'; 301];
        let font = to_sfnt(&woff(&[(b"glyf", &long), (b"cmap", b"abc")])).unwrap();
        assert_eq!(&font[..12], [0, 1, 0, 0, 0, 2, 0, 32, 0, 1, 0, 0]);
        assert_eq!(
            (&font[12..16], word(&font, 20), word(&font, 24)),
            (&b"cmap"[..], 44, 3)
        );
        assert_eq!(
            (&font[28..32], word(&font, 36), word(&font, 40)),
            (&b"glyf"[..], 48, 301)
        );
        assert_eq!((&font[44..48], &font[48..349]), (&b"abc\0"[..], &long[..]));
        assert_eq!(font.len(), 352);
    }

    #[test]
    fn bad_fonts_are_refused() {
        let good = woff(&[(b"glyf", &[b'x'; 301])]);
        let mut longer = good.clone();
        longer[HEADER_BYTES + 15] += 1;
        for (case, bytes, reason) in [
            ("empty", &b""[..], "it is not a WOFF 1 font"),
            ("woff2", b"wOF2", "it is not a WOFF 1 font"),
            (
                "cut directory",
                &good[..50],
                "its table directory is cut short",
            ),
            ("cut table", &good[..good.len() - 1], "a table is cut short"),
            (
                "other length",
                &longer,
                "a table has another length than it says",
            ),
        ] {
            assert_eq!(to_sfnt(bytes), Err(reason), "{case}");
        }
    }
}
