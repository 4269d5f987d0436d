//! What may stand where: entries of the top level, and words of the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::arrows::PURE;
use super::root;

pub const TOP_LEVEL: [&str; 12] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "extract",
    "fixtures",
    "fusion",
    "infra",
    "ingest",
    "schemas",
    "workers",
];

/// Where a rule holds.
#[derive(Clone, Copy)]
pub enum Scope {
    /// The crates without I/O.
    Pure,
    /// All but the crate that may print and choose.
    Libraries,
    /// `workers` but for its shell.
    Stages,
    /// All crates.
    Everywhere,
}

/// Words that may not stand in code, where, and which invariant says so.
pub const FORBIDDEN: [(&str, Scope, &str); 15] = [
    ("std::env", Scope::Pure, "pure crates know no environment"),
    ("std::fs", Scope::Pure, "pure crates do no I/O"),
    ("std::net", Scope::Pure, "pure crates know no network"),
    ("std::process", Scope::Pure, "pure crates start no program"),
    ("SystemTime", Scope::Pure, "pure crates know no clock"),
    ("Instant::now", Scope::Pure, "pure crates know no clock"),
    ("Timestamp::now", Scope::Pure, "pure crates know no clock"),
    ("Zoned::now", Scope::Pure, "pure crates know no clock"),
    (
        "async fn",
        Scope::Stages,
        "a stage is synchronous; the shell alone is not",
    ),
    (
        ".await",
        Scope::Stages,
        "a stage is synchronous; the shell alone is not",
    ),
    (
        "println!",
        Scope::Libraries,
        "libraries return what they have to say",
    ),
    (
        "is_embedded",
        Scope::Everywhere,
        "no code asks whether it is embedded",
    ),
    ("todo!(", Scope::Everywhere, "what is there works"),
    ("unimplemented!(", Scope::Everywhere, "what is there works"),
    (
        "linkme",
        Scope::Everywhere,
        "engines stand in one explicit list",
    ),
];

pub const VAGUE_NAMES: [&str; 10] = [
    "common.rs",
    "data.rs",
    "helper.rs",
    "helpers.rs",
    "manager.rs",
    "misc.rs",
    "util.rs",
    "utils.rs",
    "stuff.rs",
    "processor.rs",
];

/// Files that git knows or would add; all files where there is no git.
pub fn tracked() -> Vec<PathBuf> {
    let listing = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output();
    if let Ok(output) = listing
        && output.status.success()
    {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        return text
            .split('\0')
            .filter(|p| !p.is_empty())
            .map(PathBuf::from)
            .collect();
    }
    let mut files = Vec::new();
    let mut open = vec![root()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)
            .expect("a readable tree")
            .filter_map(Result::ok)
        {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !["target", "out", ".git"].contains(&name.as_str()) {
                open.push(path);
            } else if path.is_file() {
                files.push(path.strip_prefix(root()).expect("inside").to_path_buf());
            }
        }
    }
    files
}

pub fn strangers(files: &[PathBuf]) -> Vec<String> {
    let first = |path: &PathBuf| path.iter().next().map(|n| n.to_string_lossy().into_owned());
    let names: BTreeSet<String> = files.iter().filter_map(first).collect();
    let known = |name: &String| name.starts_with('.') || TOP_LEVEL.contains(&name.as_str());
    names.into_iter().filter(|n| !known(n)).collect()
}

pub fn in_scope(path: &Path, scope: Scope) -> bool {
    let parts: Vec<_> = path.iter().filter_map(|p| p.to_str()).collect();
    let is_test = parts.last() == Some(&"tests.rs") || parts.contains(&"tests");
    let [krate, "src", rest @ ..] = parts.as_slice() else {
        return matches!(scope, Scope::Everywhere);
    };
    match scope {
        Scope::Everywhere => true,
        _ if is_test => false,
        Scope::Pure => PURE.contains(krate),
        Scope::Stages => *krate == "workers" && rest != ["shell.rs"],
        Scope::Libraries => {
            let library = PURE.contains(krate) || ["infra", "workers"].contains(krate);
            library && !rest.starts_with(&["bin"]) && rest != ["main.rs"]
        }
    }
}

/// Code before a file's tests, without comments.
pub fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().take_while(|l| l.trim() != "#[cfg(test)]");
    lines
        .map(|l| l.split("//").next().unwrap_or_default())
        .enumerate()
        .map(|(n, l)| (n + 1, l))
}

/// Whether the word stands in the line and is not the end of a longer one.
fn holds(line: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !(word.starts_with(is_letter) && line[..at].ends_with(is_letter)))
}

pub fn forbidden_words(path: &Path, text: &str) -> Vec<String> {
    let rules: Vec<_> = FORBIDDEN
        .iter()
        .filter(|(_, scope, _)| in_scope(path, *scope))
        .collect();
    let mut found = Vec::new();
    for (number, line) in code(text) {
        for (word, _, why) in rules.iter().filter(|(word, _, _)| holds(line, word)) {
            found.push(format!("{}:{number}: {word}: {why}", path.display()));
        }
    }
    found
}
