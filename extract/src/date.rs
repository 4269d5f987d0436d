//! Dates with their roles. A role comes from the nearest label: before the date on its line, above it
//! in its column, below it; then from the words of its sentence; then from the kind of document.

use std::sync::LazyLock;

use regex::Regex;
use schemas::{Date, DateRole, DocumentKind, Fact, PersonRole};

use crate::{
    context::Context,
    dates::Printed,
    draft::Draft,
    lab,
    labels::{self, Target},
    layout::trim_by,
    names,
    sections::SectionKind,
};

/// All dates with a role that a reader would note.
pub(crate) fn extract(context: &Context) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::new();
    for date in &context.dates {
        let (role, rule) = role_of(context, date);
        let iso = date.iso(context.style, role == DateRole::Dob);
        let fact = Fact::Date(Date {
            iso: iso.clone(),
            role: Some(role),
        });
        let mut draft = Draft::new(fact, rule).with("date", date.span.clone());
        draft.value = Some(date.span.clone());
        if iso.is_none() {
            draft.doubt("no such day exists");
        }
        if date.turnable() && !context.style.settled {
            draft.doubt("nothing shows which number is the day and which the month");
        }
        if date.misread {
            draft.doubt("letters stand among the digits of the date");
        }
        if role == DateRole::Dob && date.short_year() {
            draft.doubt("the century of the year of birth is a guess");
        }
        let twin = out.iter().any(|other| match (&other.fact, &draft.fact) {
            (Fact::Date(a), Fact::Date(b)) => a.iso.is_some() && a.iso == b.iso && a.role == b.role,
            _ => false,
        });
        if !twin {
            out.push(draft);
        }
    }
    without_repeats(out)
}

/// A day that has a role is not told again without one.
fn without_repeats(drafts: Vec<Draft>) -> Vec<Draft> {
    let day = |draft: &Draft| match &draft.fact {
        Fact::Date(date) => date.iso.clone().zip(date.role),
        _ => None,
    };
    let told: Vec<String> = drafts
        .iter()
        .filter_map(day)
        .filter(|(_, role)| *role != DateRole::Other)
        .map(|(iso, _)| iso)
        .collect();
    let again = |draft: &Draft| {
        day(draft).is_some_and(|(iso, role)| role == DateRole::Other && told.contains(&iso))
    };
    drafts.into_iter().filter(|draft| !again(draft)).collect()
}

fn role_of(context: &Context, date: &Printed) -> (DateRole, f32) {
    if is_birth(context, date) || behind_name(context, date) || beside_age(context, date) {
        return (DateRole::Dob, 0.97);
    }
    if is_arrival(context, date) {
        return (DateRole::Admission, 0.9);
    }
    if over_results(context, date) {
        return (DateRole::Collected, 0.9);
    }
    if let Some(role) = on_line(context, date) {
        return (role, 0.97);
    }
    if let Some(role) = service_row(context, date) {
        return (role, 0.95);
    }
    if let Some(role) = in_sentence(context, date) {
        return (role, 0.9);
    }
    if before_condition(context, date) {
        return (DateRole::Onset, 0.85);
    }
    if with_result(context, date) || before_results(context, date) {
        return (DateRole::Collected, 0.85);
    }
    if in_follow_up(context, date) {
        return (DateRole::FollowUp, 0.85);
    }
    if let Some(role) = from_neighbours(context, date) {
        return (role, 0.93);
    }
    if let Some(role) = in_column(context, date) {
        return (role, 0.9);
    }
    if let Some(role) = after_date(context, date) {
        return (role, 0.85);
    }
    (by_kind(context, date), 0.75)
}

fn role_from(context: &Context, target: Target, date: &Printed) -> Option<DateRole> {
    match target {
        Target::Date(DateRole::Reported) if context.kind == DocumentKind::Prescription => {
            Some(DateRole::Prescribed)
        }
        Target::Date(role) => Some(role),
        Target::PlainDate => Some(by_kind(context, date)),
        Target::Signature => Some(DateRole::Signed),
        _ => None,
    }
}

