//! DICOM objects of every pixel kind, made element by element.

use dicom_core::{DataElement, PrimitiveValue, Tag, VR, dicom_value, smallvec::SmallVec};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use image::{DynamicImage, ExtendedColorType};
use schemas::RejectKind;

use super::write::{difference, pdf, picture};
use super::{kind, read};

type Element = (Tag, VR, PrimitiveValue);

fn short(tag: Tag, value: u16) -> Element {
    (tag, VR::US, value.into())
}

fn string(tag: Tag, vr: VR, value: &str) -> Element {
    (tag, vr, value.into())
}

fn words(tag: Tag, values: &[u16]) -> Element {
    (
        tag,
        VR::OW,
        PrimitiveValue::U16(values.iter().copied().collect()),
    )
}

/// What every image has: size, samples, bits, colour model.
fn image(samples: u16, bits: u16, stored: u16, photometric: &str) -> Vec<Element> {
    vec![
        short(tags::COLUMNS, 64),
        short(tags::ROWS, 48),
        short(tags::SAMPLES_PER_PIXEL, samples),
        short(tags::BITS_ALLOCATED, bits),
        short(tags::BITS_STORED, stored),
        short(tags::HIGH_BIT, stored - 1),
        short(tags::PIXEL_REPRESENTATION, 0),
        short(tags::PLANAR_CONFIGURATION, 0),
        string(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric),
    ]
}

fn file(syntax: &str, elements: Vec<Element>, fragments: Option<Vec<Vec<u8>>>) -> Vec<u8> {
    let mut object = InMemDicomObject::new_empty();
    for (tag, vr, value) in elements {
        object.put(DataElement::new(tag, vr, value));
    }
    if let Some(fragments) = fragments {
        let fragments: SmallVec<_> = fragments.into_iter().collect();
        let value = dicom_core::value::PixelFragmentSequence::new_fragments(fragments);
        object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, value));
    }
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(uids::SECONDARY_CAPTURE_IMAGE_STORAGE)
        .media_storage_sop_instance_uid("1.2.3")
        .transfer_syntax(syntax);
    let mut bytes = Vec::new();
    object
        .with_meta(meta)
        .unwrap()
        .write_all(&mut bytes)
        .unwrap();
    bytes
}

fn native(mut elements: Vec<Element>, pixels: Vec<u8>) -> Vec<u8> {
    elements.push((tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(pixels.into())));
    file(uids::EXPLICIT_VR_LITTLE_ENDIAN, elements, None)
}

