//! People with their roles: from labels, from the address and signature of letters, from a letterhead
//! (`Joshua Munoz, M.D.`) and from sentences (`seen by Dr. Flores`).

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DocumentKind, Fact, Person, PersonRole as Role};

use crate::{
    context::Context,
    date::is_long_ago,
    draft::Draft,
    labels::{self, Target},
    layout::Span,
    names,
};

/// All people; the same person in the same role once.
pub(crate) fn extract(context: &Context) -> Vec<Draft> {
    let mut found: Vec<(Role, Span, f32)> = Vec::new();
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
        let Some(name) = name else { continue };
        if is_organisation(context, &name) || is_drug(context, &name) {
            continue;
        }
        let weak = !label.colon && !label.alone;
        let role = match role {
            Role::Other if matches!(label.target, Target::Signature | Target::Doctor) => {
                author(context, &name)
            }
            Role::Other if is_copy(context, n) && is_family_doctor(context, &name) => {
                Role::PrimaryCare
            }
            role => role,
        };
        found.push((role, name, if weak { 0.85 } else { 0.96 }));
    }
    from_sentences(context, &mut found);
    from_letterhead(context, &mut found);
    from_first_name(context, &mut found);
    patient_alone(context, &mut found);
    patient_in_prose(context, &mut found);
    others_named(context, &mut found);
    addressee(context, &mut found);
    from_first_name(context, &mut found);
    let named_in_parts = in_parts(context);
    let mut out = keep_one_each(context, found);
    let is_patient =
        |draft: &Draft| matches!(&draft.fact, Fact::Person(p) if p.role == Some(Role::Patient));
    if !out.iter().any(is_patient) {
        out.extend(named_in_parts);
    }
    out
}

/// `Surname: REID   Forename: Timothy`, in either order.
fn in_parts(context: &Context) -> Option<Draft> {
    const NAME: &str = r"(?i:\s*name)?s?(?:\s*:\s*|\t\s*| {2,})(\p{Lu}[\p{L}'’-]+)";
    static FIRST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(r"\b(?i:forename|first|given){NAME}")).expect("a valid expression")
    });
    static LAST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(r"\b(?i:surname|last|family){NAME}")).expect("a valid expression")
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
            if role == Role::Patient && key.starts_with("member") && names_a_patient(context) {
                return Some(Role::Insured);
            }
            let salutation = matches!(
                key.as_str(),
                "from" | "to" | "for" | "re" | "cc" | "subject" | "member" | "client"
            );
            (!salutation || label.colon).then_some(role)
        }
        Target::Doctor => Some(doctor(context)),
        Target::Signature => Some(signer(context)),
        Target::Name => Some(heading_role(context, n)),
        _ => None,
    }
}

/// Some label of the document says patient outright.
fn names_a_patient(context: &Context) -> bool {
    context
        .labels
        .iter()
        .any(|l| l.colon && labels::letters(context.layout.get(&l.span)).starts_with("patient"))
}

fn doctor(context: &Context) -> Role {
    match context.kind {
        DocumentKind::Prescription => Role::Prescriber,
        DocumentKind::LabReport | DocumentKind::Imaging => Role::Ordering,
        DocumentKind::DischargeSummary => Role::Attending,
        DocumentKind::ReferralLetter => Role::Referring,
        _ => Role::Other,
    }
}

fn signer(context: &Context) -> Role {
    match context.kind {
        DocumentKind::Prescription => Role::Prescriber,
        DocumentKind::LabReport => Role::Authoriser,
        DocumentKind::DischargeSummary => Role::Attending,
        DocumentKind::ReferralLetter => Role::Referring,
        _ => Role::Other,
    }
}

/// A physician who signs a note or is named as its doctor treats the patient; anyone else who does is other.
fn author(context: &Context, name: &Span) -> Role {
    let text = context.layout.text;
    let before = text[..name.start].trim_end().to_lowercase();
    let titled = ["dr", "dr.", "doctor", "prof"].iter().any(|title| {
        before
            .strip_suffix(title)
            .is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
    });
    let note = matches!(
        context.kind,
        DocumentKind::Other | DocumentKind::DischargeSummary
    );
    if note && (titled || names::has_degree(text, name.end)) {
        Role::Attending
    } else {
        Role::Other
    }
}

