//! People of a letter: its head, its address and its opening.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DateRole, DocumentKind, IdRole, PersonRole as Role};

use super::{
    Found, is_organisation,
    labels::names_house,
    role::heads_visit,
    same::{key, same_name},
};
use crate::{context::Context, labels::Target, layout::Span, names};

/// A line that is a physician's name with a degree, without a label.
pub(super) fn from_letterhead(context: &Context, found: &mut Vec<Found>) {
    let layout = &context.layout;
    let text = layout.text;
    let lines = layout.lines.len();
    for (index, line) in layout.lines.iter().enumerate() {
        for cell in &line.cells {
            let Some(name) = names::at_start(text, cell) else {
                continue;
            };
            let title = text[cell.start..name.start].to_lowercase();
            // `Dr Meadows, Hillside Surgery`: behind the comma stands the practice.
            let comma = text[name.clone()]
                .find(", ")
                .filter(|_| names_house(text, &name));
            let name = name.start..comma.map_or(name.end, |comma| name.start + comma);
            let doctor = title.starts_with("dr") || title.contains("prof");
            let starts = name.start - cell.start <= 5;
            let short = cell.len() < 90;
            if !starts
                || !short
                || !(names::has_degree(text, name.end)
                    || doctor && cell.len() - (name.end - cell.start) < 30)
            {
                continue;
            }
            let known = found
                .iter()
                .position(|(_, other, _)| same_name(text, other, &name));
            // `Dear Dr. Ni Bhriain` has no more than the family name, which may be two words.
            if let Some(k) = known
                && (found[k].0 == Role::Recipient && fuller(text, &name, &found[k].1)
                    || key(&text[found[k].1.clone()]).len() == 1
                        && (key(&text[name.clone()]).len() > 1 || fuller(text, &name, &found[k].1)))
            {
                found[k].1 = name.clone();
            }
            let known = known.is_some();
            let labelled = context
                .labels_on(index)
                .any(|(_, l)| l.span.start >= cell.start && l.span.end <= name.end);
            if known || labelled || is_organisation(context, &name) {
                continue;
            }
            // A note may have few lines: who stands on the last of them closes it.
            let top = index < 8 && index + 2 < lines && index * 3 < lines * 2;
            let role = match context.kind {
                _ if beside(context, index, |target| {
                    target == Target::Id(IdRole::RxNumber)
                }) =>
                {
                    Role::Prescriber
                }
                DocumentKind::Prescription => Role::Prescriber,
                // `DOB 12/24/1962   Drawn 04/30/2024   Dr. Heriberto Sanjurjo`.
                DocumentKind::LabReport
                    if doctor
                        && beside(context, index, |target| {
                            target == Target::Date(DateRole::Collected)
                        }) =>
                {
                    Role::Ordering
                }
                // Who decides on a claim for the insurer treats nobody.
                DocumentKind::InsuranceForm if decides(context, index) => Role::Authoriser,
                // `Mr R. Sedgwick FRCS` above an invoice: whose services are charged.
                DocumentKind::InsuranceForm if top && names::has_degree(text, name.end) => {
                    Role::Attending
                }
                DocumentKind::ReferralLetter if index + 12 > lines || !top => Role::Referring,
                DocumentKind::DischargeSummary if !top => Role::Attending,
                // Who closes a report answers for it.
                DocumentKind::LabReport | DocumentKind::Imaging
                    if !top && index + 6 > lines && names::has_degree(text, name.end) =>
                {
                    Role::Authoriser
                }
                // Who closes a note wrote it.
                DocumentKind::Other
                    if !top && index + 6 > lines && !is_reporter(&text[name.end..cell.end]) =>
                {
                    Role::Attending
                }
                DocumentKind::Other | DocumentKind::DischargeSummary
                    if heads_visit(context, &name) =>
                {
                    Role::Attending
                }
                _ => Role::Other,
            };
            let taken = matches!(
                role,
                Role::Prescriber | Role::Attending | Role::Referring | Role::Ordering
            ) && found.iter().any(|(r, _, _)| *r == role);
            found.push((if taken { Role::Other } else { role }, name, 0.8));
        }
    }
}

/// `Medical Director, Kestrel Health` below the name.
fn decides(context: &Context, index: usize) -> bool {
    static OFFICE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:(?:chief|associate|senior) )?medical (?:director|reviewer|officer|adviser|advisor)\b")
            .expect("a valid expression")
    });
    let below = context.layout.below(index);
    below.is_some_and(|below| OFFICE.is_match(context.layout.line(below)))
}