/// The nearest label before it on its line, when no other date stands between.
fn on_line(context: &Context, date: &Printed) -> Option<DateRole> {
    let line = context.layout.line_at(date.span.start);
    let start = context.layout.lines[line].span.start;
    let before = context.layout.text[start..date.span.start].trim_end();
    if let Some(role) = word_before(context, before, date) {
        return Some(role);
    }
    let (_, label) = context
        .labels_on(line)
        .filter(|(_, label)| label.span.end <= date.span.start)
        .last()?;
    let role = role_from(context, label.target, date)?;
    let between = label.span.end..date.span.start;
    let other = context
        .dates
        .iter()
        .find(|d| d.span.start >= between.start && d.span.end <= between.end);
    if let Some(other) = other {
        let gap = context.layout.text[other.span.end..date.span.start]
            .trim()
            .to_lowercase();
        let range = matches!(
            gap.as_str(),
            "-" | "to" | "–" | "—" | "through" | "until" | "thru"
        );
        return match role {
            DateRole::Admission if range => Some(DateRole::Discharge),
            role => range.then_some(role),
        };
    }
    let far = context.layout.get(&between).split_whitespace().count() > 6;
    (!far).then_some(role)
}

/// A label without a colon that ends right before the date, `Age 38 Date 12/15/25`.
fn word_before(context: &Context, before: &str, date: &Printed) -> Option<DateRole> {
    let words: Vec<&str> = before.split_whitespace().collect();
    (1..=5.min(words.len())).rev().find_map(|n| {
        let phrase = words[words.len() - n..].join(" ");
        let capital = phrase.starts_with(char::is_uppercase);
        let key = labels::letters(&phrase);
        let colon = phrase.ends_with(':');
        if key.len() < 3 && !colon {
            return None;
        }
        let target = labels::exact(&key)?;
        (capital || colon)
            .then(|| role_from(context, target, date))
            .flatten()
    })
}

fn service_row(context: &Context, date: &Printed) -> Option<DateRole> {
    static ROW: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:\d{5}|[A-V]\d{4})\b.*\d\.\d\d\b").expect("a valid expression")
    });
    let line = context.layout.line_at(date.span.start);
    let span = &context.layout.lines[line].span;
    let rest = &context.layout.text[date.span.end..span.end];
    let early = date.span.start - span.start < 30;
    (early && ROW.is_match(rest)).then_some(DateRole::Service)
}

/// One of several dates in the heading of a table of results: a column for each collection.
fn over_results(context: &Context, date: &Printed) -> bool {
    let line = context.layout.line_at(date.span.start);
    let dates = context
        .dates
        .iter()
        .filter(|d| context.layout.line_at(d.span.start) == line)
        .count();
    let told = context.labels_on(line).any(
        |(_, label)| matches!(label.target, Target::Date(role) if role != DateRole::Collected),
    );
    dates > 1 && !told && lab::is_heading(context, line)
}

/// The label above in its column, or the k-th label of a line of labels for the k-th date.
fn from_neighbours(context: &Context, date: &Printed) -> Option<DateRole> {
    let layout = &context.layout;
    let line = layout.line_at(date.span.start);
    let dates_here: Vec<_> = context
        .dates
        .iter()
        .filter(|d| layout.line_at(d.span.start) == line)
        .collect();
    let nth = dates_here.iter().position(|d| d.span == date.span)?;
    if let Some(above) = layout.above(line) {
        let has_values = context
            .dates
            .iter()
            .any(|d| layout.line_at(d.span.start) == above);
        let mut labels: Vec<_> = context
            .labels_on(above)
            .map(|(_, label)| label)
            .filter(|label| role_from(context, label.target, date).is_some())
            .collect();
        let cell = layout.lines[line]
            .cells
            .iter()
            .position(|cell| cell.end > date.span.start)
            .unwrap_or(0);
        if !has_values && !labels.is_empty() {
            let same_cells = layout.lines[line].cells.len() > 1;
            if same_cells {
                labels.retain(|label| labels::cell_index(layout, label) == cell);
                return labels
                    .first()
                    .and_then(|label| role_from(context, label.target, date));
            }
            let label = if dates_here.len() == labels.len() {
                labels.get(nth)
            } else {
                labels.first()
            };
            return label.and_then(|label| role_from(context, label.target, date));
        }
    }
    let only_dates = layout.line(line).split_whitespace().count() <= 4;
    let below = layout.below(line).filter(|_| only_dates)?;
    let mut labels = context
        .labels_on(below)
        .map(|(_, label)| label)
        .filter(|label| label.alone);
    labels.find_map(|label| role_from(context, label.target, date))
}

