use schemas::{BBox, Confidence};

use super::{OrderedLine, Rulings, Segment, reading_order};
use crate::{priors::Words, vote::FusedWord};

mod blocks;

pub(super) fn segment(text: &str, x: f32, y: f32) -> Segment {
    let quad = BBox::new(x, y, x + 10.0 * text.len() as f32, y + 20.0).quad();
    let n = text.len() as f32;
    let mut at = 0;
    let mut words = Vec::new();
    for word in text.split(' ') {
        words.push(FusedWord {
            text: word.into(),
            quad: quad.slice(at as f32 / n, (at + word.len()) as f32 / n),
            confidence: Confidence::ONE,
            votes: vec![],
        });
        at += word.len() + 1;
    }
    Segment { quad, words }
}

fn read(segments: Vec<Segment>, rulings: &Rulings) -> Vec<String> {
    reading_order(segments, rulings, &Words::default())
        .iter()
        .map(|OrderedLine { segments }| {
            segments
                .iter()
                .map(|(wide, s)| format!("{}{}", if *wide { "|" } else { " " }, s.text()))
                .collect::<String>()
                .trim()
                .to_owned()
        })
        .collect()
}

#[test]
fn table_rows_are_read_across_even_on_a_slope() {
    let segments = vec![
        segment("140", 300.0, 108.0),
        segment("Sodium", 0.0, 100.0),
        segment("4.1", 300.0, 148.0),
        segment("Potassium", 0.0, 140.0),
        segment("mmol/L", 600.0, 116.0),
        segment("mmol/L", 600.0, 156.0),
    ];
    assert_eq!(
        read(segments, &Rulings::default()),
        ["Sodium|140|mmol/L", "Potassium|4.1|mmol/L"]
    );
}

#[test]
fn prose_columns_are_read_downwards() {
    let left = [
        "the patient was seen today",
        "and felt much better than",
        "the week before, so that",
    ];
    let right = [
        "all drugs were continued as",
        "they had been given before",
        "and a visit was planned",
    ];
    let mut segments = vec![segment(
        "A wide heading over both of the columns of the page",
        0.0,
        0.0,
    )];
    for i in 0..3 {
        segments.push(segment(right[i], 400.0, 40.0 + 30.0 * i as f32));
        segments.push(segment(left[i], 0.0, 40.0 + 30.0 * i as f32));
    }
    let lines = read(segments, &Rulings::default());
    assert_eq!(lines[1..4], left);
    assert_eq!(lines[4..], right);
}

#[test]
fn columns_whose_lines_are_not_level_are_read_downwards_and_shifted_values_across() {
    let left = [
        "Your name",
        "Jane A. Roe",
        "Date of birth",
        "1970-02-01",
        "Seen by",
        "Dr. A. Nother",
    ];
    let right = [
        "Why you came",
        "You felt a little dizzy",
        "What to take",
        "Oxycodone 5 mg",
        "Take 1 tablet daily",
        "Come back soon",
    ];
    let page = |pitch: f32, shift: f32| {
        let mut segments = Vec::new();
        for i in 0..6 {
            segments.push(segment(right[i], 400.0, 100.0 + shift + pitch * i as f32));
            segments.push(segment(left[i], 0.0, 100.0 + 30.0 * i as f32));
        }
        read(segments, &Rulings::default())
    };
    let lines = page(37.0, -5.0);
    assert_eq!(lines[..6], left);
    assert_eq!(lines[6..], right);
    // One distance in a block, and another in the next.
    let mut segments = Vec::new();
    for (y, text) in [0.0, 30.0, 73.0, 103.0, 146.0, 176.0, 219.0, 249.0]
        .into_iter()
        .zip(left.iter().cycle())
    {
        segments.push(segment(text, 0.0, 100.0 + y));
    }
    for (y, text) in [0.0, 30.0, 82.0, 112.0, 142.0, 172.0, 228.0, 258.0]
        .into_iter()
        .zip(right.iter().cycle())
    {
        segments.push(segment(text, 400.0, 100.0 + y));
    }
    assert_eq!(read(segments, &Rulings::default())[..6], left);
    // One distance on every row.
    let lines = page(30.0, 8.0);
    assert_eq!(lines[0], "Your name|Why you came");
    assert_eq!(lines.len(), 6);
}

