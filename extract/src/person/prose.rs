//! People whom sentences name: `seen by Dr Reid`, `discussed with Dr Fairweather`.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{DocumentKind, PersonRole as Role};

use super::{
    Found, is_drug, is_organisation,
    role::{author, heads_visit, is_family_doctor, seen_by, signer},
    same::same_name,
};
use crate::{
    context::Context,
    labels::{self, Target},
    layout::Span,
    names,
    sections::SectionKind,
};

static SENTENCES: LazyLock<Vec<(Regex, Role)>> = LazyLock::new(|| {
    [
        (r"(?:to be seen|will be seen|be reviewed|follow[ -]?up(?: appointment| visit| consultation)?|appointment|see|return|scheduled|booked|seen again|followed|(?:clinic|outpatient)? ?review in [^.]{1,20}?)\b[^.]{0,40}?\b(?:by|with|to|see)\s+((?:dr|doctor|prof)\b\.?\s?)", Role::FollowUpProvider),
        (r"\bfo[l1]{2}ow[ -]?up(?: arranged| appointments?| care| plan)?[.:]\s+((?:dr|prof)\b\.?\s?)", Role::FollowUpProvider),
        (r"^\W*(?:for )?(?:review|appointment|next appointment|clinic)\b[^.\n]{0,60}\bwith\s+((?:dr|prof|mr|mrs|ms|miss)\b\.?\s?)", Role::FollowUpProvider),
        (r"\bclinic:?\s[^.\n]{0,40}?\bwith\s+((?:dr|prof|mr|mrs|ms|miss)\b\.?\s?)", Role::FollowUpProvider),
        (r"(?:follow[ -]?up|f/u|clinic|(?:re)?check|appointment|appt)\b[^.\n]{0,50}?\b(?:with|w/)\s+()\p{Lu}[^.\n]{2,40}?,?\s(?:MD|DO|NP|PA-C|APRN|DPM|DDS)\b", Role::FollowUpProvider),
        (r"(?:^|[.;]\s+)(?:please |pls )?see\s+((?:dr|doctor|prof)\b\.?\s?)", Role::FollowUpProvider),
        (r"\b(?:per|as per|order of|t\.?o\.? from|v\.?o\.? from|verbal order from|telephone order from)\s+((?:dr|doctor)\b\.?\s?)[^.\n]{2,40}?(?:please |pls |to )?(?:call in|fill|dispense|refill|give|start)\b", Role::Prescriber),
        (r"(?:referred (?:to us )?by|referral from|kindly referred by)\s+((?:dr|doctor|prof)?\b\.?\s?)", Role::Referring),
        (r"^dear\s+((?:dr|doctor|prof|mr|mrs|ms)\b\.?\s?)", Role::Recipient),
        (r"(?:electronically |digitally )?signed (?:by|electronically by)\s*:?\s*()", Role::Other),
        (r"^\W*signed[,:]?\s+()(?:\p{Lu}[\p{L}.'’-]*\s+){1,3}\p{Lu}[\p{L}'’-]+,\s*(?:MD|DO|OD|MBBS|MBChB|NP|PA|APRN|DDS|DMD|DPM)\b", Role::Other),
        (r"\.\s{1,3}signed:\s+()", Role::Other),
        (r"\b(?:care team|senior medical officer|phys|cons|treating (?:doctor|physician)|responsible (?:health professional|clinician|consultant))\s*:\s*((?:dr|prof|mr|mrs|ms|miss)?\b\.?\s?)", Role::Attending),
        (r"\b(?:prescribed(?: by)?:|rx of)\s*((?:dr|prof)\b\.?\s?)", Role::Prescriber),
        (r"\bauthori[sz]ed:\s*((?:dr|prof)\b\.?\s?)", Role::Authoriser),
        (r"\bauth(?:ori[sz]ed)?\.?\s[^.\n]{6,24}?\sby:?\s+((?:dr|prof)\b\.?\s?)", Role::Authoriser),
        (r"(?-i:\b(?:T\.? ?O\.?|V\.? ?O\.?|TORB|VORB))(?: from|:)?\s+((?:dr|doctor)\b\.?\s?)", Role::Prescriber),
        (r"\bcertif(?:y|ies|ied) that\s+((?:mr|mrs|ms|miss|master|mdm)\b\.?\s?)", Role::Patient),
        (r"\bsigned out by:?\s+((?:dr|prof)?\b\.?\s?)", Role::Authoriser),
        (r"\bafter-?care:?\s+((?:dr|prof|mr|mrs|ms|miss)\b\.?\s?)", Role::FollowUpProvider),
        (r"\b(?:next )?(?:appt|appointment|(?:clinic|home|follow[ -]?up) visit)\b[^.\n]{0,60}?\b(?:with|w/)\s+((?:dr|prof|mr|mrs|ms|miss)?\b\.?\s?)", Role::FollowUpProvider),
        (r"(?:under the care of|admitted (?:under|by)|attending(?: was)?)\s+((?:dr|doctor|prof)\b\.?\s?)", Role::Attending),
        (r"(?:\bafter-?care|\bfo[l1]{2}ow[ -]?up|\bclinic|\bappointment|\bappt)\W{1,3}()(?-i:\p{Lu})[^.\n,]{3,40}?,?\s(?:MD|DO|NP|PA-C|PA|APRN|DPM|DDS|LCSW|LMFT|LPC|PsyD|RD|PT|DNP|FNP|OD|CNM)\b[^.\n]{0,30}?(?:[0-9]{1,4}[/.-][0-9]|(?-i:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? [0-9])", Role::FollowUpProvider),
        (r"^(?:\W*\[[ x]?\])?\W*see\s+()(?-i:\p{Lu})[^.\n,]{3,40}?,\s(?:MD|DO|NP|PA-C|PA|APRN|DPM|DDS|LCSW|DNP|FNP|OD|CNM)\b", Role::FollowUpProvider),
        (r"\b(?:kindly|please) (?:see|examine|do the needful for|see and do the needful for)\s+((?:sh|shri|smt|mr|mrs|ms|miss|master)\b\.?\s?)", Role::Patient),
        (r"(?:\t|\s{2,})surgeon:?\s+((?:dr|prof|mr|mrs|ms|miss)\b\.?\s?)", Role::Attending),
        (r"\belectronically approved(?: by)?:?\s+((?:dr|prof)?\b\.?\s?)", Role::Authoriser),
        (r"\b(?:dictated|transcribed|typed)\b[^.\n]{0,25}?\bby:?\s+((?:dr|prof|mr|mrs|ms|miss)?\b\.?\s?)", Role::Other),
        (r"(?:primary care (?:physician|provider|doctor)|pcp|gp|family doctor),?\s+((?:dr|doctor)\b\.?\s?)", Role::PrimaryCare),
        (r"(?:i am referring|referring|i would be grateful if you (?:would|could) see|thank you for (?:seeing|referring|asking me to see)|\bre(?:garding)?:)\s+(?:my patient,?\s+|this patient,?\s+|your patient,?\s+)?((?:mr|mrs|ms|miss)?\b\.?\s?)", Role::Patient),
        (r"\b(?:reviewed|tested|seen|checked|managed|reconciled|taken|assessed|examined|completed|recorded|administered|witnessed|measured|screened|supervised|noted|given|drawn|performed)\b[^.\n]{0,40}?\bby:?\s+(?:hca |rn |rgn )?((?:nurse|sister|dr|mr|mrs|ms|miss)?\b\.?\s?)", Role::Other),
        (r"^\W*(?:author|prepared by|written by|compiled by|entered by|summary by):?\s+((?:nurse|sister|dr|mr|mrs|ms|miss)?\b\.?\s?)", Role::Other),
        (r"^(?:cc|copy to|copies to):?\s+((?:dr|doctor|prof|mr|mrs|ms|miss)\b\.?\s?)", Role::Other),
        (r"^re\s+((?:mr|mrs|ms|miss|master)?\b\.?\s?)", Role::Patient),
        (r"(?:\t|^|\s{2,})under\s+((?:dr|prof|mr|mrs|ms|miss)\b\.?\s?)", Role::Attending),
        (r"(?:^|\t)(?-i:To):?[\t ]\s*((?:dr|prof|mr|mrs|ms|miss)\b\.?\s?)", Role::Recipient),
        (r"\b(?:attn|attention|fao):?\s+((?:dr|doctor|prof)\b\.?\s?)", Role::Recipient),
        (r"^referral(?: to)?:\s+((?:dr|doctor|prof|mr|ms|miss)\b\.?\s?)", Role::Recipient),
        (r"\b(?:care co-?ordinator|key ?worker|named nurse|social worker|health visitor|midwife|physiotherapist|diet(?:it|ic)ian|occupational therapist|specialist nurse|support worker|sonographer|advocate),?:?\s+((?:mr|mrs|ms|miss|sister|nurse)?\b\.?\s?)", Role::Other),
        (r"^pt\.?:?\s+((?:mr|mrs|ms|miss)?\b\.?\s?)", Role::Patient),
        (r"(?:^|\s)ref\.?(?:\s?by)?\s*:\s*((?:dr|doctor|prof)\b\.?\s?)", Role::Referring),
        (r"(?:my|our|your|this) patient,?\s+((?:mr|mrs|ms|miss)?\b\.?\s?)", Role::Patient),
    ]
    .into_iter()
    .map(|(pattern, role)| (Regex::new(&format!("(?im){pattern}")).expect("a valid expression"), role))
    .collect()
});

