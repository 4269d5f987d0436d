//! What medbot is built from: licences, sources and banned crates by infra/deny.toml, and a bill of
//! materials that is one. Advisories are not asked for here, since their database changes every day and
//! is not in a package registry.

use std::path::Path;
use std::process::Command;

fn runs(script: &str, arguments: &[&str]) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let output = Command::new(scripts.join(script))
        .args(arguments)
        .output()
        .expect("the script starts");
    assert!(
        output.status.success(),
        "{script} {arguments:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_crate_has_a_licence_and_a_source_that_are_allowed() {
    runs("check_dependencies", &["licenses", "bans", "sources"]);
}

#[test]
fn the_bill_of_materials_is_valid_and_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sbom.json");
    runs("sbom", &["--check", file.to_str().expect("UTF-8")]);
    let text = std::fs::read_to_string(&file).expect("it is written");
    // One of each kind: a crate, a crate that another brings, a package of the page, a model, and nothing
    // that only tests need.
    for (part, listed) in [
        ("pkg:cargo/image@", true),
        ("pkg:cargo/openjp2@", true),
        ("pkg:npm/preact@", true),
        ("pkg:pypi/pypdfium2@", true),
        ("model:PP-OCRv6_det_small.onnx", true),
        ("pkg:cargo/proptest@", false),
    ] {
        assert_eq!(text.contains(part), listed, "{part}");
    }
}
