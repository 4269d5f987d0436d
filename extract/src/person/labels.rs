//! People that a label names: `Patient: …`, `Ordered by …`, a plain `Name:` below a heading.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DocumentKind, Fact, Person, PersonRole as Role};

use super::{
    Found, copies, house, is_drug, is_organisation,
    role::{author, doctor, doctor_or_prescriber, is_family_doctor, signer},
    title,
};
use crate::{
    context::Context,
    draft::Draft,
    labels::{self, Label, Target},
    layout::{Layout, Span},
    names,
};

/// Whom the labels of the document name.
pub(super) fn from_labels(context: &Context) -> Vec<Found> {
    let mut found = Vec::new();
    for (n, label) in context.labels.iter().enumerate() {
        let Some(role) = role_of(context, n) else {
            continue;
        };
        let mut places = labels::places(&context.layout, &context.labels, n);
        // `Dear Doctor` names nobody, and below it the letter begins.
        if labels::letters(context.layout.get(&label.span)) == "dear" {
            let line = context.layout.lines[label.line].span.end;
            places.retain(|place| place.end <= line);
        }
        for place in &mut places {
            *place = behind_qualifier(&context.layout, place.clone());
        }
        let name = places.iter().find_map(|place| {
            let short = matches!(
                label.target,
                Target::Person(Role::Recipient | Role::Referring) | Target::Doctor
            );
            if short {
                names::titled(context.layout.text, place)
            } else {
                names::at_start(context.layout.text, place)
            }
        });
        let name = match name {
            Some(name) if role == Role::Patient => Some(with_first_name(context.layout.text, name)),
            name => name,
        };
        let from_to = matches!(
            label.target,
            Target::Person(Role::Recipient | Role::Referring)
        );
        let own = name.filter(|name| {
            !is_organisation(context, name) && !(from_to && house::is_house(&context.layout, name))
        });
        let of_practice = || {
            let place = places
                .first()
                .filter(|_| label.target == Target::Doctor || from_to)?;
            behind_practice(context.layout.text, place)
        };
        let Some(name) = own.or_else(of_practice) else {
            continue;
        };
        if is_organisation(context, &name)
            || names_house(context.layout.text, &name)
            || is_drug(context, &name)
        {
            continue;
        }
        let weak = !label.colon && !label.alone;
        let role = match role {
            Role::Other
                if matches!(
                    label.target,
                    Target::Signature | Target::Doctor | Target::Date(schemas::DateRole::Signed)
                ) =>
            {
                author(context, &name)
            }
            Role::Other if copies::is_label(context, n) && is_family_doctor(context, &name) => {
                Role::PrimaryCare
            }
            Role::Authoriser if title::heads_laboratory(context, &name) => Role::LabDirector,
            // `Consultant Physician` below the name at the head of a prescription.
            Role::Attending
                if context.kind == DocumentKind::Prescription
                    && !label.colon
                    && name.end <= label.span.start =>
            {
                Role::Prescriber
            }
            Role::Attending if title::is_seen_next(context, &name) => Role::FollowUpProvider,
            role => role,
        };
        if copies::is_label(context, n) {
            let more = copies::further(context, label, &name);
            found.extend(more.into_iter().map(|name| (Role::Other, name, 0.9)));
        }
        found.push((role, name, if weak { 0.85 } else { 0.96 }));
    }
    found
}

/// `DN  MARTHA OKAFOR MD`, `b  OKAFOR, MARTHA`: forms of claims print a qualifier or the letter of a field before a name.
fn behind_qualifier(layout: &Layout, place: Span) -> Span {
    static QUALIFIER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(?:D[NKQ]|[a-e])\s{2,}").expect("a valid expression"));
    let found = QUALIFIER.find(layout.get(&place));
    place.start + found.map_or(0, |found| found.end())..place.end
}

/// `Quiñones Batista, Nydia`: behind the comma that follows two family names stands the first one, when it ends its cell.
fn with_first_name(text: &str, name: Span) -> Span {
    static FIRST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^, ?(\p{Lu}\p{Ll}+)(?: \p{Lu}\.?)?(?:\t| {2}| \(|\n|$)")
            .expect("a valid expression")
    });
    let whole = text[name.clone()].contains(' ') && !text[name.clone()].contains(',');
    match FIRST.captures(&text[name.end..]) {
        Some(found) if whole && !names::is_no_name(&found[1].to_lowercase()) => {
            name.start..name.end + found[0].trim_end_matches([' ', '\t', '\n', '(']).len()
        }
        _ => name,
    }
}

