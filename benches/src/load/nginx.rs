//! nginx before the API, with the configuration that is deployed: TLS, uploads streamed through, events
//! passed on as they come. Of it only addresses, paths, the user and the limit of files are others.

use std::{
    fs,
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::chaos::rig::quiet_port;

const SITE: &str = include_str!("../../../infra/deploy/nginx/medbot.conf");
const MAIN: &str = include_str!("../../../infra/deploy/nginx/nginx.conf");
/// The longest that it may take to come up.
const COMES_UP: Duration = Duration::from_secs(10);

/// Stopped when it is dropped.
pub(super) struct Nginx {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Nginx {
    /// Starts it before the API at this address.
    pub fn start(api: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("medbot-nginx-")
            .tempdir()
            .context("a folder")?;
        let at = folder.path().to_str().context("a folder's name")?;
        certificate(at)?;
        let port = quiet_port()?;
        let site = replaced(
            SITE,
            &[
                ("server api:8080", &format!("server {api}")),
                // An address needs no looking up.
                (" resolve;", ";"),
                ("listen 80;", &format!("listen unix:{at}/plain;")),
                ("listen [::]:80;", ""),
                ("listen 443 ", &format!("listen 127.0.0.1:{port} ")),
                ("listen [::]:443 ssl http2;", ""),
                ("/etc/nginx/tls/tls.crt", &format!("{at}/tls.crt")),
                ("/etc/nginx/tls/tls.key", &format!("{at}/tls.key")),
            ],
        )?;
        let main = replaced(
            MAIN,
            &[
                ("user nginx;", "user root;"),
                // It has the limit of this program, which has raised its own.
                ("worker_rlimit_nofile 65536;", ""),
                ("/run/nginx.pid", &format!("{at}/pid")),
                ("/dev/stdout", &format!("{at}/access.log")),
                ("/etc/nginx/conf.d", at),
            ],
        )?;
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {at}/{what};\n"))
            .concat();
        for (file, text) in [
            ("nginx.main", main),
            ("medbot.conf", site),
            ("temporary.conf", temporary),
        ] {
            fs::write(folder.path().join(file), text).context("nginx's configuration")?;
        }
        let child = Command::new("nginx")
            .args(["-p", at, "-c", &format!("{at}/nginx.main")])
            .args(["-g", "daemon off;"])
            .env("PATH", path_with_sbin())
            .stdin(Stdio::null())
            .spawn()
            .context("nginx does not start: install the package nginx-light")?;
        let mut nginx = Self {
            child,
            port,
            _folder: folder,
        };
        nginx.comes_up()?;
        Ok(nginx)
    }

    /// Where it answers.
    pub fn base(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    fn comes_up(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = self.child.try_wait().context("nginx")? {
                bail!("nginx ended at once: {status}");
            }
            ensure!(start.elapsed() < COMES_UP, "nginx does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it, which they would not if it were killed.
        if let Some(pid) = Pid::from_raw(self.child.id() as i32) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// A text with words replaced, each of which must stand in it.
fn replaced(text: &str, words: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut text = text.to_owned();
    for (from, to) in words {
        ensure!(
            text.contains(from),
            "nginx's configuration does not say `{from}`"
        );
        text = text.replace(from, to);
    }
    Ok(text)
}

fn certificate(folder: &str) -> anyhow::Result<()> {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-nodes"])
        .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-subj", "/CN=localhost"])
        .args(["-keyout", &format!("{folder}/tls.key")])
        .args(["-out", &format!("{folder}/tls.crt")])
        .output()
        .context("openssl is missing: install the package openssl")?;
    let said = String::from_utf8_lossy(&made.stderr);
    ensure!(
        made.status.success(),
        "openssl makes no certificate: {said}"
    );
    Ok(())
}

/// Ordinary users do not have it in theirs.
fn path_with_sbin() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{path}:/usr/sbin")
}
