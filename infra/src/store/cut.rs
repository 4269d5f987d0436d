//! A body cut anew into pieces of a wanted size, with a look ahead: is this the last one?
//!
//! Both the parts of an upload and the chunks of a sealed object need that. At most one piece and
//! what the body gave too much are in memory.

use bytes::Bytes;
use futures::TryStreamExt as _;

use super::{Body, StoreError};

/// A body and what was read ahead of it.
pub(super) struct Cut {
    body: Body,
    ahead: Bytes,
}

impl Cut {
    pub(super) fn new(body: Body) -> Self {
        let ahead = Bytes::new();
        Self { body, ahead }
    }

    /// The next `size` bytes; fewer only at the end.
    pub(super) async fn take(&mut self, size: usize) -> Result<Bytes, StoreError> {
        let mut taken = Vec::new();
        while taken.len() < size && !self.is_at_end().await? {
            let count = self.ahead.len().min(size - taken.len());
            let piece = self.ahead.split_to(count);
            if count == size {
                return Ok(piece);
            }
            let needed = taken.len() + count;
            if needed > taken.capacity() {
                // Doubles, but never past the size that is wanted.
                let wanted = needed.max(size.min(taken.capacity() * 2));
                taken.reserve_exact(wanted - taken.len());
            }
            taken.extend_from_slice(&piece);
        }
        Ok(taken.into())
    }

    /// Was everything taken?
    pub(super) async fn is_at_end(&mut self) -> Result<bool, StoreError> {
        while self.ahead.is_empty() {
            match self.body.try_next().await? {
                Some(piece) => self.ahead = piece,
                None => return Ok(true),
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, StreamExt as _};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_of_any_size_are_cut_into_pieces_of_one(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9),
            size in 1_usize..20,
        ) {
            let whole = pieces.concat();
            let body = futures::stream::iter(pieces.into_iter().map(|p| Ok(p.into()))).boxed();
            let mut cut = Cut::new(body);
            let taken: Vec<Bytes> = async {
                let mut taken = Vec::new();
                while !cut.is_at_end().await.unwrap() {
                    taken.push(cut.take(size).await.unwrap());
                }
                taken
            }
            .now_or_never()
            .unwrap();
            let expected: Vec<&[u8]> = whole.chunks(size).collect();
            prop_assert_eq!(taken, expected);
        }
    }
}