/// A label of those who get a copy.
fn is_copy(context: &Context, n: usize) -> bool {
    let key = labels::letters(context.layout.get(&context.labels[n].span));
    matches!(&*key, "cc" | "copyto" | "copiesto")
}

/// `Dr Strange (GP)`.
fn is_family_doctor(context: &Context, name: &Span) -> bool {
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[ ,(-]{1,4}(?i:gp|general practitioner|pcp|primary care|family (?:doctor|physician))\b")
            .expect("a valid expression")
    });
    BEHIND.is_match(&context.layout.text[name.end..])
}

/// The role of a plain `Name:` after the headings above it.
fn heading_role(context: &Context, n: usize) -> Role {
    static HEADING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\W*(?:(patient)|(prescrib|physician|doctor|provider|practitioner|clinician)|(insured|subscriber|policy ?holder|guarantor)|(referr(?:ed by|ing))|(emergency|contact|next of kin|pharmac)|(refer(?:red)? to|recipient))").expect("a valid expression")
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

fn doctor_or_prescriber(context: &Context) -> Role {
    match doctor(context) {
        Role::Other => Role::Prescriber,
        role => role,
    }
}

fn is_drug(context: &Context, name: &Span) -> bool {
    context.lexicon.is_any_drug(context.layout.get(name))
        || context.lexicon.is_condition(context.layout.get(name))
}

fn is_organisation(context: &Context, name: &Span) -> bool {
    crate::org::has_head(context.layout.get(name))
}

static SENTENCES: LazyLock<Vec<(Regex, Role)>> = LazyLock::new(|| {
    [
        (r"(?:to be seen|will be seen|be reviewed|follow[ -]?up(?: appointment| visit| consultation)?|appointment|see|return|scheduled|booked|seen again|followed|(?:clinic|outpatient)? ?review in [^.]{1,20}?)\b[^.]{0,40}?\b(?:by|with|to|see)\s+((?:dr|doctor|prof)\b\.?\s?)", Role::FollowUpProvider),
        (r"(?:referred (?:to us )?by|referral from|kindly referred by)\s+((?:dr|doctor|prof)?\b\.?\s?)", Role::Referring),
        (r"^dear\s+((?:dr|doctor|prof|mr|mrs|ms)\b\.?\s?)", Role::Recipient),
        (r"(?:electronically |digitally )?signed (?:by|electronically by)\s*:?\s*()", Role::Other),
        (r"(?:under the care of|admitted (?:under|by)|attending(?: was)?)\s+((?:dr|doctor|prof)\b\.?\s?)", Role::Attending),
        (r"(?:primary care (?:physician|provider|doctor)|pcp|gp|family doctor),?\s+((?:dr|doctor)\b\.?\s?)", Role::PrimaryCare),
        (r"(?:i am referring|referring|i would be grateful if you (?:would|could) see|thank you for (?:seeing|referring|asking me to see)|re(?:garding)?:)\s+(?:my patient,?\s+|this patient,?\s+|your patient,?\s+)?((?:mr|mrs|ms|miss)?\b\.?\s?)", Role::Patient),
        (r"\b(?:reviewed|tested|seen|checked|managed|reconciled|taken|assessed|examined|completed|recorded|administered|witnessed|measured|screened|supervised|noted)\b[^.\n]{0,40}?\bby:?\s+(?:hca |rn |rgn )?((?:nurse|sister|dr|mr|mrs|ms|miss)?\b\.?\s?)", Role::Other),
        (r"^\W*(?:author|prepared by|written by|compiled by|entered by|summary by):?\s+((?:nurse|sister|dr|mr|mrs|ms|miss)?\b\.?\s?)", Role::Other),
        (r"^(?:cc|copy to|copies to):?\s+((?:dr|doctor|prof|mr|mrs|ms|miss)\b\.?\s?)", Role::Other),
        (r"^re\s+((?:mr|mrs|ms|miss|master)?\b\.?\s?)", Role::Patient),
        (r"(?:\t|^|\s{2,})under\s+((?:dr|prof|mr|mrs|ms|miss)\b\.?\s?)", Role::Attending),
        (r"\b(?:attn|attention|fao):?\s+((?:dr|doctor|prof)\b\.?\s?)", Role::Recipient),
        (r"^referral(?: to)?:\s+((?:dr|doctor|prof|mr|ms|miss)\b\.?\s?)", Role::Recipient),
        (r"(?:^|\s)ref\.?(?:\s?by)?\s*:\s*((?:dr|doctor|prof)\b\.?\s?)", Role::Referring),
        (r"(?:my|our|your|this) patient,?\s+((?:mr|mrs|ms|miss)?\b\.?\s?)", Role::Patient),
    ]
    .into_iter()
    .map(|(pattern, role)| (Regex::new(&format!("(?im){pattern}")).expect("a valid expression"), role))
    .collect()
});

fn from_sentences(context: &Context, found: &mut Vec<(Role, Span, f32)>) {
    let text = context.layout.text;
    let unwrapped = text.replace('\n', " ");
    for (pattern, role) in SENTENCES.iter() {
        for m in pattern.captures_iter(text) {
            let Some(lead) = m.get(1) else { continue };
            let from = lead.start();
            let end = text[from..]
                .find(['\n', '\u{c}'])
                .map_or(text.len(), |k| from + k);
            let mut place = from..end;
            let short = text[place.clone()].split_whitespace().count() < 2;
            if short && *role != Role::Recipient {
                place.end = context.layout.sentence(from).end.max(place.end);
            }
            let name = names::titled(&unwrapped, &place);
            let Some(name) = name else { continue };
            let doctor = lead.as_str().to_lowercase().starts_with('d');
            let role = match *role {
                Role::Other if doctor && is_seen_by(m.get(0).map_or("", |m| m.as_str())) => {
                    seen_by(context)
                }
                Role::Other if is_signature(m.get(0).map_or("", |m| m.as_str())) => {
                    match signer(context) {
                        Role::Other => author(context, &name),
                        role => role,
                    }
                }
                Role::Other if is_family_doctor(context, &name) => Role::PrimaryCare,
                role => role,
            };
            if !is_organisation(context, &name) && !is_drug(context, &name) {
                found.push((role, name, 0.9));
            }
        }
    }
}

/// `Seen by Dr Reid`, and not `Measured by`.
fn is_seen_by(cue: &str) -> bool {
    let cue = cue.to_lowercase();
    ["seen", "assessed", "reviewed", "examined"]
        .iter()
        .any(|word| cue.starts_with(word))
}

/// Who sees a patient treats them; who reviews a report does not.
fn seen_by(context: &Context) -> Role {
    match context.kind {
        DocumentKind::LabReport | DocumentKind::Imaging | DocumentKind::InsuranceForm => {
            Role::Other
        }
        _ => Role::Attending,
    }
}

fn is_signature(cue: &str) -> bool {
    cue.to_lowercase().contains("sign")
}

/// A line that is a physician's name with a degree, without a label.
fn from_letterhead(context: &Context, found: &mut Vec<(Role, Span, f32)>) {
    let layout = &context.layout;
    let text = layout.text;
    let lines = layout.lines.len();
    for (index, line) in layout.lines.iter().enumerate() {
        for cell in &line.cells {
            let Some(name) = names::at_start(text, cell) else {
                continue;
            };
            let title = text[cell.start..name.start].to_lowercase();
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
            if let Some(k) = known
                && key(&text[found[k].1.clone()]).len() == 1
                && (key(&text[name.clone()]).len() > 1 || fuller(text, &name, &found[k].1))
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
            let top = index < 8;
            let role = match context.kind {
                DocumentKind::Prescription => Role::Prescriber,
                DocumentKind::ReferralLetter if index + 12 > lines || !top => Role::Referring,
                DocumentKind::DischargeSummary if !top => Role::Attending,
                // Who closes a note wrote it.
                DocumentKind::Other if !top && index + 6 > lines => Role::Attending,
                _ => Role::Other,
            };
            let taken = matches!(role, Role::Prescriber | Role::Attending | Role::Referring)
                && found.iter().any(|(r, _, _)| *r == role);
            found.push((if taken { Role::Other } else { role }, name, 0.8));
        }
    }
}

/// `H. Prosser` says more than `Prosser`.
fn fuller(text: &str, name: &Span, known: &Span) -> bool {
    let words = |span: &Span| text[span.clone()].split_whitespace().count();
    words(name) > words(known)
}

/// `discussed with Dr Imelda Fairweather`: whom a text names with a title and nothing else tells of.
fn others_named(context: &Context, found: &mut Vec<(Role, Span, f32)>) {
    static TITLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:(Dr|Prof(?:essor)?)|Mr|Mrs|Ms|Miss|Sister|Midwife)\b\.?:?\s+")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    for title in TITLE.captures_iter(text) {
        let Some(all) = title.get(0) else { continue };
        let line = &context.layout.lines[context.layout.line_at(all.start())].span;
        if all.end() > line.end {
            continue;
        }
        let Some(name) = names::at_start(text, &(all.end()..line.end)) else {
            continue;
        };
        let near = name.start <= all.end();
        let whole = text[name.clone()].contains(' ') || title.get(1).is_some();
        let known = |other: &Span| same_name(text, other, &name);
        if near
            && whole
            && !found.iter().any(|(_, other, _)| known(other))
            && !is_organisation(context, &name)
            && !is_drug(context, &name)
        {
            found.push((Role::Other, name, 0.75));
        }
    }
}

