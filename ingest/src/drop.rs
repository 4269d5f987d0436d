//! `medbot drop`: a folder into a service, resumable.
//!
//! Nothing is written into the folder, and nothing in it is moved unless that is asked for. What the
//! server has taken stands in a ledger elsewhere; whoever deletes that loses nothing but time, since
//! the server knows bytes that it has.

mod backoff;
mod deliver;
mod folder;
mod follow;
mod gate;
mod ledger;
mod progress;
mod server;
mod shift;
mod upload;

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::{mpsc, watch},
    task::spawn_blocking,
    time::sleep,
};
use url::Url;

use self::{
    deliver::{Counts, Delivery, Wishes},
    folder::{Folder, Scan},
    follow::{Ends, Follower, Out},
    ledger::Ledger,
    progress::Progress,
    server::Server,
};
use crate::{
    cli::{CANNOT_RUN, DONE, SOME_REJECTED, WRONG_USAGE, complain},
    process::make_folder,
    settings::Settings,
    stop::told_to_stop,
};

/// Arguments of `medbot drop`.
#[derive(clap::Args)]
pub(crate) struct DropArguments {
    /// The folder; every regular file in it is uploaded, but for hidden ones.
    dir: PathBuf,
    /// The service's URL. Another machine's begins with https. A certificate authority of your own
    /// stands in the file that `SSL_CERT_FILE` names.
    #[arg(long)]
    server: String,
    /// The file that holds the API key; `MEDBOT_API_KEY_FILE` otherwise.
    #[arg(long)]
    key_file: Option<PathBuf>,
    /// Uploads at once.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Where it is kept what the server has taken; in the user's folder of states otherwise.
    #[arg(long)]
    ledger: Option<PathBuf>,
    /// Goes on until SIGINT or SIGTERM with what comes into the folder.
    #[arg(long)]
    watch: bool,
    /// Between two looks at a watched folder; a file is taken when two have seen the same.
    #[arg(long, default_value = "2s", value_parser = duration)]
    every: Duration,
    /// How long the service may be away; with --watch for ever.
    #[arg(long, default_value = "10m", value_parser = duration)]
    patience: Duration,
    /// Moves files that were taken to the same place below this folder.
    #[arg(long, value_name = "DIR2")]
    move_to: Option<PathBuf>,
    /// Sends again what was rejected before.
    #[arg(long)]
    retry_rejected: bool,
    /// Waits until all documents are read.
    #[arg(long)]
    wait: bool,
    /// Fetches the results into this folder.
    #[arg(long, value_name = "DIR3", requires = "wait")]
    out: Option<PathBuf>,
    /// In which form: `.json` or `.txt`.
    #[arg(long, value_enum, default_value_t = Form::Json, requires = "out")]
    format: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Json,
    Text,
}

/// `2s`, `10m`, `500ms`, `1h`; a bare number counts seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let unit = match &text[end..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("a time is a number with ms, s, m or h".into()),
    };
    let number: f64 = text[..end]
        .parse()
        .map_err(|_| "a time is a number with ms, s, m or h")?;
    Duration::try_from_secs_f64(number * unit)
        .ok()
        .filter(|time| *time >= Duration::from_millis(10) && *time <= Duration::from_hours(1000))
        .ok_or_else(|| "a time lies between 10ms and 1000h".into())
}

/// Runs the command to its exit code.
///
/// # Errors
/// When it cannot run, or not to its end.
pub(crate) fn run(settings: &Settings, arguments: &DropArguments) -> anyhow::Result<u8> {
    let url = match server::address(&arguments.server, settings.allow_plaintext) {
        Ok(url) => url,
        Err(error) => {
            complain(&error.into());
            return Ok(WRONG_USAGE);
        }
    };
    let dir = fs::canonicalize(&arguments.dir)
        .with_context(|| format!("cannot read {}", arguments.dir.display()))?;
    if !dir.is_dir() {
        bail!("{} is no folder", arguments.dir.display());
    }
    let out = arguments.out.as_deref().map(made).transpose()?;
    let move_to = arguments.move_to.as_deref().map(made).transpose()?;
    if [&out, &move_to]
        .into_iter()
        .flatten()
        .any(|other| *other == dir)
    {
        complain(&anyhow::anyhow!(
            "--out and --move-to name other folders than the one that is uploaded"
        ));
        return Ok(WRONG_USAGE);
    }
    let key_file = arguments.key_file.as_deref();
    let key_file = key_file.or(settings.api_key_file.as_deref());
    let server = Arc::new(Server::new(url.clone(), key_file)?);
    let (ledger_of, at) = ledger_of(&url, &dir, arguments.ledger.as_deref())?;
    let ledger = Ledger::open(&at, &ledger_of)
        .with_context(|| format!("the ledger {} cannot be used", at.display()))?;
    let apart = [fs::canonicalize(&at).ok(), out.clone(), move_to.clone()];
    let folder = Folder::new(dir, apart.into_iter().flatten().collect());

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("no threads for uploads")?;
    let ended = runtime.block_on(until_told(arguments, server, ledger, folder, out, move_to));
    // A share that hangs holds up no end.
    runtime.shutdown_background();
    ended
}

