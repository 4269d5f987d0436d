//! A document's text as pages, lines, cells and words. All spans inside this crate are byte ranges of
//! the text; they become Unicode scalar values only in [`crate::draft`]. A cell ends where the page
//! leaves a wide gap: a tab, a bar or two spaces. Nothing here knows what the text means.

use std::ops::Range;

/// A byte range of the document's text.
pub(crate) type Span = Range<usize>;

/// One line, without its line end.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub span: Span,
    pub page: usize,
    /// Parts between wide gaps, trimmed, never empty.
    pub cells: Vec<Span>,
    /// Parts between white space, split again after a colon.
    pub words: Vec<Span>,
}

/// The text with its lines.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    pub text: &'a str,
    pub lines: Vec<Line>,
}

impl<'a> Layout<'a> {
    pub fn new(text: &'a str) -> Self {
        let mut lines = Vec::new();
        let mut start = 0;
        let mut page = 0;
        let ends = text
            .char_indices()
            .filter(|(_, c)| matches!(c, '\n' | '\u{c}'))
            .chain(std::iter::once((text.len(), '\n')));
        for (end, c) in ends {
            let span = trim(text, start..end);
            lines.push(Line {
                cells: cells(text, &span),
                words: words(text, &span),
                span,
                page,
            });
            if c == '\u{c}' {
                page += 1;
            }
            start = (end + 1).min(text.len());
        }
        Self { text, lines }
    }

    /// The characters of a span.
    pub fn get(&self, span: &Span) -> &'a str {
        &self.text[span.clone()]
    }

    /// The line that holds a byte position.
    pub fn line_at(&self, position: usize) -> usize {
        self.lines
            .partition_point(|line| line.span.start <= position)
            .saturating_sub(1)
    }

    /// The characters of a line.
    pub fn line(&self, index: usize) -> &'a str {
        self.get(&self.lines[index].span)
    }

    /// The spaces before a line.
    pub fn indent(&self, index: usize) -> usize {
        let before = &self.text[..self.lines[index].span.start];
        before.len() - before.trim_end_matches(' ').len()
    }

    /// The next line with text on the same page.
    pub fn below(&self, index: usize) -> Option<usize> {
        let page = self.lines[index].page;
        (index + 1..self.lines.len().min(index + 3))
            .take_while(|&i| self.lines[i].page == page)
            .find(|&i| !self.lines[i].span.is_empty())
    }

    /// The line with text before this one, on the same page.
    pub fn above(&self, index: usize) -> Option<usize> {
        let page = self.lines[index].page;
        (index.saturating_sub(2)..index)
            .rev()
            .take_while(|&i| self.lines[i].page == page)
            .find(|&i| !self.lines[i].span.is_empty())
    }

    /// The sentence around a position, over line ends but never over an empty line or a page.
    pub fn sentence(&self, position: usize) -> Span {
        let bytes = self.text.as_bytes();
        let boundary = |i: usize| {
            let stop = matches!(bytes[i], b'.' | b'!' | b'?' | b';')
                && bytes.get(i + 1).is_none_or(u8::is_ascii_whitespace)
                && !ends_with_title(&self.text[..i])
                && !ends_abbreviation(&self.text[..i], &self.text[i + 1..]);
            let gap = bytes[i] == b'\n' && bytes.get(i + 1).is_some_and(|b| *b == b'\n');
            stop || gap || bytes[i] == 0x0c
        };
        let start = (0..position.min(bytes.len()))
            .rev()
            .find(|&i| boundary(i))
            .map_or(0, |i| i + 1);
        let end = (position..bytes.len())
            .find(|&i| boundary(i))
            .unwrap_or(bytes.len());
        trim(self.text, start..end.max(start))
    }
}

