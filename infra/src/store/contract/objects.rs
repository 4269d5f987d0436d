//! Bodies that can be told apart by their digest, without keeping them.

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use schemas::{Artefact, ArtefactKey, DocumentId, JobId, TenantId};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::store::{Body, Store, StoreError, StoreErrorKind};

/// A body that is made while it is read.
#[derive(Clone, Copy)]
pub(in crate::store) struct Source {
    pub(in crate::store) seed: u64,
    pub(in crate::store) size: usize,
    pub(in crate::store) piece: usize,
}

impl Source {
    /// A body of that size in pieces that match no size of the adapters.
    pub(in crate::store) fn new(seed: u64, size: usize) -> Self {
        let piece = 50_021;
        Self { seed, size, piece }
    }

    fn pieces(self) -> impl Iterator<Item = Bytes> + Send + 'static {
        let starts = (0..self.size).step_by(self.piece);
        starts.map(move |start| {
            let end = self.size.min(start + self.piece);
            // SplitMix64 of seed and place, repeated, so that no two pieces look alike.
            let stamp = [1, 2].map(|half| {
                let mut z = (self.seed << 40 ^ start as u64 ^ half << 60)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15);
                z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                (z ^ (z >> 27)).to_le_bytes()
            });
            let mut piece = stamp.as_flattened().repeat((end - start).div_ceil(16));
            piece.truncate(end - start);
            piece.into()
        })
    }

    pub(in crate::store) fn body(self) -> Body {
        stream::iter(self.pieces().map(Ok)).boxed()
    }

    /// The same body, but it breaks off before its end.
    pub(in crate::store) fn broken_body(self) -> Body {
        let broken = Err(StoreError::new(StoreErrorKind::Body, "it broke off"));
        self.body().chain(stream::iter([broken])).boxed()
    }

    pub(in crate::store) fn seen(self) -> Seen {
        let mut seen = Seen::default();
        self.pieces().for_each(|piece| seen.add(&piece));
        seen
    }

    pub(in crate::store) async fn put(self, store: &dyn Store, key: ArtefactKey) {
        let size = store.put(key, self.body()).await.unwrap();
        assert_eq!(size, self.size as u64, "the size of what was written");
    }
}

/// What was read of a body.
#[derive(Clone, Default)]
pub(in crate::store) struct Seen {
    size: u64,
    digest: Sha256,
}

impl Seen {
    fn add(&mut self, piece: &[u8]) {
        self.size += piece.len() as u64;
        self.digest.update(piece);
    }

    /// Size and digest.
    pub(in crate::store) fn end(self) -> (u64, Vec<u8>) {
        (self.size, self.digest.finalize().to_vec())
    }
}

/// Size and digest of a body.
pub(in crate::store) async fn read(body: Body) -> Result<(u64, Vec<u8>), StoreError> {
    let seen = body.try_fold(Seen::default(), async |mut seen, piece| {
        seen.add(&piece);
        Ok(seen)
    });
    Ok(seen.await?.end())
}

/// Size and digest of what lies under a key.
pub(in crate::store) async fn read_key(
    store: &dyn Store,
    key: ArtefactKey,
) -> Result<(u64, Vec<u8>), StoreError> {
    read(store.get(key).await?).await
}

/// What lies under the key is what the source makes.
pub(in crate::store) async fn assert_holds(store: &dyn Store, key: ArtefactKey, source: Source) {
    let found = read_key(store, key).await.unwrap();
    assert!(
        found == source.seen().end(),
        "other bytes, {} of them",
        found.0
    );
}

pub(in crate::store) async fn assert_absent(store: &dyn Store, key: ArtefactKey) {
    let error = read_key(store, key).await.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::NotFound, "{error}");
}

/// The original of a document.
pub(in crate::store) fn key(tenant: TenantId, document: DocumentId) -> ArtefactKey {
    ArtefactKey {
        tenant,
        document,
        artefact: Artefact::Original,
    }
}

/// A page's raster of some job.
pub(in crate::store) fn raster(tenant: TenantId, document: DocumentId, page: u32) -> ArtefactKey {
    let artefact = Artefact::Raster(JobId(Uuid::from_u128(7)), page);
    ArtefactKey {
        artefact,
        ..key(tenant, document)
    }
}
