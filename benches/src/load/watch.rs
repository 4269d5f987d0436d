//! What the API and the workers hold while it goes on: memory, files, connections to the servers.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

use tokio::{sync::oneshot, task::JoinHandle, time::interval};

use super::slope::Slope;
use crate::{
    chaos::rig::{Rig, Running},
    proc::{self, Processes},
};

/// Between two looks.
const LOOK: Duration = Duration::from_secs(2);
/// The share of the time in which models are opened, pools filled and caches warmed.
const WARM_UP: f64 = 1.0 / 3.0;
/// Shorter times say nothing of growth.
const GROWS_IN: Duration = Duration::from_mins(10);
/// Growth that is none: megabytes, and processes, descriptors and connections, an hour.
const FLAT_MB: f64 = 10.0;
const FLAT_COUNT: f64 = 6.0;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Memory,
    /// Of the child that holds most: their number is a pool's, filled as pages come at once.
    ChildMemory,
    Children,
    Files,
    ConnectionsTo(&'static str),
}

/// Seconds and values, look by look, of each process.
#[derive(Default)]
pub(super) struct Seen {
    values: BTreeMap<(What, String), Vec<(f64, f64)>>,
    time: Duration,
}

/// Who looks.
pub(super) struct Watch {
    stop: oneshot::Sender<()>,
    looking: JoinHandle<Seen>,
}

impl Watch {
    pub fn begin(rig: &Rig) -> Self {
        let (processes, servers) = (rig.processes(), rig.ports());
        let (stop, mut stopped) = oneshot::channel();
        let looking = tokio::spawn(async move {
            let (mut seen, mut looks) = (Seen::default(), interval(LOOK));
            let start = Instant::now();
            loop {
                tokio::select! {
                    _ = looks.tick() => {}
                    _ = &mut stopped => return seen,
                }
                seen.time = start.elapsed();
                seen.look(&processes, &servers);
            }
        });
        Self { stop, looking }
    }

    pub async fn end(self) -> Seen {
        let _ = self.stop.send(());
        self.looking.await.unwrap_or_default()
    }
}

impl Seen {
    fn look(&mut self, processes: &[Running], servers: &[(&'static str, u16)]) {
        let Ok(all) = Processes::now() else { return };
        for (name, pid) in processes {
            let pid = pid();
            let children = all.tree(pid).into_iter().filter(|child| *child != pid);
            let children: Vec<u64> = children.filter_map(proc::resident).collect();
            let (Some(own), Some(open)) = (proc::resident(pid), proc::files(pid)) else {
                continue;
            };
            self.add(What::Memory, name, own as f64 / 1e6);
            let before = self.values.contains_key(&(What::Children, name.clone()));
            if before || !children.is_empty() {
                let most = children.iter().copied().max().unwrap_or(0);
                self.add(What::ChildMemory, name, most as f64 / 1e6);
                self.add(What::Children, name, children.len() as f64);
            }
            self.add(What::Files, name, open.all as f64);
            for (server, port) in servers {
                let there = open.remote_ports.iter().filter(|remote| *remote == port);
                self.add(What::ConnectionsTo(*server), name, there.count() as f64);
            }
        }
    }

    fn add(&mut self, what: What, name: &str, value: f64) {
        let values = self.values.entry((what, name.to_owned())).or_default();
        values.push((self.time.as_secs_f64(), value));
    }

    /// The change of a value in an hour after the warm-up, when it was looked at for long enough.
    fn slope(&self, values: &[(f64, f64)]) -> Option<Slope> {
        if self.time < GROWS_IN {
            return None;
        }
        let warm = self.time.mul_f64(WARM_UP).as_secs_f64();
        let from = values.partition_point(|(seconds, _)| *seconds < warm);
        Slope::of(&values[from..])
    }

    /// What surely grows.
    pub fn growing(&self) -> usize {
        let grows = |(what, _): &(What, String), values: &[(f64, f64)]| {
            let flat = match what {
                What::Memory | What::ChildMemory => FLAT_MB,
                What::Children | What::Files | What::ConnectionsTo(_) => FLAT_COUNT,
            };
            self.slope(values).is_some_and(|slope| slope.exceeds(flat))
        };
        let growing = self.values.iter().filter(|(of, values)| grows(of, values));
        growing.count()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = None;
        for ((what, name), values) in &self.values {
            let head = match what {
                What::Memory => "memory MB".to_owned(),
                What::ChildMemory => "a child MB".to_owned(),
                What::Children => "children".to_owned(),
                What::Files => "open files".to_owned(),
                What::ConnectionsTo(server) => format!("to {server}"),
            };
            if before != Some(what) {
                writeln!(
                    f,
                    "{head:<12} {:>9} {:>9} {:>9} {:>9} {:>18}",
                    "start", "half", "end", "max", "an hour, 95 %"
                )?;
                before = Some(what);
            }
            let value = |at: usize| values.get(at).map_or(0.0, |(_, value)| *value);
            let most = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
            let slope = self.slope(values).map_or_else(String::new, |slope| {
                format!("{:+.1} ± {:.1}", slope.an_hour, slope.half)
            });
            writeln!(
                f,
                "{name:<12} {:>9.1} {:>9.1} {:>9.1} {most:>9.1} {slope:>18}",
                value(0),
                value(values.len() / 2),
                value(values.len() - 1),
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Seen, What};

    /// An hour, in which the first tenth of an hour always grows.
    fn hour(of: What, leak: f64) -> Seen {
        let mut seen = Seen::default();
        for minute in 0..=60 {
            for look in 0..4 {
                seen.time = Duration::from_secs(60 * minute + 15 * look);
                let hours = seen.time.as_secs_f64() / 3600.0;
                let warm = 900.0 * hours.min(0.1);
                seen.add(of, "worker 0", warm + leak * hours + look as f64);
            }
        }
        seen
    }

    #[test]
    fn a_leak_is_found_and_a_warm_up_is_none() {
        assert_eq!(hour(What::Memory, 0.0).growing(), 0);
        assert_eq!(hour(What::Memory, 40.0).growing(), 1);
        assert_eq!(hour(What::ConnectionsTo("postgres"), 8.0).growing(), 1);
        assert_eq!(hour(What::Children, 8.0).growing(), 1);
        assert_eq!(hour(What::Memory, 8.0).growing(), 0, "within what is flat");
    }

    #[test]
    fn a_short_time_says_nothing_of_growth() {
        let mut seen = hour(What::Memory, 4000.0);
        seen.time = Duration::from_secs(300);
        assert_eq!(seen.growing(), 0);
        assert!(!seen.to_string().contains('±'), "{seen}");
    }
}
