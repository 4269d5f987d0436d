//! CSV after RFC 4180, safe to open in a spreadsheet.

use chrono::SecondsFormat;
use csv::{Terminator, Writer, WriterBuilder};

use super::{
    Row,
    column::{Column, Read, columns},
    formula::guarded,
    stream::{Encoder, ExportError, PIECE_BYTES},
};

/// The table and the bytes of it that wait.
pub(super) struct Csv {
    columns: Vec<Column>,
    table: Writer<Vec<u8>>,
}

impl Csv {
    /// Begins with the header.
    pub(super) fn new() -> Result<Self, ExportError> {
        let columns = columns();
        let mut table = table();
        table.write_record(columns.iter().map(|column| column.name))?;
        Ok(Self { columns, table })
    }
}

fn table() -> Writer<Vec<u8>> {
    WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new())
}

impl Encoder for Csv {
    fn row(&mut self, row: Row) -> Result<(), ExportError> {
        for column in &self.columns {
            match column.read {
                Read::Text(of) => self.table.write_field(guarded(&of(&row)).as_bytes())?,
                Read::Attribute(of) => {
                    let text = of(&row.attributes).unwrap_or_default();
                    self.table.write_field(guarded(text).as_bytes())?;
                }
                Read::Page(of) => self.table.write_field(or_empty(of(&row)))?,
                Read::Probability(of) => self.table.write_field(of(&row).to_string())?,
                Read::Flag(of) => self.table.write_field(of(&row).to_string())?,
                Read::OptionalFlag(of) => self.table.write_field(or_empty(of(&row)))?,
                Read::Time(of) => {
                    let time = of(&row).to_rfc3339_opts(SecondsFormat::Millis, true);
                    self.table.write_field(time)?;
                }
            }
        }
        // No field ends the record.
        Ok(self.table.write_record(None::<&[u8]>)?)
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.table.get_ref().len() >= PIECE_BYTES
    }

    fn take(&mut self) -> Result<Vec<u8>, ExportError> {
        let table = std::mem::replace(&mut self.table, table());
        table
            .into_inner()
            .map_err(|error| ExportError::Io(error.into_error()))
    }
}

fn or_empty(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
