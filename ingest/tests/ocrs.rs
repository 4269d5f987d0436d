//! The `ocrs` engine reads with weights that a user gives; here with a model of two classes, ink and
//! paper, that the fixtures write.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

#[test]
fn weights_that_a_user_gives_are_read_with() {
    let folder = tempfile::tempdir().unwrap();
    let weights = folder.path().join("strokes.onnx");
    fs::write(&weights, fixtures::tiny_model::stroke_recogniser()).unwrap();
    let page = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/documents/prescription_letterhead.png");
    let output = Command::new(env!("CARGO_BIN_EXE_medbot"))
        .arg("process")
        .arg(&page)
        .arg("--out")
        .arg(folder.path().join("out"))
        .args(["--engines", "ocrs"])
        .env("MEDBOT_OCRS_RECOGNITION", &weights)
        .env("MEDBOT_OCRS_ALPHABET", "I")
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    let result = folder.path().join("out/prescription_letterhead.png.json");
    let document: Value = serde_json::from_slice(&fs::read(result).unwrap()).unwrap();
    assert_eq!(document["engines"][0]["name"], "ocrs");
    assert_eq!(document["engines"][0]["models"][0]["file"], "strokes.onnx");
    assert_eq!(document["pages"][0]["readers"][0]["status"], "ok");
    let text = document["text"].as_str().unwrap();
    // Each line of the page has ink, and ink is all that this model knows.
    assert!(
        text.lines().filter(|line| line.contains('I')).count() > 8,
        "{text}"
    );
    assert!(
        text.chars().all(|ch| ch == 'I' || ch.is_whitespace()),
        "{text}"
    );
}
