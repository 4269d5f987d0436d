//! Cuts a document into passages for search: lines that stand together, under the heading that they belong
//! to, short enough that an answer can quote one. A passage never reaches over a page.

use schemas::{Document, Line, Passage};

/// Longest passage in words; a single longer line stays whole.
const WORDS: usize = 48;

/// The passages of a document in reading order. Every line with text is in exactly one.
#[must_use]
pub fn passages(document: &Document) -> Vec<Passage> {
    document
        .pages
        .iter()
        .flat_map(|page| of_page(page.index, &page.lines))
        .collect()
}

fn of_page(page: usize, lines: &[Line]) -> Vec<Passage> {
    let mut out: Vec<Passage> = Vec::new();
    let mut heading = String::new();
    let mut open = false;
    for (n, line) in lines.iter().enumerate() {
        if line.words.is_empty() {
            open = false;
            continue;
        }
        let titles = is_heading(&line.text);
        if titles {
            heading.clone_from(&line.text);
        }
        let words = line.words.iter().map(|word| word.id.clone());
        let gap = n > 0 && is_gap(&lines[n - 1], line);
        match out.last_mut() {
            Some(last)
                if open && !gap && !titles && last.words.len() + line.words.len() <= WORDS =>
            {
                last.text.push('\n');
                last.text.push_str(&line.text);
                last.words.extend(words);
            }
            _ => out.push(Passage {
                page,
                heading: if titles {
                    String::new()
                } else {
                    heading.clone()
                },
                text: line.text.clone(),
                words: words.collect(),
            }),
        }
        open = true;
    }
    out
}

/// Few words in capitals, or with nothing but a colon behind them.
fn is_heading(text: &str) -> bool {
    let bare = text.trim();
    let letters = || bare.chars().filter(|c| c.is_alphabetic());
    bare.split_whitespace().count() <= 6
        && !bare.contains('\t')
        && letters().count() >= 3
        && (bare.ends_with(':') || letters().all(char::is_uppercase))
        && !bare.chars().any(|c| c.is_ascii_digit())
}

/// More than a line's height lies between them, or the next begins further up: another column.
fn is_gap(above: &Line, below: &Line) -> bool {
    let height = (above.bbox.y1 - above.bbox.y0).max(below.bbox.y1 - below.bbox.y0);
    let between = below.bbox.y0 - above.bbox.y1;
    between > height * 1.2 || below.bbox.y1 < above.bbox.y0
}

#[cfg(test)]
mod tests {
    use super::is_heading;

    #[test]
    fn headings_are_short_and_say_nothing_else() {
        for (text, heading) in [
            ("DISCHARGE MEDICATIONS", true),
            ("Allergies:", true),
            ("Diagnosis: Gout", false),
            ("WBC\t8.8", false),
            ("AMOXICILLIN 250 MG", false),
            ("The patient was seen in clinic", false),
        ] {
            assert_eq!(is_heading(text), heading, "{text}");
        }
    }
}
