//! What lies in `infra/deploy` is read by the programs that will read it, without a network; and each
//! check is shown a copy with a mistake that it must find.

#![expect(clippy::unwrap_used, reason = "all of this is tests")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use infra::telemetry::DESCRIBED;
use schemas::Stage;

fn infra() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn check(what: &str, folder: &Path) -> Output {
    Command::new(infra().join("scripts/check_deploy"))
        .arg(what)
        .arg(folder)
        .output()
        .expect("check_deploy runs")
}

/// The check passes, and finds all mistakes of a copy: `(file, words, words in their place, complaint)`.
fn passes_and_finds(what: &str, mistakes: &[(&str, &str, &str, &str)]) {
    let sound = check(what, &infra().join("deploy"));
    let said = String::from_utf8_lossy(&sound.stderr);
    assert!(sound.status.success(), "{what}:\n{said}");

    let copy = tempfile::tempdir().unwrap();
    copy_tree(&infra().join("deploy"), copy.path());
    for (file, from, to, _) in mistakes {
        let path = copy.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} does not say `{from}`");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }
    let harmed = check(what, copy.path());
    let said = String::from_utf8_lossy(&harmed.stderr);
    assert_eq!(harmed.status.code(), Some(1), "{what}:\n{said}");
    for (file, _, to, complaint) in mistakes {
        assert!(said.contains(complaint), "{file} with `{to}`:\n{said}");
    }
}

fn copy_tree(from: &Path, to: &Path) {
    for path in files(from) {
        let target = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&path, target).unwrap();
    }
}

/// All files below a folder, but for secrets that somebody made there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("secrets.d") {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_image_is_described_well() {
    passes_and_finds(
        "image",
        &[("Dockerfile", "USER 10001:10001", "USER root", "DL3002")],
    );
}

#[test]
fn the_compose_file_is_one_and_names_only_what_is_there() {
    let file = "compose/compose.yaml";
    passes_and_finds(
        "compose",
        &[
            (file, "restart: unless-stopped", "restrat: x", "restrat"),
            (
                file,
                "- source: master.key",
                "- source: slave.key",
                "slave.key",
            ),
            (
                file,
                "security_opt: [no-new-privileges:true]",
                "security_opt: []",
                "may gain privileges",
            ),
            (file, "{memory: 512m}", "{}", "has no limit of memory"),
            (
                file,
                "/run/secrets/postgres.password",
                "hunter2",
                "POSTGRES_PASSWORD_FILE",
            ),
        ],
    );
}

