//! The lock file as types. It is embedded, so the binary alone can set a machine up.
//!
//! Parsing is strict: an unknown key or conversion is an error, and the tests check what types can
//! not say (hashes are 64 hex digits, names are relative, every package is used).

use std::sync::LazyLock;

use serde::Deserialize;

use super::Asset;

const EMBEDDED: &str = include_str!("../../models.lock.toml");

/// Every package and file that set-up knows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The version of this file's shape: 1.
    pub format: u32,
    /// What conversions import.
    pub tools: Tools,
    /// The packages, each with the hash of its archive.
    #[serde(rename = "package")]
    pub packages: Vec<PackageEntry>,
    /// The files taken out of them.
    #[serde(rename = "file")]
    pub files: Vec<FileEntry>,
}

/// pip requirements of the conversions that need more than Python itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    /// Of the conversion of `english_g2.pth`.
    pub english_g2: Vec<String>,
}

/// One archive of a registry.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageEntry {
    /// Whose registry.
    pub registry: Registry,
    /// Name in the registry.
    pub name: String,
    /// Exact version.
    pub version: String,
    /// Of the archive, 64 lower-case hex digits.
    pub sha256: String,
    /// Of the archive, in bytes.
    pub size: u64,
    /// SPDX expression of the package.
    pub licence: String,
}

/// A registry that set-up can ask, each through its own client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registry {
    /// A wheel, through `python3 -m pip`.
    Pip,
    /// A tarball, through `npm pack`.
    Npm,
}

/// One file of the cache, or one tree of files that stay together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// What code calls it.
    pub asset: Asset,
    /// Path under `<cache>/files/`.
    pub name: String,
    /// The package that holds it.
    pub package: String,
    /// Where it lies inside the package.
    pub path: Inside,
    /// What is done to the member, if it is not used as it is.
    pub convert: Option<Conversion>,
    /// Of the member before the conversion.
    pub source_sha256: Option<String>,
    /// Of the file in the cache; of a tree, the digest over its listing.
    pub sha256: String,
    /// Of the file in the cache, in bytes; of a tree, the sum over its files.
    pub size: u64,
    /// Licence of the content.
    pub licence: String,
    /// Engines and stages that cannot work without it.
    pub needed_by: Vec<String>,
    /// Whether it is installed only when everything is asked for.
    #[serde(default)]
    pub optional: bool,
}

/// What is taken out of a package.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Inside {
    /// One file; `outer.zip!inner` where a zip lies in the package.
    File(String),
    /// Whole folders of a wheel, each ending in `/`. They keep their paths under the entry's name,
    /// because programs find their libraries relative to themselves.
    Folders(Vec<String>),
}

/// How a member becomes the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conversion {
    /// `EasyOCR`'s checkpoint to ONNX, in Python.
    EnglishG2,
    /// The drug dictionary to a table, in Python.
    Drugs,
    /// The disease dictionary to a table, in Python.
    Diseases,
    /// The tabular XML of ICD-10-CM to a table, in Python.
    Icd10cm,
    /// A compressed web font to `TrueType`.
    Woff,
}

impl Lock {
    /// The lock that this binary was built with.
    ///
    /// # Panics
    /// Never with a tested binary: a test parses the embedded text.
    #[must_use]
    pub fn embedded() -> &'static Self {
        static LOCK: LazyLock<Lock> =
            LazyLock::new(|| toml::from_str(EMBEDDED).expect("the embedded lock file parses"));
        &LOCK
    }

    /// The package of that name.
    #[must_use]
    pub fn package(&self, name: &str) -> Option<&PackageEntry> {
        self.packages.iter().find(|p| p.name == name)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use super::*;

    fn is_sha256(text: &str) -> bool {
        text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }

    #[test]
    fn every_package_is_pinned_and_used() {
        let lock = Lock::embedded();
        assert_eq!(lock.format, 1);
        for package in &lock.packages {
            assert!(is_sha256(&package.sha256), "{}", package.name);
            assert!(
                package.size > 0 && !package.licence.is_empty(),
                "{}",
                package.name
            );
            let users = lock
                .files
                .iter()
                .filter(|f| f.package == package.name)
                .count();
            assert!(users > 0, "no file comes from {}", package.name);
        }
    }

    #[test]
    fn every_file_is_pinned_and_has_a_package() {
        let lock = Lock::embedded();
        for file in &lock.files {
            assert!(is_sha256(&file.sha256), "{}", file.name);
            assert!(file.size > 0 && !file.licence.is_empty(), "{}", file.name);
            assert!(!file.needed_by.is_empty(), "{}", file.name);
            assert!(lock.package(&file.package).is_some(), "{}", file.name);
            let source = file.source_sha256.as_deref();
            assert_eq!(source.is_some(), file.convert.is_some(), "{}", file.name);
            assert!(source.is_none_or(is_sha256), "{}", file.name);
            if let Inside::Folders(folders) = &file.path {
                assert!(file.convert.is_none(), "{}", file.name);
                assert!(!folders.is_empty(), "{}", file.name);
                assert!(folders.iter().all(|f| f.ends_with('/')), "{}", file.name);
                let registry = lock.package(&file.package).map(|p| p.registry);
                assert_eq!(registry, Some(Registry::Pip), "{}", file.name);
            }
            let inside = Path::new(&file.name)
                .components()
                .all(|c| matches!(c, Component::Normal(_)));
            assert!(inside, "{} would leave the cache", file.name);
        }
    }

    #[test]
    fn tools_are_pinned() {
        for requirement in &Lock::embedded().tools.english_g2 {
            assert!(requirement.contains("=="), "{requirement} has no version");
        }
    }
}
