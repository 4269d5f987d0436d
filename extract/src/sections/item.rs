//! The items of a section's body: what marks a list and what parts the entries of one line.

use crate::layout::{Layout, Span, trim_by};

/// `1.`, `2)`, `-`, `•`, `A.` before the text.
pub(crate) fn is_item(text: &str) -> bool {
    item_mark(text) > 0
}

/// Length of a list mark with the space behind it.
pub(crate) fn item_mark(text: &str) -> usize {
    let trimmed = text.trim_start();
    let lead = text.len() - trimmed.len();
    let bytes = trimmed.as_bytes();
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    let marked = if (1..=2).contains(&digits) {
        let mark = bytes.get(digits).copied();
        let decimal = bytes.get(digits + 1).is_some_and(u8::is_ascii_digit);
        match mark {
            Some(b'.') if !decimal => digits + 1,
            Some(b')') => digits + 1,
            _ => 0,
        }
    } else if bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && matches!(bytes[1], b'.' | b')')
        && bytes[2].is_ascii_whitespace()
    {
        2
    } else if let Some(c) = trimmed.chars().next()
        && matches!(
            c,
            '-' | '*' | '•' | '·' | '▪' | '◦' | '–' | '●' | '■' | '☑' | '☒'
        )
    {
        c.len_utf8()
    } else if let Some(rest) = ["[X]", "[x]", "[ ]", "[]", "(x)", "(X)", "( )"]
        .iter()
        .find(|mark| trimmed.starts_with(**mark))
    {
        rest.len()
    } else {
        0
    };
    if marked == 0 {
        return 0;
    }
    let rest = &trimmed[marked..];
    lead + marked + (rest.len() - rest.trim_start().len())
}

/// The items of a body: list entries with their continuation lines, or parts between semicolons.
pub(crate) fn items(layout: &Layout, body: &Span) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for line in &layout.lines {
        let span = line.span.start.max(body.start)..line.span.end.min(body.end);
        if span.start >= span.end {
            continue;
        }
        let text = layout.get(&span);
        if text.trim().is_empty() {
            continue;
        }
        let fresh = is_item(text);
        let goes_on = out.last().is_some_and(|last| {
            let above = layout.get(last).trim_end();
            !fresh
                && (text
                    .trim_start()
                    .starts_with(|c: char| c.is_ascii_lowercase())
                    || above.ends_with([',', '-', '('])
                    || (above.len() > 70 && !above.ends_with(['.', ';'])))
        });
        match out.last_mut() {
            Some(last) if goes_on => last.end = span.end,
            _ => out.push(span),
        }
    }
    out.into_iter()
        .flat_map(|item| split_inline_items(layout, item))
        .collect()
}

/// `1. Asthma 2. Gout` and `Asthma; gout` on one line.
fn split_inline_items(layout: &Layout, item: Span) -> Vec<Span> {
    let text = layout.get(&item);
    let mut cuts = vec![0];
    let bytes = text.as_bytes();
    let mut depth = 0i32;
    let numbered =
        item_mark(text) > 0 && text.trim_start().starts_with(|c: char| c.is_ascii_digit());
    for (i, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ';' | '|' | '\t' if depth <= 0 => cuts.push(i + 1),
            ' ' if depth <= 0 && is_gap(&text[..i], &text[i..]) => cuts.push(i + 1),
            ' ' if depth <= 0 && numbered && i + 3 < text.len() => {
                let rest = &text[i + 1..];
                let marked = bytes[i + 1].is_ascii_digit() && item_mark(rest) > 2;
                let letter = rest[item_mark(rest)..].starts_with(char::is_uppercase);
                if marked
                    && letter
                    && rest
                        .as_bytes()
                        .iter()
                        .take(3)
                        .any(|b| matches!(b, b'.' | b')'))
                {
                    cuts.push(i + 1);
                }
            }
            _ => {}
        }
    }
    cuts.push(text.len());
    cuts.windows(2)
        .filter_map(|pair| {
            let part = item.start + pair[0]..item.start + pair[1];
            let mark = item_mark(layout.get(&part));
            let bare = trim_by(layout.text, part.start + mark..part.end, |c| {
                c.is_whitespace() || matches!(c, ';' | ',' | '|' | ':')
            });
            (!bare.is_empty()).then_some(bare)
        })
        .collect()
}

/// Three spaces between a name and a capital are a gap of the page.
fn is_gap(before: &str, after: &str) -> bool {
    let name = before.rsplit([';', '\t', '|']).next().unwrap_or_default();
    let rest = after.trim_start_matches(' ');
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    let abbreviation =
        letters > 1 && !name.contains(|c: char| c.is_lowercase() || c.is_ascii_digit());
    (letters > 3 || abbreviation)
        && !name.ends_with([' ', ',', '-', ':'])
        && after.len() - rest.len() >= 3
        && rest.starts_with(char::is_uppercase)
        && !rest
            .split(' ')
            .next()
            .is_some_and(|word| word.contains(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::item_mark;

    #[test]
    fn list_marks() {
        for (text, mark) in [
            ("1. Asthma", 3),
            ("12) Asthma", 4),
            ("- Asthma", 2),
            ("• Asthma", 4),
            ("A. K80.20", 3),
            ("1.5 mg", 0),
            ("100 mg", 0),
            ("Asthma", 0),
        ] {
            assert_eq!(item_mark(text), mark, "{text}");
        }
    }
}