/// `Oct 08, 2024 - Nadine G. Ashworth, MD, Primary Care` below `Appointments`.
pub(super) fn from_appointments(context: &Context, found: &mut Vec<Found>) {
    let text = context.layout.text;
    for line in &context.layout.lines {
        let listed = context.section(line.span.start) == Some(SectionKind::FollowUp);
        let date = context
            .dates
            .iter()
            .find(|date| listed && date.span.start == line.span.start);
        let Some(date) = date else { continue };
        let gap = text[date.span.end..line.span.end]
            .find(|c: char| c.is_alphabetic())
            .unwrap_or(0);
        let place = date.span.end + gap..line.span.end;
        let name = names::at_start(text, &place).filter(|name| {
            let titled = text[place.start..name.start]
                .to_lowercase()
                .starts_with("dr");
            titled || names::has_degree(text, name.end)
        });
        found.extend(name.map(|name| (Role::FollowUpProvider, name, 0.85)));
    }
}

pub(super) fn from_sentences(context: &Context, found: &mut Vec<Found>) {
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
            // `Referring Dr` labels who refers, and not who is referred.
            let title = text[from..name.start].trim().to_lowercase();
            let is_doctor = title.split_whitespace().any(|word| {
                matches!(
                    word.trim_end_matches('.'),
                    "dr" | "gp" | "doctor" | "prof" | "professor"
                )
            });
            // `REFERRING Leticia Delacroix, MD`.
            let has_degree = names::has_degree(text, name.end);
            if *role == Role::Patient && (is_doctor || has_degree) {
                continue;
            }
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
                Role::Attending if orders(context, m.get(0).map_or("", |m| m.as_str())) => {
                    Role::Ordering
                }
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

/// `PHYS: SALAZAR, P` on a report: who asked for it.
fn orders(context: &Context, cue: &str) -> bool {
    let report = matches!(
        context.kind,
        DocumentKind::LabReport | DocumentKind::Imaging
    );
    report && cue.to_lowercase().starts_with("phys:")
}

fn is_signature(cue: &str) -> bool {
    cue.to_lowercase().contains("sign")
}

/// `, consultant psychiatrist` behind a name.
fn is_consultant(rest: &str) -> bool {
    static GRADE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^[\s,(-]{1,4}(?:locum )?consultant\b").expect("a valid expression")
    });
    GRADE.is_match(rest)
}

