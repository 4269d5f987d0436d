//! One attempt to upload one file. Whether there is another is the caller's decision.
//!
//! The body streams from the disk. Before its last piece the file is looked at once more: when it is
//! not what it was at the beginning, the body breaks off and the server takes nothing, so no document
//! is half of one state and half of another.

use std::{
    fs::File,
    io,
    os::unix::{ffi::OsStrExt as _, fs::OpenOptionsExt as _},
    path::{Component, Path},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures::{Stream, stream};
use http::{HeaderName, header};
use reqwest::Body;
use rustix::fs::OFlags;
use schemas::Problem;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;
use uuid::Uuid;

use super::{
    folder::{Found, State, hex},
    ledger::Taken,
    progress::Progress,
    server::{Answer, NOT_MEDBOT, Server},
};

/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;
/// An upload that moves no byte for so long is given up.
const STALLED: Duration = Duration::from_mins(2);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Attempt {
    Taken(Taken),
    /// For good.
    Refused(Problem),
    /// It was written to while it was sent.
    Changed,
    /// It is not there any more.
    Gone,
    /// The disk does not give it.
    Unreadable(io::ErrorKind),
    /// A request with its key is under way, or its sender has died.
    UnderWay(Option<Duration>),
    /// The server wants to be left alone for so long.
    Later(Option<Duration>),
    /// Nothing answers at its address.
    Unreached,
    /// The connection broke.
    Broken,
    /// The server will not take anything.
    Never(&'static str),
}

/// The `Idempotency-Key` of a file in one state: a digest of the ledger's id, the name, size and time
/// of change. With it an upload whose answer was lost gets that answer again, instead of being
/// called a duplicate of itself. The ledger's id keeps apart two folders that hold files of the same
/// name, size and time: the server knows requests by their key and size alone, and would take the
/// second file for the first. Nothing of it can be turned back into a name.
///
/// `generation` leaves behind a key whose request died with the server, which holds such a key for
/// minutes. Should it be alive after all, the server still knows equal bytes by their digest.
pub(super) fn idempotency_key(ledger: Uuid, file: &Found, generation: u32) -> String {
    let digest = Sha256::new()
        .chain_update(ledger)
        .chain_update(file.state.size.to_le_bytes())
        .chain_update(file.state.mtime_ns.to_le_bytes())
        .chain_update(generation.to_le_bytes())
        .chain_update(&file.name)
        .finalize();
    hex(&digest)
}

/// `Content-Disposition` with the path, RFC 6266 and RFC 8187: its bytes, but for the few that stand
/// for themselves, in percent form. Folders are parted by `/`.
pub(super) fn disposition(relative: &Path) -> String {
    let mut header = String::from("attachment; filename*=UTF-8''");
    let parts = relative.components().filter_map(|part| match part {
        Component::Normal(part) => Some(part.as_bytes()),
        _ => None,
    });
    for (index, part) in parts.enumerate() {
        if index > 0 {
            header.push_str("%2F");
        }
        for byte in part {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    header.push(char::from(*byte));
                }
                byte => {
                    header.push('%');
                    header.push_str(&hex(&[*byte]).to_ascii_uppercase());
                }
            }
        }
    }
    header
}

