//! `medbot process` and `medbot extract` as a user runs them: real files, real engines, exit codes.
//! Needs the model files; `infra/test` sets them up.
#![expect(clippy::unwrap_used, reason = "all of this is tests")]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use fixtures::hostile::Outcome;
use serde_json::Value;

fn documents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/documents")
}

fn medbot(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_medbot"))
        .args(arguments)
        .env("MEDBOT_LOG", "info")
        .output()
        .expect("medbot starts")
}

fn process(input: &Path, out: &Path, more: &[&str]) -> Output {
    let mut arguments = vec![
        "process",
        input.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    arguments.extend(more);
    medbot(&arguments)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A PNG of valid header and no more than its first pixels, 50,000 by 50,000.
fn bomb() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(50_000_u32.to_be_bytes());
    bytes.extend(50_000_u32.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0]);
    let crc = crc32(&bytes[12..]);
    bytes.extend(crc.to_be_bytes());
    bytes.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e\0\0\0\0IEND\xae\x42\x60\x82");
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            (c >> 1) ^ (0xedb8_8320 & (0_u32.wrapping_sub(c & 1)))
        })
    })
}

/// A PDF whose trailer names an encryption dictionary that needs a password.
fn encrypted() -> Vec<u8> {
    let mut pdf = b"%PDF-1.4\n".to_vec();
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>".to_owned(),
        format!(
            "<</Filter/Standard/V 1/R 2/P -4/O<{}>/U<{}>>>",
            "31".repeat(32),
            "32".repeat(32)
        ),
    ];
    let mut offsets = Vec::new();
    for (n, object) in objects.iter().enumerate() {
        offsets.push(pdf.len());
        write!(pdf, "{} 0 obj\n{object}\nendobj\n", n + 1).unwrap();
    }
    let start = pdf.len();
    write!(pdf, "xref\n0 5\n0000000000 65535 f \n").unwrap();
    for offset in offsets {
        writeln!(pdf, "{offset:010} 00000 n ").unwrap();
    }
    write!(
        pdf,
        "trailer<</Size 5/Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>\nstartxref\n{start}\n%%EOF\n"
    )
    .unwrap();
    pdf
}

/// Small files of the hostile corpus that are refused for one reason alone: name, reason, content.
fn hostile() -> Vec<(String, &'static str, Vec<u8>)> {
    let corpus = fixtures::hostile::corpus().unwrap().into_iter();
    let known: Vec<_> = corpus
        .filter(|case| case.bytes.len() < 64 << 10)
        // Its first page is read, and the other four are told as failed.
        .filter(|case| case.file != "dicom_of_five_frames_and_one_there.dcm")
        .filter_map(|case| match case.outcome {
            Outcome::Rejected([kind]) => {
                Some((format!("hostile/{}", case.file), kind.slug(), case.bytes))
            }
            _ => None,
        })
        .collect();
    assert!(known.len() > 50, "{} files", known.len());
    known
}

#[test]
fn good_files_are_done_and_bad_ones_are_refused_with_their_reason() {
    let input = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let good = fs::read(documents().join("prescription_handwritten.jpg")).unwrap();
    let folder = input.path().join("Übergabe März");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("ordonnance n° 1.jpg"), &good).unwrap();
    for (name, bytes) in [
        ("cut short.jpg", &good[..good.len() / 3]),
        ("empty.pdf", b"".as_slice()),
        ("encrypted.pdf", &encrypted()),
        ("bomb.png", &bomb()),
        ("text.png", b"Take 1 tablet daily.\n".as_slice()),
    ] {
        fs::write(input.path().join(name), bytes).unwrap();
    }
    let hostile = hostile();
    fs::create_dir(input.path().join("hostile")).unwrap();
    for (name, _, bytes) in &hostile {
        fs::write(input.path().join(name), bytes).unwrap();
    }
    let output = process(
        input.path(),
        out.path(),
        &["--jobs", "2", "--format", "text,hocr,alto,pdf,csv"],
    );
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{log}");
    assert!(
        !log.contains("ordonnance") && !log.contains("cut short"),
        "a name in the log: {log}"
    );
    let rejected: Vec<(String, String)> = lines(&out.path().join("rejected.jsonl"))
        .iter()
        .map(|line| {
            let field = |v: &Value| v.as_str().unwrap().to_owned();
            (field(&line["file"]), field(&line["error"]["type"]))
        })
        .collect();
    let want = [
        ("bomb.png", "too-large"),
        ("cut short.jpg", "truncated"),
        ("empty.pdf", "empty"),
        ("encrypted.pdf", "encrypted"),
        ("text.png", "mislabelled"),
    ];
    let known = hostile.iter().map(|(file, kind, _)| (file.as_str(), *kind));
    let mut want: Vec<_> = want
        .into_iter()
        .chain(known)
        .map(|(f, k)| (f.to_owned(), format!("urn:medbot:problem:{k}")))
        .collect();
    want.sort();
    let mut rejected = rejected;
    rejected.sort();
    assert_eq!(rejected, want);
    let done = lines(&out.path().join("documents.jsonl"));
    assert_eq!(done.len(), 1);
    assert_eq!(done[0]["file"], "Übergabe März/ordonnance n° 1.jpg");
    for extension in ["json", "txt", "hocr", "alto.xml", "pdf"] {
        let file = out
            .path()
            .join(format!("Übergabe März/ordonnance n° 1.jpg.{extension}"));
        assert!(file.is_file(), "{extension}");
    }
    assert!(
        fs::read_to_string(out.path().join("entities.csv"))
            .unwrap()
            .lines()
            .count()
            > 1
    );
}

