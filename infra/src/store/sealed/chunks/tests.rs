//! The format against another implementation, and laws of it.

use futures::FutureExt as _;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::store::{body, collect};

const PATH: &str = "t/d/original";
const PREFIX: [u8; PREFIX_BYTES] = [0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6];

fn key() -> DataKey {
    let mut bytes = [0; 32];
    (0..).zip(&mut bytes).for_each(|(n, byte)| *byte = n);
    DataKey::from_bytes(Zeroizing::new(bytes))
}

/// The whole of a body that is never waited for.
fn all(body: Body) -> Result<Bytes, StoreError> {
    collect(body, u64::MAX).now_or_never().unwrap()
}

fn sealed(size: usize) -> Bytes {
    let plain: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
    all(seal_as(body(plain), &key(), PATH, Version(PREFIX))).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    crate::store::master::hex(&mut text, bytes);
    text
}

/// Made with the AES-GCM of Python's `cryptography` 48 and HMAC of its standard library.
#[test]
fn another_implementation_seals_the_same() {
    assert_eq!(
        hex(&sealed(0)),
        "4d42534f01a0a1a2a3a4a5a6ebf09738eeac41753b160e263ca2eb81"
    );
    for (size, length, digest) in [
        (
            5,
            33,
            "0cd0f63528fc1d5e3880bf4397284a74606890314df9121799a0b57de2e1d3ed",
        ),
        (
            65_536,
            65_564,
            "ecdf093c16b5e399aa25e682e7c0151a30c084f2418b08c09835fafa39997f91",
        ),
        (
            65_537,
            65_581,
            "d45d85a578f9bcc1e4e8d16314e37b56cd02801f0689783b48d86ed756f1901b",
        ),
        (
            200_000,
            200_076,
            "a388cd5549d00983dad2b9e42946050a5331d88a232016b6d54f2c073870da98",
        ),
    ] {
        let sealed = sealed(size);
        assert_eq!(sealed.len(), length);
        assert_eq!(hex(&Sha256::digest(&sealed)), digest, "{size} bytes");
    }
}

#[test]
fn the_counter_does_not_wrap() {
    let mut chunks = Chunks::new(&key(), PATH, PREFIX);
    chunks.count = Some(u32::MAX);
    assert!(chunks.next_nonce(false).is_ok());
    let error = chunks.next_nonce(true).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Body);
}

proptest! {
    #[test]
    fn the_size_of_the_plain_body_follows_from_the_sealed(size in 0_u64..1 << 40) {
        let count = size.div_ceil(CHUNK_BYTES as u64).max(1);
        let sealed = HEADER_BYTES as u64 + size + count * TAG_BYTES as u64;
        prop_assert_eq!(plain_size(sealed), size);
    }

    #[test]
    fn any_flipped_bit_is_seen(size in 0_usize..200, at in any::<prop::sample::Index>()) {
        let mut changed = sealed(size).to_vec();
        let bit = at.index(changed.len() * 8);
        changed[bit / 8] ^= 1 << (bit % 8);
        let error = all(open(body(changed), &key(), PATH)).unwrap_err();
        prop_assert_eq!(error.kind, StoreErrorKind::Corrupt);
    }

    #[test]
    fn any_cut_is_seen(size in 0_usize..200, at in any::<prop::sample::Index>()) {
        let whole = sealed(size);
        let cut = whole.slice(..at.index(whole.len()));
        let error = all(open(body(cut), &key(), PATH)).unwrap_err();
        prop_assert_eq!(error.kind, StoreErrorKind::Corrupt);
        prop_assert_eq!(all(open(body(whole), &key(), PATH)).unwrap().len(), size);
    }
}
