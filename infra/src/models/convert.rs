//! What a package's file becomes before it is used: ONNX, a table, a font.
//!
//! The scripts are embedded and run by the machine's Python, with their imports in a folder of their
//! own; a checkpoint's pickle is read by an unpickler that refuses to run code.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::SetupError;
use super::fetch;
use super::lock::{Conversion, FileEntry, Lock};
use super::woff;

const ENGLISH_G2: &str = include_str!("../../scripts/english_g2_to_onnx.py");
const VOCABULARY: &str = include_str!("../../scripts/vocabulary_to_tsv.py");

/// Makes `target` from `source`; `workspace` is an empty folder for scripts and their imports.
///
/// # Errors
/// [`SetupError::Convert`] with the script's last line, or what [`fetch::tools`] gives.
pub(super) fn convert(
    file: &FileEntry,
    conversion: Conversion,
    source: &Path,
    target: &Path,
    workspace: &Path,
) -> Result<(), SetupError> {
    let table = match conversion {
        Conversion::Woff => return font(file, source, target),
        Conversion::EnglishG2 => {
            let imports = workspace.join("imports");
            fetch::tools(&Lock::embedded().tools.english_g2, &imports)?;
            let mut python = script(workspace, ENGLISH_G2)?;
            python.env("PYTHONPATH", imports);
            return run(python.arg(source).arg(target), file);
        }
        Conversion::Drugs => "drugs",
        Conversion::Diseases => "diseases",
        Conversion::Icd10cm => "icd10cm",
    };
    run(
        script(workspace, VOCABULARY)?
            .arg(table)
            .arg(source)
            .arg(target),
        file,
    )
}

fn script(workspace: &Path, text: &str) -> Result<Command, SetupError> {
    let path: PathBuf = workspace.join("convert.py");
    fs::write(&path, text).map_err(|e| SetupError::write(workspace, e))?;
    let mut python = Command::new("python3");
    python.arg(path).stdin(Stdio::null()).current_dir(workspace);
    python
        .env_remove("PYTHONPATH")
        .env("PYTHONNOUSERSITE", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(python)
}

fn run(python: &mut Command, file: &FileEntry) -> Result<(), SetupError> {
    let failed = |reason| SetupError::Convert {
        file: file.name.clone(),
        reason,
    };
    match python.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(failed(fetch::last_line(&String::from_utf8_lossy(
            &output.stderr,
        )))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(fetch::NO_PYTHON),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn font(file: &FileEntry, source: &Path, target: &Path) -> Result<(), SetupError> {
    let woff = fs::read(source).map_err(|e| SetupError::write(source, e))?;
    let sfnt = woff::to_sfnt(&woff).map_err(|reason| SetupError::Convert {
        file: file.name.clone(),
        reason: reason.to_owned(),
    })?;
    fs::write(target, sfnt).map_err(|e| SetupError::write(target, e))
}
