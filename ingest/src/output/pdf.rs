//! Searchable PDF: each page's raster, and over it the words as invisible text at their quads.
//!
//! Pictures are written as the pages come, the words when all are known; of a page nothing stays in
//! memory but its size. Equal results give equal bytes: there is no clock and no random id in it,
//! and nothing of the document but its pictures and words, the name of the file least of all.
//! Limit: where the resolution is not known, 200 dots per inch are assumed.

mod font;
mod objects;
mod picture;
#[cfg(test)]
mod tests;
mod text;

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use image::RgbImage;
use pdf_writer::{Content, Finish as _, Name, Rect, Ref, TextStr};
use schemas::{Document, Page};

use self::{font::Font, objects::Objects};

const CATALOG: Ref = Ref::new(1);
const TREE: Ref = Ref::new(2);
const INFO: Ref = Ref::new(3);

/// Of a page that does not say.
const DPI: f32 = 200.0;
/// Believable resolutions; others are taken for unknown.
const BELIEVABLE: std::ops::RangeInclusive<f32> = 20.0..=4800.0;
/// Viewers take no longer sides, in points (ISO 32000-1, annex C).
const LONGEST: f32 = 14_400.0;
/// Of a page of which there is no raster: A4, in points.
const A4: [f32; 2] = [595.0, 842.0];

/// A PDF that is being written.
pub(crate) struct SearchablePdf<W> {
    objects: Objects<W>,
    pictures: BTreeMap<usize, Picture>,
}

/// A picture that was written.
struct Picture {
    id: Ref,
    width: u32,
    height: u32,
}

impl<W: Write> SearchablePdf<W> {
    /// Begins. The first failure of `sink` is told by [`Self::finish`].
    pub(crate) fn new(sink: W) -> Self {
        Self {
            objects: Objects::new(sink, [CATALOG, TREE, INFO].len() as i32 + Font::OBJECTS),
            pictures: BTreeMap::new(),
        }
    }

    /// Writes the picture of a page, counted from 0. A page that never gets one is left white.
    pub(crate) fn raster(&mut self, page: usize, raster: &RgbImage) {
        let id = self.objects.fresh();
        self.objects.put(|chunk| picture::write(chunk, id, raster));
        let (width, height) = raster.dimensions();
        self.pictures.insert(page, Picture { id, width, height });
    }

    /// What was written to, for one who takes the bytes away between pages.
    pub(crate) fn sink(&mut self) -> &mut W {
        self.objects.sink()
    }

    /// Writes pages and words, and what ends a PDF.
    ///
    /// # Errors
    /// The first failure of the sink.
    pub(crate) fn finish(mut self, document: &Document) -> io::Result<W> {
        let mut font = Font::new([CATALOG, TREE, INFO].len() as i32);
        let pages: Vec<Ref> = document
            .pages
            .iter()
            .map(|page| self.page(page, &mut font))
            .collect();
        font.write(&mut self.objects);
        self.objects.put(|chunk| {
            let count = pages.len() as i32;
            chunk.pages(TREE).count(count).kids(pages);
        });
        self.objects.put(|chunk| {
            let mut catalog = chunk
                .indirect(CATALOG)
                .start::<pdf_writer::writers::Catalog<'_>>();
            catalog.pages(TREE);
        });
        self.objects.put(|chunk| {
            let mut info = chunk.indirect(INFO).dict();
            let producer = concat!("medbot ", env!("CARGO_PKG_VERSION"));
            info.pair(Name(b"Producer"), TextStr(producer));
        });
        self.objects.finish(CATALOG, INFO)
    }

    fn page(&mut self, page: &Page, font: &mut Font) -> Ref {
        let picture = self.pictures.get(&page.index);
        let (width, height) = picture.map_or((page.width, page.height), |p| (p.width, p.height));
        let known = page.dpi.filter(|dpi| BELIEVABLE.contains(dpi));
        let longest = width.max(height) as f32;
        let scale = (72.0 / known.unwrap_or(DPI)).min(LONGEST / longest);
        let size = if width == 0 || height == 0 {
            A4
        } else {
            // Rounded down, so that a renderer which rounds up gets the same number of pixels.
            [width, height].map(|side| (side as f32 * scale * 100.0).floor() / 100.0)
        };
        let mut content = Content::new();
        content.transform([scale, 0.0, 0.0, scale, 0.0, 0.0]);
        if picture.is_some() {
            content
                .save_state()
                .transform([width as f32, 0.0, 0.0, height as f32, 0.0, 0.0])
                .x_object(Name(b"Raster"))
                .restore_state();
        }
        text::write(&mut content, page, height as f32, font);
        let content = objects::deflated(&content.finish());

        let picture = picture.map(|picture| picture.id);
        let (id, stream) = (self.objects.fresh(), self.objects.fresh());
        self.objects.put(|chunk| {
            chunk
                .stream(stream, &content)
                .filter(pdf_writer::Filter::FlateDecode);
        });
        self.objects.put(|chunk| {
            let mut page = chunk.page(id);
            page.media_box(Rect::new(0.0, 0.0, size[0], size[1]))
                .parent(TREE)
                .contents(stream);
            let mut resources = page.resources();
            resources.fonts().pair(text::FONT, font.id());
            if let Some(picture) = picture {
                resources.x_objects().pair(Name(b"Raster"), picture);
            }
            resources.finish();
        });
        id
    }
}
