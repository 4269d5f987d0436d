//! Real servers in folders of their own, as root or as an ordinary user, from the cache that
//! `medbot setup` filled. A medbot that is killed is this test binary again, with `inside` as its test.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use rustix::process::{Pid, test_kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Row};

use super::*;
use crate::models::{Asset, Cache};

const DATA_VARIABLE: &str = "MEDBOT_TEST_POSTGRES_DATA";

fn tree() -> PathBuf {
    let cache = Cache::locate().unwrap();
    cache.require(Asset::Postgres).unwrap()
}

/// A folder that the server's user gets to.
fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
    folder
}

fn start(data: &Path) -> PrivatePostgres {
    PrivatePostgres::start(&tree(), data).unwrap_or_else(|error| panic!("{error}"))
}

/// What the last of some statements gives as text; each is a transaction of its own.
fn ask(url: &str, statements: &[&'static str]) -> Result<String, sqlx::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut session = PgConnectOptions::from_str(url)?.connect().await?;
        let mut answer = String::new();
        for statement in statements {
            let rows = sqlx::query(*statement).fetch_all(&mut session).await?;
            answer = rows.first().map_or(Ok(String::new()), |r| r.try_get(0))?;
        }
        session.close().await?;
        Ok(answer)
    })
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn runs(pid: u32) -> bool {
    Pid::from_raw(pid.cast_signed()).is_some_and(|pid| test_kill_process(pid).is_ok())
}

#[test]
fn a_new_folder_gets_a_database_that_a_second_start_finds_again() {
    let folder = open_folder();
    let data = folder.path().join("a/new/postgres");
    let server = start(&data);
    for (setting, expected) in [
        ("SHOW listen_addresses", ""),
        ("SHOW server_encoding", "UTF8"),
        ("SHOW data_checksums", "on"),
        ("SHOW fsync", "on"),
        ("SHOW unix_socket_permissions", "0700"),
        ("SELECT current_user::text", "medbot"),
        (
            "SELECT datlocale FROM pg_database WHERE datname = current_database()",
            "C.UTF-8",
        ),
    ] {
        assert_eq!(
            ask(&server.url(), &[setting]).unwrap(),
            expected,
            "{setting}"
        );
    }
    let near = ask(
        &server.url(),
        &[
            "CREATE EXTENSION vector",
            "CREATE TABLE passages (id int, place vector(2))",
            "INSERT INTO passages VALUES (1, '[0,1]'), (2, '[1,0]')",
            "SELECT id::text FROM passages ORDER BY place <-> '[1,0.1]' LIMIT 1",
        ],
    );
    assert_eq!(near.unwrap(), "2");
    let (pid, socket) = (server.pid(), server.socket.clone());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&socket), 0o700);
    assert_eq!(mode(&data.join("cluster")), 0o700);
    server.stop().unwrap();
    assert!(!runs(pid) && !socket.exists());

    let server = start(&data);
    let count = ask(&server.url(), &["SELECT count(*)::text FROM passages"]);
    assert_eq!(count.unwrap(), "2");
}

#[test]
fn a_second_medbot_is_told_that_the_folder_is_in_use() {
    let folder = open_folder();
    let server = start(folder.path());
    let error = PrivatePostgres::start(&tree(), folder.path()).unwrap_err();
    assert!(matches!(error, PrivateError::InUse { .. }), "{error}");
    assert_eq!(ask(&server.url(), &["SELECT 'alive'"]).unwrap(), "alive");
    drop(server);
    start(folder.path());
}

#[test]
#[ignore = "another test runs it, in a process of its own that it kills"]
fn inside() {
    let data = std::env::var_os(DATA_VARIABLE).unwrap();
    let server = start(Path::new(&data));
    ask(
        &server.url(),
        &["CREATE TABLE jobs (id int)", "INSERT INTO jobs VALUES (7)"],
    )
    .unwrap();
    println!("PID {}", server.pid());
    loop {
        std::thread::park();
    }
}

