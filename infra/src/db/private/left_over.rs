//! A server that a killed medbot left behind.
//!
//! Its processes are known by what the kernel says of them (their program is `postgres` and their
//! folder is this database) and not by the number in `postmaster.pid`, which may be anybody's by now.
//! The data folder's lock is held meanwhile, so no other medbot's server can be meant.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::PrivateError;

const PID_FILE: &str = "postmaster.pid";

/// Stops whatever runs on that database, then removes the number of the one that did.
///
/// # Errors
/// [`PrivateError::LeftOver`] when a process outlives even SIGKILL.
pub(super) fn stop(cluster: &Path) -> Result<(), PrivateError> {
    let postmaster = first_line(cluster);
    let steps = [
        // Fast shutdown. The others of the server end by themselves when it does, or is gone.
        (Signal::INT, true, Duration::from_secs(30)),
        (Signal::QUIT, false, Duration::from_secs(5)),
        (Signal::KILL, false, Duration::from_secs(5)),
    ];
    let mut left = running_on(cluster);
    for (signal, to_postmaster_only, patience) in steps {
        for pid in &left {
            if !to_postmaster_only || Some(*pid) == postmaster {
                tracing::warn!(pid, "stopping a PostgreSQL that was left over");
                // It may have ended since it was listed.
                let _ = Pid::from_raw(*pid).map(|pid| kill_process(pid, signal));
            }
        }
        let deadline = Instant::now() + patience;
        while !left.is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
            left = running_on(cluster);
        }
    }
    if let Some(pid) = left.first() {
        return Err(PrivateError::LeftOver {
            pid: pid.cast_unsigned(),
            folder: cluster.to_path_buf(),
        });
    }
    // PostgreSQL would refuse to start if that number were some other process's today.
    let path = cluster.join(PID_FILE);
    match fs::remove_file(&path) {
        Err(reason) if reason.kind() != io::ErrorKind::NotFound => {
            Err(PrivateError::File { path, reason })
        }
        _ => Ok(()),
    }
}

fn first_line(cluster: &Path) -> Option<i32> {
    let text = fs::read_to_string(cluster.join(PID_FILE)).ok()?;
    text.lines().next()?.trim().parse().ok()
}

/// Whether the server that has this process id says that it takes connections.
pub(super) fn is_ready(cluster: &Path, pid: u32) -> bool {
    let text = fs::read_to_string(cluster.join(PID_FILE)).unwrap_or_default();
    let mut lines = text.lines().map(str::trim);
    lines.next() == Some(pid.to_string().as_str()) && lines.nth(6) == Some("ready")
}

/// Where the socket of the server is, if it says that it takes connections.
pub(super) fn socket_of_ready(cluster: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(cluster.join(PID_FILE)).ok()?;
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let socket = lines.get(4).filter(|socket| !socket.is_empty())?;
    (lines.get(7) == Some(&"ready")).then(|| PathBuf::from(socket))
}

/// The server's processes: each of them works in the database's folder.
fn running_on(cluster: &Path) -> Vec<i32> {
    let is_ours = |process: &Path| {
        let program = fs::read_link(process.join("exe")).ok()?;
        // A program that was replaced has " (deleted)" behind its name.
        let program = program.file_name()?.to_str()?.split(' ').next()?.to_owned();
        let folder = fs::read_link(process.join("cwd")).ok()?;
        Some(program == "postgres" && folder == cluster)
    };
    let processes = fs::read_dir("/proc").into_iter().flatten();
    processes
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let pid = entry.file_name().to_str()?.parse().ok()?;
            is_ours(&entry.path())?.then_some(pid)
        })
        .collect()
}
