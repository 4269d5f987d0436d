//! Processes of the service, started as a user starts them, and a client.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};

/// One server at a time.
static TURN: Mutex<()> = Mutex::const_new(());

pub async fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().await
}

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(4);

pub fn document(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/documents");
    fs::read(folder.join(name)).unwrap()
}

/// A folder that other users may pass through, as PostgreSQL's must.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    folder
}

/// An address of this machine that nobody listens on.
pub fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A process of medbot; killed when dropped.
pub struct Medbot {
    child: Child,
    pub url: String,
    log: Arc<std::sync::Mutex<String>>,
}

impl Medbot {
    /// Starts it; a process that answers HTTP is waited for until it says where.
    pub fn start(arguments: &[&str], settings: &[(&str, &str)], answers: bool) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_medbot"));
        command
            .args(arguments)
            // What lies beside the service by default stays out of the checkout.
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .env("MEDBOT_LOG", "info")
            .envs(settings.iter().copied())
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .process_group(0);
        let mut child = command.spawn().expect("medbot starts");
        let (sender, receiver) = mpsc::channel();
        let log = Arc::new(std::sync::Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // Shown when the test fails.
                println!("{line}");
                *kept.lock().unwrap() += &format!("{line}\n");
                let _ = sender.send(line);
            }
        });
        let mut url = String::new();
        let start = Instant::now();
        while answers && url.is_empty() {
            let left = PATIENCE.saturating_sub(start.elapsed());
            let line = receiver.recv_timeout(left).expect("it answers HTTP");
            if let Some((_, address)) = line.split_once("address=") {
                let address = address.split_whitespace().next().unwrap();
                url = format!("http://{address}");
            }
        }
        Self { child, url, log }
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The value of a field in the first line that says a sentence, once it is said.
    pub async fn logged(&self, sentence: &str, field: &str) -> String {
        let start = Instant::now();
        loop {
            let log = self.log();
            let line = log.lines().find(|line| line.contains(sentence));
            // `field=value` as text, `"field":"value"` as JSON.
            let value = line
                .and_then(|line| line.split(&format!("{field}=")).nth(1))
                .or_else(|| line?.split(&format!("\"{field}\":\"")).nth(1));
            if let Some(value) = value {
                return value.split([' ', '"']).next().unwrap().to_owned();
            }
            assert!(start.elapsed() < PATIENCE, "it does not say `{sentence}`");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Everything in one process, on a free port.
    pub fn up(data: &Path, settings: &[(&str, &str)]) -> Self {
        let data = data.to_str().unwrap();
        Self::start(
            &["up", "--listen", "127.0.0.1:0", "--data", data],
            settings,
            true,
        )
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: &str) {
        let done = Command::new("kill")
            .args(["-s", signal, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(done.success(), "kill -s {signal}");
    }

    /// Waits for its end and gives its exit code; none after a signal.
    pub fn ended(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Medbot {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client with a key.
pub struct Caller {
    client: Client,
    pub url: String,
    key: Option<String>,
}

impl Caller {
    pub fn new(url: &str, key: Option<&Path>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            client: Client::builder().no_proxy().build().unwrap(),
            url: url.into(),
            key: key.map(|path| fs::read_to_string(path).unwrap().trim().into()),
        }
    }

    /// An administrator of what several processes share; they have no address yet.
    pub fn of(shared: &Shared) -> Self {
        Self::new("", Some(&shared.admin))
    }

    pub fn admin(server: &Medbot, data: &Path) -> Self {
        Self::new(&server.url, Some(&data.join("admin.key")))
    }

    pub fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.ask(Method::GET, path).send().await.unwrap()
    }

    pub async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Uploads a raw body.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Response {
        self.ask(Method::POST, "/v1/documents")
            .header(
                "content-disposition",
                format!("attachment; filename=\"{name}\""),
            )
            .body(bytes)
            .send()
            .await
            .unwrap()
    }

    /// Uploads a document that is taken; its job's and its own id.
    pub async fn take(&self, name: &str, bytes: Vec<u8>) -> (String, String) {
        let response = self.upload(name, bytes).await;
        let status = response.status();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        let job = &answer["jobs"][0];
        let id = |name: &str| job[name].as_str().unwrap().to_owned();
        (id("job_id"), id("document_id"))
    }

    /// Waits until a job has ended.
    pub async fn end_of(&self, job: &str) -> Value {
        let start = Instant::now();
        loop {
            let response = self.get(&format!("/v1/jobs/{job}")).await;
            if response.status() == StatusCode::OK {
                let job: Value = response.json().await.unwrap();
                if !matches!(job["state"].as_str(), Some("queued" | "running")) {
                    return job;
                }
            }
            assert!(start.elapsed() < PATIENCE, "job {job} does not end");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until a probe answers so.
    pub async fn until(&self, path: &str, status: StatusCode) {
        let start = Instant::now();
        loop {
            let answered = self.ask(Method::GET, path).send().await;
            if answered.is_ok_and(|response| response.status() == status) {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{path} does not answer {status}"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// An answer as a problem of this kind.
pub async fn problem(response: Response, status: u16, slug: &str) {
    assert_eq!(response.status().as_u16(), status, "{slug}");
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json",
        "{slug}"
    );
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["type"], format!("urn:medbot:problem:{slug}"));
    assert_eq!(problem["status"], status);
    for field in ["title", "detail"] {
        assert!(
            problem[field].as_str().is_some_and(|t| !t.is_empty()),
            "{field}"
        );
    }
}

/// A real server of the tests: started, signalled and stopped by its script.
pub struct Service {
    script: PathBuf,
    folder: PathBuf,
    pub variables: Vec<(String, String)>,
}

impl Service {
    pub fn start(name: &str, folder: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../infra/scripts/services")
            .join(name);
        let mut service = Self {
            script,
            folder: folder.join(name),
            variables: Vec::new(),
        };
        service.run("start");
        service
    }

    /// Starts it again on the same data and port.
    pub fn again(&mut self) {
        let revives = self.script.ends_with("seaweedfs");
        self.run(if revives { "revive" } else { "start" });
    }

    /// Kills it as a power cut does.
    pub fn kill(&self) {
        let pid = if let Ok(pid) = fs::read_to_string(self.folder.join("pid")) {
            pid.trim().to_owned()
        } else {
            let state = fs::read(self.folder.join("server.json")).unwrap();
            serde_json::from_slice::<Value>(&state).unwrap()["pid"].to_string()
        };
        assert!(
            Command::new("kill")
                .args(["-9", &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    fn run(&mut self, verb: &str) {
        let output = Command::new(&self.script)
            .arg(verb)
            .arg(&self.folder)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{} does not start",
            self.script.display()
        );
        self.variables = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
    }

    pub fn variable(&self, name: &str) -> &str {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map_or_else(|| panic!("no {name}"), |(_, value)| value)
    }

    pub fn stop(&self) {
        let _ = Command::new(&self.script)
            .arg("stop")
            .arg(&self.folder)
            .status();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What processes of the service share: a real database, a master key, an administrator's key, and
/// other settings.
pub struct Shared {
    pub database: Service,
    pub data: PathBuf,
    admin: PathBuf,
    settings: Vec<(String, String)>,
}

impl Shared {
    pub fn in_folder(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let database = Service::start("postgres", folder);
        let (data, admin) = (folder.join("data"), folder.join("admin.key"));
        fs::create_dir(&data).unwrap();
        let mut all = vec![
            (
                "DATABASE_URL",
                database.variable("MEDBOT_TEST_DATABASE_URL"),
            ),
            ("MEDBOT_DATA", data.to_str().unwrap()),
        ];
        all.extend(settings);
        let settings = all
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let master = data.join("master.key");
        let shared = Self {
            database,
            data,
            admin,
            settings,
        };
        let admin = shared.admin.to_str().unwrap();
        for arguments in [
            &["keys", "master", master.to_str().unwrap()][..],
            &["migrate"],
            &["keys", "add", "--role", "admin", admin],
        ] {
            let ended = Medbot::start(arguments, &shared.with(&[]), false).ended();
            assert_eq!(ended, Some(0), "{arguments:?}");
        }
        shared
    }

    /// The settings, with others after them.
    pub fn with<'a>(&'a self, others: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut all: Vec<_> = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        all.extend(others);
        all
    }

    /// An API, with these settings before the others.
    pub fn serve(&self, settings: &[(&str, &str)]) -> (Medbot, Caller) {
        self.serve_at("127.0.0.1:0", settings)
    }

    /// The same at an address that others must know before.
    pub fn serve_at(&self, listen: &str, settings: &[(&str, &str)]) -> (Medbot, Caller) {
        let arguments = ["serve", "--listen", listen];
        let server = Medbot::start(&arguments, &self.with(settings), true);
        let caller = Caller::new(&server.url, Some(&self.admin));
        (server, caller)
    }

    /// A worker, with these settings before the others.
    pub fn work(&self, settings: &[(&str, &str)]) -> Medbot {
        Medbot::start(&["work"], &self.with(settings), false)
    }
}
