//! The document's text, with every word's place in it. A tab parts the cells of a line, and where the line is a row of a
//! table, one more stands for each cell that is empty.

use schemas::{Line, Word};

use crate::{order::OrderedLine, tables};

/// A document's text and the lines of its pages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DocumentText {
    /// Lines end in `\n`, pages are joined by `\f`.
    pub text: String,
    /// Lines of each page.
    pub pages: Vec<Vec<Line>>,
}

/// Numbers the words of each page (`p{page}w{n}`) and gives each its span in the text.
#[must_use]
pub fn assemble(pages: Vec<Vec<OrderedLine>>) -> DocumentText {
    let mut document = DocumentText::default();
    let mut at = 0;
    for (page, ordered) in pages.into_iter().enumerate() {
        if page > 0 {
            document.text.push('\u{c}');
            at += 1;
        }
        let mut n = 0;
        let mut lines = Vec::new();
        let columns = tables::columns_of_cells(&ordered);
        for (line, columns) in ordered.into_iter().zip(columns) {
            let Some(line) = place(line, &columns, page, &mut n, at) else {
                continue;
            };
            at += line.text.chars().count() + 1;
            document.text.push_str(&line.text);
            document.text.push('\n');
            lines.push(line);
        }
        document.pages.push(lines);
    }
    document
}

/// One line whose first character stands at `start`; of a row of a table the columns of its cells are known.
fn place(
    line: OrderedLine,
    columns: &[usize],
    page: usize,
    n: &mut usize,
    start: usize,
) -> Option<Line> {
    let mut text = String::new();
    let mut length = 0;
    let mut words: Vec<Word> = Vec::new();
    let mut cell = 0;
    let column = |cell: usize| columns.get(cell).copied();
    for (i, (wide, segment)) in line.segments.into_iter().enumerate() {
        cell += usize::from(wide && i > 0);
        for (i, word) in segment.words.into_iter().enumerate() {
            let gap = match (words.is_empty(), wide && i == 0) {
                (true, _) => "\t".repeat(column(cell).unwrap_or(0)),
                (false, true) => {
                    let before = column(cell - 1).unwrap_or(0);
                    "\t".repeat(column(cell).map_or(1, |own| own.saturating_sub(before).max(1)))
                }
                (false, false) => " ".to_owned(),
            };
            text.push_str(&gap);
            length += gap.len();
            let end = length + word.text.chars().count();
            text.push_str(&word.text);
            words.push(Word {
                id: format!("p{page}w{n}"),
                bbox: word.quad.bbox(),
                text: word.text,
                quad: word.quad,
                confidence: word.confidence,
                span: [start + length, start + end],
                votes: word.votes,
            });
            length = end;
            *n += 1;
        }
    }
    let bbox = words
        .iter()
        .map(|word| word.bbox)
        .reduce(|a, b| a.union(&b))?;
    Some(Line { text, bbox, words })
}

#[cfg(test)]
mod tests {
    use schemas::{BBox, Confidence};

    use super::assemble;
    use crate::{
        order::{OrderedLine, Segment},
        vote::FusedWord,
    };

    fn segment(words: &[&str]) -> Segment {
        let quad = BBox::new(0.0, 0.0, 10.0, 10.0).quad();
        let words = words
            .iter()
            .map(|text| FusedWord {
                text: (*text).into(),
                quad,
                confidence: Confidence::ONE,
                votes: vec![],
            })
            .collect();
        Segment { quad, words }
    }

    #[test]
    fn every_span_cuts_its_word_out_of_the_text() {
        let page = || {
            vec![
                OrderedLine {
                    segments: vec![(false, segment(&["Ünit", "µg"])), (true, segment(&["5"]))],
                },
                OrderedLine {
                    segments: vec![(false, segment(&["end"]))],
                },
            ]
        };
        let document = assemble(vec![page(), vec![], page()]);
        assert_eq!(
            document.text,
            "Ünit µg\t5\nend\n\u{c}\u{c}Ünit µg\t5\nend\n"
        );
        let chars: Vec<char> = document.text.chars().collect();
        let words = document.pages.iter().flatten().flat_map(|line| &line.words);
        for word in words {
            let cut: String = chars[word.span[0]..word.span[1]].iter().collect();
            assert_eq!(cut, word.text, "{}", word.id);
        }
        assert_eq!(document.pages[2][0].words[1].id, "p2w1");
    }
}
