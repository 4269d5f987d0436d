//! Classes of drugs as titles of cards name them: what a card says of NSAIDs is said of ibuprofen.

use std::sync::LazyLock;

use super::words;

/// Beginnings of names, and the stems of what each class is called.
static CLASSES: LazyLock<Vec<(Vec<&str>, Vec<Vec<String>>)>> = LazyLock::new(|| {
    let rows = include_str!("drug_classes.tsv")
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with('#'));
    rows.map(|row| {
        let (names, classes) = row.split_once('\t').expect("two columns");
        (
            names.split('|').collect(),
            classes.split('|').map(words::stems).collect(),
        )
    })
    .collect()
});

/// What the classes of a drug are called, by its stem.
fn of(drug: &str) -> impl Iterator<Item = &'static Vec<String>> {
    let rows = CLASSES.iter().filter(move |(names, _)| {
        let mut names = names.iter();
        names.any(|name| drug.starts_with(&words::stem(name)) || drug.starts_with(name))
    });
    rows.flat_map(|(_, classes)| classes)
}

/// Does a title, by its stems, name a class of the drug?
pub(super) fn is_named(drug: &str, title: &[String]) -> bool {
    of(drug).any(|class| class.iter().all(|word| words::holds(title, word)))
}

/// The classes of a drug in words; nothing where none is known.
pub(super) fn in_words(drug: &str) -> String {
    let classes: Vec<String> = of(drug).map(|class| class.join(" ")).collect();
    classes.join(" ")
}

#[cfg(test)]
mod tests {
    use super::is_named;
    use crate::chat::words;

    #[test]
    fn a_title_names_a_drug_by_its_class() {
        for (drug, title, named) in [
            (
                "ramipril",
                "Spironolactone with ACE inhibitors or ARBs",
                true,
            ),
            ("ramipril", "Spironolactone with aspirin", false),
            (
                "doxycycline",
                "Warfarin with antibiotics or medicines against fungi",
                true,
            ),
            ("gabapentin", "Oxycodone with sedatives", false),
        ] {
            assert_eq!(
                is_named(&words::stem(drug), &words::stems(title)),
                named,
                "{drug} {title}"
            );
        }
    }
}
