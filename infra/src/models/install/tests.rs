//! Set-up against the real pip, which is given a local wheel or no registry at all.
//!
//! pip listens to the environment, so each case runs in a process of its own: this test binary again,
//! with `inside` as its only test.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use zip::write::SimpleFileOptions;

use super::*;

const LOCK_VARIABLE: &str = "MEDBOT_TEST_LOCK";
const CONTENT: &[u8] = b"variant\tname\n";

/// A wheel that pip accepts, with one file of ours in it.
fn wheel(folder: &Path) -> PathBuf {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("medbot_probe/table.tsv", CONTENT),
        ("medbot_probe/bin/run", CONTENT),
        ("medbot_probe.libs/a.so", b"library"),
        (
            "medbot_probe-1.0.dist-info/METADATA",
            b"Metadata-Version: 2.1\nName: medbot-probe\nVersion: 1.0\n",
        ),
        (
            "medbot_probe-1.0.dist-info/WHEEL",
            b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        ),
        ("medbot_probe-1.0.dist-info/RECORD", b""),
    ] {
        let mode = if name.contains("/bin/") { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default().unix_permissions(mode);
        zip.start_file(name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    let path = folder.join("medbot_probe-1.0-py3-none-any.whl");
    fs::write(&path, zip.finish().unwrap().into_inner()).unwrap();
    path
}

fn lock_text(package_sha256: &str, file_sha256: &str) -> String {
    format!(
        r#"
format = 1
[tools]
english_g2 = []
[[package]]
registry = "pip"
name = "medbot-probe"
version = "1.0"
sha256 = "{package_sha256}"
size = 1
licence = "Apache-2.0"
[[file]]
asset = "drug_names"
name = "tables/probe.tsv"
package = "medbot-probe"
path = "medbot_probe/table.tsv"
sha256 = "{file_sha256}"
size = {}
licence = "Apache-2.0"
needed_by = ["extract"]
"#,
        CONTENT.len()
    )
}

/// The lock's entry for the two folders of the wheel.
fn tree_text(sha256: &str) -> String {
    format!(
        r#"
[[file]]
asset = "postgres"
name = "server-1.0"
package = "medbot-probe"
path = ["medbot_probe/bin/", "medbot_probe.libs/"]
sha256 = "{sha256}"
size = {}
licence = "Apache-2.0"
needed_by = ["up"]
"#,
        CONTENT.len() + 7
    )
}

fn sha256_of_text(text: &[u8]) -> String {
    digest::copy(&mut &text[..], &mut std::io::sink()).unwrap()
}

#[test]
#[ignore = "the other tests run it, in a process of its own"]
fn inside() {
    let lock = fs::read_to_string(std::env::var_os(LOCK_VARIABLE).unwrap()).unwrap();
    let lock: Lock = toml::from_str(&lock).unwrap();
    let cache = Cache::locate().unwrap();
    match install_from(&lock, &cache, Selection::Needed, &mut |step| {
        println!("STEP {step}");
    }) {
        Ok(done) => println!("DONE {} present, {} new", done.present, done.new),
        Err(error) => println!("FAILED {error}"),
    }
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(lock: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("wheels")).unwrap();
        fs::write(folder.path().join("lock.toml"), lock).unwrap();
        Self { folder }
    }

    /// With a wheel in reach and its true hashes in the lock.
    fn with_wheel() -> Self {
        let bench = Self::new("");
        let wheel = wheel(&bench.folder.path().join("wheels"));
        bench.relock(&digest::of_file(&wheel).unwrap(), &sha256_of_text(CONTENT));
        bench
    }

    /// With the tree in the lock, too.
    fn with_tree(sha256: &str) -> Self {
        let bench = Self::with_wheel();
        let lock = bench.folder.path().join("lock.toml");
        let text = fs::read_to_string(&lock).unwrap() + &tree_text(sha256);
        fs::write(lock, text).unwrap();
        bench
    }

    fn relock(&self, package_sha256: &str, file_sha256: &str) {
        fs::write(
            self.folder.path().join("lock.toml"),
            lock_text(package_sha256, file_sha256),
        )
        .unwrap();
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([
            "models::install::tests::inside",
            "--exact",
            "--ignored",
            "--nocapture",
        ]);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PIP_") {
                command.env_remove(name);
            }
        }
        command
            .env("PIP_CONFIG_FILE", "/dev/null")
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", self.folder.path().join("wheels"))
            .env("MEDBOT_CACHE", self.cache())
            .env(LOCK_VARIABLE, self.folder.path().join("lock.toml"));
        command
    }

    /// The lines that `inside` printed.
    fn lines(mut command: Command) -> Vec<String> {
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let ours = |l: &&str| {
            ["STEP ", "DONE ", "FAILED "]
                .iter()
                .any(|p| l.starts_with(p))
        };
        text.lines().filter(ours).map(str::to_owned).collect()
    }

    fn run(&self) -> Vec<String> {
        Self::lines(self.command())
    }
}