/// `Prescriber` above the cells of a table.
fn column_role(context: &Context, name: &Span) -> Option<Role> {
    const FARTHEST: usize = 14;
    const NEAR: usize = 3;
    const FEWEST: usize = 3;
    let layout = &context.layout;
    let index = layout.line_at(name.start);
    let line = &layout.lines[index];
    let cell = line.cells.iter().find(|cell| cell.contains(&name.start))?;
    if line.cells.len() < FEWEST {
        return None;
    }
    let place = cell.start - line.span.start;
    (index.saturating_sub(FARTHEST)..index)
        .rev()
        .find_map(|above| {
            let heading = &layout.lines[above];
            let below = |cell: &&Span| (cell.start - heading.span.start).abs_diff(place) <= NEAR;
            let title = heading.cells.iter().find(below)?;
            match labels::exact(&labels::letters(layout.get(title)))? {
                Target::Person(role) if heading.cells.len() >= FEWEST => Some(role),
                _ => None,
            }
        })
}

/// Records of a visit or a stay, whose doctors treat the patient.
fn is_note(kind: DocumentKind) -> bool {
    matches!(kind, DocumentKind::Other | DocumentKind::DischargeSummary)
}

/// `telephoned to Sr Achterberg, AMU`, `read back by SN Maryam`: nurses go by one name, where somebody is spoken to.
pub(super) fn nurses(context: &Context, found: &mut Vec<Found>) {
    static SPOKEN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:to|by|with|from) (?:Sr|SN|S/N|Sister|Staff Nurse|Nurse|RN) (\p{Lu}\p{Ll}[\p{L}'’-]*)(?:[,.;)]|\s(?:at|on|in|of|from)\b|\s[0-9(]|\s*$)")
            .expect("a valid expression")
    });
    for line in &context.layout.lines {
        for name in SPOKEN.captures_iter(context.layout.get(&line.span)) {
            let Some(name) = name.get(1) else { continue };
            let place = line.span.start + name.start()..line.span.start + name.end();
            let known = found
                .iter()
                .any(|(_, other, _)| same_name(context.layout.text, other, &place));
            if !known && !names::is_no_name(&name.as_str().to_lowercase()) {
                found.push((Role::Other, place, 0.75));
            }
        }
    }
}

