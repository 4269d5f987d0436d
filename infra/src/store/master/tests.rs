//! Files that hold a key or do not, and what a wrapped key is bound to.

use std::fs;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn tenant(n: u128) -> TenantId {
    TenantId(Uuid::from_u128(n))
}

fn document(n: u128) -> DocumentId {
    DocumentId(Uuid::from_u128(n))
}

fn master(first: u8) -> MasterKey {
    let mut bytes = [0; 32];
    (first..).zip(&mut bytes).for_each(|(n, byte)| *byte = n);
    MasterKey::new(Zeroizing::new(bytes))
}

fn file(folder: &Path, content: &[u8], mode: u32) -> PathBuf {
    let path = folder.join("master.key");
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn a_key_is_read_as_bytes_or_as_digits() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..32).collect();
    let digits = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
    let with_end = format!("{digits}\n");
    for (case, content) in [
        ("bytes", &bytes[..]),
        ("digits", digits.as_bytes()),
        ("a line", with_end.as_bytes()),
    ] {
        let read = MasterKey::load(&file(folder.path(), content, 0o600)).unwrap();
        assert_eq!(read.id(), master(0).id(), "{case}");
        assert_eq!(read.secret, master(0).secret, "{case}");
    }
}

#[test]
fn a_file_that_is_no_key_or_not_private_is_refused() {
    use MasterKeyError::{Form, Open, Read};
    let folder = tempfile::tempdir().unwrap();
    let long = "0".repeat(65);
    for (case, content, mode) in [
        ("group", &b"0"[..], 0o640),
        ("others", b"0", 0o604),
        ("short", b"0123456789abcdef", 0o600),
        ("empty", b"", 0o600),
        ("long", long.as_bytes(), 0o600),
        ("no digits", &[b'g'; 64], 0o400),
    ] {
        let error = MasterKey::load(&file(folder.path(), content, mode)).unwrap_err();
        let expected = match mode & 0o077 {
            0 => matches!(error, Form(_)),
            _ => matches!(error, Open(_)),
        };
        assert!(expected, "{case}: {error}");
    }
    let absent = MasterKey::load(&folder.path().join("absent")).unwrap_err();
    assert!(matches!(absent, Read { .. }), "{absent}");
}

#[test]
fn a_new_key_is_private_and_never_takes_the_place_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let made = MasterKey::generate(&path).unwrap();
    assert_eq!(MasterKey::load(&path).unwrap().secret, made.secret);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(&path).unwrap();
    let error = MasterKey::generate(&path).unwrap_err();
    assert!(matches!(error, MasterKeyError::Exists(_)), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let other = MasterKey::generate(&folder.path().join("other.key")).unwrap();
    assert_ne!(other.secret, made.secret);
    let nowhere = MasterKey::generate(&folder.path().join("absent/master.key")).unwrap_err();
    assert!(matches!(nowhere, MasterKeyError::Write { .. }), "{nowhere}");
}

#[test]
fn a_wrapped_key_opens_for_its_document_alone() {
    let (key, master) = (DataKey::generate().unwrap(), master(0));
    let wrapped = master.wrap(&key, tenant(1), document(2)).unwrap();
    assert_eq!(wrapped.len(), WRAPPED_BYTES);
    let opened = master.unwrap(&wrapped, tenant(1), document(2)).unwrap();
    assert_eq!(opened.bytes(), key.bytes());
    assert!(!wrapped.windows(4).any(|part| key.bytes().starts_with(part)));
    for (case, owner, of) in [
        ("another tenant", tenant(2), document(2)),
        ("another document", tenant(1), document(1)),
        ("exchanged", tenant(2), document(1)),
    ] {
        let error = master.unwrap(&wrapped, owner, of).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Corrupt, "{case}");
    }
}

#[test]
fn the_master_key_that_wraps_is_named() {
    let (old, new) = (master(0), master(1));
    let key = DataKey::generate().unwrap();
    let wrapped = old.wrap(&key, tenant(1), document(1)).unwrap();
    assert_eq!(KeyId::of_wrapped(&wrapped), Some(old.id()));
    assert_ne!(old.id(), new.id());
    let error = new.unwrap(&wrapped, tenant(1), document(1)).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Corrupt);
    assert_eq!(error.detail, "another master key wraps a document's key");
    for no_key in [&wrapped[1..], &[], &[0; WRAPPED_BYTES]] {
        assert_eq!(KeyId::of_wrapped(no_key), None);
        let error = old.unwrap(no_key, tenant(1), document(1)).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Corrupt);
    }
}

/// The values come from HMAC of Python's standard library.
#[test]
fn derived_keys_are_known_and_differ_by_purpose_and_tenant() {
    let hex = |bytes: &[u8]| {
        let mut text = String::new();
        super::hex(&mut text, bytes);
        text
    };
    let key = master(0);
    assert_eq!(key.id().to_string(), "602a3711b8567238");
    let derived = key.derive("digest", tenant(1));
    assert_eq!(
        hex(&derived),
        "43bf422757ec4f9565590d4d16c83105ea112ec7d9788f16ec128725e481bc83"
    );
    for (case, other) in [
        ("purpose", key.derive("digests", tenant(1))),
        ("tenant", key.derive("digest", tenant(2))),
        ("master key", master(1).derive("digest", tenant(1))),
    ] {
        assert_ne!(derived, other, "{case}");
    }
}

#[test]
fn keys_are_not_shown() {
    let (key, master) = (DataKey::generate().unwrap(), master(0));
    assert_eq!(format!("{key:?}"), "DataKey(..)");
    assert_eq!(format!("{master:?}"), "MasterKey(602a3711b8567238)");
}

proptest! {
    #[test]
    fn any_change_of_a_wrapped_key_is_seen(bit in 0..WRAPPED_BYTES * 8) {
        let (key, master) = (DataKey::generate().unwrap(), master(0));
        let mut wrapped = master.wrap(&key, tenant(1), document(1)).unwrap();
        wrapped[bit / 8] ^= 1 << (bit % 8);
        let error = master.unwrap(&wrapped, tenant(1), document(1)).unwrap_err();
        prop_assert_eq!(error.kind, StoreErrorKind::Corrupt);
    }
}

#[test]
fn a_key_of_either_master_opens_until_it_is_wrapped_anew() {
    let (old, new) = (master(1), master(2));
    let key = DataKey::generate().unwrap();
    let (tenant, document) = (tenant(1), document(1));
    let wrapped = old.wrap(&key, tenant, document).unwrap();
    let both = new.clone().accepting(old.clone());
    let opened = both.unwrap(&wrapped, tenant, document).unwrap();
    assert_eq!(opened.bytes(), key.bytes());
    let anew = both.rewrap(&wrapped, tenant, document).unwrap().unwrap();
    assert_eq!(KeyId::of_wrapped(&anew), Some(new.id()));
    assert_eq!(
        new.unwrap(&anew, tenant, document).unwrap().bytes(),
        key.bytes()
    );
    assert!(both.rewrap(&anew, tenant, document).unwrap().is_none());
    assert!(old.unwrap(&anew, tenant, document).is_err());
    // Processes that still wrap with the old one open what others wrote already.
    assert!(old.accepting(new).unwrap(&anew, tenant, document).is_ok());
}
