//! `medbot doctor`: what this machine has, what it lacks and how to get it.
//!
//! A report and not a repair: it hashes every model file, asks Tesseract for its version and languages, and looks
//! at settings, but changes nothing. What a user must configure is "not configured", not missing.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Serialize;

use crate::db::private::POSTGRES_BIN;
use crate::models::{Asset, AssetState, AssetStatus, Cache, status};
use crate::tesseract::{self, Tesseract};

/// Everything that `doctor` found, in the order in which it is printed.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// A line each.
    pub items: Vec<Item>,
}

/// One library, model or setting.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// What it is.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// Its version, when it is known.
    pub version: Option<String>,
    /// Where it lies or would lie.
    pub path: Option<String>,
    /// In bytes.
    pub size_bytes: Option<u64>,
    /// Pinned hash of a model file.
    pub sha256: Option<String>,
    /// SPDX expression or a few words.
    pub licence: Option<String>,
    /// Engines and stages that use it.
    pub needed_by: Vec<String>,
    /// What to do when it is not there.
    pub remedy: Option<String>,
}

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There, and right.
    Present,
    /// Not there.
    Missing,
    /// There, with other bytes than the pinned ones.
    WrongHash,
    /// Not there and not needed by default.
    Optional,
    /// Works once the user says where it is.
    NotConfigured,
}

impl Report {
    /// Whether the default engines have all they need.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self
            .items
            .iter()
            .any(|i| matches!(i.state, State::Missing | State::WrongHash))
    }
}

/// Looks at this machine and the cache.
#[must_use]
pub fn report(cache: &Cache) -> Report {
    let found = Tesseract::ask();
    let mut items = vec![tesseract(found.as_ref())];
    items.extend(tessdata(found.as_ref()));
    items.extend(status(cache).iter().map(asset));
    items.extend(
        GIVEN_BY_USER
            .iter()
            .map(|given| user_model(given, &|name| env::var_os(name))),
    );
    Report { items }
}

impl Item {
    fn new(name: &str, state: State, needed_by: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            state,
            version: None,
            path: None,
            size_bytes: None,
            sha256: None,
            licence: None,
            needed_by: needed_by.iter().map(|&n| n.to_owned()).collect(),
            remedy: None,
        }
    }
}

fn tesseract(found: Option<&Tesseract>) -> Item {
    let state = match found {
        Some(_) => State::Present,
        None => State::Missing,
    };
    Item {
        version: found.map(|tesseract| tesseract.version.clone()),
        licence: Some("Apache-2.0".to_owned()),
        remedy: found
            .is_none()
            .then(|| "apt-get install tesseract-ocr".to_owned()),
        ..Item::new("Tesseract", state, &["tesseract", "detect"])
    }
}

/// The trained data that `eng` reading and turned pages need, and the languages that `--lang` can name
/// beyond, each an item.
fn tessdata(found: Option<&Tesseract>) -> Vec<Item> {
    let needed = |name: &str| matches!(name, "eng" | "osd");
    let others = found.map_or(&[][..], |tesseract| &tesseract.languages);
    let names = ["eng", "osd"].into_iter();
    names
        .chain(
            others
                .iter()
                .map(String::as_str)
                .filter(|name| !needed(name)),
        )
        .map(|name| {
            let path = found.and_then(|tesseract| tesseract.data(name));
            let (state, user) = match (&path, name) {
                (None, _) => (State::Missing, "tesseract"),
                (Some(_), "osd") => (State::Present, "prepare"),
                (Some(_), "eng") => (State::Present, "tesseract"),
                (Some(_), _) => (State::Present, "tesseract with --lang"),
            };
            Item {
                remedy: path
                    .is_none()
                    .then(|| format!("apt-get install {}", tesseract::package_of(name))),
                path: path.map(|path| path.display().to_string()),
                licence: Some("Apache-2.0".to_owned()),
                ..Item::new(&format!("tessdata {name}"), state, &[user])
            }
        })
        .collect()
}

