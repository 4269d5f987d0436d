//! `checkboxes --seed N --pages N`: check boxes on generated forms, by damage.
//!
//! Forms of the fixtures' generator are read by the whole pipeline; a page counts under each damage
//! that it has. `--fit` prepares other pages and prints, for `fusion/src/checkboxes.rs`, how often
//! boxes of some evidence were there and in the stated state. Needs the models of `medbot setup`.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use benches::{
    calibrate::isotonic,
    checkboxes::{self, Counts},
    child,
};
use clap::Parser;
use fixtures::{
    document::{Document, Set},
    fonts::Fonts,
    gold::GoldBox,
};
use ingest::compose::{self, Choice};
use schemas::{BBox, Engine};
use workers::{document::Pipeline, sandbox::Launch};

#[derive(Parser)]
#[command(
    about = "Prints precision and recall of check boxes and accuracy of their states by damage"
)]
struct Arguments {
    /// Seed of the generated forms.
    #[arg(long, default_value_t = 31)]
    seed: u64,
    /// How many.
    #[arg(long, default_value_t = 90)]
    pages: usize,
    /// Engines for the labels, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "paddle")]
    engines: Vec<Engine>,
    /// Prints the curve of evidence instead.
    #[arg(long)]
    fit: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let fonts = Fonts::load()?;
    let pipeline = compose::pipeline(&Choice {
        engines: &arguments.engines,
        languages: &[],
        mode: workers::adaptive::Mode::Full,
        jobs: 1,
        launch: Launch::of(child::binary()?),
    })?;
    println!("seed {} forms {}", arguments.seed, arguments.pages);
    let mut pairs = Vec::new();
    let mut table: BTreeMap<String, (usize, Counts)> = BTreeMap::new();
    for order in Set::Forms.orders(arguments.seed, arguments.pages) {
        let document = order.make(&fonts)?;
        if arguments.fit {
            pairs.extend(evidence(&pipeline, &document)?);
            continue;
        }
        let counts = read(&pipeline, &document)?;
        let damages = document.gold.degradations.iter();
        let names: Vec<String> = damages
            .filter_map(|damage| Some(damage.first()?.as_str()?.to_owned()))
            .chain([format!("tier {}", order.tier.number()), "~ all".into()])
            .collect();
        for (n, name) in names.iter().enumerate() {
            if !names[..n].contains(name) {
                let row = table.entry(name.clone()).or_default();
                row.0 += 1;
                row.1 += counts;
            }
        }
    }
    if arguments.fit {
        for (evidence, share) in isotonic(&pairs) {
            println!("({evidence:.3}, {share:.4}),");
        }
        return Ok(());
    }
    println!(
        "{:<15} {:>5} {:>6} {:>6} {:>9} {:>7} {:>7} {:>7}",
        "damage", "pages", "boxes", "found", "precision", "recall", "state", "label"
    );
    for (name, (pages, counts)) in table {
        let [precision, recall, state, label] = counts.rates();
        println!(
            "{:<15} {pages:>5} {:>6} {:>6} {precision:>9.4} {recall:>7.4} {state:>7.4} {label:>7.4}",
            name.trim_start_matches("~ "),
            counts.gold,
            counts.found
        );
    }
    Ok(())
}

/// The boxes of a document against its gold.
fn read(pipeline: &Pipeline, document: &Document) -> anyhow::Result<Counts> {
    let bytes: Arc<[u8]> = document.bytes.clone().into();
    let result = pipeline
        .process("form", &bytes, &mut |_, _| {})
        .map_err(|reject| anyhow::anyhow!("a generated form was refused: {reject}"))?;
    let mut counts = Counts::default();
    for page in &result.pages {
        let gold = gold(document, page.index);
        let scale = scale(document, page.index, page.width);
        counts += checkboxes::count(&gold, &page.checkboxes, scale);
    }
    Ok(counts)
}

/// The evidence of each drawn box and whether it is there and in the stated state.
fn evidence(pipeline: &Pipeline, document: &Document) -> anyhow::Result<Vec<(f32, bool)>> {
    let bytes: Arc<[u8]> = document.bytes.clone().into();
    let mut decoded = pipeline.decoder.open(bytes, None)?;
    let mut pairs = Vec::new();
    for index in 0..decoded.page_count() {
        let raster = decoded.page(index)?;
        let deadline = Instant::now() + pipeline.readers.page_time;
        let prepared = pipeline.readers.prepare(&raster.image, deadline)?;
        let places: Vec<BBox> = prepared
            .checkboxes
            .iter()
            .map(|found| prepared.upright.raster_quad(&found.bbox.quad()).bbox())
            .collect();
        let gold = gold(document, index);
        let scale = scale(document, index, raster.image.width());
        let matched = checkboxes::matches(&gold, &places, scale);
        pairs.extend(
            prepared
                .checkboxes
                .iter()
                .zip(matched)
                .map(|(found, gold)| {
                    let right = gold.is_some_and(|gold| gold.checked == found.checked);
                    (found.evidence, right)
                }),
        );
    }
    Ok(pairs)
}

fn gold(document: &Document, page: usize) -> Vec<&GoldBox> {
    let boxes = document.gold.checkboxes.iter();
    boxes.filter(|found| found.page == page).collect()
}

/// From pixels of the gold to pixels of the raster that was read.
fn scale(document: &Document, page: usize, width: u32) -> f32 {
    let size = document.gold.size.get(page);
    size.map_or(1.0, |[w, _]| width as f32 / *w as f32)
}