#[test]
fn a_ruled_table_is_read_across_however_it_was_filled_in() {
    let (left, right) = (
        ["36415 blood", "71046 chest", "93000 heart", "80053 panel"],
        [9.0, -8.0, 6.0, -9.0],
    );
    let mut segments = Vec::new();
    for (i, (text, shift)) in left.into_iter().zip(right).enumerate() {
        let y = 100.0 + 40.0 * i as f32;
        segments.push(segment(text, 0.0, y));
        segments.push(segment(&format!("description {i}"), 400.0, y + shift));
    }
    let rules = |x1: f32| Rulings {
        horizontal: (0..5)
            .map(|i| 90.0 + 40.0 * i as f32)
            .map(|y| BBox::new(0.0, y, x1, y + 2.0))
            .collect(),
        vertical: Vec::new(),
    };
    assert_eq!(
        read(segments.clone(), &rules(600.0))[0],
        "36415 blood|description 0"
    );
    // Lines under one column alone are no table's.
    assert_eq!(read(segments, &rules(200.0))[1], "71046 chest");
}

#[test]
fn sides_of_a_ruled_line_are_read_one_after_the_other_unless_their_lines_are_level() {
    let left = [
        "Ramipril 5 mg",
        "Take 2",
        "Supply: 7",
        "Digoxin 125 mcg",
        "Take 1",
        "Supply: 60",
    ];
    let right = ["SLIP", "Please tick:", "Ramipril", "Digoxin"];
    let page = |pitch: f32, across: bool| {
        let mut segments = vec![segment("A heading over both of the sides of it", 0.0, 0.0)];
        for (i, text) in left.iter().enumerate() {
            segments.push(segment(text, 0.0, 60.0 + 30.0 * i as f32));
        }
        for (i, text) in right.iter().enumerate() {
            segments.push(segment(text, 400.0, 60.0 + pitch * i as f32));
        }
        let rule = |y: f32| BBox::new(0.0, y, if across { 600.0 } else { 290.0 }, y + 2.0);
        let rulings = Rulings {
            horizontal: vec![rule(110.0), rule(170.0)],
            // The side of a box beside the divider, and the divider.
            vertical: vec![
                BBox::new(280.0, 40.0, 282.0, 205.0),
                BBox::new(300.0, 40.0, 302.0, 260.0),
            ],
        };
        read(segments, &rulings)
    };
    assert_eq!(page(41.0, false)[1..], [&left[..], &right[..]].concat());
    assert_eq!(page(30.0, false)[1], "Ramipril 5 mg|SLIP");
    assert_eq!(page(41.0, true)[1], "Ramipril 5 mg|SLIP");
}

