//! ONNX Runtime, loaded once from the library file that set-up fetched.
//!
//! Sessions use one thread each, since pages, engines and lines run side by side. A network that looks at a
//! whole page at once may have more.

use std::{path::Path, sync::Mutex};

use ort::{
    environment::Environment,
    session::{RunOptions, Session},
};

use super::ReadError;

/// Sessions of one model at most, and threads of a network that looks at a whole page.
pub(crate) const AT_ONCE: usize = 4;

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

    /// Opens a model that runs in one thread.
    ///
    /// # Errors
    /// When the file is missing or is no model that this runtime understands.
    pub fn session(&self, model: &Path) -> Result<Session, LoadError> {
        self.session_on(model, 1)
    }

    /// Opens a model that runs in so many threads.
    ///
    /// # Errors
    /// As [`Runtime::session`].
    pub fn session_on(&self, model: &Path, threads: usize) -> Result<Session, LoadError> {
        let open = || -> ort::Result<Session> {
            Session::builder(&self.environment)?
                .with_intra_threads(threads)?
                // Its threads sleep while others need the processor.
                .with_intra_op_spinning(false)?
                .with_inter_threads(1)?
                // A plan of memory for every size of strip would be kept for good.
                .with_memory_pattern(false)?
                .commit_from_file(model)
        };
        open().map_err(|cause| LoadError::new(model, cause))
    }

    /// How a model runs that gives back the memory of each run.
    ///
    /// # Errors
    /// When the runtime does not know how.
    pub fn frugal(model: &Path) -> Result<RunOptions, LoadError> {
        let options = || -> ort::Result<RunOptions> {
            let mut options = RunOptions::new()?;
            options.set("memory.enable_memory_arena_shrinkage", "cpu:0")?;
            Ok(options)
        };
        options().map_err(|cause| LoadError::new(model, cause))
    }
}

/// Sessions of one model, so that several threads can run it at once.
pub(super) struct Sessions(Vec<Mutex<Session>>);

impl Sessions {
    /// One that is open already, and as many more as this machine has threads for.
    ///
    /// # Errors
    /// As [`Runtime::session`].
    pub(super) fn of(first: Session, runtime: &Runtime, model: &Path) -> Result<Self, LoadError> {
        let mut all = vec![Mutex::new(first)];
        while all.len() < rayon::current_num_threads().min(AT_ONCE) {
            all.push(Mutex::new(runtime.session(model)?));
        }
        Ok(Self(all))
    }

    /// Runs `run` on one that is free, or on the thread's own when none is.
    pub(super) fn with<T>(
        &self,
        run: impl FnOnce(&mut Session) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let own = &self.0[rayon::current_thread_index().unwrap_or_default() % self.0.len()];
        let free = self.0.iter().find_map(|session| session.try_lock().ok());
        match free {
            Some(mut session) => run(&mut session),
            None => run(&mut *own.lock().map_err(ReadError::failed)?),
        }
    }
}
