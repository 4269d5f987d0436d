//! Signing in by an identity provider of another site, in a browser: which cookies go where is its business.

use std::{fs, path::Path, process::Command};

use crate::{
    built,
    provider::{Provider, SECRET},
    server::{Shared, folder, free_address, turn},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_signs_in_by_the_organisation() {
    let _turn = turn().await;
    built::build();
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let secret = folder.path().join("secret");
    fs::write(&secret, SECRET).unwrap();
    // To a browser this name is another site than 127.0.0.1.
    let provider = Provider::start("localhost", false).await;
    let address = free_address();
    let url = format!("http://{address}");
    let settings = provider.settings(&url, secret.to_str().unwrap());
    let _server = shared.serve_at(&address, &settings);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/tests/organisation.mjs");
    let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    let mut browser = Command::new("node");
    browser
        .arg(script)
        .arg(&url)
        .arg(&provider.issuer)
        .arg(&shots);
    let output = tokio::task::spawn_blocking(move || browser.output().unwrap())
        .await
        .unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