/// `Dear Mr Fairweather`: is it who bears this name?
fn is_called(opening: &str, name: &str) -> bool {
    static DEAR: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\W*dear (?:dr|prof(?:essor)?|mr|mrs|ms|miss|sister|doctor)\b\.?\s+([\p{L}'’-]+(?: [\p{L}'’-]+)?)[,:]?\s*$")
            .expect("a valid expression")
    });
    DEAR.captures(opening).is_some_and(|found| {
        let before = name.strip_suffix(&found[1]);
        before.is_some_and(|before| before.ends_with(' ') || before.is_empty())
    })
}

/// Does a label of this kind stand on the line?
fn beside(context: &Context, index: usize, kind: impl Fn(Target) -> bool) -> bool {
    context
        .labels_on(index)
        .any(|(_, label)| kind(label.target))
}

/// `, Consultant Radiologist`: who reports on pictures and samples treats nobody.
fn is_reporter(rest: &str) -> bool {
    static TRADE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:radiolog|patholog|microbiolog|sonograph|pharmac|biochem)")
            .expect("a valid expression")
    });
    TRADE.is_match(rest)
}

/// `H. Prosser` says more than `Prosser`.
fn fuller(text: &str, name: &Span, known: &Span) -> bool {
    let words = |span: &Span| text[span.clone()].split_whitespace().count();
    words(name) > words(known)
}

/// `Dr K Oyebanji, Fernhill Practice` above `Re: …` or `Dear …`: whom a letter is for.
pub(super) fn addressee(context: &Context, found: &mut [Found]) {
    static OPENING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\W*(?:re\b|dear\b|t[eē]n[aā] koe\b|kia ora\b)")
            .expect("a valid expression")
    });
    if found.iter().any(|(role, _, _)| *role == Role::Recipient) {
        return;
    }
    let layout = &context.layout;
    let openings = || (0..layout.lines.len().min(14)).filter(|i| OPENING.is_match(layout.line(*i)));
    let called = found.iter_mut().find(|(role, name, _)| {
        let name = layout.get(name);
        *role == Role::Other && openings().any(|opening| is_called(layout.line(opening), name))
    });
    if let Some((role, _, _)) = called {
        *role = Role::Recipient;
        return;
    }
    let Some(opening) = openings().next() else {
        return;
    };
    let addressed = found.iter_mut().find(|(role, name, _)| {
        let line = layout.line_at(name.start);
        let start = layout.lines[line].span.start;
        let lead = layout.text[start..name.start].trim();
        let titled =
            lead.is_empty() || matches!(lead, "Dr" | "Dr." | "Prof" | "Mr" | "Ms" | "Mrs" | "Miss");
        *role == Role::Other && titled && line < opening && opening - line <= 4
    });
    if let Some((role, _, _)) = addressed {
        *role = Role::Recipient;
    }
}

/// `Dear Mr Hollingberry`: surgeons and dentists have no other title. Nobody, where the letter names no patient besides,
/// for then the patient is whom it speaks to.
pub(super) fn addressed_by_surname(context: &Context, found: &mut Vec<Found>) {
    static SALUTATION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^\s*Dear (?:Mr|Mrs|Ms|Miss|Sister)\.? (\p{Lu}[\p{L}'’-]+),?\s*$")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    let Some(name) = SALUTATION.captures(text).and_then(|found| found.get(1)) else {
        return;
    };
    let name = name.range();
    let has = |role: Role| found.iter().any(|(other, _, _)| *other == role);
    let known = found
        .iter()
        .any(|(_, other, _)| same_name(text, other, &name));
    if has(Role::Patient) && !has(Role::Recipient) && !known {
        found.push((Role::Recipient, name, 0.85));
    }
}

/// `Dear Lachlan`, below the address of Dr Lachlan Prentice: colleagues write to one another by first names.
pub(super) fn from_first_name(context: &Context, found: &mut [Found]) {
    static SALUTATION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?m)^\s*Dear (\p{Lu}[\p{L}'’-]+)\s*[,:]?\s*$").expect("a valid expression")
    });
    let text = context.layout.text;
    let Some(name) = SALUTATION.captures(text).and_then(|found| found.get(1)) else {
        return;
    };
    if found.iter().any(|(role, _, _)| *role == Role::Recipient) {
        return;
    }
    let addressed = found.iter_mut().find(|(role, place, _)| {
        place.end < name.start()
            && *role != Role::Patient
            && text[place.clone()].split(' ').next() == Some(name.as_str())
    });
    if let Some((role, _, _)) = addressed {
        *role = Role::Recipient;
    }
}
