//! Blocks side by side: below headings, in frames, in columns of cards.

use schemas::BBox;

use super::{read, segment};
use crate::order::{Rulings, Segment, cards};

#[test]
fn headed_blocks_are_read_downwards_and_plain_form_rows_across() {
    let block = |headed: bool| {
        let mut segments = vec![
            segment("Name: A B", 0.0, 40.0),
            segment("Name: C D", 500.0, 40.0),
            segment("DOB: 1970", 0.0, 80.0),
            segment("NPI: 1234", 500.0, 80.0),
            segment("MRN: 99", 0.0, 120.0),
            segment("Phone: 5", 500.0, 120.0),
        ];
        if headed {
            segments.push(segment("PATIENT", 0.0, 0.0));
            segments.push(segment("PRESCRIBER", 500.0, 0.0));
        }
        read(segments, &Rulings::default())
    };
    assert_eq!(
        block(true),
        [
            "PATIENT",
            "Name: A B",
            "DOB: 1970",
            "MRN: 99",
            "PRESCRIBER",
            "Name: C D",
            "NPI: 1234",
            "Phone: 5"
        ]
    );
    assert_eq!(
        block(false),
        [
            "Name: A B|Name: C D",
            "DOB: 1970|NPI: 1234",
            "MRN: 99|Phone: 5"
        ]
    );
}

#[test]
fn headed_blocks_end_where_rows_no_longer_keep_to_them() {
    let rows = |right: &[&str; 3]| {
        let mut segments = vec![
            segment("A TITLE", 0.0, 0.0),
            segment("No. 12345", 700.0, 0.0),
            segment("PATIENT", 0.0, 40.0),
            segment(right[0], 500.0, 40.0),
            segment("Name:", 0.0, 80.0),
            segment("Jane Roe", 120.0, 80.0),
            segment(right[1], 500.0, 80.0),
            segment("A B", 620.0, 80.0),
            segment("Phone:", 0.0, 120.0),
            segment("555", 120.0, 120.0),
            segment(right[2], 500.0, 120.0),
            segment("99", 620.0, 120.0),
            segment("Diagnosis:", 0.0, 160.0),
            segment("Asthma", 160.0, 160.0),
        ];
        segments.reverse();
        read(segments, &Rulings::default())
    };
    assert_eq!(
        rows(&["PRESCRIBER", "Name:", "NPI:"]),
        [
            "A TITLE|No. 12345",
            "PATIENT",
            "Name:|Jane Roe",
            "Phone:|555",
            "PRESCRIBER",
            "Name:|A B",
            "NPI:|99",
            "Diagnosis:|Asthma"
        ]
    );
    // What has no labels on both sides is a table.
    assert_eq!(
        rows(&["RESULT", "high", "low"])[1..3],
        ["PATIENT|RESULT", "Name:|Jane Roe|high|A B"]
    );
}

/// The four sides of a frame.
fn frame(x0: f32, y0: f32, x1: f32, y1: f32) -> Rulings {
    Rulings {
        horizontal: [y0, y1]
            .map(|y| BBox::new(x0 + 8.0, y, x1 - 8.0, y + 2.0))
            .into(),
        vertical: [x0, x1]
            .map(|x| BBox::new(x, y0 + 8.0, x + 2.0, y1 - 8.0))
            .into(),
    }
}

