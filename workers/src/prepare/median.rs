//! The middle of values.

/// The upper median; 0 of nothing.
pub(super) fn median(values: impl IntoIterator<Item: Into<f64>>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().map(Into::into).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
