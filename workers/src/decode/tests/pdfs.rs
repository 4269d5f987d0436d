use schemas::RejectKind;

use super::write::{pdf, pdf_of, stream};
use super::{Limits, kind, pdfium, read, read_within};

fn words(bytes: &[u8]) -> (Vec<String>, usize) {
    let page = read(bytes, "a.pdf").unwrap().pages.remove(0);
    (
        page.text_layer.into_iter().map(|w| w.text).collect(),
        page.hidden_glyphs,
    )
}

const TAKE: &str = "BT /F 24 Tf 40 60 Td (Take 1.0 mg) Tj ET ";
/// The same place as `1.0 mg` of [`TAKE`]; of the two `1` there, PDFium reports one.
const SECRET: &str = "BT /F 24 Tf 99 60 Td (10 mg) Tj ET ";
const WHITE_BOX: &str = "1 g 95 52 90 30 re f 0 g ";

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn hidden_text_never_gets_out() {
    let take = &["Take", "1.0", "mg"][..];
    for (name, attributes, content, wanted, hidden) in [
        ("only visible text", "", TAKE.to_string(), take, 0),
        (
            "invisible render mode",
            "",
            format!("{TAKE}3 Tr {SECRET}"),
            take,
            3,
        ),
        (
            "white on white",
            "",
            format!("{TAKE} 1 g BT /F 24 Tf 40 20 Td (10 mg) Tj ET"),
            take,
            4,
        ),
        (
            "under a white box, then the lie on top",
            "",
            format!("{SECRET}{WHITE_BOX}{TAKE}"),
            take,
            3,
        ),
        (
            "under an image, then the lie on top",
            "",
            format!("{SECRET} q 90 0 0 30 95 52 cm /Im Do Q {TAKE}"),
            take,
            3,
        ),
        (
            "under an image",
            "",
            format!("{TAKE} q 90 0 0 30 95 52 cm /Im Do Q"),
            &["Take"],
            5,
        ),
        (
            "wholly transparent",
            "",
            format!("{TAKE} /Clear gs BT /F 24 Tf 40 20 Td (10 mg) Tj ET"),
            take,
            4,
        ),
        (
            "all but transparent",
            "",
            format!("{TAKE} /Faint gs BT /F 24 Tf 40 20 Td (10 mg) Tj ET"),
            take,
            4,
        ),
        (
            "outside the page",
            "",
            format!("{TAKE} BT /F 24 Tf 40 -60 Td (10 mg) Tj ET"),
            take,
            4,
        ),
        (
            "outside the crop box",
            "/CropBox[0 40 360 144]",
            format!("{TAKE} BT /F 24 Tf 40 10 Td (10 mg) Tj ET"),
            take,
            4,
        ),
        (
            "clipped away",
            "",
            format!("{TAKE} q 0 0 10 10 re W n BT /F 24 Tf 40 20 Td (10 mg) Tj ET Q"),
            take,
            4,
        ),
        (
            "too small to see",
            "",
            format!("{TAKE} BT /F 0.1 Tf 40 20 Td (10 mg) Tj ET"),
            take,
            4,
        ),
        (
            "half covered",
            "",
            format!("{TAKE} BT /F 24 Tf 40 20 Td (88) Tj ET 1 g 40 28 40 20 re f"),
            take,
            2,
        ),
        (
            "black on black",
            "",
            format!("{TAKE} 40 10 90 30 re f BT /F 24 Tf 45 20 Td (10 mg) Tj ET"),
            take,
            4,
        ),
        (
            "white on black is seen",
            "",
            format!("{TAKE} 40 10 90 30 re f 1 g BT /F 24 Tf 45 20 Td (N) Tj ET"),
            &["Take", "1.0", "mg", "N"],
            0,
        ),
        (
            "outlined text is seen",
            "",
            format!("{TAKE} 1 Tr BT /F 24 Tf 40 20 Td (N) Tj ET"),
            &["Take", "1.0", "mg", "N"],
            0,
        ),
        (
            "text of a form is seen",
            "",
            format!("{TAKE} q 1 0 0 1 0 30 cm /Fm Do Q"),
            &["Take", "1.0", "mg", "form"],
            0,
        ),
        (
            "text of a covered form",
            "",
            format!("/Fm Do 1 g 0 0 360 144 re f 0 g {TAKE}"),
            take,
            4,
        ),
        ("no text at all", "", "0 0 10 10 re f".into(), &[], 0),
    ] {
        let (got, count) = words(&pdf(attributes, &content));
        let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
        assert_eq!((got, count), (wanted, hidden), "{name}");
    }
}

