//! Every method of the database that takes a tenant is asked for what is another's: read from the source, so that a
//! new one is not forgotten.

use std::{collections::BTreeSet, fs, path::Path};

/// Methods of the database with a tenant that no test of another tenant's things can ask: they only add what is new
/// to the tenant that is named, or tell whether there is one.
const ADD: [&str; 11] = [
    "add_key",
    "add_webhook",
    "admit",
    "append_audit",
    "begin_upload",
    "found_tenant",
    "keep_cards",
    "knows",
    "open_chat",
    "open_emergency",
    "open_session",
];

/// Public methods of the database whose parameters name a tenant or somebody of one.
fn methods() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db");
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // What only a backup loads is asked on a system that nobody uses yet.
        if path.extension().is_none_or(|kind| kind != "rs") || path.ends_with("load.rs") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        for method in text.split("\n    pub async fn ").skip(1) {
            let (head, _) = method.split_once(" {\n").expect("a body");
            let parameters = head.split(") ->").next().unwrap();
            let of_tenant = parameters.contains("TenantId") || parameters.contains("&Caller");
            if parameters.contains("&self") && of_tenant {
                let name = head.split(['(', '<']).next().unwrap();
                found.insert(name.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_method_with_a_tenant_is_asked_for_what_is_anothers() {
    let text = include_str!("tenants.rs");
    let (_, asks) = text
        .split_once("async fn by_no_method_anything_of_another_tenant_can_be_had")
        .unwrap();
    let (asks, _) = asks.split_once("\n}\n").unwrap();
    let methods = methods();
    assert!(methods.len() > 40, "{methods:?}");
    let not_asked: Vec<&String> = methods
        .iter()
        .filter(|name| !asks.contains(&format!(".{name}(")) && !ADD.contains(&name.as_str()))
        .collect();
    assert_eq!(not_asked, [&String::new(); 0], "never asked");
    let gone: Vec<&&str> = ADD
        .iter()
        .filter(|name| !methods.contains(**name))
        .collect();
    assert_eq!(gone, [&""; 0], "no such method");
}
