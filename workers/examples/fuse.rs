//! Fuses dumped readings again: a workbench for the vote.
use fusion::*;
use schemas::*;
use std::io::{BufRead, Write};
#[derive(serde::Deserialize)]
struct Dump {
    file: String,
    lines: Vec<Quad>,
    readings: Vec<Reading>,
}
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let input =
        std::io::BufReader::new(std::fs::File::open(format!("{dir}/readings.jsonl")).unwrap());
    for (which, engines) in [
        ("paddle", vec![Engine::Paddle]),
        ("tesseract", vec![Engine::Tesseract]),
        ("easyocr", vec![Engine::Easyocr]),
        ("pt", vec![Engine::Paddle, Engine::Tesseract]),
        (
            "fused",
            vec![Engine::Paddle, Engine::Easyocr, Engine::Tesseract],
        ),
    ] {
        let _ = (&which, &engines);
    }
    let mut files: Vec<_> = ["paddle", "tesseract", "easyocr", "pt", "fused"]
        .map(|n| std::fs::File::create(format!("{dir}/{n}.jsonl")).unwrap())
        .into();
    let sets = [
        vec![Engine::Paddle],
        vec![Engine::Tesseract],
        vec![Engine::Easyocr],
        vec![Engine::Paddle, Engine::Tesseract],
        vec![Engine::Paddle, Engine::Easyocr, Engine::Tesseract],
    ];
    for row in input.lines() {
        let d: Dump = serde_json::from_str(&row.unwrap()).unwrap();
        for (set, file) in sets.iter().zip(&mut files) {
            let segments: Vec<Segment> = d
                .lines
                .iter()
                .enumerate()
                .filter_map(|(i, q)| {
                    let r: Vec<_> = d
                        .readings
                        .iter()
                        .filter(|r| set.contains(&r.engine))
                        .map(|r| (r.engine, &r.lines[i]))
                        .collect();
                    let words = fuse_line(q, &r, Calibration::packaged());
                    if set.len() == 3 && std::env::var("SHOW").is_ok() {
                        for w in &words {
                            println!(
                                "{}\t{}\t{:.3}\t{}",
                                d.file,
                                w.text,
                                w.confidence.get(),
                                w.votes
                                    .iter()
                                    .map(|v| format!(
                                        "{}={}:{:.2}",
                                        v.engine,
                                        v.text,
                                        v.confidence.get()
                                    ))
                                    .collect::<Vec<_>>()
                                    .join("\t")
                            );
                        }
                    }
                    (!words.is_empty()).then_some(Segment { quad: *q, words })
                })
                .collect();
            let text = assemble(vec![reading_order(segments, &Rulings::default())]).text;
            writeln!(
                file,
                "{}",
                serde_json::json!({"file": d.file, "text": text, "entities": []})
            )
            .unwrap();
        }
    }
}
