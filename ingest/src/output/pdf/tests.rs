//! Every PDF here is read back by other programs: the words by poppler's `pdftotext`, the pixels by
//! PDFium.

use std::{
    io::{self, Write},
    process::Command,
};

use image::{Rgb, RgbImage};
use infra::models::{Asset, Cache};
use schemas::{
    BBox, Confidence, Document, DocumentInfo, DocumentKind, Line, Orientation, Page, PageStatus,
    Point, SCHEMA_ID, Timings, Word,
};
use workers::decode::{self, Limits};

use super::SearchablePdf;

const SIZE: [u32; 2] = [1000, 1400];
/// Accents, symbols, a script without gaps, beyond the first plane, markup of PDF itself.
const TEXT: [&[&str]; 3] = [
    &["Müller,", "José", "5", "µg", "≥", "10.0"],
    &["阿司匹林", "每日", "一次"],
    &["α\u{1d6fc}", "(a)\\<b>", "Ångström"],
];

fn document(pages: Vec<Page>) -> Document {
    Document {
        schema: SCHEMA_ID.into(),
        document: DocumentInfo {
            id: "0".into(),
            file: "Mustermann_Erika.png".into(),
            sha256: String::new(),
            media_type: "image/png".into(),
            bytes: 0,
            page_count: pages.len(),
            kind: DocumentKind::Other,
            kind_confidence: Confidence::ZERO,
        },
        text: String::new(),
        pages,
        entities: Vec::new(),
        engines: Vec::new(),
        timings_ms: Timings::default(),
    }
}

/// Lines of [`TEXT`] on an upright page, through `place` onto the raster.
fn page(index: usize, orientation: Orientation, place: impl Fn(Point) -> Point) -> Page {
    let mut lines = Vec::new();
    for (row, words) in TEXT.iter().enumerate() {
        let y = 500.0 + 60.0 * row as f32;
        let mut x = 300.0;
        let words: Vec<Word> = words
            .iter()
            .map(|text| {
                let width = 22.0 * text.chars().count() as f32;
                let quad = BBox::new(x, y, x + width, y + 30.0).quad().map(&place);
                // Some touch, and more than that.
                x += width
                    + if text.chars().count() == 2 {
                        -2.0
                    } else {
                        14.0
                    };
                Word {
                    id: "p0w0".into(),
                    text: (*text).into(),
                    bbox: quad.bbox(),
                    quad,
                    confidence: Confidence::ONE,
                    span: [0, 0],
                    votes: Vec::new(),
                }
            })
            .collect();
        lines.push(Line {
            text: String::new(),
            bbox: words[0].bbox,
            words,
        });
    }
    Page {
        index,
        status: PageStatus::Ok,
        width: SIZE[0],
        height: SIZE[1],
        dpi: Some(150.0),
        subject: None,
        orientation,
        skew_degrees: 0.0,
        unread_ink: 0.0,
        readers: Vec::new(),
        tables: Vec::new(),
        checkboxes: Vec::new(),
        lines,
    }
}

/// A turn about the middle of the page, counter-clockwise: what makes the page need it clockwise.
fn turned(degrees: f32) -> impl Fn(Point) -> Point {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let [cx, cy] = SIZE.map(|side| side as f32 / 2.0);
    move |[x, y]| {
        let (x, y) = (x - cx, y - cy);
        [cx + x * cos + y * sin, cy - x * sin + y * cos]
    }
}

fn written(document: &Document, raster: Option<&RgbImage>) -> Vec<u8> {
    let mut pdf = SearchablePdf::new(Vec::new());
    if let Some(raster) = raster {
        for page in &document.pages {
            pdf.raster(page.index, raster);
        }
    }
    pdf.finish(document).unwrap()
}

fn pdftotext(pdf: &[u8], arguments: &[&str]) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pdf).unwrap();
    let output = Command::new("pdftotext")
        .args(arguments)
        .args([file.path().as_os_str(), "-".as_ref()])
        .output()
        .expect("pdftotext of poppler-utils is installed");
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Words with boxes in pixels of a raster at `dpi`, in the order of the content.
fn words(pdf: &[u8], dpi: f32) -> Vec<(String, BBox)> {
    pdftotext(pdf, &["-bbox", "-raw"])
        .lines()
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
            let text = text.replace("&lt;", "<").replace("&gt;", ">");
            (text, BBox::new(at[0], at[1], at[2], at[3]))
        })
        .collect()
}

#[test]
fn another_program_finds_every_word_in_order_and_in_its_place() {
    for (degrees, orientation) in [0.0, 90.0, 180.0, 270.0].into_iter().zip(Orientation::ALL) {
        for skew in [0.0, 0.7, -2.0, 4.0] {
            let document = document(vec![page(0, orientation, turned(degrees + skew))]);
            let read = words(&written(&document, None), 150.0);
            let wanted: Vec<&Word> = document.pages[0]
                .lines
                .iter()
                .flat_map(|l| &l.words)
                .collect();
            let texts: Vec<&str> = read.iter().map(|(text, _)| text.as_str()).collect();
            assert_eq!(texts, TEXT.concat(), "turned by {degrees} and {skew}");
            for ((text, bbox), word) in read.iter().zip(wanted) {
                let case = format!(
                    "{text} turned by {degrees} and {skew}: {bbox:?}, {:?}",
                    word.bbox
                );
                let [x, y] = bbox.center();
                let b = word.bbox;
                assert!(
                    (b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y),
                    "{case}"
                );
                if skew == 0.0 {
                    assert!(bbox.iou(&b) > 0.8, "{case}");
                }
            }
        }
    }
}

