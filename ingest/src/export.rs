//! Entities as analysts take them away: JSON, NDJSON, CSV or Parquet, as a stream of bytes.
//!
//! Rows come as a stream and go as they come: what is held is a chunk, or for Parquet a row group,
//! however many rows there are. An error of the rows ends the bytes with that error, so that the
//! connection breaks off and nobody takes a part for the whole.

mod accept;
mod column;
mod csv;
mod deidentified;
pub(crate) mod formula;
mod json;
mod parquet;
mod row;
mod stream;

pub use accept::Format;
pub use deidentified::{Deidentification, about, deidentified};
pub use row::{Attributes, Row, RowIds};
pub use stream::{ExportError, stream};
