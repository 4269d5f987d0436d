//! Why a document was refused: a stable type for machines (RFC 9457), a sentence for people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// RFC 9457 problem details.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Stable, `urn:medbot:problem:<kind>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words, the same for each occurrence.
    pub title: String,
    /// What happened here and what to do; holds no text of the document.
    pub detail: String,
}

/// A document that cannot be processed, ever: trying again gives the same answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {detail}", kind.title())]
pub struct Reject {
    /// For machines.
    pub kind: RejectKind,
    /// For people; holds no text of the document.
    pub detail: String,
}

/// Kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectKind {
    /// No bytes.
    Empty,
    /// No format that medbot reads starts like this.
    UnsupportedFormat,
    /// The name's extension promises one format and the bytes are no known one.
    Mislabelled,
    /// The file ends before its content does.
    Truncated,
    /// The bytes break their format's rules.
    Malformed,
    /// A password is needed.
    Encrypted,
    /// More bytes, pixels, pages or memory than the limits allow.
    TooLarge,
    /// Decoding ran out of time.
    TooSlow,
    /// The decoder crashed or broke its sandbox on this file.
    DecoderCrashed,
    /// A valid file without any page.
    NoPages,
    /// The file could not be read from disk.
    Unreadable,
    /// Every page failed in every engine.
    Unprocessable,
}

impl RejectKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 12] = [
        Self::Empty,
        Self::UnsupportedFormat,
        Self::Mislabelled,
        Self::Truncated,
        Self::Malformed,
        Self::Encrypted,
        Self::TooLarge,
        Self::TooSlow,
        Self::DecoderCrashed,
        Self::NoPages,
        Self::Unreadable,
        Self::Unprocessable,
    ];

    /// The stable name, the last part of the problem type.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::UnsupportedFormat => "unsupported-format",
            Self::Mislabelled => "mislabelled",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Encrypted => "encrypted",
            Self::TooLarge => "too-large",
            Self::TooSlow => "too-slow",
            Self::DecoderCrashed => "decoder-crashed",
            Self::NoPages => "no-pages",
            Self::Unreadable => "unreadable",
            Self::Unprocessable => "unprocessable",
        }
    }

    /// The kind in words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Empty => "The file is empty",
            Self::UnsupportedFormat => "The format is not supported",
            Self::Mislabelled => "The content is not what the name says",
            Self::Truncated => "The file is cut off",
            Self::Malformed => "The file is damaged",
            Self::Encrypted => "The file is encrypted",
            Self::TooLarge => "The file is larger than the limits",
            Self::TooSlow => "Decoding took too long",
            Self::DecoderCrashed => "The decoder was stopped",
            Self::NoPages => "The file has no page",
            Self::Unreadable => "The file cannot be read",
            Self::Unprocessable => "No page could be read",
        }
    }
}

impl Reject {
    /// A refusal of this kind.
    pub fn new(kind: RejectKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }
}

impl From<&Reject> for Problem {
    fn from(reject: &Reject) -> Self {
        Self {
            kind: format!("urn:medbot:problem:{}", reject.kind.slug()),
            title: reject.kind.title().into(),
            detail: reject.detail.clone(),
        }
    }
}
