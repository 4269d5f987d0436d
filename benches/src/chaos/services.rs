//! The servers around medbot, started by the scripts that the tests use, killed and frozen by their
//! process ids.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// A server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Postgres,
    Rabbitmq,
    Seaweedfs,
}

impl Service {
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Rabbitmq => "rabbitmq",
            Self::Seaweedfs => "seaweedfs",
        }
    }
}

/// The servers of a campaign; stopped when this is dropped.
pub(super) struct Services {
    folder: PathBuf,
    started: Vec<Service>,
}

/// What a service's script printed.
pub(super) type Said = BTreeMap<String, String>;

impl Services {
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.into(),
            started: Vec::new(),
        }
    }

    /// Starts servers, all at once, and gives what their scripts printed.
    pub fn start(&mut self, services: &[Service]) -> anyhow::Result<Said> {
        self.started.extend(services);
        let this = &*self;
        let said: Vec<anyhow::Result<String>> = thread::scope(|scope| {
            let starting: Vec<_> = services
                .iter()
                .map(|&service| scope.spawn(move || this.script(service, "start")))
                .collect();
            starting
                .into_iter()
                .map(|started| {
                    started
                        .join()
                        .unwrap_or_else(|_| Err(anyhow::anyhow!("a start broke down")))
                })
                .collect()
        });
        let mut all = Said::new();
        for said in said {
            let pairs = said?;
            let pairs = pairs.lines().filter_map(|line| line.split_once('='));
            all.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        Ok(all)
    }

    /// Kills a server.
    pub fn kill(&self, service: Service) -> anyhow::Result<()> {
        let pid = self.pid(service)?;
        // The store is a group of its own; PostgreSQL's other processes end by themselves.
        match service {
            Service::Seaweedfs => kill_process_group(pid, Signal::KILL),
            _ => kill_process(pid, Signal::KILL),
        }
        .with_context(|| format!("killing {}", service.name()))
    }

    /// Starts a killed server again, with what it had.
    pub fn revive(&self, service: Service) -> anyhow::Result<()> {
        let verb = match service {
            Service::Seaweedfs => "revive",
            _ => "start",
        };
        let mut said = Ok(String::new());
        for _ in 0..3 {
            said = self.script(service, verb);
            if said.is_ok() {
                break;
            }
        }
        said.map(drop)
    }

    /// Stops a server for a while.
    pub async fn freeze(&self, service: Service, time: Duration) -> anyhow::Result<()> {
        let pid = self.pid(service)?;
        kill_process(pid, Signal::STOP).with_context(|| format!("freezing {}", service.name()))?;
        tokio::time::sleep(time).await;
        kill_process(pid, Signal::CONT).with_context(|| format!("thawing {}", service.name()))
    }

    /// The process of each server that was started.
    pub fn pids(&self) -> anyhow::Result<Vec<i32>> {
        let pids = self.started.iter();
        pids.map(|&service| Ok(self.pid(service)?.as_raw_nonzero().get()))
            .collect()
    }

    fn pid(&self, service: Service) -> anyhow::Result<Pid> {
        let folder = self.folder.join(service.name());
        let pid = match service {
            Service::Seaweedfs => {
                let state = fs::read(folder.join("server.json")).context("the store's state")?;
                let state: serde_json::Value = serde_json::from_slice(&state)?;
                state["pid"]
                    .as_i64()
                    .and_then(|pid| i32::try_from(pid).ok())
            }
            _ => fs::read_to_string(folder.join("pid"))
                .with_context(|| format!("the process id of {}", service.name()))?
                .trim()
                .parse()
                .ok(),
        };
        pid.and_then(Pid::from_raw)
            .with_context(|| format!("{} has no process id", service.name()))
    }

    fn script(&self, service: Service, verb: &str) -> anyhow::Result<String> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../infra/scripts/services")
            .join(service.name());
        let output = Command::new(&script)
            .arg(verb)
            .arg(self.folder.join(service.name()))
            .output()
            .with_context(|| format!("{}", script.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{} {verb}: {}", service.name(), said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        for &service in &self.started {
            // What they hold is thrown away, and a frozen one would not hear that it shall end.
            let _ = self.kill(service);
            if let Err(error) = self.script(service, "stop") {
                eprintln!("chaos: {error:#}");
            }
        }
    }
}
