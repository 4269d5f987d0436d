//! Parquet: columns with types, compressed by Snappy, in row groups of 5,000 rows.
//!
//! A group is held as rows, written column by column and given away; of what has gone only the
//! footer's few numbers a group and column stay.

use std::sync::Arc;

use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical},
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, FloatType, Int32Type, Int64Type},
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties},
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::{Type, TypePtr},
};

use super::{
    Row,
    column::{Column, Read, columns},
    stream::{Encoder, ExportError},
};

/// Rows of a group.
pub(super) const GROUP_ROWS: usize = 5_000;

/// The file and the rows of the group that is not full yet.
pub(super) struct Parquet {
    columns: Vec<Column>,
    rows: Vec<Row>,
    file: SerializedFileWriter<Vec<u8>>,
}

impl Parquet {
    pub(super) fn new() -> Result<Self, ExportError> {
        let columns = columns();
        // A group is one page a column, so an index of pages would say what the group says.
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_created_by(concat!("medbot ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let file = SerializedFileWriter::new(Vec::new(), schema(&columns)?, Arc::new(properties))?;
        Ok(Self {
            columns,
            rows: Vec::new(),
            file,
        })
    }

    fn write_group(&mut self) -> Result<(), ExportError> {
        let mut group = self.file.next_row_group()?;
        for column in &self.columns {
            if let Some(mut chunk) = group.next_column()? {
                write_column(&mut chunk, &column.read, &self.rows)?;
                chunk.close()?;
            }
        }
        group.close()?;
        self.rows.clear();
        Ok(self.file.flush()?)
    }
}

impl Encoder for Parquet {
    fn row(&mut self, row: Row) -> Result<(), ExportError> {
        self.rows.push(row);
        if self.rows.len() == GROUP_ROWS {
            self.write_group()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ExportError> {
        if !self.rows.is_empty() {
            self.write_group()?;
        }
        self.file.finish()?;
        Ok(())
    }

    fn is_full(&self) -> bool {
        !self.file.inner().is_empty()
    }

    fn take(&mut self) -> Result<Vec<u8>, ExportError> {
        // Offsets in the footer come from the writer's own count, not from this vector's length.
        Ok(std::mem::take(self.file.inner_mut()))
    }
}

fn schema(columns: &[Column]) -> Result<TypePtr, ParquetError> {
    let fields = columns.iter().map(|column| {
        let (physical, logical, repetition) = types(&column.read);
        let field = Type::primitive_type_builder(column.name, physical)
            .with_logical_type(logical)
            .with_repetition(repetition);
        Ok(Arc::new(field.build()?))
    });
    let fields = fields.collect::<Result<_, ParquetError>>()?;
    let schema = Type::group_type_builder("entity").with_fields(fields);
    Ok(Arc::new(schema.build()?))
}

fn types(read: &Read) -> (Physical, Option<LogicalType>, Repetition) {
    const OPTIONAL: Repetition = Repetition::OPTIONAL;
    const REQUIRED: Repetition = Repetition::REQUIRED;
    match read {
        Read::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String), REQUIRED),
        Read::Attribute(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String), OPTIONAL),
        Read::Page(_) => {
            let unsigned = LogicalType::integer(32, false);
            (Physical::INT32, Some(unsigned), OPTIONAL)
        }
        Read::Probability(_) => (Physical::FLOAT, None, REQUIRED),
        Read::Flag(_) => (Physical::BOOLEAN, None, REQUIRED),
        Read::OptionalFlag(_) => (Physical::BOOLEAN, None, OPTIONAL),
        Read::Time(_) => {
            let time = LogicalType::timestamp(true, TimeUnit::MILLIS);
            (Physical::INT64, Some(time), REQUIRED)
        }
    }
}

fn write_column(
    chunk: &mut SerializedColumnWriter<'_>,
    read: &Read,
    rows: &[Row],
) -> Result<(), ParquetError> {
    let text = |text: &str| ByteArray::from(text.as_bytes().to_vec());
    match read {
        Read::Text(of) => all::<ByteArrayType>(chunk, rows.iter().map(|row| text(&of(row)))),
        Read::Attribute(of) => {
            some::<ByteArrayType>(chunk, rows.iter().map(|row| of(&row.attributes).map(text)))
        }
        Read::Page(of) => {
            let bits = |page: u32| page.cast_signed();
            some::<Int32Type>(chunk, rows.iter().map(|row| of(row).map(bits)))
        }
        Read::Probability(of) => all::<FloatType>(chunk, rows.iter().map(of)),
        Read::Flag(of) => all::<BoolType>(chunk, rows.iter().map(of)),
        Read::OptionalFlag(of) => some::<BoolType>(chunk, rows.iter().map(of)),
        Read::Time(of) => {
            all::<Int64Type>(chunk, rows.iter().map(|row| of(row).timestamp_millis()))
        }
    }
}

/// A column in which every row has a value.
fn all<T: DataType>(
    chunk: &mut SerializedColumnWriter<'_>,
    values: impl Iterator<Item = T::T>,
) -> Result<(), ParquetError> {
    let values: Vec<T::T> = values.collect();
    chunk.typed::<T>().write_batch(&values, None, None)?;
    Ok(())
}

/// A column in which a row may have none: level 1 says that it has.
fn some<T: DataType>(
    chunk: &mut SerializedColumnWriter<'_>,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let values: Vec<Option<T::T>> = values.collect();
    let levels: Vec<i16> = values.iter().map(|value| value.is_some().into()).collect();
    let values: Vec<T::T> = values.into_iter().flatten().collect();
    chunk
        .typed::<T>()
        .write_batch(&values, Some(&levels), None)?;
    Ok(())
}
