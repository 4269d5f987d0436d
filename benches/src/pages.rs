//! Pages as the vote gets them: read once by every engine, then fused as often as one likes.
//!
//! Reading takes seconds a page and fusing milliseconds, so that readings can be kept in a folder
//! (`--cache`) while only the vote changes. Limit: a cache knows nothing of the program that made it;
//! who changes the reading throws it away.

use std::{fs, path::Path, sync::Arc, time::Instant};

use anyhow::Context as _;
use fixtures::gold::{GoldDocument, GoldWord};
use fusion::{FusedWord, LineReadings, Rulings, Words, assemble, reading_order};
use schemas::{BBox, Confidence, Engine, Quad, ReadLine, ReadWord, Reading};
use serde::{Deserialize, Serialize};
use workers::{
    adaptive,
    document::Pipeline,
    page::{self, Detected},
};

/// A page with what every engine read.
#[derive(Serialize, Deserialize)]
pub struct ReadPage {
    /// Its lines.
    pub detected: Detected,
    /// Of every engine that read it.
    pub readings: Vec<Reading>,
    /// Its ruled lines.
    pub rulings: Rulings,
    /// What stands in each line, where the gold has places of words.
    pub gold: Vec<ReadLine>,
}

impl ReadPage {
    /// The lines of the page as these engines read them; all engines when none is named.
    #[must_use]
    pub fn lines(&self, engines: &[Engine]) -> Vec<LineReadings<'_>> {
        let mut lines = page::by_line(&self.detected, &self.readings);
        for line in &mut lines {
            line.readings
                .retain(|(engine, _)| engines.is_empty() || engines.contains(engine));
        }
        lines
    }

    /// The lines as mode `adaptive` reads them: the draft alone where it is enough.
    #[must_use]
    pub fn adaptive(&self, pipeline: &Pipeline) -> Vec<LineReadings<'_>> {
        let drafts: Vec<Reading> = self
            .readings
            .iter()
            .filter(|reading| reading.engine == adaptive::DRAFT)
            .cloned()
            .collect();
        let doubtful = adaptive::doubtful(
            &self.detected,
            &drafts,
            &self.rulings,
            &pipeline.words,
            &pipeline.lexicon,
        );
        let mut lines = self.lines(&[]);
        for (n, line) in lines.iter_mut().enumerate() {
            if doubtful.binary_search(&n).is_err() {
                line.readings
                    .retain(|(engine, _)| *engine == adaptive::DRAFT);
            }
        }
        lines
    }
}

/// The text of a document: `lines` chooses the readings of a page, `fuse` makes words of them, of which some are
/// expected.
#[must_use]
pub fn text<'a>(
    pages: &'a [ReadPage],
    lines: impl Fn(&'a ReadPage) -> Vec<LineReadings<'a>>,
    fuse: impl Fn(&[LineReadings<'_>]) -> Vec<Vec<FusedWord>>,
    expected: &Words,
) -> String {
    let ordered = pages
        .iter()
        .map(|page| {
            let words = fuse(&lines(page));
            let segments = page::segments(&page.detected.lines, words);
            reading_order(segments, &page.rulings, expected)
        })
        .collect();
    assemble(ordered).text
}

/// Reads a document, or takes it from the cache.
///
/// # Errors
/// When the document cannot be decoded or a page not prepared, or the cache is not writable.
pub fn read(
    pipeline: &Pipeline,
    bytes: &Arc<[u8]>,
    gold: Option<&GoldDocument>,
    cache: Option<(&Path, &str)>,
) -> anyhow::Result<Vec<ReadPage>> {
    let kept = cache.map(|(folder, name)| folder.join(format!("{}.json", name.replace('/', "_"))));
    if let Some(kept) = kept.as_ref().filter(|kept| kept.is_file()) {
        let json = fs::read(kept).context("the cache")?;
        return serde_json::from_slice(&json).context("the cache holds something else");
    }
    let mut decoded = pipeline.decoder.open(Arc::clone(bytes), None)?;
    let mut pages = Vec::new();
    for index in 0..decoded.page_count() {
        let raster = decoded.page(index)?;
        let deadline = Instant::now() + pipeline.readers.page_time;
        let prepared = pipeline.readers.prepare(&raster.image, deadline)?;
        let detected = pipeline.readers.detect(&prepared, deadline);
        let layer = page::text_layer(&raster.text_layer, &prepared.upright);
        let recognised = pipeline.recognise(&prepared, &detected, &layer, deadline);
        let words = gold.map_or_else(Vec::new, |gold| {
            let scale = gold
                .size
                .get(index)
                .map_or(1.0, |[w, _]| raster.image.width() as f32 / *w as f32);
            gold.words
                .iter()
                .filter(|word| word.page == index)
                .map(|word| {
                    let place = prepared.upright.upright_quad(&quad(word, scale));
                    (place.bbox(), word)
                })
                .collect()
        });
        let gold = detected
            .lines
            .iter()
            .enumerate()
            .map(|(line, quad)| gold_line(line, quad, &words))
            .collect();
        pages.push(ReadPage {
            detected,
            readings: recognised.readings,
            rulings: prepared.rulings,
            gold,
        });
    }
    if let Some(kept) = kept {
        if let Some(folder) = kept.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&kept, serde_json::to_vec(&pages)?).context("the cache is not writable")?;
    }
    Ok(pages)
}

fn quad(word: &GoldWord, scale: f32) -> Quad {
    let q = word.q.map(|v| v as f32 * scale);
    Quad([[q[0], q[1]], [q[2], q[3]], [q[4], q[5]], [q[6], q[7]]])
}

/// The gold words whose middle stands in a line, as if an engine had read them.
fn gold_line(line: usize, quad: &Quad, words: &[(BBox, &GoldWord)]) -> ReadLine {
    let b = quad.bbox();
    let mut inside: Vec<&(BBox, &GoldWord)> = words
        .iter()
        .filter(|(word, _)| {
            let [x, y] = word.center();
            b.x0 <= x && x <= b.x1 && b.y0 <= y && y <= b.y1
        })
        .collect();
    inside.sort_by(|a, b| a.0.x0.total_cmp(&b.0.x0));
    let words = inside
        .iter()
        .map(|(bbox, word)| ReadWord {
            text: word.t.clone(),
            quad: bbox.quad(),
            char_confidences: vec![Confidence::ONE; word.t.chars().count()],
        })
        .collect();
    ReadLine { line, words }
}
