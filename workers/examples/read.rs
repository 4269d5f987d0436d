//! Reads page images and prints what every engine and the fusion make of them: a workbench.
use fusion::*;
use image::{GrayImage, Luma, RgbImage};
use schemas::*;
use std::{
    collections::BTreeMap,
    io::Write,
    path::PathBuf,
    time::{Duration, Instant},
};
use workers::{
    detect,
    engine::{self, tesseract, *},
    upright,
};

fn flatten(gray: &GrayImage) -> GrayImage {
    let (w, h) = gray.dimensions();
    let small = image::imageops::resize(
        gray,
        (w / 8).max(1),
        (h / 8).max(1),
        image::imageops::FilterType::Triangle,
    );
    let bg = imageproc::filter::median_filter(
        &imageproc::morphology::grayscale_dilate(&small, &imageproc::morphology::Mask::disk(2)),
        5,
        5,
    );
    let bg = image::imageops::resize(&bg, w, h, image::imageops::FilterType::Triangle);
    GrayImage::from_fn(w, h, |x, y| {
        Luma([
            (f32::from(gray.get_pixel(x, y)[0]) / f32::from(bg.get_pixel(x, y)[0]).max(1.0) * 255.0)
                .min(255.0) as u8,
        ])
    })
}

fn main() {
    let cache = PathBuf::from(std::env::var("HOME").unwrap()).join(".cache/medbot/files");
    let rt = Runtime::load(&cache.join("libonnxruntime.so.1.31.1")).unwrap();
    let det =
        detect::db::Detector::open(&rt, &cache.join("PP-OCRv6_det_small.onnx"), String::new())
            .unwrap();
    let paddle = Paddle::open(&rt, &cache.join("PP-OCRv6_rec_small.onnx"), String::new()).unwrap();
    let easy = EasyOcr::open(&cache.join("english_g2.onnx"), String::new()).unwrap();
    let mut tess = tesseract::Reader::open("eng").unwrap();
    let side: u32 = std::env::var("SIDE")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(1600);
    let out = PathBuf::from(std::env::var("OUT").unwrap_or("/tmp/dev/out".into()));
    std::fs::create_dir_all(&out).unwrap();
    let mut files: BTreeMap<&str, std::fs::File> = ["tesseract", "paddle", "easyocr", "fused"]
        .into_iter()
        .map(|n| {
            (
                n,
                std::fs::File::create(out.join(format!("{n}.jsonl"))).unwrap(),
            )
        })
        .collect();
    let mut dump = std::fs::File::create(out.join("readings.jsonl")).unwrap();
    for path in std::env::args().skip(1) {
        let name = PathBuf::from(&path)
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let raster: RgbImage = image::open(&path).unwrap().to_rgb8();
        let deadline = Instant::now() + Duration::from_secs(600);
        let t = Instant::now();
        let boxes = det.detect(&raster, side).unwrap();
        let t1 = t.elapsed().as_millis();
        let (o, skew) = upright::direction(&raster, &boxes, &paddle, deadline).unwrap();
        let t2 = t.elapsed().as_millis();
        let up = upright::turn(&raster, o, skew);
        let lines: Vec<Quad> = if o != Orientation::Upright || skew.abs() > 1.0 {
            det.detect(&up.color, side).unwrap()
        } else {
            boxes
                .iter()
                .map(|q| q.map(|p| up.upright_point(p)))
                .collect()
        };
        let mut lines = detect::without_doubles(lines);
        let n = lines.len();
        let t3 = t.elapsed().as_millis();
        let flat = flatten(&image::imageops::grayscale(&up.color));
        let t4 = t.elapsed().as_millis();
        let layout = tess.layout(&flat, 200).unwrap();
        if std::env::var("NOTESS").is_err() {
            detect::add_missing(&mut lines, &layout, &flat);
        }
        let t5 = t.elapsed().as_millis();
        let view = PageView {
            color: &up.color,
            flat: &flat,
            lines: &lines,
            text_layer: &[],
            deadline,
        };
        let p = engine::recognise(&paddle, &view).unwrap();
        let t6 = t.elapsed().as_millis();
        let e = engine::recognise(&easy, &view).unwrap();
        let t7 = t.elapsed().as_millis();
        let ts = Reading {
            engine: Engine::Tesseract,
            lines: lines
                .iter()
                .enumerate()
                .map(|(line, q)| ReadLine {
                    line,
                    words: tess.line(&flat, q).unwrap(),
                })
                .collect(),
        };
        let t8 = t.elapsed().as_millis();
        eprintln!(
            "{name}: {o:?} {skew:.2} lines {n}+{} | det {t1} dir {} turn+det {} flat {} layout {} paddle {} easy {} tess {}",
            lines.len() - n,
            t2 - t1,
            t3 - t2,
            t4 - t3,
            t5 - t4,
            t6 - t5,
            t7 - t6,
            t8 - t7
        );
        serde_json::to_writer(&mut dump, &serde_json::json!({"file": name, "lines": lines, "readings": [&p, &e, &ts], "first": n, "gaps": lines.iter().map(|q| detect::gaps::gaps(&flat, q)).collect::<Vec<_>>(), "to_upright": [up.upright_point([0.0,0.0]), up.upright_point([1000.0,0.0]), up.upright_point([0.0,1000.0])]})).unwrap();
        writeln!(dump).unwrap();
        for (which, readings) in [
            ("paddle", vec![&p]),
            ("easyocr", vec![&e]),
            ("tesseract", vec![&ts]),
            ("fused", vec![&p, &e, &ts]),
        ] {
            let segments: Vec<Segment> = lines
                .iter()
                .enumerate()
                .filter_map(|(i, q)| {
                    let r: Vec<_> = readings.iter().map(|r| (r.engine, &r.lines[i])).collect();
                    let words = fuse_line(q, &r, Calibration::packaged());
                    (!words.is_empty()).then_some(Segment { quad: *q, words })
                })
                .collect();
            let text = assemble(vec![reading_order(segments, &Rulings::default())]).text;
            writeln!(
                files.get_mut(which).unwrap(),
                "{}",
                serde_json::json!({"file": name, "text": text, "entities": []})
            )
            .unwrap();
        }
    }
}
