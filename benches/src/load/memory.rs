//! Resident memory of the API and the workers while it goes on.

use std::{collections::BTreeMap, fmt, fs, time::Duration};

use tokio::{sync::oneshot, task::JoinHandle, time::interval};

use crate::chaos::rig::Rig;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(2);

/// Bytes of each process, look by look.
#[derive(Default)]
pub(super) struct Seen(BTreeMap<String, Vec<u64>>);

/// Who looks.
pub(super) struct Memory {
    stop: oneshot::Sender<()>,
    looking: JoinHandle<Seen>,
}

impl Memory {
    pub fn watch(rig: &Rig) -> Self {
        let processes = rig.processes();
        let (stop, mut stopped) = oneshot::channel();
        let looking = tokio::spawn(async move {
            let (mut seen, mut looks) = (Seen::default(), interval(LOOK));
            loop {
                tokio::select! {
                    _ = looks.tick() => {}
                    _ = &mut stopped => return seen,
                }
                for (name, pid) in &processes {
                    seen.0
                        .entry(name.clone())
                        .or_default()
                        .extend(resident(pid()));
                }
            }
        });
        Self { stop, looking }
    }

    pub async fn end(self) -> Seen {
        let _ = self.stop.send(());
        self.looking.await.unwrap_or_default()
    }
}

/// Of a process that runs.
fn resident(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(1024 * line.split_whitespace().next()?.parse::<u64>().ok()?)
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mb = |bytes: Option<&u64>| bytes.map_or(0.0, |bytes| *bytes as f64 / 1e6);
        writeln!(
            f,
            "{:<12} {:>9} {:>9} {:>9} {:>9}",
            "memory MB", "start", "half", "end", "max"
        )?;
        for (name, bytes) in &self.0 {
            writeln!(
                f,
                "{name:<12} {:>9.1} {:>9.1} {:>9.1} {:>9.1}",
                mb(bytes.first()),
                mb(bytes.get(bytes.len() / 2)),
                mb(bytes.last()),
                mb(bytes.iter().max())
            )?;
        }
        Ok(())
    }
}