/// `T.O. Dr Nayar / Rita Castle LPN`: a name with the letters of a trade that treats nobody on its own.
pub(super) fn by_trade(context: &Context, found: &mut Vec<Found>) {
    static TRADE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^,? (?:RN|LPN|LVN|CNA|RGN|RPh|RPH|PharmD|RMT|RDCS|RDMS|RT\(R\)|MLT|MLS|MT\(ASCP\)|CDE|CDCES|LCSW|CPhT)\b")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    for line in &context.layout.lines {
        let behind_slash = context
            .layout
            .get(&line.span)
            .match_indices(" / ")
            .map(|(at, slash)| line.span.start + at + slash.len());
        let starts = line.cells.iter().map(|cell| cell.start);
        for start in starts.chain(behind_slash) {
            let Some(name) = names::at_start(text, &(start..line.span.end)) else {
                continue;
            };
            let own = name.start - start < 4
                && TRADE.is_match(&text[name.end..line.span.end])
                && !is_organisation(context, &name)
                && !is_drug(context, &name);
            if own
                && !found
                    .iter()
                    .any(|(_, other, _)| same_name(text, other, &name))
            {
                found.push((Role::Other, name, 0.8));
            }
        }
    }
}

/// `discussed with Dr Imelda Fairweather`: whom a text names with a title and nothing else tells of.
pub(super) fn others_named(context: &Context, found: &mut Vec<Found>) {
    static TITLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:(Dr|Prof(?:essor)?)|Mr|Mrs|Ms|Miss|Sister|Midwife|Sr|S/N|Staff Nurse|[Nn]urse(?: [Ss]pecialist| [Pp]ractitioner| [Cc]onsultant)?|Matron|CNS|ANP|CPN|RN|RM|[Cc]o-?ordinator|[Pp]harmacist|[Tt]echnician)\b\.?:?[ \t]+")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    for title in TITLE.captures_iter(text) {
        let Some(all) = title.get(0) else { continue };
        let line = &context.layout.lines[context.layout.line_at(all.start())].span;
        if all.end() > line.end {
            continue;
        }
        let place = all.end()..line.end;
        let surname = || {
            title
                .get(1)
                .and_then(|_| names::titled(text, &(all.start()..line.end)))
        };
        let Some(name) = names::at_start(text, &place).or_else(surname) else {
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
            let heads = heads_visit(context, &name);
            let treats = title.get(1).is_some()
                && (heads || is_consultant(&text[name.end..line.end]))
                && is_note(context.kind);
            let followed = title.get(1).is_some()
                && context
                    .labels_on(context.layout.line_at(name.start))
                    .any(|(_, label)| {
                        let key = labels::letters(context.layout.get(&label.span));
                        label.span.end <= name.start
                            && label.at_start
                            && (key.contains("follow") || key.contains("appointment"))
                    });
            let role = if followed {
                Role::FollowUpProvider
            } else if let Some(role) = column_role(context, &name) {
                role
            } else if is_family_doctor(context, &name) {
                Role::PrimaryCare
            } else if treats {
                Role::Attending
            } else {
                Role::Other
            };
            found.push((role, name, 0.75));
        }
    }
}
