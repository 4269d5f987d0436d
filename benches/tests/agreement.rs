//! Our measures against numbers that the project's reference scorer gave for the same predictions
//! (errors put into the committed fixtures' gold): equal to the fourth decimal, counts exactly.

use std::{collections::BTreeMap, path::Path};

use benches::{entities, gold};
use fusion::metrics::TextCounts;
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    cer: f64,
    wer: f64,
    word_f1: f64,
    digit_f1: f64,
    exact: f64,
    relaxed: f64,
    types: BTreeMap<String, [usize; 4]>,
}

#[test]
fn our_numbers_are_the_reference_scorers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let gold = gold::read(&root.join("../fixtures/gold.json"), None).unwrap();
    let read = gold::predictions(&root.join("tests/predictions.jsonl")).unwrap();
    let expected = std::fs::read_to_string(root.join("tests/expected.json")).unwrap();
    let expected: BTreeMap<String, Expected> = serde_json::from_str(&expected).unwrap();
    assert_eq!(expected.len(), 4, "three tiers and all");
    for (group, want) in &expected {
        let (mut text, mut tally) = (TextCounts::default(), entities::Tally::new());
        for page in gold
            .iter()
            .filter(|page| group == "all" || *group == page.tier.to_string())
        {
            let found = read.get(&page.file).cloned().unwrap_or_default();
            text += TextCounts::of(&page.text, &found.text);
            entities::add(
                &mut tally,
                page.entities.as_deref().unwrap(),
                &found.entities,
            );
        }
        let headline = entities::headline(&tally);
        for (name, got, want) in [
            ("CER", text.cer(), want.cer),
            ("WER", text.wer(), want.wer),
            ("word F1", text.tokens.f1(), want.word_f1),
            ("digit F1", text.digits.f1(), want.digit_f1),
            ("exact", headline.exact.f1(), want.exact),
            ("relaxed", headline.relaxed.f1(), want.relaxed),
        ] {
            assert!(
                (got - want).abs() < 0.000_051,
                "{group} {name}: {got} for {want}"
            );
        }
        for (kind, want) in &want.types {
            let got = tally.get(kind).copied().unwrap_or_default();
            let got = [
                got.exact.both,
                got.relaxed.both,
                got.exact.predicted,
                got.exact.gold,
            ];
            assert_eq!(
                got, *want,
                "{group} {kind}: exact, relaxed, predicted, gold"
            );
        }
    }
}

#[test]
fn every_page_is_in_one_half() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("../fixtures/gold.json");
    let count = |split| gold::read(&file, split).unwrap().len();
    let (tune, report) = (
        count(Some(gold::Split::Tune)),
        count(Some(gold::Split::Report)),
    );
    assert_eq!(tune + report, count(None));
    assert!(tune > 2 && report > 2, "{tune} and {report}");
}
