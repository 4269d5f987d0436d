//! The committed page is what its sources give.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

/// Builds the page anew, which also fetches the packages that the browser's test runs on.
pub fn build() -> tempfile::TempDir {
    let out = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/scripts/build_page");
    let status = Command::new(script).arg(out.path()).status().unwrap();
    assert!(status.success(), "the page cannot be built");
    out
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                let name = entry.path();
                let name = name.strip_prefix(folder).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_committed_page_is_a_fresh_build() {
    let fresh = files(build().path());
    let committed = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/dist"));
    let names = |of: &BTreeMap<String, Vec<u8>>| of.keys().cloned().collect::<Vec<_>>();
    assert!(fresh.len() >= 3, "{:?}", names(&fresh));
    assert_eq!(
        names(&committed),
        names(&fresh),
        "run infra/scripts/build_page and commit ingest/ui/dist"
    );
    for (name, bytes) in &fresh {
        assert!(
            committed[name] == *bytes,
            "{name} differs: run infra/scripts/build_page and commit ingest/ui/dist"
        );
    }
}
