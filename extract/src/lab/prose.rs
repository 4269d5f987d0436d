//! Results in running text and in lists without a heading.

use std::sync::LazyLock;

use regex::Regex;

use schemas::{Assertion, DocumentKind, Fact};

use super::{
    accept::{is_fluid, is_in_pieces, is_vital_or_sum, looks_like_sig},
    cells::{self, Cell, CellKind},
    parts::Parts,
    serology, trend,
};
use crate::{
    context::Context,
    draft::Draft,
    layout::{Span, trim_by},
    lexicon::key,
    sections::SectionKind,
};

/// What may stand between the name of a test and its result.
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    // `has come down from 890 to 140`: the last of them counts.
    let changed = r"(?:(?:has|have|had)\s+)?(?:since\s+|now\s+)?(?:rose|risen|fell|fallen|dropped|improved|increased|decreased|settled|climbed|come down|came down|gone up|went up|gone down|went down)\s+(?:from\s+[<>]?[0-9]+(?:\.[0-9]+)?(?:\s?%|\s?[a-zµ]+/[a-z0-9.]+)?\s+)?to";
    // `ESR on 01/07/2025 was 92`.
    let day = r"(?:[0-9]{1,4}[/.-](?:[0-9]{1,2}|[a-z]{3,9})[/.-][0-9]{1,4}|[0-9]{1,2} [a-z]{3,9},?(?: [0-9]{4})?|[a-z]{3,9} [0-9]{1,2}(?:, [0-9]{4})?|[0-9]{1,2}/[0-9]{1,2})";
    // `Cl-: 101`.
    let pattern = r"(?i)^-?(?:\s*(?:level|count|value|result|reading)?\s*(?:(?:(?:from|taken|dated) |(?:taken |dated )?on )DAY(?:,?\s+(?:was|is|were)\s+|:\s*)|(?:(?:on (?:admission|discharge|arrival)|at (?:admission|discharge|reaction|baseline|presentation)|today|initially|now|(?:peaked|remained) at|(?:rose|fell|improved|came down|went up) to|CHANGED)\s*)?(?::|=|of|was|is|at|were|\(|[-–]\s)?\s*)|\s+)";
    let pattern = pattern.replace("CHANGED", changed).replace("DAY", day);
    Regex::new(&pattern).expect("a valid expression")
});

/// `WBC 8.2, Hgb 13.4 g/dL`, `creatinine was 1.4 mg/dL`.
pub(super) fn in_prose(
    context: &Context,
    index: usize,
    among_results: bool,
    before: &[Draft],
) -> Vec<Draft> {
    let layout = &context.layout;
    let text = layout.text;
    let line = layout.lines[index].span.clone();
    let bath = BATH.find(&text[line.clone()]);
    let line = line.start..bath.map_or(line.end, |bath| line.start + bath.start());
    let words: Vec<Span> = parted(text, &layout.lines[index].words);
    let words: Vec<Span> = words
        .into_iter()
        .filter(|word| word.end <= line.end)
        .collect();
    let sera = serology::found(context, &line);
    let mut out: Vec<Draft> = Vec::new();
    let mut i = 0;
    while i < words.len() {
        let Some((n, name)) = test_at(context, &words[i..]) else {
            i += 1;
            continue;
        };
        i += n;
        let in_serum = sera.iter().any(|serum| overlap(&serum.span(), &name));
        // `Tryptase at reaction`: when it was taken.
        let moment = text[line.start..name.start].ends_with("at ");
        if in_serum
            || moment
            || is_limit(&text[line.start..name.start])
            || ends_drug(context, line.start, &name)
        {
            continue;
        }
        let name = without_level(context, name);
        let Some(test) = Test::behind(context, &line, name, among_results) else {
            continue;
        };
        let chained = test.is_chained(before, &out);
        if !test.has_result(chained, &out) {
            continue;
        }
        let Some(parts) = Parts::of(text, &test.cells, None) else {
            continue;
        };
        out.push(parts.draft(context, &test.name, true, None));
        let first = test.first().span.end;
        let behind = test.cells.last().map_or(first, |cell| cell.span.end);
        for other in trend::others(text, first..behind, line.end) {
            if let Some(parts) = Parts::of(text, &other.cells, None) {
                let mut draft = parts.draft(context, &test.name, true, None);
                if other.former {
                    draft.assertion = Assertion::Historical;
                }
                out.push(draft);
            }
        }
    }
    out.extend(sera);
    out
}

