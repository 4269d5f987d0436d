//! One child as the parent sees it: a process with two pipes, and a deadline on every byte.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use super::CallError;
use super::spawner;

/// The command that ends in `child_main`; the service's kind is put after its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program.
    pub exe: PathBuf,
    /// Arguments before the kind.
    pub args: Vec<OsString>,
    /// The child's whole environment, `LD_LIBRARY_PATH` apart: nothing else is inherited.
    pub env: Vec<(OsString, OsString)>,
}

impl Launch {
    /// `EXE sandbox-child KIND`, what both `medbot` and `medbot-sandbox` understand.
    #[must_use]
    pub fn of(exe: impl Into<PathBuf>) -> Self {
        Self {
            exe: exe.into(),
            args: vec!["sandbox-child".into()],
            env: Vec::new(),
        }
    }

    /// This very program again, even when its file was replaced meanwhile.
    #[must_use]
    pub fn this_program() -> Self {
        Self::of("/proc/self/exe")
    }
}

/// A running child; killed and reaped when dropped.
pub(super) struct Process {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Process {
    pub fn start(launch: &Launch, kind: &str) -> io::Result<Self> {
        let mut command = Command::new(&launch.exe);
        command
            .args(&launch.args)
            .arg(kind)
            .current_dir("/")
            .env_clear()
            .envs(launch.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // Where the dynamic linker finds libraries is the parent's own, trusted choice.
        if let Some(path) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", path);
        }
        let mut child = spawner::spawn(command)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the child has no pipes"));
        };
        for fd in [
            rustix::fd::AsFd::as_fd(&input),
            rustix::fd::AsFd::as_fd(&output),
        ] {
            let flags = rustix::fs::fcntl_getfl(fd)?;
            rustix::fs::fcntl_setfl(fd, flags | OFlags::NONBLOCK)?;
            // Larger pipes mean fewer switches; a kernel that refuses keeps its default.
            rustix::pipe::fcntl_setpipe_size(fd, 1 << 20).ok();
        }
        Ok(Self {
            child,
            input,
            output,
        })
    }

    /// Both ends of the conversation, good until `deadline`.
    pub fn until(&mut self, deadline: Instant) -> (impl Write, impl Read) {
        (
            Until(&mut self.input, deadline),
            Until(&mut self.output, deadline),
        )
    }

    /// Ends the child and says how it had ended by itself, if it had.
    pub fn end(mut self) -> CallError {
        // The pipe closes a moment before the process can be reaped.
        let patience = Instant::now() + Duration::from_millis(500);
        while Instant::now() < patience {
            match self.child.try_wait() {
                Ok(Some(status)) => {
                    return match status.signal() {
                        Some(libc::SIGSYS) => CallError::Refused,
                        Some(libc::SIGXCPU | libc::SIGKILL) => CallError::OutOfTime,
                        signal => CallError::Crashed(signal),
                    };
                }
                Ok(None) => std::thread::yield_now(),
                Err(_) => break,
            }
        }
        CallError::Crashed(None)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A non-blocking pipe that waits with poll, no longer than its deadline.
struct Until<'a, T>(&'a mut T, Instant);

impl<T: rustix::fd::AsFd> Until<'_, T> {
    fn wait(&self, flags: PollFlags) -> io::Result<()> {
        loop {
            let left = self.1.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let timeout = Timespec {
                tv_sec: left.as_secs() as i64,
                tv_nsec: i64::from(left.subsec_nanos()),
            };
            match poll(&mut [PollFd::new(&*self.0, flags)], Some(&timeout)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl<T: Read + rustix::fd::AsFd> Read for Until<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.wait(PollFlags::IN)?,
                done => return done,
            }
        }
    }
}

impl<T: Write + rustix::fd::AsFd> Write for Until<'_, T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.wait(PollFlags::OUT)?,
                done => return done,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
