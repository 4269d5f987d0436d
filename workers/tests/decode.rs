//! Decoding through sandboxed children: the same pages as in this process, one at a time, from any
//! thread, and a document that kills its child costs itself alone.

use std::fmt::Write;
use std::io::Cursor;
use std::path::PathBuf;
use std::time::Duration;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use schemas::RejectKind;
use workers::decode::{DecodeConfig, Decoder, Limits, decode};
use workers::sandbox::{CallError, Launch};

/// `PDFium` where the set-up puts it.
fn pdfium() -> PathBuf {
    let cache = infra::models::Cache::locate().expect("MEDBOT_CACHE or HOME is set");
    cache
        .require(infra::models::Asset::Pdfium)
        .expect("infra/setup has run")
}

fn decoder(children: usize, change: impl FnOnce(&mut Limits)) -> Decoder {
    let mut config = DecodeConfig {
        pdfium: Some(pdfium()),
        limits: Limits::default(),
    };
    change(&mut config.limits);
    let launch = Launch::of(env!("CARGO_BIN_EXE_medbot-sandbox"));
    Decoder::new(launch, config, children).expect("the decoder starts")
}

/// A PDF of so many pages, each with its number on it.
fn pdf(pages: usize, content: impl Fn(usize) -> String) -> Vec<u8> {
    let mut objects = vec!["<</Type/Catalog/Pages 2 0 R>>".to_string()];
    let kids: Vec<_> = (0..pages).map(|n| format!("{} 0 R", 4 + 2 * n)).collect();
    objects.push(format!(
        "<</Type/Pages/Kids[{}]/Count {pages}>>",
        kids.join(" ")
    ));
    objects.push("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".into());
    for n in 0..pages {
        let (own, content) = (5 + 2 * n, content(n));
        objects.push(format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 144 72]/Contents {own} 0 R\
             /Resources<</Font<</F 3 0 R>>>>>>"
        ));
        objects.push(format!(
            "<</Length {}>>stream\n{content}\nendstream",
            content.len()
        ));
    }
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut table = String::from("0000000000 65535 f \n");
    for (n, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", out.len()).expect("a string takes it");
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", n + 1).bytes());
    }
    let (at, size) = (out.len(), objects.len() + 1);
    out.extend(
        format!(
            "xref\n0 {size}\n{table}trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{at}\n%%EOF\n"
        )
        .bytes(),
    );
    out
}

fn numbered(pages: usize) -> Vec<u8> {
    pdf(pages, |n| format!("BT /F 24 Tf 20 20 Td (page{n}) Tj ET"))
}

fn png() -> Vec<u8> {
    let image = RgbImage::from_fn(300, 200, |x, y| Rgb([x as u8, y as u8, 9]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(image)
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("a PNG is written");
    bytes.into_inner()
}

#[test]
fn a_child_gives_what_this_process_gives() {
    let decoder = decoder(1, |_| {});
    for (name, bytes) in [("a.png", png()), ("a.pdf", numbered(3))] {
        let here = decode(&bytes, Some(name), &Limits::default(), Some(&pdfium())).unwrap();
        let mut file = decoder.open(bytes, Some(name)).unwrap();
        assert_eq!(
            (file.media_type(), file.page_count()),
            (here.media_type, here.pages.len())
        );
        let there: Vec<_> = file.pages().map(Result::unwrap).collect();
        assert_eq!(there, here.pages, "{name}");
    }
}

#[test]
fn documents_share_children_between_threads() {
    let decoder = decoder(2, |_| {});
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let decoder = &decoder;
            scope.spawn(move || {
                let mut file = decoder.open(numbered(5 + thread), None).unwrap();
                for n in (0..file.page_count()).rev() {
                    let page = file.page(n).unwrap();
                    assert_eq!(page.text_layer[0].text, format!("page{n}"));
                }
            });
        }
    });
}

#[test]
fn a_long_document_comes_page_by_page() {
    let decoder = decoder(1, |l| l.dpi = 72.0);
    let mut file = decoder.open(numbered(700), Some("long.pdf")).unwrap();
    assert_eq!(file.page_count(), 700);
    for n in [699, 0, 350] {
        assert_eq!(file.page(n).unwrap().text_layer[0].text, format!("page{n}"));
    }
    assert_eq!(file.page(700).unwrap_err().kind, RejectKind::NoPages);
}

#[test]
fn a_page_that_takes_too_long_costs_itself_alone() {
    let decoder = decoder(1, |l| l.time = Duration::from_millis(700));
    // Curves across the page, each clipped by all before it.
    let slow = "0 0 m 144 72 0 72 144 0 c 144 72 l W n 0 0 144 72 re S ".repeat(200_000);
    let bytes = pdf(2, |n| {
        if n == 0 {
            slow.clone()
        } else {
            "BT /F 24 Tf 20 20 Td (fast) Tj ET".into()
        }
    });
    let mut file = decoder.open(bytes, None).unwrap();
    assert_eq!(file.page(0).unwrap_err().kind, RejectKind::TooSlow);
    assert_eq!(file.page(1).unwrap().text_layer[0].text, "fast");
}

#[test]
fn a_document_that_needs_too_much_memory_is_refused_and_the_next_is_not() {
    let decoder = decoder(1, |l| {
        l.memory_bytes = 300 << 20;
        l.pixels_per_page = 1_000_000_000;
    });
    // A sound grey PNG whose RGB needs 432 MB.
    let grey = image::GrayImage::new(12_000, 12_000);
    let mut bomb = Cursor::new(Vec::new());
    grey.write_to(&mut bomb, ImageFormat::Png).unwrap();
    let refused = decoder
        .open(bomb.into_inner(), None)
        .and_then(|mut f| f.page(0))
        .unwrap_err();
    assert!(
        matches!(
            refused.kind,
            RejectKind::TooLarge | RejectKind::DecoderCrashed
        ),
        "{refused}"
    );
    assert!(decoder.open(png(), None).unwrap().page(0).is_ok());
}

#[test]
fn refusals_travel_with_their_kind() {
    let decoder = decoder(1, |_| {});
    let mut cut = png();
    cut.truncate(cut.len() / 2);
    for (name, bytes, wanted) in [
        ("empty.png", vec![], RejectKind::Empty),
        (
            "letter.png",
            b"Dear colleague".to_vec(),
            RejectKind::Mislabelled,
        ),
        (
            "letter.txt",
            b"Dear colleague".to_vec(),
            RejectKind::UnsupportedFormat,
        ),
        ("cut.png", cut, RejectKind::Truncated),
        (
            "none.pdf",
            b"%PDF-1.7\nnothing\n%%EOF".to_vec(),
            RejectKind::Malformed,
        ),
    ] {
        let refused = decoder
            .open(bytes, Some(name))
            .and_then(|mut f| f.page(0))
            .unwrap_err();
        assert_eq!(refused.kind, wanted, "{name}");
    }
}

#[test]
fn a_missing_library_is_said_at_once() {
    let config = DecodeConfig {
        pdfium: Some("/nonexistent/libpdfium.so".into()),
        limits: Limits::default(),
    };
    let launch = Launch::of(env!("CARGO_BIN_EXE_medbot-sandbox"));
    let error = Decoder::new(launch, config, 1).err();
    assert!(matches!(error, Some(CallError::NotLoaded(_))), "{error:?}");
}
