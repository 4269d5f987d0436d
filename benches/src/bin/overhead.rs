//! `overhead PATH`: what queue, database, store and sealing cost over `medbot process` on the same
//! documents, with the real engines. Runs of the two alternate, since machines are noisy.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use benches::{child, proc::Processes};
use clap::Parser;

#[derive(Parser)]
#[command(
    about = "Prints wall and CPU seconds of `medbot process` and of the service, and their ratios"
)]
struct Arguments {
    /// A file or folder of documents.
    path: PathBuf,
    /// Runs of each.
    #[arg(long, default_value_t = 2)]
    repeat: usize,
    /// Tasks at once in the service; else its default.
    #[arg(long)]
    slots: Option<u16>,
    /// Documents in flight of `process`; else its default.
    #[arg(long)]
    jobs: Option<usize>,
}

/// Wall and CPU seconds.
#[derive(Clone, Copy, Debug, Default)]
struct Seconds {
    wall: f64,
    cpu: f64,
}

/// The longest that the service may take to be ready.
const READY: Duration = Duration::from_mins(2);

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    println!("{:<22} {:>9} {:>9}", "", "wall s", "CPU s");
    let (mut alone, mut served) = (Vec::new(), Vec::new());
    for _ in 0..arguments.repeat.max(1) {
        let scratch = tempfile::tempdir()?;
        let cost = child::process(&arguments.path, scratch.path(), None, false, arguments.jobs)?;
        alone.push(Seconds {
            wall: cost.wall.as_secs_f64(),
            cpu: cost.cpu.as_secs_f64(),
        });
        print("medbot process", alone[alone.len() - 1]);
        served.push(service(&arguments)?);
        print("medbot up, drop --wait", served[served.len() - 1]);
    }
    let least = |runs: &[Seconds], of: fn(&Seconds) -> f64| {
        runs.iter().map(of).fold(f64::INFINITY, f64::min)
    };
    for (name, of) in [
        ("wall", (|s: &Seconds| s.wall) as fn(&Seconds) -> f64),
        ("CPU", |s: &Seconds| s.cpu),
    ] {
        let ratio = least(&served, of) / least(&alone, of);
        println!("{name} overhead {:+.1} %", 100.0 * (ratio - 1.0));
    }
    Ok(())
}

fn print(what: &str, seconds: Seconds) {
    println!("{what:<22} {:>9.1} {:>9.1}", seconds.wall, seconds.cpu);
}

/// One `up` on a new folder: from when it is ready until the last result of `drop --wait`.
fn service(arguments: &Arguments) -> anyhow::Result<Seconds> {
    let scratch = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o711))
        .tempdir()?;
    let data = scratch.path().join("data");
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let mut command = Command::new(child::binary()?);
    command
        .args(["up", "--listen", &address, "--data"])
        .arg(&data)
        .env("MEDBOT_LOG", "warn")
        .stdin(Stdio::null())
        .stderr(fs::File::create(scratch.path().join("up.log"))?);
    if let Some(slots) = arguments.slots {
        command.env("MEDBOT_SLOTS", slots.to_string());
    }
    let mut up = Running(command.spawn().context("medbot up")?);
    let start = Instant::now();
    while !is_ready(&address) {
        if let Some(ended) = up.0.try_wait()? {
            bail!("medbot up ended: {ended}");
        }
        if start.elapsed() > READY {
            bail!("medbot up is not ready");
        }
        thread::sleep(Duration::from_millis(50));
    }
    let cpu = || anyhow::Ok(Processes::now()?.cpu_seconds(up.0.id() as i32));
    let before = cpu()?;
    let mut drop = Command::new(child::binary()?);
    drop.arg("drop")
        .arg(&arguments.path)
        .args(["--wait", "--server", &format!("http://{address}")])
        .env("MEDBOT_API_KEY_FILE", data.join("admin.key"))
        .env("XDG_STATE_HOME", scratch.path().join("state"))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let dropped = child::run(&mut drop, &[0, 3])?;
    let after = cpu()?;
    up.end()?;
    Ok(Seconds {
        wall: dropped.wall.as_secs_f64(),
        cpu: after - before + dropped.cpu.as_secs_f64(),
    })
}

/// A process that is told to end when it is dropped, and waited for.
struct Running(Child);

impl Running {
    fn end(&mut self) -> anyhow::Result<()> {
        if let Some(pid) = rustix::process::Pid::from_raw(self.0.id() as i32) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = self.end();
        }
    }
}

fn is_ready(address: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: medbot\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200"))
    };
    ask().unwrap_or(false)
}
