//! The laws. Each fails for a store that breaks it.

use std::collections::BTreeMap;

use futures::future::join_all;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use schemas::TenantId;
use uuid::Uuid;

use super::document;
use super::objects::{Source, assert_absent, assert_holds, key, raster, read, read_key};
use crate::store::{Listed, Store, StoreErrorKind, body};

const CHUNK: usize = 64 << 10;
const PART: usize = 8 << 20;
const LARGE: usize = 20 << 20;

pub(super) async fn bodies_come_back_whole(store: &dyn Store, tenant: TenantId) {
    let sizes = [
        0,
        1,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        2 * CHUNK,
        PART,
        PART + 1,
        LARGE,
    ];
    for (seed, size) in (1..).zip(sizes) {
        let (source, place) = (Source::new(seed, size), key(tenant, document()));
        source.put(store, place).await;
        let found = read_key(store, place).await.unwrap();
        assert!(
            found == source.seen().end(),
            "{size} bytes, {} came",
            found.0
        );
    }
}

pub(super) async fn a_body_may_come_in_any_pieces(store: &dyn Store, tenant: TenantId) {
    let place = raster(tenant, document(), 0);
    for (case, size, piece) in [
        ("byte by byte", 1000, 1),
        ("as the chunks are", 3 * CHUNK, CHUNK),
        ("all at once", PART + 3 * CHUNK + 1, usize::MAX / 2),
    ] {
        let source = Source {
            seed: 1,
            size,
            piece,
        };
        source.put(store, place).await;
        let found = read_key(store, place).await.unwrap();
        assert!(found == source.seen().end(), "{case}");
    }
    let empty = stream::iter([b"" as &[u8], b"a", b"", b"b", b""].map(|p| Ok(p.into())));
    assert_eq!(
        store.put(place, empty.boxed()).await.unwrap(),
        2,
        "empty pieces"
    );
    assert_eq!(
        read_key(store, place).await.unwrap(),
        read(body("ab")).await.unwrap()
    );
}

pub(super) async fn the_last_write_stays(store: &dyn Store, tenant: TenantId) {
    let place = key(tenant, document());
    for (seed, size) in [(1, PART + 1), (2, 10), (3, CHUNK), (4, 0)] {
        let source = Source::new(seed, size);
        source.put(store, place).await;
        assert_holds(store, place, source).await;
    }
}

pub(super) async fn an_overwrite_is_never_a_mix(store: &dyn Store, tenant: TenantId) {
    let place = key(tenant, document());
    let sources = [
        Source::new(1, PART + CHUNK),
        Source::new(2, PART + 2 * CHUNK),
    ];
    let wholes = sources.map(|source| source.seen().end());
    sources[0].put(store, place).await;

    let mut early = store.get(place).await.unwrap();
    let first = early.try_next().await.unwrap().unwrap();
    sources[1].put(store, place).await;
    let rest = stream::iter([Ok(first)]).chain(early).boxed();
    // A reader that began before may also be told that the old object is gone.
    if let Ok(found) = read(rest).await {
        assert!(wholes.contains(&found), "a mix of old and new");
    }

    let writes = async {
        for turn in 0..4 {
            sources[turn % 2].put(store, place).await;
        }
    };
    let reads = async {
        for _ in 0..6 {
            if let Ok(found) = read_key(store, place).await {
                assert!(wholes.contains(&found), "a mix of old and new");
            }
        }
    };
    futures::join!(writes, reads);
    assert_holds(store, place, sources[1]).await;
}

pub(super) async fn a_body_that_breaks_off_leaves_nothing(store: &dyn Store, tenant: TenantId) {
    for size in [0, 1, CHUNK, PART, PART + CHUNK, 2 * PART + 1] {
        let place = key(tenant, document());
        let broken = Source::new(1, size).broken_body();
        let error = store.put(place, broken).await.unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Body, "{size} bytes: {error}");
        assert_absent(store, place).await;
    }
}

pub(super) async fn a_body_that_breaks_off_leaves_the_old(store: &dyn Store, tenant: TenantId) {
    let (place, old) = (key(tenant, document()), Source::new(1, 100_000));
    old.put(store, place).await;
    for size in [1, PART + CHUNK] {
        let broken = Source::new(2, size).broken_body();
        store.put(place, broken).await.unwrap_err();
        assert_holds(store, place, old).await;
    }
}

pub(super) async fn writes_at_once_leave_one_whole(store: &dyn Store, tenant: TenantId) {
    let place = raster(tenant, document(), 3);
    let sources: Vec<Source> = (1..=8)
        .map(|s| Source::new(s, s as usize * CHUNK))
        .collect();
    join_all(sources.iter().map(|source| source.put(store, place))).await;
    let found = read_key(store, place).await.unwrap();
    let mut wholes = sources.iter().map(|source| source.seen().end());
    assert!(
        wholes.any(|whole| whole == found),
        "none of what was written"
    );
}