/// `Na 138/K 4.4`: a slash between a number and a letter parts words.
fn parted(text: &str, words: &[Span]) -> Vec<Span> {
    let mut out = Vec::with_capacity(words.len());
    for word in words {
        let cut = text[word.clone()].find('/').filter(|cut| {
            let before = &text[word.start..word.start + cut];
            let behind = &text[word.start + cut + 1..word.end];
            before.ends_with(|c: char| c.is_ascii_digit()) && behind.starts_with(char::is_uppercase)
        });
        match cut {
            Some(cut) => out.extend([word.start..word.start + cut, word.start + cut + 1..word.end]),
            None => out.push(word.clone()),
        }
    }
    out
}

/// The longest name of a test that these words begin with, and of how many of them.
fn test_at(context: &Context, words: &[Span]) -> Option<(usize, Span)> {
    const LONGEST: usize = 4;
    const MARKS: &str = ":|,();.=<>≤≥-–•*/↑↓→[]";
    let text = context.layout.text;
    (1..=LONGEST.min(words.len())).rev().find_map(|n| {
        let span = trim_by(text, words[0].start..words[n - 1].end, |c| {
            c.is_whitespace() || MARKS.contains(c)
        });
        let name = &text[span.clone()];
        // `Dipstick: blood ++`, `VBG: pH 7.31`: a name goes over no colon.
        let whole = !span.is_empty() && ![": ", "; ", "\t"].iter().any(|gap| name.contains(gap));
        let named = || context.lexicon.is_analyte(name) || is_drug_level(context, name);
        (whole && named()).then_some((n, span))
    })
}

/// `Gentamicin trough`, `vancomycin peak level`: how much of a drug is in the blood.
fn is_drug_level(context: &Context, name: &str) -> bool {
    let lower = name.to_lowercase();
    let drug = lower.strip_suffix(" level").unwrap_or(&lower);
    let timed = [" trough", " peak"]
        .iter()
        .find_map(|when| drug.strip_suffix(when));
    timed.is_some_and(|drug| context.lexicon.is_drug(drug))
}

/// A test that a line names, and what stands behind it.
struct Test<'a> {
    context: &'a Context<'a>,
    line: Span,
    name: Span,
    /// What stands between the name and the cells.
    link: &'a str,
    /// Never empty.
    cells: Vec<Cell>,
    section: Option<SectionKind>,
    /// Results are to be expected here.
    lab_place: bool,
}

impl<'a> Test<'a> {
    /// None where nothing behind the name looks like a result.
    fn behind(
        context: &'a Context<'a>,
        line: &Span,
        name: Span,
        among_results: bool,
    ) -> Option<Self> {
        let text = context.layout.text;
        let link = LINK.find(&text[name.end..line.end])?;
        let from = name.end + link.end();
        let stop = text[from..line.end]
            .find([';', '\t', '|'])
            .map_or(line.end, |k| from + k);
        // `K 3.4 (L), Mg 1.6`: what the next test is called is no unit of this one.
        let stop = next_test(context, &(from..stop)).unwrap_or(stop);
        let mut cells = cells::scan_run(text, from..stop);
        if let Some(end) = end_of_result(text, &cells) {
            cells.truncate(end);
        }
        if cells.is_empty() || cells.iter().any(|cell| is_in_pieces(text, cell)) {
            return None;
        }
        let section = context.section(name.start);
        Some(Self {
            context,
            line: line.clone(),
            link: link.as_str(),
            cells,
            section,
            lab_place: among_results
                || section == Some(SectionKind::Labs)
                || context.kind == DocumentKind::LabReport,
            name,
        })
    }