/// `Dr K Oyebanji, Fernhill Practice` above `Re: …` or `Dear …`: whom a letter is for.
fn addressee(context: &Context, found: &mut [(Role, Span, f32)]) {
    static OPENING: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)^\W*(?:re\b|dear\b)").expect("a valid expression"));
    if found.iter().any(|(role, _, _)| *role == Role::Recipient) {
        return;
    }
    let layout = &context.layout;
    let Some(opening) = (0..layout.lines.len().min(14)).find(|i| OPENING.is_match(layout.line(*i)))
    else {
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

/// `Dear Lachlan`, below the address of Dr Lachlan Prentice: colleagues write to one another by first names.
fn from_first_name(context: &Context, found: &mut [(Role, Span, f32)]) {
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

/// `Jane Smith MRN: 789012 DOB: …`: a name before the patient's data.
fn patient_alone(context: &Context, found: &mut Vec<(Role, Span, f32)>) {
    static BORN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:born|dob|d\.o\.b\.?|date of birth)\W{1,3}\S*\d")
            .expect("a valid expression")
    });
    static ADDRESSED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:Mr|Mrs|Ms|Miss|Master)\b\.?\s").expect("a valid expression")
    });
    if found.iter().any(|(role, _, _)| *role == Role::Patient) {
        return;
    }
    let layout = &context.layout;
    for (index, line) in layout.lines.iter().enumerate() {
        let Some(name) = names::at_start(layout.text, &line.span) else {
            continue;
        };
        let data = |i: usize| {
            context.labels_on(i).any(|(_, l)| {
                matches!(
                    l.target,
                    Target::Id(schemas::IdRole::Mrn | schemas::IdRole::NhsNumber)
                        | Target::Date(schemas::DateRole::Dob)
                )
            }) || BORN.is_match(layout.line(i))
        };
        let alone = layout.get(&line.span).len() < name.len() + 6;
        let near = data(index) || alone && layout.below(index).is_some_and(data);
        let addressed = ADDRESSED.is_match(layout.line(index));
        let born =
            index < 6 && whole_name(layout.get(&name)) && born_behind(context, &name, &line.span);
        let only_numbers = !layout.text[name.end..line.span.end].contains(char::is_alphabetic);
        if (name.start == line.span.start || addressed)
            && (near || born || addressed && index < 10 && only_numbers)
            && !is_organisation(context, &name)
            && !names::has_degree(layout.text, name.end)
        {
            found.push((Role::Patient, name, 0.85));
            return;
        }
    }
}

