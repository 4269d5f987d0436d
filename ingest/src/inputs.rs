//! Which files a call names, each with the name that its results carry.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// A file to process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Relative to the PATH argument, with `/`; the bare name of a PATH that is a file.
    pub file: String,
}

/// Why the inputs cannot be listed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("two inputs would write the same results, `{0}`: process them into different folders")]
    Collision(String),
    #[error("results would lie among the inputs and be read as such by the next call: name another folder than `{}`", .0.display())]
    Among(PathBuf),
    #[error("there is no file or folder `{}`", .0.display())]
    Missing(PathBuf),
    #[error(transparent)]
    Io(#[from] anyhow::Error),
}

/// All files under `paths`, in the order of the arguments and then of the names. Hidden files and
/// folders, symbolic links to folders and everything under `out` are left out.
///
/// # Errors
/// When a path does not exist, cannot be listed or is `out` itself, or two files would share a name.
pub(crate) fn list(paths: &[PathBuf], out: &Path) -> Result<Vec<Input>, InputError> {
    let out = fs::canonicalize(out).unwrap_or_else(|_| out.to_path_buf());
    let mut inputs = Vec::new();
    for path in paths {
        let kind = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(InputError::Missing(path.clone()));
            }
            kind => kind.with_context(|| format!("cannot read {}", path.display()))?,
        };
        if kind.is_dir() {
            if fs::canonicalize(path).is_ok_and(|folder| folder == out) {
                return Err(InputError::Among(out));
            }
            walk(path, path, &out, &mut inputs)?;
        } else {
            let name = path.file_name().unwrap_or(path.as_os_str());
            let file = name.to_string_lossy().into_owned();
            inputs.push(Input {
                path: path.clone(),
                file,
            });
        }
    }
    let mut names = BTreeSet::new();
    for input in &inputs {
        if !names.insert(&input.file) {
            return Err(InputError::Collision(input.file.clone()));
        }
    }
    Ok(inputs)
}

fn walk(root: &Path, folder: &Path, out: &Path, inputs: &mut Vec<Input>) -> anyhow::Result<()> {
    let cannot = || format!("cannot list {}", folder.display());
    let mut entries = fs::read_dir(folder)
        .with_context(cannot)?
        .collect::<Result<Vec<_>, _>>()
        .with_context(cannot)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        if path.is_dir() {
            let is_out = fs::canonicalize(&path).is_ok_and(|p| p == out);
            if !is_link && !is_out {
                walk(root, &path, out, inputs)?;
            }
            continue;
        }
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        inputs.push(Input {
            file: parts.join("/"),
            path,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{InputError, list};

    #[test]
    fn folders_are_listed_in_order_and_results_and_hidden_files_are_not() {
        let root = tempfile::tempdir().unwrap();
        for file in [
            "b.png",
            "a ü/c.pdf",
            ".hidden",
            "out/b.png.json",
            "a ü/.x/y.png",
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        }
        let inputs = list(&[root.path().to_path_buf()], &root.path().join("out")).unwrap();
        let files: Vec<_> = inputs.iter().map(|input| input.file.as_str()).collect();
        assert_eq!(files, ["a ü/c.pdf", "b.png"]);
    }

    #[test]
    fn what_is_not_there_and_results_among_the_inputs_are_told() {
        let root = tempfile::tempdir().unwrap();
        let missing = root.path().join("missing");
        let error = list(std::slice::from_ref(&missing), root.path()).unwrap_err();
        assert!(matches!(error, InputError::Missing(path) if path == missing));
        let scans = root.path().join("scans");
        fs::create_dir(&scans).unwrap();
        let error = list(std::slice::from_ref(&scans), &scans).unwrap_err();
        assert!(matches!(error, InputError::Among(_)));
    }

    #[test]
    fn equal_names_of_two_arguments_collide() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["x", "y"] {
            fs::create_dir(root.path().join(folder)).unwrap();
            fs::write(root.path().join(folder).join("a.png"), b"x").unwrap();
        }
        let paths = [root.path().join("x"), root.path().join("y")];
        let error = list(&paths, &root.path().join("out")).unwrap_err();
        assert!(matches!(error, InputError::Collision(file) if file == "a.png"));
    }
}
