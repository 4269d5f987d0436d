//! Every file of the hostile corpus through the sandboxed decoder: each ends as it should, none kills its
//! child, none hangs, and no child takes more memory than it may.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fixtures::hostile::{Case, corpus};
use schemas::{Reject, RejectKind};
use workers::decode::{DecodeConfig, Decoder, Limits};
use workers::sandbox::Launch;

/// For opening and for each page, on a machine that does other things too.
const TIME: Duration = Duration::from_millis(2500);
/// Both children and the threads that feed them.
const CHILDREN: usize = 2;

/// `PDFium` where the set-up puts it.
fn pdfium() -> PathBuf {
    let cache = infra::models::Cache::locate().expect("MEDBOT_CACHE or HOME is set");
    cache
        .require(infra::models::Asset::Pdfium)
        .expect("infra/setup has run")
}

/// The processes that this one has started and that have not ended.
fn children() -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name is in brackets, and may hold anything.
        let (_, after) = stat.rsplit_once(") ")?;
        let parent: u32 = after.split(' ').nth(1)?.parse().ok()?;
        (parent == std::process::id()).then_some(id)
    });
    all.collect()
}

struct Ended {
    file: String,
    refused: Option<RejectKind>,
    right: bool,
    took: Duration,
}

/// Opens a document and reads its first pages, one in the middle and the last.
fn read(decoder: &Decoder, case: &Case) -> Result<(), Reject> {
    let mut file = decoder.open(case.bytes.clone(), Some(&case.file))?;
    let count = file.page_count();
    let mut pages = vec![0, 1, count / 2, count - 1];
    pages.sort_unstable();
    pages.dedup();
    for page in pages.into_iter().filter(|page| *page < count) {
        file.page(page)?;
    }
    Ok(())
}

/// The largest resident memory that any child of this process has had, in bytes.
#[expect(unsafe_code, reason = "getrusage has no safe wrapper here")]
fn largest_child() -> u64 {
    // SAFETY: the structure is plain numbers, for which zeros are values, and lives during the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    usage.ru_maxrss as u64 * 1024
}

#[test]
fn every_hostile_file_ends_as_it_should() {
    let cases = corpus().expect("the corpus is made");
    assert!(cases.len() >= 150, "{} files", cases.len());
    let limits = Limits {
        time: TIME,
        ..Limits::default()
    };
    let config = DecodeConfig {
        pdfium: Some(pdfium()),
        limits,
    };
    let launch = Launch::of(env!("CARGO_BIN_EXE_medbot-sandbox"));
    let decoder = Decoder::new(launch, config, CHILDREN).expect("the decoder starts");

    let expendable = children()
        .into_iter()
        .map(|child| fs::read_to_string(format!("/proc/{child}/oom_score_adj")).unwrap());
    let expendable: Vec<String> = expendable.collect();
    assert_eq!(expendable, ["1000\n"], "a child goes before its parent");

    let (next, ended) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..CHILDREN {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let start = Instant::now();
                    let refused = read(&decoder, case).err().map(|reject| reject.kind);
                    ended.lock().unwrap().push(Ended {
                        file: case.file.clone(),
                        refused,
                        right: case.outcome.allows(refused),
                        took: start.elapsed(),
                    });
                }
            });
        }
    });
    drop(decoder);
    let mut ended = ended.into_inner().unwrap();
    ended.sort_by_key(|e| std::cmp::Reverse(e.took));
    for slow in ended.iter().take(12) {
        println!(
            "{:>6} ms {:?} {}",
            slow.took.as_millis(),
            slow.refused,
            slow.file
        );
    }
    let memory = largest_child();
    println!(
        "{} files; the largest child had {} MB",
        ended.len(),
        memory >> 20
    );

    let wrong: Vec<String> = ended
        .iter()
        .filter(|e| !e.right)
        .map(|e| format!("{}: {:?}", e.file, e.refused))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} end otherwise:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // One answer for opening and one for each of at most four pages, each killed at its deadline.
    let patience = 5 * TIME + Duration::from_secs(5);
    let hangs = ended.iter().filter(|e| e.took > patience);
    let hangs: Vec<_> = hangs.map(|e| &e.file).collect();
    assert!(hangs.is_empty(), "these hang: {hangs:?}");
    assert!(
        memory <= limits.memory_bytes,
        "a child had {} MB",
        memory >> 20
    );
}
