//! The document itself.

use schemas::DocumentKind;
use serde_json::{Value, json};

use super::{Context, resource::Resource};

pub(super) const DOCUMENT: &str = "document";

/// A reference to the file: its type, size and digest, and no copy of it.
pub(super) fn document_reference<'a>(context: &Context) -> Resource<'a> {
    let info = &context.export.document.document;
    let (loinc, text) = kind(info.kind);
    let mut kind = json!({"text": text});
    if let Some(code) = loinc {
        kind["coding"] = json!([{"system": crate::coding::LOINC, "code": code}]);
    }
    let mut attachment = json!({"contentType": info.media_type, "title": info.file});
    if let Ok(size) = i32::try_from(info.bytes) {
        attachment["size"] = json!(size);
    }
    let body: Value = json!({
        "masterIdentifier": {
            "system": "urn:ietf:rfc:3986",
            "value": format!("urn:uuid:{}", context.document),
        },
        "identifier": [
            {"system": "urn:medbot:document", "value": info.id},
            {"system": "urn:medbot:sha256", "value": info.sha256},
        ],
        "status": "current",
        "type": kind,
        "subject": context.patient(),
        "content": [{"attachment": attachment}],
    });
    Resource::unmarked(context, "DocumentReference", DOCUMENT, body)
}

fn kind(kind: DocumentKind) -> (Option<&'static str>, &'static str) {
    match kind {
        DocumentKind::Prescription => (Some("57833-6"), "Prescription"),
        DocumentKind::LabReport => (Some("11502-2"), "Laboratory report"),
        DocumentKind::DischargeSummary => (Some("18842-5"), "Discharge summary"),
        DocumentKind::ReferralLetter => (Some("57133-1"), "Referral letter"),
        DocumentKind::Imaging => (Some("18748-4"), "Imaging report"),
        DocumentKind::InsuranceForm => (None, "Insurance form"),
        DocumentKind::Other => (None, "Medical document"),
    }
}
