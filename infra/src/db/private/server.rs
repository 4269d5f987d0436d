//! The running server: a child process that ends when this process does, whichever way that is.
//!
//! The kernel sends the death signal when the *thread* that made the child ends, so a thread of its own
//! makes it and waits for it. The server is in a process group of its own, so that Ctrl-C reaches
//! medbot alone and medbot can finish its work first.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, getpid, getppid, kill_process, set_parent_process_death_signal,
};

use super::account::{Account, is_root};
use super::folder::Folder;
use super::programs::{Programs, last_line};
use super::{PrivateError, left_over};

/// A recovery after a crash may have much to read.
const START_PATIENCE: Duration = Duration::from_mins(5);

/// For a small machine; what is not named is PostgreSQL's default (`fsync` on). Nothing of a
/// statement, its values or its errors gets into the log, since they may be a patient's.
const SETTINGS: [&str; 17] = [
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "max_connections=100",
    "shared_buffers=128MB",
    "timezone=UTC",
    "log_timezone=UTC",
    "logging_collector=off",
    "log_statement=none",
    "log_min_messages=log",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_min_duration_statement=-1",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
    "log_checkpoints=off",
    "cluster_name=medbot",
];

/// A server that takes connections until it is stopped or dropped.
#[derive(Debug)]
pub(super) struct Server {
    pid: u32,
    /// Hears once that the process has ended and was reaped.
    ended: Receiver<()>,
    has_ended: bool,
}

impl Server {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// [`PrivateError::Program`] with the last line of its log.
    pub(super) fn start(
        folder: &Folder,
        programs: &Programs,
        account: &Account,
        socket: &Path,
    ) -> Result<Self, PrivateError> {
        let cluster = folder.cluster();
        let (hba, ident) = who_may_connect(account);
        let files = [
            ("hba_file", folder.write("hba.conf", &hba)?),
            ("ident_file", folder.write("ident.conf", &ident)?),
            ("unix_socket_directories", socket.to_path_buf()),
        ];
        let log = folder.open_log()?;
        let also = log.try_clone().map_err(PrivateError::file(&cluster))?;
        let mut command = account.command(&programs.path("postgres"));
        command.arg("-D").arg(&cluster).stdout(log).stderr(also);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        for (name, path) in &files {
            command.arg("-c").arg(format!("{name}={}", path.display()));
        }
        let mut server = Self::spawn(command)?;
        let deadline = Instant::now() + START_PATIENCE;
        while !left_over::is_ready(&cluster, server.pid) {
            if server.ends_within(Duration::from_millis(10)) {
                let log = std::fs::read(folder.log()).unwrap_or_default();
                let reason = last_line(&String::from_utf8_lossy(&log));
                return Err(failed(reason));
            }
            if Instant::now() > deadline {
                return Err(failed("it did not become ready in time".to_owned()));
            }
        }
        Ok(server)
    }

    fn spawn(mut command: Command) -> Result<Self, PrivateError> {
        die_with_this_process(command.process_group(0).stdin(Stdio::null()));
        let (tell_start, started) = sync_channel(1);
        let (tell_end, ended) = sync_channel(1);
        thread::Builder::new()
            .name("private-postgres".to_owned())
            .spawn(move || watch(command.spawn(), &tell_start, &tell_end))
            .map_err(|e| failed(e.to_string()))?;
        match started.recv() {
            Ok(Ok(pid)) => Ok(Self {
                pid,
                ended,
                has_ended: false,
            }),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed("its thread ended".to_owned())),
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Fast shutdown; a server that does not heed it is told to stop at once, and then killed.
    ///
    /// # Errors
    /// [`PrivateError::NotStopped`] when it did not heed the first.
    pub(super) fn stop(&mut self) -> Result<(), PrivateError> {
        if self.ends_within(Duration::ZERO) || self.obeys(Signal::INT, 60) {
            return Ok(());
        }
        let _ = self.obeys(Signal::QUIT, 10) || self.obeys(Signal::KILL, 10);
        Err(PrivateError::NotStopped)
    }

    fn obeys(&mut self, signal: Signal, seconds: u64) -> bool {
        if let Some(pid) = Pid::from_raw(self.pid.cast_signed()) {
            // The number is this child's until it is reaped, which is heard of at once.
            let _ = kill_process(pid, signal);
        }
        self.ends_within(Duration::from_secs(seconds))
    }

    fn ends_within(&mut self, patience: Duration) -> bool {
        self.has_ended = self.has_ended
            || !matches!(
                self.ended.recv_timeout(patience),
                Err(RecvTimeoutError::Timeout)
            );
        self.has_ended
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "the private PostgreSQL was not stopped in order");
        }
    }
}

fn failed(reason: String) -> PrivateError {
    PrivateError::Program {
        program: "postgres",
        reason,
    }
}

/// The thread that the child belongs to: it lives until the child has ended.
fn watch(child: io::Result<Child>, started: &SyncSender<io::Result<u32>>, ended: &SyncSender<()>) {
    match child {
        Ok(mut child) => {
            // Nobody listens any more when medbot has given up; the child is reaped all the same.
            let _ = started.send(Ok(child.id()));
            let _ = child.wait();
            let _ = ended.send(());
        }
        Err(error) => {
            let _ = started.send(Err(error));
        }
    }
}

/// Has the kernel send the child a fast shutdown when its parent dies.
fn die_with_this_process(command: &mut Command) {
    let parent = getpid();
    let between_fork_and_exec = move || {
        // Becoming another user would undo it; the standard library does that before this runs.
        set_parent_process_death_signal(Some(Signal::INT))?;
        if getppid() == Some(parent) {
            return Ok(());
        }
        // The parent died before the kernel was asked.
        Err(io::ErrorKind::BrokenPipe.into())
    };
    #[expect(
        unsafe_code,
        reason = "only system calls run between fork and exec, nothing allocates"
    )]
    // SAFETY: both calls are async-signal-safe, and the closure takes no lock and no memory.
    unsafe {
        command.pre_exec(between_fork_and_exec);
    }
}

/// `pg_hba.conf` and `pg_ident.conf`: over the socket alone, and only the user that runs medbot or the
/// server, as any role; the kernel says who it is.
fn who_may_connect(account: &Account) -> (String, String) {
    let mut names = vec![account.name.as_str()];
    if is_root() {
        names.push("root");
    }
    let line = |name: &&str| format!("medbot \"{name}\" all\n");
    (
        "local all all peer map=medbot\n".to_owned(),
        names.iter().map(line).collect(),
    )
}
