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
/// Runs after which a session gives back the memory that it keeps for the next ones: some two pages of lines.
const GIVES_BACK_AFTER: usize = 64;

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
pub(super) struct Sessions {
    each: Vec<Mutex<Counted>>,
    usual: RunOptions,
    frugal: RunOptions,
}

/// A session and how often it ran.
struct Counted {
    session: Session,
    runs: usize,
}

impl Sessions {
    /// One that is open already, and as many more as this machine has threads for.
    ///
    /// # Errors
    /// As [`Runtime::session`].
    pub(super) fn of(first: Session, runtime: &Runtime, model: &Path) -> Result<Self, LoadError> {
        let counted = |session| Mutex::new(Counted { session, runs: 0 });
        let mut each = vec![counted(first)];
        while each.len() < rayon::current_num_threads().min(AT_ONCE) {
            each.push(counted(runtime.session(model)?));
        }
        Ok(Self {
            each,
            usual: RunOptions::new().map_err(|cause| LoadError::new(model, cause))?,
            frugal: Runtime::frugal(model)?,
        })
    }

    /// Runs `run` on one that is free, or on the thread's own when none is. What a session keeps for its
    /// next runs, it gives back now and then, since inputs of every size leave holes of every size.
    pub(super) fn with<T>(
        &self,
        run: impl FnOnce(&mut Session, &RunOptions) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let own = &self.each[rayon::current_thread_index().unwrap_or_default() % self.each.len()];
        let free = self.each.iter().find_map(|counted| counted.try_lock().ok());
        let mut counted = match free {
            Some(counted) => counted,
            None => own.lock().map_err(ReadError::failed)?,
        };
        counted.runs += 1;
        let gives_back = counted.runs.is_multiple_of(GIVES_BACK_AFTER);
        let options = if gives_back {
            &self.frugal
        } else {
            &self.usual
        };
        run(&mut counted.session, options)
    }
}