/// Sends a file.
pub(super) async fn attempt(
    server: &Server,
    file: &Found,
    key: &str,
    progress: &Progress,
) -> Attempt {
    let opened = match open(file).await {
        Ok(Some(opened)) => opened,
        Ok(None) => return Attempt::Changed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Attempt::Gone,
        Err(error) => return Attempt::Unreadable(error.kind()),
    };
    let sending = Arc::new(Sending {
        progress: progress.clone(),
        bytes: AtomicU64::new(0),
        changed: AtomicBool::new(false),
        unreadable: AtomicBool::new(false),
    });
    let request = server
        .post("v1/documents")
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CONTENT_DISPOSITION, disposition(&file.relative))
        .header(header::CONTENT_LENGTH, file.state.size)
        .header(IDEMPOTENCY_KEY, key)
        .body(if file.state.size == 0 {
            Body::from("")
        } else {
            Body::wrap_stream(pieces(opened, file.state, Arc::clone(&sending)))
        });
    let answered = async {
        let response = request.send().await?;
        Ok::<_, reqwest::Error>(match server.read(response).await {
            Answer::Done(response) => taken(&response.bytes().await?),
            Answer::Refused(problem) if is_a_broken_body(&problem) => Attempt::Broken,
            Answer::Refused(problem) => Attempt::Refused(problem),
            Answer::Conflict(after) => Attempt::UnderWay(after),
            Answer::Later(after) => Attempt::Later(after),
            Answer::Never(words) => Attempt::Never(words),
            Answer::Missing | Answer::Same => Attempt::Never(NOT_MEDBOT),
        })
    };
    let attempt = tokio::select! {
        answered = answered => answered.unwrap_or_else(|error| {
            if error.is_connect() { Attempt::Unreached } else { Attempt::Broken }
        }),
        () = sending.stalled() => Attempt::Broken,
    };
    match attempt {
        Attempt::Taken(_) | Attempt::Never(_) => {}
        _ => sending.take_back(),
    }
    match attempt {
        Attempt::Taken(_) | Attempt::Refused(_) | Attempt::Never(_) => attempt,
        _ if sending.changed.load(Ordering::Acquire) => Attempt::Changed,
        _ if sending.unreadable.load(Ordering::Acquire) => {
            Attempt::Unreadable(io::ErrorKind::Other)
        }
        attempt => attempt,
    }
}

/// The server calls a body that broke off a bad request; so does what stands before it.
fn is_a_broken_body(problem: &Problem) -> bool {
    problem.kind == "urn:medbot:problem:bad-request"
}

/// The file, unless it is not what the scan saw.
async fn open(file: &Found) -> io::Result<Option<File>> {
    let (path, state) = (file.path.clone(), file.state);
    let opened = tokio::task::spawn_blocking(move || {
        // A link or a pipe may have taken its place.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let opened = File::options()
            .read(true)
            .custom_flags(flags.bits().cast_signed())
            .open(path)?;
        let metadata = opened.metadata()?;
        Ok((metadata.is_file() && State::from(&metadata) == state).then_some(opened))
    });
    opened.await.map_err(io::Error::other)?
}

/// What is known of an upload while it goes on.
struct Sending {
    progress: Progress,
    bytes: AtomicU64,
    changed: AtomicBool,
    unreadable: AtomicBool,
}

impl Sending {
    /// Ends when nothing has moved for too long.
    async fn stalled(&self) {
        let mut before = None;
        loop {
            let now = self.bytes.load(Ordering::Relaxed);
            if before == Some(now) {
                return;
            }
            before = Some(now);
            tokio::time::sleep(STALLED).await;
        }
    }

    fn take_back(&self) {
        self.progress.take_back(self.bytes.load(Ordering::Relaxed));
    }
}

fn pieces(
    file: File,
    state: State,
    sending: Arc<Sending>,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let reader = tokio::fs::File::from_std(file);
    stream::try_unfold((reader, state.size), move |(mut reader, left)| {
        let sending = Arc::clone(&sending);
        async move {
            if left == 0 {
                return Ok(None);
            }
            let changed = || {
                sending.changed.store(true, Ordering::Release);
                io::Error::other("the file changes")
            };
            let mut piece = BytesMut::with_capacity(PIECE);
            let room = left.min(PIECE as u64) as usize;
            while piece.len() < room {
                let read = (&mut reader)
                    .take((room - piece.len()) as u64)
                    .read_buf(&mut piece)
                    .await
                    .inspect_err(|_| sending.unreadable.store(true, Ordering::Release))?;
                if read == 0 {
                    return Err(changed());
                }
            }
            let left = left - piece.len() as u64;
            if left == 0 {
                let now = reader.metadata().await?;
                if State::from(&now) != state {
                    return Err(changed());
                }
            }
            sending
                .bytes
                .fetch_add(piece.len() as u64, Ordering::Relaxed);
            sending.progress.sent(piece.len() as u64);
            Ok(Some((piece.freeze(), (reader, left))))
        }
    })
}

