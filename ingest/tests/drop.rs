//! `medbot drop` against a real service: killed, cut off, refused, watching. Documents are uploaded and
//! not read. Needs the private PostgreSQL and the model files; `infra/test` sets them up.
#![expect(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sqlx::Connection as _;
use tempfile::TempDir;

/// Until something happens that must.
const DEADLINE: Duration = Duration::from_mins(1);

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < DEADLINE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A service on a free port, with a folder of its own.
struct Service {
    folder: TempDir,
    address: SocketAddr,
    child: Child,
}

impl Service {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // PostgreSQL runs as another user when this runs as root.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let child = Self::spawn(folder.path(), address);
        let service = Self {
            folder,
            address,
            child,
        };
        service.wait();
        service
    }

    fn spawn(folder: &Path, address: SocketAddr) -> Child {
        Command::new(env!("CARGO_BIN_EXE_medbot"))
            .args([
                "up",
                "--slots",
                "1",
                "--listen",
                &address.to_string(),
                "--data",
            ])
            .arg(folder)
            .env("MEDBOT_LOG", "warn")
            .env("MEDBOT_ENGINES", "tesseract")
            .env_remove("DATABASE_URL")
            .env_remove("QUEUE_URL")
            .env_remove("STORE_URL")
            .stderr(File::create(folder.join("log")).unwrap())
            .spawn()
            .expect("medbot starts")
    }

    fn wait(&self) {
        until("the service", || {
            let (status, _) = self.ask("GET", "/readyz", "")?;
            (status == 200).then_some(())
        });
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.child = Self::spawn(self.folder.path(), self.address);
    }

    fn key_file(&self) -> PathBuf {
        self.folder.path().join("admin.key")
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, Value)> {
        let key = fs::read_to_string(self.key_file()).unwrap_or_default();
        let mut stream = TcpStream::connect(self.address).ok()?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: medbot\r\nAuthorization: Bearer {}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            key.trim(),
            body.len()
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let status = answer.get(9..12)?.parse().ok()?;
        let body = answer.split_once("\r\n\r\n")?.1;
        Some((status, serde_json::from_str(body).unwrap_or_default()))
    }

    fn drop(&self, ledger: &Path, folder: &Path) -> Command {
        self.drop_by(self.address, ledger, folder)
    }

    /// By way of another address.
    fn drop_by(&self, address: SocketAddr, ledger: &Path, folder: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_medbot"));
        command
            .arg("drop")
            .arg(folder)
            .args(["--server", &format!("http://{address}"), "--ledger"])
            .arg(ledger)
            .env("MEDBOT_API_KEY_FILE", self.key_file())
            .env("MEDBOT_LOG", "info")
            .env_remove("MEDBOT_ALLOW_PLAINTEXT")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // PostgreSQL ends with a service that is asked to.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

/// A small picture with nothing on it, different for each number.
fn picture(number: u32) -> Vec<u8> {
    let colour = image::Rgb([(number % 8) as u8 + 240, (number / 8 % 8) as u8 + 240, 250]);
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(24 + number / 64, 16, colour)
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

/// A folder with so many of them, the first of them number `first`, in folders of their own.
fn pictures(first: u32, count: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for number in first..first + count {
        let ward = folder.path().join(format!("ward {} é%", number % 3));
        fs::create_dir_all(&ward).unwrap();
        fs::write(ward.join(format!("scan \"{number}\".png")), picture(number)).unwrap();
    }
    folder
}

/// The lines of a ledger but for its first and one that is being written.
fn lines(ledger: &Path) -> Vec<Value> {
    let text = fs::read_to_string(ledger).unwrap_or_default();
    text.split_inclusive('\n')
        .skip(1)
        .filter(|line| line.ends_with('\n'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What stands in the summary for a name.
fn count(summary: &str, name: &str) -> u64 {
    let field = summary
        .split_whitespace()
        .find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    field
        .unwrap_or_else(|| panic!("{name} in {summary}"))
        .parse()
        .unwrap()
}

fn text(output: &[u8]) -> String {
    String::from_utf8(output.to_vec()).unwrap()
}

fn ended(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
    for part in ["scan", "ward", "mbk_"] {
        assert!(
            !text(&output.stderr).contains(part),
            "{}",
            text(&output.stderr)
        );
    }
    text(&output.stdout)
}

impl Service {
    /// Documents that it has, as its own database says. An upload that was cut off may leave an
    /// object in the store that is none.
    fn documents(&self) -> i64 {
        let running = self.folder.path().join("postgres/cluster/postmaster.pid");
        let running = fs::read_to_string(running).unwrap();
        let socket = running.lines().nth(4).unwrap();
        let url = format!("postgres://medbot@localhost/medbot?host={socket}");
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(async {
                let mut session = sqlx::PgConnection::connect(&url).await.unwrap();
                sqlx::query_scalar("SELECT count(*) FROM documents")
                    .fetch_one(&mut session)
                    .await
                    .unwrap()
            })
    }

    /// Every job of a ledger is one that the service knows, and no two files share one.
    fn knows(&self, ledger: &Path) {
        let mut jobs: Vec<String> = lines(ledger)
            .iter()
            .filter_map(|line| Some(line["taken"]["job"].as_str()?.to_owned()))
            .collect();
        let taken = jobs.len();
        jobs.sort();
        jobs.dedup();
        assert_eq!(jobs.len(), taken);
        for job in jobs {
            let (status, _) = self.ask("GET", &format!("/v1/jobs/{job}"), "").unwrap();
            assert_eq!(status, 200);
        }
    }
}

/// A dropper that does not outlive a test that fails.
struct Running(Option<Child>);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(Some(command.spawn().unwrap()))
    }

    fn kill(mut self) {
        let mut child = self.0.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn tell(&self, signal: Signal) {
        kill_process(Pid::from_child(self.0.as_ref().unwrap()), signal).unwrap();
    }

    fn output(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn whoever_dies_nothing_is_lost_and_nothing_is_sent_twice() {
    let mut service = Service::start();
    let ledgers = tempfile::tempdir().unwrap();

    // The dropper is killed about half-way.
    let (folder, ledger) = (pictures(0, 40), ledgers.path().join("a.jsonl"));
    let first = Running::start(service.drop(&ledger, folder.path()).arg("--jobs=2"));
    until("the first uploads", || {
        (lines(&ledger).len() >= 12).then_some(())
    });
    first.kill();
    let before = lines(&ledger).len() as u64;
    assert!(before < 40, "it was killed too late");
    let summary = ended(&service.drop(&ledger, folder.path()).output().unwrap(), 0);
    assert_eq!(count(&summary, "already"), before, "{summary}");
    let rest = count(&summary, "taken") + count(&summary, "duplicates");
    assert_eq!(rest, 40 - before, "{summary}");
    assert_eq!(lines(&ledger).len(), 40);
    assert_eq!(service.documents(), 40);
    service.knows(&ledger);

    // A third time sends nothing; a changed file is sent again.
    let changed = folder.path().join("ward 0 é%/scan \"0\".png");
    fs::write(&changed, picture(90)).unwrap();
    let summary = ended(&service.drop(&ledger, folder.path()).output().unwrap(), 0);
    assert_eq!(summary, "taken=1 already=39 duplicates=0 rejected=0\n");
    assert_eq!(service.documents(), 41);

    // The service is killed in the middle, and is there again later.
    let (folder, ledger) = (pictures(100, 40), ledgers.path().join("b.jsonl"));
    let dropper = Running::start(service.drop(&ledger, folder.path()).arg("--jobs=2"));
    until("the first uploads", || {
        (lines(&ledger).len() >= 10).then_some(())
    });
    service.kill();
    let before = lines(&ledger).len();
    assert!(before < 40, "it was killed too late");
    service.start_again();
    let summary = ended(&dropper.output(), 0);
    assert_eq!(
        count(&summary, "taken") + count(&summary, "duplicates"),
        40,
        "{summary}"
    );
    assert_eq!(service.documents(), 81);
    service.knows(&ledger);

    // Without patience there is an end, and it says so.
    service.kill();
    let ledger = ledgers.path().join("c.jsonl");
    let output = service
        .drop(&ledger, folder.path())
        .arg("--patience=1s")
        .output()
        .unwrap();
    assert_eq!(ended(&output, 1), "");
    assert!(text(&output.stderr).contains("did not answer for 1 seconds"));
}

#[test]
fn files_that_are_refused_do_not_stop_the_others_and_a_refused_key_stops_all() {
    let service = Service::start();
    let ledgers = tempfile::tempdir().unwrap();
    let ledger = ledgers.path().join("a.jsonl");
    let folder = pictures(0, 6);
    let at = |name: &str| folder.path().join(name);
    fs::write(at("scan.docx"), "no picture").unwrap();
    fs::write(at("scan empty.png"), "").unwrap();
    fs::write(at("ward 0 é%/scan copy.png"), picture(3)).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", at("link.png")).unwrap();
    fs::write(at(".scan.png"), picture(7)).unwrap();

    let wrong = ledgers.path().join("wrong");
    fs::write(&wrong, "mbk_wrong\n").unwrap();
    let output = service
        .drop(&ledger, folder.path())
        .arg("--key-file")
        .arg(&wrong)
        .output()
        .unwrap();
    assert_eq!(ended(&output, 1), "");
    assert_eq!(
        text(&output.stderr),
        "medbot: the server does not know the key\n"
    );
    assert!(lines(&ledger).is_empty());

    let summary = ended(&service.drop(&ledger, folder.path()).output().unwrap(), 3);
    assert_eq!(summary, "taken=6 already=0 duplicates=1 rejected=2\n");
    let reasons: Vec<_> = lines(&ledger)
        .iter()
        .filter_map(|line| Some(line["rejected"]["type"].as_str()?.to_owned()))
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.contains(&"urn:medbot:problem:unsupported-format".to_owned()));
    assert_eq!(service.documents(), 6);

    // Known as refused, and sent again only when that is asked for.
    let size = fs::metadata(&ledger).unwrap().len();
    let summary = ended(&service.drop(&ledger, folder.path()).output().unwrap(), 3);
    assert_eq!(summary, "taken=0 already=7 duplicates=0 rejected=2\n");
    assert_eq!(fs::metadata(&ledger).unwrap().len(), size);
    ended(
        &service
            .drop(&ledger, folder.path())
            .arg("--retry-rejected")
            .output()
            .unwrap(),
        3,
    );
    assert!(fs::metadata(&ledger).unwrap().len() > size);

    // A connection that breaks in the middle of a body: the file is sent once more.
    let mut large = picture(50);
    large.resize(3 << 20, 7);
    let broken = tempfile::tempdir().unwrap();
    fs::write(broken.path().join("scan.png"), &large).unwrap();
    let between = cut_once(service.address, 1 << 20);
    let output = service
        .drop_by(between, &ledgers.path().join("b.jsonl"), broken.path())
        .output()
        .unwrap();
    assert_eq!(
        ended(&output, 0),
        "taken=1 already=0 duplicates=0 rejected=0\n"
    );
    assert_eq!(service.documents(), 7);

    // Results of documents that were read.
    let out = tempfile::tempdir().unwrap();
    fs::remove_file(at("scan.docx")).unwrap();
    fs::remove_file(at("scan empty.png")).unwrap();
    let output = service
        .drop(&ledger, folder.path())
        .args(["--wait", "--out"])
        .arg(out.path())
        .output()
        .unwrap();
    let summary = ended(&output, 0);
    let read = count(&summary, "succeeded") + count(&summary, "needs_review");
    assert_eq!((read, count(&summary, "failed")), (7, 0), "{summary}");
    let result = out.path().join("ward 1 é%/scan \"1\".png.json");
    let result: Value = serde_json::from_slice(&fs::read(result).unwrap()).unwrap();
    assert_eq!(result["document"]["file"], "ward 1 é%/scan \"1\".png");
}

/// Passes bytes on to a server, and cuts the first connection after so many.
fn cut_once(server: SocketAddr, after: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for (index, client) in listener.incoming().enumerate() {
            let (client, server) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let (mut back_from, mut back_to) =
                (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut back_from, &mut back_to));
            let most = if index == 0 { after as u64 } else { u64::MAX };
            let _ = std::io::copy(&mut client.try_clone().unwrap().take(most), &mut &server);
            let _ = client.shutdown(std::net::Shutdown::Both);
            let _ = server.shutdown(std::net::Shutdown::Both);
        }
    });
    address
}

#[test]
fn a_watched_folder_gives_up_a_file_when_it_is_whole() {
    let service = Service::start();
    let (ledgers, moved) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ledger = ledgers.path().join("a.jsonl");
    let folder = pictures(0, 3);
    let dropper = Running::start(
        service
            .drop(&ledger, folder.path())
            .args(["--watch", "--every=100ms", "--move-to"])
            .arg(moved.path()),
    );
    until("the first files", || {
        (lines(&ledger).len() == 3).then_some(())
    });

    // It grows while others come and are taken.
    let path = folder.path().join("scan growing.png");
    let mut growing = File::create(&path).unwrap();
    growing.write_all(&picture(10)).unwrap();
    for (number, taken) in [(11, 4), (12, 5), (13, 6)] {
        fs::write(
            folder.path().join(format!("scan {number}.png")),
            picture(number),
        )
        .unwrap();
        until("another file", || {
            growing.write_all(b"more").unwrap();
            (lines(&ledger).len() >= taken).then_some(())
        });
    }
    let whole = growing.metadata().unwrap().len();
    drop(growing);
    until("the whole file", || {
        (lines(&ledger).len() >= 7).then_some(())
    });
    let of_it: Vec<_> = lines(&ledger)
        .into_iter()
        .filter(|line| line["file"] == "scan growing.png")
        .collect();
    assert_eq!(of_it.len(), 1);
    assert_eq!(of_it[0]["size"], whole);

    // Moved when it was taken, the next of its name as well, and neither over the other.
    until("the move", || (!path.exists()).then_some(()));
    fs::write(&path, picture(14)).unwrap();
    until("the next one", || {
        moved
            .path()
            .join("scan growing (2).png")
            .exists()
            .then_some(())
    });
    assert_eq!(
        fs::metadata(moved.path().join("scan growing.png"))
            .unwrap()
            .len(),
        whole
    );
    assert!(moved.path().join("ward 1 é%/scan \"1\".png").exists());
    assert_eq!(service.documents(), 8);

    dropper.tell(Signal::TERM);
    let summary = ended(&dropper.output(), 0);
    assert_eq!(summary, "taken=8 already=0 duplicates=0 rejected=0\n");
}
