//! ALTO, PDF and FHIR of real documents, read back by programs that are not ours: poppler's `pdftotext`,
//! PDFium, libxml2, and two validators. Needs the model files, poppler-utils, libxml2-utils and npm;
//! `infra/test` sets them up.
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

#[path = "formats/fhir.rs"]
mod fhir;

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use infra::models::{Asset, Cache};
use pdfium_render::prelude::{PdfRect, Pdfium};
use schemas::{BBox, Document, Engine, ReaderStatus, Word};
use tempfile::TempDir;

/// Upright, upside down or sideways, skewed.
const FILES: [&str; 3] = [
    "lab_columns.png",
    "prescription_repeat_turned.png",
    "prescription_table_skewed.jpg",
];

/// The results of all, read once.
static RESULTS: LazyLock<TempDir> = LazyLock::new(|| {
    let (input, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/documents");
    for file in FILES {
        fs::copy(documents.join(file), input.path().join(file)).unwrap();
    }
    let more = ["--format", "alto,pdf", "--engines", "tesseract,paddle"];
    process(input.path(), out.path(), &more);
    out
});

fn process(input: &Path, out: &Path, more: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_medbot"))
        .arg("process")
        .arg(input)
        .arg("--out")
        .arg(out)
        .args(more)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
}

fn result(file: &str, extension: &str) -> PathBuf {
    RESULTS.path().join(format!("{file}.{extension}"))
}

fn document(file: &str) -> Document {
    serde_json::from_slice(&fs::read(result(file, "json")).unwrap()).unwrap()
}

fn words(document: &Document) -> Vec<&Word> {
    let lines = document.pages.iter().flat_map(|page| &page.lines);
    lines.flat_map(|line| &line.words).collect()
}

fn said(program: &str, arguments: &[&OsStr]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Words that another program found, with boxes in pixels of the raster.
type Found = Vec<(String, BBox)>;

fn by_poppler(pdf: &Path, dpi: f32) -> Found {
    let xml = said(
        "pdftotext",
        &[
            "-bbox".as_ref(),
            "-raw".as_ref(),
            pdf.as_ref(),
            "-".as_ref(),
        ],
    );
    xml.lines()
        .filter_map(|line| line.trim().strip_prefix("<word "))
        .map(|word| {
            let (places, text) = word.split_once("\">").unwrap();
            let at: Vec<f32> = places
                .split('"')
                .skip(1)
                .step_by(2)
                .map(|v| v.parse::<f32>().unwrap() * dpi / 72.0)
                .collect();
            let text = text.strip_suffix("</word>").unwrap();
            (plain(text), BBox::new(at[0], at[1], at[2], at[3]))
        })
        .collect()
}

fn by_pdfium(pdf: &Path, dpi: f32) -> Found {
    // A process loads it once.
    static PDFIUM: LazyLock<Pdfium> = LazyLock::new(|| {
        let library = Cache::locate().unwrap().require(Asset::Pdfium).unwrap();
        Pdfium::new(Pdfium::bind_to_library(library).unwrap())
    });
    let document = PDFIUM.load_pdf_from_file(pdf, None).unwrap();
    let page = document.pages().get(0).unwrap();
    let height = page.height().value;
    let mut found = Found::new();
    let mut word: Option<(String, BBox)> = None;
    for character in page.text().unwrap().chars().iter() {
        let text = character.unicode_char().unwrap();
        if text.is_whitespace() {
            found.extend(word.take());
            continue;
        }
        let bbox = pixels(&character.tight_bounds().unwrap(), height, dpi);
        word = Some(match word {
            Some((mut before, whole)) => {
                before.push(text);
                (before, whole.union(&bbox))
            }
            None => (text.into(), bbox),
        });
    }
    found.extend(word);
    found
}

fn pixels(r: &PdfRect, height: f32, dpi: f32) -> BBox {
    let [left, right] = [r.left(), r.right()].map(|x| x.value * dpi / 72.0);
    let [top, bottom] = [r.top(), r.bottom()].map(|y| (height - y.value) * dpi / 72.0);
    BBox::new(left, top, right, bottom)
}

fn plain(xml: &str) -> String {
    let text = xml.replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&quot;", "\"").replace("&amp;", "&")
}

#[test]
fn other_programs_find_the_words_of_a_pdf_where_they_are() {
    for file in FILES {
        let document = document(file);
        let dpi = document.pages[0].dpi.unwrap_or(200.0);
        let pdf = result(file, "pdf");
        let wanted = words(&document);
        for (reader, found) in [
            ("poppler", by_poppler(&pdf, dpi)),
            ("pdfium", by_pdfium(&pdf, dpi)),
        ] {
            let texts: Vec<&str> = found.iter().map(|(text, _)| text.as_str()).collect();
            let expected: Vec<&str> = wanted.iter().map(|w| w.text.as_str()).collect();
            assert_eq!(texts, expected, "{reader} on {file}");
            let mut overlap = 0.0;
            for ((text, bbox), word) in found.iter().zip(&wanted) {
                let ([x, y], b) = (bbox.center(), word.bbox);
                let case = format!("{reader} on {file}: {text} at {bbox:?}, not {b:?}");
                assert!(
                    (b.x0..=b.x1).contains(&x) && (b.y0..=b.y1).contains(&y),
                    "{case}"
                );
                overlap += bbox.iou(&b) / wanted.len() as f32;
            }
            assert!(overlap > 0.8, "{reader} on {file}: IoU {overlap}");
        }
    }
}

#[test]
fn alto_is_what_its_schema_says_and_holds_every_word() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/alto.rng");
    for file in FILES {
        let xml = result(file, "alto.xml");
        said(
            "xmllint",
            &[
                "--noout".as_ref(),
                "--relaxng".as_ref(),
                schema.as_ref(),
                xml.as_ref(),
            ],
        );
        let document = document(file);
        let ask = |attribute: &str| -> Vec<String> {
            let path = format!("//*[local-name()='String']/@{attribute}");
            let answer = said(
                "xmllint",
                &["--xpath".as_ref(), path.as_ref(), xml.as_ref()],
            );
            let values = answer.lines().map(|line| {
                let (_, value) = line.trim().split_once("=\"").unwrap();
                plain(value.strip_suffix('"').unwrap())
            });
            values.collect()
        };
        let words = words(&document);
        let ids: Vec<&str> = words.iter().map(|w| w.id.as_str()).collect();
        let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(ask("ID"), ids, "{file}");
        assert_eq!(ask("CONTENT"), texts, "{file}");
        let alto = fs::read_to_string(&xml).unwrap();
        if document.pages[0].skew_degrees.abs() > 1.0 {
            assert!(alto.matches("<Polygon").count() > words.len() / 2, "{file}");
        }
        assert!(!alto.contains(file), "the file's name is in it");
    }
}

#[test]
fn words_of_a_pdf_that_is_read_again_are_not_taken_for_print() {
    let out = tempfile::tempdir().unwrap();
    let pdf = result(FILES[0], "pdf");
    process(&pdf, out.path(), &["--engines", "tesseract,pdf_text"]);
    let again = fs::read(out.path().join(format!("{}.pdf.json", FILES[0]))).unwrap();
    let again: Document = serde_json::from_slice(&again).unwrap();
    let voters = words(&again).into_iter().flat_map(|w| &w.votes);
    assert!(voters.clone().count() > 50);
    assert!(
        voters
            .into_iter()
            .all(|vote| vote.engine != Engine::PdfText)
    );
    let readers = &again.pages[0].readers;
    let layer = readers
        .iter()
        .find(|r| r.engine == Engine::PdfText)
        .unwrap();
    assert_eq!(layer.status, ReaderStatus::Skipped);
}
