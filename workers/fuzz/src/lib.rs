//! What the targets share: a document is decoded as in a sandboxed child, within small limits, and a message
//! that is understood must come back the same.
//!
//! A panic that the decoders catch themselves (of a codec that trusts its input) is no finding; one that
//! gets out of them is.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::{LazyLock, Once};

use infra::queue::Notice;
use libfuzzer_sys::Corpus;
use serde::{Serialize, de::DeserializeOwned};
use workers::archive;
use workers::decode::{DecodeService, Limits, decode, sniff};
use workers::sandbox::Service;

/// Each target of a decoder and the formats that it is for.
pub const TARGETS: [(&str, &[&str]); 7] = [
    ("png", &["image/png"]),
    ("jpeg", &["image/jpeg"]),
    ("animation", &["image/gif", "image/webp"]),
    (
        "bitmap",
        &[
            "application/octet-stream",
            "image/bmp",
            "image/vnd.radiance",
            "image/x-icon",
            "image/x-portable-anymap",
            "image/x-qoi",
            "image/x-targa",
        ],
    ),
    ("tiff", &["image/tiff"]),
    ("pdf", &["application/pdf"]),
    ("dicom", &["application/dicom"]),
];

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    pixels_per_page: 1_000_000,
    pages: 8,
    memory_bytes: 512 << 20,
    time: std::time::Duration::from_secs(20),
    dpi: 40.0,
};

static PDFIUM: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let cache = infra::models::Cache::locate().ok()?;
    cache.require(infra::models::Asset::Pdfium).ok()
});

/// Decodes bytes if they claim to be of this target's formats; others teach the fuzzer nothing.
#[must_use]
pub fn document(bytes: &[u8], target: &str) -> Corpus {
    static QUIET: Once = Once::new();
    // The fuzzer's own hook ends the process before anybody can catch a panic.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let is_meant = sniff(bytes, None).is_ok_and(|media_type| {
        TARGETS
            .iter()
            .any(|(name, types)| *name == target && types.contains(&media_type))
    });
    if !is_meant {
        return Corpus::Reject;
    }
    let pdfium = PDFIUM.as_deref();
    let read = decode(bytes, None, &LIMITS, pdfium);
    for page in read.iter().flat_map(|document| &document.pages) {
        let (width, height) = page.image.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        assert!(
            (1..=LIMITS.pixels_per_page).contains(&pixels),
            "a page of {pixels} pixels"
        );
        assert!(
            page.dpi.is_none_or(|dpi| dpi.is_finite() && dpi > 0.0),
            "a density that is none"
        );
        for word in &page.text_layer {
            assert!(!word.text.is_empty(), "an empty word");
            let b = word.bbox;
            let inside = [b.x0, b.x1]
                .iter()
                .all(|x| (0.0..=width as f32).contains(x))
                && [b.y0, b.y1]
                    .iter()
                    .all(|y| (0.0..=height as f32).contains(y));
            assert!(inside, "a word outside its page");
        }
    }
    Corpus::Keep
}

/// Unpacks bytes as a batch's zip, within small limits.
pub fn archive(bytes: &[u8]) {
    const LIMITS: archive::Limits = archive::Limits {
        files: 64,
        bytes: 1 << 20,
    };
    let (mut members, mut unpacked) = (0, 0);
    let mut piece = [0; 4096];
    let _ = archive::members(Cursor::new(bytes), LIMITS, |_, member| {
        members += 1;
        if let Ok(member) = member {
            while let Ok(read @ 1..) = member.read(&mut piece) {
                unpacked += read as u64;
            }
        }
        true
    });
    assert!(members <= LIMITS.files, "{members} members");
    assert!(unpacked <= LIMITS.bytes, "{unpacked} bytes");
}

/// Reads bytes as each kind of message.
pub fn messages(bytes: &[u8]) {
    returns::<schemas::Step>(bytes);
    returns::<schemas::Outcome>(bytes);
    returns::<schemas::TaskError>(bytes);
    returns::<schemas::JobState>(bytes);
    returns::<<DecodeService as Service>::Request>(bytes);
    returns::<<DecodeService as Service>::Response>(bytes);
    notice(bytes);
}

/// Reads bytes as what the broker brings: how long the body is, the body, and the trace's header, which a task's span
/// is then given.
fn notice(bytes: &[u8]) {
    let Some((&length, rest)) = bytes.split_first() else {
        return;
    };
    let (body, traceparent) = rest.split_at(usize::from(length).min(rest.len()));
    let traceparent = (!traceparent.is_empty()).then_some(traceparent);
    let Some(notice) = Notice::of_message(body, traceparent) else {
        return;
    };
    let (task, trace) = (notice.task.0, notice.traceparent.as_deref());
    let again = Notice::of_message(task.as_bytes(), trace.map(str::as_bytes));
    assert_eq!(again, Some(notice.clone()), "a notice changes on its way");
    let step = schemas::Step::document(schemas::Stage::Decode);
    let _ = infra::telemetry::task_span(schemas::JobId(task), step, 1, trace);
}

/// What is understood is written so that it is understood the same again.
fn returns<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(message) = serde_json::from_slice::<T>(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&message).expect("a message is JSON");
    let read: T = serde_json::from_slice(&written).expect("what was written is read");
    let again = serde_json::to_vec(&read).expect("a message is JSON");
    assert_eq!(written, again, "a message changes on its way");
}
