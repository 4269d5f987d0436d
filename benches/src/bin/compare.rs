//! `compare DIR`: one table from one run over one folder: medbot with each engine alone, medbot with
//! all of them in both modes, and what one would take instead: `RapidOCR`, the usual open-source way to run
//! PP-OCR, on one thread and as it comes, and the programs of Tesseract and `OCRmyPDF`.
//!
//! The alternatives run in turn, round after round, so that a busy machine weighs on all of them;
//! the minimum says what the work costs, the median what one sees. Start-up is part of every run.
//! Formats that `RapidOCR`'s image library does not read (DICOM) are left out for all.

use std::{
    collections::{BTreeMap, HashMap},
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use benches::{
    child::{self, Cost},
    gold::{self, Gold, Prediction},
};
use clap::Parser;
use fusion::metrics::TextCounts;

#[derive(Parser)]
#[command(
    about = "Compares medbot's engines, medbot whole, RapidOCR, Tesseract and OCRmyPDF: time, CPU, memory, word F1"
)]
struct Arguments {
    /// A folder of documents; gold.json in it or above it gives word F1.
    dir: PathBuf,
    /// Only so many documents of each tier of the gold.
    #[arg(long)]
    per_tier: Option<usize>,
    /// medbot's engines, separated by commas: each alone, then all of them, then all in mode adaptive.
    #[arg(long, default_value = "tesseract,paddle,easyocr")]
    engines: String,
    /// Documents that medbot has in flight; its default otherwise.
    #[arg(long)]
    jobs: Option<usize>,
    /// How often each alternative runs.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    repeat: u16,
    /// Without `RapidOCR`, which is installed otherwise.
    #[arg(long)]
    without_rapidocr: bool,
    /// Compares medbot with itself only, and installs nothing.
    #[arg(long)]
    alone: bool,
}

/// What both medbot and `RapidOCR`'s image library read.
const FORMATS: [&str; 8] = ["png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp", "pdf"];

/// One row of the table.
enum Alternative {
    Medbot {
        engines: String,
        adaptive: bool,
    },
    RapidOcr {
        packages: PathBuf,
        threads: usize,
    },
    /// `tesseract` or `ocrmypdf`, of the system's packages.
    Program(&'static str),
}

#[derive(Default)]
struct Row {
    costs: Vec<Cost>,
    read: HashMap<String, Prediction>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let scratch = tempfile::tempdir()?;
    let staged = scratch.path().join("documents");
    let gold = stage(&arguments, &staged)?;
    let alternatives = alternatives(&arguments)?;
    let mut rows: Vec<Row> = alternatives.iter().map(|_| Row::default()).collect();
    for round in 0..arguments.repeat {
        for (n, (alternative, row)) in alternatives.iter().zip(&mut rows).enumerate() {
            let out = scratch.path().join(format!("{round}-{n}"));
            fs::create_dir(&out)?;
            row.costs
                .push(alternative.run(&staged, &out, arguments.jobs)?);
            row.read = gold::predictions(&out.join("documents.jsonl"))?;
        }
    }
    let pages = pages(
        &scratch
            .path()
            .join(format!("0-{}", engine_rows(&arguments.engines) - 1)),
    )?;
    print(&alternatives, &rows, pages, &gold);
    Ok(())
}

/// Copies the documents to compare on, and returns their gold by file, empty when there is none.
fn stage(arguments: &Arguments, to: &Path) -> anyhow::Result<BTreeMap<String, Gold>> {
    let dir = arguments.dir.canonicalize().context("the folder")?;
    let known = dir
        .ancestors()
        .take(2)
        .find(|folder| folder.join("gold.json").is_file());
    let mut gold = BTreeMap::new();
    let mut in_tier: BTreeMap<u8, usize> = BTreeMap::new();
    for page in match known {
        Some(folder) => gold::read(&folder.join("gold.json"), None)?
            .into_iter()
            .map(|page| (folder.join(&page.file), page))
            .collect(),
        None => Vec::new(),
    } {
        let (path, page) = page;
        let Ok(file) = path.strip_prefix(&dir) else {
            continue;
        };
        let taken = in_tier.entry(page.tier).or_default();
        if !readable(&path) || arguments.per_tier.is_some_and(|most| *taken >= most) {
            continue;
        }
        *taken += 1;
        gold.insert(file.to_string_lossy().into_owned(), page);
    }
    let mut files: Vec<String> = gold.keys().cloned().collect();
    if known.is_none() {
        walk(&dir, &dir, &mut files)?;
    }
    if files.is_empty() {
        bail!("the folder has no document that all alternatives read");
    }
    for file in files {
        let copy = to.join(&file);
        if let Some(folder) = copy.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(dir.join(&file), &copy).context("a document cannot be read")?;
    }
    Ok(gold)
}

fn readable(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| FORMATS.contains(&extension.to_ascii_lowercase().as_str()))
}

