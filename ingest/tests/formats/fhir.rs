//! FHIR Bundles of every document of the fixtures, judged by two validators that are not ours: the crate
//! fhirkit and the npm package fhir. Each misses what the other finds.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use extract::{
    Lexicon, Source,
    fhir::{Export, collection, transaction},
};
use fhirkit::r4::Resource;
use schemas::{Document, DocumentInfo, SCHEMA_ID, Timings};
use serde_json::{Value, json};

use crate::process;

/// Errors of both validators.
fn errors(files: &[(String, String)]) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let mut ours = Vec::new();
    let mut paths = Vec::new();
    for (name, text) in files {
        let (_, issues) = fhirkit::from_json::<Resource>(text).unwrap();
        let issues = issues
            .iter()
            .filter(|i| i.severity == fhirkit::Severity::Error);
        ours.extend(issues.map(|issue| format!("{name}: {issue}")));
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        paths.push(path);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/scripts/check_fhir");
    let ran = Command::new(script).args(&paths).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.code().is_some_and(|code| code < 2),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    (ours, said.lines().map(str::to_owned).collect())
}

fn none(files: &[(String, String)]) {
    let (by_fhirkit, by_fhir) = errors(files);
    assert!(by_fhirkit.is_empty(), "{by_fhirkit:#?}");
    assert!(by_fhir.is_empty(), "{by_fhir:#?}");
}

fn kinds(text: &str) -> BTreeSet<String> {
    let bundle: Value = serde_json::from_str(text).unwrap();
    let entries = bundle["entry"].as_array().unwrap().iter();
    let kind = |entry: &Value| {
        entry["resource"]["resourceType"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    entries.map(kind).collect()
}

#[test]
fn bundles_of_documents_that_were_read_are_valid() {
    let out = tempfile::tempdir().unwrap();
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/documents");
    process(&documents, out.path(), &["--format", "fhir", "--jobs", "2"]);
    let mut bundles = Vec::new();
    for entry in fs::read_dir(out.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".fhir.json") {
            bundles.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    assert_eq!(bundles.len(), fs::read_dir(&documents).unwrap().count());
    none(&bundles);
    let seen: BTreeSet<String> = bundles.iter().flat_map(|(_, text)| kinds(text)).collect();
    for kind in [
        "DocumentReference",
        "Patient",
        "Practitioner",
        "Organization",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "DiagnosticReport",
        "Condition",
        "AllergyIntolerance",
        "Provenance",
    ] {
        assert!(seen.contains(kind), "no {kind} in {seen:?}");
    }
    // Evidence is there, and nothing looks as if a person had seen it.
    for (name, text) in &bundles {
        assert!(text.contains("urn:medbot:fhir:evidence"), "{name}");
        assert!(text.contains("\"bbox\""), "{name}");
        for word in [
            "\"confirmed\"",
            "\"final\"",
            "\"active\"",
            "\"order\"",
            "\"accepted\"",
        ] {
            let allergy = word == "\"active\"" && kinds(text).contains("AllergyIntolerance");
            assert!(allergy || !text.contains(word), "{name}: {word}");
        }
    }
}

/// The gold text of every document, in both forms, unreviewed and reviewed.
#[test]
fn bundles_of_gold_text_are_valid() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/gold.json");
    let gold: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let lexicon = Lexicon::builtin();
    let mut bundles = Vec::new();
    for page in gold["pages"].as_array().unwrap() {
        let text = page["text"].as_str().unwrap();
        let file = page["file"].as_str().unwrap().replace('/', "-");
        let document = document(&file, text, &lexicon);
        let all: BTreeSet<String> = document.entities.iter().map(|e| e.id.clone()).collect();
        for (who, accepted) in [("nobody", &BTreeSet::new()), ("reviewed", &all)] {
            let export = Export {
                document: &document,
                accepted,
                recorded: "2024-03-03T10:00:00Z",
            };
            let forms = [
                ("collection", collection(&export)),
                ("transaction", transaction(&export)),
            ];
            for (form, bundle) in forms {
                bundles.push((format!("{file}-{who}-{form}.json"), bundle.to_string()));
            }
        }
    }
    assert!(bundles.len() >= 4 * 13);
    none(&bundles);
}

fn document(file: &str, text: &str, lexicon: &Lexicon) -> Document {
    let read = extract::extract(&Source { text, words: &[] }, lexicon);
    Document {
        schema: SCHEMA_ID.into(),
        document: DocumentInfo {
            id: format!("gold of {file}"),
            file: file.into(),
            sha256: "0".repeat(64),
            media_type: "text/plain".into(),
            bytes: text.len() as u64,
            page_count: 0,
            kind: read.kind,
            kind_confidence: read.kind_confidence,
        },
        text: text.into(),
        pages: Vec::new(),
        entities: read.entities,
        engines: Vec::new(),
        timings_ms: Timings::default(),
    }
}

/// What breaks FHIR's rules is found: by which of the two.
#[test]
fn a_broken_bundle_fails() {
    let text = "Allergies: Penicillin - rash\nSodium 140 mmol/L (135-145)\n";
    let document = document("broken", text, &Lexicon::builtin());
    let bundle = collection(&Export {
        document: &document,
        accepted: &BTreeSet::new(),
        recorded: "2024-03-03T10:00:00Z",
    });
    none(&[("whole.json".into(), bundle.to_string())]);
    let at = |kind: &str| {
        let entries = bundle["entry"].as_array().unwrap();
        let found = entries
            .iter()
            .position(|e| e["resource"]["resourceType"] == kind);
        format!("/entry/{}/resource", found.unwrap())
    };
    for (case, path, field, value) in [
        ("a status is missing", at("Observation"), "status", None),
        (
            "a status is unknown",
            at("Observation"),
            "status",
            Some(json!("sure")),
        ),
        (
            "an element is unknown",
            at("Patient"),
            "diagnosis",
            Some(json!("x")),
        ),
        (
            "a list is one",
            at("Provenance"),
            "target",
            Some(json!({"reference": "x"})),
        ),
        ("a time is none", at("Provenance"), "recorded", None),
        (
            "a patient is missing",
            at("AllergyIntolerance"),
            "patient",
            None,
        ),
    ] {
        let mut broken = bundle.clone();
        let resource = broken.pointer_mut(&path).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => resource.insert(field.into(), value),
            None => resource.remove(field),
        };
        let (by_fhirkit, by_fhir) = errors(&[("broken.json".into(), broken.to_string())]);
        let heard = (!by_fhirkit.is_empty(), !by_fhir.is_empty());
        assert!(heard.0 || heard.1, "{case}: nobody heard");
        println!("{case}: fhirkit {}, fhir {}", heard.0, heard.1);
        if !case.contains("unknown") {
            assert_eq!(heard, (true, true), "{case}");
        }
    }
}
