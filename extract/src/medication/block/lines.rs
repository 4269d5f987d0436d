//! Does a line below a mention go on with it? Lines that speak the language of prescriptions do; items, labels and the
//! headings of a chart's parts do not.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    context::Context,
    labels::Target,
    layout::Layout,
    sections::{SectionKind, item_mark},
    sig::{Found, repair},
};

pub(super) fn speaks_of_sig(context: &Context, last: usize, line: usize) -> bool {
    static LEAD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:sig(?:na)?|directions?|dir|instructions?|duration|qty|quantity|disp(?:ense)?|refills?|rf|take|apply|inhale|inject|use|give|chew|insert|instil+|place|dissolve|swallow|dosage|dose|route|frequency|how often|strength|form|days'? supply|supply|mitte|repeats?|daw|#|reason|label|usage|for|administer|mix|drink|swish|instill|to be taken|then|max(?:imum)?)\b\s*[:.#]?|^#|^s:\s").expect("a valid expression")
    });
    let layout = &context.layout;
    let text = layout.line(line);
    if item_mark(text) > 0 && text.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    // `PRN: oxycodone`, and `As required` further to the left than the drugs below it, are headings.
    static WHEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:p\.?r\.?n\.?|(?:as|when|if) (?:required|needed)|regular|stat|once only|anticipatory)(?: (?:medic\w+|drugs|doses))?\s*(:|$)")
            .expect("a valid expression")
    });
    let outdented = || layout.indent(line) < layout.indent(last);
    if WHEN
        .captures(text)
        .is_some_and(|found| !found[1].is_empty() || outdented() || is_in_parts(layout))
    {
        return false;
    }
    let heading = context.labels_on(line).any(|(_, label)| {
        label.at_start
            && (label.colon || label.alone)
            && !matches!(
                label.target,
                Target::Stop | Target::Section(SectionKind::Instructions)
            )
    });
    let date_label = context
        .dates
        .iter()
        .any(|d| layout.line_at(d.span.start) == line);
    if heading || date_label || text.starts_with("***") {
        return false;
    }
    let span = layout.lines[line].span.clone();
    // With the break before it, behind which a bare count may stand: `One at night`.
    let broken = layout.text[..span.start].ends_with('\n');
    let found: Vec<Found> =
        repair::scan(layout.text, span.start - usize::from(broken)..span.end, &[])
            .into_iter()
            .map(|read| read.found)
            .collect();
    let covered: usize = found.iter().map(|f| f.span.len()).sum();
    if LEAD.is_match(text) && (covered > 0 || text.len() < 80) {
        return true;
    }
    let starts = found
        .first()
        .is_some_and(|f| f.span.start <= span.start + 2);
    let above = layout.line(last).trim_end();
    let open = !above.ends_with('.')
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    (starts && covered * 3 >= span.len()) || (open && covered > 0)
}

/// Does another line say `REGULAR`, `ONCE ONLY` or the like and nothing else? Then the chart is in such parts, and a
/// lone `PRN` heads one of them.
fn is_in_parts(layout: &Layout) -> bool {
    static PART: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:regular|once only|stat(?: doses?)?|variable dose|anticipatory|antimicrobials?|scheduled|routine)(?: (?:medic\w+|drugs|doses|prescriptions))?\s*:?$")
            .expect("a valid expression")
    });
    layout
        .lines
        .iter()
        .any(|line| PART.is_match(layout.get(&line.span)))
}
