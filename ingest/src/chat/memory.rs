//! Embeddings that were made already, so that who asks twice of a document does not wait twice.
//!
//! They are known by a digest under a key of the process's own: no text is kept, and none can be told from a
//! digest. An erasure in any process empties the memory, and what was read before it is not kept after it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use infra::db::{Change, Changes};
use sha2::{Digest as _, Sha256};
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;
use workers::encoder::Encoder;

use super::{known, rank::Meanings};

/// Texts whose embeddings are kept, about 1.5 kB each.
const KEPT: usize = 20_000;

/// Embeddings of lines, sentences and wordings.
pub(super) struct Memory {
    key: [Uuid; 2],
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    embeddings: HashMap<[u8; 32], Arc<Vec<f32>>>,
    forgotten: Moment,
}

/// How often everything was forgotten until then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moment(u64);

impl Memory {
    /// One that knows nothing.
    pub(super) fn new() -> Self {
        Self {
            key: [Uuid::new_v4(), Uuid::new_v4()],
            kept: Mutex::default(),
        }
    }

    /// Empties it whenever a document is erased, or may have been.
    pub(super) fn forget_with(self: &Arc<Self>, changes: &Changes) {
        let (memory, mut changes) = (Arc::clone(self), changes.subscribe());
        tokio::spawn(async move {
            loop {
                match changes.recv().await {
                    Ok(Change::Job(_) | Change::Due) => {}
                    Ok(Change::Erased | Change::Reconnected) | Err(RecvError::Lagged(_)) => {
                        memory.forget();
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    /// To be asked before texts are read that will be encoded.
    pub(super) fn now(&self) -> Moment {
        self.lock(|kept| kept.forgotten)
    }

    /// Embeddings of texts that were read after `since`. A text that cannot be encoded is left out.
    pub(super) fn encoded(&self, encoder: &Encoder, texts: Vec<String>, since: Moment) -> Meanings {
        let mut out = HashMap::new();
        for text in texts {
            if out.contains_key(&text) {
                continue;
            }
            let encode = || known::embedding(&text).or_else(|| encoder.encode(&text).ok());
            let embedding = self.of(&text, since, encode);
            out.extend(embedding.map(|embedding| (text, embedding)));
        }
        Meanings::new(out)
    }

    /// The embedding of a text, which is made and kept where it is not known.
    fn of(
        &self,
        text: &str,
        since: Moment,
        encode: impl FnOnce() -> Option<Vec<f32>>,
    ) -> Option<Arc<Vec<f32>>> {
        let digest = self.digest(text);
        if let Some(known) = self.lock(|kept| kept.embeddings.get(&digest).cloned()) {
            return Some(known);
        }
        let new = Arc::new(encode()?);
        self.lock(|kept| {
            if kept.forgotten == since {
                if kept.embeddings.len() >= KEPT {
                    kept.embeddings.clear();
                }
                kept.embeddings.insert(digest, Arc::clone(&new));
            }
        });
        Some(new)
    }

    fn forget(&self) {
        self.lock(|kept| {
            kept.embeddings = HashMap::new();
            kept.forgotten.0 += 1;
        });
    }

    fn digest(&self, text: &str) -> [u8; 32] {
        let keyed = Sha256::new()
            .chain_update(self.key[0])
            .chain_update(self.key[1]);
        keyed.chain_update(text).finalize().into()
    }

    fn lock<T>(&self, with: impl FnOnce(&mut Kept) -> T) -> T {
        with(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_made_again_until_it_is_forgotten() {
        let memory = Memory::new();
        let begun = memory.now();
        let make = |value: f32| move || Some(vec![value]);
        let of = |text, since, value| memory.of(text, since, make(value)).unwrap()[0];
        assert_eq!(of("Glucose 5.1", begun, 1.0), 1.0);
        assert_eq!(of("Glucose 5.1", begun, 2.0), 1.0, "known");
        assert_eq!(of("Glucose 5.2", begun, 3.0), 3.0);
        memory.forget();
        assert!(memory.lock(|kept| kept.embeddings.is_empty()));

        // A question that had read its documents before the erasure leaves nothing behind.
        assert_eq!(of("Glucose 5.1", begun, 4.0), 4.0);
        assert!(memory.lock(|kept| kept.embeddings.is_empty()));
        assert_eq!(of("Glucose 5.1", memory.now(), 5.0), 5.0);
        assert_eq!(of("Glucose 5.1", memory.now(), 6.0), 5.0);
    }

    #[test]
    fn a_text_is_known_by_a_digest_that_no_other_process_has() {
        let (one, other) = (Memory::new(), Memory::new());
        assert_eq!(one.digest("Jane Roe"), one.digest("Jane Roe"));
        assert_ne!(one.digest("Jane Roe"), one.digest("Jane Row"));
        assert_ne!(one.digest("Jane Roe"), other.digest("Jane Roe"));
        assert_ne!(
            one.digest("Jane Roe"),
            <[u8; 32]>::from(Sha256::digest("Jane Roe"))
        );
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let memory = Memory::new();
        for n in 0..=KEPT {
            memory.of(&n.to_string(), memory.now(), || Some(Vec::new()));
        }
        assert_eq!(memory.lock(|kept| kept.embeddings.len()), 1);
    }
}