/// The script makes every secret, changes none that is there, and adds what an earlier one did not make.
#[test]
fn secrets_are_made_once() {
    let copy = tempfile::tempdir().unwrap();
    fs::copy(
        infra().join("deploy/compose/secrets"),
        copy.path().join("secrets"),
    )
    .unwrap();
    let folder = copy.path().join("secrets.d");
    // Root, as which it runs, made the files.
    let as_root = |command: &[&str]| {
        let sudo: &[&str] = if rustix::process::geteuid().is_root() {
            &[]
        } else {
            &["sudo"]
        };
        let words = [sudo, command].concat();
        let done = Command::new(words[0])
            .args(&words[1..])
            .current_dir(copy.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{command:?}: {} {said}", done.status);
        String::from_utf8(done.stdout).unwrap()
    };
    let digests = || as_root(&["sh", "-c", "sha256sum secrets.d/*"]);
    as_root(&["./secrets"]);
    let made = digests();
    let compose = fs::read_to_string(infra().join("deploy/compose/compose.yaml")).unwrap();
    let wanted = compose.split("file: secrets.d/").skip(1);
    for secret in wanted.filter_map(|rest| rest.split('}').next()) {
        assert!(made.contains(&format!("secrets.d/{secret}\n")), "{secret}");
    }
    as_root(&["./secrets"]);
    assert_eq!(digests(), made);
    as_root(&["rm", "secrets.d/redis.conf"]);
    as_root(&["./secrets"]);
    let settings = as_root(&["cat", "secrets.d/medbot.toml"]);
    assert_eq!(settings.matches("REDIS_URL").count(), 1, "{settings}");
    as_root(&["rm", "-r", folder.to_str().unwrap()]);
}

#[test]
fn the_chart_makes_what_a_cluster_takes() {
    let workers = "helm/medbot/templates/workers.yaml";
    passes_and_finds(
        "chart",
        &[
            (workers, "strategy:", "stratgey:", "stratgey"),
            (
                workers,
                "pollingInterval: {{",
                "pollingInterval: often{{",
                "pollingInterval",
            ),
            (
                "helm/medbot/values.yaml",
                "detect, \"recognise:pdf_text\"",
                "\"recognise:pdf_text\"",
                "the workers' stages are",
            ),
            (
                "helm/medbot/templates/_parts.tpl",
                "(not .Values.trustedProxies)",
                "false",
                "is rendered although trustedProxies is empty",
            ),
            (
                "helm/medbot/templates/network.yaml",
                "podMetricsEndpoints:",
                "podMetrics:",
                "podMetricsEndpoints",
            ),
            (
                "helm/medbot/templates/_parts.tpl",
                "readOnlyRootFilesystem: true",
                "readOnlyRootFilesystem: false",
                "is not locked in",
            ),
        ],
    );
}

#[test]
fn nginx_takes_its_configuration() {
    passes_and_finds(
        "nginx",
        &[(
            "nginx/medbot.conf",
            "proxy_request_buffering off",
            "proxy_request_bufering off",
            "unknown directive",
        )],
    );
    passes_and_finds(
        "nginx",
        &[(
            "nginx/nginx.conf",
            "worker_connections",
            "worker_conections",
            "unknown directive",
        )],
    );
}

#[test]
fn alerts_ring_for_what_they_are_for() {
    passes_and_finds(
        "prometheus",
        &[(
            "prometheus/alerts.yml",
            "_task_age_seconds) > 600",
            "_task_age_seconds) > 600000",
            "FAILED",
        )],
    );
    passes_and_finds(
        "prometheus",
        &[(
            "prometheus/alerts.yml",
            " or absent(up{job=\"medbot\"})",
            "",
            "FAILED",
        )],
    );
}

#[test]
fn systemd_takes_the_units_and_finds_them_closed() {
    let unit = "systemd/medbot.service";
    passes_and_finds(
        "systemd",
        &[
            (unit, "ProtectHome=yes", "ProtectHomes=yes", "ProtectHomes"),
            (
                "systemd/medbot-api.service",
                "User=medbot\n",
                "",
                "systemd-analyze security",
            ),
        ],
    );
}

#[test]
fn the_chart_knows_every_stage() {
    let path = infra().join("deploy/helm/medbot/values.schema.json");
    let schema: serde_json::Value =
        serde_json::from_slice(&fs::read(path).unwrap()).expect("a schema");
    let known: Vec<String> = Stage::ALL.iter().map(ToString::to_string).collect();
    let stages = schema
        .pointer("/properties/workers/additionalProperties/properties/stages/items/enum")
        .expect("stages");
    assert_eq!(*stages, serde_json::json!(known));
}

/// Every setting that a file gives is one that the program reads.
#[test]
fn only_settings_that_there_are_are_given() {
    let name = |text: &str| -> BTreeSet<String> {
        text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
            .filter(|word| word.starts_with("MEDBOT_"))
            .map(Into::into)
            .collect()
    };
    let sources = [
        "ingest/src/settings.rs",
        "infra/src/telemetry/start.rs",
        "infra/src/models/cache.rs",
    ];
    let known: BTreeSet<String> = sources
        .iter()
        .map(|file| fs::read_to_string(infra().join("..").join(file)).unwrap())
        .flat_map(|text| name(&text))
        .collect();
    let mut given = 0;
    for path in files(&infra().join("deploy")) {
        let text = fs::read_to_string(&path).unwrap();
        for name in name(&text) {
            assert!(known.contains(&name), "{}: {name}", path.display());
            given += 1;
        }
    }
    assert!(given > 20, "{given} settings");
}

/// Alerts and dashboard ask for metrics that there are, and every alert has its page.
#[test]
fn only_metrics_that_there_are_are_asked_for() {
    let known: BTreeSet<&str> = DESCRIBED.iter().map(|(name, ..)| *name).collect();
    let read = |file: &str| fs::read_to_string(infra().join(file)).unwrap();
    let mut asked = BTreeSet::new();
    for file in [
        "deploy/prometheus/alerts.yml",
        "deploy/prometheus/alerts.test.yml",
        "deploy/grafana/medbot.json",
    ] {
        let text = read(file);
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        for word in words.filter(|word| word.starts_with("medbot_")) {
            let whole = ["_bucket", "_count", "_sum"]
                .iter()
                .find_map(|end| word.strip_suffix(end).filter(|name| known.contains(name)));
            assert!(known.contains(whole.unwrap_or(word)), "{file}: {word}");
            asked.insert(whole.unwrap_or(word).to_owned());
        }
    }
    assert!(asked.len() > 10, "{asked:?}");

    let (alerts, operations) = (
        read("deploy/prometheus/alerts.yml"),
        read("docs/operations.md"),
    );
    let names: Vec<&str> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert!(
            operations.contains(&format!("## {name}\n")),
            "{name} has no page"
        );
    }
}
