//! The characters that an engine can write: one that has no `ü` is no evidence against another's.

use serde::{Deserialize, Serialize};

/// What an engine can write. White space is not counted: every engine tells words apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repertoire(Option<String>);

impl Repertoire {
    /// These characters and no others.
    #[must_use]
    pub fn of(characters: impl IntoIterator<Item = char>) -> Self {
        Self(Some(characters.into_iter().collect()))
    }

    /// Whatever is printed: nothing is known that it cannot write.
    #[must_use]
    pub fn whole() -> Self {
        Self(None)
    }

    /// Can the engine write it?
    #[must_use]
    pub fn has(&self, ch: char) -> bool {
        ch.is_whitespace() || self.0.as_ref().is_none_or(|own| own.contains(ch))
    }
}

/// Chinese characters, kana, hangul, bopomofo, and the marks and wide forms that are printed with them.
#[must_use]
pub fn is_east_asian(ch: char) -> bool {
    matches!(ch,
        '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ffef}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::{Repertoire, is_east_asian};

    #[test]
    fn a_repertoire_has_its_own_characters_and_white_space() {
        let own = Repertoire::of("abc1é".chars());
        for (ch, has) in [
            ('a', true),
            ('é', true),
            ('\u{fc}', false),
            ('中', false),
            (' ', true),
        ] {
            assert_eq!(own.has(ch), has, "{ch}");
            assert!(Repertoire::whole().has(ch));
        }
    }

    #[test]
    fn scripts_of_east_asia_are_told_from_all_others() {
        for ch in "药の한，。：（〇㎎".chars() {
            assert!(is_east_asian(ch), "{ch}");
        }
        for ch in "aüß€µ°–“☐✓Ωж½".chars() {
            assert!(!is_east_asian(ch), "{ch}");
        }
    }
}