fn whole_name(name: &str) -> bool {
    name.contains(' ')
}

/// `Bertrand Achilles, 14/05/1960`: nothing but a date of years ago follows.
fn born_behind(context: &Context, name: &Span, line: &Span) -> bool {
    context.dates.iter().any(|date| {
        let inside = date.span.start >= name.end && date.span.end <= line.end;
        inside
            && is_long_ago(context, date)
            && !context.layout.text[name.end..date.span.start].contains(char::is_alphanumeric)
    })
}

/// `Mrs Rosalind Achterberg (DOB 30/01/1961) attended`, where no label names the patient.
fn patient_in_prose(context: &Context, found: &mut Vec<(Role, Span, f32)>) {
    static ADDRESSED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:Mr|Mrs|Ms|Miss|Master|Mx)\b\.?\s+").expect("a valid expression")
    });
    static SURNAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\p{Lu}[\p{L}'’-]+").expect("a valid expression"));
    static SEEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:I|we) (?:saw|met|reviewed|spoke (?:to|with)|assessed|examined|see|discharged)\s+(?:this patient,?\s+)?$")
            .expect("a valid expression")
    });
    static TOLD: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s,(]{1,3}(?:born|dob|d\.o\.b|date of birth|aged?\b|nhs|mrn|\d{1,3}[- ]year|attend|present|was|is|has|had|return|came|who\b|complain|remains|reports|describes|underwent|developed|denies|continues|tells)")
            .expect("a valid expression")
    });
    if found.iter().any(|(role, _, _)| *role == Role::Patient) {
        return;
    }
    let text = context.layout.text;
    let patient = ADDRESSED.find_iter(text).find_map(|title| {
        let line = &context.layout.lines[context.layout.line_at(title.start())].span;
        let place = title.start()..line.end;
        let whole = names::at_start(text, &place);
        let seen = SEEN.is_match(&text[..title.start()]);
        let surname = || {
            let found = SURNAME.find(&text[title.end()..line.end])?;
            let word = found.as_str().to_lowercase();
            let after = text[title.end() + found.end()..].chars().nth(1);
            // A second word in capitals may be what it is called by.
            let more = after.is_some_and(char::is_uppercase);
            (!more && !names::is_no_name(&word)).then(|| title.end()..title.end() + found.end())
        };
        let name = whole.or_else(surname)?;
        let other = found
            .iter()
            .any(|(_, known, _)| same_name(text, known, &name));
        let told = TOLD.is_match(&text[name.end..]) || seen;
        let degree = names::has_degree(text, name.end);
        (!other && told && !degree).then_some(name)
    });
    found.extend(patient.map(|name| (Role::Patient, name, 0.8)));
}

