//! API and workers are replaced one after the other behind nginx, with the configuration that is deployed, while
//! people upload, poll and read, also for the sake of a new master key: no request is lost, and every document comes
//! to its end.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use fixtures::{
    encode,
    fonts::{Fonts, Role},
    raster,
    sheet::{BLACK, Sheet, Type},
};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::{
    observing::metrics,
    server::{Caller, Medbot, PATIENCE, Shared, folder, free_address, turn},
};

/// Who asks at once.
const PEOPLE: u32 = 6;
/// Between two requests of one.
const PAUSE: Duration = Duration::from_millis(40);
/// Requests between two uploads of one.
const READS: u32 = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rolling_restart_loses_no_request() {
    let _turn = turn().await;
    let folder = folder();
    let mut service = Rolling::start(folder.path()).await;
    service.replace(&[]).await;
    service.ends_well().await;
}

/// The four steps of `infra/docs/operations.md`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_master_key_under_load_loses_no_request() {
    let _turn = turn().await;
    let folder = folder();
    let mut service = Rolling::start(folder.path()).await;
    let old = service.shared.data.join("master.key");
    let new = folder.path().join("new.key");
    let [old, new] = [&old, &new].map(|path| path.to_str().unwrap());
    service.runs(&["keys", "master", new], &[]);
    service
        .replace(&[("MEDBOT_OTHER_MASTER_KEY_FILE", new)])
        .await;
    let own = ("MEDBOT_MASTER_KEY_FILE", new);
    let turned = [own, ("MEDBOT_OTHER_MASTER_KEY_FILE", old)];
    service.replace(&turned).await;
    let wrapped: Value = serde_json::from_str(&service.runs(&["keys", "rewrap"], &turned)).unwrap();
    assert!(wrapped["document_keys"].as_u64() > Some(0), "{wrapped}");
    fs::remove_file(old).unwrap();
    service.replace(&[own]).await;

    let verified = service.runs(&["audit", "verify"], &[own]);
    assert!(verified.contains(": intact"), "{verified}");
    service.ends_well().await;
}

/// Two APIs behind nginx, a worker, and people who ask.
struct Rolling {
    shared: Shared,
    addresses: [String; 2],
    apis: [(Medbot, Caller); 2],
    worker: Medbot,
    traffic: Arc<Traffic>,
    people: Vec<JoinHandle<()>>,
    _nginx: Nginx,
}

impl Rolling {
    async fn start(folder: &Path) -> Self {
        let shared = Shared::in_folder(
            folder,
            &[
                ("MEDBOT_ENGINES", "tesseract"),
                ("MEDBOT_METRICS", "127.0.0.1:0"),
                ("MEDBOT_TRUSTED_PROXIES", "127.0.0.1"),
                ("MEDBOT_RATE_KEY", "0"),
                ("MEDBOT_RATE_ADDRESS", "0"),
                ("MEDBOT_RATE_TENANT", "0"),
            ],
        );
        let addresses = [free_address(), free_address()];
        let apis = addresses
            .clone()
            .map(|address| shared.serve_at(&address, &[]));
        let worker = shared.work(&[]);
        for (_, caller) in &apis {
            caller.until("/readyz", StatusCode::OK).await;
        }
        let nginx = Nginx::start(folder, &addresses);
        let traffic = Arc::new(Traffic::default());
        let people = (0..PEOPLE)
            .map(|number| {
                let mut caller = Caller::of(&shared);
                caller.url = nginx.url.clone();
                tokio::spawn(asks(caller, number, Arc::clone(&traffic)))
            })
            .collect();
        traffic.reaches(100).await;
        Self {
            shared,
            addresses,
            apis,
            worker,
            traffic,
            people,
            _nginx: nginx,
        }
    }