/// The heading of its column, when rows with as many cells stand between.
fn in_column(context: &Context, date: &Printed) -> Option<DateRole> {
    let layout = &context.layout;
    let line = layout.line_at(date.span.start);
    let cells = &layout.lines[line].cells;
    let column = cells.iter().position(|cell| cell.end > date.span.start)?;
    if cells.len() < 3 {
        return None;
    }
    let mut at = line;
    while let Some(above) = layout.above(at) {
        let heading = &layout.lines[above].cells;
        if heading.len() != cells.len() {
            return None;
        }
        let key = labels::letters(layout.get(&heading[column]));
        if let Some(Target::Date(role)) = labels::exact(&key) {
            return Some(role);
        }
        at = above;
    }
    None
}

/// `09/28/2024 DATE SIGNED`: the label closes the line.
fn after_date(context: &Context, date: &Printed) -> Option<DateRole> {
    let line = context.layout.line_at(date.span.start);
    let (_, label) = context
        .labels_on(line)
        .find(|(_, label)| label.span.start >= date.span.end)?;
    let closes = label.span.end == context.layout.lines[line].span.end;
    let near = context.layout.text[date.span.end..label.span.start]
        .trim()
        .is_empty();
    (closes && near)
        .then(|| role_from(context, label.target, date))
        .flatten()
}

/// `d.o.b. 8 June 1952`: the points of the abbreviation end no sentence.
fn is_birth(context: &Context, date: &Printed) -> bool {
    static BORN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:d\.\s?o\.\s?b\.?|date of birth|b\.|born)[\s:]{1,3}$")
            .expect("a valid expression")
    });
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    BORN.is_match(&context.layout.text[line.start..date.span.start])
}

/// `31-Dec-1959 (65 yr)`, `F 58y (1967-02-11)`: an age stands beside it that a birth on that day fits.
fn beside_age(context: &Context, date: &Printed) -> bool {
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^\s?[(,]?\s?(?:age:?\s?)?([0-9]{1,3})\s?(?:y|yrs?|years?|yo|y/o)\b")
            .expect("a valid expression")
    });
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b([0-9]{1,3})\s?(?:y|yrs?|years?|yo|y/o)(?: old)?\W{1,3}(?:[MF]\W{1,3})?$",
        )
        .expect("a valid expression")
    });
    let text = context.layout.text;
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    let behind = BEHIND.captures(&text[date.span.end..line.end.max(date.span.end)]);
    let age = behind.or_else(|| BEFORE.captures(&text[line.start..date.span.start]));
    let age = age.and_then(|found| found[1].parse::<i16>().ok());
    let iso = date.iso(context.style, true);
    let born = iso.and_then(|iso| iso.get(..4)?.parse::<i16>().ok());
    age.zip(born)
        .is_some_and(|(age, born)| (context.style.latest_year - born - age).abs() <= 1)
}

/// `Attended: 22-Sep-2025 21:47   Left: 23-Sep-2025`: who leaves had come to stay.
fn is_arrival(context: &Context, date: &Printed) -> bool {
    static CAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)\battended\W{0,3}$").expect("a valid expression"));
    static WENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:left|departed|discharged)(?: (?:on|at))?\W{1,3}[0-9]")
            .expect("a valid expression")
    });
    let text = context.layout.text;
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    CAME.is_match(&text[line.start..date.span.start]) && WENT.is_match(text)
}

/// `Bloods 06/02: Hb 84`, `Baseline (12/05/2025): ALT 21 U/L`: a colon and a test with a number follow.
fn before_results(context: &Context, date: &Printed) -> bool {
    let text = context.layout.text;
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    let rest = text[date.span.end..line.end.max(date.span.end)].trim_start_matches([')', ']', ' ']);
    let Some(rest) = rest.strip_prefix(':') else {
        return false;
    };
    let words: Vec<&str> = rest
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '='))
        .filter(|word| !word.is_empty())
        .take(5)
        .collect();
    (1..words.len()).any(|n| {
        let numbered = words[n].starts_with(|c: char| c.is_ascii_digit() || c == '<' || c == '>');
        numbered && context.lexicon.is_analyte(&words[..n].join(" "))
    })
}