const FETCHING: &str = "STEP fetching medbot-probe 1.0 (0.0 MB)";

#[test]
fn a_file_is_installed_once_and_again_when_it_was_changed() {
    let bench = Bench::with_wheel();
    let target = bench.cache().join("files/tables/probe.tsv");
    let left_by_a_killed_run = bench.cache().join(".setup-dead/package");
    fs::create_dir_all(&left_by_a_killed_run).unwrap();
    assert_eq!(bench.run(), [FETCHING, "DONE 0 present, 1 new"]);
    assert!(!left_by_a_killed_run.exists());
    assert_eq!(fs::read(&target).unwrap(), CONTENT);
    assert_eq!(
        fs::metadata(&target).unwrap().permissions().mode() & 0o777,
        0o644
    );

    assert_eq!(bench.run(), ["DONE 1 present, 0 new"], "second run");

    fs::write(&target, "variant\tNAME\n").unwrap();
    assert_eq!(
        bench.run(),
        [FETCHING, "DONE 0 present, 1 new"],
        "after a change"
    );
    assert_eq!(fs::read(&target).unwrap(), CONTENT);

    fs::remove_file(bench.cache().join("verified.json")).unwrap();
    assert_eq!(bench.run(), ["DONE 1 present, 0 new"], "without stamps");

    let left: Vec<_> = fs::read_dir(bench.cache())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(
        left.len(),
        3,
        "only files, stamps and the lock remain: {left:?}"
    );
}

#[test]
fn a_tree_is_installed_whole_and_again_when_anything_in_it_was_changed() {
    let listing = format!(
        "- {} medbot_probe.libs/a.so\nx {} medbot_probe/bin/run\n",
        sha256_of_text(b"library"),
        sha256_of_text(CONTENT)
    );
    let bench = Bench::with_tree(&sha256_of_text(listing.as_bytes()));
    let tree = bench.cache().join("files/server-1.0");
    let program = tree.join("medbot_probe/bin/run");
    assert_eq!(bench.run(), [FETCHING, "DONE 0 present, 2 new"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&tree), mode(&program)), (0o755, 0o755));
    assert_eq!(bench.run(), ["DONE 2 present, 0 new"], "second run");

    let changes: [(&str, &dyn Fn() -> io::Result<()>); 3] = [
        ("a change", &|| fs::write(&program, "variant\tNAME\n")),
        ("one more file", &|| fs::write(tree.join("more"), "")),
        ("one file less", &|| fs::remove_file(&program)),
    ];
    for (case, change) in changes {
        change().unwrap();
        assert_eq!(bench.run(), [FETCHING, "DONE 1 present, 1 new"], "{case}");
        assert_eq!(fs::read(&program).unwrap(), CONTENT, "{case}");
        assert!(!tree.join("more").exists(), "{case}");
    }

    let bench = Bench::with_tree(&"0".repeat(64));
    let lines = bench.run();
    let expected = "FAILED server-1.0 of medbot-probe has the wrong sha256";
    assert!(
        lines.last().is_some_and(|l| l.starts_with(expected)),
        "{lines:?}"
    );
    assert!(!bench.cache().join("files/server-1.0").exists());
}

