//! The table's columns: the one list from which CSV and Parquet take names, order and types.

use chrono::{DateTime, Utc};

use super::row::{Attributes, Row, word};

/// One column.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) read: Read,
}

/// A column's type, and where its value is in a row.
pub(super) enum Read {
    /// Always there.
    Text(fn(&Row) -> String),
    /// Empty when the entity has none such.
    Attribute(fn(&Attributes) -> Option<&str>),
    /// From 0.
    Page(fn(&Row) -> Option<u32>),
    /// In 0..=1.
    Probability(fn(&Row) -> f32),
    /// Always there.
    Flag(fn(&Row) -> bool),
    /// Empty when the entity has none such.
    OptionalFlag(fn(&Row) -> Option<bool>),
    /// In UTC.
    Time(fn(&Row) -> DateTime<Utc>),
}

/// All columns, in order.
pub(super) fn columns() -> Vec<Column> {
    let column = |name, read| Column { name, read };
    let mut columns = vec![
        column("entity_id", Read::Text(|row| row.ids.entity_id.to_string())),
        column(
            "document_id",
            Read::Text(|row| row.ids.document_id.to_string()),
        ),
        column("job_id", Read::Text(|row| row.ids.job_id.to_string())),
        column("page", Read::Page(|row| row.page)),
        column("type", Read::Text(|row| row.kind.clone())),
        column("text", Read::Text(|row| row.text.clone())),
    ];
    columns.extend(
        Attributes::COLUMNS
            .iter()
            .map(|&(name, read)| column(name, Read::Attribute(read))),
    );
    columns.extend([
        column("prn", Read::OptionalFlag(|row| row.prn)),
        column("codes", Read::Text(codes)),
        column(
            "assertion",
            Read::Text(|row| word(row.assertion).unwrap_or_default()),
        ),
        column("confidence", Read::Probability(|row| row.confidence.get())),
        column("needs_review", Read::Flag(|row| row.needs_review)),
        column("reasons", Read::Text(|row| row.reasons.join("; "))),
        column("created_at", Read::Time(|row| row.created_at)),
    ]);
    columns
}

/// `system|code`, as FHIR writes a token, separated by spaces.
fn codes(row: &Row) -> String {
    let tokens = row
        .codes
        .iter()
        .map(|code| format!("{}|{}", code.system, code.code));
    tokens.collect::<Vec<_>>().join(" ")
}
