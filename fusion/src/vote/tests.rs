use proptest::prelude::*;
use schemas::{BBox, Confidence, Engine, Quad, ReadLine, ReadWord, Repertoire};

use super::{FusedWord, LineReadings, fuse_page};
use crate::{Calibration, Words};

fn line() -> Quad {
    BBox::new(0.0, 0.0, 400.0, 20.0).quad()
}

/// A reading of the whole line, words spread by their characters.
fn reading(text: &str, confidence: f32) -> ReadLine {
    let n = text.chars().count().max(1) as f32;
    let mut at = 0;
    let mut words = Vec::new();
    for word in text.split(' ') {
        let length = word.chars().count();
        if length > 0 {
            words.push(ReadWord {
                text: word.into(),
                quad: line().slice(at as f32 / n, (at + length) as f32 / n),
                char_confidences: vec![Confidence::new(confidence); length],
            });
        }
        at += length + 1;
    }
    ReadLine { line: 0, words }
}

/// Without a fitted table every engine counts alike, so that these tables test the vote alone.
fn fuse(readings: &[(Engine, ReadLine)]) -> Vec<FusedWord> {
    fuse_with(readings, &Calibration::default())
}

fn fuse_with(readings: &[(Engine, ReadLine)], table: &Calibration) -> Vec<FusedWord> {
    fuse_with_gaps(readings, table, &[])
}

fn fuse_with_gaps(
    readings: &[(Engine, ReadLine)],
    table: &Calibration,
    gaps: &[[f32; 2]],
) -> Vec<FusedWord> {
    let readings = readings.iter().map(|(e, r)| (*e, r)).collect();
    let line = LineReadings {
        quad: line(),
        gaps,
        readings,
        repertoires: vec![],
    };
    fuse_page(&[line], table, &Words::default()).remove(0)
}

