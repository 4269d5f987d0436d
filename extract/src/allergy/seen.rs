//! What a substance did to somebody, where nothing calls it an allergy: `Mom reports hives with cefaclor`, `Amoxicillin
//! (hives)`. Other reactions than these may as well be side effects, or the illness itself.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use schemas::{Allergy, Fact};

use crate::{context::Context, draft::Draft};

const ALLERGIC: &str = "rash|hives|urticaria|anaphylaxis|angioedema";

/// Those that no rule has told before.
pub(super) fn extract(context: &Context, before: &[Draft]) -> Vec<Draft> {
    static AFTER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(r"(?i)\b(?:reports?|reported|had|has had|developed|develops|gets?|got|experienced|history of|states?)\s+(?:an? |some |severe |mild )?(?P<seen>{ALLERGIC})\s+(?:with|after|to|on|from)\s+(?:taking |an? |the |a dose of )?(?P<name>[\p{{L}}-]+)\b"))
            .expect("a valid expression")
    });
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(&format!(
            r"(?i)\b(?P<name>[\p{{L}}-]{{4,}})(?:\s*\(|\s[-–—]\s)(?P<seen>{ALLERGIC})\b"
        ))
        .expect("a valid expression")
    });
    let text = context.layout.text;
    AFTER
        .captures_iter(text)
        .chain(BEHIND.captures_iter(text))
        .filter_map(|found| of(context, before, &found))
        .collect()
}

fn of(context: &Context, before: &[Draft], found: &Captures) -> Option<Draft> {
    let (seen, name) = (found.name("seen")?, found.name("name")?);
    let taken = before
        .iter()
        .flat_map(|draft| &draft.pieces)
        .any(|piece| piece.span.start < name.end() && name.start() < piece.span.end);
    if taken || !context.lexicon.is_drug(name.as_str()) {
        return None;
    }
    let fact = Fact::Allergy(Allergy {
        substance: Some(name.as_str().into()),
        reaction: Some(seen.as_str().into()),
    });
    let mut draft = Draft::new(fact, 0.85);
    draft.add("substance", name.range(), true);
    draft.add("reaction", seen.range(), false);
    draft.doubt("nothing calls it an allergy");
    Some(draft)
}
