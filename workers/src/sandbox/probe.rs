//! A service that tries what a confined child must not be able to do.
//!
//! `medbot doctor` and the tests start it and look at what the kernel answers: proof by trying, not
//! by reading flags. Limit: it shows that these ways are shut, not that every way is.

use std::fs::File;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Service;

/// Something that a confined child may try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// Open a file that everyone may read.
    ReadFile,
    /// Create a file in the temporary folder.
    WriteFile,
    /// List a folder.
    ListFolder,
    /// Open a TCP socket.
    TcpSocket,
    /// Open a UDP socket.
    UdpSocket,
    /// Send a signal to its parent.
    SignalParent,
    /// Start a thread, which is allowed.
    Thread,
    /// Start a program in a new process.
    Fork,
    /// Become another program, which kills it.
    Execute,
    /// Use the processor until someone stops it.
    Spin,
    /// Ask for this many megabytes and touch them.
    Allocate(u32),
    /// Panic.
    Panic,
    /// Answer with the request's bytes.
    Echo,
}

impl Attempt {
    /// Those that leave the child alive and waste nothing.
    pub const HARMLESS: [Self; 8] = [
        Self::ReadFile,
        Self::WriteFile,
        Self::ListFolder,
        Self::TcpSocket,
        Self::UdpSocket,
        Self::SignalParent,
        Self::Fork,
        Self::Thread,
    ];
}

/// How the kernel answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It worked.
    Allowed,
    /// It was refused, with this error number when there is one.
    Denied(Option<i32>),
}

/// The answer to an [`Attempt`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReply(pub Outcome);

/// The service.
pub struct Probe;

impl Service for Probe {
    const KIND: &'static str = "probe";
    type Config = ();
    type Request = Attempt;
    type Response = ProbeReply;

    fn load((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn handle(&mut self, attempt: Attempt, blob: Vec<u8>) -> (ProbeReply, Vec<u8>) {
        let outcome = match attempt {
            Attempt::ReadFile => outcome(File::open("/etc/passwd")),
            Attempt::WriteFile => outcome(File::create("/tmp/medbot-sandbox-probe")),
            Attempt::ListFolder => outcome(std::fs::read_dir("/")),
            Attempt::TcpSocket => outcome(TcpListener::bind("127.0.0.1:0")),
            Attempt::UdpSocket => outcome(UdpSocket::bind("127.0.0.1:0")),
            Attempt::SignalParent => signal_parent(),
            Attempt::Thread => outcome(std::thread::Builder::new().spawn(|| ())),
            Attempt::Fork => outcome(Command::new("/bin/true").status()),
            Attempt::Execute => Outcome::Denied(Command::new("/bin/true").exec().raw_os_error()),
            Attempt::Spin => spin(),
            Attempt::Allocate(megabytes) => allocate(megabytes as usize),
            Attempt::Panic => panic!("as asked"),
            Attempt::Echo => return (ProbeReply(Outcome::Allowed), blob),
        };
        (ProbeReply(outcome), Vec::new())
    }
}

fn outcome<T>(result: std::io::Result<T>) -> Outcome {
    match result {
        Ok(_) => Outcome::Allowed,
        Err(error) => Outcome::Denied(error.raw_os_error()),
    }
}

fn signal_parent() -> Outcome {
    let Some(parent) = rustix::process::getppid() else {
        return Outcome::Denied(None);
    };
    outcome(rustix::process::test_kill_process(parent).map_err(Into::into))
}

fn spin() -> Outcome {
    let start = Instant::now();
    let mut turns = 0_u64;
    while start.elapsed() < Duration::from_hours(24) {
        turns = std::hint::black_box(turns + 1);
    }
    Outcome::Allowed
}

fn allocate(megabytes: usize) -> Outcome {
    let mut bytes: Vec<u8> = Vec::new();
    if bytes.try_reserve_exact(megabytes << 20).is_err() {
        return Outcome::Denied(None);
    }
    bytes.resize(megabytes << 20, 1);
    std::hint::black_box(&bytes);
    Outcome::Allowed
}
