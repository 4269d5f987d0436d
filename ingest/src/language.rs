//! Languages as `--lang` and `MEDBOT_LANG` name them.

use std::str::FromStr;

/// A language that Tesseract may have data for, by Tesseract's name: ISO 639-3, most often alone
/// (`deu`), or with what sets the data apart (`chi_sim`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language(String);

/// Two-letter codes that are understood, and what Tesseract calls them.
const SHORT: [(&str, &str); 14] = [
    ("cs", "ces"),
    ("da", "dan"),
    ("de", "deu"),
    ("en", "eng"),
    ("es", "spa"),
    ("fi", "fin"),
    ("fr", "fra"),
    ("it", "ita"),
    ("ja", "jpn"),
    ("nl", "nld"),
    ("pl", "pol"),
    ("pt", "por"),
    ("sv", "swe"),
    ("zh", "chi_sim"),
];

/// Written with characters of East Asia.
const EAST_ASIAN: [&str; 3] = ["chi", "jpn", "kor"];

impl Language {
    /// What Tesseract reads when nobody named a language.
    #[must_use]
    pub fn english() -> Self {
        Self("eng".into())
    }

    /// As Tesseract names it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Is it written with Chinese characters, kana or hangul?
    #[must_use]
    pub fn is_east_asian(&self) -> bool {
        EAST_ASIAN.iter().any(|code| self.0.starts_with(code))
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(code: &str) -> Result<Self, String> {
        if let Some((_, name)) = SHORT.iter().find(|(short, _)| *short == code) {
            return Ok(Self((*name).into()));
        }
        let name = code.replace('-', "_");
        let mut parts = name.split('_');
        let lower = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        if parts
            .next()
            .is_some_and(|first| first.len() == 3 && lower(first))
            && parts.all(lower)
        {
            return Ok(Self(name));
        }
        let short: Vec<&str> = SHORT.iter().map(|(short, _)| *short).collect();
        Err(format!(
            "`{code}` is no code of a language: three letters as Tesseract names it, such as `deu` or \
             `chi_sim`, or one of {}",
            short.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn codes_are_tesseract_s_or_short_and_nothing_else() {
        for (code, want) in [
            ("deu", Some("deu")),
            ("de", Some("deu")),
            ("zh", Some("chi_sim")),
            ("chi_sim", Some("chi_sim")),
            ("chi-tra-vert", Some("chi_tra_vert")),
            ("", None),
            ("xx", None),
            ("German", None),
            ("DEU", None),
            ("deu+fra", None),
            ("chi_", None),
            ("../", None),
        ] {
            let read: Result<Language, _> = code.parse();
            assert_eq!(read.ok().as_ref().map(Language::name), want, "{code:?}");
        }
        assert!("zh".parse::<Language>().unwrap().is_east_asian());
        assert!(!Language::english().is_east_asian());
    }
}