#[test]
fn boxes_lie_on_the_ink_however_the_page_is_turned() {
    for (attributes, size) in [
        ("", (1000, 400)),
        ("/Rotate 90", (400, 1000)),
        ("/Rotate 180", (1000, 400)),
        ("/Rotate 270", (400, 1000)),
        ("/Rotate 90/CropBox[20 40 360 144]", (289, 944)),
        ("/MediaBox[-100 -50 260 94]", (1000, 400)),
    ] {
        let page = read(&pdf(attributes, TAKE), "a.pdf")
            .unwrap()
            .pages
            .remove(0);
        assert_eq!(page.image.dimensions(), size, "{attributes}");
        assert_eq!(page.dpi, Some(200.0));
        assert_eq!(page.text_layer.len(), 3, "{attributes}");
        for word in &page.text_layer {
            // All ink within a margin of the box lies inside it, and touches every side.
            let b = word.bbox;
            let mut ink = [f32::MAX, f32::MAX, 0.0, 0.0];
            for y in (b.y0 - 5.0) as u32..(b.y1 + 5.0) as u32 {
                for x in (b.x0 - 5.0) as u32..(b.x1 + 5.0) as u32 {
                    if page.image.get_pixel(x, y).0[0] < 128 {
                        let (x, y) = (x as f32, y as f32);
                        ink = [
                            ink[0].min(x),
                            ink[1].min(y),
                            ink[2].max(x + 1.0),
                            ink[3].max(y + 1.0),
                        ];
                    }
                }
            }
            let off = [b.x0 - ink[0], b.y0 - ink[1], b.x1 - ink[2], b.y1 - ink[3]];
            assert!(
                off.iter().all(|d| d.abs() <= 2.0),
                "{attributes} {}: {off:?}",
                word.text
            );
        }
    }
}

#[test]
fn filled_form_fields_are_rendered() {
    let field = "<</Type/Annot/Subtype/Widget/FT/Tx/T(dose)/V(10 mg)/Rect[40 40 200 80]/F 4\
                 /DA(/F 24 Tf 0 g)/AP<</N 6 0 R>>>>";
    let bytes = pdf_of(&[
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]/DR<</Font<</F 4 0 R>>>>>>>>".into(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 360 144]/Annots[5 0 R]>>".into(),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".into(),
        field.into(),
        stream(
            "/Type/XObject/Subtype/Form/BBox[0 0 160 40]/Resources<</Font<</F 4 0 R>>>>",
            "/Tx BMC BT /F 24 Tf 4 10 Td (10 mg) Tj ET EMC",
        ),
    ]);
    let page = read(&bytes, "a.pdf").unwrap().pages.remove(0);
    let ink = page.image.pixels().filter(|p| p.0[0] < 100).count();
    assert!(ink > 500, "{ink} dark pixels");
}

#[test]
fn broken_documents_are_refused_by_kind() {
    let good = pdf("", TAKE);
    let encrypt = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let key = format!(
            "trailer\n<</ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/O<{0}>/U<{0}>/P -4>>",
            "5a".repeat(32)
        );
        text.replace("trailer\n<<", &key).into_bytes()
    };
    let loops = String::from_utf8(good.clone()).unwrap();
    let at = loops.find("xref\n").unwrap();
    let loops = loops.replace("/Root 1 0 R", &format!("/Root 1 0 R/Prev {at}"));
    let catalogue = || "<</Type/Catalog/Pages 2 0 R>>".to_string();
    let own_child = pdf_of(&[catalogue(), "<</Type/Pages/Kids[2 0 R]/Count 1>>".into()]);
    let none = pdf_of(&[catalogue(), "<</Type/Pages/Kids[]/Count 0>>".into()]);
    let mut deep = vec![catalogue()];
    for n in 0..3000 {
        deep.push(format!("<</Type/Pages/Kids[{} 0 R]/Count 1>>", n + 3));
    }
    deep.push("<</Type/Page/MediaBox[0 0 99 99]>>".into());
    let huge = pdf("/MediaBox[0 0 2000000 2000000]", TAKE);
    for (name, bytes, wanted) in [
        (
            "encrypted",
            encrypt(&good),
            &[Some(RejectKind::Encrypted)][..],
        ),
        (
            "cut in half",
            good[..good.len() / 2].into(),
            &[Some(RejectKind::Truncated)],
        ),
        (
            "cut before its end",
            good[..good.len() - 60].into(),
            &[Some(RejectKind::Truncated)],
        ),
        (
            "a header alone",
            b"%PDF-1.7\n%%EOF".to_vec(),
            &[Some(RejectKind::Malformed)],
        ),
        (
            "no pages",
            none,
            &[Some(RejectKind::NoPages), Some(RejectKind::Malformed)],
        ),
        (
            "a cross-reference loop",
            loops.into_bytes(),
            &[None, Some(RejectKind::Malformed)],
        ),
        (
            "a tree that is its own child",
            own_child,
            &[Some(RejectKind::NoPages), Some(RejectKind::Malformed)],
        ),
        (
            "a deep tree",
            pdf_of(&deep),
            &[None, Some(RejectKind::NoPages), Some(RejectKind::Malformed)],
        ),
        (
            "a page of 17 miles",
            huge,
            &[Some(RejectKind::TooLarge), None],
        ),
    ] {
        let got = kind(read(&bytes, "a.pdf"));
        assert!(wanted.contains(&got), "{name}: {got:?}");
    }
}

#[test]
fn a_large_page_is_rendered_coarser_and_says_so() {
    let limits = Limits {
        pixels_per_page: 100_000,
        ..Limits::default()
    };
    let page = read_within(&pdf("", TAKE), "a.pdf", &limits)
        .unwrap()
        .pages
        .remove(0);
    let (w, h) = page.image.dimensions();
    assert!(w * h <= 100_000 && w * h > 95_000, "{w} x {h}");
    let dpi = page.dpi.unwrap();
    assert!(
        (dpi - w as f32 / 5.0).abs() < 1.0,
        "{dpi} dpi for {w} pixels of 5 inches"
    );
}

#[test]
fn without_the_library_a_pdf_is_refused() {
    assert!(pdfium().exists());
    let refused = super::super::decode(&pdf("", TAKE), None, &Limits::default(), None);
    assert_eq!(kind(refused), Some(RejectKind::UnsupportedFormat));
}
