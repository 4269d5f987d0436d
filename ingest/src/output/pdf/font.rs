//! A font without ink for any character: the codes of a text are numbers given in order of first use,
//! every one of them has the same glyph of no area, and a `ToUnicode` map says what each means (ISO
//! 32000-1, 9.7 and 9.10.3). The font program is a TrueType of two glyphs, made here table by table,
//! so that no viewer looks for another font.

use std::collections::HashMap;

use pdf_writer::{
    Chunk, Filter, Name, Rect, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};

use super::objects::{Objects, deflated};

/// Units of the font.
pub(super) const EM: f32 = 1000.0;
/// Of every character.
pub(super) const ADVANCE: f32 = 500.0;
/// Below the baseline.
pub(super) const DESCENT: f32 = 200.0;
const ASCENT: f32 = EM - DESCENT;

const NAME: Name<'static> = Name(b"Glyphless");
const SYSTEM: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

/// The font of one document.
pub(super) struct Font {
    before: i32,
    codes: HashMap<char, u16>,
    /// By code, from 1.
    characters: Vec<char>,
}

impl Font {
    /// How many objects it takes.
    pub const OBJECTS: i32 = 6;

    /// Its objects have the numbers after `before`.
    pub fn new(before: i32) -> Self {
        Self {
            before,
            codes: HashMap::new(),
            characters: Vec::new(),
        }
    }

    /// What pages refer to.
    pub fn id(&self) -> Ref {
        Ref::new(self.before + 1)
    }

    /// A text as codes of two bytes; what is beyond 65,535 different characters is left out.
    pub fn codes(&mut self, text: &str) -> Vec<u8> {
        text.chars()
            .filter_map(|character| self.code(character))
            .flat_map(u16::to_be_bytes)
            .collect()
    }

    fn code(&mut self, character: char) -> Option<u16> {
        if let Some(code) = self.codes.get(&character) {
            return Some(*code);
        }
        let code = u16::try_from(self.characters.len() + 1).ok()?;
        self.codes.insert(character, code);
        self.characters.push(character);
        Some(code)
    }

    /// Writes its objects.
    pub fn write<W: std::io::Write>(&self, objects: &mut Objects<W>) {
        let [font, descendant, descriptor, program, glyphs, unicode] =
            [1, 2, 3, 4, 5, 6].map(|n| Ref::new(self.before + n));
        objects.put(|chunk| {
            chunk
                .type0_font(font)
                .base_font(NAME)
                .encoding_predefined(Name(b"Identity-H"))
                .descendant_font(descendant)
                .to_unicode(unicode);
        });
        objects.put(|chunk| {
            chunk
                .cid_font(descendant)
                .subtype(CidFontType::Type2)
                .base_font(NAME)
                .system_info(SYSTEM)
                .font_descriptor(descriptor)
                .default_width(ADVANCE)
                .cid_to_gid_map_stream(glyphs);
        });
        objects.put(|chunk| {
            chunk
                .font_descriptor(descriptor)
                .name(NAME)
                .flags(FontFlags::FIXED_PITCH | FontFlags::SYMBOLIC)
                .bbox(Rect::new(0.0, -DESCENT, ADVANCE, ASCENT))
                .italic_angle(0.0)
                .ascent(ASCENT)
                .descent(-DESCENT)
                .cap_height(ASCENT)
                .stem_v(80.0)
                .font_file2(program);
        });
        objects.put(|chunk| {
            let bytes = true_type();
            let length = bytes.len() as i32;
            let bytes = deflated(&bytes);
            let mut stream = chunk.stream(program, &bytes);
            stream.filter(Filter::FlateDecode);
            stream.pair(Name(b"Length1"), length);
        });
        objects.put(|chunk| {
            // Code 0 is never shown; every other has the one glyph.
            let mut map = vec![0, 0];
            map.extend([0, 1].repeat(self.characters.len()));
            flate(chunk, glyphs, &map);
        });
        objects.put(|chunk| {
            let mut map = UnicodeCmap::new(Name(b"Words"), SYSTEM);
            for (code, character) in (1_u16..).zip(&self.characters) {
                map.pair(code, *character);
            }
            flate(chunk, unicode, &map.finish());
        });
    }
}

fn flate(chunk: &mut Chunk, id: Ref, bytes: &[u8]) {
    chunk
        .stream(id, &deflated(bytes))
        .filter(Filter::FlateDecode);
}

/// The font program, tables as the OpenType specification lays them out, numbers big-endian.
fn true_type() -> Vec<u8> {
    let (advance, ascent, descent) = (ADVANCE as i16, ASCENT as i16, -DESCENT as i16);
    let words = |values: &[i16]| -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_be_bytes())
            .collect()
    };
    // A contour of two points: it has a box, which readers of text ask for, and no area.
    let mut glyph = words(&[1, 0, descent, advance, ascent, 1, 0]);
    glyph.extend([1, 1]);
    glyph.extend(words(&[0, advance, descent, ascent - descent]));
    let half = (glyph.len() / 2) as i16;
    let mut head = words(&[1, 0, 1, 0, 0, 0]); // version, revision, checksum adjustment
    head.extend(0x5f0f_3cf5_u32.to_be_bytes());
    head.extend(words(&[0, EM as i16])); // flags, units
    head.extend([0; 16]); // created, modified
    head.extend(words(&[0, descent, advance, ascent, 0, 8, 2, 0, 0]));
    let mut hhea = words(&[1, 0, ascent, descent, 0, advance, 0, 0, advance, 1, 0, 0]);
    hhea.extend(words(&[0, 0, 0, 0, 0, 1])); // reserved, format, number of metrics
    let mut maxp = words(&[1, 0, 2, 2, 1, 0, 0, 1]);
    maxp.extend([0; 16]);
    let tables: [(&[u8; 4], Vec<u8>); 6] = [
        (b"glyf", glyph),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", words(&[advance, 0, 0])),
        (b"loca", words(&[0, 0, half])),
        (b"maxp", maxp),
    ];
    assembled(&tables)
}

/// Directory and tables, with the checksums.
fn assembled(tables: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let sum = |bytes: &[u8]| {
        bytes.chunks(4).fold(0_u32, |sum, four| {
            let mut word = [0; 4];
            word[..four.len()].copy_from_slice(four);
            sum.wrapping_add(u32::from_be_bytes(word))
        })
    };
    let mut font = vec![0, 1, 0, 0];
    // Number of tables; for a binary search: 4 * 16, log2 of 4, the rest.
    font.extend([
        0,
        tables.len() as u8,
        0,
        64,
        0,
        2,
        0,
        (tables.len() * 16 - 64) as u8,
    ]);
    let mut offset = font.len() + tables.len() * 16;
    let mut adjustment = 0;
    for (tag, table) in tables {
        if *tag == b"head" {
            adjustment = offset + 8;
        }
        font.extend(*tag);
        for value in [sum(table), offset as u32, table.len() as u32] {
            font.extend(value.to_be_bytes());
        }
        offset += table.len().next_multiple_of(4);
    }
    for (_, table) in tables {
        font.extend(table);
        font.resize(font.len().next_multiple_of(4), 0);
    }
    let whole = 0xb1b0_afba_u32.wrapping_sub(sum(&font));
    font[adjustment..adjustment + 4].copy_from_slice(&whole.to_be_bytes());
    font
}