fn walk(root: &Path, dir: &Path, files: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(root, &path, files)?;
        } else if readable(&path) {
            let file = path.strip_prefix(root)?;
            files.push(file.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

/// Rows of the table that are medbot's; the last of them has every engine.
fn engine_rows(engines: &str) -> usize {
    match engines.split(',').count() {
        1 => 1,
        n => n + 1,
    }
}

fn alternatives(arguments: &Arguments) -> anyhow::Result<Vec<Alternative>> {
    let mut rows: Vec<&str> = arguments.engines.split(',').collect();
    if rows.len() > 1 {
        rows.push(&arguments.engines);
    }
    let mut alternatives: Vec<Alternative> = rows
        .into_iter()
        .map(|engines| Alternative::Medbot {
            engines: engines.to_owned(),
            adaptive: false,
        })
        .collect();
    if alternatives.len() > 1 {
        alternatives.push(Alternative::Medbot {
            engines: arguments.engines.clone(),
            adaptive: true,
        });
    }
    if arguments.alone {
        return Ok(alternatives);
    }
    if !arguments.without_rapidocr {
        let packages = infra::models::Cache::locate()?
            .root()
            .join("benches/rapidocr");
        child::run(
            Command::new(script("rapidocr/install")).arg(&packages),
            &[0],
        )
        .context("RapidOCR cannot be installed; --without-rapidocr does without it")?;
        alternatives.extend([1, 0].map(|threads| Alternative::RapidOcr {
            packages: packages.clone(),
            threads,
        }));
    }
    for program in ["tesseract", "ocrmypdf"] {
        child::run(
            Command::new(program).arg("--version").stdout(Stdio::null()),
            &[0],
        )
        .with_context(|| {
            format!("{program} is missing: install its package; --alone does without")
        })?;
        alternatives.push(Alternative::Program(program));
    }
    Ok(alternatives)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

impl Alternative {
    fn name(&self) -> String {
        match self {
            Self::Medbot { adaptive: true, .. } => "medbot, mode adaptive".into(),
            Self::Medbot { engines, .. } => format!("medbot {engines}"),
            Self::RapidOcr { threads: 0, .. } => "RapidOCR, its own threads".into(),
            Self::RapidOcr { threads, .. } => format!("RapidOCR, {threads} thread"),
            Self::Program("tesseract") => "Tesseract's program".into(),
            Self::Program(_) => "OCRmyPDF, turned and deskewed".into(),
        }
    }

    /// Reads the folder and leaves `documents.jsonl` in `out`.
    fn run(&self, folder: &Path, out: &Path, jobs: Option<usize>) -> anyhow::Result<Cost> {
        match self {
            Self::Medbot { engines, adaptive } => {
                child::process(folder, out, Some(engines), *adaptive, jobs)
            }
            Self::RapidOcr { packages, threads } => child::run(
                Command::new("python3")
                    .env("PYTHONPATH", packages)
                    .arg(script("rapidocr/read.py"))
                    .arg(folder)
                    .arg(out.join("documents.jsonl"))
                    .arg(threads.to_string())
                    .stdout(Stdio::null()),
                &[0],
            ),
            Self::Program(program) => child::run(
                Command::new("python3")
                    .arg(script("tesseract/read.py"))
                    .arg(program)
                    .arg(folder)
                    .arg(out.join("documents.jsonl"))
                    .stdout(Stdio::null()),
                &[0],
            ),
        }
    }
}

/// Pages of the documents that medbot read into `out`.
fn pages(out: &Path) -> anyhow::Result<usize> {
    let mut pages = 0;
    for file in gold::predictions(&out.join("documents.jsonl"))?.keys() {
        pages += benches::readings::result(&out.join(format!("{file}.json")))?
            .document
            .page_count;
    }
    Ok(pages.max(1))
}

fn print(alternatives: &[Alternative], rows: &[Row], pages: usize, gold: &BTreeMap<String, Gold>) {
    println!(
        "{pages} pages, {} runs each; seconds are for a page, minimum and median of the runs\n",
        rows[0].costs.len()
    );
    println!(
        "{:<34} {:>6} {:>6} {:>6} {:>6} {:>8} {:>8}",
        "", "s", "median", "CPU s", "median", "peak MB", "word F1"
    );
    for (alternative, row) in alternatives.iter().zip(rows) {
        let sorted = |cost: fn(&Cost) -> f64| {
            let mut each: Vec<f64> = row.costs.iter().map(cost).collect();
            each.sort_by(f64::total_cmp);
            each
        };
        let seconds = |sorted: &[f64]| {
            let each = |i: usize| sorted[i] / pages as f64;
            (each(0), each(sorted.len() / 2))
        };
        let (wall, wall_median) = seconds(&sorted(|cost| cost.wall.as_secs_f64()));
        let (cpu, cpu_median) = seconds(&sorted(|cost| cost.cpu.as_secs_f64()));
        let peak = sorted(|cost| cost.peak_rss as f64 / 1e6);
        println!(
            "{:<34} {wall:>6.2} {wall_median:>6.2} {cpu:>6.2} {cpu_median:>6.2} {:>8.0} {:>8}",
            alternative.name(),
            peak[peak.len() / 2],
            word_f1(gold, &row.read)
        );
    }
}

fn word_f1(gold: &BTreeMap<String, Gold>, read: &HashMap<String, Prediction>) -> String {
    if gold.is_empty() {
        return "-".into();
    }
    let mut counts = TextCounts::default();
    for (file, page) in gold {
        counts += TextCounts::of(&page.text, read.get(file).map_or("", |p| &p.text));
    }
    format!("{:.4}", counts.tokens.f1())
}