fn taken(body: &[u8]) -> Attempt {
    #[derive(Deserialize)]
    struct Body {
        jobs: Vec<Job>,
    }
    #[derive(Deserialize)]
    struct Job {
        #[serde(rename = "job_id")]
        id: Uuid,
        #[serde(rename = "document_id")]
        document: Uuid,
        duplicate: bool,
    }
    match serde_json::from_slice::<Body>(body) {
        Ok(Body { jobs }) if jobs.len() == 1 => Attempt::Taken(Taken {
            job: jobs[0].id,
            document: jobs[0].document,
            duplicate: jobs[0].duplicate,
        }),
        _ => Attempt::Never(NOT_MEDBOT),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        path::{Path, PathBuf},
        sync::{
            Arc,
            atomic::{AtomicBool, AtomicU64, Ordering},
        },
        time::{Duration, SystemTime},
    };

    use futures::StreamExt as _;
    use http::{HeaderMap, HeaderValue, header};
    use uuid::Uuid;

    use super::{PIECE, Progress, Sending, State, disposition, idempotency_key, pieces};
    use crate::{drop::folder::Found, http::file_name};

    #[test]
    fn the_server_reads_the_names_that_are_sent() {
        let long = format!("{}/scan.png", "d é/".repeat(248));
        assert!(long.chars().count() >= 1000);
        for name in [
            "plain.png",
            "with space.png",
            "übergrößé €.pdf",
            "100%.png",
            "100%41 + a+b&c=d.png",
            "it's \"quoted\"; filename=x.png",
            "back\\slash, comma;.png",
            "line\nbreak\t.png",
            "ward 3/bed 1/日本語.tif",
            "%2e%2e/x.png",
            &long,
        ] {
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_str(&disposition(Path::new(name))).unwrap();
            assert!(value.to_str().is_ok_and(str::is_ascii), "{name}");
            headers.insert(header::CONTENT_DISPOSITION, value);
            let expected = name.replace("//", "/");
            assert_eq!(file_name(&headers), Some(expected), "{name}");
        }
    }

    /// What arrives of a file of three pieces that is written to while it is sent.
    async fn sent_while(write: impl FnOnce(&mut std::fs::File)) -> (usize, bool, bool) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![7; 3 * PIECE]).unwrap();
        let state = State::from(&file.as_file().metadata().unwrap());
        let sending = Arc::new(Sending {
            progress: Progress::new(),
            bytes: AtomicU64::new(0),
            changed: AtomicBool::new(false),
            unreadable: AtomicBool::new(false),
        });
        let opened = file.reopen().unwrap();
        let mut stream = std::pin::pin!(pieces(opened, state, Arc::clone(&sending)));
        let mut arrived = stream.next().await.unwrap().unwrap().len();
        write(file.as_file_mut());
        let mut broke = false;
        while let Some(piece) = stream.next().await {
            match piece {
                Ok(piece) => arrived += piece.len(),
                Err(_) => broke = true,
            }
        }
        (arrived, broke, sending.changed.load(Ordering::Acquire))
    }

    #[tokio::test]
    async fn a_file_that_changes_on_its_way_never_arrives_whole() {
        let whole = 3 * PIECE;
        assert_eq!(sent_while(|_| {}).await, (whole, false, false));
        let (arrived, broke, changed) = sent_while(|f| f.write_all(b"more").unwrap()).await;
        assert!(arrived < whole && broke && changed, "it grew");
        let (arrived, broke, changed) = sent_while(|f| f.set_len(10).unwrap()).await;
        assert!(arrived < whole && broke && changed, "it shrank");
        let later = SystemTime::now() + Duration::from_secs(5);
        let (arrived, broke, changed) = sent_while(|f| f.set_modified(later).unwrap()).await;
        assert!(arrived < whole && broke && changed, "it was written over");
    }

    #[test]
    fn every_change_of_a_file_and_every_folder_has_a_key_of_its_own() {
        let file = Found {
            path: "/in/a b.png".into(),
            relative: PathBuf::from("a b.png"),
            name: "a b.png".into(),
            state: State {
                size: 1,
                mtime_ns: 2,
            },
        };
        let key = |file: &Found| idempotency_key(Uuid::nil(), file, 0);
        let first = key(&file);
        assert_eq!(first, key(&file.clone()));
        assert!(!first.contains("a b") && first.len() <= 255);
        let others = [
            key(&Found {
                name: "c".into(),
                ..file.clone()
            }),
            key(&Found {
                state: State {
                    size: 2,
                    ..file.state
                },
                ..file.clone()
            }),
            key(&Found {
                state: State {
                    mtime_ns: 3,
                    ..file.state
                },
                ..file.clone()
            }),
            idempotency_key(Uuid::max(), &file, 0),
            idempotency_key(Uuid::nil(), &file, 1),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(other, &first, "{index}");
        }
    }
}
