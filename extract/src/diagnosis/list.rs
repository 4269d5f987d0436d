//! The items of a section of diagnoses: its lines, and what short sentences, semicolons and commas part on them.

use super::{known::holds_condition, phrase, remarks};
use crate::{
    context::Context,
    labels,
    layout::{Span, trim_by},
    sections::{self, Section, SectionKind},
};

/// In reading order; marks and numbers of a list stand outside.
pub(super) fn items(context: &Context, section: &Section) -> Vec<Span> {
    let text = context.layout.text;
    let kind = section.kind;
    let columns = has_status_beside(context, section);
    sections::items(&context.layout, &section.body)
        .into_iter()
        .filter_map(|item| {
            if columns {
                first_cell(context, item)
            } else {
                Some(item)
            }
        })
        .flat_map(|item| short_sentences(text, item, kind))
        .flat_map(|item| at_semicolons(text, item))
        .flat_map(|item| at_slashes(context, item))
        .flat_map(|item| comma_list(context, item, kind))
        .flat_map(|item| pair(context, item))
        .collect()
}

/// `PROBLEM LIST        STATUS`: what became of each stands in a column of its own.
fn has_status_beside(context: &Context, section: &Section) -> bool {
    let line = context.layout.line_at(section.heading.start);
    let cells = &context.layout.lines[line].cells;
    let status = |cell: &Span| {
        matches!(
            &*labels::letters(context.layout.get(cell)),
            "status" | "course" | "comment" | "comments" | "remarks" | "notes"
        )
    };
    cells.len() == 2 && cells[0].contains(&section.heading.start) && status(&cells[1])
}

/// The item as far as its first cell goes; none of what stands in the second.
fn first_cell(context: &Context, item: Span) -> Option<Span> {
    let line = &context.layout.lines[context.layout.line_at(item.start)];
    let first = line.cells.first()?;
    (item.start < first.end).then(|| item.start..item.end.min(first.end))
}

/// `Lumbar spinal stenosis. Renal cyst.` are two; longer sentences stay together.
fn short_sentences(text: &str, item: Span, kind: SectionKind) -> Vec<Span> {
    const LONGEST: usize = 6;
    let part = &text[item.clone()];
    let pieces: Vec<&str> = part.split_inclusive(". ").collect();
    let short = pieces.iter().enumerate().all(|(n, piece)| {
        piece.split_whitespace().count() <= LONGEST
            && (piece.starts_with(char::is_uppercase) || n == 0 && kind == SectionKind::History)
    });
    if !short {
        return vec![item];
    }
    let mut at = item.start;
    pieces
        .into_iter()
        .map(|piece| {
            let span = at..at + piece.len();
            at = span.end;
            trim_by(text, span, char::is_whitespace)
        })
        .collect()
}

/// `reflux; possible milk allergy` are two.
fn at_semicolons(text: &str, item: Span) -> Vec<Span> {
    let mut at = item.start;
    let mut out = Vec::new();
    for piece in text[item.clone()].split_inclusive(';') {
        let span = at..at + piece.len();
        at = span.end;
        out.push(trim_by(text, span, |c| c.is_whitespace() || c == ';'));
    }
    out
}

/// `T2DM uncontrolled / HTN / diabetic neuropathy`, where most of them hold a known name.
fn at_slashes(context: &Context, item: Span) -> Vec<Span> {
    const SLASH: &str = " / ";
    let text = context.layout.text;
    let mut at = item.start;
    let pieces: Vec<Span> = text[item.clone()]
        .split(SLASH)
        .map(|piece| {
            let span = at..at + piece.len();
            at = span.end + SLASH.len();
            trim_by(text, span, char::is_whitespace)
        })
        .collect();
    let known = pieces
        .iter()
        .filter(|piece| holds_condition(context, piece))
        .count();
    if pieces.len() > 1 && known > 1 && known * 2 > pieces.len() {
        pieces
    } else {
        vec![item]
    }
}

/// `hypothyroidism and type 2 diabetes`, `AKI on CKD 4`: both known and not known as one.
fn pair(context: &Context, item: Span) -> Vec<Span> {
    let part = &context.layout.text[item.clone()];
    let known = |name: &str| {
        let name = remarks::without_lead(name.trim_end_matches('.'));
        context.lexicon.is_condition(name) || ends_with_condition(context, name)
    };
    let is_one = context
        .lexicon
        .is_condition(remarks::without_lead(part.trim_end_matches('.')));
    let staged = |name: &str| {
        phrase::is_staged(name, |name| context.lexicon.is_condition(name)) || known(name)
    };
    let behind = |at: usize| {
        let rest = &part[at..];
        rest.split(". ").next().unwrap_or(rest)
    };
    let two = [" and ", " on ", " triggered by ", " precipitated by "]
        .iter()
        .flat_map(|joint| part.match_indices(joint))
        .filter(|_| !is_one)
        .find(|(at, joint)| known(&part[..*at]) && staged(behind(at + joint.len())));
    match two {
        Some((at, joint)) => vec![
            item.start..item.start + at,
            item.start + at + joint.len()..item.end,
        ],
        None => vec![item],
    }
}

