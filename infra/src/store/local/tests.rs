//! What the local folder adds to the contract: rights, leftovers, links, a disk that does not serve.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::SystemTime;

use schemas::Artefact;
use uuid::Uuid;

use super::*;
use crate::store::contract::{Source, document, key};
use crate::store::{StoreErrorKind, body};

fn store() -> (tempfile::TempDir, PathBuf, Local) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Local::open(&path).unwrap();
    (folder, path, store)
}

fn some_key() -> ArtefactKey {
    key(TenantId(Uuid::new_v4()), document())
}

fn incoming(path: &Path) -> usize {
    fs::read_dir(path.join(INCOMING)).unwrap().count()
}

#[tokio::test]
async fn only_the_owner_reads_and_nothing_else_is_left() {
    let (_folder, path, store) = store();
    let place = some_key();
    store.put(place, body("text")).await.unwrap();
    let mut entry = path.join(place.to_string());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&entry), 0o600, "the file");
    assert_eq!(fs::read(&entry).unwrap(), b"text");
    while entry != path {
        entry.pop();
        assert_eq!(mode(&entry), 0o700, "a folder");
    }
    assert_eq!(incoming(&path), 0);
}

#[tokio::test]
async fn a_write_that_is_given_up_leaves_nothing() {
    let (_folder, path, store) = store();
    let place = some_key();
    let begun = futures::stream::iter([Ok(bytes::Bytes::from("half"))]);
    let never = begun.chain(futures::stream::pending()).boxed();
    let mut put = store.put(place, never);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while incoming(&path) == 0 {
        assert!(tokio::time::Instant::now() < deadline, "it never began");
        let _ = tokio::time::timeout(Duration::from_millis(5), &mut put).await;
    }
    assert!(store.get(place).await.is_err(), "half a body is seen");
    drop(put);
    assert_eq!(incoming(&path), 0);
}

#[tokio::test]
async fn what_crashes_left_is_removed_on_opening() {
    let (_folder, path, store) = store();
    let place = some_key();
    store.put(place, body("text")).await.unwrap();
    drop(store);
    let write = |name: &str, age: Duration| {
        let file = File::create(path.join(INCOMING).join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    write("old", Duration::from_hours(25));
    write("young", Duration::from_hours(23));
    let erased = path.join(INCOMING).join(format!("{ERASED}1"));
    fs::create_dir_all(erased.join("job")).unwrap();
    fs::write(erased.join("job/original"), b"text").unwrap();

    let store = Local::open(&path).unwrap();
    let left: Vec<_> = fs::read_dir(path.join(INCOMING))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["young"]);
    assert!(store.get(place).await.is_ok(), "an object went with them");
}

#[tokio::test]
async fn links_lead_nowhere() {
    let (folder, path, store) = store();
    let outside = folder.path().join("outside");
    let place = some_key();
    let (tenant, document) = (place.tenant, place.document);
    let original = outside.join(document.to_string()).join("original");
    fs::create_dir_all(original.parent().unwrap()).unwrap();
    fs::write(&original, b"private").unwrap();
    let folder_link = path.join(tenant.to_string());
    let untouched = || fs::read(&original).unwrap() == b"private";

    let refused = |case: &str, error: Option<StoreError>| {
        let error = error.unwrap_or_else(|| panic!("{case} went through"));
        assert_eq!(error.kind, StoreErrorKind::Refused, "{case}: {error}");
        assert!(untouched(), "{case}");
    };
    symlink(&outside, &folder_link).unwrap();
    refused("get", store.get(place).await.err());
    refused("put", store.put(place, body("mine")).await.err());
    refused("delete", store.delete(place).await.err());
    refused("erase", store.erase(tenant, document).await.err());

    fs::remove_file(&folder_link).unwrap();
    fs::create_dir_all(folder_link.join(document.to_string())).unwrap();
    symlink(&original, path.join(place.to_string())).unwrap();
    refused("get of a link", store.get(place).await.err());
    store.put(place, body("mine")).await.unwrap();
    assert!(untouched(), "a put replaces the link itself");

    symlink(
        &outside,
        path.join(Artefact::Original.content_type().replace('/', "-")),
    )
    .unwrap();
    store.erase(tenant, document).await.unwrap();
    assert!(untouched(), "an erase");
}

#[tokio::test]
async fn a_folder_that_does_not_serve_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), b"").unwrap();
    let error = Local::open(&folder.path().join("file/store"))
        .err()
        .unwrap();
    let said = "the store refuses: a link or a file stands where a folder belongs";
    assert_eq!(error.to_string(), said);

    let (_folder, path, store) = store();
    let place = some_key();
    store.put(place, body("text")).await.unwrap();
    fs::remove_dir(path.join(INCOMING)).unwrap();
    let said = "the store refuses: its folder is gone";
    assert_eq!(store.ready().await.unwrap_err().to_string(), said);
    let put = store.put(place, Source::new(1, 10).body()).await;
    assert_eq!(put.unwrap_err().to_string(), said);
    let erased = store.erase(place.tenant, place.document).await;
    assert!(erased.is_err(), "what is still there was not erased");
    assert!(store.get(place).await.is_ok());
}

#[test]
fn a_full_disk_is_told_from_one_that_may_not_be_written() {
    use StoreErrorKind::{Refused, Unavailable};
    for (error, kind, said) in [
        (Errno::NOSPC, Unavailable, "the disk is full"),
        (Errno::DQUOT, Unavailable, "the disk is full"),
        (Errno::ROFS, Refused, "the file system is read-only"),
        (Errno::ACCESS, Refused, "this user may not use its folder"),
        (
            Errno::LOOP,
            Refused,
            "a link stands where an object belongs",
        ),
        (Errno::IO, Unavailable, "Input/output error (os error 5)"),
    ] {
        let found = failure(&error.into());
        assert_eq!((found.kind, found.detail.as_str()), (kind, said));
    }
}
