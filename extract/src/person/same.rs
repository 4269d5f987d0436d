//! Which names are one person's, and which of their roles stays.

use schemas::{Fact, Person, PersonRole as Role};

use super::Found;
use crate::{context::Context, draft::Draft, layout::Span};

pub(super) fn key(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text
        .split([' ', ',', '.'])
        .filter(|w| w.chars().count() > 1)
        .map(str::to_lowercase)
        .collect();
    words.sort();
    words
}

pub(super) fn same_name(text: &str, a: &Span, b: &Span) -> bool {
    let (a, b) = (key(&text[a.clone()]), key(&text[b.clone()]));
    a == b || a.iter().all(|w| b.contains(w)) || b.iter().all(|w| a.contains(w))
}

/// How sure a rule is that reads what a label or a sentence says.
const TOLD: f32 = 0.9;

/// One entry a person and role; a signer who is already known in a role is that person.
pub(super) fn keep_one_each(context: &Context, mut found: Vec<Found>) -> Vec<Draft> {
    let text = context.layout.text;
    found.sort_by(|a, b| a.1.start.cmp(&b.1.start).then(b.2.total_cmp(&a.2)));
    let mut kept: Vec<Found> = Vec::new();
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
            // Who treated somebody may be whom they see again.
            if role == Role::FollowUpProvider && other == Role::Attending && rule >= TOLD {
                return false;
            }
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
