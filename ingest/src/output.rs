//! The files of a run: a JSON a document, `documents.jsonl`, `rejected.jsonl`, and what was asked
//! for beside them. A document's files appear whole or not at all.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufWriter, IntoInnerError, Write},
    iter,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use extract::fhir::{self, Export};
use image::RgbImage;
use schemas::{Document, Entity, Problem};
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::{
    cli::Format,
    process::{make_folder, unwritable},
};

mod alto;
mod entities_csv;
mod hocr;
mod pdf;
mod xml;

pub(crate) use alto::alto;
use entities_csv::EntitiesCsv;
pub(crate) use hocr::hocr;
pub(crate) use pdf::SearchablePdf;

/// Results speak of patients: their owner alone reads them.
const PRIVATE: u32 = 0o600;

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
            let mut new = File::options();
            new.write(true).create(true).truncate(true).mode(PRIVATE);
            Ok(BufWriter::new(
                new.open(&path).with_context(unwritable(&path))?,
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

    /// Writes a document's results; `pdf` is its finished draft if one was asked for, `recorded` the
    /// instant that FHIR's Provenance states.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn done(
        &mut self,
        document: &Document,
        pdf: Option<NamedTempFile>,
        recorded: &str,
        seconds: f64,
    ) -> anyhow::Result<()> {
        let file = &document.document.file;
        for format in &self.formats {
            match format {
                Format::Text => self.write(file, "txt", iter::once(&document.text))?,
                Format::Hocr => self.write(file, "hocr", iter::once(hocr(document)))?,
                Format::Alto => self.write(file, "alto.xml", alto(document))?,
                Format::Fhir => {
                    let export = Export {
                        document,
                        accepted: &BTreeSet::new(),
                        recorded,
                    };
                    let mut json = serde_json::to_vec_pretty(&fhir::collection(&export))?;
                    json.push(b'\n');
                    self.write(file, "fhir.json", iter::once(json))?;
                }
                Format::Csv | Format::Pdf => {}
            }
        }
        if let Some(pdf) = pdf {
            Self::keep(pdf, &self.path(file, "pdf")?)?;
        }
        let mut json = serde_json::to_vec_pretty(document)?;
        json.push(b'\n');
        self.write(file, "json", iter::once(json))?;
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

    /// One file beside the others, from its pieces, under its final name only when it is whole.
    fn write(
        &self,
        file: &str,
        extension: &str,
        pieces: impl Iterator<Item = impl AsRef<[u8]>>,
    ) -> anyhow::Result<()> {
        let path = self.path(file, extension)?;
        let folder = path.parent().unwrap_or(&self.out);
        let whole = NamedTempFile::new_in(folder).with_context(unwritable(folder))?;
        let mut buffered = BufWriter::new(&whole);
        for piece in pieces {
            buffered
                .write_all(piece.as_ref())
                .with_context(unwritable(&path))?;
        }
        buffered.flush().with_context(unwritable(&path))?;
        drop(buffered);
        Self::keep(whole, &path)
    }

    /// Where a file of results lies; its folder is made.
    fn path(&self, file: &str, extension: &str) -> anyhow::Result<PathBuf> {
        let path = self.out.join(format!("{file}.{extension}"));
        make_folder(path.parent().unwrap_or(&self.out))?;
        Ok(path)
    }

    fn keep(whole: NamedTempFile, path: &Path) -> anyhow::Result<()> {
        whole.persist(path).with_context(unwritable(path))?;
        Ok(())
    }
}

/// The PDF of a document that is still being read: pictures are written while it is.
pub(crate) struct Draft(SearchablePdf<BufWriter<NamedTempFile>>);

impl Draft {
    /// Begins in the folder of the results, where it will lie.
    ///
    /// # Errors
    /// When the folder is not writable.
    pub(crate) fn begin(out: &Path) -> anyhow::Result<Self> {
        let file = NamedTempFile::new_in(out).with_context(unwritable(out))?;
        Ok(Self(SearchablePdf::new(BufWriter::new(file))))
    }

    /// Adds a page's picture.
    pub(crate) fn raster(&mut self, page: usize, raster: &RgbImage) {
        self.0.raster(page, raster);
    }

    /// The whole file.
    ///
    /// # Errors
    /// When the disk refused anything.
    pub(crate) fn finish(self, document: &Document) -> anyhow::Result<NamedTempFile> {
        let failed = "cannot write a PDF beside the results";
        let buffered = self.0.finish(document).context(failed)?;
        buffered
            .into_inner()
            .map_err(IntoInnerError::into_error)
            .context(failed)
    }
}
