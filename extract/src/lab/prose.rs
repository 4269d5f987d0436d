//! Results in running text and in lists without a heading.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Assertion, DocumentKind};

use super::{
    accept::{is_fluid, is_in_pieces, is_vital_or_sum, looks_like_sig},
    cells::{self, Cell, CellKind},
    cultures,
    parts::Parts,
    serology, trend,
};
use crate::{context::Context, draft::Draft, layout::Span, sections::SectionKind};

mod between;
mod named;
mod otherwise;

pub(super) use between::next_test;
use between::{ASIDE, LINK, end_of_result, leads_to_test};
use named::{
    ends_drug, is_a_unit, is_given, is_named, is_telephone, parted, test_at, without_level,
};
pub(super) use otherwise::is_aim;
use otherwise::{BATH, DIPSTICK, is_a_time, is_limit, is_measured, stands_alone};

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
    let mut sera = cultures::found(context, &line);
    let cultured: Vec<Span> = sera.iter().map(Draft::span).collect();
    let others = serology::found(context, &line).into_iter();
    sera.extend(others.filter(|other| !cultured.iter().any(|own| overlap(own, &other.span()))));
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
            || is_given(text, &name)
            || is_a_unit(text, &name)
            || is_telephone(text, &name)
        {
            continue;
        }
        let name = without_level(context, name);
        let line = reach(context, index, &name, &line);
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
        if let Some(other) = trend::from(text, test.name.end..test.first().span.start)
            && let Some(parts) = Parts::of(text, &other.cells, None)
        {
            let mut draft = parts.draft(context, &test.name, true, None);
            draft.assertion = Assertion::Historical;
            out.push(draft);
        }
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

/// The line of a test; with the one below where the sentence goes on there before the value: `… and potassium` /
/// `was 5.2 mmol/L`.
fn reach(context: &Context, index: usize, name: &Span, line: &Span) -> Span {
    static TAIL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:\s+(?:level|count))?(?:\s+(?:is|was|were|of|at|has|had|now|remains|remained|came)(?:\s+(?:at|now|gone|risen|fallen|dropped|come|improved|back))?)?$")
            .expect("a valid expression")
    });
    const FULL: usize = 50;
    let layout = &context.layout;
    let next = layout.lines.get(index + 1);
    static ITEM: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[0-9]{1,2}[.)](?:\s|$)").expect("a valid expression"));
    let sentence = |line: &crate::layout::Line| {
        let printed = layout.get(&line.span);
        line.cells.len() == 1
            && printed.starts_with(char::is_alphanumeric)
            && !ITEM.is_match(printed)
    };
    let Some(next) = next.filter(|next| sentence(next) && next.page == layout.lines[index].page)
    else {
        return line.clone();
    };
    let full = layout.lines[index]
        .cells
        .last()
        .is_some_and(|cell| cell.len() >= FULL && cell.end == line.end);
    if full && TAIL.is_match(&layout.text[name.end..line.end]) {
        line.start..next.span.end
    } else {
        line.clone()
    }
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
                && (between || !context.lexicon.is_drug(printed) || self.is_salt_then())
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

    /// `Potassium was 3.1 on admission`: also the name of a drug, which nobody takes so.
    fn is_salt_then(&self) -> bool {
        const SALTS: [&str; 5] = ["potassium", "sodium", "magnesium", "calcium", "phosphate"];
        let rest = &self.context.layout.text[self.first().span.end..self.line.end];
        let then = [
            "on admission",
            "on arrival",
            "at presentation",
            "on presentation",
        ];
        let told = rest.trim_start().to_lowercase().replace('\n', " ");
        SALTS.contains(&&*self.printed().to_lowercase())
            && !self.link.trim().is_empty()
            && then.iter().any(|moment| told.starts_with(moment))
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

fn overlap(a: &Span, b: &Span) -> bool {
    a.start < b.end && b.start < a.end
}
