//! What is written is read back by other means, and a long table needs no more memory than a short.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat};
use futures::{StreamExt as _, TryStreamExt as _, stream as streams};
use parquet::{
    basic::Repetition,
    file::{
        metadata::RowGroupMetaData,
        reader::{FileReader as _, SerializedFileReader},
    },
    record::Field,
};
use serde_json::json;

use super::{ExportError, PIECE_BYTES, stream};
use crate::export::{
    Format, Row,
    column::{Read, columns},
    parquet::GROUP_ROWS,
    row::tests::{ids, row},
};

/// What may end a stream of rows.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("no database")]
    Database,
    #[error(transparent)]
    Export(#[from] ExportError),
}

/// Rows of several types with everything that is hard to write.
fn rows() -> Vec<Row> {
    let codes = json!([
        {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "860975", "display": "M"},
        {"system": "http://snomed.info/sct", "code": "372567009", "display": ""},
    ]);
    let mut rows = vec![
        row(
            1,
            &json!({"type": "medication", "name": "Metformin", "dose": "1 tablet",
                       "prn": false, "codes": codes}),
        ),
        row(
            2,
            &json!({"type": "lab", "name": "Base \"excess\", arterial", "value": "-1.5",
                       "unit": "mmol/L", "flag": "L"}),
        ),
        row(
            3,
            &json!({"type": "instruction", "text": "line one\nline two\r\nthree, \"four\""}),
        ),
        row(
            4,
            &json!({"type": "allergy", "substance": "=HYPERLINK(\"http://x\")",
                       "reaction": "+1"}),
        ),
        row(
            5,
            &json!({"type": "person", "name": "José Ångström 山田", "page": null,
                       "reasons": [], "assertion": "present"}),
        ),
        row(
            6,
            &json!({"type": "instruction", "text": "", "page": u32::MAX,
                       "needs_review": false, "confidence": 0.9731}),
        ),
    ];
    rows[5].created_at = DateTime::from_timestamp_millis(-1).unwrap();
    rows
}

/// The pieces of a table.
async fn pieces(format: Format, rows: Vec<Row>) -> Vec<Bytes> {
    let rows = streams::iter(rows.into_iter().map(Ok::<_, Broken>));
    stream(format, rows).try_collect().await.unwrap()
}

async fn table(format: Format, rows: Vec<Row>) -> Bytes {
    pieces(format, rows).await.concat().into()
}

/// A row's cell as CSV has it before the guard.
fn cell(read: &Read, row: &Row) -> String {
    match read {
        Read::Text(of) => of(row),
        Read::Attribute(of) => of(&row.attributes).unwrap_or_default().to_owned(),
        Read::Page(of) => of(row).map_or(String::new(), |page| page.to_string()),
        Read::Probability(of) => of(row).to_string(),
        Read::Flag(of) => of(row).to_string(),
        Read::OptionalFlag(of) => of(row).map_or(String::new(), |flag| flag.to_string()),
        Read::Time(of) => of(row).to_rfc3339_opts(SecondsFormat::Millis, true),
    }
}

#[tokio::test]
async fn json_comes_back() {
    for rows in [vec![], rows()] {
        let array = table(Format::Json, rows.clone()).await;
        assert_eq!(serde_json::from_slice::<Vec<Row>>(&array).unwrap(), rows);

        let lines = table(Format::Ndjson, rows.clone()).await;
        let lines = std::str::from_utf8(&lines).unwrap();
        assert_eq!(lines.matches('\n').count(), rows.len());
        let read: Vec<Row> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(read, rows);
    }
}

#[tokio::test]
async fn csv_comes_back_and_runs_nothing() {
    let bytes = table(Format::Csv, rows()).await;
    let mut read = csv::Reader::from_reader(bytes.as_ref());
    let header: Vec<String> = read.headers().unwrap().iter().map(Into::into).collect();
    let names: Vec<&str> = columns().iter().map(|column| column.name).collect();
    assert_eq!(header, names);
    let records: Vec<csv::StringRecord> = read.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), rows().len());
    let mut guarded = 0;
    for (record, row) in records.iter().zip(rows()) {
        for (found, column) in record.iter().zip(columns()) {
            let printed = cell(&column.read, &row);
            if printed.starts_with('=') {
                guarded += 1;
                assert_eq!(found, format!("'{printed}"), "{}", column.name);
            } else {
                assert_eq!(found, printed, "{}", column.name);
            }
        }
    }
    assert_eq!(guarded, 1);
    assert_eq!(
        &records[0][names.iter().position(|&n| n == "codes").unwrap()],
        "http://www.nlm.nih.gov/research/umls/rxnorm|860975 http://snomed.info/sct|372567009"
    );
    let first_line = bytes.split(|&b| b == b'\n').next().unwrap();
    assert!(first_line.ends_with(b",created_at\r"));
    assert_eq!(
        pieces(Format::Csv, vec![]).await.concat(),
        [first_line, b"\n"].concat()
    );
}

