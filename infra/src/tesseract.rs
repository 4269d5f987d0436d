//! The Tesseract of this machine: its version, the languages whose data lie in its folder, and the
//! characters that each of them can write.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What Tesseract says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tesseract {
    /// Such as `5.3.0`.
    pub version: String,
    /// Where the data lie; none when it names no folder.
    pub folder: Option<PathBuf>,
    /// Languages whose data are there, as Tesseract names them, `osd` among them.
    pub languages: Vec<String>,
}

/// Data that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Not there.
    #[error(
        "Tesseract has no data for the language `{language}`: apt-get install {}",
        package_of(language)
    )]
    Missing {
        /// As Tesseract names it.
        language: String,
    },
    /// Not as Tesseract 4 and 5 write it.
    #[error(
        "Tesseract's data for `{language}` are damaged: reinstall {}",
        package_of(language)
    )]
    Damaged {
        /// As Tesseract names it.
        language: String,
    },
}

/// The Debian package that holds the data of a language.
#[must_use]
pub fn package_of(language: &str) -> String {
    format!("tesseract-ocr-{}", language.replace('_', "-"))
}

impl Tesseract {
    /// Asks it; None when it is not installed.
    #[must_use]
    pub fn ask() -> Option<Self> {
        let version = version_of(&answer("--version")?)?;
        let said = answer("--list-langs").unwrap_or_default();
        let (folder, languages) = languages_of(&said);
        Some(Self {
            version,
            folder: folder.map(PathBuf::from),
            languages: languages.into_iter().map(str::to_owned).collect(),
        })
    }

    /// The data file of a language, if it is there.
    #[must_use]
    pub fn data(&self, language: &str) -> Option<PathBuf> {
        let there = self.languages.iter().any(|there| there == language);
        let folder = self.folder.as_ref().filter(|_| there)?;
        Some(folder.join(format!("{language}.traineddata")))
    }

    /// Every character that these languages together can write.
    ///
    /// # Errors
    /// When the data of one of them are missing or damaged.
    pub fn characters(&self, languages: &[String]) -> Result<BTreeSet<char>, DataError> {
        let mut characters = BTreeSet::new();
        for language in languages {
            let missing = || DataError::Missing {
                language: language.clone(),
            };
            let path = self.data(language).ok_or_else(missing)?;
            let own = characters_of(&path).ok_or_else(|| DataError::Damaged {
                language: language.clone(),
            })?;
            characters.extend(own);
        }
        Ok(characters)
    }
}

/// Which part of a data file lists the characters of the LSTM.
const LSTM_UNICHARSET: usize = 21;

/// The characters in a data file: a count of parts, the offset of each (-1 for none), the parts. A
/// line of the list is an entry (most often one character) and what is known of it.
fn characters_of(path: &Path) -> Option<BTreeSet<char>> {
    let bytes = fs::read(path).ok()?;
    let count = usize::try_from(u32::from_le_bytes(*bytes.first_chunk()?)).ok()?;
    let offsets: Vec<i64> = bytes
        .get(4..4 + count.checked_mul(8)?)?
        .chunks_exact(8)
        .map(|offset| i64::from_le_bytes(offset.try_into().unwrap_or_default()))
        .collect();
    let from = usize::try_from(*offsets.get(LSTM_UNICHARSET)?).ok()?;
    let to = offsets
        .iter()
        .filter_map(|&offset| usize::try_from(offset).ok())
        .filter(|&offset| offset > from)
        .min()
        .unwrap_or(bytes.len());
    let list = std::str::from_utf8(bytes.get(from..to)?).ok()?;
    let entries = list
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next());
    // Entries in capitals and between bars stand for spaces and broken print.
    let printed = entries
        .filter(|entry| *entry != "NULL" && !entry.starts_with("|Broken") && *entry != "Joined");
    Some(printed.flat_map(str::chars).collect())
}

fn answer(question: &str) -> Option<String> {
    let output = Command::new("tesseract")
        .arg(question)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    // Old versions answer on the error stream.
    let text = if output.stdout.is_empty() {
        output.stderr
    } else {
        output.stdout
    };
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&text).into_owned())
}

fn version_of(said: &str) -> Option<String> {
    let first = said.lines().next()?;
    Some(first.strip_prefix("tesseract ")?.trim().to_owned())
}

/// The data folder and the languages in it.
fn languages_of(said: &str) -> (Option<&str>, Vec<&str>) {
    let mut lines = said.lines();
    let folder = lines.next().and_then(|l| l.split('"').nth(1));
    (folder, lines.map(str::trim).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn its_words_are_understood() {
        for (said, version) in [
            ("tesseract 5.3.0\n leptonica-1.82.0\n", Some("5.3.0")),
            ("tesseract 4.1.1-rc2\n", Some("4.1.1-rc2")),
            ("", None),
        ] {
            assert_eq!(version_of(said).as_deref(), version, "{said:?}");
        }
        let said = "List of available languages in \"/usr/share/tessdata/\" (2):\neng\nosd\n";
        assert_eq!(
            languages_of(said),
            (Some("/usr/share/tessdata/"), vec!["eng", "osd"])
        );
        assert_eq!(languages_of(""), (None, vec![]));
    }

    #[test]
    fn installed_data_say_what_they_can_write() {
        let tesseract = Tesseract::ask().expect("infra/setup installs Tesseract");
        for (language, has, lacks) in [
            ("eng", "aZ9é€", "üß中"),
            ("deu", "üßÄ", "ñ中"),
            ("chi_sim", "中药", "ñ"),
        ] {
            let characters = tesseract.characters(&[language.to_owned()]).unwrap();
            assert!(has.chars().all(|c| characters.contains(&c)), "{language}");
            assert!(
                !lacks.chars().any(|c| characters.contains(&c)),
                "{language}"
            );
        }
        let both = tesseract
            .characters(&["deu".to_owned(), "spa".to_owned()])
            .unwrap();
        assert!(both.contains(&'ß') && both.contains(&'ñ'));
        let error = tesseract
            .characters(&["chi_xyz".to_owned()])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("`chi_xyz`") && error.contains("tesseract-ocr-chi-xyz"),
            "{error}"
        );
    }

    #[test]
    fn damaged_data_are_no_data() {
        for bytes in [&b""[..], b"\x18\0\0\0", &[0xff; 64], &[0; 300]] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(bytes).unwrap();
            assert_eq!(characters_of(file.path()), None, "{} bytes", bytes.len());
        }
    }
}