#[test]
fn tables_that_repeat_their_headings_are_read_one_after_the_other() {
    let page = |right: [&str; 3]| {
        let mut segments = vec![
            segment("Chemistry", 0.0, 0.0),
            segment("Microscopy", 600.0, 0.0),
        ];
        for (x, headings) in [(0.0, ["Test", "Result", "Expected"]), (600.0, right)] {
            for (n, heading) in headings.iter().enumerate() {
                segments.push(segment(heading, x + 180.0 * n as f32, 40.0));
            }
        }
        let left = [
            ["Colour", "Amber", "Yellow"],
            ["Clarity", "Clear", "Clear"],
            ["pH", "8.5", "5.0 - 8.0"],
            ["Blood", "Trace", "Negative"],
        ];
        let right = [["WBC", "0-2", "0 - 5"], ["RBC", "5-10", "0 - 2"]];
        let cells = |x: f32, rows: &[[&str; 3]]| -> Vec<Segment> {
            let cells = rows.iter().enumerate().flat_map(|(row, cells)| {
                let cells = cells.iter().enumerate();
                cells.map(move |(n, cell)| {
                    segment(cell, x + 180.0 * n as f32, 80.0 + 40.0 * row as f32)
                })
            });
            cells.collect()
        };
        segments.extend(cells(0.0, &left));
        segments.extend(cells(600.0, &right));
        segments.push(segment("Note: Clean catch.", 0.0, 240.0));
        read(segments, &Rulings::default())
    };
    assert_eq!(
        page(["Test", "Result", "Expected"]),
        [
            "Chemistry",
            "Test|Result|Expected",
            "Colour|Amber|Yellow",
            "Clarity|Clear|Clear",
            "pH|8.5|5.0 - 8.0",
            "Blood|Trace|Negative",
            "Microscopy",
            "Test|Result|Expected",
            "WBC|0-2|0 - 5",
            "RBC|5-10|0 - 2",
            "Note: Clean catch."
        ]
    );
    // One table with more columns.
    assert_eq!(
        page(["Previous", "Change", "Remark"])[2],
        "Colour|Amber|Yellow|WBC|0-2|0 - 5"
    );
}

#[test]
fn what_stands_beside_tall_cells_is_read_in_rows() {
    let mut segments = vec![
        segment("Seen by", 610.0, 50.0),
        segment("Dr. B", 610.0, 110.0),
        segment("1. NAME", 10.0, 50.0),
        segment("Jane Roe", 10.0, 110.0),
    ];
    for (row, (name, value)) in [
        ("Weight", "70"),
        ("Rate", "15"),
        ("Pulse", "80"),
        ("Pain", "2"),
    ]
    .into_iter()
    .enumerate()
    {
        segments.push(segment(value, 510.0, 160.0 - 40.0 * row as f32));
        segments.push(segment(name, 310.0, 160.0 - 40.0 * row as f32));
    }
    let rulings = Rulings {
        horizontal: [0.0, 200.0]
            .map(|y| BBox::new(0.0, y, 800.0, y + 2.0))
            .into(),
        vertical: [0.0, 300.0, 500.0, 600.0, 800.0]
            .map(|x| BBox::new(x, 0.0, x + 2.0, 200.0))
            .into(),
    };
    assert_eq!(
        read(segments, &rulings),
        [
            "1. NAME",
            "Jane Roe",
            "Pain|2",
            "Pulse|80",
            "Rate|15",
            "Weight|70",
            "Seen by",
            "Dr. B"
        ]
    );
}

#[test]
fn a_ruled_form_is_read_cell_by_cell() {
    let segments = vec![
        segment("1. NAME", 10.0, 10.0),
        segment("2. BIRTH DATE", 310.0, 10.0),
        segment("Jane Roe", 10.0, 40.0),
        segment("01/02/1970", 310.0, 40.0),
    ];
    let rulings = Rulings {
        horizontal: vec![
            BBox::new(0.0, 0.0, 600.0, 2.0),
            BBox::new(0.0, 70.0, 600.0, 72.0),
        ],
        vertical: vec![
            BBox::new(0.0, 0.0, 2.0, 72.0),
            BBox::new(298.0, 0.0, 300.0, 72.0),
            BBox::new(598.0, 0.0, 600.0, 72.0),
        ],
    };
    assert_eq!(
        read(segments, &rulings),
        ["1. NAME", "Jane Roe", "2. BIRTH DATE", "01/02/1970"]
    );
}