#[test]
fn labels_in_frames_of_their_own_are_read_one_after_the_other() {
    let label = |x: f32, y: f32, sig: &str, drug: &str| {
        ["Alder Drugs", sig, drug, "QTY: 30 REFILLS: 1"]
            .iter()
            .zip(0..)
            .map(|(text, row)| segment(text, x, y + 30.0 * row as f32))
            .collect::<Vec<_>>()
    };
    let labels = [
        label(20.0, 120.0, "TAKE 1 TABLET DAILY", "LISINOPRIL 20 MG"),
        label(420.0, 120.0, "TAKE 2 TABLETS AT NIGHT", "SENNA 7.5 MG"),
        label(20.0, 320.0, "USE 1 DROP TWICE DAILY", "TIMOLOL 0.5%"),
    ];
    let mut segments = vec![segment("Sheet 1 of 1", 20.0, 40.0)];
    // As they come, row by row.
    for row in 0..4 {
        segments.extend(labels.iter().map(|label| label[row].clone()));
    }
    let mut rulings = Rulings::default();
    for (x, y) in [(0.0, 100.0), (400.0, 100.0), (0.0, 300.0), (400.0, 300.0)] {
        let sides = frame(x, y, x + 380.0, y + 180.0);
        rulings.horizontal.extend(sides.horizontal);
        rulings.vertical.extend(sides.vertical);
    }
    let mut want = vec!["Sheet 1 of 1".to_owned()];
    want.extend(labels.iter().flatten().map(Segment::text));
    assert_eq!(read(segments.clone(), &rulings), want);
    // The cells of a table share their lines.
    let mut shared = Rulings::default();
    shared
        .horizontal
        .extend([100.0, 300.0, 500.0].map(|y| BBox::new(0.0, y, 780.0, y + 2.0)));
    shared
        .vertical
        .extend([0.0, 390.0, 780.0].map(|x| BBox::new(x, 100.0, x + 2.0, 500.0)));
    assert_eq!(cards::units(segments, &shared).len(), 1);
}

#[test]
fn lists_of_values_below_their_headings_are_read_one_after_the_other() {
    let rows = [
        ["LEFT HEART, 2D", "", "AORTIC VALVE", ""],
        ["IVSd", "1.1 cm", "Peak velocity", "2.0 m/s"],
        ["LVIDd", "4.6 cm", "Mean gradient", "11 mmHg"],
        ["LVPWd", "1.0 cm", "AVA index", "1.2 cm2/m2"],
    ];
    let mut segments = Vec::new();
    for (row, cells) in rows.iter().enumerate() {
        for (cell, x) in cells.iter().zip([0.0, 200.0, 400.0, 620.0]) {
            if !cell.is_empty() {
                segments.push(segment(cell, x, 40.0 * row as f32));
            }
        }
    }
    let want = [
        "LEFT HEART, 2D",
        "IVSd|1.1 cm",
        "LVIDd|4.6 cm",
        "LVPWd|1.0 cm",
        "AORTIC VALVE",
        "Peak velocity|2.0 m/s",
        "Mean gradient|11 mmHg",
        "AVA index|1.2 cm2/m2",
    ];
    assert_eq!(read(segments, &Rulings::default()), want);
}

#[test]
fn labels_below_their_headings_are_read_with_their_values() {
    let rows = [
        ["PATIENT", "", "SPECIMEN", ""],
        ["Name", "Rutland, Malcolm", "Specimen ID", "234-834"],
        ["DOB", "03/13/1960", "Collected", "11/26/2024"],
        ["Sex", "Male", "Received", "11/27/2024"],
    ];
    let place = |rows: [[&str; 4]; 4]| {
        let mut segments = Vec::new();
        for (row, cells) in rows.iter().enumerate() {
            for (cell, x) in cells.iter().zip([0.0, 150.0, 400.0, 560.0]) {
                if !cell.is_empty() {
                    segments.push(segment(cell, x, 40.0 * row as f32));
                }
            }
        }
        segments
    };
    let want = [
        "PATIENT",
        "Name|Rutland, Malcolm",
        "DOB|03/13/1960",
        "Sex|Male",
        "SPECIMEN",
        "Specimen ID|234-834",
        "Collected|11/26/2024",
        "Received|11/27/2024",
    ];
    assert_eq!(read(place(rows), &Rulings::default()), want);
    // Two headings over four cells of a table.
    let table = [
        ["Medication", "", "Directions", ""],
        ["Senna", "7.5 mg", "two tablets", "at night"],
        ["Losartan", "25 mg", "one tablet", "daily"],
        ["Codeine", "15 mg", "one tablet", "as needed"],
    ];
    let read = read(place(table), &Rulings::default());
    assert_eq!(read[1], "Senna|7.5 mg|two tablets|at night");
}
