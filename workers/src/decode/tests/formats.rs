//! Every format and variant decodes to the picture that went in.

use std::io::Cursor;

use image::codecs::{jpeg::JpegEncoder, webp::WebPEncoder};
use image::{DynamicImage, ExtendedColorType, Frame, GrayImage, ImageFormat, Luma, RgbImage};

use super::read;
use super::write::{crc32, difference, picture, tiff, tiff_tags};

fn only(bytes: &[u8], name: &str) -> RgbImage {
    let mut decoded = read(bytes, name).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(decoded.pages.len(), 1, "{name}");
    decoded.pages.remove(0).image
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, format)
        .unwrap_or_else(|e| panic!("{format:?}: {e}"));
    bytes.into_inner()
}

#[test]
fn every_codec_and_colour_type() {
    use ImageFormat as F;
    let rgb = DynamicImage::ImageRgb8(picture());
    let grey = DynamicImage::ImageLuma8(rgb.to_luma8());
    for (name, image, format, wanted, worst) in [
        ("png rgb8", rgb.clone(), F::Png, &rgb, 0.0),
        ("png rgba8", rgb.to_rgba8().into(), F::Png, &rgb, 0.0),
        ("png l8", grey.clone(), F::Png, &grey, 0.0),
        ("png la8", grey.to_luma_alpha8().into(), F::Png, &grey, 0.0),
        ("png rgb16", rgb.to_rgb16().into(), F::Png, &rgb, 0.0),
        ("png rgba16", rgb.to_rgba16().into(), F::Png, &rgb, 0.0),
        ("png l16", grey.to_luma16().into(), F::Png, &grey, 0.0),
        ("jpeg rgb", rgb.clone(), F::Jpeg, &rgb, 6.0),
        ("jpeg grey", grey.clone(), F::Jpeg, &grey, 4.0),
        ("bmp rgb", rgb.clone(), F::Bmp, &rgb, 0.0),
        ("bmp grey", grey.clone(), F::Bmp, &grey, 0.0),
        ("gif", rgb.clone(), F::Gif, &rgb, 2.0),
        ("webp", rgb.clone(), F::WebP, &rgb, 0.0),
        ("ppm", rgb.clone(), F::Pnm, &rgb, 0.0),
        ("pgm", grey.clone(), F::Pnm, &grey, 0.0),
        ("tga rgb", rgb.clone(), F::Tga, &rgb, 0.0),
        ("tga grey", grey.clone(), F::Tga, &grey, 0.0),
        ("qoi", rgb.clone(), F::Qoi, &rgb, 0.0),
        ("ico", rgb.to_rgba8().into(), F::Ico, &rgb, 0.0),
        ("farbfeld", rgb.to_rgba16().into(), F::Farbfeld, &rgb, 0.0),
    ] {
        let got = only(&encoded(&image, format), name);
        let difference = difference(&got, &wanted.to_rgb8());
        assert!(difference <= worst, "{name}: {difference}");
    }
}

#[test]
fn the_content_tells_the_format_and_not_the_name() {
    let png = encoded(&picture().into(), ImageFormat::Png);
    for name in ["a.pdf", "a.jpg", "a", "a.txt"] {
        assert_eq!(read(&png, name).unwrap().media_type, "image/png", "{name}");
    }
}

#[test]
fn high_dynamic_range_is_shown_as_a_screen_would() {
    let linear = DynamicImage::ImageRgb8(picture()).to_rgb32f();
    let bytes = encoded(&linear.into(), ImageFormat::Hdr);
    let page = only(&bytes, "hdr");
    assert_eq!(page.get_pixel(30, 30).0, [255; 3]);
    assert_eq!(page.get_pixel(30, 22).0, [0; 3]);
}

#[test]
fn jpeg_colour_models() {
    use jpeg_encoder::{ColorType, Encoder};
    let rgb = picture();
    // Adobe writes CMYK inverted: 255 is no ink.
    let cmyk: Vec<u8> = rgb
        .pixels()
        .flat_map(|p| [p.0[0], p.0[1], p.0[2], 255])
        .collect();
    for (name, progressive, pixels, color) in [
        ("baseline", false, rgb.as_raw(), ColorType::Rgb),
        ("progressive", true, rgb.as_raw(), ColorType::Rgb),
        ("cmyk", false, &cmyk, ColorType::Cmyk),
        ("ycck", false, &cmyk, ColorType::CmykAsYcck),
    ] {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, 95);
        encoder.set_progressive(progressive);
        let inverted: Vec<u8> = pixels.iter().map(|v| 255 - v).collect();
        let pixels = if pixels.len() == cmyk.len() {
            &inverted
        } else {
            pixels
        };
        encoder.encode(pixels, 64, 48, color).unwrap();
        let difference = difference(&only(&bytes, name), &rgb);
        assert!(difference < 6.0, "{name}: {difference}");
    }
}

