//! Decoding through sandboxed children: open a document, then take its pages one by one.
//!
//! A page comes from whichever child is free, preferably the one that has the document open; any
//! other opens it again first. So a child that dies on page 7 costs page 7 alone. Nothing that a
//! child says is believed before its numbers add up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use image::RgbImage;
use schemas::{Reject, RejectKind};

use super::service::{DecodeRequest, DecodeResponse, DecodeService};
use super::{DecodeConfig, DecodedPage, format, source};
use crate::sandbox::{CallError, ChildId, Launch, Layers, Pool, PoolConfig};

/// Decodes documents in a pool of sandboxed children; shared by threads.
pub struct Decoder {
    pool: Pool<DecodeService>,
    config: DecodeConfig,
    documents: AtomicU64,
}

impl Decoder {
    /// Starts the first of up to `children` children.
    ///
    /// # Errors
    /// The child's program cannot be started, or PDFium cannot be loaded.
    pub fn new(launch: Launch, config: DecodeConfig, children: usize) -> Result<Self, CallError> {
        let mut pool = PoolConfig::new(launch, children);
        pool.limits.memory_bytes = config.limits.memory_bytes;
        pool.limits.request_bytes = config.limits.bytes;
        pool.response_bytes = config.limits.pixels_per_page.saturating_mul(3);
        // Half of it must be enough for one call.
        pool.limits.cpu_seconds = 2 * config.limits.time.as_secs() + 240;
        Ok(Self {
            pool: Pool::new(pool, config.clone())?,
            config,
            documents: AtomicU64::new(0),
        })
    }

    /// Which layers confine the children.
    #[must_use]
    pub fn layers(&self) -> &Layers {
        self.pool.layers()
    }

    /// Opens a document; of `name_hint` only the extension is looked at.
    ///
    /// # Errors
    /// [`Reject`] with its kind.
    pub fn open(
        &self,
        bytes: impl Into<Arc<[u8]>>,
        name_hint: Option<&str>,
    ) -> Result<DecodedFile<'_>, Reject> {
        let bytes = bytes.into();
        let extension = name_hint.and_then(format::extension);
        // What needs no decoder is refused without waking one.
        let limit = self.config.limits.bytes;
        if bytes.len() as u64 > limit {
            return Err(source::too_large("bytes", bytes.len() as u64, limit));
        }
        let format = format::sniff(&bytes, extension.as_deref())?;
        let document = self.documents.fetch_add(1, Ordering::Relaxed);
        let mut file = DecodedFile {
            decoder: self,
            bytes,
            extension,
            document,
            child: None,
            media_type: format.media_type(),
            pages: 0,
        };
        file.pages = file.send()?;
        Ok(file)
    }
}

/// An open document; the bytes stay here, in case a child must open them again.
pub struct DecodedFile<'a> {
    decoder: &'a Decoder,
    bytes: Arc<[u8]>,
    extension: Option<String>,
    document: u64,
    child: Option<ChildId>,
    media_type: &'static str,
    pages: usize,
}

