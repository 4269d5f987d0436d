//! The searchable PDF of a document, made while it is sent: one raster at a time comes from the store
//! and leaves as a picture, so that a long document never lies in memory.

use std::{io, mem};

use bytes::Bytes;
use futures::{Stream, stream::try_unfold};
use infra::{
    db::{Caller, DocumentRow},
    store::{self, StoreErrorKind},
};
use schemas::{Artefact, ArtefactKey, Document};
use tokio::task::spawn_blocking;
use workers::decode;

use super::key;
use crate::{http::Api, output::SearchablePdf};

/// Largest raster that is taken into memory.
const LARGEST_RASTER: u64 = 1 << 30;

struct Unfinished {
    pdf: SearchablePdf<Vec<u8>>,
    document: Document,
    next: usize,
}

/// The bytes, a page's picture a piece; then the words of all.
pub(super) fn stream(
    api: Api,
    caller: Caller,
    row: &DocumentRow,
    document: Document,
) -> impl Stream<Item = io::Result<Bytes>> + Send + use<> {
    let (id, job) = (row.id, row.result.unwrap_or(row.job));
    let start = Unfinished {
        pdf: SearchablePdf::new(Vec::new()),
        document,
        next: 0,
    };
    try_unfold(Some(start), move |unfinished| {
        let api = api.clone();
        let raster = move |page| key(&caller, id, Artefact::Raster(job, page));
        async move {
            let Some(mut unfinished) = unfinished else {
                return Ok(None);
            };
            if unfinished.next == unfinished.document.pages.len() {
                let Unfinished { pdf, document, .. } = unfinished;
                let end = spawn_blocking(move || pdf.finish(&document)).await??;
                return Ok(Some((end.into(), None)));
            }
            let page = unfinished.next;
            unfinished.next += 1;
            if let Some(png) = png(&api, raster(page as u32)).await? {
                unfinished = spawn_blocking(move || {
                    let raster = decode::raster_from_png(&png)
                        .ok_or_else(|| io::Error::other("a page raster is no PNG"))?;
                    unfinished.pdf.raster(page, &raster);
                    io::Result::Ok(unfinished)
                })
                .await??;
            }
            let bytes = mem::take(unfinished.pdf.sink());
            Ok(Some((bytes.into(), Some(unfinished))))
        }
    })
}

/// A stored raster; none when the page could not be decoded.
async fn png(api: &Api, key: ArtefactKey) -> io::Result<Option<Vec<u8>>> {
    let body = match api.store.get(key).await {
        Ok(body) => body,
        Err(error) if error.kind == StoreErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io::Error::other(error)),
    };
    let bytes = store::collect(body, LARGEST_RASTER).await;
    Ok(Some(bytes.map_err(io::Error::other)?.into()))
}
