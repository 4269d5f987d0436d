//! Files that are cut off, lie about their size, or are not what they seem: each a typed refusal,
//! none a panic, none a large allocation.

use std::io::Cursor;

use image::ImageFormat;
use proptest::prelude::*;
use schemas::RejectKind;

use super::write::{crc32, pdf, picture, tiff, tiff_tags};
use super::{Limits, kind, read, read_within};

fn sample(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = image::DynamicImage::ImageRgb8(picture());
    let image = match format {
        ImageFormat::Farbfeld => image.to_rgba16().into(),
        ImageFormat::Hdr => image.to_rgb32f().into(),
        ImageFormat::Ico => image.to_rgba8().into(),
        _ => image,
    };
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

const FORMATS: [ImageFormat; 11] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::Bmp,
    ImageFormat::Gif,
    ImageFormat::WebP,
    ImageFormat::Pnm,
    ImageFormat::Tga,
    ImageFormat::Qoi,
    ImageFormat::Ico,
    ImageFormat::Farbfeld,
    ImageFormat::Hdr,
];

#[test]
fn every_format_cut_anywhere_is_refused() {
    let mut samples: Vec<_> = FORMATS.map(|f| (format!("{f:?}"), sample(f))).into();
    let strip = picture().into_raw();
    samples.push((
        "Tiff".into(),
        tiff(&[(tiff_tags((64, 48), &[8, 8, 8], 1, 2), strip)]),
    ));
    samples.push(("Pdf".into(), pdf("", "BT /F 24 Tf 40 60 Td (Take) Tj ET")));
    for (name, bytes) in samples {
        assert_eq!(kind(read(&bytes, "a")), None, "{name} is good");
        for percent in [0, 1, 5, 10, 20, 35, 50, 65, 80, 90] {
            let cut = &bytes[..bytes.len() * percent / 100];
            let got = kind(read(cut, "a.png"));
            let typed = matches!(
                got,
                Some(
                    RejectKind::Truncated
                        | RejectKind::Malformed
                        | RejectKind::Empty
                        | RejectKind::Mislabelled
                )
            );
            assert!(typed, "{name} cut to {percent} %: {got:?}");
            // Half of a picture must be called cut off where the format lets one know.
            if percent == 50 && !matches!(name.as_str(), "Qoi" | "Hdr" | "Ico") {
                assert_eq!(got, Some(RejectKind::Truncated), "{name} cut in half");
            }
        }
    }
}

#[test]
fn bombs_are_refused_by_their_headers() {
    let side = 50_000_u32;
    let mut png = sample(ImageFormat::Png);
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    let crc = crc32(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&crc);
    let mut gif = sample(ImageFormat::Gif);
    gif[6..10].fill(0xff);
    let mut bmp = sample(ImageFormat::Bmp);
    bmp[18..22].copy_from_slice(&side.to_le_bytes());
    bmp[22..26].copy_from_slice(&side.to_le_bytes());
    let mut jpeg = sample(ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].fill(0xff);
    // From 20,000 on, the codec itself calls the header broken.
    let qoi = [
        b"qoif".as_slice(),
        &15_000_u32.to_be_bytes(),
        &15_000_u32.to_be_bytes(),
        &[3, 0],
    ]
    .concat();
    let farbfeld = [
        b"farbfeld".as_slice(),
        &side.to_be_bytes(),
        &side.to_be_bytes(),
    ]
    .concat();
    for (name, bytes) in [
        ("png", png),
        ("gif", gif),
        ("bmp", bmp),
        ("jpeg", jpeg),
        ("qoi", qoi),
        ("farbfeld", farbfeld),
        ("ppm", b"P6 50000 50000 255\n".to_vec()),
        (
            "tiff",
            tiff(&[(tiff_tags((side, side), &[8, 8, 8], 1, 2), vec![0; 99])]),
        ),
        (
            "fax",
            tiff(&[(tiff_tags((side, side), &[1], 4, 0), vec![0; 99])]),
        ),
    ] {
        assert_eq!(
            kind(read(&bytes, "a")),
            Some(RejectKind::TooLarge),
            "{name}"
        );
    }
}

#[test]
fn limits_hold() {
    let page = || (tiff_tags((64, 48), &[8, 8, 8], 1, 2), picture().into_raw());
    let three = tiff(&[page(), page(), page()]);
    let within = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        kind(read_within(&three, "a.tif", &limits))
    };
    assert_eq!(within(|_| ()), None);
    assert_eq!(within(|l| l.pages = 2), Some(RejectKind::TooLarge));
    assert_eq!(within(|l| l.bytes = 5_000), Some(RejectKind::TooLarge));
    assert_eq!(
        within(|l| l.pixels_per_page = 64 * 47),
        Some(RejectKind::TooLarge)
    );
}

#[test]
fn children_share_what_memory_there_is() {
    for (memory, children, megabytes) in [
        (None, 9, 2048),
        (Some(64 << 30), 2, 2048),
        (Some(4 << 30), 2, 1536),
        (Some(4 << 30), 3, 1024),
        (Some(3 << 30), 3, 768),
        (Some(512 << 20), 1, 768),
        (Some(4 << 30), 0, 2048),
    ] {
        let limits = Limits::default().shared(memory, children);
        assert_eq!(
            limits.memory_bytes >> 20,
            megabytes,
            "{memory:?} {children}"
        );
    }
    let small = Limits {
        memory_bytes: 64 << 20,
        ..Limits::default()
    };
    assert_eq!(small.shared(Some(1 << 30), 1).memory_bytes, 64 << 20);
}

#[test]
fn a_chain_of_directories_that_bites_its_tail_ends() {
    let mut bytes = tiff(&[(tiff_tags((64, 48), &[8, 8, 8], 1, 2), picture().into_raw())]);
    let end = bytes.len() - 4;
    bytes.copy_within(4..8, end);
    assert_eq!(kind(read(&bytes, "a.tif")), Some(RejectKind::Malformed));
}

#[test]
fn a_refusal_quotes_nothing_of_the_document() {
    let secret = "Amlodipine 10 mg, Jane Roe";
    for magic in [
        "",
        "%PDF-1.7\n",
        "P6 ",
        "BM",
        "\u{89}PNG",
        "qoif",
        "GIF89a",
        "#?RADIANCE\n",
    ] {
        let refused = read(format!("{magic}{secret}").as_bytes(), "Jane Roe.png").unwrap_err();
        let text = refused.to_string();
        assert!(
            !text.contains("Jane") && !text.contains("Amlo"),
            "{magic}: {text}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400), head in 0..12_usize) {
        let mut file = if head < FORMATS.len() {
            let mut sample = sample(FORMATS[head]);
            sample.truncate(30);
            sample
        } else {
            b"II*\0\x08\0\0\0".to_vec()
        };
        file.extend(&bytes);
        let limits = Limits { pixels_per_page: 1_000_000, memory_bytes: 64 << 20, ..Limits::default() };
        let _ = super::super::decode(&file, None, &limits, None);
        let _ = super::super::decode(&bytes, Some("a.tga"), &limits, None);
    }

    #[test]
    fn a_flipped_byte_never_panics(format in 0..FORMATS.len(), at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut file = sample(FORMATS[format]);
        let at = at.index(file.len());
        file[at] = value;
        let limits = Limits { pixels_per_page: 1_000_000, memory_bytes: 64 << 20, ..Limits::default() };
        let _ = super::super::decode(&file, None, &limits, None);
    }
}
