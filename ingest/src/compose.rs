//! Opens the stages with what this machine has: the one place that names every engine's files.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use fusion::Words;
use infra::{
    models::{Asset, Cache},
    telemetry,
};
use schemas::{Engine, ModelInfo, Repertoire};
use workers::{
    adaptive::Mode,
    decode::{DecodeConfig, Decoder, Limits},
    detect::db::Detector,
    document::Pipeline,
    encoder::Encoder,
    engine::{
        EasyOcr, OcrEngine, Ocrs, Paddle, PdfText, Runtime, Scripts, Seq2seq, seq2seq,
        tesseract::Tesseract,
    },
    page::Readers,
    sandbox::Launch,
    stage::Shelf,
    upright::Prober,
};

use crate::{language::Language, vocabularies};

/// Longest time that one page may take, all stages together.
const PAGE_TIME: Duration = Duration::from_mins(2);

/// What a caller chooses.
pub struct Choice<'a> {
    /// Empty for the default.
    pub engines: &'a [Engine],
    /// Empty: the script is told page by page, and Tesseract reads English.
    pub languages: &'a [Language],
    /// How pages are read.
    pub mode: Mode,
    /// Documents in flight.
    pub jobs: usize,
    /// The program that sandboxed children run.
    pub launch: Launch,
}

/// Opens every stage.
///
/// # Errors
/// When something that was asked for is missing; the message says how to get it.
pub fn pipeline(choice: &Choice<'_>) -> anyhow::Result<Pipeline> {
    let cache = Cache::locate()?;
    let launch = &choice.launch;
    let decoder = Decoder::new(
        launch.clone(),
        DecodeConfig {
            pdfium: cache.require(Asset::Pdfium).ok(),
            limits: Limits::default().shared(telemetry::memory(), choice.jobs),
        },
        choice.jobs,
    )
    .context("the decoder")?;
    let engines = wanted(choice.engines);
    let wants = |engine| engines.contains(&engine);
    let runtime = runtime(&cache);
    let paddle = match paddle(&cache, &runtime, scripts(choice.languages)) {
        Ok(opened) => Some(opened),
        Err(error) if wants(Engine::Paddle) => return Err(error),
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "lines are found without PP-OCR"
            );
            None
        }
    };
    let english = [Language::english()];
    let languages = match choice.languages {
        // Its layout analysis knows no language.
        named if named.is_empty() || !wants(Engine::Tesseract) => &english[..],
        named => named,
    };
    let tesseract = match tesseract(launch, choice.jobs, languages) {
        Ok(opened) => Some(Arc::new(opened)),
        Err(error) if wants(Engine::Tesseract) => return Err(error),
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                "lines are found without Tesseract"
            );
            None
        }
    };
    let (detector, prober, paddle) = match paddle {
        Some(found) => (
            Some(found.detector),
            Some(found.prober),
            Some(Arc::new(found.reader)),
        ),
        None => (None, None, None),
    };
    let mut readers: Vec<Arc<dyn OcrEngine>> = Vec::new();
    for engine in engines {
        match engine {
            Engine::Tesseract => readers.extend(tesseract.clone().map(|t| t as Arc<dyn OcrEngine>)),
            Engine::Paddle => readers.extend(paddle.clone().map(|p| p as Arc<dyn OcrEngine>)),
            Engine::Easyocr => readers.push(Arc::new(easyocr(&cache)?)),
            Engine::PdfText => readers.push(Arc::new(PdfText)),
            Engine::Ocrs => readers.push(Arc::new(ocrs()?)),
            Engine::Seq2seq => readers.push(Arc::new(seq2seq(&runtime)?)),
        }
    }
    let lexicon = vocabularies::lexicon();
    Ok(Pipeline {
        decoder,
        // Only the index stage of a service needs one.
        encoder: None,
        readers: Readers {
            detector,
            prober,
            layout: tesseract,
            engines: readers,
            detect_side: choice.mode.detect_side(),
            page_time: PAGE_TIME,
        },
        words: Words::new(lexicon.words()),
        lexicon,
        shelf: Shelf::default(),
        acceptance: None,
        mode: choice.mode,
    })
}

/// The engines of a run, without doubles, in the order of [`Engine::ALL`].
pub(crate) fn wanted(asked: &[Engine]) -> Vec<Engine> {
    if !asked.is_empty() {
        return Engine::ALL
            .into_iter()
            .filter(|engine| asked.contains(engine))
            .collect();
    }
    let mut engines = vec![Engine::Tesseract, Engine::Paddle, Engine::Easyocr];
    if std::env::var_os(OCRS_RECOGNITION).is_some() {
        engines.push(Engine::Ocrs);
    }
    engines.push(Engine::PdfText);
    engines
}

fn model(cache: &Cache, asset: Asset) -> anyhow::Result<(PathBuf, String)> {
    Ok((cache.require(asset)?, asset.entry().sha256.clone()))
}

/// ONNX Runtime, which a process loads once.
fn runtime(cache: &Cache) -> anyhow::Result<Runtime> {
    static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*loaded {
        return Ok(runtime.clone());
    }
    let runtime = Runtime::load(&cache.require(Asset::OnnxRuntime)?)?;
    *loaded = Some(runtime.clone());
    Ok(runtime)
}

fn loaded(runtime: &anyhow::Result<Runtime>) -> anyhow::Result<&Runtime> {
    runtime
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error:#}"))
}