pub(super) async fn writes_at_once_to_many_keys_all_stay(store: &dyn Store, tenant: TenantId) {
    let document = document();
    let places: Vec<_> = (0..24)
        .map(|page| {
            (
                raster(tenant, document, page),
                Source::new(page.into(), 70_000),
            )
        })
        .collect();
    join_all(
        places
            .iter()
            .map(|(place, source)| source.put(store, *place)),
    )
    .await;
    for (place, source) in places {
        assert_holds(store, place, source).await;
    }
}

pub(super) async fn what_is_deleted_is_gone_and_nothing_else(store: &dyn Store, tenant: TenantId) {
    let document = document();
    let (gone, stays) = (raster(tenant, document, 1), raster(tenant, document, 11));
    let source = Source::new(1, 100);
    source.put(store, gone).await;
    source.put(store, stays).await;
    store.delete(gone).await.unwrap();
    assert_absent(store, gone).await;
    assert_holds(store, stays, source).await;
    store.delete(gone).await.expect("twice is no error");
    store
        .delete(key(TenantId(Uuid::new_v4()), document))
        .await
        .expect("nor of nothing");
}

pub(super) async fn what_is_erased_is_gone_and_nothing_else(store: &dyn Store, tenant: TenantId) {
    let (document, other, stranger) = (document(), document(), TenantId(Uuid::new_v4()));
    let gone = [
        key(tenant, document),
        raster(tenant, document, 0),
        raster(tenant, document, 1),
    ];
    let stay = [
        key(tenant, other),
        raster(tenant, other, 0),
        key(stranger, document),
        raster(stranger, document, 0),
    ];
    let source = Source::new(1, 1000);
    for place in gone.iter().chain(&stay) {
        source.put(store, *place).await;
    }
    let erased = store.erase(tenant, document).await.unwrap();
    assert_eq!(erased, gone.len() as u64);
    for place in gone {
        assert_absent(store, place).await;
    }
    for place in stay {
        assert_holds(store, place, source).await;
    }
    let again = store.erase(tenant, document).await;
    assert_eq!(again.expect("twice is no error"), 0);
    let nothing = store.erase(TenantId(Uuid::new_v4()), document).await;
    assert_eq!(nothing.expect("nor of nothing"), 0);
}

pub(super) async fn what_lies_there_is_listed_with_its_size(store: &dyn Store, tenant: TenantId) {
    let listed = async || {
        let all: Vec<Listed> = store.list().await.unwrap().try_collect().await.unwrap();
        let ours = all.into_iter().filter(|listed| listed.key.tenant == tenant);
        ours.map(|listed| (listed.key.to_string(), listed.bytes))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(listed().await, BTreeMap::new());
    let (one, other) = (document(), document());
    let places = [
        (key(tenant, one), 0),
        (raster(tenant, one, 0), CHUNK),
        (raster(tenant, one, 10), CHUNK + 1),
        (key(tenant, other), PART + 1),
    ];
    for (place, size) in places {
        Source::new(1, size).put(store, place).await;
    }
    let mut want: BTreeMap<_, _> = places
        .iter()
        .map(|(place, size)| (place.to_string(), *size as u64))
        .collect();
    assert_eq!(listed().await, want);
    store.erase(tenant, one).await.unwrap();
    want.retain(|place, _| place.contains(&other.to_string()));
    assert_eq!(listed().await, want);
}

pub(super) async fn a_document_can_be_written_again_after_its_erase(
    store: &dyn Store,
    tenant: TenantId,
) {
    let (document, source) = (document(), Source::new(1, CHUNK));
    for _ in 0..2 {
        source.put(store, key(tenant, document)).await;
        assert_holds(store, key(tenant, document), source).await;
        store.erase(tenant, document).await.unwrap();
    }
    // Erases in the way of writes break neither.
    let writes = join_all((0..8).map(|page| source.put(store, raster(tenant, document, page))));
    let erases = async {
        for _ in 0..8 {
            store.erase(tenant, document).await.unwrap();
        }
    };
    futures::join!(writes, erases);
    store.erase(tenant, document).await.unwrap();
    for page in 0..8 {
        assert_absent(store, raster(tenant, document, page)).await;
    }
}

pub(super) async fn what_is_not_there_is_not_found(store: &dyn Store, tenant: TenantId) {
    let document = document();
    assert_absent(store, key(tenant, document)).await;
    assert_absent(store, raster(tenant, document, 0)).await;
    Source::new(1, 1)
        .put(store, raster(tenant, document, 0))
        .await;
    assert_absent(store, key(tenant, document)).await;
    let error = store.get(key(tenant, document)).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "the store does not hold the object: an original"
    );
}

pub(super) async fn a_store_that_is_there_is_ready(store: &dyn Store, _: TenantId) {
    store.ready().await.unwrap();
}