#[test]
fn results_obey_the_schema_and_point_to_their_evidence_and_repeat() {
    let runs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for out in &runs {
        for file in ["lab_columns.png", "order_hidden_text.pdf"] {
            let folder = out.path().join(file);
            let output = process(&documents().join(file), &folder, &["--format", "alto,pdf"]);
            let log = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{file}: {log}");
        }
    }
    let schema = schemas::json_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for file in ["lab_columns.png", "order_hidden_text.pdf"] {
        let at = |run: usize| runs[run].path().join(file).join(format!("{file}.json"));
        let (mut first, mut second) = (json(&at(0)), json(&at(1)));
        let errors: Vec<String> = validator
            .iter_errors(&first)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{file}: {errors:?}");
        check_evidence(&first, file);
        for run in [&mut first, &mut second] {
            run.as_object_mut().unwrap().remove("timings_ms");
        }
        assert_eq!(first, second, "two runs over {file} differ");
        for extension in ["alto.xml", "pdf"] {
            let [one, two] = [0, 1].map(|run| fs::read(at(run).with_extension(extension)).unwrap());
            assert!(one == two, "two {extension} of {file} differ");
        }
    }
    let hidden = json(
        &runs[0]
            .path()
            .join("order_hidden_text.pdf/order_hidden_text.pdf.json"),
    );
    let text = hidden["text"].as_str().unwrap();
    assert!(
        text.contains("1.0 mg"),
        "the visible strength is read: {text}"
    );
    // Another drug of the page is visibly 10 mg; only this one hides it under 1.0 mg.
    let warfarin = hidden["entities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["name"] == "Warfarin")
        .expect("the drug is found");
    assert_eq!(warfarin["strength"], "1.0 mg", "{text}");
    assert!(
        !text.contains("Warfarin 10"),
        "the hidden strength is output: {text}"
    );
}

/// Every span cuts its text out of the document, every entity has words, every word has votes.
fn check_evidence(document: &Value, file: &str) {
    let text: Vec<char> = document["text"].as_str().unwrap().chars().collect();
    let cut = |span: &Value| -> String {
        let at = |i: usize| usize::try_from(span[i].as_u64().unwrap()).unwrap();
        text[at(0)..at(1)].iter().collect()
    };
    let words: Vec<&Value> = document["pages"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|page| page["lines"].as_array().unwrap())
        .flat_map(|line| line["words"].as_array().unwrap())
        .collect();
    for word in &words {
        assert_eq!(
            cut(&word["span"]),
            word["text"].as_str().unwrap(),
            "{file} {}",
            word["id"]
        );
        assert!(
            !word["votes"].as_array().unwrap().is_empty(),
            "{file} {}",
            word["id"]
        );
    }
    let entities = document["entities"].as_array().unwrap();
    assert!(entities.len() > 3, "{file} has {} entities", entities.len());
    for entity in entities {
        let proof = entity["words"].as_array().unwrap();
        assert!(!proof.is_empty(), "{file} {}", entity["id"]);
        assert!(
            proof.iter().all(|id| words.iter().any(|w| w["id"] == *id)),
            "{file}"
        );
    }
}

#[test]
fn wrong_calls_say_what_is_wrong() {
    let out = tempfile::tempdir().unwrap();
    let o = out.path().to_str().unwrap();
    let d = documents();
    let page = d.join("lab_columns.png");
    let page = page.to_str().unwrap();
    let sets = tempfile::tempdir().unwrap();
    let set = |name: &str, text: &str| {
        let path = sets.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let few = &*set(
        "few",
        "{\"document\":\"a\",\"facts\":[{\"confidence\":0.9,\"right\":true}]}\n",
    );
    let other = &*set("other", "{\"document\":\"a\"}\n");
    for (name, arguments, code, says) in [
        ("no output folder", vec!["process", page], 2, "--out"),
        (
            "an unknown engine",
            vec!["process", page, "--out", o, "--engines", "abbyy"],
            2,
            "tesseract",
        ),
        (
            "the same file twice",
            vec!["process", page, page, "--out", o],
            2,
            "lab_columns.png",
        ),
        (
            "a path that is not there",
            vec!["process", "/no/such", "--out", o],
            2,
            "no file or folder `/no/such`",
        ),
        (
            "results among the inputs",
            vec!["process", o, "--out", o],
            2,
            "name another folder",
        ),
        (
            "a bound that is no share",
            vec!["process", page, "--out", o, "--max-error", "abc"],
            2,
            "abc",
        ),
        (
            "a folder that is a file",
            vec!["process", page, "--out", page],
            1,
            "cannot write",
        ),
        (
            "weights that nobody gave",
            vec!["process", page, "--out", o, "--engines", "ocrs"],
            1,
            "MEDBOT_OCRS_RECOGNITION",
        ),
        (
            "a folder of weights that nobody gave",
            vec!["process", page, "--out", o, "--engines", "seq2seq"],
            1,
            "MEDBOT_SEQ2SEQ",
        ),
        (
            "a language that is not installed",
            vec!["process", page, "--out", o, "--lang", "eng,xyz_lat"],
            1,
            "`xyz_lat`: apt-get install tesseract-ocr-xyz-lat",
        ),
        (
            "a language that is no code",
            vec!["process", page, "--out", o, "--lang", "Deutsch"],
            2,
            "Deutsch",
        ),
        (
            "an error bound without reviews",
            vec!["process", page, "--out", o, "--max-error", "0.5%"],
            2,
            "= 199 reviewed documents, and there are 0: 199 are missing",
        ),
        (
            "an error bound with too few reviews",
            vec![
                "process",
                page,
                "--out",
                o,
                "--max-error",
                "20%",
                "--calibration",
                few,
            ],
            2,
            "= 4 reviewed documents, and there are 1: 3 are missing",
        ),
        (
            "a calibration set that is something else",
            vec![
                "process",
                page,
                "--out",
                o,
                "--max-error",
                "20%",
                "--calibration",
                other,
            ],
            1,
            "line 1 of the calibration set is no reviewed document",
        ),
        (
            "a calibration set for nothing",
            vec!["process", page, "--out", o, "--calibration", few],
            2,
            "--max-error",
        ),
    ] {
        let output = medbot(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {said}");
        assert!(said.contains(says), "{name}: {said}");
    }
}

#[test]
fn a_missing_model_names_the_command_that_gets_it() {
    let (cache, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_medbot"))
        .arg("process")
        .arg(documents().join("lab_columns.png"))
        .arg("--out")
        .arg(out.path())
        .args(["--engines", "paddle"])
        .env("MEDBOT_CACHE", cache.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("medbot setup"), "{said}");
}

#[test]
fn text_alone_is_extracted_line_by_line() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_medbot"))
        .args(["extract", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input = "{\"id\":7,\"text\":\"Metformin 500 mg tablet\\nTake 1 tablet by mouth twice daily\"}\n\
                 {\"id\":\"b\",\"text\":5}\nnot json\n";
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["id"], 7);
    let drug = answers[0]["entities"]
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["type"] == "medication");
    let drug = drug.expect("a medication");
    assert_eq!(
        (&drug["name"], &drug["strength"]),
        (&"Metformin".into(), &"500 mg".into())
    );
    assert!(drug["words"].as_array().unwrap().is_empty() && drug["page"].is_null());
    assert_eq!(answers[1]["id"], "b");
    assert!(answers[1]["error"].is_string() && answers[2]["error"].is_string());
}
