//! Who may use whom, from `cargo metadata` and Cargo.lock.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::root;

/// Crate and the crates of ours that its code may use. `fixtures` and `benches` may use anything.
pub const ARROWS: [(&str, &[&str]); 6] = [
    ("schemas", &[]),
    ("fusion", &["schemas"]),
    ("extract", &["schemas"]),
    ("infra", &["schemas"]),
    ("workers", &["schemas", "fusion", "extract", "infra"]),
    (
        "ingest",
        &["schemas", "fusion", "extract", "infra", "workers"],
    ),
];

pub const PURE: [&str; 3] = ["schemas", "fusion", "extract"];

/// Beginnings of names of packages that a pure crate may not reach, directly or through others.
pub const OUTSIDE_WORLD: [&str; 25] = [
    "tokio",
    "async-std",
    "smol",
    "sqlx",
    "postgres",
    "rusqlite",
    "lapin",
    "redis",
    "reqwest",
    "hyper",
    "ureq",
    "axum",
    "aws-",
    "ort",
    "rten",
    "ocrs",
    "leptess",
    "pdfium",
    "dicom",
    "image",
    "imageproc",
    "png",
    "tiff",
    "tempfile",
    "rand",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    pub from: String,
    pub to: String,
    pub dev: bool,
}

/// Every declared dependency of every crate of ours.
pub fn arrows() -> Vec<Arrow> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--locked",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata failed: {said}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut arrows = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let dev = dependency["kind"] == "dev";
            arrows.push(Arrow {
                from: text(&package["name"]),
                to: text(&dependency["name"]),
                dev,
            });
        }
    }
    arrows
}

/// Arrows between our own crates that point the wrong way. Tests may use the fixtures.
pub fn wrong_arrows(arrows: &[Arrow]) -> Vec<String> {
    let ours: BTreeSet<&str> = ARROWS
        .iter()
        .map(|(name, _)| *name)
        .chain(["fixtures", "benches"])
        .collect();
    let wrong = |arrow: &&Arrow| {
        if !ours.contains(arrow.to.as_str()) {
            return false;
        }
        if arrow.to == "benches" {
            return true;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == arrow.from) else {
            return false;
        };
        !(allowed.contains(&arrow.to.as_str()) || arrow.dev && arrow.to == "fixtures")
    };
    arrows
        .iter()
        .filter(wrong)
        .map(|a| format!("{} must not use {}", a.from, a.to))
        .collect()
}

/// Package to the packages that it uses, of a Cargo.lock. Versions of one name are taken together.
pub fn locked(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let lock: toml::Table = toml::from_str(text).expect("Cargo.lock parses");
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock["package"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name").to_owned();
        let dependencies = package.get("dependencies").and_then(|d| d.as_array());
        let names = dependencies
            .into_iter()
            .flatten()
            .filter_map(|d| d.as_str());
        let names = names.filter_map(|d| d.split(' ').next()).map(str::to_owned);
        uses.entry(name).or_default().extend(names);
    }
    uses
}

/// Paths by which a pure crate reaches the outside world. Its own tests may.
pub fn leaks(arrows: &[Arrow], uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut leaks = Vec::new();
    for pure in PURE {
        let direct = arrows.iter().filter(|a| a.from == pure && !a.dev);
        let mut open: Vec<(String, String)> = direct
            .map(|a| (a.to.clone(), format!("{pure} > {}", a.to)))
            .collect();
        let mut seen = BTreeSet::new();
        while let Some((name, path)) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            if is_outside(&name) {
                leaks.push(path);
                continue;
            }
            // Our crates' entries in the lock hold their test dependencies too; their arrows do not.
            if !ARROWS.iter().any(|(ours, _)| *ours == name) {
                let next = uses.get(&name).into_iter().flatten();
                open.extend(next.map(|n| (n.clone(), format!("{path} > {n}"))));
            }
        }
    }
    leaks
}

pub fn is_outside(package: &str) -> bool {
    OUTSIDE_WORLD
        .iter()
        .any(|word| match package.strip_prefix(word) {
            Some(rest) => word.ends_with('-') || rest.is_empty() || rest.starts_with('-'),
            None => false,
        })
}
