//! What lies on the disk is changed in every way, and each is seen.

use std::path::PathBuf;

use schemas::{Artefact, JobId};
use uuid::Uuid;

use super::*;
use crate::store::contract::{KeysInMemory, Source, document, key};
use crate::store::{Local, StoreErrorKind, body, collect};

const HEADER: usize = 12;
const CHUNK: usize = (64 << 10) + 16;

struct Disk {
    folder: tempfile::TempDir,
    local: Arc<Local>,
    keys: Arc<KeysInMemory>,
    store: Sealed,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let local = Arc::new(Local::open(folder.path()).unwrap());
        let keys = Arc::new(KeysInMemory::default());
        let store = Sealed::new(local.clone(), keys.clone());
        Self {
            folder,
            local,
            keys,
            store,
        }
    }

    fn path(&self, key: ArtefactKey) -> PathBuf {
        self.folder.path().join(key.to_string())
    }

    fn read(&self, key: ArtefactKey) -> Vec<u8> {
        std::fs::read(self.path(key)).unwrap()
    }

    async fn opened(&self, key: ArtefactKey) -> Result<bytes::Bytes, StoreError> {
        collect(self.store.get(key).await?, 1 << 30).await
    }

    async fn assert_corrupt(&self, case: &str, key: ArtefactKey) {
        match self.opened(key).await {
            Ok(_) => panic!("{case}: it was opened"),
            Err(error) => assert_eq!(error.kind, StoreErrorKind::Corrupt, "{case}: {error}"),
        }
    }
}

fn some_key() -> ArtefactKey {
    key(TenantId(Uuid::new_v4()), document())
}

#[tokio::test]
async fn nothing_of_the_text_lies_on_the_disk() {
    let (disk, place) = (Disk::new(), some_key());
    let text = "lisinopril ".repeat(10_000);
    let size = disk.store.put(place, body(text.clone())).await.unwrap();
    assert_eq!(size, text.len() as u64, "the size is the plaintext's");
    let sealed = disk.read(place);
    assert_eq!(sealed.len(), HEADER + text.len() + 2 * 16);
    assert!(!sealed.windows(6).any(|window| window == b"pril l"));
    assert_eq!(disk.opened(place).await.unwrap(), text);

    disk.store.put(place, body(text)).await.unwrap();
    assert_ne!(disk.read(place), sealed, "equal text is sealed anew");
}

#[tokio::test]
async fn what_was_changed_is_corrupt() {
    let (disk, place) = (Disk::new(), some_key());
    // Three full chunks and a fourth.
    Source::new(1, 3 * (64 << 10) + 100)
        .put(&disk.store, place)
        .await;
    let whole = disk.read(place);
    let chunk = |n: usize| &whole[HEADER + n * CHUNK..whole.len().min(HEADER + (n + 1) * CHUNK)];
    let head = &whole[..HEADER];
    let flipped = |place: usize| {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        changed
    };
    let cases = [
        ("empty", vec![]),
        ("half a header", whole[..7].to_vec()),
        ("a header alone", head.to_vec()),
        ("half a tag", whole[..HEADER + 8].to_vec()),
        ("cut in a chunk", whole[..HEADER + 1000].to_vec()),
        ("cut after the first chunk", [head, chunk(0)].concat()),
        (
            "cut before the last chunk",
            [head, chunk(0), chunk(1), chunk(2)].concat(),
        ),
        ("the last byte cut", whole[..whole.len() - 1].to_vec()),
        ("a byte more", [&whole[..], b"\0"].concat()),
        (
            "a chunk left out",
            [head, chunk(0), chunk(2), chunk(3)].concat(),
        ),
        (
            "the first left out",
            [head, chunk(1), chunk(2), chunk(3)].concat(),
        ),
        (
            "reordered",
            [head, chunk(1), chunk(0), chunk(2), chunk(3)].concat(),
        ),
        (
            "doubled",
            [head, chunk(0), chunk(0), chunk(1), chunk(2), chunk(3)].concat(),
        ),
        ("the last alone", [head, chunk(3)].concat()),
        ("another magic", flipped(0)),
        ("another version", flipped(4)),
        ("another prefix", flipped(5)),
        ("a bit of text", flipped(HEADER + 70)),
        ("a bit of a tag", flipped(HEADER + CHUNK - 1)),
        ("a bit of the last chunk", flipped(whole.len() - 50)),
        ("a bit of the last tag", flipped(whole.len() - 1)),
    ];
    for (case, changed) in cases {
        std::fs::write(disk.path(place), changed).unwrap();
        disk.assert_corrupt(case, place).await;
    }
    std::fs::write(disk.path(place), &whole).unwrap();
    assert!(disk.opened(place).await.is_ok(), "the unchanged one");
}

