//! What the kernel says of processes that run (proc(5)): who descends from whom, what they have used, hold
//! and are connected to. A process that ended meanwhile says nothing.

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    path::Path,
};

/// All processes at one moment.
pub struct Processes(HashMap<i32, Process>);

struct Process {
    parent: i32,
    /// Of its own and of the children that it has waited for.
    ticks: u64,
}

impl Processes {
    /// As they are now.
    ///
    /// # Errors
    /// When there is no `/proc`.
    pub fn now() -> io::Result<Self> {
        let mut processes = HashMap::new();
        for entry in fs::read_dir("/proc")? {
            processes.extend(stat(&entry?.path()));
        }
        Ok(Self(processes))
    }

    /// A process and all that live below it.
    #[must_use]
    pub fn tree(&self, root: i32) -> Vec<i32> {
        let below = |pid: i32| {
            let mut at = pid;
            while at != root {
                match self.0.get(&at) {
                    Some(process) if process.parent > 0 => at = process.parent,
                    _ => return false,
                }
            }
            true
        };
        self.0.keys().copied().filter(|pid| below(*pid)).collect()
    }

    /// User and system seconds of a process, of all that live below it, and of those that they have
    /// waited for.
    #[must_use]
    pub fn cpu_seconds(&self, root: i32) -> f64 {
        let ticks: u64 = self.tree(root).iter().map(|pid| self.0[pid].ticks).sum();
        ticks as f64 / rustix::param::clock_ticks_per_second() as f64
    }
}

fn stat(folder: &Path) -> Option<(i32, Process)> {
    let pid = folder.file_name()?.to_str()?.parse().ok()?;
    let text = fs::read_to_string(folder.join("stat")).ok()?;
    // The name in parentheses may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    // The third field, the state, is the first after the name.
    let number = |n: usize| fields.get(n - 3)?.parse::<u64>().ok();
    let process = Process {
        parent: i32::try_from(number(4)?).ok()?,
        ticks: number(14)? + number(15)? + number(16)? + number(17)?,
    };
    Some((pid, process))
}

/// Bytes of memory that a process holds.
#[must_use]
pub fn resident(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(1024 * line.split_whitespace().next()?.parse::<u64>().ok()?)
}

/// Descriptors that a process holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Of any kind.
    pub all: usize,
    /// The ports at the other ends of those that are TCP connections, one a connection.
    pub remote_ports: Vec<u16>,
}

/// What a process has open.
#[must_use]
pub fn files(pid: i32) -> Option<Files> {
    let mut files = Files::default();
    let mut sockets = HashSet::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd")).ok()? {
        files.all += 1;
        let Ok(target) = fs::read_link(entry.ok()?.path()) else {
            continue;
        };
        let inode = target
            .to_str()
            .and_then(|target| target.strip_prefix("socket:[")?.strip_suffix(']'));
        sockets.extend(inode.and_then(|inode| inode.parse::<u64>().ok()));
    }
    for table in ["tcp", "tcp6"] {
        let table = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        files.remote_ports.extend(
            table
                .lines()
                .skip(1)
                .filter_map(connection)
                .filter(|(_, inode)| sockets.contains(inode))
                .map(|(port, _)| port),
        );
    }
    Some(files)
}

/// The remote port and the inode of a line of `/proc/net/tcp` that is an established connection.
fn connection(line: &str) -> Option<(u16, u64)> {
    const ESTABLISHED: &str = "01";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (remote, state, inode) = (fields.get(2)?, fields.get(3)?, fields.get(9)?);
    if *state != ESTABLISHED {
        return None;
    }
    let (_, port) = remote.rsplit_once(':')?;
    Some((u16::from_str_radix(port, 16).ok()?, inode.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::{
        net::{TcpListener, TcpStream},
        process::{Command, Stdio},
    };

    use super::{Processes, files, resident};

    #[test]
    fn a_process_of_ours_is_known_with_its_child_memory_and_connections() {
        let own = std::process::id() as i32;
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let processes = Processes::now().unwrap();
        let tree = processes.tree(own);
        assert!(tree.contains(&own) && tree.contains(&(child.id() as i32)));
        assert!(!processes.tree(child.id() as i32).contains(&own));
        assert!(processes.cpu_seconds(own) >= processes.cpu_seconds(child.id() as i32));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(resident(own).unwrap() > 100_000);

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let to_it = || {
            let open = files(own).unwrap();
            let there = open.remote_ports.iter().filter(|remote| **remote == port);
            (open.all, there.count())
        };
        let (before, none) = to_it();
        let _streams = [(); 3].map(|()| TcpStream::connect(("127.0.0.1", port)).unwrap());
        let (after, three) = to_it();
        assert_eq!((none, three), (0, 3));
        assert!(after >= before + 3, "{before} and {after}");
    }
}
