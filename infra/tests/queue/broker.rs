//! A broker of a test's own, which it may stop, freeze and kill.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use infra::queue::rabbit::{Rabbit, RabbitSettings};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use uuid::Uuid;

/// The broker that all tests share.
pub fn shared() -> String {
    let url = std::env::var("MEDBOT_TEST_AMQP_URL");
    url.unwrap_or_else(|_| {
        panic!(
            "MEDBOT_TEST_AMQP_URL is not set: run infra/test, which starts a broker for the tests"
        )
    })
}

/// A queue whose names no other test has, and that does not wait long.
pub fn queue(url: &str) -> Rabbit {
    let settings = RabbitSettings {
        prefix: format!("test-{}", Uuid::new_v4().simple()),
        heartbeat: Duration::from_secs(2),
        ..RabbitSettings::new(url)
    };
    Rabbit::new(&settings).expect("a good address")
}

pub struct Broker {
    folder: TempDir,
    pub url: String,
}

impl Broker {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = script("start", folder.path());
        Self { folder, url }
    }

    /// Starts the dead broker again: the same messages, the same port.
    pub fn again(&self) {
        assert_eq!(script("start", self.folder.path()), self.url);
    }

    pub fn stop(&self) {
        script("stop", self.folder.path());
    }

    pub fn signal(&self, signal: Signal) {
        let pid = fs::read_to_string(self.folder.path().join("pid")).expect("a pid file");
        let pid = Pid::from_raw(pid.trim().parse().expect("a pid")).expect("a pid");
        kill_process(pid, signal).expect("signalled");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs the script and gives the address that it prints.
fn script(command: &str, folder: &Path) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/services/rabbitmq");
    let output = Command::new(path)
        .arg(command)
        .arg(folder)
        .stderr(Stdio::inherit())
        .output()
        .expect("the script runs");
    assert!(output.status.success(), "rabbitmq {command} failed");
    let said = String::from_utf8(output.stdout).expect("text");
    let address = said.trim().strip_prefix("MEDBOT_TEST_AMQP_URL=");
    address.unwrap_or_default().to_owned()
}