    fn first(&self) -> &Cell {
        &self.cells[0]
    }

    fn printed(&self) -> &str {
        &self.context.layout.text[self.name.clone()]
    }

    /// `CRP 186 mg/L, WCC 17.2`: what follows a result after a comma, or precedes one, is one too; so is a further
    /// value of a test that has results.
    fn is_chained(&self, before: &[Draft], out: &[Draft]) -> bool {
        let text = self.context.layout.text;
        let rest = &text[self.first().span.end..self.line.end];
        self.follows(out)
            || leads_to_test(self.context, &ASIDE.replace(rest, ""))
            || trend::follows(text, self.first().span.end..self.line.end)
            || is_named(self.printed(), before.iter().chain(out))
    }

    /// Does only a joint stand between the last result and this one?
    fn follows(&self, out: &[Draft]) -> bool {
        const JOINTS: [&str; 14] = [
            "with a", "with an", "and a", "and an", ", a", "with", ",", ";", ", and", "and", ";\t",
            "", "/", ".",
        ];
        let text = self.context.layout.text;
        out.last()
            .and_then(|last| text.get(last.span().end..self.name.start))
            .is_some_and(|between| {
                let gap = ASIDE.replace(between, "");
                let gap = gap.trim_start_matches(['H', 'L', '*', ')']).trim();
                JOINTS.contains(&gap) || gap == "|"
            })
    }

    /// Do the cells tell a result of the test, and no sig, fluid or sum?
    fn has_result(&self, chained: bool, out: &[Draft]) -> bool {
        let others = !out.is_empty();
        // `Sodium 139, Potassium 4.0, Creatinine 0.82`: no drug stands between results.
        let rest = &self.context.layout.text[self.first().span.end..self.line.end];
        let between = self.follows(out) && leads_to_test(self.context, &ASIDE.replace(rest, ""));
        let (context, text) = (self.context, self.context.layout.text);
        let among_drugs = self.section == Some(SectionKind::Medications);
        let measured =
            among_drugs && (is_measured(context, self.printed(), &self.cells) || chained && others);
        (self.is_number(chained, between) || self.is_word(among_drugs))
            && !is_fluid(text, &self.name, &self.cells)
            && (!among_drugs || measured)
            && (measured || !looks_like_sig(context, &self.name, &self.clause(), false))
    }

    /// A number with its unit; without one, where results stand or others are told beside it.
    fn is_number(&self, chained: bool, between: bool) -> bool {
        const LONGEST: usize = 8;
        let (context, text) = (self.context, self.context.layout.text);
        let (printed, first) = (self.printed(), self.first());
        let unit = self.cells.iter().any(|c| c.kind == CellKind::Unit);
        let flagged = self.cells.get(1).is_some_and(|c| {
            c.kind == CellKind::Flag
                && (text[..c.span.end].ends_with(')') || text[c.span.clone()].contains('('))
        });
        let upper = printed.contains(char::is_uppercase);
        let number = matches!(first.kind, CellKind::Number)
            || first.kind == CellKind::Range && unit && self.lab_place;
        let rest = &text[first.span.end..];
        let bare = || {
            (upper || chained && printed.len() > 2)
                && (printed.len() > 2 || chained || flagged)
                && !is_vital_or_sum(printed)
                && (between || !context.lexicon.is_drug(printed))
                && first.span.len() < LONGEST
                && (rest.is_empty()
                    || rest.starts_with([',', '.', ';', ' ', ')', '\n', '|', '/', '\t']))
                && (chained
                    || flagged
                    || !self.link.trim().is_empty()
                    || stands_alone(printed, &text[first.span.end..self.line.end]))
        };
        number && !is_a_time(rest) && (unit || self.lab_place && upper || bare())
    }

    /// A result that is a word, where results stand or a dipstick is told of.
    fn is_word(&self, among_drugs: bool) -> bool {
        let text = self.context.layout.text;
        let upper = self.printed().contains(char::is_uppercase);
        let listed = text[..self.name.start].trim_end().ends_with([',', ':']);
        let dipped = DIPSTICK.is_match(&text[self.line.start..self.name.end]);
        self.first().kind == CellKind::Word
            && (self.lab_place && (upper || listed) || dipped && !among_drugs)
    }

