//! The committed JSON Schema is the one that the types generate.

use std::{fs, path::Path};

#[test]
fn the_committed_schema_is_generated() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("document.schema.json");
    let generated = format!("{:#}\n", schemas::json_schema());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "run `UPDATE_SCHEMA=1 cargo test -p schemas` and commit {}",
        path.display()
    );
}
