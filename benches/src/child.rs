//! Programs as child processes, `medbot` above all, with what the kernel says that they cost.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

/// What a run cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// By the clock.
    pub wall: Duration,
    /// User and system time of the process and its children.
    pub cpu: Duration,
    /// Largest resident set of any one process, in bytes.
    pub peak_rss: u64,
}

/// Finds the binary: `MEDBOT_BIN`, or `medbot` beside this program; absolute, since sandboxed children start elsewhere.
///
/// # Errors
/// When it is at neither place.
pub fn binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os("MEDBOT_BIN") {
        return PathBuf::from(path)
            .canonicalize()
            .context("MEDBOT_BIN names no file");
    }
    let beside = env::current_exe()?.with_file_name("medbot");
    if !beside.is_file() {
        bail!(
            "medbot is not beside this program: build it with `cargo build --release`, or set MEDBOT_BIN"
        );
    }
    Ok(beside)
}

/// Runs `medbot process input --out out` and waits. Documents that it rejects count as empty, so
/// exit code 3 is no failure here.
///
/// # Errors
/// When it cannot start or says that it cannot run.
pub fn process(
    input: &Path,
    out: &Path,
    engines: Option<&str>,
    adaptive: bool,
    jobs: Option<usize>,
) -> anyhow::Result<Cost> {
    let binary = binary()?;
    let mut command = Command::new(&binary);
    command
        .arg("process")
        .arg(input)
        .arg("--out")
        .arg(out)
        .stdout(Stdio::null());
    if let Some(engines) = engines {
        command.args(["--engines", engines]);
    }
    if adaptive {
        command.args(["--mode", "adaptive"]);
    }
    if let Some(jobs) = jobs {
        command.args(["--jobs", &jobs.to_string()]);
    }
    run(&mut command, &[0, 3])
}

/// Runs a program to its end.
///
/// # Errors
/// When it cannot start, or ends with an exit code that is not among `good`.
pub fn run(command: &mut Command, good: &[i32]) -> anyhow::Result<Cost> {
    let program = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let child = command.spawn().with_context(|| program.clone())?;
    let (code, usage) = wait(child.id())?;
    let wall = start.elapsed();
    if !good.contains(&code) {
        bail!("{program} ended with exit code {code}");
    }
    let time = |t: libc::timeval| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000);
    Ok(Cost {
        wall,
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        peak_rss: usage.ru_maxrss as u64 * 1024,
    })
}

/// Waits for one child and takes its resource usage with that of its waited-for children; `getrusage`
/// would mix all runs.
#[expect(unsafe_code, reason = "the standard library has no wait4")]
fn wait(pid: u32) -> anyhow::Result<(i32, libc::rusage)> {
    let mut status = 0;
    // SAFETY: rusage is plain integers, for which all zeros is a value; both pointers live through
    // the call, and the child is ours and not yet waited for.
    let (got, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        (
            libc::wait4(pid as i32, &raw mut status, 0, &raw mut usage),
            usage,
        )
    };
    if got != pid as i32 {
        return Err(std::io::Error::last_os_error()).context("waiting for a child");
    }
    let code = if libc::WIFEXITED(status) {
        libc::WEXITSTATUS(status)
    } else {
        128 + libc::WTERMSIG(status)
    };
    Ok((code, usage))
}
