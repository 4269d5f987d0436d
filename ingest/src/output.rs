//! The files of a run: a JSON a document, `documents.jsonl`, `rejected.jsonl`, and what was asked
//! for beside them. A document's files appear whole or not at all.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use schemas::{Document, Entity, Problem};
use serde::Serialize;

use crate::{
    cli::Format,
    process::{make_folder, unwritable},
};

mod entities_csv;
mod hocr;

use entities_csv::EntitiesCsv;
pub(crate) use hocr::hocr;

#[derive(Serialize)]
struct DocumentLine<'a> {
    file: &'a str,
    text: &'a str,
    entities: &'a [Entity],
    sec: f64,
}

#[derive(Serialize)]
struct RejectedLine<'a> {
    file: &'a str,
    error: &'a Problem,
}

/// The open files of a run.
pub(crate) struct Results {
    out: PathBuf,
    formats: Vec<Format>,
    documents: BufWriter<File>,
    rejected: BufWriter<File>,
    entities: Option<EntitiesCsv>,
}

impl Results {
    /// Makes the folder and empties its lists.
    ///
    /// # Errors
    /// When the folder is not writable.
    pub(crate) fn create(out: &Path, formats: &[Format]) -> anyhow::Result<Self> {
        make_folder(out)?;
        let open = |name: &str| -> anyhow::Result<BufWriter<File>> {
            let path = out.join(name);
            Ok(BufWriter::new(
                File::create(&path).with_context(unwritable(&path))?,
            ))
        };
        let entities = formats
            .contains(&Format::Csv)
            .then(|| EntitiesCsv::new(open("entities.csv")?))
            .transpose()?;
        Ok(Self {
            out: out.to_path_buf(),
            formats: formats.to_vec(),
            documents: open("documents.jsonl")?,
            rejected: open("rejected.jsonl")?,
            entities,
        })
    }

    /// Writes a document's results.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn done(&mut self, document: &Document, seconds: f64) -> anyhow::Result<()> {
        let file = &document.document.file;
        for format in &self.formats {
            match format {
                Format::Text => self.write(file, "txt", document.text.as_bytes())?,
                Format::Hocr => self.write(file, "hocr", hocr(document).as_bytes())?,
                Format::Csv => {}
            }
        }
        let mut json = serde_json::to_vec_pretty(document)?;
        json.push(b'\n');
        self.write(file, "json", &json)?;
        let line = DocumentLine {
            file,
            text: &document.text,
            entities: &document.entities,
            sec: (seconds * 1000.0).round() / 1000.0,
        };
        serde_json::to_writer(&mut self.documents, &line)?;
        self.documents.write_all(b"\n")?;
        self.documents.flush()?;
        if let Some(table) = &mut self.entities {
            table.add(file, &document.entities)?;
        }
        Ok(())
    }

    /// Writes why an input was refused.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn rejected(&mut self, file: &str, error: &Problem) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.rejected, &RejectedLine { file, error })?;
        self.rejected.write_all(b"\n")?;
        Ok(self.rejected.flush()?)
    }

    /// Closes the lists.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.documents.flush()?;
        self.rejected.flush()?;
        self.entities.map_or(Ok(()), EntitiesCsv::finish)
    }

    /// One file beside the others, under its final name only when it is whole.
    fn write(&self, file: &str, extension: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.out.join(format!("{file}.{extension}"));
        let folder = path.parent().unwrap_or(&self.out);
        make_folder(folder)?;
        let mut whole = tempfile::NamedTempFile::new_in(folder).with_context(unwritable(folder))?;
        whole.write_all(bytes).with_context(unwritable(&path))?;
        whole.persist(&path).with_context(unwritable(&path))?;
        Ok(())
    }
}
