//! Whether a question is put in English, which is all that is understood here: by its words in lower case, since names
//! are written in capitals and may be of any language.

use crate::chat::words;

use super::terms;

/// Fewer words tell no language.
const FEWEST: usize = 4;
/// Least share of them that is known.
const KNOWN: f32 = 0.35;

/// Are nearly none of its words English, or names of drugs, tests and illnesses?
pub(crate) fn is_foreign(question: &str) -> bool {
    let parts = question.split(|c: char| !(c.is_alphabetic() || matches!(c, '\'' | '’')));
    let parts: Vec<&str> = parts
        .filter(|part| part.chars().count() > 1 && part.chars().all(|c| !c.is_uppercase()))
        .collect();
    let known = parts.iter().filter(|part| is_known(part)).count();
    parts.len() >= FEWEST && (known as f32) < KNOWN * parts.len() as f32
}

/// Is it an English word, or the name of a drug, a test or an illness?
pub(crate) fn is_known(word: &str) -> bool {
    let mut tokens = words::tokens(word).into_iter();
    tokens.any(|word| words::is_common(&words::stem(&word)) || terms::is_used(&word))
}

#[cfg(test)]
mod tests {
    use super::is_foreign;

    #[test]
    fn other_languages_are_told_from_english() {
        for (question, foreign) in [
            ("wann wurde sie zuletzt geimpft", true),
            ("¿Cuál es su grupo sanguíneo?", true),
            ("à quelle fréquence prend-elle ce médicament", true),
            ("what is her blood group", false),
            ("leonie zielinski nhs number", false),
            ("hows the k and na", false),
            ("Stellan Vasquez, ferritin", false),
            ("hydroxizine refils pls", false),
        ] {
            assert_eq!(is_foreign(question), foreign, "{question}");
        }
    }
}