/// `60 mg s.c. every 6 months`: letters with points between them, and the sentence goes on in small letters or numbers.
fn ends_abbreviation(before: &str, after: &str) -> bool {
    let word = before
        .rsplit(|c: char| c.is_whitespace())
        .next()
        .unwrap_or_default();
    let pointed = word.contains('.')
        && word
            .split('.')
            .all(|part| part.len() == 1 && part.chars().all(char::is_alphabetic));
    let rest = after.trim_start_matches([' ', '\t']);
    // `2.5 MG P.O. TWICE DAILY`, where all is in capitals.
    const OFTEN: [&str; 7] = [
        "ONCE ",
        "TWICE ",
        "THREE TIMES",
        "FOUR TIMES",
        "EVERY ",
        "DAILY",
        "AT BEDTIME",
    ];
    let goes_on = rest.starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit())
        || OFTEN.iter().any(|word| rest.starts_with(word));
    pointed && goes_on
}

/// A full stop after a title or an initial ends no sentence.
fn ends_with_title(before: &str) -> bool {
    let word = before
        .rsplit(|c: char| c.is_whitespace())
        .next()
        .unwrap_or_default();
    let lower = word.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "dr" | "mr" | "mrs" | "ms" | "prof" | "no" | "st" | "vs" | "approx"
    ) || (word.len() == 1 && word.chars().all(char::is_uppercase))
}

/// Without white space at both ends.
pub(crate) fn trim(text: &str, span: Span) -> Span {
    trim_by(text, span, char::is_whitespace)
}

/// Without these characters at both ends.
pub(crate) fn trim_by(text: &str, span: Span, drop: impl Fn(char) -> bool) -> Span {
    let part = &text[span.clone()];
    let left = part.trim_start_matches(&drop);
    let start = span.end - left.len();
    start..start + left.trim_end_matches(&drop).len()
}

fn cells(text: &str, line: &Span) -> Vec<Span> {
    let part = &text[line.clone()];
    let mut out = Vec::new();
    let mut start = 0;
    let mut push = |from: usize, to: usize| {
        let span = trim(text, line.start + from..line.start + to);
        if !span.is_empty() {
            out.push(span);
        }
    };
    let bytes = part.as_bytes();
    for i in 0..bytes.len() {
        let gap = bytes[i] == b'\t'
            || bytes[i] == b'|'
            || (bytes[i] == b' ' && bytes.get(i + 1) == Some(&b' '));
        if gap {
            push(start, i);
            start = i + 1;
        }
    }
    push(start, part.len());
    out
}

fn words(text: &str, line: &Span) -> Vec<Span> {
    let part = &text[line.clone()];
    let mut out: Vec<Span> = Vec::new();
    let mut start: Option<usize> = None;
    for (i, c) in part.char_indices() {
        if c.is_whitespace() {
            if let Some(from) = start.take() {
                out.push(line.start + from..line.start + i);
            }
            continue;
        }
        let from = *start.get_or_insert(i);
        let next_is_digit = part[i + c.len_utf8()..].starts_with(|n: char| n.is_ascii_digit());
        let clock = next_is_digit && part[from..i].ends_with(|p: char| p.is_ascii_digit());
        if c == ':' && !clock {
            out.push(line.start + from..line.start + i + 1);
            start = None;
        }
    }
    if let Some(from) = start {
        out.push(line.start + from..line.end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Layout;

    #[test]
    fn pages_lines_cells_and_words() {
        let layout = Layout::new("a\tb  c\nName:Sean at 10:30\u{c}next");
        let cells: Vec<_> = layout.lines[0]
            .cells
            .iter()
            .map(|c| layout.get(c))
            .collect();
        assert_eq!(cells, ["a", "b", "c"]);
        let words: Vec<_> = layout.lines[1]
            .words
            .iter()
            .map(|c| layout.get(c))
            .collect();
        assert_eq!(words, ["Name:", "Sean", "at", "10:30"]);
        assert_eq!((layout.lines.len(), layout.lines[2].page), (3, 1));
        assert_eq!(layout.line_at(0), 0);
        assert_eq!(layout.line_at(8), 1);
    }

    #[test]
    fn a_title_ends_no_sentence() {
        let text = "One. Seen by Dr. Jo Li on\nMonday. Two.";
        let layout = Layout::new(text);
        assert_eq!(
            layout.get(&layout.sentence(20)),
            "Seen by Dr. Jo Li on\nMonday"
        );
    }
}