#[tokio::test]
async fn an_object_opens_in_its_own_place_alone() {
    let (disk, first) = (Disk::new(), some_key());
    let second = ArtefactKey {
        artefact: Artefact::Result(JobId(Uuid::nil())),
        ..first
    };
    let third = ArtefactKey {
        document: document(),
        ..first
    };
    for (seed, place) in [(1, first), (2, second), (3, third)] {
        Source::new(seed, 1000).put(&disk.store, place).await;
    }
    std::fs::rename(disk.path(first), disk.path(second)).unwrap();
    disk.assert_corrupt("of the same document", second).await;
    std::fs::rename(disk.path(second), disk.path(third)).unwrap();
    disk.assert_corrupt("of another document", third).await;
}

#[tokio::test]
async fn an_older_object_in_the_place_of_the_one_that_counts_stays_closed() {
    let (disk, place) = (Disk::new(), some_key());
    let [old, new, other] = [(); 3].map(|()| Version::new().unwrap());
    let counts = |versions: &[Version]| {
        let mut known = disk.keys.versions.lock().unwrap();
        known.insert(place, versions.to_vec());
    };
    disk.store.put_as(place, body("5 mg"), old).await.unwrap();
    let kept = disk.read(place);
    disk.store.put_as(place, body("50 mg"), new).await.unwrap();
    counts(&[new]);
    assert_eq!(disk.opened(place).await.unwrap(), "50 mg");
    std::fs::write(disk.path(place), &kept).unwrap();
    disk.assert_corrupt("the one before", place).await;
    // Another version's name does not make it that version.
    let mut renamed = kept.clone();
    renamed[HEADER - Version::BYTES..HEADER].copy_from_slice(&new.0);
    std::fs::write(disk.path(place), renamed).unwrap();
    disk.assert_corrupt("the one before, called the present one", place)
        .await;

    // Whichever of two attempts wrote last; and what an earlier program wrote, of which nothing is known.
    std::fs::write(disk.path(place), &kept).unwrap();
    counts(&[other, old]);
    assert_eq!(disk.opened(place).await.unwrap(), "5 mg");
    disk.keys.versions.lock().unwrap().clear();
    assert_eq!(disk.opened(place).await.unwrap(), "5 mg");
    counts(&[]);
    disk.assert_corrupt("of no version that counts", place)
        .await;
}

#[tokio::test]
async fn without_its_key_it_stays_closed() {
    let (disk, place) = (Disk::new(), some_key());
    let text = "a patient's page";
    disk.store.put(place, body(text)).await.unwrap();
    let sealed = disk.read(place);
    let stranger = Sealed::new(disk.local.clone(), Arc::new(KeysInMemory::default()));
    let opened = collect(stranger.get(place).await.unwrap(), 100).await;
    assert_eq!(opened.unwrap_err().kind, StoreErrorKind::Corrupt);

    assert_eq!(disk.keys.count(), 1);
    disk.store
        .erase(place.tenant, place.document)
        .await
        .unwrap();
    assert_eq!(disk.keys.count(), 0, "an erase forgets the key");
    disk.local.put(place, body(sealed)).await.unwrap();
    disk.assert_corrupt("what a backup still had", place).await;
}

#[tokio::test]
async fn looking_for_nothing_makes_no_key() {
    let (disk, place) = (Disk::new(), some_key());
    let error = disk.store.get(place).await.err().unwrap();
    assert_eq!(error.kind, StoreErrorKind::NotFound);
    assert_eq!(disk.keys.count(), 0);
}
