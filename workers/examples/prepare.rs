//! Writes every variant of a page into a folder and prints what was measured on it, as one line of
//! JSON: `cargo run --release -p workers --example prepare -- IMAGE DIR [turn]`. With `turn` the page
//! is first turned clockwise by that many degrees, as a caller does who knows its orientation.

use std::{env, path::Path, time::Instant};

use image::{GrayImage, Rgb, imageops};
use serde_json::json;
use workers::prepare::{
    bend::Bend, binarise, denoise, deskew, flatten, geometry, lines, page, rules, scale,
    show_through,
};

fn timed<T>(f: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let value = f();
    (
        value,
        (start.elapsed().as_secs_f64() * 10_000.0).round() / 10.0,
    )
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().collect();
    let [_, file, folder, rest @ ..] = &arguments[..] else {
        return Err("usage: prepare IMAGE DIR [turn]".into());
    };
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder)?;
    let given = image::open(file)?.to_rgb8();
    let turn: f64 = rest.first().map_or(Ok(0.0), |t| t.parse())?;
    let (sheet, sheet_ms) = timed(|| page::page_quad(&given));
    let (crop, given) = match &sheet {
        Some(quad) => {
            let (w, h) = (quad.width() as u32, quad.height() as u32);
            let map = geometry::Homography::from_quad(quad, w, h).ok_or("a flat quad")?;
            (map, geometry::warp(&given, &map, w, h, Rgb([235; 3])))
        }
        None => (geometry::Homography::IDENTITY, given),
    };
    let grey = imageops::grayscale(&given);
    let ((vertical, certainty), direction_ms) = timed(|| deskew::text_direction(&grey));
    let (quarter, w, h) = geometry::Homography::turn(turn, given.width(), given.height());
    let upright = geometry::warp(&given, &quarter, w, h, Rgb([255; 3]));
    let upright_grey = imageops::grayscale(&upright);
    let (skew, skew_ms) = timed(|| deskew::skew(&upright_grey));
    let (level, w, h) = geometry::Homography::turn(f64::from(skew), w, h);
    let paper = flatten::paper_colour(&upright);
    let (page, warp_ms) = timed(|| geometry::warp(&upright, &level, w, h, paper));
    let (flat, flatten_ms) = timed(|| flatten::flatten(&imageops::grayscale(&page)));
    let (ink, sauvola_ms) = timed(|| binarise::sauvola(&flat, 41, 0.2));
    let x_height = scale::x_height(&flat);
    page.save(folder.join("raw.png"))?;
    let save = |name: &str, image: &GrayImage| image.save(folder.join(name));
    save("flat.png", &flat)?;
    save("sauvola.png", &ink.to_grey())?;
    let height = x_height.unwrap_or(f32::NAN);
    let ink_faint = binarise::sauvola(&flat, 41, 0.1);
    let (speckless, despeckle_ms) = timed(|| {
        let mut ink = ink_faint.clone();
        denoise::despeckle(&mut ink);
        ink
    });
    let ((clean, ruled), rules_ms) = timed(|| {
        let mut ink = speckless.clone();
        let ruled = rules::take(&mut ink, height);
        (ink, ruled)
    });
    let (found, lines_ms) = timed(|| lines::text_lines(&clean));
    save("clean.png", &clean.to_grey())?;
    let (bend, bend_ms) = timed(|| {
        let mut curves = lines::baselines(&clean);
        curves.extend(ruled.horizontal.iter().map(rules::Segment::points));
        Bend::of(&curves, (w, h), height)
    });
    if let Some(bend) = &bend {
        bend.straighten(&page).save(folder.join("straight.png"))?;
    }
    let (median, denoise_ms) = timed(|| denoise::salt_and_pepper(&flat));
    save("median.png", &median)?;
    let (mut erased, mut color) = (flat.clone(), page.clone());
    if let Some(pale) = show_through::Pale::of(&flat, &speckless) {
        pale.erase(&pale.lines, &mut color, &mut erased);
    }
    color.save(folder.join("without_pale.png"))?;
    let map = crop.then(&quarter).then(&level);
    let back = map.inverse().ok_or("a flat map")?;
    let found: Vec<_> = found.iter().map(|quad| back.apply_quad(quad)).collect();
    println!(
        "{}",
        json!({"file": file, "vertical": vertical, "certainty": certainty, "skew": skew, "x_height": x_height,
            "map": map.0, "bend": bend, "page": sheet, "lines": found, "rules": [ruled.horizontal.len(), ruled.vertical.len()], "size": [w, h],
            "ms": {"direction": direction_ms, "skew": skew_ms, "warp": warp_ms, "flatten": flatten_ms, "sauvola": sauvola_ms, "page": sheet_ms, "rules": rules_ms, "despeckle": despeckle_ms, "denoise": denoise_ms, "lines": lines_ms, "bend": bend_ms}})
    );
    Ok(())
}
