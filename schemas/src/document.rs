//! The document result, `medbot.document/1`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Confidence, Engine, Entity, Page};

/// The id of this shape.
pub const SCHEMA_ID: &str = "medbot.document/1";

/// Everything that medbot says about one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// Always [`SCHEMA_ID`].
    pub schema: String,
    /// The file and what it is.
    pub document: DocumentInfo,
    /// The whole text in reading order; lines end in `\n`, pages are joined by `\f`.
    pub text: String,
    /// Its pages.
    pub pages: Vec<Page>,
    /// Facts in reading order.
    pub entities: Vec<Entity>,
    /// The engines that were asked, with the models that they used.
    pub engines: Vec<EngineInfo>,
    /// How long each stage took.
    pub timings_ms: Timings,
}

/// A document's file and kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentInfo {
    /// Derived from the content and the path: a re-run gives the same.
    pub id: String,
    /// Path relative to the PATH argument, with `/`.
    pub file: String,
    /// Of the bytes as given, lower-case hexadecimal.
    pub sha256: String,
    /// By magic bytes.
    pub media_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Number of pages.
    pub page_count: usize,
    /// What kind of document it is.
    pub kind: DocumentKind,
    /// How sure that is.
    pub kind_confidence: Confidence,
}

/// Kinds of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each name says it")]
pub enum DocumentKind {
    Prescription,
    LabReport,
    DischargeSummary,
    ReferralLetter,
    InsuranceForm,
    Imaging,
    Other,
}

/// An engine and what it read with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EngineInfo {
    /// Which.
    pub name: Engine,
    /// Version of the software.
    pub version: String,
    /// Its model files.
    pub models: Vec<ModelInfo>,
}

/// A model file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelInfo {
    /// File name.
    pub file: String,
    /// Of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

/// Wall-clock milliseconds of each stage, summed over pages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "each name says it")]
pub struct Timings {
    pub decode: f64,
    pub prepare: f64,
    pub detect: f64,
    pub ocr: BTreeMap<Engine, f64>,
    pub fuse: f64,
    pub extract: f64,
    pub total: f64,
}

/// The JSON Schema of [`Document`].
///
/// # Panics
/// Never: a generated schema is always an object.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Document).to_value();
    let object = schema
        .as_object_mut()
        .expect("a generated schema is an object");
    object.insert("$id".into(), SCHEMA_ID.into());
    schema
}
