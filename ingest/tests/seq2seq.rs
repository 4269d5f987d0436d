//! The `seq2seq` engine reads with a folder that a user gives; here with a model that the fixtures write.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

fn read(models: &Path, out: &Path) -> Output {
    let page = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/documents/prescription_letterhead.png");
    Command::new(env!("CARGO_BIN_EXE_medbot"))
        .arg("process")
        .arg(&page)
        .arg("--out")
        .arg(out)
        .args(["--engines", "seq2seq"])
        .env("MEDBOT_SEQ2SEQ", models)
        .output()
        .unwrap()
}

#[test]
fn weights_that_a_user_gives_are_read_with() {
    let folder = tempfile::tempdir().unwrap();
    for (file, bytes) in fixtures::tiny_seq2seq::files() {
        fs::write(folder.path().join(file), bytes).unwrap();
    }
    let out = folder.path().join("out");
    let output = read(folder.path(), &out);
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    let result = fs::read(out.join("prescription_letterhead.png.json")).unwrap();
    let document: Value = serde_json::from_slice(&result).unwrap();
    assert_eq!(document["engines"][0]["name"], "seq2seq");
    assert_eq!(
        document["engines"][0]["models"][1]["file"],
        "decoder_model.onnx"
    );
    assert_eq!(document["pages"][0]["readers"][0]["status"], "ok");
    let text = document["text"].as_str().unwrap();
    // Whatever is written there, this model knows three words.
    assert!(text.matches("Rx 5 µg").count() > 8, "{text}");
    assert!(
        text.split_whitespace()
            .all(|word| ["Rx", "5", "µg"].contains(&word)),
        "{text}"
    );
}

#[test]
fn what_is_missing_or_broken_is_named() {
    let good = fixtures::tiny_seq2seq::files();
    for (broken, _) in &good {
        for bytes in [None, Some("neither a model nor a vocabulary")] {
            let folder = tempfile::tempdir().unwrap();
            for (file, content) in &good {
                match bytes {
                    Some(bytes) if file == broken => {
                        fs::write(folder.path().join(file), bytes).unwrap();
                    }
                    None if file == broken => {}
                    _ => fs::write(folder.path().join(file), content).unwrap(),
                }
            }
            let output = read(folder.path(), &folder.path().join("out"));
            let log = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{broken} {bytes:?}: {log}");
            assert!(log.contains(broken), "{broken} {bytes:?}: {log}");
        }
    }
}