/// `Metastatic ovarian carcinoma`: few words before a known name.
fn ends_with_condition(context: &Context, name: &str) -> bool {
    const MOST: usize = 3;
    let words: Vec<&str> = name.split(' ').collect();
    let longest = words.len().min(MOST + 1);
    (1..longest).any(|n| {
        let rest = words[n..].join(" ");
        // Long names, and abbreviations in capitals: `Essential HTN`.
        let sure = rest.len() > 5 || rest.len() > 2 && rest.chars().all(char::is_uppercase);
        sure && context.lexicon.is_condition(&rest)
    })
}

/// `right eye`, `bilateral`.
fn is_side(piece: &str) -> bool {
    const LONGEST: usize = 2;
    let words: Vec<&str> = piece.split_whitespace().collect();
    let side = words.first().is_some_and(|word| {
        matches!(
            word.to_lowercase().trim_end_matches('.'),
            "left" | "right" | "bilateral" | "both"
        )
    });
    side && words.len() <= LONGEST
}

/// `hypertension, gout, asthma` are three when most of them are known.
fn comma_list(context: &Context, item: Span, kind: SectionKind) -> Vec<Span> {
    let text = context.layout.text;
    let part = &text[item.clone()];
    let pieces: Vec<&str> = part.split([',', ';', '\n']).collect();
    let known = pieces
        .iter()
        .filter(|p| {
            let bare = p.trim().trim_start_matches("and ").trim_end_matches('.');
            let bare = remarks::without_lead(bare);
            let bare = bare.split(" (").next().unwrap_or(bare);
            context.lexicon.is_condition(bare)
                || ends_with_condition(context, bare)
                || phrase::is_staged(bare, |name| context.lexicon.is_condition(name))
        })
        .count();
    let led = pieces
        .iter()
        .any(|p| remarks::without_lead(p.trim()) != p.trim());
    let several = pieces.len() > 1
        && (known >= 2 || known == 1 && led || known == 1 && kind == SectionKind::History);
    if !several {
        return vec![item];
    }
    let mut at = item.start;
    let mut out: Vec<Span> = Vec::new();
    for piece in pieces {
        let span = trim_by(text, at..at + piece.len(), char::is_whitespace);
        at += piece.len() + 1;
        // `Pseudophakia, right eye`: the side is no item of its own.
        if let Some(last) = out.last_mut().filter(|_| is_side(piece)) {
            last.end = span.end;
            continue;
        }
        let lead = usize::from(text[span.clone()].starts_with("and ")) * 4;
        out.push(span.start + lead..span.end);
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn what_parts_the_items_of_a_line() {
        for (text, want) in [
            (
                "Diagnosis: T2DM uncontrolled / HTN / diabetic neuropathy\n",
                "T2DM uncontrolled; HTN; diabetic neuropathy",
            ),
            ("Diagnosis: AKI on CKD 4\n", "AKI; CKD 4"),
            ("Diagnosis: Essential HTN, T2DM\n", "Essential HTN; T2DM"),
            (
                "Diagnosis: acute on chronic kidney disease\n",
                "acute on chronic kidney disease",
            ),
            ("Diagnosis: Cataract, left\n", "Cataract, left"),
            (
                "FINAL DIAGNOSIS\nA. Skin, left forearm, shave biopsy: Basal cell carcinoma, nodular type\n",
                "Basal cell carcinoma, nodular type",
            ),
            (
                "PROBLEM LIST                  STATUS\nPrematurity, 31 weeks         ongoing\nAsthma                        last attack 9 days ago; inhaler stopped\n",
                "Prematurity, 31 weeks; Asthma",
            ),
            (
                "Diagnosis: Severe exacerbation of asthma triggered by viral URTI\n",
                "Severe exacerbation of asthma; viral URTI",
            ),
            ("Diagnosis: Asthma / COPD overlap\n", "Asthma; COPD overlap"),
        ] {
            let told = told(text, "diagnosis", ["text"]).concat();
            assert_eq!(told.join("; "), want, "{text}");
        }
    }
}
