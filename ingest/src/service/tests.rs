//! A route whose handler panics, on the service as it is composed, with a store that breaks down.

use std::{process::Command, sync::Arc};

use async_trait::async_trait;
use infra::store::{Body, Listing, Store, StoreError};
use reqwest::Client;
use schemas::{ArtefactKey, DocumentId, TenantId};
use serde_json::Value;

use super::{opened::Opened, *};
use crate::settings::Flags;

/// What a document says.
const SECRET: &str = "Jane Doe takes warfarin";
/// Set for the process that serves.
const SERVES: &str = "MEDBOT_TEST_SERVES";

/// It breaks down, and says what a document says.
struct Breaks;

#[async_trait]
impl Store for Breaks {
    async fn put(&self, _: ArtefactKey, _: Body) -> Result<u64, StoreError> {
        panic!("{SECRET}");
    }

    async fn get(&self, _: ArtefactKey) -> Result<Body, StoreError> {
        panic!("{SECRET}");
    }

    async fn delete(&self, _: ArtefactKey) -> Result<(), StoreError> {
        Ok(())
    }

    async fn erase(&self, _: TenantId, _: DocumentId) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn list(&self) -> Result<Listing, StoreError> {
        panic!("{SECRET}");
    }

    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Serves, uploads to it, and looks at the answer and the log.
#[test]
fn serves_if_asked() {
    if std::env::var_os(SERVES).is_none() {
        return;
    }
    let _telemetry = telemetry::start().unwrap();
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let settings = Settings::read(Flags::default()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    system::make_data_folder(&settings.data).unwrap();
    let database = Database::own(&settings).unwrap();
    runtime.block_on(async {
        let parts = Parts {
            serve: true,
            work: None,
            embedded: true,
        };
        let opened = Opened {
            store: Arc::new(Breaks),
            ..open(&settings, &parts, &database.url).await.unwrap()
        };
        let (tell, told) = watch::channel(false);
        let api = opened.api(&settings, told.clone()).unwrap();
        reopen::open(&api, told.clone()).await;
        let router = http::router(api, &[]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(http::serve(listener, None, router, told));
        let key = fs::read_to_string(settings.data.join("admin.key")).unwrap();
        let client = Client::builder().no_proxy().build().unwrap();

        let scan =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/documents/lab_columns.png");
        let scan = fs::read(scan).unwrap();
        let upload = client
            .post(format!("{url}/v1/documents"))
            .bearer_auth(key.trim())
            .header("content-disposition", "attachment; filename=\"a.png\"")
            .body(scan);
        let answer = upload.send().await.unwrap();
        assert_eq!(answer.status(), 500);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let answer = answer.text().await.unwrap();
        assert!(!answer.contains("Jane"), "{answer}");
        let problem: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(problem["type"], "urn:medbot:problem:internal");
        assert_eq!(problem["status"], 500);

        let log = client
            .get(format!("{url}/v1/admin/audit"))
            .bearer_auth(key.trim());
        let log: Value = log.send().await.unwrap().json().await.unwrap();
        let line = &log["events"][0];
        assert_eq!(line["action"], "document.upload", "{log}");
        assert_eq!(line["outcome"], 500, "{log}");
        assert_eq!(line["actor"]["role"], "admin", "{log}");
        tell.send_replace(true);
        serving.await.unwrap().unwrap();
        opened.db.close().await;
    });
    database.stop().unwrap();
}

#[test]
fn a_route_that_panics_answers_leaves_its_line_and_tells_nothing() {
    use std::os::unix::fs::PermissionsExt as _;

    let data = tempfile::tempdir().unwrap();
    // PostgreSQL runs as another user when this does as root.
    fs::set_permissions(data.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["service::tests::serves_if_asked", "--exact", "--nocapture"])
        .env(SERVES, "yes")
        .env("MEDBOT_DATA", data.path())
        .env_remove("DATABASE_URL")
        .env_remove("MEDBOT_LOG")
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("a thread panicked"), "{said}");
    assert!(said.contains("its handler panicked"), "{said}");
    assert!(!said.contains("Jane"), "{said}");
}
