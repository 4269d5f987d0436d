//! Questions in German, Spanish and French, put into English word by word: enough for what is understood here, which are
//! meanings and names and no grammar. What is in other languages stays as it is, and is refused.

use std::{collections::HashMap, sync::LazyLock};

use super::rank::language;

/// Words of the longest entry.
const LONGEST: usize = 3;
/// Fewer words of a language tell none.
const FEWEST: usize = 2;

/// By language, of words in lower case.
static WORDS: LazyLock<HashMap<&str, HashMap<&str, &str>>> = LazyLock::new(|| {
    let mut out: HashMap<&str, HashMap<&str, &str>> = HashMap::new();
    let rows = include_str!("abroad.tsv").lines();
    for row in rows.filter(|row| !row.starts_with('#')) {
        let mut columns = row.split('\t');
        let (Some(language), Some(word), Some(english)) =
            (columns.next(), columns.next(), columns.next())
        else {
            continue;
        };
        out.entry(language).or_default().insert(word, english);
    }
    out
});

/// The question in English, where more of it are words of one of these languages than English ones.
pub(crate) fn in_english(question: &str) -> String {
    let bare: Vec<&str> = question
        .split_whitespace()
        .map(|part| part.trim_matches(|c: char| !c.is_alphanumeric()))
        .collect();
    let lower: Vec<String> = bare.iter().map(|word| word.to_lowercase()).collect();
    let read = |words: &HashMap<&str, &str>| -> (usize, Vec<String>) {
        let (mut known, mut out, mut at) = (0, Vec::new(), 0);
        while at < lower.len() {
            let most = LONGEST.min(lower.len() - at);
            let found = (1..=most).rev().find_map(|count| {
                let entry = words.get(lower[at..at + count].join(" ").as_str())?;
                Some((count, *entry))
            });
            match found {
                Some((count, english)) => {
                    known += count;
                    out.push(english.to_owned());
                    at += count;
                }
                None => {
                    out.push(bare[at].to_owned());
                    at += 1;
                }
            }
        }
        (known, out)
    };
    let best = WORDS
        .values()
        .map(read)
        .max_by(|(one, some), (other, others)| one.cmp(other).then(others.cmp(some)));
    let english = lower.iter().filter(|word| language::is_known(word)).count();
    match best {
        Some((known, out)) if known >= FEWEST && known > english => out.join(" "),
        _ => question.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::in_english;

    #[test]
    fn questions_of_three_languages_are_put_into_english() {
        for (question, want) in [
            (
                "Wie viele Tabletten Bisoprolol nimmt sie am Tag?",
                "how many tablets Bisoprolol takes she on the day",
            ),
            (
                "¿Con qué frecuencia toma la paciente Lansoprazole?",
                "how often takes the patient Lansoprazole",
            ),
            (
                "Combien de comprimés d'Atorvastatin prend-elle par jour ?",
                "how many tablets d'Atorvastatin does she take a day",
            ),
            (
                "Quand est le prochain rendez-vous",
                "when is the next appointment",
            ),
            ("was the dose in mg changed", "was the dose in mg changed"),
            ("is she on a statin", "is she on a statin"),
            ("Ferritin?", "Ferritin?"),
            ("Leonie Zielinski: der GP?", "Leonie Zielinski: der GP?"),
            (
                "kuinka monta tablettia päivässä",
                "kuinka monta tablettia päivässä",
            ),
        ] {
            assert_eq!(in_english(question).trim(), want, "{question}");
        }
    }
}