    /// Every process ends, and another with these settings takes its place, one after the other.
    async fn replace(&mut self, settings: &[(&str, &str)]) {
        for (number, address) in self.addresses.iter().enumerate() {
            self.apis[number].0.signal("TERM");
            assert_eq!(self.apis[number].0.ended(), Some(0), "it ends well");
            self.apis[number] = self.shared.serve_at(address, settings);
            self.apis[number].1.until("/readyz", StatusCode::OK).await;
            // Only when the proxy has found it again does the other one go.
            asked(&self.apis[number].0).await;
        }
        self.worker.signal("TERM");
        assert_eq!(self.worker.ended(), Some(0));
        self.worker = self.shared.work(settings);
        let so_far = self.traffic.answers();
        self.traffic.reaches(so_far + 100).await;
    }

    /// What a command says that does its work.
    fn runs(&self, arguments: &[&str], settings: &[(&str, &str)]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_medbot"))
            .args(arguments)
            .envs(self.shared.with(settings))
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// No request was lost, and every document was read and can be.
    async fn ends_well(self) {
        self.traffic.over.store(true, Ordering::SeqCst);
        for person in self.people {
            person.await.unwrap();
        }
        let answers = self.traffic.answers();
        assert_eq!(*self.traffic.lost.lock().unwrap(), [""; 0], "of {answers}");
        let jobs = self.traffic.jobs.lock().unwrap().clone();
        assert!(jobs.len() > PEOPLE as usize, "{} uploads", jobs.len());
        let caller = &self.apis[0].1;
        for (job, document) in &jobs {
            let state = caller.end_of(job).await["state"].to_string();
            assert!(
                matches!(&*state, "\"succeeded\"" | "\"needs_review\""),
                "{state}"
            );
            caller.json(&format!("/v1/documents/{document}")).await;
        }
        println!("{answers} answers, {} uploads", jobs.len());
    }
}

/// Waits until a process has answered somebody's question about a job.
async fn asked(process: &Medbot) {
    let start = Instant::now();
    while !metrics(process).await.contains("route=\"/v1/jobs/{id}\"") {
        assert!(
            start.elapsed() < PATIENCE,
            "the proxy does not find it again"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What was asked, and what became of it.
#[derive(Default)]
struct Traffic {
    over: AtomicBool,
    /// And their documents.
    jobs: Mutex<Vec<(String, String)>>,
    answered: Mutex<usize>,
    lost: Mutex<Vec<String>>,
}

impl Traffic {
    fn answers(&self) -> usize {
        *self.answered.lock().unwrap()
    }

    async fn reaches(&self, count: usize) {
        let start = Instant::now();
        while self.answers() < count {
            let lost = self.lost.lock().unwrap().clone();
            assert!(
                start.elapsed() < PATIENCE,
                "{} answers, {lost:?}",
                self.answers()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Counts an answer; one with another status than wanted, or none at all, is lost.
    fn count(
        &self,
        what: &str,
        answer: reqwest::Result<Response>,
        wanted: StatusCode,
    ) -> Option<Response> {
        *self.answered.lock().unwrap() += 1;
        let how = match answer {
            Ok(answer) if answer.status() == wanted => return Some(answer),
            Ok(answer) => answer.status().to_string(),
            Err(error) => error.without_url().to_string(),
        };
        self.lost.lock().unwrap().push(format!("{what}: {how}"));
        None
    }
}

/// One who uploads a page, polls it and queries entities, until it is over.
async fn asks(caller: Caller, number: u32, traffic: Arc<Traffic>) {
    let mut page = 0;
    while !traffic.over.load(Ordering::SeqCst) {
        let upload = caller
            .ask(Method::POST, "/v1/documents")
            .body(one_line(1000 * number + page));
        page += 1;
        let Some(taken) = traffic.count("upload", upload.send().await, StatusCode::ACCEPTED) else {
            continue;
        };
        let taken: Value = taken.json().await.unwrap();
        let id = |name: &str| taken["jobs"][0][name].as_str().unwrap().to_owned();
        let (job, document) = (id("job_id"), id("document_id"));
        for read in 0..READS {
            let path = match read % 3 {
                0 => "/v1/entities?limit=5".to_owned(),
                _ => format!("/v1/jobs/{job}"),
            };
            let asked = caller.ask(Method::GET, &path).send().await;
            if let Some(answer) = traffic.count("read", asked, StatusCode::OK) {
                answer.bytes().await.expect("it comes to its end");
            }
            tokio::time::sleep(PAUSE).await;
        }
        traffic.jobs.lock().unwrap().push((job, document));
    }
}

/// A page of one line, another for each number.
fn one_line(number: u32) -> Vec<u8> {
    let fonts = Fonts::load().unwrap();
    let style = Type {
        face: fonts.of(Role::Sans, true)[0].regular,
        size: 12.0,
        ink: BLACK,
        hand: false,
    };
    let mut sheet = Sheet::new(&fonts, [210.0, 30.0]);
    let text = format!("Sodium {} mmol/L  {number:05}", 130 + number % 20);
    sheet.put(20.0, &[(8.0, &text, style)]);
    encode::png(&raster::draw(&sheet, &fonts, 150.0).image, 150).unwrap()
}

/// nginx before two processes, as it is deployed but for names, paths and TLS.
struct Nginx {
    child: Child,
    url: String,
}

impl Nginx {
    fn start(folder: &Path, apis: &[String; 2]) -> Self {
        let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/deploy/nginx");
        let read = |name: &str| fs::read_to_string(deploy.join(name)).unwrap();
        let replaced = |mut text: String, words: &[(&str, String)]| {
            for (from, to) in words {
                assert!(
                    text.contains(from),
                    "nginx's configuration does not say `{from}`"
                );
                text = text.replace(from, to);
            }
            text
        };
        let (at, listen) = (folder.to_str().unwrap(), free_address());
        let server = "server api:8080 max_fails=3 fail_timeout=5s resolve;";
        let known = "server api:8080 max_fails=3 fail_timeout=5s;";
        let both = apis.clone().map(|api| known.replace("api:8080", &api));
        let site = replaced(
            read("medbot.conf"),
            &[
                (server, both.concat()),
                ("listen 80;", format!("listen unix:{at}/plain;")),
                ("listen [::]:80;", String::new()),
                ("listen 443 ssl http2;", format!("listen {listen};")),
                ("listen [::]:443 ssl http2;", String::new()),
            ],
        );
        let site: String = site
            .lines()
            .filter(|line| !line.trim_start().starts_with("ssl_"))
            .map(|line| format!("{line}\n"))
            .collect();
        let main = replaced(
            read("nginx.conf"),
            &[
                ("user nginx;", "user root;".into()),
                ("worker_rlimit_nofile 65536;", String::new()),
                ("/run/nginx.pid", format!("{at}/pid")),
                ("/dev/stdout", format!("{at}/access.log")),
                ("/etc/nginx/conf.d", format!("{at}/nginx")),
            ],
        );
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {at}/{what};\n"))
            .concat();
        fs::create_dir(folder.join("nginx")).unwrap();
        fs::write(folder.join("nginx/medbot.conf"), site).unwrap();
        fs::write(folder.join("nginx/temporary.conf"), temporary).unwrap();
        fs::write(folder.join("nginx.main"), main).unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let child = Command::new("nginx")
            .args([
                "-p",
                at,
                "-c",
                &format!("{at}/nginx.main"),
                "-g",
                "daemon off;",
            ])
            .env("PATH", format!("{path}:/usr/sbin"))
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx, of the package nginx-light");
        let nginx = Self {
            child,
            url: format!("http://{listen}"),
        };
        let start = Instant::now();
        while TcpStream::connect(&listen).is_err() {
            assert!(start.elapsed() < PATIENCE, "nginx does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it, which they would not if it were killed.
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let _ = self.child.wait();
    }
}