/// `From: Oak Street Pharmacy`: the name ended where the words of houses begin.
pub(super) fn names_house(text: &str, name: &Span) -> bool {
    static HOUSE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^ (?:pharmacy|chemist|clinic|hospital|surgery|practice|health|healthcare|medical (?:center|centre|group|practice|arts|associates)|(?:internal|family|general|sports) medicine|pediatrics|paediatrics|cardiology|dermatology|orthop\w+|oncology|neurology|urology|laborator(?:y|ies)|infirmary|hospice|nursing|care (?:home|center|centre)|associates|outpatients?|imaging|diagnostics|trust)\b")
            .expect("a valid expression")
    });
    HOUSE.is_match(&text[name.end..])
}

/// `Orchard Pediatrics - Samuel Ikande MD`: who has a degree or a title behind the name of a practice.
fn behind_practice(text: &str, place: &Span) -> Option<Span> {
    static BETWEEN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\s[-–]\s|[,/;]\s").expect("a valid expression"));
    BETWEEN.find_iter(&text[place.clone()]).find_map(|gap| {
        let rest = place.start + gap.end()..place.end;
        let name = names::at_start(text, &rest)?;
        let titled = text[rest.start..name.start]
            .to_lowercase()
            .starts_with("dr");
        (titled || names::has_degree(text, name.end)).then_some(name)
    })
}

/// `Surname: REID   Forename: Timothy`, in either order.
pub(super) fn in_parts(context: &Context) -> Option<Draft> {
    const NAME_GAP: &str = r"(?i:\s*name)?(?:s|\(s\))?(?:\s*:\s*|\t\s*| {2,}|\s?\[\s?)";
    const PARTS: &str = r"(\p{Lu}[\p{L}'’-]+(?: \p{Lu}[\p{L}'’-]+){0,2})";
    static FIRST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(r"\b(?:(?i:forenames?|forename\(s\)|given names?|first names?) |(?i:names)\s*:\s*|(?i:forename|first|given){NAME_GAP}){PARTS}")).expect("a valid expression")
    });
    static LAST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(
            r"\b(?:(?i:surname|last name|family name) |(?i:surname|last|family){NAME_GAP}){PARTS}"
        ))
        .expect("a valid expression")
    });
    let text = context.layout.text;
    let (first, last) = (FIRST.captures(text)?.get(1)?, LAST.captures(text)?.get(1)?);
    let line = |part: &regex::Match| context.layout.line_at(part.start());
    if line(&first).abs_diff(line(&last)) > 1 {
        return None;
    }
    let person = Person {
        name: Some(format!("{} {}", first.as_str(), last.as_str())),
        role: Some(Role::Patient),
    };
    let draft = Draft::new(Fact::Person(person), 0.9);
    Some(draft.with("name", first.range()).with("name", last.range()))
}

fn role_of(context: &Context, n: usize) -> Option<Role> {
    let label = &context.labels[n];
    match label.target {
        Target::Person(role) => {
            let key = labels::letters(context.layout.get(&label.span));
            // Who goes through a list of drugs authorises no report.
            let report = matches!(
                context.kind,
                DocumentKind::LabReport | DocumentKind::Imaging | DocumentKind::Other
            );
            if role == Role::Authoriser
                && !report
                && matches!(&*key, "reviewedby" | "checkedby" | "verifiedby")
            {
                return Some(Role::Other);
            }
            // On a claim who has the clinician's label treats, on a prescription prescribes.
            if key == "clinician" {
                return Some(doctor_or_prescriber(context));
            }
            // `Attending: …   Resident: …`: a doctor, and of a home's papers the patient.
            if key == "resident" && has_doctor_beside(context, n) {
                return Some(Role::Other);
            }
            if key == "refby" && context.kind == DocumentKind::LabReport {
                return Some(Role::Ordering);
            }
            // What somebody reacts to is an agent, too.
            if key == "agent" && context.kind != DocumentKind::Prescription {
                return None;
            }
            if key == "employee" && context.kind != DocumentKind::InsuranceForm {
                return None;
            }
            if role == Role::Patient && key.starts_with("member") && names_a_patient(context) {
                return Some(Role::Insured);
            }
            if key.starts_with("enrollee") && !names_a_patient(context) {
                return Some(Role::Patient);
            }
            // `For Rosalind Tillman     Date 8/26/25` at the head of a prescription.
            let heads_pad = key == "for"
                && label.at_start
                && context.kind == DocumentKind::Prescription
                && context
                    .labels_on(label.line)
                    .any(|(_, other)| other.target == Target::PlainDate);
            let salutation = matches!(
                key.as_str(),
                "from" | "to" | "for" | "re" | "cc" | "subject" | "member" | "client"
            );
            // `This plan belongs to: …` is no address.
            let inside = key == "to" && !label.at_start;
            let in_table = key == "member" && fills_cell(context, label);
            (!salutation || heads_pad || in_table || label.colon && !inside).then_some(role)
        }
        // `Signed: C. Byrne (SHO)`.
        Target::Date(schemas::DateRole::Signed) => {
            let key = labels::letters(context.layout.get(&label.span));
            (key == "signed" && label.colon).then(|| signer(context))
        }
        Target::Doctor => Some(doctor(context)),
        Target::Signature => Some(signer(context)),
        Target::Name => {
            let key = labels::letters(context.layout.get(&label.span));
            let signs = key.contains("print").then(|| print_role(context, n));
            Some(signs.unwrap_or_else(|| heading_role(context, n)))
        }
        _ => None,
    }
}

