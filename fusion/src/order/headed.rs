//! Blocks side by side, each with a heading: their rows begin with a label and a colon (`Name: …`), or hold a name and a
//! measured value (`IVSd   1.42 cm`), or a label that forms print and its value. One block is read after the other.

use super::{Segment, columns::column};

/// Words of a heading, at most.
const HEADING: usize = 5;
/// Labelled rows of a headed block, at least.
const LABELLED: usize = 2;
/// Rows of names and values, at least.
const VALUED: usize = 3;

/// The first rows, when they are such blocks: how many, and where each begins.
pub(super) fn headed(rows: &[Vec<Segment>]) -> Option<(usize, Vec<f32>)> {
    let headings = rows.first().filter(|row| row.len() >= 2)?;
    if let Some(blocks) = valued(headings, &rows[1..]) {
        return Some(blocks);
    }
    if !headings.iter().all(is_heading) {
        return None;
    }
    let slack = headings[0].bbox().height();
    let starts: Vec<f32> = headings.iter().map(|s| s.bbox().x0 - slack).collect();
    // Of each block, rows and those of them with a label.
    let mut counts = vec![(0, 0); starts.len()];
    let (mut whole, mut length) = (counts.clone(), 1);
    for (index, row) in rows.iter().enumerate().skip(1) {
        let Some(texts) = of_blocks(row, &starts, slack) else {
            break;
        };
        for ((rows, labelled), text) in counts.iter_mut().zip(&texts) {
            *rows += usize::from(!text.is_empty());
            *labelled += usize::from(text.contains(':'));
        }
        // What stands below one block alone may belong to none.
        if texts.iter().filter(|text| !text.is_empty()).count() >= 2 {
            (whole, length) = (counts.clone(), index + 1);
        }
    }
    let blocks = whole
        .iter()
        .all(|(rows, labelled)| *labelled >= LABELLED && labelled * 3 >= rows * 2);
    blocks.then_some((length, starts))
}

/// The rows below the headings, as far as each has a name and a value of every block: values that were measured, or names
/// that forms print, `Collected   11/26/2024`.
fn valued(headings: &[Segment], rows: &[Vec<Segment>]) -> Option<(usize, Vec<f32>)> {
    let slack = headings[0].bbox().height();
    let starts: Vec<f32> = headings.iter().map(|s| s.bbox().x0 - slack).collect();
    let lettered = |segment: &Segment| segment.text().starts_with(char::is_alphabetic);
    let measured = |segment: &Segment| {
        let text = segment.text();
        text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '<' | '>'))
    };
    let paired = |row: &&Vec<Segment>| {
        row.len() == 2 * starts.len()
            && row
                .chunks(2)
                .zip(&starts)
                .enumerate()
                .all(|(n, (pair, start))| {
                    let begins = (0.0..3.0 * slack).contains(&(pair[0].bbox().x0 - start));
                    let ends = starts
                        .get(n + 1)
                        .is_none_or(|next| pair[1].bbox().x1 < *next);
                    begins && ends && lettered(&pair[0])
                })
    };
    // Dots that lead the eye are no row.
    let blank = |row: &&Vec<Segment>| {
        row.iter()
            .all(|segment| !segment.text().contains(char::is_alphanumeric))
    };
    let named = headings
        .iter()
        .all(|heading| lettered(heading) && heading.words.len() <= HEADING);
    let body = |whole: &dyn Fn(&&Vec<Segment>) -> bool| {
        let body = || rows.iter().take_while(|row| whole(row) || blank(row));
        (body().filter(whole).count() >= VALUED).then(|| body().count())
    };
    let of_values =
        |row: &&Vec<Segment>| paired(row) && row.chunks(2).all(|pair| measured(&pair[1]));
    let length = body(&of_values).or_else(|| {
        let length = body(&paired)?;
        let of_form = (0..starts.len()).all(|block| {
            let names = rows[..length].iter().filter(paired);
            let names: Vec<&Segment> = names.map(|row| &row[2 * block]).collect();
            let printed = names.iter().filter(|name| is_printed(name)).count();
            printed * 2 >= names.len()
        });
        of_form.then_some(length)
    })?;
    named.then(|| (length + 1, starts.clone()))
}

/// Words that forms print before what is filled in.
const PRINTED: [&str; 34] = [
    "name",
    "dob",
    "birth",
    "sex",
    "gender",
    "age",
    "id",
    "mrn",
    "number",
    "no",
    "collected",
    "received",
    "reported",
    "drawn",
    "physician",
    "provider",
    "doctor",
    "npi",
    "account",
    "status",
    "phone",
    "fax",
    "address",
    "date",
    "ward",
    "admitted",
    "discharged",
    "accession",
    "policy",
    "member",
    "group",
    "plan",
    "fasting",
    "location",
];

fn is_printed(name: &Segment) -> bool {
    name.text().split_whitespace().any(|word| {
        let word = word
            .trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase();
        PRINTED.contains(&&*word)
    })
}

fn is_heading(segment: &Segment) -> bool {
    let text = segment.text();
    segment.words.len() <= HEADING && !text.contains(|c: char| c == ':' || c.is_ascii_digit())
}

/// What a row holds of each block; None when it does not keep to them.
pub(super) fn of_blocks(row: &[Segment], starts: &[f32], slack: f32) -> Option<Vec<String>> {
    let mut texts = vec![String::new(); starts.len()];
    for segment in row {
        let bbox = segment.bbox();
        let block = column(bbox.x0, starts)?;
        let crosses = starts.get(block + 1).is_some_and(|next| bbox.x1 > *next);
        // A block's rows begin below its heading.
        let astray = texts[block].is_empty() && bbox.x0 - starts[block] > 3.0 * slack;
        if crosses || astray {
            return None;
        }
        texts[block].push_str(&segment.text());
    }
    Some(texts)
}
