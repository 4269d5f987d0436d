//! Results side by side on a line, each with its name: `Color:  Amber      RBC:  18-20 /hpf`,
//! `Nitrite   Positive   (Neg)      RBCs   2-4 /hpf`.

use crate::{context::Context, labels, layout::Span};

/// The parts of a line, each with one result; the whole line where it has not several names, one of them known.
pub(super) fn parts(context: &Context, line: &Span) -> Vec<Span> {
    let layout = &context.layout;
    let cells = &layout.lines[layout.line_at(line.start)].cells;
    let cells = || cells.iter().filter(|cell| cell.start >= line.start);
    let named: Vec<(usize, &str)> = cells()
        .filter_map(|cell| {
            let said = layout.get(cell);
            let alone = || context.lexicon.is_analyte(said).then_some(said);
            Some((cell.start, name(said).or_else(alone)?))
        })
        .collect();
    // A name that stands behind another is no result of it.
    let results = named.windows(2).all(|pair| {
        let between = layout.text[pair[0].0..pair[1].0].trim_end();
        between.len() > pair[0].1.len() + 1
    });
    // Where all results stand right behind their colons, the line reads like a sentence.
    let columns = cells().any(|cell| {
        let said = layout.get(cell);
        said.ends_with(':') || context.lexicon.is_analyte(said)
    });
    let known = named
        .iter()
        .any(|(_, name)| context.lexicon.is_analyte(name));
    if named.len() < 2
        || !results
        || !columns
        || !known
        || !layout.get(&(line.start..named[0].0)).trim().is_empty()
    {
        return vec![line.clone()];
    }
    let ends = named[1..].iter().map(|(start, _)| *start).chain([line.end]);
    named
        .iter()
        .zip(ends)
        .map(|((start, _), end)| crate::layout::trim(layout.text, *start..end))
        .collect()
}

/// What a cell names before a colon, if that is no label of a form.
fn name(cell: &str) -> Option<&str> {
    let (name, _) = cell.split_once(':')?;
    let name = name.trim();
    let label = labels::exact(&labels::letters(name)).is_some();
    (name.contains(char::is_alphabetic) && !label).then_some(name)
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn two_lists_side_by_side() {
        let text = "URINALYSIS\nColor:         Amber             RBC:   18-20 /hpf\nTransparency:  Hazy              WBC:   2-4 /hpf\npH:            6.0               Mucus threads: Moderate\n";
        assert_eq!(
            told(text, "lab", ["name", "value"]),
            [
                ["Color", "Amber"],
                ["RBC", "18-20"],
                ["Transparency", "Hazy"],
                ["WBC", "2-4"],
                ["pH", "6.0"],
                ["Mucus threads", "Moderate"],
            ]
        );
    }
}