#[test]
fn bytes_that_nobody_pinned_are_not_installed() {
    let wrong = "0".repeat(64);
    let bench = Bench::with_wheel();
    let wheel = digest::of_file(
        &bench
            .folder
            .path()
            .join("wheels/medbot_probe-1.0-py3-none-any.whl"),
    );
    let wheel = wheel.unwrap();
    for (case, package, expected) in [
        (
            "package",
            &wrong,
            "FAILED the package medbot-probe 1.0 has the wrong sha256",
        ),
        (
            "file",
            &wheel,
            "FAILED medbot_probe/table.tsv of medbot-probe has the wrong sha256",
        ),
    ] {
        bench.relock(package, &wrong);
        let lines = bench.run();
        assert!(
            lines.last().is_some_and(|l| l.starts_with(expected)),
            "{case}: {lines:?}"
        );
        assert!(
            !bench.cache().join("files/tables/probe.tsv").exists(),
            "{case}"
        );
    }
}

/// Name, variables to unset, variables to set, beginning of the sentence.
type Case<'a> = (&'a str, &'a [&'a str], Vec<(&'a str, String)>, &'a str);

#[test]
fn each_failure_is_one_clear_sentence() {
    let empty = tempfile::tempdir().unwrap();
    let without_pip = tempfile::tempdir().unwrap();
    let python = which("python3");
    let wrapper = without_pip.path().join("python3");
    // Without its site packages the real Python has no pip.
    fs::write(
        &wrapper,
        format!("#!/bin/sh\nexec '{}' -S -I \"$@\"\n", python.display()),
    )
    .unwrap();
    fs::set_permissions(&wrapper, Permissions::from_mode(0o755)).unwrap();

    let registry = ["PIP_NO_INDEX", "PIP_FIND_LINKS"];
    let unreachable = [
        ("PIP_INDEX_URL", "http://127.0.0.1:9/simple"),
        ("PIP_RETRIES", "1"),
    ];
    let path = |folder: &tempfile::TempDir| folder.path().display().to_string();
    let before_others = format!("{}:{}", path(&without_pip), std::env::var("PATH").unwrap());
    let cases: [Case<'_>; 5] = [
        (
            "no python",
            &[],
            vec![("PATH", path(&empty))],
            "python3 was not found: install it",
        ),
        (
            "no pip",
            &[],
            vec![("PATH", before_others)],
            "pip, a module of python3, was not found",
        ),
        (
            "no network",
            &registry,
            unreachable
                .map(|(name, value)| (name, value.to_owned()))
                .to_vec(),
            "the package registry cannot be reached to fetch medbot-probe 1.0",
        ),
        (
            "no such package",
            &[],
            vec![("PIP_FIND_LINKS", path(&empty))],
            "the package registry has no medbot-probe 1.0 for this machine",
        ),
        (
            "no place to write",
            &[],
            vec![("MEDBOT_CACHE", "/dev/null/medbot".to_owned())],
            "/dev/null/medbot cannot be written",
        ),
    ];
    for (case, unset, set, expected) in cases {
        let bench = Bench::with_wheel();
        let mut command = bench.command();
        for name in unset {
            command.env_remove(name);
        }
        command.envs(set);
        let lines = Bench::lines(command);
        let expected = format!("FAILED {expected}");
        assert!(
            lines.last().is_some_and(|l| l.starts_with(&expected)),
            "{case}: {lines:?}"
        );
    }
}

#[test]
fn set_ups_of_one_cache_wait_for_each_other() {
    let bench = Bench::with_wheel();
    let children: Vec<_> = (0..4)
        .map(|_| {
            bench
                .command()
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut fetched = 0;
    for child in children {
        let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        assert!(text.contains("DONE "), "{text}");
        fetched += text.matches(FETCHING).count();
    }
    assert_eq!(fetched, 1, "one of four fetches, the others find it there");
}

fn which(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|f| f.join(program))
        .find(|p| p.is_file())
        .unwrap()
}
