//! A document that says itself what shall happen to it: the magic bytes of a PNG, so that the API
//! takes it, then a script as JSON, then blanks. The same seed and number give the same bytes.
//!
//! Poison goes by number, so that also a short campaign has every kind.

use fixtures::rng::Rng;
use schemas::{Engine, Stage};
use serde::{Deserialize, Serialize};

/// What a PNG begins with.
pub(super) const MAGIC: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

const WORDS: [&str; 10] = [
    "amber", "birch", "cedar", "delta", "ember", "flint", "grove", "heron", "inlet", "juniper",
];

/// A document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// Which of the campaign.
    pub number: u32,
    /// Of the campaign.
    pub seed: u64,
    /// One to four.
    pub pages: Vec<PageScript>,
    /// What the stages of the whole document suffer.
    pub poison: Option<(Stage, Poison)>,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageScript {
    /// What stands on it.
    pub words: Vec<String>,
    /// Has it a text layer?
    pub text_layer: bool,
    /// Shall it be read a second time?
    pub again: bool,
    /// Is its entity doubtful?
    pub doubtful: bool,
    /// What a stage suffers on it.
    pub poison: Option<(Stage, Poison)>,
}

/// What a poisoned stage does, each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Poison {
    /// It panics.
    Panic,
    /// It does not end within its limit.
    Hang,
    /// It takes its process with it.
    Abort,
    /// It fails and says that another attempt may help.
    Fail,
    /// It refuses for good.
    Reject,
}

impl Script {
    /// The document of this number.
    #[must_use]
    pub fn new(seed: u64, number: u32) -> Self {
        let mut rng = Rng::new(seed).fork(&format!("document {number}"));
        let count = match rng.unit() {
            x if x < 0.5 => 1,
            x if x < 0.8 => 2,
            x if x < 0.92 => 3,
            _ => 4,
        };
        let mut pages: Vec<PageScript> = (0..count)
            .map(|page| PageScript {
                words: (0..rng.int(1, 6))
                    .map(|n| format!("{}-{number}-{page}-{n}", rng.word(&WORDS)))
                    .collect(),
                text_layer: rng.chance(0.2),
                again: rng.chance(0.05),
                doubtful: rng.chance(0.1),
                poison: None,
            })
            .collect();
        let on_page = match number % 40 {
            3 => Some((Stage::Prepare, Poison::Panic)),
            7 => Some((Stage::Detect, Poison::Hang)),
            // Each of these costs five workers.
            13 if number % 120 == 13 => Some((Stage::Fuse, Poison::Abort)),
            17 => Some((Stage::Decode, Poison::Fail)),
            23 => Some((Stage::Decode, Poison::Reject)),
            31 => Some((Stage::Recognise(Engine::Paddle), Poison::Fail)),
            37 => Some((Stage::Recognise(Engine::Tesseract), Poison::Panic)),
            _ => None,
        };
        let at = rng.int(0, i64::from(count) - 1) as usize;
        pages[at].poison = on_page;
        let poison = (number % 80 == 27).then_some((Stage::Extract, Poison::Fail));
        Self {
            number,
            seed,
            pages,
            poison,
        }
    }

    /// Does some stage suffer?
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poison.is_some() || self.pages.iter().any(|page| page.poison.is_some())
    }

    /// The same without poison.
    #[must_use]
    pub fn clean(mut self) -> Self {
        self.poison = None;
        for page in &mut self.pages {
            page.poison = None;
        }
        self
    }

    /// What is uploaded.
    ///
    /// # Panics
    /// Never: a script is JSON.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        serde_json::to_writer(&mut bytes, self).expect("a script is JSON");
        let mut rng = Rng::new(self.seed).fork(&format!("size {}", self.number));
        bytes.resize(bytes.len() + rng.int(0, 4000) as usize, b' ');
        bytes
    }

    /// What the bytes say; none when they were changed.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes.strip_prefix(&MAGIC)?).ok()
    }
}