fn text(words: &[FusedWord]) -> String {
    words
        .iter()
        .map(|w| w.text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_number_that_nobody_read_gives_way_to_one_that_an_engine_read() {
    use Engine::{Easyocr, Paddle, Tesseract};
    let fused = text(&fuse(&[
        (Paddle, reading("114/2023", 0.9)),
        (Easyocr, reading("11/1 /2023", 0.6)),
        (Tesseract, reading("11/14/2023", 0.9)),
    ]));
    assert_eq!(fused, "11/14/2023");
    let fused = text(&fuse(&[
        (Paddle, reading("159 Linden", 0.99)),
        (Easyocr, reading("159-Linden", 0.8)),
        (Tesseract, reading("159.Linden", 0.8)),
    ]));
    assert!(
        ["159 Linden", "159-Linden", "159.Linden"].contains(&fused.as_str()),
        "{fused}"
    );
}

#[test]
fn a_figure_that_one_engine_passes_over_is_not_lost() {
    use Engine::{Easyocr, Paddle, Tesseract};
    // `Folic acid 5 mg` in a line of 400 by 20 pixels, read over the gap and twice as different signs.
    let spread = |text: &str, places: &[[f32; 2]]| ReadLine {
        line: 0,
        words: text
            .split(' ')
            .zip(places)
            .map(|(word, [from, to])| ReadWord {
                text: word.into(),
                quad: line().slice(*from, *to),
                char_confidences: vec![Confidence::new(0.99); word.len()],
            })
            .collect(),
    };
    let all = [[0.0, 0.3], [0.33, 0.6], [0.64, 0.67], [0.71, 1.0]];
    let over = [all[0], all[1], all[3]];
    let readings = [
        (Paddle, spread("Folic acid mg", &over)),
        (Tesseract, spread("Folic acid 5 mg", &all)),
        (Easyocr, spread("Folic acid $ mg", &all)),
    ];
    let apart = [[0.3, 0.33], [0.6, 0.64], [0.67, 0.71]];
    for (gaps, want) in [
        (&apart[..], "Folic acid 5 mg"),
        (&[[0.3, 0.33], [0.6, 0.71]][..], "Folic acid mg"),
    ] {
        let fused = text(&fuse_with_gaps(&readings, &Calibration::default(), gaps));
        assert!(fused == want, "{fused}: {want} is in the ink");
    }
}

#[test]
fn a_letter_among_digits_gives_way_to_the_digit_that_an_engine_read() {
    use Engine::{Easyocr, Paddle, Tesseract};
    let sure = vec![(0.0, 0.99)];
    let mut table = Calibration::default();
    let curves = [(crate::CharClass::Letter, sure)].into();
    table
        .parties
        .insert("paddle>tesseract+easyocr".into(), curves);
    for (readings, want) in [
        (["85o mg", "850 mg", "8s0 mg"], "850 mg"),
        (["5l daily", "51 daily", "51 daily"], "5l daily"),
        (["85o mg", "85O mg", "85 mg"], "85o mg"),
    ] {
        let engines = [Paddle, Tesseract, Easyocr];
        let readings: Vec<_> = engines
            .into_iter()
            .zip(readings)
            .map(|(e, t)| (e, reading(t, 0.9)))
            .collect();
        assert_eq!(text(&fuse_with(&readings, &table)), want);
    }
}

#[test]
fn two_against_one_and_spaces() {
    use Engine::{Easyocr, Paddle, Tesseract};
    for (name, readings, want) in [
        (
            "a code that one engine takes for a number",
            vec![
                (Paddle, "(110)", 0.9),
                (Tesseract, "(I10)", 0.9),
                (Easyocr, "(I10)", 0.9),
            ],
            "(I10)",
        ),
        (
            "a space that one engine drops",
            vec![
                (Paddle, "650mg", 0.99),
                (Tesseract, "650 mg", 0.95),
                (Easyocr, "650 mg", 0.9),
            ],
            "650 mg",
        ),
        (
            "a doubtful reading against a sure one",
            vec![(Paddle, "Digoxin", 0.99), (Tesseract, "Oigoxln", 0.3)],
            "Digoxin",
        ),
        ("one reader alone", vec![(Tesseract, "5 mg", 0.9)], "5 mg"),
    ] {
        let readings: Vec<_> = readings
            .into_iter()
            .map(|(e, t, c)| (e, reading(t, c)))
            .collect();
        assert_eq!(text(&fuse(&readings)), want, "{name}");
    }
}

#[test]
fn dates_and_ranges_look_as_they_are_printed() {
    use Engine::{Easyocr, Paddle, Tesseract};
    for (readings, want) in [
        (
            [("09121124", 0.98), ("09/21/24", 0.99), ("09/21/24", 0.9)],
            "09/21/24",
        ),
        (
            [("09121124", 0.98), ("09121124", 0.99), ("09121124", 0.9)],
            "09121124",
        ),
        (
            [
                ("May 31,2026", 0.99),
                ("May 31,2026", 0.9),
                ("May 31, 2026", 0.99),
            ],
            "May 31, 2026",
        ),
        (
            [("3.5 -5.1", 0.99), ("3.5 -5.1", 0.9), ("3.5 -5.1", 0.9)],
            "3.5 - 5.1",
        ),
        (
            [("2.0- 4.4", 0.99), ("2.0- 4.4", 0.9), ("2.0- 4.4", 0.9)],
            "2.0 - 4.4",
        ),
        (
            [("2.0-4.4", 0.99), ("2.0-4.4", 0.9), ("2.0-4.4", 0.9)],
            "2.0-4.4",
        ),
    ] {
        let readings: Vec<_> = [Paddle, Easyocr, Tesseract]
            .into_iter()
            .zip(readings)
            .map(|(e, (t, c))| (e, reading(t, c)))
            .collect();
        assert_eq!(text(&fuse_with(&readings, Calibration::packaged())), want);
    }
}

#[test]
fn a_known_word_that_was_read_whole_comes_before_one_that_is_none() {
    use Engine::{Easyocr, Paddle, Tesseract};
    let expected = Words::new(["wheezing", "gabapentin"]);
    for (name, readings, want) in [
        (
            "put together of three readings",
            [("wheezing", 0.99), ("Vaneezing", 0.84), ("veheezing", 0.49)],
            "wheezing",
        ),
        (
            "the surest lost half of it",
            [("ntin", 0.99), ("Gabapentin", 0.95), ("Gabapentin", 1.0)],
            "Gabapentin",
        ),
        (
            "one that nobody doubts stays, however strange",
            [
                ("gabapentan", 0.99),
                ("gabapentan", 0.9),
                ("gabapentin", 0.5),
            ],
            "gabapentan",
        ),
    ] {
        let readings: Vec<_> = [Paddle, Easyocr, Tesseract]
            .into_iter()
            .zip(readings)
            .map(|(e, (t, c))| (e, reading(t, c)))
            .collect();
        let line = LineReadings {
            quad: line(),
            gaps: &[],
            readings: readings.iter().map(|(e, r)| (*e, r)).collect(),
            repertoires: vec![],
        };
        let words = fuse_page(&[line], Calibration::packaged(), &expected).remove(0);
        assert_eq!(text(&words), want, "{name}");
    }
}

#[test]
fn votes_say_what_each_engine_read() {
    let words = fuse(&[
        (Engine::Paddle, reading("62.5 mcg", 0.99)),
        (Engine::Tesseract, reading("625 mcg", 0.5)),
    ]);
    assert_eq!(text(&words), "62.5 mcg");
    let votes: Vec<_> = words[0]
        .votes
        .iter()
        .map(|v| (v.engine, v.text.as_str()))
        .collect();
    assert_eq!(
        votes,
        [(Engine::Paddle, "62.5"), (Engine::Tesseract, "625")]
    );
}

/// What PP-OCR, Tesseract and EasyOCR read, of which the last two can write so much.
fn fuse_limited(readings: [&str; 3], can: [&Repertoire; 2], expected: &Words) -> String {
    use Engine::{Easyocr, Paddle, Tesseract};
    let lines = readings.map(|text| reading(text, 0.9));
    let line = LineReadings {
        quad: line(),
        gaps: &[],
        readings: vec![
            (Paddle, &lines[0]),
            (Tesseract, &lines[1]),
            (Easyocr, &lines[2]),
        ],
        repertoires: vec![(Tesseract, can[0]), (Easyocr, can[1])],
    };
    text(&fuse_page(&[line], Calibration::packaged(), expected).remove(0))
}

#[test]
fn who_cannot_write_a_character_is_no_evidence_against_it() {
    let ascii = Repertoire::of(' '..='~');
    let quoting = Repertoire::of((' '..='~').chain("‘’“”".chars()));
    let german = Repertoire::of((' '..='~').chain("äöüßÄÖÜ".chars()));
    for (name, tesseract, readings, want) in [
        (
            "two cannot",
            &ascii,
            ["für Öl", "fur Ol", "fur Ol"],
            "für Öl",
        ),
        ("one can and agrees", &german, ["süß", "süß", "suB"], "süß"),
        (
            "one drops what it cannot write",
            &ascii,
            ["37°C", "37C", "37C"],
            "37°C",
        ),
        (
            "a mark that one sees, another could write and a third could not",
            &quoting,
            ["mil", "mi’", "mil"],
            "mil",
        ),
        (
            "another script",
            &ascii,
            ["阿司匹林 5 mg", "PRA 5 mg", "BR ME# 5 mg"],
            "阿司匹林 5 mg",
        ),
    ] {
        let fused = fuse_limited(readings, [tesseract, &ascii], &Words::default());
        assert_eq!(fused, want, "{name}");
    }
}

#[test]
fn a_speck_makes_no_accent_where_two_read_a_known_word_without() {
    let ascii = Repertoire::of(' '..='~');
    let expected = Words::new(["quarry"]);
    for (readings, want) in [
        (["Quarrý Road", "Quarry Road", "Quarry Road"], "Quarry Road"),
        (["Quarrý Road", "Quarry Road", "Quarrv Road"], "Quarrý Road"),
        (["Piñero Road", "Pinero Road", "Pinero Road"], "Piñero Road"),
    ] {
        assert_eq!(fuse_limited(readings, [&ascii, &ascii], &expected), want);
    }
}

#[test]
fn a_speck_makes_no_accent_on_a_page_in_english_where_one_reads_a_known_word_without() {
    let words = "wheezing patient breath chest tablet every morning hours water treatment";
    let english = format!("{words} {words} Bilirübin");
    let french = "douleur thoracique essoufflement nausées vertiges ordonnance posologie comprimé matin soir \
                  pendant semaine médecin traitant hôpital urgences prélèvement résultats Bilirübin pharmacie";
    let ascii = Repertoire::of(' '..='~');
    let expected = Words::new(["bilirubin"]);
    for (page, want) in [(english.as_str(), "Bilirubin"), (french, "Bilirübin")] {
        let readings = [
            page.to_owned(),
            page.replace('ü', "u"),
            page.replace("ü", "ii"),
        ];
        let readings = readings.each_ref().map(String::as_str);
        let fused = fuse_limited(readings, [&ascii, &ascii], &expected);
        assert!(fused.contains(want), "{fused}");
    }
}

#[test]
fn labels_end_at_their_colon_and_possessives_hold_together() {
    use Engine::{Easyocr, Paddle, Tesseract};
    for (readings, want) in [
        (["Physician:Jennifer"; 3], "Physician: Jennifer"),
        (["at 10:30"; 3], "at 10:30"),
        (["PATIENT 'S NAME"; 3], "PATIENT'S NAME"),
        (
            ["PATIENT S NAME", "PATIENT' S NAME", "PATIENT S NAME"],
            "PATIENT'S NAME",
        ),
        (["CLASS S NAME"; 3], "CLASS S NAME"),
    ] {
        let readings: Vec<_> = [Paddle, Easyocr, Tesseract]
            .into_iter()
            .zip(readings)
            .map(|(e, t)| (e, reading(t, 0.9)))
            .collect();
        assert_eq!(text(&fuse_with(&readings, Calibration::packaged())), want);
    }
}

#[test]
fn an_empty_check_box_has_two_halves_where_the_ink_has_a_gap() {
    let read = reading("[] Dispense", 0.95);
    for (gaps, want) in [
        ([[0.05, 0.08], [0.2, 0.25]], "[ ] Dispense"),
        ([[0.07, 0.073], [0.2, 0.25]], "[] Dispense"),
    ] {
        let line = LineReadings {
            quad: line(),
            gaps: &gaps,
            readings: vec![(Engine::Paddle, &read), (Engine::Tesseract, &read)],
            repertoires: vec![],
        };
        let words = fuse_page(&[line], Calibration::packaged(), &Words::default()).remove(0);
        assert_eq!(text(&words), want);
    }
}

proptest! {
    #[test]
    fn equal_readings_fuse_to_that_reading(words in prop::collection::vec("[A-Za-z0-9.,/%()-]{1,9}", 1..6)) {
        let said = words.join(" ");
        let readings: Vec<_> = [Engine::Paddle, Engine::Tesseract, Engine::Easyocr]
            .map(|e| (e, reading(&said, 0.9))).into();
        prop_assert_eq!(text(&fuse(&readings)), said.as_str());
        prop_assert_eq!(text(&fuse_with(&readings, Calibration::packaged())), said);
    }

    #[test]
    fn order_of_engines_is_free_and_nothing_is_invented(
        a in "[a-c0-2 .]{0,12}", b in "[a-c0-2 .]{0,12}", c in "[a-c0-2 .]{0,12}",
    ) {
        let readings = [
            (Engine::Paddle, reading(&a, 0.9)),
            (Engine::Tesseract, reading(&b, 0.8)),
            (Engine::Easyocr, reading(&c, 0.7)),
        ];
        let mut turned = readings.clone();
        turned.reverse();
        let fused = fuse_with(&readings, Calibration::packaged());
        prop_assert_eq!(&fused, &fuse_with(&turned, Calibration::packaged()));
        for word in &fused {
            for ch in word.text.chars() {
                prop_assert!(word.votes.iter().any(|v| v.text.contains(ch)), "{} in {:?}", ch, word);
            }
        }
    }
}