fn asset(found: &AssetStatus) -> Item {
    let entry = found.entry;
    let state = match &found.state {
        AssetState::Present => State::Present,
        AssetState::WrongHash(_) => State::WrongHash,
        AssetState::Missing if entry.optional => State::Optional,
        AssetState::Missing => State::Missing,
    };
    let package = found.package.map(|p| format!("{} {}", p.name, p.version));
    let remedy = match state {
        State::Present => None,
        State::Optional => Some("medbot setup --all".to_owned()),
        _ => Some(format!(
            "medbot setup (from {})",
            package.as_deref().unwrap_or("its package")
        )),
    };
    let server = (found.asset == Asset::Postgres && state == State::Present)
        .then(|| postgres_version(&found.path))
        .flatten();
    Item {
        name: entry.name.clone(),
        state,
        version: server.or(package),
        path: Some(found.path.display().to_string()),
        size_bytes: Some(entry.size),
        sha256: Some(entry.sha256.clone()),
        licence: Some(entry.licence.clone()),
        needed_by: entry.needed_by.clone(),
        remedy,
    }
}

/// What the server says of itself, "PostgreSQL 18.6"; it runs, so its libraries are there.
fn postgres_version(tree: &Path) -> Option<String> {
    let output = Command::new(tree.join(POSTGRES_BIN).join("postgres"))
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let (_, version) = said.trim().split_once('(')?;
    Some(version.replace(')', ""))
}

/// A model that no package ships: its engine, and the settings that say where its files are.
struct GivenByUser {
    engine: &'static str,
    variables: &'static [&'static str],
    /// Files of the folder that the one setting names; none when settings name files.
    files: &'static [&'static str],
}

const GIVEN_BY_USER: [GivenByUser; 2] = [
    GivenByUser {
        engine: "ocrs",
        variables: &["MEDBOT_OCRS_DETECTION", "MEDBOT_OCRS_RECOGNITION"],
        files: &[],
    },
    GivenByUser {
        engine: "seq2seq",
        variables: &["MEDBOT_SEQ2SEQ"],
        files: &["encoder_model.onnx", "decoder_model.onnx", "tokenizer.json"],
    },
];

