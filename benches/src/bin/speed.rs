//! `speed PATH`: seconds a page by the clock and of CPU, and the largest resident set, for each
//! engine alone and for all together. Each line is a run of its own, start-up included. Extraction is what the
//! documents themselves say that it took.

use std::{fs, path::PathBuf};

use benches::{child, gold};
use clap::Parser;

#[derive(Parser)]
#[command(
    about = "Prints seconds a page, CPU seconds a page and peak memory, per engine and whole"
)]
struct Arguments {
    /// A file or folder of documents.
    path: PathBuf,
    /// Engines, separated by commas: each alone, then all of them together.
    #[arg(long, default_value = "tesseract,paddle,easyocr")]
    engines: String,
    /// Documents in flight.
    #[arg(long)]
    jobs: Option<usize>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let scratch = tempfile::tempdir()?;
    println!(
        "{:<28} {:>6} {:>10} {:>10} {:>10} {:>15}",
        "engines", "pages", "s/page", "CPU s/page", "peak MB", "extract ms/page"
    );
    let mut runs: Vec<&str> = arguments.engines.split(',').collect();
    if runs.len() > 1 {
        runs.push(&arguments.engines);
    }
    for (n, engines) in runs.into_iter().enumerate() {
        let out = scratch.path().join(n.to_string());
        let cost = child::process(&arguments.path, &out, Some(engines), false, arguments.jobs)?;
        let (pages, extract) = pages(&out)?;
        let each = |seconds: f64| seconds / pages.max(1) as f64;
        println!(
            "{engines:<28} {pages:>6} {:>10.2} {:>10.2} {:>10.0} {:>15.2}",
            each(cost.wall.as_secs_f64()),
            each(cost.cpu.as_secs_f64()),
            cost.peak_rss as f64 / 1e6,
            each(extract)
        );
    }
    Ok(())
}

/// Pages of every document that was processed, and the milliseconds that extraction took in all.
fn pages(out: &std::path::Path) -> anyhow::Result<(usize, f64)> {
    let (mut pages, mut extract) = (0, 0.0);
    for file in gold::predictions(&out.join("documents.jsonl"))?.keys() {
        let text = fs::read_to_string(out.join(format!("{file}.json")))?;
        let document: schemas::Document = serde_json::from_str(&text)?;
        pages += document.document.page_count;
        extract += document.timings_ms.extract;
    }
    Ok((pages, extract))
}
