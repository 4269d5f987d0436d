//! Rows of a table of prescriptions (`Drug | Directions | Qty | Days | Refills`). A cell that wraps goes
//! on in the lines below, so the directions are read from their parts put together; the numbers at the
//! row's end belong to the heading's last columns, in its order. A row whose numbers do not fill those
//! columns is not read here.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    context::Context,
    layout::Span,
    sig::{self, Part},
};

/// A phrase of a row: what it is, what it says, where its parts stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Phrase {
    pub part: Part,
    pub value: String,
    pub spans: Vec<Span>,
}

const LINES_BELOW: usize = 2;

/// The row of the drug whose name this is, or none when it stands in no such table.
pub(crate) fn row(context: &Context, name: &Span, next: Option<usize>) -> Option<Vec<Phrase>> {
    let layout = &context.layout;
    let line = layout.line_at(name.start);
    let columns = heading_above(context, line)?;
    let (directions_end, numbers) = numbers(context, line, columns.len())?;
    let mut product = vec![];
    let mut directions: Vec<Span> = Vec::new();
    directions.push(name.end..directions_end.max(name.end));
    let mut last = line;
    for _ in 0..LINES_BELOW {
        let Some(below) = layout.below(last) else {
            break;
        };
        let span = layout.lines[below].span.clone();
        if next.is_some_and(|next| span.start >= next || span.end > next) {
            break;
        }
        if !goes_on(context, below) {
            break;
        }
        let form = sig::scan(layout.text, span.clone(), &[])
            .into_iter()
            .find(|f| f.part == Part::Form && f.span.start == span.start);
        let rest = form.as_ref().map_or(span.start, |f| f.span.end);
        product.extend(form.map(|f| Phrase {
            part: Part::Form,
            value: context.text(&f.value),
            spans: vec![f.value],
        }));
        if rest < span.end {
            directions.push(rest..span.end);
        }
        last = below;
    }
    let joined = Joined::new(layout.text, &directions);
    let mut out = product;
    for found in sig::scan(&joined.text, 0..joined.text.len(), &[]) {
        out.push(Phrase {
            part: found.part,
            value: joined.text[found.value.clone()].trim().to_owned(),
            spans: joined.printed(&found.value),
        });
    }
    for (part, span) in columns.into_iter().zip(numbers) {
        out.retain(|phrase| phrase.part != part);
        out.push(Phrase {
            part,
            value: context.text(&span),
            spans: vec![span],
        });
    }
    Some(out)
}

/// The numeric columns at the end of the nearest heading above.
fn heading_above(context: &Context, line: usize) -> Option<Vec<Part>> {
    static COLUMN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:(drug|medications?|medicines?|item|product)|(directions?|sig|instructions?|how to take|dose,? (?:and |& )?frequency)|(qty|quantity|disp(?:ense)?|amount)|(days?(?: supply)?|duration)|(refills?|rf|repeats?|rpts?)|(strength|dosage form|form|ndc|(?:pbs )?(?:item|code)))\b").expect("a valid expression")
    });
    let page = context.layout.lines[line].page;
    let first = line.saturating_sub(40);
    (first..line).rev().find_map(|index| {
        if context.layout.lines[index].page != page {
            return None;
        }
        let text = context.layout.line(index);
        let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
        let mut covered = 0;
        let mut product = false;
        let mut directions = false;
        let mut numeric = Vec::new();
        for found in COLUMN.captures_iter(text) {
            covered += found
                .get(0)
                .map_or(0, |m| m.as_str().replace(' ', "").len());
            let which = (1..=6).find(|i| found.get(*i).is_some())?;
            match which {
                1 => product = numeric.is_empty(),
                2 => directions = numeric.is_empty(),
                3 => numeric.push(Part::Quantity),
                4 => numeric.push(Part::Duration),
                5 => numeric.push(Part::Refills),
                _ => {}
            }
        }
        let distinct = (1..numeric.len()).all(|i| !numeric[..i].contains(&numeric[i]));
        (product && directions && distinct && !numeric.is_empty() && covered * 10 >= letters * 9)
            .then_some(numeric)
    })
}

/// Where the directions of a line end, and the `count` numbers behind them.
fn numbers(context: &Context, line: usize, count: usize) -> Option<(usize, Vec<Span>)> {
    let layout = &context.layout;
    let words: Vec<&Span> = layout.lines[line]
        .words
        .iter()
        .filter(|word| layout.get(word) != "|")
        .collect();
    let first = words.len().checked_sub(count).filter(|first| *first > 1)?;
    let tail: Vec<Span> = words[first..].iter().map(|word| (*word).clone()).collect();
    let plain = tail.iter().all(|word| {
        let number = layout.get(word);
        number.len() <= 4 && number.chars().all(|c| c.is_ascii_digit())
    });
    plain.then(|| (words[first - 1].end, tail))
}

/// Short lines in small letters, without a label, go on with the row above.
fn goes_on(context: &Context, line: usize) -> bool {
    let text = context.layout.line(line);
    let small = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let labelled = context.labels_on(line).any(|(_, label)| label.colon);
    let dated = context
        .dates
        .iter()
        .any(|d| context.layout.line_at(d.span.start) == line);
    small && !labelled && !dated && text.split_whitespace().count() <= 8
}

/// Parts of the text with single spaces between them, and where each byte was printed.
struct Joined {
    text: String,
    from: Vec<usize>,
}

impl Joined {
    fn new(text: &str, parts: &[Span]) -> Self {
        let mut joined = Self {
            text: String::new(),
            from: Vec::new(),
        };
        for part in parts {
            let trimmed = crate::layout::trim(text, part.clone());
            if !joined.text.is_empty() {
                joined.text.push(' ');
                joined.from.push(trimmed.start);
            }
            // A wide gap inside a row is a cell's border and not the end of a phrase.
            joined
                .text
                .push_str(&text[trimmed.clone()].replace(['\t', '|'], " "));
            joined.from.extend(trimmed);
        }
        joined
    }

    /// The printed spans of a stretch: one for each line that it stands on.
    fn printed(&self, span: &Span) -> Vec<Span> {
        let mut out: Vec<Span> = Vec::new();
        for at in &self.from[span.clone()] {
            match out.last_mut() {
                Some(last) if last.end == *at => last.end = at + 1,
                Some(last) if last.contains(at) => {}
                _ => out.push(*at..at + 1),
            }
        }
        out
    }
}