fn key(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text
        .split([' ', ',', '.'])
        .filter(|w| w.chars().count() > 1)
        .map(str::to_lowercase)
        .collect();
    words.sort();
    words
}

fn same_name(text: &str, a: &Span, b: &Span) -> bool {
    let (a, b) = (key(&text[a.clone()]), key(&text[b.clone()]));
    a == b || a.iter().all(|w| b.contains(w)) || b.iter().all(|w| a.contains(w))
}

/// One entry a person and role; a signer who is already known in a role is that person.
fn keep_one_each(context: &Context, mut found: Vec<(Role, Span, f32)>) -> Vec<Draft> {
    let text = context.layout.text;
    found.sort_by(|a, b| a.1.start.cmp(&b.1.start).then(b.2.total_cmp(&a.2)));
    let mut kept: Vec<(Role, Span, f32)> = Vec::new();
    for (role, name, rule) in found {
        let place = kept.iter().position(|(r, n, _)| *n == name && *r != role);
        if place.is_some() {
            continue;
        }
        let same: Vec<usize> = (0..kept.len())
            .filter(|i| same_name(text, &kept[*i].1, &name))
            .collect();
        let explicit = matches!(role, Role::Patient | Role::Insured);
        let repeated = same.iter().any(|i| {
            let other = kept[*i].0;
            other == role || !(explicit || matches!(other, Role::Patient | Role::Insured))
        });
        if let Some(i) = same
            .iter()
            .find(|i| kept[**i].0 == Role::Other && role != Role::Other)
        {
            let fuller = key(&text[kept[*i].1.clone()]).len() > key(&text[name.clone()]).len();
            let name = if fuller { kept[*i].1.clone() } else { name };
            kept[*i] = (role, name, rule);
            continue;
        }
        if let Some(i) = same.iter().find(|i| {
            kept[**i].0 == role
                && key(&text[kept[**i].1.clone()]).len() < key(&text[name.clone()]).len()
        }) {
            kept[*i] = (role, name, rule);
            continue;
        }
        if !repeated {
            kept.push((role, name, rule));
        }
    }
    kept.into_iter()
        .map(|(role, name, rule)| {
            let fact = Fact::Person(Person {
                name: Some(context.text(&name)),
                role: Some(role),
            });
            let goes_on = text[..name.end].ends_with('.')
                && text[name.end..]
                    .strip_prefix(' ')
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
            let mut draft = Draft::new(fact, rule).with("name", name);
            if goes_on {
                draft.doubt("the name ends with an initial and a word in small letters follows");
            }
            draft
        })
        .collect()
}
