//! A zip on its way: what lies on the disk meanwhile can be read by nobody and has no name, and no more are taken at
//! once than there is room for.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::sleep,
};

use crate::server::{Caller, PATIENCE, Shared, document, folder, problem, turn};

const CANARY: &[u8] = b"Priya Quuxley, born 1950-02-03. ";
/// As in the service.
const AT_ONCE: usize = 4;
/// Bytes that a spool holds at least when the test looks.
const SOME: u64 = 256 << 10;

/// Begins to send a zip and stops half way.
async fn half_a_zip(address: &str, key: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let text = CANARY.repeat(1 << 15);
    let head = format!(
        "POST /v1/batches HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/zip\r\nContent-Length: {}\r\n\r\nPK\u{3}\u{4}",
        2 * text.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&text).await.unwrap();
    stream
}

/// Files that a process has open and that have no name.
fn nameless(pid: u32) -> Vec<Vec<u8>> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let files = open.filter_map(|entry| {
        let path = entry.ok()?.path();
        let about = fs::metadata(&path).ok()?;
        let is_spool = about.is_file() && about.nlink() == 0 && about.size() >= SOME;
        is_spool.then(|| fs::read(path).ok())?
    });
    files.collect()
}

/// Waits for so many of them.
async fn spools(pid: u32, wanted: usize) -> Vec<Vec<u8>> {
    let start = Instant::now();
    loop {
        let found = nameless(pid);
        if found.len() == wanted {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{} spools", found.len());
        sleep(Duration::from_millis(50)).await;
    }
}

async fn whole_zip(caller: &Caller) -> reqwest::Response {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("a.png", options).unwrap();
    zip.write_all(&document("lab_columns.png")).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let asked = caller.ask(Method::POST, "/v1/batches").body(zip);
    asked.send().await.unwrap()
}

#[tokio::test]
async fn a_zip_on_the_disk_is_sealed_and_few_are_taken_at_once() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let scratch = folder.path().join("scratch");
    fs::create_dir(&scratch).unwrap();
    let (server, caller) = shared.serve(&[("TMPDIR", scratch.to_str().unwrap())]);
    let address = server.url.strip_prefix("http://").unwrap();
    let key = fs::read_to_string(folder.path().join("admin.key")).unwrap();

    let mut sending = vec![half_a_zip(address, key.trim()).await];
    for spool in spools(server.id(), 1).await {
        for word in [CANARY, &CANARY[..13], b"1950-02-03"] {
            let found = spool.windows(word.len()).any(|window| window == word);
            assert!(!found, "the disk holds it in the clear");
        }
    }
    while sending.len() < AT_ONCE {
        sending.push(half_a_zip(address, key.trim()).await);
    }
    spools(server.id(), AT_ONCE).await;
    let refused = whole_zip(&caller).await;
    assert!(refused.headers().contains_key("retry-after"));
    problem(refused, 503, "busy").await;
    // Whatever else is asked is answered meanwhile.
    caller.take("a.png", document("lab_columns.png")).await;

    drop(sending.pop());
    let start = Instant::now();
    loop {
        let answer = whole_zip(&caller).await;
        if answer.status() == StatusCode::ACCEPTED {
            break;
        }
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(start.elapsed() < PATIENCE, "no place comes free");
    }
    // A process that is killed leaves nothing.
    server.signal("KILL");
    drop(server);
    let left = fs::read_dir(&scratch).unwrap().count();
    assert_eq!(left, 0, "files are left in {}", scratch.display());
}

/// A zip that says nothing any more is answered, and its place is another's.
#[tokio::test]
async fn a_zip_that_falls_silent_loses_its_place() {
    let _turn = turn().await;
    let folder = folder();
    let shared = Shared::in_folder(folder.path(), &[]);
    let (server, caller) = shared.serve(&[("MEDBOT_UPLOAD_SILENCE_SECONDS", "2")]);
    let address = server.url.strip_prefix("http://").unwrap();
    let key = fs::read_to_string(folder.path().join("admin.key")).unwrap();
    let mut silent = Vec::new();
    for _ in 0..AT_ONCE {
        silent.push(half_a_zip(address, key.trim()).await);
    }
    for mut stream in silent {
        let mut answer = [0; 12];
        let answered = tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await;
        answered.expect("it is waited for").unwrap();
        assert_eq!(&answer, b"HTTP/1.1 400");
    }
    spools(server.id(), 0).await;
    assert_eq!(whole_zip(&caller).await.status(), StatusCode::ACCEPTED);
}
