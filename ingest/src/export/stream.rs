//! Rows in, bytes out, and never more than a piece of either in memory.

use std::pin::Pin;

use bytes::Bytes;
use futures::{Stream, TryStreamExt as _, stream::try_unfold};

use super::{Format, Row, csv::Csv, json::Json, parquet::Parquet};

/// A piece of text is given away once it has so many bytes.
pub(super) const PIECE_BYTES: usize = 1 << 16;

/// A row could not be written. Says nothing of what is in it.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// As JSON.
    #[error("a row cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// As CSV.
    #[error("a row cannot be written as CSV")]
    Csv(#[from] ::csv::Error),
    /// As Parquet.
    #[error("a row group cannot be written as Parquet")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// In any form.
    #[error("a piece of the table cannot be written")]
    Io(#[from] std::io::Error),
}

/// Writes rows in one format into memory that is taken away piece by piece.
pub(super) trait Encoder: Send {
    /// Adds a row.
    fn row(&mut self, row: Row) -> Result<(), ExportError>;

    /// Adds what stands after the last row.
    fn finish(&mut self) -> Result<(), ExportError>;

    /// Is there a piece to give away?
    fn is_full(&self) -> bool;

    /// Takes the bytes that wait.
    fn take(&mut self) -> Result<Vec<u8>, ExportError>;
}

enum State<S> {
    Start(Format, Pin<Box<S>>),
    Rows(Box<dyn Encoder>, Pin<Box<S>>),
    End,
}

/// The rows in a format, in pieces. Nothing is read from `rows` before somebody asks for bytes.
pub fn stream<S, E>(format: Format, rows: S) -> impl Stream<Item = Result<Bytes, E>> + Send
where
    S: Stream<Item = Result<Row, E>> + Send,
    E: From<ExportError> + Send,
{
    try_unfold(State::Start(format, Box::pin(rows)), async |state| {
        let (mut encoder, mut rows) = match state {
            State::Start(format, rows) => (encoder(format)?, rows),
            State::Rows(encoder, rows) => (encoder, rows),
            State::End => return Ok(None),
        };
        while !encoder.is_full() {
            let Some(row) = rows.try_next().await? else {
                encoder.finish()?;
                return Ok(Some((encoder.take()?.into(), State::End)));
            };
            encoder.row(row)?;
        }
        Ok(Some((encoder.take()?.into(), State::Rows(encoder, rows))))
    })
}

fn encoder(format: Format) -> Result<Box<dyn Encoder>, ExportError> {
    Ok(match format {
        Format::Json => Box::new(Json::array()),
        Format::Ndjson => Box::new(Json::lines()),
        Format::Csv => Box::new(Csv::new()?),
        Format::Parquet => Box::new(Parquet::new()?),
    })
}

#[cfg(test)]
mod tests;