fn user_model(given: &GivenByUser, variable: &dyn Fn(&str) -> Option<OsString>) -> Item {
    let set: Vec<_> = given
        .variables
        .iter()
        .filter_map(|n| variable(n).map(|v| (*n, v)))
        .collect();
    let name = format!("{} weights", given.engine);
    if set.len() < given.variables.len() {
        let remedy = format!(
            "no package ships them: set {} to your {}",
            given.variables.join(", "),
            if given.files.is_empty() {
                "files".to_owned()
            } else {
                format!("folder with {}", given.files.join(", "))
            }
        );
        return Item {
            remedy: Some(remedy),
            ..Item::new(&name, State::NotConfigured, &[given.engine])
        };
    }
    let paths: Vec<_> = set.iter().map(|(_, path)| path.to_string_lossy()).collect();
    let is_there = |path: &OsString| match given.files {
        [] => Path::new(path).is_file(),
        files => files
            .iter()
            .all(|file| Path::new(path).join(file).is_file()),
    };
    let absent = set.iter().find(|(_, path)| !is_there(path));
    let state = if absent.is_some() {
        State::Missing
    } else {
        State::Present
    };
    Item {
        path: Some(paths.join(", ")),
        remedy: absent.map(|(variable, _)| match given.files {
            [] => format!("{variable} names no file: correct it or unset it"),
            files => format!("{variable} names no folder with {}", files.join(", ")),
        }),
        ..Item::new(&name, state, &[given.engine])
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for item in &self.items {
            write!(f, "{item}")?;
        }
        let lacking = self
            .items
            .iter()
            .filter(|i| matches!(i.state, State::Missing | State::WrongHash));
        match lacking.count() {
            0 => writeln!(f, "Everything that the default engines need is there."),
            1 => writeln!(f, "1 thing is missing or wrong."),
            count => writeln!(f, "{count} things are missing or wrong."),
        }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Present => "ok",
            State::Missing => "MISSING",
            State::WrongHash => "WRONG HASH",
            State::Optional => "optional, absent",
            State::NotConfigured => "not configured",
        };
        writeln!(f, "{:<38} {state}", self.name)?;
        let size = self.size_bytes.map(|s| format!("{:.1} MB", s as f64 / 1e6));
        let needed_by =
            (!self.needed_by.is_empty()).then(|| format!("for {}", self.needed_by.join(", ")));
        let facts: Vec<_> = [self.version.clone(), size, self.licence.clone(), needed_by]
            .into_iter()
            .flatten()
            .collect();
        writeln!(f, "    {}", facts.join(" · "))?;
        for (label, value) in [
            ("path", &self.path),
            ("sha256", &self.sha256),
            ("get it", &self.remedy),
        ] {
            if let Some(value) = value {
                writeln!(f, "    {label:<6} {value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tesseract_its_data_are_missing_and_with_it_every_language_is_named() {
        let names = |found: Option<&Tesseract>| -> Vec<(String, State)> {
            let items = tessdata(found).into_iter();
            items.map(|item| (item.name, item.state)).collect()
        };
        let item = |name: &str, state| (format!("tessdata {name}"), state);
        assert_eq!(
            names(None),
            [item("eng", State::Missing), item("osd", State::Missing)]
        );
        let found = Tesseract {
            version: "5.3.0".to_owned(),
            folder: Some("/tessdata".into()),
            languages: ["deu", "eng"].map(str::to_owned).to_vec(),
        };
        assert_eq!(
            names(Some(&found)),
            [
                item("eng", State::Present),
                item("osd", State::Missing),
                item("deu", State::Present),
            ]
        );
    }

    #[test]
    fn models_of_the_user_are_not_missing_until_they_are_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let there = file.path().as_os_str();
        for (case, detection, recognition, state) in [
            ("none", None, None, State::NotConfigured),
            ("one of two", Some(there), None, State::NotConfigured),
            ("both", Some(there), Some(there), State::Present),
            (
                "a wrong path",
                Some(there),
                Some("/nowhere".as_ref()),
                State::Missing,
            ),
        ] {
            let variable = |name: &str| {
                let value = if name == "MEDBOT_OCRS_DETECTION" {
                    detection
                } else {
                    recognition
                };
                value.map(std::ffi::OsStr::to_os_string)
            };
            assert_eq!(
                user_model(&GIVEN_BY_USER[0], &variable).state,
                state,
                "{case}"
            );
        }
    }

    #[test]
    fn a_folder_of_the_user_must_hold_every_file() {
        let folder = tempfile::tempdir().unwrap();
        let state = || {
            let variable = |_: &str| Some(folder.path().as_os_str().to_os_string());
            user_model(&GIVEN_BY_USER[1], &variable).state
        };
        for file in GIVEN_BY_USER[1].files {
            assert_eq!(state(), State::Missing, "before {file}");
            std::fs::write(folder.path().join(file), "x").unwrap();
        }
        assert_eq!(state(), State::Present);
    }

    #[test]
    fn an_empty_cache_is_not_ready_and_each_line_says_how_to_get_it() {
        let folder = tempfile::tempdir().unwrap();
        let report = report(&Cache::at(folder.path()));
        assert!(!report.is_ready());
        let text = report.to_string();
        assert!(text.contains("PP-OCRv6_det_small.onnx"), "{text}");
        assert!(
            text.contains("medbot setup (from rapidocr 3.10.0)"),
            "{text}"
        );
        for item in report.items.iter().filter(|i| i.state != State::Present) {
            assert!(item.remedy.is_some(), "{} has no remedy", item.name);
        }
    }
}