/// `Follow up: Dr Hart on 03/13/2025; cardiology on 04/03/2025`: the heading of the line tells of all of them.
fn in_follow_up(context: &Context, date: &Printed) -> bool {
    let line = context.layout.line_at(date.span.start);
    context.labels_on(line).any(|(_, label)| {
        let key = labels::letters(context.layout.get(&label.span));
        label.span.end <= date.span.start
            && label.at_start
            && label.target == Target::Section(SectionKind::FollowUp)
            && (key.starts_with("fu") || key.contains("follow") || key.contains("appointment"))
    })
}

/// `Re: Ms Shanelle Whyte, 26/10/1990`, `Bertrand Achilles, 14/05/1960`: what stands beside a name at the start of
/// its line and is years ago.
fn behind_name(context: &Context, date: &Printed) -> bool {
    let line = context.layout.line_at(date.span.start);
    let mut labels = context.labels_on(line).map(|(_, label)| label);
    let label = labels.find(|label| label.target == Target::Person(PersonRole::Patient));
    let start = context.layout.lines[line].span.start;
    let start = label.map_or(start, |label| label.span.end);
    if start >= date.span.start {
        return false;
    }
    let lead = trim_by(context.layout.text, start..date.span.start, |c| {
        c.is_whitespace() || matches!(c, ':' | ',' | '(')
    });
    let name = names::at_start(context.layout.text, &lead);
    name.is_some_and(|name| name.end == lead.end && context.layout.get(&name).contains(' '))
        && is_long_ago(context, date)
}

/// Years before the others of its document, or the only one.
pub(crate) fn is_long_ago(context: &Context, date: &Printed) -> bool {
    let iso = date.iso(context.style, true);
    let year = iso.and_then(|iso| iso.get(..4)?.parse::<i16>().ok());
    // One date alone, of these years, is the day of the document.
    const RECENT: i16 = 2020;
    let only = context.dates.len() == 1;
    year.is_some_and(|year| year < context.style.latest_year || only && year < RECENT)
}