#[test]
fn a_table_ruled_downwards_only_is_read_across() {
    let table = [
        ["rosuvastatin 20 mg tablet", "1 tablet at bedtime", "NEW"],
        [
            "hydrochlorothiazide 25 mg tablet",
            "2 tablets daily",
            "STOPPED",
        ],
    ];
    let segments = table.iter().enumerate().flat_map(|(row, cells)| {
        let place = move |(column, cell): (usize, &&str)| {
            segment(cell, 10.0 + 400.0 * column as f32, 10.0 + 30.0 * row as f32)
        };
        cells.iter().enumerate().map(place)
    });
    let rulings = Rulings {
        horizontal: [0.0, 70.0]
            .map(|y| BBox::new(0.0, y, 1200.0, y + 2.0))
            .into(),
        vertical: [0.0, 400.0, 800.0, 1200.0]
            .map(|x| BBox::new(x, 0.0, x + 2.0, 72.0))
            .into(),
    };
    assert_eq!(
        read(segments.collect(), &rulings),
        table.map(|row| row.join("|"))
    );
}

#[test]
fn values_between_streaks_of_a_feeder_are_read_in_rows() {
    let names = ["WBC", "Platelets", "MCV", "ESR"];
    let segments = names.iter().enumerate().flat_map(|(row, name)| {
        let y = 10.0 + 30.0 * row as f32;
        [
            segment(name, 10.0, y),
            segment("15.5", 150.0, y),
            segment("7.4", 250.0, y),
            segment("fL", 350.0, y),
        ]
    });
    // Of the table's ruled lines every other one was found.
    let rulings = Rulings {
        horizontal: (0..3)
            .map(|line| BBox::new(0.0, 60.0 * line as f32, 500.0, 60.0 * line as f32 + 2.0))
            .collect(),
        vertical: [130.0, 230.0, 330.0]
            .map(|x| BBox::new(x, -60.0, x + 1.0, 300.0))
            .into(),
    };
    assert_eq!(
        read(segments.collect(), &rulings),
        names.map(|name| format!("{name}|15.5|7.4|fL"))
    );
}

#[test]
fn the_edges_of_a_photographed_sheet_enclose_no_cells() {
    let rows = [
        ("ESR", "mm/h"),
        ("TSH", "mIU/L"),
        ("CRP", "mg/L"),
        ("MCV", "fL"),
    ];
    let segments = rows.iter().enumerate().flat_map(|(row, (name, unit))| {
        let y = 10.0 + 30.0 * row as f32;
        [
            segment(name, 150.0, y),
            segment("14", 350.0, y),
            segment(unit, 450.0, y),
        ]
    });
    // Letters that stand on a ruled line take a piece of it away.
    let pieces = [
        (140.0, 600.0, 0.0),
        (340.0, 430.0, 35.0),
        (140.0, 600.0, 65.0),
        (340.0, 430.0, 95.0),
        (140.0, 600.0, 125.0),
    ];
    let rulings = Rulings {
        horizontal: pieces
            .map(|(x0, x1, y)| BBox::new(x0, y, x1, y + 2.0))
            .into(),
        vertical: [2.0, 800.0]
            .map(|x| BBox::new(x, 0.0, x + 3.0, 900.0))
            .into(),
    };
    assert_eq!(
        read(segments.collect(), &rulings),
        rows.map(|(name, unit)| format!("{name}|14|{unit}"))
    );
}

#[test]
fn a_pen_over_cells_makes_no_columns_of_a_table() {
    let mut segments = Vec::new();
    for row in 0..5 {
        let y = 40.0 * row as f32;
        segments.push(segment("01/06/2026 Office visit", 0.0, y));
        segments.push(segment("165.00", 400.0, y));
        segments.push(segment("-48.20", 520.0, y));
        let mut struck = segment("-96.80", 640.0, y);
        if row % 2 == 1 {
            let [word] = &mut struck.words[..] else {
                unreachable!("it is one word")
            };
            word.quad = BBox::new(640.0, y, 700.0, y + 34.0).quad();
        }
        segments.push(struck);
    }
    let want = "01/06/2026 Office visit|165.00|-48.20|-96.80";
    assert_eq!(read(segments, &Rulings::default()), [want; 5]);
}
