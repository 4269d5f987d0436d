//! Tables side by side: a row that says the same column headings twice or more begins a table with each.
//!
//! The tables are read one after the other, as far as rows keep to them. Below the last row that two of them
//! share, a longer table goes on as long as its rows have several cells.

use super::{Segment, columns, headed};

/// Headings of one table, at least.
const HEADINGS: usize = 2;
/// Tables on one row, at most.
const TABLES: usize = 4;

/// The first rows, when they are tables side by side: how many, and where each table begins.
pub(super) fn tables(rows: &[Vec<Segment>]) -> Option<(usize, Vec<f32>)> {
    let slack = rows.first()?.first()?.bbox().height();
    let (heading, starts) = rows.iter().take(2).enumerate().find_map(|(index, row)| {
        let starts: Vec<f32> = begins(row)?.iter().map(|x| x - slack).collect();
        // What may stand above the headings are the titles of the tables.
        let titled = rows[..index]
            .iter()
            .all(|title| are_titles(title, &starts, slack));
        titled.then_some((index, starts))
    })?;
    let kept = rows[heading..]
        .iter()
        .take_while(|row| headed::of_blocks(row, &starts, slack).is_some());
    let body: Vec<&Vec<Segment>> = kept.collect();
    let last_shared = body.iter().rposition(|row| {
        let first = row.first().map(|s| columns::column(s.bbox().x0, &starts));
        row.iter()
            .any(|s| Some(columns::column(s.bbox().x0, &starts)) != first)
    })?;
    let longer = body[last_shared + 1..]
        .iter()
        .take_while(|row| row.len() >= HEADINGS)
        .count();
    (last_shared > 0).then_some((heading + last_shared + 1 + longer, starts))
}

/// Where the tables begin whose headings a row repeats.
fn begins(row: &[Segment]) -> Option<Vec<f32>> {
    let words: Vec<(String, f32)> = row
        .iter()
        .flat_map(|segment| &segment.words)
        .map(|word| (word.text.to_lowercase(), word.quad.bbox().x0))
        .collect();
    let written = |text: &str| {
        text.chars().all(|c| !c.is_ascii_digit()) && text.contains(char::is_alphabetic)
    };
    if !words.iter().all(|(text, _)| written(text)) {
        return None;
    }
    (2..=TABLES).rev().find_map(|tables| {
        let length = words.len() / tables;
        if length < HEADINGS || length * tables != words.len() {
            return None;
        }
        let mut parts = words.chunks(length);
        let first = parts.next()?;
        let same = |part: &[(String, f32)]| part.iter().zip(first).all(|(a, b)| a.0 == b.0);
        let starts: Vec<f32> = words.chunks(length).map(|part| part[0].1).collect();
        let of_segments = |x: &f32| row.iter().any(|s| s.words[0].quad.bbox().x0 == *x);
        (parts.all(same) && starts.iter().all(of_segments)).then_some(starts)
    })
}

/// One title at the start of each table.
fn are_titles(row: &[Segment], starts: &[f32], slack: f32) -> bool {
    row.len() == starts.len()
        && row
            .iter()
            .zip(starts)
            .all(|(title, start)| (0.0..3.0 * slack).contains(&(title.bbox().x0 - start)))
}
