//! The document result of a script: one line a page, one word each its own evidence, one entity a
//! page that was read.

use std::collections::BTreeMap;

use schemas::{
    Assertion, BBox, Confidence, Document, DocumentInfo, DocumentKind, Entity, Fact, Line,
    Medication, Orientation, Page, PageStatus, ReaderReport, ReaderStatus, SCHEMA_ID, Timings,
    Vote, Word,
};
use workers::stage::Work;

use super::slip::{Origin, Reader};

/// The result; none without a page that was read.
pub(super) fn compile(work: &Work, read: &[Option<(Origin, Vec<Reader>)>]) -> Option<Document> {
    let (first, _) = read.iter().flatten().next()?;
    let (mut text, mut pages, mut entities) = (String::new(), Vec::new(), Vec::new());
    for (index, page) in read.iter().enumerate() {
        if index > 0 {
            text.push('\x0c');
        }
        let Some((origin, readers)) = page else {
            pages.push(empty(index, PageStatus::Failed));
            continue;
        };
        let start = text.chars().count();
        let words = words(origin, readers, start);
        let line = origin.script.words.join(" ");
        let end = start + line.chars().count();
        text.push_str(&line);
        text.push('\n');
        entities.push(Entity {
            id: format!("e{}", entities.len()),
            text: line.clone(),
            span: [start, end],
            page: Some(index),
            words: words.iter().map(|word| word.id.clone()).collect(),
            confidence: Confidence::new(0.9),
            field_confidence: BTreeMap::new(),
            needs_review: origin.script.doubtful,
            reasons: Vec::new(),
            assertion: Assertion::Present,
            codes: Vec::new(),
            candidates: Vec::new(),
            fact: Fact::Medication(Medication {
                name: Some(origin.script.words[0].clone()),
                ..Medication::default()
            }),
        });
        let whole = readers.iter().all(|(.., ok)| *ok);
        pages.push(Page {
            readers: readers.iter().copied().map(report).collect(),
            lines: vec![Line {
                text: line,
                bbox: BBox::new(0.0, 0.0, 100.0, 10.0),
                words,
            }],
            ..empty(
                index,
                if whole {
                    PageStatus::Ok
                } else {
                    PageStatus::Partial
                },
            )
        });
    }
    Some(Document {
        schema: SCHEMA_ID.into(),
        document: DocumentInfo {
            id: work.document.to_string(),
            file: work.file.clone(),
            sha256: first.sha256.clone(),
            media_type: "image/png".into(),
            bytes: first.bytes,
            page_count: read.len(),
            kind: DocumentKind::Other,
            kind_confidence: Confidence::new(0.5),
        },
        text,
        pages,
        entities,
        engines: Vec::new(),
        timings_ms: work.timings.clone(),
    })
}

/// A result without what differs between two runs: the document's times.
#[must_use]
pub fn timeless(mut document: Document) -> Document {
    document.timings_ms = Timings::default();
    document
}

fn words(origin: &Origin, readers: &[Reader], start: usize) -> Vec<Word> {
    let mut at = start;
    let words = origin.script.words.iter().enumerate().map(|(n, text)| {
        let span = [at, at + text.chars().count()];
        at = span[1] + 1;
        let bbox = BBox::new(n as f32 * 10.0, 0.0, n as f32 * 10.0 + 9.0, 10.0);
        Word {
            id: format!("p{}w{n}", origin.page),
            text: text.clone(),
            bbox,
            quad: bbox.quad(),
            confidence: Confidence::new(0.9),
            span,
            votes: readers
                .iter()
                .filter(|(.., ok)| *ok)
                .map(|&(engine, ..)| Vote {
                    engine,
                    text: text.clone(),
                    confidence: Confidence::new(0.8),
                })
                .collect(),
        }
    });
    words.collect()
}

/// Why a reader failed differs between two runs, when its last attempt was killed; that it did, not.
fn report((engine, _, ok): Reader) -> ReaderReport {
    ReaderReport {
        engine,
        status: if ok {
            ReaderStatus::Ok
        } else {
            ReaderStatus::Failed
        },
        error: (!ok).then(|| "it has no reading".into()),
    }
}

fn empty(index: usize, status: PageStatus) -> Page {
    Page {
        index,
        status,
        width: 100,
        height: 10,
        dpi: None,
        subject: None,
        orientation: Orientation::Upright,
        skew_degrees: 0.0,
        unread_ink: 0.0,
        readers: Vec::new(),
        tables: Vec::new(),
        checkboxes: Vec::new(),
        lines: Vec::new(),
    }
}
