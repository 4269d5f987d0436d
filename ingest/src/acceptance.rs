//! Reviewed documents as a file, and what may be accepted by them: one JSON object a line, as
//! `GET /v1/admin/calibration` writes them.

use std::{fs, path::Path};

use anyhow::Context as _;
use extract::risk::{self, Acceptance, Reviewed, Threshold, TooFew};

/// Of the resamples: the same file gives the same threshold.
const SEED: u64 = 1;

/// The reviewed documents of a calibration set; none without a file.
pub(crate) fn reviewed(file: Option<&Path>) -> anyhow::Result<Vec<Reviewed>> {
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    let text = fs::read_to_string(file).context("the calibration set cannot be read")?;
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(n, line)| {
            serde_json::from_str(line).with_context(|| {
                format!(
                    "line {} of the calibration set is no reviewed document",
                    n + 1
                )
            })
        })
        .collect()
}

/// What may be accepted at an error, and by which threshold.
pub(crate) fn at(set: &[Reviewed], max_error: f64) -> Result<(Acceptance, Threshold), TooFew> {
    let threshold = risk::threshold(set, max_error, SEED)?;
    Ok((Acceptance::new(set, Some(threshold)), threshold))
}

/// What a service accepts: nothing while there are too few reviewed documents.
pub(crate) fn of_service(max_error: f64, file: Option<&Path>) -> anyhow::Result<Acceptance> {
    let set = reviewed(file)?;
    Ok(match at(&set, max_error) {
        Ok((acceptance, threshold)) => {
            tracing::info!(
                documents = threshold.documents,
                confidence = threshold.confidence,
                review = threshold.review,
                "dangerous facts are accepted by the calibration set"
            );
            acceptance
        }
        Err(too_few) => {
            tracing::warn!(reason = %too_few, "every dangerous fact goes to review");
            Acceptance::new(&set, None)
        }
    })
}