#[test]
fn exif_turns_the_page_and_gives_its_resolution() {
    let rgb = picture();
    for orientation in 1..=8_u8 {
        // A directory with the orientation and 150 dots an inch.
        let mut exif = b"MM\0*\0\0\0\x08\0\x03".to_vec();
        exif.extend([1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
        exif.extend([1, 0x1a, 0, 5, 0, 0, 0, 1, 0, 0, 0, 50]);
        exif.extend([1, 0x1b, 0, 5, 0, 0, 0, 1, 0, 0, 0, 50]);
        exif.extend([0, 0, 0, 0, 0, 0, 0, 150, 0, 0, 0, 1]);
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        image::ImageEncoder::set_exif_metadata(&mut encoder, exif).unwrap();
        image::ImageEncoder::write_image(encoder, rgb.as_raw(), 64, 48, ExtendedColorType::Rgb8)
            .unwrap();
        let page = read(&bytes, "a.png").unwrap().pages.remove(0);
        let mut wanted = DynamicImage::ImageRgb8(rgb.clone());
        wanted.apply_orientation(image::metadata::Orientation::from_exif(orientation).unwrap());
        assert_eq!(page.image, wanted.to_rgb8(), "orientation {orientation}");
        assert_eq!(page.dpi, Some(150.0), "orientation {orientation}");
    }
}

#[test]
fn what_is_transparent_is_paper() {
    let mut rgba = DynamicImage::ImageRgb8(picture()).to_rgba8();
    rgba.get_pixel_mut(30, 22).0 = [0, 0, 0, 0];
    rgba.get_pixel_mut(31, 22).0 = [0, 0, 0, 128];
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tga] {
        let page = only(&encoded(&rgba.clone().into(), format), "a");
        assert_eq!(page.get_pixel(30, 22).0, [255; 3], "{format:?}");
        assert_eq!(page.get_pixel(31, 22).0, [127; 3], "{format:?}");
    }
}

#[test]
fn each_frame_is_a_page() {
    let (first, second) = (picture(), image::imageops::rotate180(&picture()));
    let mut gif = Vec::new();
    let frame = |i: &RgbImage| Frame::new(DynamicImage::ImageRgb8(i.clone()).to_rgba8());
    image::codecs::gif::GifEncoder::new(&mut gif)
        .encode_frames([&first, &second].map(frame))
        .unwrap();
    let pages = read(&gif, "a.gif").unwrap().pages;
    assert_eq!(pages.len(), 2);
    for (page, wanted) in pages.iter().zip([&first, &second]) {
        assert!(difference(&page.image, wanted) < 2.0);
    }
    let page = |i: &RgbImage| (tiff_tags((64, 48), &[8, 8, 8], 1, 2), i.as_raw().clone());
    let pages = read(&tiff(&[page(&first), page(&second)]), "a.tif")
        .unwrap()
        .pages;
    let images: Vec<_> = pages.into_iter().map(|p| p.image).collect();
    assert_eq!(images, [first, second]);
}

#[test]
fn resolutions_are_found() {
    let rgb = picture();
    let mut jpeg = Vec::new();
    let mut encoder = JpegEncoder::new(&mut jpeg);
    encoder.set_pixel_density(image::codecs::jpeg::PixelDensity::dpi(240));
    encoder
        .encode(rgb.as_raw(), 64, 48, ExtendedColorType::Rgb8)
        .unwrap();
    let mut png = encoded(&rgb.clone().into(), ImageFormat::Png);
    // 11,811 pixels a metre are 300 an inch; the chunk goes behind the header.
    let mut phys = b"\0\0\0\x09pHYs\0\0\x2e\x23\0\0\x2e\x23\x01".to_vec();
    phys.extend(crc32(&phys[4..]).to_be_bytes());
    png.splice(33..33, phys);
    let mut bmp = encoded(&rgb.clone().into(), ImageFormat::Bmp);
    bmp[38..42].copy_from_slice(&3937_u32.to_le_bytes());
    bmp[42..46].copy_from_slice(&3937_u32.to_le_bytes());
    let with = |unit, x: [u32; 2]| {
        let mut tags = tiff_tags((64, 48), &[8, 8, 8], 1, 2);
        tags.extend([
            (282, 5, x.to_vec()),
            (283, 5, x.to_vec()),
            (296, 3, vec![unit]),
        ]);
        tiff(&[(tags, rgb.as_raw().clone())])
    };
    let mut webp = Vec::new();
    WebPEncoder::new_lossless(&mut webp)
        .encode(rgb.as_raw(), 64, 48, ExtendedColorType::Rgb8)
        .unwrap();
    for (name, bytes, dpi) in [
        ("jfif", jpeg, Some(240.0)),
        ("png", png, Some(300.0)),
        ("bmp", bmp, Some(100.0)),
        ("tiff in inches", with(2, [200, 1]), Some(200.0)),
        ("tiff in centimetres", with(3, [11811, 100]), Some(300.0)),
        ("tiff without a unit", with(1, [200, 1]), None),
        ("tiff of nonsense", with(2, [0, 0]), None),
        ("tiff of a millionth", with(2, [1, 1_000_000]), None),
        ("webp has none", webp, None),
    ] {
        let page = read(&bytes, name)
            .unwrap_or_else(|e| panic!("{name}: {e}"))
            .pages
            .remove(0);
        assert_eq!(page.dpi, dpi, "{name}");
    }
}

/// A grid, a diagonal and a rule: long runs, short runs and runs that move by one.
fn bars() -> GrayImage {
    GrayImage::from_fn(70, 24, |x, y| {
        let ink = (x / 7 + y / 5) % 3 == 0 || x == y || y == 11;
        Luma([if ink { 0 } else { 255 }])
    })
}

fn packed(image: &GrayImage, ink: u8) -> Vec<u8> {
    image
        .rows()
        .flat_map(|row| {
            let bits: Vec<_> = row
                .map(|p| if p.0[0] == 0 { ink } else { 1 - ink })
                .collect();
            bits.chunks(8)
                .map(|c| {
                    c.iter()
                        .enumerate()
                        .fold(0, |byte, (n, bit)| byte | bit << (7 - n))
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

// `bars` as libtiff 4 codes it, paper as black runs: black is zero.
const ROWS: &str = "\
    f07f07f07ff07f07f07ff07f07f07ff07f07f07ff07f07f07f3531c5f07f07f1803521c7e0fe0fe3\
    3518e5e0fe0fe3351473f07f07f180351077e0fe0fe3351f83f83f8380df00351f83f83f8380351f\
    83f83f8380351cc13c1fc1c0f1473f07f07ff1077e0fe0fef083de0fe0fef0a3fe0fe0fef0e3af07\
    f07f3507f07f07f1803507982783f8c03507f4387f07f1803507fc70be0fe3";
const GROUP3: &str = "\
    001f07f07f07f001f07f07f07f001f07f07f07f001f07f07f07f001f07f07f07f0013531c5f07f07\
    f18009a90e3f07f07f18009a8c72f07f07f18009a8a39f83f83f8c004d441df83f83f8c004d47e0f\
    e0fe0e003be001351f83f83f838009a8fc1fc1fc1c004d47304f07f07001f1473f07f07f001f1077\
    e0fe0fe003e107bc1fc1fc007c28ff83f83f800f871d783f83f8009a83f83f83f8c004d41e609e0f\
    e30013507f4387f07f18009a83fe385f07f180";
const GROUP3_MIXED: &str = "\
    001f83f83f83f800bf800fc1fc1fc1fc005fc007e0fe0fe0fe00226a688be41fc83fc0066a438fc1\
    fc1fc6002b2397e003351473f07f07f1800ac8eff0019a8fc1fc1fc1c0042224b86e003351f83f83\
    f83800bfc0066a3982783f838008f8a4733e0e7c1e003f1077e0fe0fe002b23df001f851ff07f07f\
    001591d7c0066a0fe0fe0fe30016fe0033507f4387f07f1800bb2385f0";
const GROUP4: &str = "\
    3e0e7c1cf83fffffffc9a9a22f907f20ffb238ffb2397f6473fec8eff847c1cf839f0711125c3726\
    a33e0e7c1cf83ffefe7c52399f073e0fb23bfd91efd91ffd91d7c9a83b20fe41ffbfe8a1ffd91c2f\
    80080080";

fn hex(text: &str) -> Vec<u8> {
    let digit = |d: u8| (d as char).to_digit(16).unwrap() as u8;
    text.as_bytes()
        .chunks(2)
        .map(|p| digit(p[0]) << 4 | digit(p[1]))
        .collect()
}

#[test]
fn fax_in_every_coding() {
    let page = DynamicImage::ImageLuma8(bars());
    let mut negative = page.clone();
    negative.invert();
    let reversed = |bytes: Vec<u8>| bytes.into_iter().map(u8::reverse_bits).collect::<Vec<_>>();
    for (name, strip, compression, photometric, extra, wanted) in [
        ("modified Huffman", hex(ROWS), 2, 1, vec![], &page),
        ("group 3", hex(GROUP3), 3, 1, vec![], &page),
        (
            "group 3, two-dimensional",
            hex(GROUP3_MIXED),
            3,
            1,
            vec![(292, 4, vec![1])],
            &page,
        ),
        ("group 4", hex(GROUP4), 4, 1, vec![], &page),
        (
            "group 4, white is zero",
            hex(GROUP4),
            4,
            0,
            vec![],
            &negative,
        ),
        (
            "group 4, bits reversed",
            reversed(hex(GROUP4)),
            4,
            1,
            vec![(266, 3, vec![2])],
            &page,
        ),
        ("not compressed", packed(&bars(), 1), 1, 0, vec![], &page),
        (
            "not compressed, black is zero",
            packed(&bars(), 0),
            1,
            1,
            vec![],
            &page,
        ),
    ] {
        let mut tags = tiff_tags((70, 24), &[1], compression, photometric);
        tags.extend(extra);
        let got = only(&tiff(&[(tags, strip)]), name);
        assert_eq!(got, wanted.to_rgb8(), "{name}");
    }
}

#[test]
fn noise_on_a_fax_line_costs_that_row() {
    let bars = DynamicImage::ImageLuma8(bars()).to_rgb8();
    let good = hex(GROUP3);
    let mut costs = Vec::new();
    for at in 2..good.len() - 8 {
        let mut strip = good.clone();
        strip[at] ^= 0x10;
        let page = only(&tiff(&[(tiff_tags((70, 24), &[1], 3, 1), strip)]), "noise");
        let rows = page.rows().zip(bars.rows());
        costs.push(rows.filter(|(a, b)| !a.clone().eq(b.clone())).count());
    }
    // Noise on an end-of-line code itself joins two rows, and those below move up.
    let local = costs.iter().filter(|&&wrong| wrong <= 2).count();
    assert!(local * 10 >= costs.len() * 7, "{costs:?}");
}

#[test]
fn a_coarse_fax_is_stretched_to_square_pixels() {
    let mut tags = tiff_tags((70, 24), &[1], 4, 0);
    tags.extend([
        (282, 5, vec![204, 1]),
        (283, 5, vec![98, 1]),
        (296, 3, vec![2]),
    ]);
    let page = read(&tiff(&[(tags, hex(GROUP4))]), "fax.tif")
        .unwrap()
        .pages
        .remove(0);
    assert_eq!((page.image.dimensions(), page.dpi), ((70, 50), Some(204.0)));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn tiff_samples_of_every_kind() {
    let rgb = picture();
    let grey = DynamicImage::ImageRgb8(rgb.clone()).to_luma8();
    let words = |image: &[u8]| -> Vec<u8> { image.iter().flat_map(|&v| [v, v]).collect() };
    let planes: Vec<u8> = (0..3)
        .flat_map(|c| rgb.pixels().map(move |p| p.0[c]).collect::<Vec<_>>())
        .collect();
    let cmyk: Vec<u8> = rgb
        .pixels()
        .flat_map(|p| [255 - p.0[0], 255 - p.0[1], 255 - p.0[2], 0])
        .collect();
    let ramp: Vec<u32> = (0..3 * 256).map(|n| (n % 256) * 257).collect();
    let levels: Vec<u8> = grey.iter().map(|v| v & 0xf0).collect();
    let nibbles: Vec<u8> = levels.chunks(2).map(|p| p[0] | p[1] >> 4).collect();
    let nibble_ramp: Vec<u32> = (0..3 * 16).map(|n| (n % 16) * 16 * 257).collect();
    let in_levels = GrayImage::from_raw(64, 48, levels).unwrap();
    let in_rgb = |g: &GrayImage| DynamicImage::ImageLuma8(g.clone()).to_rgb8();
    let packbits: Vec<u8> = rgb
        .as_raw()
        .chunks(128)
        .flat_map(|c| [vec![c.len() as u8 - 1], c.to_vec()].concat())
        .collect();
    for (name, bits, compression, photometric, extra, strip, wanted) in [
        (
            "rgb",
            &[8, 8, 8][..],
            1,
            2,
            vec![],
            rgb.as_raw().clone(),
            rgb.clone(),
        ),
        (
            "rgb, packbits",
            &[8, 8, 8],
            32773,
            2,
            vec![],
            packbits,
            rgb.clone(),
        ),
        (
            "rgb, 16 bits",
            &[16, 16, 16],
            1,
            2,
            vec![],
            words(rgb.as_raw()),
            rgb.clone(),
        ),
        (
            "rgb, planes",
            &[8, 8, 8],
            1,
            2,
            vec![(284, 3, vec![2])],
            planes,
            rgb.clone(),
        ),
        (
            "grey",
            &[8],
            1,
            1,
            vec![],
            grey.as_raw().clone(),
            in_rgb(&grey),
        ),
        (
            "grey, 16 bits",
            &[16],
            1,
            1,
            vec![],
            words(grey.as_raw()),
            in_rgb(&grey),
        ),
        (
            "grey, white is zero",
            &[8],
            1,
            0,
            vec![],
            grey.iter().map(|v| 255 - v).collect(),
            in_rgb(&grey),
        ),
        ("cmyk", &[8, 8, 8, 8], 1, 5, vec![], cmyk, rgb.clone()),
        (
            "palette",
            &[8],
            1,
            3,
            vec![(320, 3, ramp)],
            grey.as_raw().clone(),
            in_rgb(&grey),
        ),
        (
            "palette of 16",
            &[4],
            1,
            3,
            vec![(320, 3, nibble_ramp)],
            nibbles,
            in_rgb(&in_levels),
        ),
        (
            "turned",
            &[8, 8, 8],
            1,
            2,
            vec![(274, 3, vec![3])],
            rgb.as_raw().clone(),
            image::imageops::rotate180(&rgb),
        ),
    ] {
        let mut tags = tiff_tags((64, 48), bits, compression, photometric);
        tags.extend(extra);
        let bytes = if name == "rgb, planes" {
            split_planes(tags, &strip)
        } else {
            tiff(&[(tags, strip)])
        };
        assert_eq!(only(&bytes, name), wanted, "{name}");
    }
}

/// Three strips, one a plane, need their own offsets.
fn split_planes(tags: Vec<super::write::TiffTag>, strip: &[u8]) -> Vec<u8> {
    let mut bytes = tiff(&[(tags, strip.to_vec())]);
    let plane = strip.len() as u32 / 3;
    let at = bytes.len() as u32;
    for value in [8, 8 + plane, 8 + 2 * plane, plane, plane, plane] {
        bytes.extend(value.to_le_bytes());
    }
    for (tag, offset) in [(273_u16, at), (279, at + 12)] {
        let key = [tag.to_le_bytes(), 4_u16.to_le_bytes()].concat();
        let entry = bytes.windows(4).rposition(|w| w == key).unwrap();
        bytes[entry + 4..entry + 8].copy_from_slice(&3_u32.to_le_bytes());
        bytes[entry + 8..entry + 12].copy_from_slice(&offset.to_le_bytes());
    }
    bytes
}

#[test]
fn tiff_compressions() {
    use tiff::encoder::{Compression, DeflateLevel, TiffEncoder, colortype::RGB8};
    for (name, compression) in [
        ("none", Compression::Uncompressed),
        ("lzw", Compression::Lzw),
        ("deflate", Compression::Deflate(DeflateLevel::Balanced)),
        ("packbits", Compression::Packbits),
    ] {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut bytes)
            .unwrap()
            .with_compression(compression);
        encoder
            .write_image::<RGB8>(64, 48, picture().as_raw())
            .unwrap();
        assert_eq!(only(bytes.get_ref(), "a.tif"), picture(), "{name}");
    }
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 95)
        .encode(picture().as_raw(), 64, 48, ExtendedColorType::Rgb8)
        .unwrap();
    let page = only(
        &tiff(&[(tiff_tags((64, 48), &[8, 8, 8], 7, 6), jpeg)]),
        "jpeg in tiff",
    );
    assert!(difference(&page, &picture()) < 6.0);
}