    /// From the name to the end of its clause.
    fn clause(&self) -> Span {
        let text = self.context.layout.text;
        let first = self.first().span.end;
        let sentence = text[self.name.start..self.line.end].find(". ");
        let end = sentence.map_or(self.line.end, |at| self.name.start + at);
        let clause = text[first..self.line.end].find([',', ';', '|', '\t']);
        let end = clause.map_or(end, |at| end.min(first + at).max(self.name.end));
        self.name.start..end
    }
}

/// `stop if WBC < 3.5, neutrophils < 1.6`: what would have to be found for something to be done.
fn is_limit(before: &str) -> bool {
    static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:if|unless|whenever|until|(?:hold|stop|delay|omit|withhold|call|notify|inform|transfuse|treat) (?:for|when))\b(?:[^.;]|\.[0-9])*$")
            .expect("a valid expression")
    });
    static BOUND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:is|was|were|has|had|came|showed)\b").expect("a valid expression")
    });
    // `Target INR 2.5 (2.0 - 3.0)`: what is aimed at.
    static AIM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:target|goal|aim(?:ing)?(?: for)?|desired|therapeutic|keep|maintain)(?: range)?(?: (?:of|for))?\s*[:=]?\s*$")
            .expect("a valid expression")
    });
    if AIM.is_match(before) {
        return true;
    }
    let condition = CONDITION.find(before);
    condition.is_some_and(|found| !BOUND.is_match(found.as_str()))
}

/// `Recheck K+ 1 week`: the number tells when, and of nothing that was found.
fn is_a_time(rest: &str) -> bool {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s?(?:/(?:7|52|12)\b|(?:weeks?|wks?|days?|months?|mths?|years?|yrs?|hours?|hrs?|times|weekly|monthly|yearly|hourly)\b)")
            .expect("a valid expression")
    });
    TIME.is_match(rest)
}

/// `INR 2.6 (08/05/2025)`: a test that has no unit, and nothing goes on behind its number.
fn stands_alone(printed: &str, rest: &str) -> bool {
    let unitless = matches!(
        &*printed.to_lowercase(),
        "inr" | "egfr" | "hba1c" | "a1c" | "crp" | "tsh" | "bnp"
    );
    let rest = rest.trim_start();
    unitless && (rest.is_empty() || rest.starts_with(['(', ',', ';', '.']))
}

/// What a fluid is made of is nobody's result.
static BATH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(?:dialysis (?:fluid|bath|prescription)|bath|replacement fluid|TPN|parenteral nutrition|feeds?)\b|\b(?:dialysate|dialysis bath)\s*:?")
        .expect("a valid expression")
});
/// Words before results that are words.
static DIPSTICK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:urine|dip(?:stick)?|urinalysis|u/a|ua)\b").expect("a valid expression")
});
/// `(baseline 1.2)` behind a result.
static ASIDE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[HL*]?\s*\([^()]{1,25}\)").expect("a valid expression"));

fn overlap(a: &Span, b: &Span) -> bool {
    a.start < b.end && b.start < a.end
}

/// `lithium level was 0.62 mmol/L` names the lithium.
fn without_level(context: &Context, name: Span) -> Span {
    let printed = &context.layout.text[name.clone()];
    let cut = printed.len().saturating_sub(" level".len());
    let bare = printed.get(..cut).map(str::trim_end);
    let level = printed
        .get(cut..)
        .is_some_and(|end| end.eq_ignore_ascii_case(" level"));
    match bare.filter(|bare| level && context.lexicon.is_analyte(bare)) {
        Some(bare) => name.start..name.start + bare.len(),
        None => name,
    }
}

/// The document has a result of this test already.
fn is_named<'a>(printed: &str, before: impl IntoIterator<Item = &'a Draft>) -> bool {
    before.into_iter().any(|draft| {
        matches!(&draft.fact, Fact::Lab(lab) if lab.name.as_deref().is_some_and(|name| key(name) == key(printed)))
    })
}

