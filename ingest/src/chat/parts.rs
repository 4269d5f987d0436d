//! Questions that are asked in one breath: `who ordered it and when?`, `Is she allergic? What happened?`. Each is
//! answered by itself too, as one that goes on from those before it.

use super::expression::expression;

/// More are no questions of a person.
const MOST: usize = 3;

// What parts them, before a word that asks.
expression!(
    PARTED,
    r"(?i)(?:[?.;!]+\s+|,?\s+(?:and|&|plus)\s+|,\s+)(?P<asks>(?:and |also )?(?:who|whom|what|when|where|why|how|which|is|are|was|were|does|did|has|have)\b)"
);

/// The questions of a text in order; none where it is one.
pub(super) fn of(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for found in PARTED.captures_iter(text) {
        let (Some(whole), Some(asks)) = (found.get(0), found.name("asks")) else {
            continue;
        };
        parts.push(text[from..whole.start()].trim());
        from = asks.start();
    }
    parts.push(text[from..].trim());
    parts.retain(|part| part.contains(char::is_alphanumeric));
    if (2..=MOST).contains(&parts.len()) {
        parts
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn questions_of_one_breath_are_told_apart() {
        for (text, parts) in [
            ("who ordered it and when?", vec!["who ordered it", "when?"]),
            (
                "Is she allergic? What happened?",
                vec!["Is she allergic", "What happened?"],
            ),
            ("what dose, and how often", vec!["what dose", "how often"]),
            ("what is the dose of amoxicillin", vec![]),
            ("salt and water: is it safe", vec![]),
        ] {
            assert_eq!(of(text), parts, "{text}");
        }
    }
}
