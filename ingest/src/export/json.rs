//! JSON: one array, or one object a line.

use super::{
    Row,
    stream::{Encoder, ExportError, PIECE_BYTES},
};

/// The bytes that wait, and where in the text we are.
pub(super) struct Json {
    is_array: bool,
    has_rows: bool,
    bytes: Vec<u8>,
}

impl Json {
    pub(super) fn array() -> Self {
        Self {
            is_array: true,
            ..Self::lines()
        }
    }

    pub(super) fn lines() -> Self {
        Self {
            is_array: false,
            has_rows: false,
            bytes: Vec::new(),
        }
    }
}

impl Encoder for Json {
    fn row(&mut self, row: Row) -> Result<(), ExportError> {
        if self.is_array {
            self.bytes.push(if self.has_rows { b',' } else { b'[' });
        }
        self.has_rows = true;
        serde_json::to_writer(&mut self.bytes, &row)?;
        if !self.is_array {
            self.bytes.push(b'\n');
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        if self.is_array {
            let end: &[u8] = if self.has_rows { b"]" } else { b"[]" };
            self.bytes.extend_from_slice(end);
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.bytes.len() >= PIECE_BYTES
    }

    fn take(&mut self) -> Result<Vec<u8>, ExportError> {
        Ok(std::mem::take(&mut self.bytes))
    }
}
