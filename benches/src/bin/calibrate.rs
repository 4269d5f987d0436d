//! `calibrate --seed N --pages N --write`: fits what each engine's confidence is worth on generated
//! pages, reports it on others, and stores the table that fusion is built with.
//!
//! Pages of the training set, with its own fonts and names, are read by every engine; each character
//! of each engine is compared with the gold text that stands at its place. Every fourth document is
//! for the report, the others for fitting.

use std::{path::PathBuf, sync::Arc, time::Instant};

use anyhow::Context as _;
use benches::{
    calibrate::{self, Sample},
    child, pages,
};
use clap::Parser;
use fixtures::{document::Set, fonts::Fonts};
use ingest::compose::{self, Choice};
use workers::{adaptive::Mode, sandbox::Launch};

#[derive(Parser)]
#[command(about = "Fits and reports the calibration of engines and of the vote")]
struct Arguments {
    /// Seed of the generated pages.
    #[arg(long, default_value_t = 11)]
    seed: u64,
    /// How many documents are made.
    #[arg(long, default_value_t = 60)]
    pages: usize,
    /// Store the table here, `fusion/src/calibration.json`.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Draw the reliability diagram of the report here, as SVG.
    #[arg(long)]
    diagram: Option<PathBuf>,
    /// Keep what was read in this folder, and take it from there.
    #[arg(long)]
    cache: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let fonts = Fonts::load()?;
    let pipeline = compose::pipeline(&Choice {
        engines: &[],
        languages: &[],
        mode: Mode::Full,
        jobs: 1,
        launch: Launch::of(child::binary()?),
    })?;
    println!("seed {} documents {}", arguments.seed, arguments.pages);
    let (mut fit, mut report) = (Sample::default(), Sample::default());
    let start = Instant::now();
    for (n, order) in Set::Train
        .orders(arguments.seed, arguments.pages)
        .iter()
        .enumerate()
    {
        let document = order.make(&fonts)?;
        let bytes: Arc<[u8]> = document.bytes.into();
        let half = if n % 4 == 3 { &mut report } else { &mut fit };
        let name = format!("{}-{n}", arguments.seed);
        let cache = arguments.cache.as_deref().map(|folder| (folder, &*name));
        let read = pages::read(&pipeline, &bytes, Some(&document.gold), cache)
            .with_context(|| format!("document {n}"))?;
        for page in read {
            calibrate::add(half, page);
        }
        eprintln!(
            "{} of {} after {:.0} s",
            n + 1,
            arguments.pages,
            start.elapsed().as_secs_f32()
        );
    }
    let source = format!(
        "benches --bin calibrate -- --seed {} --pages {}",
        arguments.seed, arguments.pages
    );
    let table = calibrate::fit(&fit, &pipeline.words, source);
    if let Some(path) = arguments.diagram {
        let title = format!(
            "Words of pages that nothing was fitted on (seed {})",
            arguments.seed
        );
        let svg = calibrate::diagram(&report, &table, &pipeline.words, &title);
        std::fs::write(&path, svg).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = arguments.write {
        let mut json = serde_json::to_string_pretty(&table)?;
        json.push('\n');
        std::fs::write(&path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    calibrate::print(&report, &table, &pipeline.words);
    Ok(())
}