/// `sodium chloride 0.9%`: the word before it makes a drug of it.
fn ends_drug(context: &Context, from: usize, name: &Span) -> bool {
    let text = context.layout.text;
    let before = text[from..name.start].trim_end_matches(' ');
    let word = before
        .rfind([' ', '\t', ',', ';', ':', '|', '('])
        .map_or(0, |at| at + 1);
    word < before.len() && context.lexicon.is_drug(&text[from + word..name.end])
}

/// Below a list of drugs: a concentration that is no drug's strength.
fn is_measured(context: &Context, printed: &str, cells: &[Cell]) -> bool {
    let text = context.layout.text;
    let unit = cells.iter().find(|c| c.kind == CellKind::Unit);
    let under = unit.and_then(|unit| {
        let unit = text[unit.span.clone()].to_lowercase();
        unit.split_once('/')
            .map(|(_, under)| under.trim().to_owned())
    });
    // No product holds so much in a litre of blood.
    let in_blood = under
        .as_deref()
        .is_some_and(|under| matches!(under, "l" | "dl" | "ul" | "mol" | "mmol"));
    let concentration = under.as_deref() == Some("ml");
    // Values that a list of drugs names without a unit; none of them is taken.
    let never_taken = matches!(
        &*printed.to_lowercase(),
        "inr" | "egfr" | "hba1c" | "a1c" | "tsh" | "crp" | "hdl" | "ldl"
    );
    in_blood || (concentration || never_taken) && !context.lexicon.is_any_drug(printed)
}

/// Where the result ends before its cells do: `CD4 612 (28%)` says the same anew, and no unit stands behind a comma.
fn end_of_result(text: &str, cells: &[Cell]) -> Option<usize> {
    (1..cells.len()).find(|n| {
        let gap = &text[cells[n - 1].span.end..cells[*n].span.start];
        let anew = cells[*n].kind == CellKind::Number && gap.contains('(');
        // `INR 3.4, 5 mg`: nor another number.
        anew || matches!(cells[*n].kind, CellKind::Unit | CellKind::Number) && gap.contains(',')
    })
}

/// Where what stands between the results of a line begins, before the next test with its number: `, `, a wide gap, a
/// bar, a slash.
pub(super) fn next_test(context: &Context, within: &Span) -> Option<usize> {
    static GAP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"[,;.] | {2,}|\t| ?\| ?| ?/ ?| and ").expect("a valid expression")
    });
    let text = context.layout.text;
    GAP.find_iter(&text[within.clone()])
        .filter(|gap| {
            text[within.start..within.start + gap.start()].contains(|c: char| c.is_ascii_digit())
        })
        .find(|gap| names_test(context, &text[within.start + gap.end()..within.end]))
        .map(|gap| within.start + gap.start())
}

/// Does a text begin with a test and its number?
fn names_test(context: &Context, text: &str) -> bool {
    const LONGEST: usize = 4;
    let link = |word: &&str| !matches!(*word, "was" | "were" | "is" | "are" | "of" | ":" | "=");
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(link)
        .take(LONGEST)
        .map(|word| {
            word.trim_start_matches(['*', '<', '>', '('])
                .trim_end_matches([':', '='])
        })
        .collect();
    (1..words.len()).any(|n| {
        words[n].starts_with(|c: char| c.is_ascii_digit())
            && context
                .lexicon
                .is_analyte(words[..n].join(" ").trim_end_matches(['-', '+']))
    })
}

/// `, ferritin 14 ug/L`: the next result follows behind a comma.
fn leads_to_test(context: &Context, rest: &str) -> bool {
    static JOINT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?: ?[HL*↑↓]{1,2})?(?: and |[,;.] | ?\| ?| ?/ ?|\t| +)")
            .expect("a valid expression")
    });
    JOINT
        .find(rest)
        .is_some_and(|joint| names_test(context, &rest[joint.end()..]))
}
