//! Forms number their fields and print captions over columns: neither is an item of a list.

use std::sync::LazyLock;

use regex::Regex;

use crate::layout::Layout;

/// `6. Allergies: penicillin` and below it `7. MBS items`: the next field of a form, and no item of a list, which begins
/// with its first number.
pub(super) fn numbered_otherwise(heading: &str, below: &str) -> bool {
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\s*\(?([0-9]{1,2})[.)]\s").expect("a valid expression"));
    static FIRST: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?:^|[^0-9])1[.)]").expect("a valid expression"));
    let number = NUMBER.captures(below).map(|found| found[1].to_owned());
    number.is_some_and(|number| number != "1" && !FIRST.is_match(heading))
}

/// Where the next field of a form begins that numbers its fields.
pub(super) fn end_of_field(layout: &Layout, line: usize, end: usize) -> usize {
    (line + 1..layout.lines.len())
        .take_while(|index| layout.lines[*index].span.start < end)
        .find(|index| numbered_otherwise(layout.line(line), layout.line(*index)))
        .map_or(end, |index| layout.lines[index].span.start)
}

/// `Final diagnosis      ICD-10      Status`: captions of the columns below and no content.
pub(super) fn is_captions(inline: &str) -> bool {
    static CAPTIONS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:(?:\(?ICD(?:[ -]?(?:9|10))?(?:[ -]?CM)?\)?(?: codes?)?|(?:rvs |cpt |dx )?codes?|status|onset|rank|type)(?:\s{2,}|\t|$))+$")
            .expect("a valid expression")
    });
    CAPTIONS.is_match(inline)
}

/// `Services      CPT      Tooth      Gross`: captions over services and what they cost.
pub(super) fn charges_below<'a>(cells: impl Iterator<Item = &'a str>) -> bool {
    static CAPTION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:cpt|hcpcs|codes?|qty|quantity|units?|gross|net|fees?(?: \(\S+\))?|amount|charges?|price|rate|cost|total|tooth|services?|items?|procedures?|description|medicare|fund|gap)$")
            .expect("a valid expression")
    });
    const LEAST: usize = 3;
    let cells: Vec<&str> = cells.collect();
    let captions = cells.iter().filter(|cell| CAPTION.is_match(cell)).count();
    cells.len() >= LEAST && captions >= LEAST && captions + 1 >= cells.len()
}

#[cfg(test)]
mod tests {
    use crate::probe::told;

    #[test]
    fn the_next_field_is_no_item() {
        let text = "6. Allergies on file: penicillin\n7. MBS items      49518  02.03.2026  surgeon\n9. Doctor's certificate: signs first evident to patient\n";
        assert_eq!(
            told(text, "allergy", ["substance"]).concat(),
            ["penicillin"]
        );
    }

    #[test]
    fn captions_are_no_diagnosis() {
        let text = "6. Admission diagnosis: Acute gastroenteritis\n7. Discharge diagnosis               ICD-10        RVS code\n    Asthma                            J45.9         -\n8. Total actual charges  P 18,430.50\n";
        let told = told(text, "diagnosis", ["text", "code"]).concat();
        assert_eq!(told.join(" "), "Acute gastroenteritis  Asthma J45.9");
    }
}
