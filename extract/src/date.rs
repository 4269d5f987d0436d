//! Dates with their roles. A role comes from the nearest label: before the date on its line, above it
//! in its column, below it ([`label`]); then from the words of its sentence ([`sentence`]); then from the kind of
//! document ([`kind`]). Births, rows and results have looks of their own.

use schemas::{Date, DateRole, Fact};

use crate::{context::Context, dates::Printed, draft::Draft};

mod ahead;
mod birth;
mod kind;
mod label;
mod result;
mod row;
mod sentence;

pub(crate) use birth::is_long_ago;

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
    ahead::to_follow_up(context, &mut out);
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
    if birth::is_labelled(context, date)
        || birth::behind_name(context, date)
        || birth::beside_age(context, date)
        || birth::before_sex(context, date)
    {
        return (DateRole::Dob, 0.97);
    }
    if sentence::is_compared(context, date) {
        return (DateRole::Other, 0.9);
    }
    if label::is_second_processing(context, date) || row::stops_drug(context, date) {
        return (DateRole::Other, 0.9);
    }
    if sentence::is_arrival(context, date) {
        return (DateRole::Admission, 0.9);
    }
    if result::heads_previous(context, date) {
        return (DateRole::Other, 0.9);
    }
    if result::heads_columns_alone(context, date)
        || result::heads_column(context, date)
        || result::begins_row(context, date)
    {
        return (DateRole::Collected, 0.9);
    }
    if let Some(role) = label::on_line(context, date) {
        return (role, 0.97);
    }
    if let Some(role) = row::service(context, date) {
        return (role, 0.95);
    }
    if result::valued(context, date) {
        return (DateRole::Collected, 0.9);
    }
    if let Some(role) = sentence::role(context, date) {
        return (role, 0.9);
    }
    if row::before_condition(context, date) {
        return (DateRole::Onset, 0.85);
    }
    if result::behind(context, date) || result::before(context, date) {
        return (DateRole::Collected, 0.85);
    }
    if label::in_follow_up(context, date) {
        return (DateRole::FollowUp, 0.85);
    }
    if let Some(role) = label::from_neighbours(context, date) {
        return (role, 0.93);
    }
    if let Some(role) = label::in_column(context, date) {
        return (role, 0.9);
    }
    if let Some(role) = label::after(context, date) {
        return (role, 0.85);
    }
    (kind::role(context, date), 0.75)
}