static CUES: LazyLock<Vec<(Regex, DateRole)>> = LazyLock::new(|| {
    [
        (r"\b(?:date of birth|d\.?o\.?b|born)\W*(?:on|is)?\W*$", DateRole::Dob),
        (r"\bsigned\b.{0,60}$", DateRole::Signed),
        (
            r"\b(?:assessed|evaluat(?:e[ds]?|ing)|saw|met|seeing|meeting|telephone(?:d)?|pleasure|colonoscopy|endoscopy|biopsy|scan|echo(?:cardiogram)?|ecg|x-?ray|intubated|extubated|transferred|immuni[sz]ed|vaccinated)\b.{0,60}$",
            DateRole::Service,
        ),
        (r"\b(?:labs?|bloods?|blood tests?|blood results|results|investigations|cultures?)(?: (?:from|on|of|taken|dated))?\W*$", DateRole::Collected),
        (r"\badm(?:it|n)?\W{0,3}$", DateRole::Admission),
        (r"(?:\bd/c(?:'?d)?|\bdisch|\bdod)\W{0,3}$", DateRole::Discharge),
        (r"\b(?:f/u|next appt|appt)\b.{0,60}$", DateRole::FollowUp),
        (r"\b(?:r/a|r/v|tca|rv)\W{0,3}(?:on\W{0,3})?$", DateRole::FollowUp),
        (r"\bleft\W{0,3}$", DateRole::Discharge),
        (
            r"\b(?:operation|cath(?:eteri[sz]ation)?|angiogra\w+|\w+(?:ectomy|plasty|oscopy|otomy|ostomy)|mammogram|stent(?:ing)?|fixation|replacement)\b.{0,40}$",
            DateRole::Service,
        ),
        (r"\b(?:ct|mri|x-?ray|xr|pet|dexa|ultrasound)\b[^.;\n]{0,50}$", DateRole::Service),
        (r"\b(?:arriv(?:ed|al))\b.{0,40}$", DateRole::Admission),
        (r"\b(?:left (?:the )?(?:department|hospital|ward|unit)|departed|departure)\b.{0,30}$", DateRole::Discharge),
        (r"\borders?\W*$", DateRole::Prescribed),
        (r"\b(?:return|next (?:appointment|visit|review)|due)\W{0,3}(?:on\W{0,3})?$", DateRole::FollowUp),
        (r"\b(?:dictated)\b.{0,50}$", DateRole::Dictated),
        (r"\b(?:transcribed|typed)\b.{0,50}$", DateRole::Transcribed),
        (
            r"\b(?:follow[ -]?up|to be seen|will be seen|will see|see you|be reviewed|return(?:s|ing)? (?:to|on|for|in)|appointment|next visit|scheduled|booked|recheck|review (?:on|in (?:the |my |our )?(?:[a-z]+ )?clinic|again)|reviewed (?:in clinic|again)|(?:see|meet|review|speak (?:to|with)|contact|call) (?:him|her|them|you|the patient|mr|mrs|ms|miss)\b[^.]{0,20}\bagain|(?:seen?|speak|meet) again|plan(?:s|ning)? to (?:see|review|meet)|return to see)\b.{0,90}$",
            DateRole::FollowUp,
        ),
        (r"\b(?:admitted|admission|hospitali[sz]ed|presented to hospital)\b.{0,60}$", DateRole::Admission),
        (r"\b(?:discharged|discharge|sent home)\b.{0,40}$", DateRole::Discharge),
        (r"\b(?:collected|drawn|sampled)\b.{0,25}$", DateRole::Collected),
        (r"\b(?:read|interpreted|reported) by\b.{0,50}$", DateRole::Reported),
        (r"\breceived\b.{0,25}$", DateRole::Received),
        (r"\breported\b.{0,25}$", DateRole::Reported),
        (r"\b(?:referred|referral)\b.{0,30}$", DateRole::Referral),
        (r"\b(?:prescribed|written|prescription)\b.{0,25}$", DateRole::Prescribed),
        (r"\b(?:onset|began|started|since|symptoms)\b.{0,30}$", DateRole::Onset),
        (
            r"\b(?:seen|attended|reviewed|visit(?:ed)?|consultation|clinic|examined|evaluated|performed|underwent|surgery|procedure|service)\b.{0,60}$",
            DateRole::Service,
        ),
        (r"\bprocessed\b.{0,25}$", DateRole::Processed),
    ]
    .into_iter()
    .map(|(cue, role)| (Regex::new(&format!("(?is){cue}")).expect("a valid expression"), role))
    .collect()
});

/// The cue nearest before the date in its sentence.
fn in_sentence(context: &Context, date: &Printed) -> Option<DateRole> {
    let layout = &context.layout;
    let sentence = layout.sentence(date.span.start);
    let mut start = sentence.start.min(date.span.start);
    let line = layout.line_at(date.span.start);
    let line_start = layout.lines[line].span.start;
    let wrapped = line > 0 && layout.lines[line - 1].span.len() > 60;
    if !wrapped {
        start = start.max(line_start);
    }
    let before = &layout.text[start..date.span.start];
    if before.split_whitespace().count() < 1 {
        return None;
    }
    CUES.iter()
        .filter_map(|(cue, role)| {
            cue.find(before)
                .map(|m| (last_start(cue, before, m.start()), *role))
        })
        .max_by_key(|(start, role)| (*role == DateRole::FollowUp, *start))
        .map(|(_, role)| role)
}

/// A row of a list of problems, `12-Jun-2018 Essential hypertension`.
fn before_condition(context: &Context, date: &Printed) -> bool {
    let listed = matches!(
        context.section(date.span.start),
        Some(SectionKind::Diagnoses | SectionKind::History)
    );
    let line = &context.layout.lines[context.layout.line_at(date.span.start)].span;
    let first = !context.layout.text[line.start..date.span.start].contains(char::is_alphanumeric);
    let rest = &context.layout.text[date.span.end..line.end.max(date.span.end)];
    listed && first && rest.chars().filter(|c| c.is_alphabetic()).count() > 3
}