#[tokio::test]
async fn parquet_comes_back_with_its_types() {
    // More than two groups, the last one not full.
    let rows: Vec<Row> = rows()
        .into_iter()
        .cycle()
        .take(2 * GROUP_ROWS + 3)
        .collect();
    let file = SerializedFileReader::new(table(Format::Parquet, rows.clone()).await).unwrap();
    let groups = file.metadata().row_groups().iter();
    let groups: Vec<i64> = groups.map(RowGroupMetaData::num_rows).collect();
    assert_eq!(groups, [5_000, 5_000, 3]);
    for (field, column) in file
        .metadata()
        .file_metadata()
        .schema()
        .get_fields()
        .iter()
        .zip(columns())
    {
        let optional = matches!(
            column.read,
            Read::Attribute(_) | Read::Page(_) | Read::OptionalFlag(_)
        );
        let repetition = if optional {
            Repetition::OPTIONAL
        } else {
            Repetition::REQUIRED
        };
        assert_eq!(
            field.get_basic_info().repetition(),
            repetition,
            "{}",
            column.name
        );
    }
    let mut count = 0;
    for (read, row) in file.get_row_iter(None).unwrap().zip(&rows) {
        let read = read.unwrap();
        for ((name, found), column) in read.get_column_iter().zip(columns()) {
            let wanted = match column.read {
                Read::Text(of) => Some(Field::Str(of(row))),
                Read::Attribute(of) => of(&row.attributes).map(|text| Field::Str(text.into())),
                Read::Page(of) => of(row).map(Field::UInt),
                Read::Probability(of) => Some(Field::Float(of(row))),
                Read::Flag(of) => Some(Field::Bool(of(row))),
                Read::OptionalFlag(of) => of(row).map(Field::Bool),
                Read::Time(of) => Some(Field::TimestampMillis(of(row).timestamp_millis())),
            };
            assert_eq!(name, column.name);
            assert_eq!(*found, wanted.unwrap_or(Field::Null), "{name}");
        }
        assert_eq!(read.len(), columns().len());
        count += 1;
    }
    assert_eq!(count, rows.len());

    let empty = SerializedFileReader::new(table(Format::Parquet, vec![]).await).unwrap();
    assert_eq!(empty.metadata().file_metadata().num_rows(), 0);
}

#[tokio::test]
async fn a_long_table_is_never_held() {
    const ROWS: usize = 50_000;
    let sample = rows();
    for format in Format::ALL {
        let pulled = Arc::new(AtomicUsize::new(0));
        let counter = pulled.clone();
        let sample = sample.clone();
        let rows = streams::iter(0..ROWS).map(move |n| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Broken>(Row {
                ids: ids(n as u128),
                text: format!("line {n} of the document"),
                ..sample[n % sample.len()].clone()
            })
        });
        let mut bytes = Box::pin(stream(format, rows));
        assert_eq!(
            pulled.load(Ordering::SeqCst),
            0,
            "{format:?} waits to be asked"
        );
        let (mut before, mut most_rows, mut most_bytes) = (0, 0, 0);
        while let Some(piece) = bytes.try_next().await.unwrap() {
            let now = pulled.load(Ordering::SeqCst);
            most_rows = most_rows.max(now - before);
            most_bytes = most_bytes.max(piece.len());
            before = now;
        }
        assert_eq!(before, ROWS, "{format:?}");
        // The last row may go over the piece, and CSV has a buffer before it.
        let (rows_limit, bytes_limit) = match format {
            Format::Parquet => (GROUP_ROWS, 1 << 20),
            _ => (1_000, PIECE_BYTES + (1 << 14)),
        };
        assert!(most_rows <= rows_limit, "{format:?} held {most_rows} rows");
        assert!(
            most_bytes <= bytes_limit,
            "{format:?} held {most_bytes} bytes"
        );
    }
}

#[tokio::test]
async fn an_error_of_the_rows_ends_the_bytes() {
    for format in Format::ALL {
        let rows = rows().into_iter().map(Ok).chain([Err(Broken::Database)]);
        let bytes = stream(format, streams::iter(rows));
        let got: Vec<Result<Bytes, Broken>> = bytes.collect().await;
        assert!(
            matches!(got.last(), Some(Err(Broken::Database))),
            "{format:?}"
        );
        assert_eq!(got.len(), 1, "{format:?} goes on after the error");
    }
}