/// `Member       Ottoline Farquhar        ID  KX-1`: a label fills its cell.
fn fills_cell(context: &Context, label: &Label) -> bool {
    let cells = &context.layout.lines[label.line].cells;
    cells.len() > 1 && cells.contains(&label.span)
}

/// Is a label on the same line a doctor's?
fn has_doctor_beside(context: &Context, n: usize) -> bool {
    let mut beside = context.labels_on(context.labels[n].line);
    beside.any(|(_, label)| {
        let doctor = matches!(
            label.target,
            Target::Person(Role::Attending | Role::Referring | Role::PrimaryCare)
        );
        doctor && label.colon
    })
}

/// Some label of the document says patient outright.
fn names_a_patient(context: &Context) -> bool {
    context.labels.iter().any(|label| {
        let key = labels::letters(context.layout.get(&label.span));
        label.colon && (key.starts_with("patient") || key.starts_with("claimant"))
    })
}

/// `Ordering physician ______   Print name …`: whoever signs prints the name again.
fn print_role(context: &Context, n: usize) -> Role {
    let line = context.labels[n].line;
    let before = context.labels_on(line).filter(|(i, _)| *i < n).last();
    match before.map(|(_, label)| label.target) {
        Some(Target::Person(role)) => role,
        Some(Target::Doctor) => doctor_or_prescriber(context),
        Some(Target::Signature) => signer(context),
        _ => match heading_role(context, n) {
            Role::Patient => Role::Other,
            role => role,
        },
    }
}

/// The role of a plain `Name:` after the headings above it.
fn heading_role(context: &Context, n: usize) -> Role {
    static HEADING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\W*(?:(?:section|part) [a-z0-9]{1,2}\W{1,3})?(?:(patient)|(prescrib|physician|doctor|provider|practitioner|clinician)|(insured|subscriber|policy ?holder|guarantor)|(referr(?:ed by|ing))|(emergency|contact|next of kin|pharmac)|(refer(?:red)? to|recipient))").expect("a valid expression")
    });
    let layout = &context.layout;
    let line = context.labels[n].line;
    let column = context
        .labels_on(line)
        .filter(|(i, label)| *i < n && label.target == Target::Name)
        .count();
    for index in (line.saturating_sub(6)..line).rev() {
        let headings: Vec<&str> = layout.lines[index]
            .cells
            .iter()
            .map(|cell| layout.get(cell))
            .filter(|cell| HEADING.is_match(cell))
            .collect();
        let side_by_side = headings.len() > 1;
        let text = match headings.get(column) {
            Some(heading) if side_by_side => heading,
            _ => layout.line(index),
        };
        let bare = text.len() < 40
            && !text.trim_end_matches(':').contains(':')
            && !text.contains(|c: char| c.is_ascii_digit());
        if !bare {
            continue;
        }
        if let Some(found) = HEADING.captures(text) {
            let roles = [
                Role::Patient,
                doctor_or_prescriber(context),
                Role::Insured,
                Role::Referring,
                Role::Other,
                Role::Recipient,
            ];
            if let Some(i) = (1..=6).find(|i| found.get(*i).is_some()) {
                return roles[i - 1];
            }
        }
    }
    Role::Patient
}