fn with(mut elements: Vec<Element>, more: Vec<Element>) -> Vec<Element> {
    elements.retain(|(tag, ..)| more.iter().all(|(other, ..)| other != tag));
    elements.extend(more);
    elements
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn pixels_of_every_kind() {
    let rgb = picture();
    let grey = DynamicImage::ImageRgb8(rgb.clone()).to_luma8();
    let grey_rgb = DynamicImage::ImageLuma8(grey.clone()).to_rgb8();
    let twelve = |shift: i32| -> Vec<u8> {
        grey.iter()
            .flat_map(|&v| (i16::from(v) * 16 + shift as i16).to_le_bytes())
            .collect()
    };
    let planes: Vec<u8> = (0..3)
        .flat_map(|c| rgb.pixels().map(move |p| p.0[c]).collect::<Vec<_>>())
        .collect();
    let ybr: Vec<[u8; 3]> = rgb
        .pixels()
        .map(|p| {
            let [r, g, b] = p.0.map(f32::from);
            [
                0.299 * r + 0.587 * g + 0.114 * b,
                128.0 - 0.168_736 * r - 0.331_264 * g + 0.5 * b,
                128.0 + 0.5 * r - 0.418_688 * g - 0.081_312 * b,
            ]
            .map(|v| v.round().clamp(0.0, 255.0) as u8)
        })
        .collect();
    let half: Vec<u8> = ybr
        .chunks(2)
        .flat_map(|p| [p[0][0], p[1][0], p[0][1], p[0][2]])
        .collect();
    let ramp: Vec<u16> = (0..256).map(|n| n * 257).collect();
    let palette = [
        (
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
        (
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        ),
    ]
    .into_iter()
    .flat_map(|(descriptor, data)| {
        [
            (descriptor, VR::US, dicom_value!(U16, [256, 0, 16])),
            words(data, &ramp),
        ]
    })
    .collect::<Vec<_>>();
    let window = |center: &str, width: &str| {
        vec![
            string(tags::WINDOW_CENTER, VR::DS, center),
            string(tags::WINDOW_WIDTH, VR::DS, width),
        ]
    };
    let signed = || short(tags::PIXEL_REPRESENTATION, 1);
    let rescale = || {
        vec![
            string(tags::RESCALE_INTERCEPT, VR::DS, "1000"),
            string(tags::RESCALE_SLOPE, VR::DS, "1"),
        ]
    };
    let inverse: Vec<u8> = grey.iter().map(|v| 255 - v).collect();
    for (name, elements, pixels, wanted, worst) in [
        (
            "monochrome 2",
            image(1, 8, 8, "MONOCHROME2"),
            grey.to_vec(),
            &grey_rgb,
            0.0,
        ),
        (
            "monochrome 1",
            image(1, 8, 8, "MONOCHROME1"),
            inverse,
            &grey_rgb,
            0.0,
        ),
        (
            "12 bits, windowed",
            with(image(1, 16, 12, "MONOCHROME2"), window("2040", "4080")),
            twelve(0),
            &grey_rgb,
            1.0,
        ),
        (
            "12 bits, no window",
            image(1, 16, 12, "MONOCHROME2"),
            twelve(0),
            &grey_rgb,
            1.0,
        ),
        (
            "signed, rescaled, windowed",
            with(
                with(image(1, 16, 16, "MONOCHROME2"), window("3040", "4080")),
                [rescale(), vec![signed()]].concat(),
            ),
            twelve(0),
            &grey_rgb,
            1.0,
        ),
        (
            "signed below zero",
            with(
                image(1, 16, 16, "MONOCHROME2"),
                [window("40", "4080"), vec![signed()]].concat(),
            ),
            twelve(-2000),
            &grey_rgb,
            1.0,
        ),
        (
            "rgb",
            image(3, 8, 8, "RGB"),
            rgb.as_raw().clone(),
            &rgb,
            0.0,
        ),
        (
            "rgb in planes",
            with(
                image(3, 8, 8, "RGB"),
                vec![short(tags::PLANAR_CONFIGURATION, 1)],
            ),
            planes,
            &rgb,
            0.0,
        ),
        (
            "ybr full",
            image(3, 8, 8, "YBR_FULL"),
            ybr.concat(),
            &rgb,
            1.0,
        ),
        (
            "ybr full 422",
            image(3, 8, 8, "YBR_FULL_422"),
            half,
            &rgb,
            2.0,
        ),
        (
            "palette",
            with(image(1, 8, 8, "PALETTE COLOR"), palette),
            grey.to_vec(),
            &grey_rgb,
            0.0,
        ),
    ] {
        let decoded =
            read(&native(elements, pixels), "a").unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(
            (decoded.media_type, decoded.pages.len()),
            ("application/dicom", 1),
            "{name}"
        );
        let difference = difference(&decoded.pages[0].image, wanted);
        assert!(difference <= worst, "{name}: {difference}");
    }
}

#[test]
fn compressed_pixels() {
    let rgb = picture();
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 95)
        .encode(rgb.as_raw(), 64, 48, ExtendedColorType::Rgb8)
        .unwrap();
    jpeg.resize(jpeg.len().next_multiple_of(2), 0);
    // Three planes of literal runs behind the table of segments (PS3.5, annex G).
    let plane = |c: usize| -> Vec<u8> {
        let bytes: Vec<u8> = rgb.pixels().map(|p| p.0[c]).collect();
        bytes
            .chunks(128)
            .flat_map(|run| [vec![run.len() as u8 - 1], run.to_vec()].concat())
            .collect()
    };
    let planes = [0, 1, 2].map(plane);
    let mut rle = Vec::new();
    let offsets = [
        3,
        64,
        64 + planes[0].len(),
        64 + planes[0].len() + planes[1].len(),
    ];
    for value in offsets.iter().chain(&[0; 12]) {
        rle.extend((*value as u32).to_le_bytes());
    }
    rle.extend(planes.concat());
    for (name, syntax, photometric, fragment, worst) in [
        ("jpeg", uids::JPEG_BASELINE8_BIT, "YBR_FULL_422", jpeg, 6.0),
        ("rle", uids::RLE_LOSSLESS, "RGB", rle, 0.0),
    ] {
        let bytes = file(syntax, image(3, 8, 8, photometric), Some(vec![fragment]));
        let page = read(&bytes, "a")
            .unwrap_or_else(|e| panic!("{name}: {e}"))
            .pages
            .remove(0);
        let difference = difference(&page.image, &rgb);
        assert!(difference <= worst, "{name}: {difference}");
    }
}

#[test]
fn each_frame_is_a_page() {
    let (first, second) = (picture(), image::imageops::rotate180(&picture()));
    let frames = vec![string(tags::NUMBER_OF_FRAMES, VR::IS, "2")];
    let pixels = [first.as_raw().clone(), second.as_raw().clone()].concat();
    let pages = read(&native(with(image(3, 8, 8, "RGB"), frames), pixels), "a")
        .unwrap()
        .pages;
    assert_eq!(
        pages.into_iter().map(|p| p.image).collect::<Vec<_>>(),
        [first, second]
    );
}

#[test]
fn an_encapsulated_pdf_gives_its_pages_and_its_text() {
    let document = pdf("", "BT /F 24 Tf 40 60 Td (Take 1.0 mg) Tj ET");
    let element = (
        tags::ENCAPSULATED_DOCUMENT,
        VR::OB,
        PrimitiveValue::U8(document.into()),
    );
    let decoded = read(
        &file(uids::EXPLICIT_VR_LITTLE_ENDIAN, vec![element], None),
        "a.dcm",
    )
    .unwrap();
    let words: Vec<_> = decoded.pages[0]
        .text_layer
        .iter()
        .map(|w| w.text.as_str())
        .collect();
    assert_eq!(words, ["Take", "1.0", "mg"]);
}

#[test]
fn the_header_names_the_patient_of_every_page() {
    let named = |extra: &[Element]| {
        let header = [
            string(tags::PATIENT_NAME, VR::PN, "Roe^Jane Ann^B.^Dr.=ROE"),
            string(tags::PATIENT_BIRTH_DATE, VR::DA, "19700102"),
            string(tags::PATIENT_ID, VR::LO, "4411-208 "),
        ];
        let elements = with(image(3, 8, 8, "RGB"), [&header, extra].concat());
        let page = read(&native(elements, picture().into_raw()), "a.dcm").unwrap();
        page.pages[0].subject.clone()
    };
    let roe = schemas::Subject {
        name: Some("Jane Ann B. Roe".into()),
        birth_date: Some("1970-01-02".into()),
        id: Some("4411-208".into()),
    };
    assert_eq!(named(&[]), Some(roe));
    let removed = string(tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES");
    assert_eq!(named(&[removed]), None);
    let nameless = native(image(3, 8, 8, "RGB"), picture().into_raw());
    assert_eq!(read(&nameless, "a.dcm").unwrap().pages[0].subject, None);
}

#[test]
fn broken_objects_are_refused_by_kind() {
    let good = native(image(3, 8, 8, "RGB"), picture().into_raw());
    let many = with(
        image(1, 8, 8, "MONOCHROME2"),
        vec![string(tags::NUMBER_OF_FRAMES, VR::IS, "1000")],
    );
    let side = [short(tags::COLUMNS, 65_000), short(tags::ROWS, 65_000)].to_vec();
    let report = vec![string(tags::PATIENT_NAME, VR::PN, "Roe^Jane")];
    let syntax = uids::EXPLICIT_VR_LITTLE_ENDIAN;
    for (name, bytes, wanted) in [
        (
            "cut in its pixels",
            good[..good.len() - 2000].to_vec(),
            RejectKind::Truncated,
        ),
        (
            "cut in its header",
            good[..450].to_vec(),
            RejectKind::Truncated,
        ),
        (
            "fewer frames than it says",
            native(many, vec![0; 64 * 48]),
            RejectKind::Truncated,
        ),
        (
            "a bomb",
            native(with(image(1, 8, 8, "MONOCHROME2"), side), vec![0; 9]),
            RejectKind::TooLarge,
        ),
        (
            "a report without a page",
            file(syntax, report, None),
            RejectKind::NoPages,
        ),
    ] {
        let refused = read(&bytes, "a.dcm");
        if let Err(reject) = &refused {
            assert!(!reject.detail.contains("Roe"), "{name}");
        }
        assert_eq!(kind(refused), Some(wanted), "{name}");
    }
}
