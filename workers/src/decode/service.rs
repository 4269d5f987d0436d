//! Decoding as a sandboxed service: one open document a child, one page an answer.

use schemas::{Reject, Subject};
use serde::{Deserialize, Serialize};

use super::source::{self, Source};
use super::{DecodeConfig, DecodedPage, TextWord, pdf};
use crate::sandbox::Service;

/// The service; keeps the document that it opened last.
pub struct DecodeService {
    config: DecodeConfig,
    open: Option<(u64, Source)>,
}

/// A question to the service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DecodeRequest {
    /// Open the bytes beside this request under this number.
    Open {
        /// Unique to the document.
        document: u64,
        /// Of the file's name.
        extension: Option<String>,
    },
    /// Decode one page.
    Page {
        /// The document's number.
        document: u64,
        /// From 0.
        index: usize,
    },
}

/// Its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DecodeResponse {
    /// The document is open.
    Opened {
        /// What it is.
        media_type: String,
        /// How many pages it has.
        pages: usize,
    },
    /// A page; its RGB bytes travel beside this answer.
    Page {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
        /// Dots per inch.
        dpi: Option<f32>,
        /// Whose page it is by the file's header.
        subject: Option<Subject>,
        /// Visible words.
        text_layer: Vec<TextWord>,
        /// Glyphs that cannot be seen.
        hidden_glyphs: usize,
    },
    /// The document or the page is refused.
    Rejected(Reject),
    /// This child has another document open, or none.
    NotOpen,
}

impl Service for DecodeService {
    const KIND: &'static str = "decode";
    type Config = DecodeConfig;
    type Request = DecodeRequest;
    type Response = DecodeResponse;

    fn load(config: DecodeConfig) -> Result<Self, String> {
        if let Some(path) = &config.pdfium {
            pdf::load(path)?;
        }
        Ok(Self { config, open: None })
    }

    fn handle(&mut self, request: DecodeRequest, blob: Vec<u8>) -> (DecodeResponse, Vec<u8>) {
        let answer = match request {
            DecodeRequest::Open {
                document,
                extension,
            } => self.open(document, extension.as_deref(), blob),
            DecodeRequest::Page { document, index } => self.page(document, index),
        };
        answer.unwrap_or_else(|reject| (DecodeResponse::Rejected(reject), Vec::new()))
    }
}

impl DecodeService {
    fn open(
        &mut self,
        document: u64,
        extension: Option<&str>,
        bytes: Vec<u8>,
    ) -> Result<(DecodeResponse, Vec<u8>), Reject> {
        self.open = None;
        let pdfium = self.config.pdfium.as_deref();
        let source = source::open(bytes.into(), extension, &self.config.limits, pdfium)?;
        let opened = DecodeResponse::Opened {
            media_type: source.format.media_type().into(),
            pages: source.pages.count(),
        };
        self.open = Some((document, source));
        Ok((opened, Vec::new()))
    }

    fn page(&mut self, document: u64, index: usize) -> Result<(DecodeResponse, Vec<u8>), Reject> {
        let open = self.open.as_mut().filter(|(id, _)| *id == document);
        let Some((_, source)) = open.filter(|(_, source)| index < source.pages.count()) else {
            return Ok((DecodeResponse::NotOpen, Vec::new()));
        };
        let DecodedPage {
            image,
            dpi,
            subject,
            text_layer,
            hidden_glyphs,
        } = source.page(index)?;
        let page = DecodeResponse::Page {
            width: image.width(),
            height: image.height(),
            dpi,
            subject,
            text_layer,
            hidden_glyphs,
        };
        Ok((page, image.into_raw()))
    }
}