fn made(path: &Path) -> anyhow::Result<PathBuf> {
    make_folder(path)?;
    fs::canonicalize(path).with_context(|| format!("cannot read {}", path.display()))
}

/// What the ledger is of, and where it lies.
fn ledger_of(url: &Url, dir: &Path, named: Option<&Path>) -> anyhow::Result<(String, PathBuf)> {
    let digest = Sha256::new()
        .chain_update(url.as_str())
        .chain_update([0])
        .chain_update(dir.as_os_str().as_encoded_bytes())
        .finalize();
    let of = folder::hex(&digest[..16]);
    if let Some(named) = named {
        return Ok((of, named.to_path_buf()));
    }
    let set = |name| {
        env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    // The XDG specification says that a relative path is to be ignored.
    let state = set("XDG_STATE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| Some(set("HOME")?.join(".local/state")))
        .context("neither HOME nor XDG_STATE_HOME is set: name a file with --ledger")?;
    let at = state.join("medbot/drop").join(format!("{of}.jsonl"));
    Ok((of, at))
}

async fn until_told(
    arguments: &DropArguments,
    server: Arc<Server>,
    ledger: Ledger,
    folder: Folder,
    out: Option<PathBuf>,
    move_to: Option<PathBuf>,
) -> anyhow::Result<u8> {
    let (tell, stop) = watch::channel(false);
    let patience = (!arguments.watch).then_some(arguments.patience);
    let progress = Progress::new();
    let wishes = Wishes {
        jobs: usize::from(arguments.jobs),
        watch: arguments.watch,
        patience,
        retry_rejected: arguments.retry_rejected,
        move_to,
    };
    let (follow, followed) = mpsc::unbounded_channel();
    let follow = arguments.wait.then_some(follow);
    let follower = Follower {
        server: Arc::clone(&server),
        out: out.map(|folder| Out {
            folder,
            format: match arguments.format {
                Form::Json => "json",
                Form::Text => "text",
            },
            suffix: match arguments.format {
                Form::Json => ".json",
                Form::Text => ".txt",
            },
        }),
        patience,
    };
    let scans = scans(folder, arguments.watch.then_some(arguments.every)).await?;
    let delivery = Delivery::new(wishes, server, ledger, progress.clone(), follow);
    let work = async {
        let sending = async {
            let counts = delivery.run(scans, stop.clone()).await;
            progress.clear();
            counts
        };
        tokio::try_join!(sending, follower.run(followed, stop.clone()))
    };
    let told_twice = async {
        told_to_stop().await?;
        tell.send_replace(true);
        told_to_stop().await
    };
    let (counts, ends) = tokio::select! {
        done = work => done?,
        told = told_twice => {
            told?;
            bail!("told twice: stopped at once")
        }
    };
    summary(&counts, arguments.wait.then_some(&ends));
    if *stop.borrow() {
        if arguments.watch {
            return Ok(DONE);
        }
        complain(&anyhow::anyhow!("told to stop: call it again to go on"));
        return Ok(CANNOT_RUN);
    }
    Ok(if counts.rejected + ends.failed == 0 {
        DONE
    } else {
        SOME_REJECTED
    })
}

/// One scan, or scans again and again until nobody listens.
async fn scans(folder: Folder, every: Option<Duration>) -> anyhow::Result<mpsc::Receiver<Scan>> {
    let scan = async move |folder: &Folder| {
        let folder = folder.clone();
        spawn_blocking(move || folder.scan())
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)))
    };
    let (sender, receiver) = mpsc::channel(1);
    let first = scan(&folder).await.context("the folder cannot be listed")?;
    sender.send(first).await.context("nobody listens")?;
    if let Some(every) = every {
        tokio::spawn(async move {
            let mut away = false;
            loop {
                sleep(every).await;
                match scan(&folder).await {
                    Ok(seen) => {
                        away = false;
                        if sender.send(seen).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        if !away {
                            let kind = error.kind();
                            tracing::warn!(%kind, "the folder is away; it is looked at again");
                        }
                        away = true;
                    }
                }
            }
        });
    }
    Ok(receiver)
}

/// The one line that scripts read.
fn summary(counts: &Counts, ends: Option<&Ends>) {
    let Counts {
        taken,
        already,
        duplicates,
        rejected,
    } = counts;
    let mut line =
        format!("taken={taken} already={already} duplicates={duplicates} rejected={rejected}");
    if let Some(ends) = ends {
        use std::fmt::Write as _;
        let _ = write!(
            line,
            " succeeded={} needs_review={} failed={} cancelled={}",
            ends.succeeded, ends.needs_review, ends.failed, ends.cancelled
        );
    }
    // Whoever closed the pipe has seen enough.
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::duration;

    #[test]
    fn times_are_numbers_with_a_unit() {
        for (text, expected) in [
            ("2s", Some(2000)),
            ("10m", Some(600_000)),
            ("500ms", Some(500)),
            ("1.5h", Some(5_400_000)),
            ("3", Some(3000)),
            ("0s", None),
            ("s", None),
            ("-1s", None),
            ("1d", None),
            ("1 s", None),
        ] {
            let found = duration(text).ok();
            assert_eq!(found, expected.map(Duration::from_millis), "{text}");
        }
    }
}