/// The scripts that lines may be in.
fn scripts(languages: &[Language]) -> Scripts {
    if languages.is_empty() {
        Scripts::ByPage
    } else if languages.iter().any(Language::is_east_asian) {
        Scripts::All
    } else {
        Scripts::Latin
    }
}

/// What PP-OCR does for a page.
struct PaddleSet {
    prober: Prober,
    detector: Detector,
    reader: Paddle,
}

fn paddle(
    cache: &Cache,
    runtime: &anyhow::Result<Runtime>,
    scripts: Scripts,
) -> anyhow::Result<PaddleSet> {
    let runtime = loaded(runtime)?;
    let detector = |asset| -> anyhow::Result<Detector> {
        let (path, sha256) = model(cache, asset)?;
        Ok(Detector::open(runtime, &path, sha256)?)
    };
    let reader = |asset| -> anyhow::Result<Paddle> {
        let (path, sha256) = model(cache, asset)?;
        Ok(Paddle::open(runtime, &path, sha256, scripts)?)
    };
    Ok(PaddleSet {
        prober: Prober {
            detector: detector(Asset::PaddleTinyDetection)?,
            reader: reader(Asset::PaddleTinyRecognition)?,
        },
        detector: detector(Asset::PaddleDetection)?,
        reader: reader(Asset::PaddleRecognition)?,
    })
}

fn easyocr(cache: &Cache) -> anyhow::Result<EasyOcr> {
    let (path, sha256) = model(cache, Asset::EnglishG2)?;
    Ok(EasyOcr::open(&path, sha256)?)
}

fn tesseract(launch: &Launch, jobs: usize, languages: &[Language]) -> anyhow::Result<Tesseract> {
    let installed = infra::tesseract::Tesseract::ask()
        .context("Tesseract is not installed: apt-get install tesseract-ocr")?;
    let names: Vec<String> = languages.iter().map(|l| l.name().to_owned()).collect();
    let repertoire = Repertoire::of(installed.characters(&names)?);
    // Its OpenMP threads spin while they wait, which costs more than they gain on single lines.
    let mut launch = launch.clone();
    launch.env.push(("OMP_THREAD_LIMIT".into(), "1".into()));
    Tesseract::open(
        launch,
        jobs,
        &names.join("+"),
        repertoire,
        installed.version,
    )
    .context("Tesseract")
}

/// The sentence encoder of the chat's search, opened by the first call, which blocks; none, with a warning,
/// where that fails.
#[must_use]
pub fn encoder() -> Option<Arc<Encoder>> {
    static OPENED: LazyLock<Option<Arc<Encoder>>> = LazyLock::new(|| {
        let opened = encoder_files().and_then(|(cache, model, tokenizer)| {
            Ok(Encoder::open(&runtime(&cache)?, &model, &tokenizer)?)
        });
        match opened {
            Ok(encoder) => Some(Arc::new(encoder)),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(error, "the chat searches by words alone");
                None
            }
        }
    });
    OPENED.clone()
}

/// Are the files there that [`encoder`] opens?
///
/// # Errors
/// When one is missing; the message says how to get it.
pub(crate) fn encoder_files() -> anyhow::Result<(Cache, PathBuf, PathBuf)> {
    let cache = Cache::locate()?;
    cache.require(Asset::OnnxRuntime)?;
    let (model, tokenizer) = (
        cache.require(Asset::Minilm)?,
        cache.require(Asset::MinilmTokenizer)?,
    );
    Ok((cache, model, tokenizer))
}

/// The folder with the files of an encoder-decoder model. It reads only when it is asked for by name: it
/// takes seconds a line, and nothing was fitted for it.
const SEQ2SEQ: &str = "MEDBOT_SEQ2SEQ";

fn seq2seq(runtime: &anyhow::Result<Runtime>) -> anyhow::Result<Seq2seq> {
    let folder = std::env::var_os(SEQ2SEQ)
        .map(PathBuf::from)
        .with_context(|| {
            format!(
                "no package ships encoder-decoder weights: set {SEQ2SEQ} to a folder with {}, {} and {}",
                seq2seq::ENCODER,
                seq2seq::DECODER,
                seq2seq::TOKENIZER
            )
        })?;
    let models = [seq2seq::ENCODER, seq2seq::DECODER, seq2seq::TOKENIZER]
        .into_iter()
        .map(|file| {
            let sha256 = infra::models::sha256_of(&folder.join(file)).with_context(|| {
                format!("the folder that {SEQ2SEQ} names has no readable {file}")
            })?;
            Ok(ModelInfo {
                file: file.into(),
                sha256,
            })
        })
        .collect::<anyhow::Result<_>>()?;
    Ok(Seq2seq::open(loaded(runtime)?, &folder, models)?)
}

const OCRS_RECOGNITION: &str = "MEDBOT_OCRS_RECOGNITION";

fn ocrs() -> anyhow::Result<Ocrs> {
    let path = std::env::var_os(OCRS_RECOGNITION)
        .map(PathBuf::from)
        .with_context(|| {
            format!("no package ships ocrs weights: set {OCRS_RECOGNITION} to a recognition model")
        })?;
    let sha256 = infra::models::sha256_of(&path)
        .with_context(|| format!("{OCRS_RECOGNITION} names a file that cannot be read"))?;
    Ok(Ocrs::open(
        &path,
        sha256,
        std::env::var("MEDBOT_OCRS_ALPHABET").ok(),
    )?)
}