#[test]
fn steep_words_lie_along_their_quads() {
    let document = document(vec![page(0, Orientation::Upright, turned(20.0))]);
    // Poppler cuts a word whose baseline climbs; nothing is lost, and every part lies on its word.
    let read = words(&written(&document, None), 150.0);
    let whole: String = read.iter().map(|(text, _)| text.as_str()).collect();
    let mut wanted: Vec<char> = TEXT.concat().concat().chars().collect();
    let mut found: Vec<char> = whole.chars().collect();
    wanted.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, wanted);
    let on_page = document.pages[0].lines.iter().flat_map(|l| &l.words);
    let boxes: Vec<(&str, BBox)> = on_page.map(|w| (w.text.as_str(), w.bbox)).collect();
    for (text, part) in read {
        let [x, y] = part.center();
        assert!(
            boxes.iter().any(|(word, b)| {
                word.contains(&text) && (b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y)
            }),
            "{text} at {part:?}"
        );
    }
}

#[test]
fn lines_and_spaces_come_out_as_they_went_in() {
    let document = document(vec![page(0, Orientation::Upright, |p| p)]);
    let lines: Vec<String> = TEXT.iter().map(|line| line.join(" ")).collect();
    let pdf = written(&document, None);
    for how in [&["-raw"][..], &[]] {
        let text = pdftotext(&pdf, how);
        let read: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .collect();
        assert_eq!(read, lines, "{how:?}");
    }
}

/// Black and white, grey and in colour.
fn rasters() -> [RgbImage; 3] {
    [
        |x: u32, y: u32| {
            [if (x / 7 + y / 5).is_multiple_of(2) {
                0
            } else {
                255
            }; 3]
        },
        |x: u32, y: u32| [((x + y) / 10) as u8; 3],
        |x: u32, y: u32| [(x / 4) as u8, (y / 6) as u8, 90],
    ]
    .map(|paint| RgbImage::from_fn(SIZE[0] - 3, SIZE[1], |x, y| Rgb(paint(x, y))))
}

#[test]
fn what_is_seen_is_the_raster_and_its_words_are_hidden() {
    let pdfium = Cache::locate().unwrap().require(Asset::Pdfium).unwrap();
    for (raster, most) in rasters().iter().zip([0.0, 2.0, 4.0]) {
        let mut page = page(0, Orientation::Upright, |p| p);
        page.dpi = None;
        let pdf = written(&document(vec![page]), Some(raster));
        let decoded = decode::decode(&pdf, None, &Limits::default(), Some(&pdfium)).unwrap();
        let seen = &decoded.pages[0];
        assert_eq!(seen.image.dimensions(), raster.dimensions());
        let differences = seen
            .image
            .iter()
            .zip(raster.iter())
            .map(|(a, b)| a.abs_diff(*b));
        let mean = differences.map(f64::from).sum::<f64>() / raster.len() as f64;
        assert!(mean <= most, "{mean} of at most {most}");
        // Nothing of the invisible words is taken for text of the page when it is read again.
        assert!(seen.text_layer.is_empty());
        assert!(seen.hidden_glyphs > 30, "{}", seen.hidden_glyphs);
    }
}

#[test]
fn a_page_without_raster_is_white_and_takes_its_place() {
    let blank = Page {
        width: 0,
        height: 0,
        dpi: None,
        lines: Vec::new(),
        ..page(0, Orientation::Upright, |p| p)
    };
    let second = page(1, Orientation::Upright, |p| p);
    let text = pdftotext(&written(&document(vec![blank, second]), None), &["-raw"]);
    let (first, second) = text.split_once('\u{c}').unwrap();
    assert_eq!(first.trim(), "");
    assert!(second.starts_with("Müller"), "{second}");
}

#[test]
fn equal_results_give_equal_bytes_without_the_files_name() {
    let [_, grey, _] = rasters();
    let document = document(vec![page(0, Orientation::Upright, |p| p)]);
    let pdf = written(&document, Some(&grey));
    assert_eq!(pdf, written(&document, Some(&grey)));
    let text = String::from_utf8_lossy(&pdf);
    for word in ["Mustermann", "CreationDate", "/ID", "/Title"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[test]
fn a_full_disk_is_told() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let [.., colour] = rasters();
    let mut pdf = SearchablePdf::new(Full(1000));
    pdf.raster(0, &colour);
    let error = pdf.finish(&document(vec![page(0, Orientation::Upright, |p| p)]));
    assert_eq!(error.err().unwrap().kind(), io::ErrorKind::StorageFull);
}