#[test]
fn a_killed_medbot_takes_its_server_along_and_the_next_one_finds_what_was_committed() {
    let folder = open_folder();
    let mut medbot = Command::new(std::env::current_exe().unwrap())
        .args([
            "db::private::tests::inside",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(DATA_VARIABLE, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(medbot.stdout.take().unwrap()).lines();
    let pid = lines
        .map_while(Result::ok)
        .find_map(|l| Some(l.split_once("PID ")?.1.parse::<u32>().unwrap()))
        .expect("the server of the other process starts");
    assert!(runs(pid));
    medbot.kill().unwrap();
    medbot.wait().unwrap();

    let begun = Instant::now();
    let server = start(folder.path());
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    let found = ask(&server.url(), &["SELECT id::text FROM jobs"]);
    assert_eq!(found.unwrap(), "7");
    wait_until("the old server is gone", || !runs(pid));
    let log = fs::read_to_string(folder.path().join("server.log")).unwrap();
    assert!(log.contains("received fast shutdown request"), "{log}");
}

#[test]
fn whatever_was_left_in_the_folder_is_cleared_away() {
    let folder = open_folder();
    let cluster = folder.path().canonicalize().unwrap().join("cluster");
    let broken_off = folder.path().join("cluster.new/base");
    fs::create_dir_all(&broken_off).unwrap();
    let first = start(folder.path());
    assert!(!broken_off.exists());

    // A server that nobody stops any more, as if its medbot had been killed.
    left_over::stop(&cluster).unwrap();
    wait_until("it has stopped", || !runs(first.pid()));
    drop(first);

    // Its number is some other process's today: this one's.
    let stale = format!(
        "{}\n{}\n0\n5432\n\n\n\n",
        std::process::id(),
        cluster.display()
    );
    fs::write(cluster.join("postmaster.pid"), stale).unwrap();
    let server = start(folder.path());
    assert_eq!(ask(&server.url(), &["SELECT 'alive'"]).unwrap(), "alive");
}

#[test]
fn another_major_version_is_refused_with_the_way_to_upgrade() {
    let folder = open_folder();
    fs::create_dir(folder.path().join("cluster")).unwrap();
    fs::write(folder.path().join("cluster/PG_VERSION"), "17\n").unwrap();
    let error = PrivatePostgres::start(&tree(), folder.path()).unwrap_err();
    let said = error.to_string();
    assert!(
        said.contains("is of PostgreSQL 17 and this medbot brings PostgreSQL 18"),
        "{said}"
    );
    assert!(said.contains("pg_dumpall of PostgreSQL 17"), "{said}");
}

#[test]
fn a_folder_that_the_server_s_user_cannot_reach_is_named_with_a_better_one() {
    if !account::is_root() {
        assert_eq!(default_data_folder(), Path::new(".medbot"));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    let error = PrivatePostgres::start(&tree(), &folder.path().join("data")).unwrap_err();
    let said = error.to_string();
    let closed = folder.path().canonicalize().unwrap();
    assert!(
        said.starts_with(&format!("{} is closed", closed.display())),
        "{said}"
    );
    assert!(said.contains("/var/lib/medbot"), "{said}");
    assert_eq!(default_data_folder(), Path::new("/var/lib/medbot"));
}

#[test]
fn no_value_of_a_statement_gets_into_the_log() {
    let folder = open_folder();
    let server = start(folder.path());
    for statements in [
        &["SELECT 'Erika Mustermann'::int"][..],
        &[
            "CREATE TABLE p (n text UNIQUE)",
            "INSERT INTO p VALUES ('Mustermann'), ('Mustermann')",
        ],
        &["SELECT * FROM mustermann"],
        &["DO $$ BEGIN RAISE WARNING 'Mustermann'; RAISE EXCEPTION 'Mustermann'; END $$"],
    ] {
        ask(&server.url(), statements).expect_err("the statement fails");
    }
    server.stop().unwrap();
    let path = folder.path().join("server.log");
    let log = fs::read_to_string(&path).unwrap();
    assert!(log.contains("database system is ready"), "{log}");
    assert!(!log.to_lowercase().contains("mustermann"), "{log}");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