impl DecodedFile<'_> {
    /// What the content is, `image/png` or the like.
    #[must_use]
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// At least one.
    #[must_use]
    pub fn page_count(&self) -> usize {
        self.pages
    }

    /// Decodes one page, `index` from 0.
    ///
    /// # Errors
    /// [`Reject`]; other pages may still be good.
    pub fn page(&mut self, index: usize) -> Result<DecodedPage, Reject> {
        if index >= self.pages {
            return Err(Reject::new(
                RejectKind::NoPages,
                format!(
                    "it has {} pages, counted from 0, and {index} was asked for",
                    self.pages
                ),
            ));
        }
        let request = DecodeRequest::Page {
            document: self.document,
            index,
        };
        // A busy or new child has not opened this document yet; once is enough unless others push
        // in between, so try as often as there can be others.
        for _ in 0..16 {
            match self.ask(&request, &[])? {
                (DecodeResponse::NotOpen, _) => self.send().map(drop)?,
                (DecodeResponse::Rejected(reject), _) => return Err(reject),
                (
                    DecodeResponse::Page {
                        width,
                        height,
                        dpi,
                        subject,
                        text_layer,
                        hidden_glyphs,
                    },
                    rgb,
                ) => {
                    source::check_pixels(width.into(), height.into(), &self.decoder.config.limits)?;
                    let whole = rgb.len() as u64 == 3 * u64::from(width) * u64::from(height);
                    let inside = text_layer.iter().all(|word| {
                        let b = word.bbox;
                        [b.x0, b.x1]
                            .iter()
                            .all(|x| (0.0..=width as f32).contains(x))
                            && [b.y0, b.y1]
                                .iter()
                                .all(|y| (0.0..=height as f32).contains(y))
                            && !word.text.is_empty()
                    });
                    let sane = dpi.is_none_or(|dpi| dpi.is_finite() && dpi > 0.0);
                    let image = RgbImage::from_raw(width, height, rgb);
                    let Some(image) = image.filter(|_| whole && inside && sane) else {
                        return Err(broken());
                    };
                    return Ok(DecodedPage {
                        image,
                        dpi,
                        subject,
                        text_layer,
                        hidden_glyphs,
                    });
                }
                (DecodeResponse::Opened { .. }, _) => return Err(broken()),
            }
        }
        Err(Reject::new(
            RejectKind::TooSlow,
            "the decoders were too busy with other documents; run fewer at once",
        ))
    }

    /// Every page in order.
    pub fn pages(&mut self) -> impl Iterator<Item = Result<DecodedPage, Reject>> {
        (0..self.pages).map(|index| self.page(index))
    }

    fn send(&mut self) -> Result<usize, Reject> {
        let request = DecodeRequest::Open {
            document: self.document,
            extension: self.extension.clone(),
        };
        let bytes = Arc::clone(&self.bytes);
        match self.ask(&request, &bytes)? {
            (DecodeResponse::Opened { pages, .. }, _)
                if (1..=self.decoder.config.limits.pages).contains(&pages) =>
            {
                Ok(pages)
            }
            (DecodeResponse::Rejected(reject), _) => Err(reject),
            _ => Err(broken()),
        }
    }

    fn ask(
        &mut self,
        request: &DecodeRequest,
        blob: &[u8],
    ) -> Result<(DecodeResponse, Vec<u8>), Reject> {
        let time = self.decoder.config.limits.time;
        let answer = self.decoder.pool.call_on(self.child, request, blob, time);
        let (child, response, blob) = answer.map_err(|error| refusal(&error, time))?;
        self.child = Some(child);
        Ok((response, blob))
    }
}

fn broken() -> Reject {
    Reject::new(
        RejectKind::DecoderCrashed,
        "the decoder gave an answer that makes no sense; export the document again",
    )
}

fn refusal(error: &CallError, time: Duration) -> Reject {
    let (kind, detail) = match error {
        CallError::Timeout | CallError::OutOfTime => (
            RejectKind::TooSlow,
            format!(
                "decoding was stopped after {} seconds; split the document, or raise the limit",
                time.as_secs_f32()
            ),
        ),
        CallError::TooLarge(bytes) => (
            RejectKind::TooLarge,
            format!("a page needs {bytes} bytes, above the limit; split the document"),
        ),
        CallError::Start(_) | CallError::NotLoaded(_) => (
            RejectKind::DecoderCrashed,
            "a decoder could not be started; see the log and `medbot doctor`".into(),
        ),
        CallError::Crashed(_)
        | CallError::Panicked(_)
        | CallError::Refused
        | CallError::Protocol => (
            RejectKind::DecoderCrashed,
            "the decoder broke down on this content, or needed more memory than the limits \
                 allow; export the document again"
                .into(),
        ),
    };
    // The cause names places of our own source and signals, never content.
    tracing::warn!(%error, "a sandboxed decoder failed");
    Reject::new(kind, detail)
}
