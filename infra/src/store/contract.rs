//! What every store promises, and every adapter against it.
//!
//! Each law gets a store and a tenant of its own, so that laws share a bucket without seeing each
//! other. The S3 laws run against a real server; without one they fail and say how to get it.

mod keys;
mod laws;
mod objects;

use std::sync::Arc;

use schemas::{DocumentId, TenantId};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

use super::{Local, S3, S3Settings, Sealed, Store};
pub(super) use keys::KeysInMemory;
pub(super) use objects::{Source, key};

/// A store, and what has to outlive it.
pub(super) struct Fixture {
    pub(super) store: Arc<dyn Store>,
    pub(super) tenant: TenantId,
    _folder: Option<TempDir>,
}

impl Fixture {
    fn local() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Local::open(&folder.path().join("store")).unwrap());
        Self::of(store, Some(folder))
    }

    fn s3() -> Self {
        Self::of(Arc::new(S3::open(&s3_settings()).unwrap()), None)
    }

    fn sealed(self) -> Self {
        let store = Arc::new(Sealed::new(self.store, Arc::new(KeysInMemory::default())));
        Self { store, ..self }
    }

    fn of(store: Arc<dyn Store>, folder: Option<TempDir>) -> Self {
        Self {
            store,
            tenant: TenantId(Uuid::new_v4()),
            _folder: folder,
        }
    }
}

/// The server that infra/test starts.
pub(super) fn s3_settings() -> S3Settings {
    let variable = |name| {
        std::env::var(name).unwrap_or_else(|_| {
            panic!("{name} is not set: run infra/test, which starts an object store for the tests")
        })
    };
    S3Settings {
        endpoint: Some(Url::parse(&variable("MEDBOT_TEST_S3_ENDPOINT")).unwrap()),
        region: "us-east-1".into(),
        bucket: variable("MEDBOT_TEST_S3_BUCKET"),
        prefix: "contract/of the store".into(),
        access_key: variable("AWS_ACCESS_KEY_ID"),
        secret_key: variable("AWS_SECRET_ACCESS_KEY").into(),
        session_token: None,
        allow_plaintext: false,
        attempt_timeout: S3Settings::ATTEMPT_TIMEOUT,
    }
}

pub(super) fn document() -> DocumentId {
    DocumentId(Uuid::new_v4())
}

/// Every law for one adapter.
macro_rules! contract {
    ($adapter:ident, $fixture:expr, [$($law:ident),* $(,)?]) => {
        mod $adapter {
            use super::{Fixture, laws};

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $law() {
                    let fixture: Fixture = $fixture;
                    laws::$law(fixture.store.as_ref(), fixture.tenant).await;
                }
            )*
        }
    };
    ($($adapter:ident: $fixture:expr;)*) => {$(
        contract!($adapter, $fixture, [
            bodies_come_back_whole,
            a_body_may_come_in_any_pieces,
            the_last_write_stays,
            an_overwrite_is_never_a_mix,
            a_body_that_breaks_off_leaves_nothing,
            a_body_that_breaks_off_leaves_the_old,
            writes_at_once_leave_one_whole,
            writes_at_once_to_many_keys_all_stay,
            what_is_deleted_is_gone_and_nothing_else,
            what_is_erased_is_gone_and_nothing_else,
            what_lies_there_is_listed_with_its_size,
            a_document_can_be_written_again_after_its_erase,
            what_is_not_there_is_not_found,
            a_store_that_is_there_is_ready,
        ]);
    )*};
}

contract! {
    local: Fixture::local();
    sealed_local: Fixture::local().sealed();
    s3: Fixture::s3();
    sealed_s3: Fixture::s3().sealed();
}