/// `HbA1c on 11/02/2025 was 9.1 %`, `ferritin 14 ug/L (02/06/2025)`: a test stands before the date in its
/// sentence, and no other date between.
fn with_result(context: &Context, date: &Printed) -> bool {
    const FARTHEST: usize = 60;
    let layout = &context.layout;
    let line = layout.line_at(date.span.start);
    let sentence = layout.sentence(date.span.start).start;
    let mut from = sentence.max(layout.lines[line].span.start);
    let before_it = |other: &&Printed| other.span.end <= date.span.start;
    if let Some(other) = context.dates.iter().rfind(before_it) {
        from = from.max(other.span.end);
    }
    let before = &layout.text[from.min(date.span.start)..date.span.start];
    let near = before.len().saturating_sub(FARTHEST);
    let near = (near..=before.len()).find(|i| before.is_char_boundary(*i));
    let words: Vec<&str> = before[near.unwrap_or(0)..]
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ',' | ':' | ';'))
        .filter(|word| !word.is_empty())
        .collect();
    (0..words.len()).any(|n| {
        (n + 1..=words.len().min(n + 3)).any(|m| {
            let name = words[n..m].join(" ");
            name.len() > 2
                && context.lexicon.is_analyte(&name)
                && !context.lexicon.is_any_drug(&name)
        })
    })
}

/// The latest place where a cue that runs to the end still matches.
fn last_start(cue: &Regex, before: &str, first: usize) -> usize {
    let mut at = first;
    while let Some(next) = before[at..].char_indices().nth(1).map(|(i, _)| at + i) {
        match cue.find_at(before, next) {
            Some(m) => at = m.start(),
            None => break,
        }
    }
    at
}

fn by_kind(context: &Context, date: &Printed) -> DateRole {
    let layout = &context.layout;
    let line = layout.line_at(date.span.start);
    let top = layout.lines[..line]
        .iter()
        .filter(|l| !l.span.is_empty())
        .count()
        < 15;
    let signed = context
        .labels_on(line)
        .any(|(_, label)| label.target == Target::Signature && label.span.end <= date.span.start);
    if signed {
        return DateRole::Signed;
    }
    // In a sentence it is the date of what the sentence tells.
    let told = layout
        .get(&layout.sentence(date.span.start))
        .split_whitespace()
        .count()
        > 8
        && layout.line(line).split_whitespace().count() > 8;
    let near_signature = context
        .labels
        .iter()
        .any(|l| l.target == Target::Signature && l.line <= line && line - l.line <= 2);
    if near_signature && !top {
        return DateRole::Signed;
    }
    let headed = line < 4 && layout.line(line).split_whitespace().count() <= 8 && !told;
    let note = top && (alone(context, date) || headed) && is_note(context);
    match context.kind {
        DocumentKind::Other if note => DateRole::Service,
        DocumentKind::Prescription => DateRole::Prescribed,
        DocumentKind::ReferralLetter if top && !told => DateRole::Letter,
        DocumentKind::LabReport if top => DateRole::Reported,
        DocumentKind::Imaging if top => DateRole::Service,
        DocumentKind::Other | DocumentKind::DischargeSummary if top && alone(context, date) => {
            DateRole::Letter
        }
        _ => DateRole::Other,
    }
}

/// A record of a visit, which nobody is addressed in.
fn is_note(context: &Context) -> bool {
    static HEADING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b(?:notes?|visit|consultation|consult|encounter|review|attendance|assessment|ward round|clerking)\b")
            .expect("a valid expression")
    });
    static ADDRESSED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?im)^\s*(?:dear\b|to whom|(?:yours )?(?:sincerely|faithfully)|(?:kind|best|warm) (?:regards|wishes))")
            .expect("a valid expression")
    });
    let mut first = context.layout.lines.iter().take(4);
    first.any(|line| HEADING.is_match(context.layout.get(&line.span)))
        && !ADDRESSED.is_match(context.layout.text)
}

fn alone(context: &Context, date: &Printed) -> bool {
    let line = context.layout.line_at(date.span.start);
    let text = context.layout.line(line);
    let rest = text.len().saturating_sub(date.span.len());
    rest < 8
}
