//! The child's side: load, confine, answer until the pipe ends.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::frame::{self, Caps, FrameError};
use super::lockdown::{Layer, Layers, lock_down};
use super::{Probe, Service};
use crate::decode::DecodeService;
use crate::engine::tesseract::TesseractService;

/// What one child may use over its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildLimits {
    /// Address space in bytes, libraries included.
    pub memory_bytes: u64,
    /// Processor seconds; the pool replaces a child that has used half of them.
    pub cpu_seconds: u64,
    /// Largest request in bytes.
    pub request_bytes: u64,
}

impl Default for ChildLimits {
    fn default() -> Self {
        Self {
            memory_bytes: 2 << 30,
            cpu_seconds: 600,
            request_bytes: 1 << 30,
        }
    }
}

/// The parent's first frame.
#[derive(Serialize, Deserialize)]
pub(super) struct Setup<C> {
    pub limits: ChildLimits,
    pub config: C,
}

/// Every frame of a child.
#[derive(Serialize, Deserialize)]
pub(super) enum Reply<T> {
    /// Loaded and confined.
    Ready(Layers),
    /// Could not load.
    NotLoaded(String),
    /// An answer, and the processor seconds used so far.
    Done(T, u64),
    /// It panicked at this place of the source; the message may hold text of the document.
    Panicked(String),
}

/// Where the last panic happened, kept by the hook for the reply.
static PANIC_PLACE: Mutex<String> = Mutex::new(String::new());

/// Runs a child of this kind on stdin and stdout until the parent closes the pipe.
///
/// The one explicit list of services. Call it before any thread is started.
#[must_use]
pub fn child_main(kind: &str) -> ExitCode {
    let served = match kind {
        DecodeService::KIND => serve::<DecodeService>(),
        Probe::KIND => serve::<Probe>(),
        TesseractService::KIND => serve::<TesseractService>(),
        _ => {
            eprintln!("no sandboxed service has this name");
            return ExitCode::from(2);
        }
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve<S: Service>() -> Result<(), FrameError> {
    let death = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    let death = match death {
        Ok(()) => Layer::Holds,
        Err(e) => Layer::Missing(e.to_string()),
    };
    // Where the machine's memory runs out, the kernel shall end this process and not the one that it works for.
    std::fs::write("/proc/self/oom_score_adj", "1000").ok();
    let (input, output) = take_pipes()?;
    let (mut input, mut output) = (BufReader::new(input), BufWriter::new(output));
    panic::set_hook(Box::new(|info| {
        if let (Some(at), Ok(mut place)) = (info.location(), PANIC_PLACE.lock()) {
            *place = format!("{}:{}", at.file(), at.line());
        }
    }));

    let trusted = Caps {
        header: 1 << 20,
        blob: 0,
    };
    let (setup, _): (Setup<S::Config>, _) = frame::read(&mut input, trusted)?;
    let mut service = match S::load(setup.config) {
        Ok(service) => service,
        Err(reason) => {
            frame::write(&mut output, &Reply::<S::Response>::NotLoaded(reason), &[])?;
            return Ok(());
        }
    };
    let layers = lock_down(&setup.limits, death);
    frame::write(&mut output, &Reply::<S::Response>::Ready(layers), &[])?;

    let caps = Caps {
        header: 1 << 20,
        blob: setup.limits.request_bytes,
    };
    loop {
        let (request, blob) = match frame::read::<S::Request>(&mut input, caps) {
            Ok(frame) => frame,
            Err(FrameError::Ended) => return Ok(()),
            Err(error) => return Err(error),
        };
        let answer = panic::catch_unwind(AssertUnwindSafe(|| service.handle(request, blob)));
        let Ok((response, blob)) = answer else {
            // What panicked may be half changed: say where, and end.
            let place = PANIC_PLACE.lock().map(|p| p.clone()).unwrap_or_default();
            return Ok(frame::write(
                &mut output,
                &Reply::<S::Response>::Panicked(place),
                &[],
            )?);
        };
        frame::write(&mut output, &Reply::Done(response, cpu_seconds()), &blob)?;
    }
}

/// Takes stdin and stdout for the protocol, points stdout at stderr so that a chatty library cannot
/// break a frame, and closes whatever else was inherited.
fn take_pipes() -> Result<(File, File), FrameError> {
    let dup = |fd| rustix::io::fcntl_dupfd_cloexec(fd, 3).map_err(std::io::Error::from);
    let input = dup(rustix::stdio::stdin())?;
    let output = dup(rustix::stdio::stdout())?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr()).map_err(std::io::Error::from)?;
    rustix::stdio::dup2_stdin(rustix::stdio::stderr()).map_err(std::io::Error::from)?;
    close_above(std::os::fd::AsRawFd::as_raw_fd(&output));
    Ok((File::from(input), File::from(output)))
}

#[expect(
    unsafe_code,
    reason = "close_range has no safe wrapper; nothing above is open in this process yet"
)]
fn close_above(last: i32) {
    // An older kernel refuses the call; then only what the parent leaked stays open, and every
    // descriptor of Rust's standard library is closed by exec.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            last as libc::c_uint + 1,
            libc::c_uint::MAX,
            0,
        );
    }
}

fn cpu_seconds() -> u64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    u64::try_from(used.tv_sec).unwrap_or(0)
}
