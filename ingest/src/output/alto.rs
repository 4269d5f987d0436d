//! ALTO 4.4: lines and words with boxes and confidences, for libraries and archives.
//!
//! It comes in pieces, a page each, so that nobody holds a long document whole. The result knows no
//! blocks, so the lines of a page are one `TextBlock` in reading order. The name of the file stands
//! nowhere in it: the document's id and the digest of its bytes tell which it is.

use std::{borrow::Borrow, fmt::Write as _};

use schemas::{BBox, Document, Engine, EngineInfo, Line, Page, Quad, ReaderStatus, Word};

use super::xml::escaped;

/// Corners so near to the box, in pixels, need no polygon beside it.
const SQUARE: f32 = 0.5;

/// The document, piece by piece.
pub(crate) fn alto<D: Borrow<Document>>(document: D) -> impl Iterator<Item = String> {
    let pages = document.borrow().pages.len();
    (0..pages + 2).map(move |piece| {
        let document = document.borrow();
        let mut xml = String::new();
        // Writing to a string cannot fail.
        let _ = match piece {
            0 => head(&mut xml, document),
            n if n <= pages => page(&mut xml, &document.pages[n - 1], &document.engines),
            _ => {
                xml.push_str("</Layout>\n</alto>\n");
                Ok(())
            }
        };
        xml
    })
}

type Written = Result<(), std::fmt::Error>;

fn head(xml: &mut String, document: &Document) -> Written {
    let info = &document.document;
    xml.push_str(concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<alto xmlns=\"http://www.loc.gov/standards/alto/ns-v4#\" SCHEMAVERSION=\"4.4\">\n",
        "<Description>\n<MeasurementUnit>pixel</MeasurementUnit>\n<sourceImageInformation>\n",
    ));
    writeln!(
        xml,
        "<fileIdentifier fileIdentifierLocation=\"sha256\">{}</fileIdentifier>",
        escaped(&info.sha256)
    )?;
    writeln!(
        xml,
        "<documentIdentifier>{}</documentIdentifier>\n</sourceImageInformation>",
        escaped(&info.id)
    )?;
    for engine in &document.engines {
        let models: Vec<String> = engine
            .models
            .iter()
            .map(|model| format!("{} sha256:{}", model.file, model.sha256))
            .collect();
        let name = engine.name.to_string();
        software(xml, &step(engine.name), &models, &name, &engine.version)?;
    }
    software(xml, "vote", &[], "medbot", env!("CARGO_PKG_VERSION"))?;
    xml.push_str("</Description>\n<Layout>\n");
    Ok(())
}

/// The id of an engine's processing step.
fn step(engine: Engine) -> String {
    format!("ocr_{engine}")
}

fn software(xml: &mut String, id: &str, models: &[String], name: &str, version: &str) -> Written {
    writeln!(xml, "<OCRProcessing ID=\"{id}\">\n<ocrProcessingStep>")?;
    if !models.is_empty() {
        writeln!(
            xml,
            "<processingStepSettings>{}</processingStepSettings>",
            escaped(&models.join("; "))
        )?;
    }
    writeln!(
        xml,
        "<processingSoftware><softwareName>{}</softwareName><softwareVersion>{}</softwareVersion>\
         </processingSoftware>\n</ocrProcessingStep>\n</OCRProcessing>",
        escaped(name),
        escaped(version)
    )
}

fn page(xml: &mut String, page: &Page, engines: &[EngineInfo]) -> Written {
    let n = page.index;
    let steps: Vec<String> = page
        .readers
        .iter()
        .filter(|reader| reader.status == ReaderStatus::Ok)
        .filter(|reader| engines.iter().any(|engine| engine.name == reader.engine))
        .map(|reader| step(reader.engine))
        .chain(["vote".into()])
        .collect();
    let (width, height) = (page.width, page.height);
    write!(
        xml,
        "<Page ID=\"page_{n}\" PHYSICAL_IMG_NR=\"{}\" WIDTH=\"{width}\" HEIGHT=\"{height}\" \
         PROCESSINGREFS=\"{}\"",
        n + 1,
        steps.join(" ")
    )?;
    // What must be turned clockwise stands turned the other way.
    let rotation = f32::from(page.orientation.degrees()) + page.skew_degrees;
    if rotation != 0.0 {
        write!(xml, " ROTATION=\"{rotation}\"")?;
    }
    writeln!(
        xml,
        ">\n<PrintSpace ID=\"space_{n}\" HPOS=\"0\" VPOS=\"0\" WIDTH=\"{width}\" HEIGHT=\"{height}\">"
    )?;
    let boxes = page.lines.iter().map(|line| line.bbox);
    if let Some(whole) = boxes.reduce(|a, b| a.union(&b)) {
        writeln!(xml, "<TextBlock ID=\"block_{n}\" {}>", place(&whole))?;
        for (i, line) in page.lines.iter().enumerate() {
            writeln!(xml, "<TextLine ID=\"line_{n}_{i}\" {}>", place(&line.bbox))?;
            words(xml, line)?;
            xml.push_str("</TextLine>\n");
        }
        xml.push_str("</TextBlock>\n");
    }
    xml.push_str("</PrintSpace>\n</Page>\n");
    Ok(())
}

fn words(xml: &mut String, line: &Line) -> Written {
    let mut before: Option<&Word> = None;
    for word in &line.words {
        if let Some(before) = before {
            writeln!(xml, "<SP{}/>", gap(&before.bbox, &word.bbox))?;
        }
        before = Some(word);
        write!(
            xml,
            "<String ID=\"{}\" {} WC=\"{}\" CONTENT=\"{}\"",
            word.id,
            place(&word.bbox),
            (word.confidence.get() * 1e4).round() / 1e4,
            escaped(&word.text)
        )?;
        match polygon(&word.quad) {
            Some(points) => writeln!(
                xml,
                "><Shape><Polygon POINTS=\"{points}\"/></Shape></String>"
            )?,
            None => xml.push_str("/>\n"),
        }
    }
    Ok(())
}

fn place(b: &BBox) -> String {
    format!(
        "HPOS=\"{}\" VPOS=\"{}\" WIDTH=\"{}\" HEIGHT=\"{}\"",
        tenth(b.x0),
        tenth(b.y0),
        tenth(b.width()),
        tenth(b.height())
    )
}

/// Where the white space between two words is, if they stand beside each other.
fn gap(a: &BBox, b: &BBox) -> String {
    if b.x0 > a.x1 && a.vertical_overlap(b) > 0.0 {
        let (top, bottom) = (a.y0.max(b.y0), a.y1.min(b.y1));
        format!(" {}", place(&BBox::new(a.x1, top, b.x0, bottom)))
    } else {
        String::new()
    }
}

/// The corners of a word that does not stand straight.
fn polygon(quad: &Quad) -> Option<String> {
    let b = quad.bbox();
    let near = |v: f32, w: f32| (v - w).abs() <= SQUARE;
    let straight = quad
        .0
        .iter()
        .all(|[x, y]| (near(*x, b.x0) || near(*x, b.x1)) && (near(*y, b.y0) || near(*y, b.y1)));
    (!straight).then(|| {
        let points = quad.0.map(|[x, y]| format!("{},{}", tenth(x), tenth(y)));
        points.join(" ")
    })
}

fn tenth(v: f32) -> f32 {
    (v * 10.0).round() / 10.0
}
