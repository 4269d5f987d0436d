//! ONNX Runtime, loaded once from the library file that set-up fetched.
//!
//! Sessions use one thread each: pages and engines run side by side instead, and results do not
//! depend on how work was split.

use std::path::Path;

use ort::{environment::Environment, session::Session};

/// A loaded ONNX Runtime; its clones are the same one.
#[derive(Clone)]
pub struct Runtime {
    environment: Environment,
}

/// ONNX Runtime or one of its models cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("ONNX Runtime cannot load {what}: {cause}; `medbot doctor` shows what is missing")]
pub struct LoadError {
    what: String,
    cause: String,
}

impl LoadError {
    pub(crate) fn new(what: &Path, cause: impl std::fmt::Display) -> Self {
        let what = what
            .file_name()
            .unwrap_or(what.as_os_str())
            .to_string_lossy()
            .into_owned();
        Self {
            what,
            cause: cause.to_string(),
        }
    }
}

impl Runtime {
    /// Loads the library.
    ///
    /// # Errors
    /// When the file is missing or is no ONNX Runtime of a fitting version.
    pub fn load(library: &Path) -> Result<Self, LoadError> {
        let environment = ort::init_from(library)
            .map_err(|cause| LoadError::new(library, cause))?
            .with_telemetry(false)
            .build()
            .map_err(|cause| LoadError::new(library, cause))?;
        Ok(Self { environment })
    }

    /// Opens a model.
    ///
    /// # Errors
    /// When the file is missing or is no model that this runtime understands.
    pub fn session(&self, model: &Path) -> Result<Session, LoadError> {
        let open = || -> ort::Result<Session> {
            Session::builder(&self.environment)?
                .with_intra_threads(1)?
                .with_inter_threads(1)?
                // A plan of memory for every size of strip would be kept for good.
                .with_memory_pattern(false)?
                .commit_from_file(model)
        };
        open().map_err(|cause| LoadError::new(model, cause))
    }
}
