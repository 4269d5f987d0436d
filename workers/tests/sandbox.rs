//! The sandbox holds: what a child must not do is refused by the kernel, and a child that is slow,
//! dead, greedy or dishonest costs one call and nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use workers::sandbox::{
    Attempt, CallError, Launch, Outcome, Pool, PoolConfig, Probe, ProbeReply, layers,
};

const LONG: Duration = Duration::from_secs(30);

fn launch() -> Launch {
    Launch::of(env!("CARGO_BIN_EXE_medbot-sandbox"))
}

fn pool(size: usize, change: impl FnOnce(&mut PoolConfig)) -> Pool<Probe> {
    let mut config = PoolConfig::new(launch(), size);
    change(&mut config);
    Pool::new(config, ()).expect("the probe starts")
}

fn echo(pool: &Pool<Probe>, bytes: &[u8]) -> Result<Vec<u8>, CallError> {
    pool.call(&Attempt::Echo, bytes, LONG).map(|(_, blob)| blob)
}

#[test]
fn the_kernel_refuses_what_a_decoder_never_needs() {
    let (layers, tried) = layers(&launch()).unwrap();
    for (layer, state) in layers.named() {
        println!("{layer}: {state:?}");
    }
    for (attempt, outcome) in tried {
        let refused = matches!(outcome, Outcome::Denied(Some(libc::EPERM | libc::EACCES)));
        let wanted = if attempt == Attempt::Thread {
            outcome == Outcome::Allowed
        } else {
            refused
        };
        assert!(wanted, "{attempt:?}: {outcome:?}");
    }
    assert!(!layers.seccomp.is_missing(), "{:?}", layers.seccomp);
    assert!(!layers.rlimits.is_missing(), "{:?}", layers.rlimits);
}

#[test]
fn bad_ends_are_told_apart_and_the_pool_lives_on() {
    let pool = pool(1, |c| {
        c.limits.memory_bytes = 512 << 20;
        c.limits.request_bytes = 1 << 20;
    });
    for (attempt, time, wanted) in [
        (Attempt::Execute, LONG, "Refused"),
        (Attempt::Spin, Duration::from_millis(200), "Timeout"),
        (Attempt::Panic, LONG, "Panicked"),
    ] {
        let error = pool.call(&attempt, &[], time).unwrap_err();
        assert!(
            format!("{error:?}").starts_with(wanted),
            "{attempt:?}: {error:?}"
        );
        assert_eq!(
            echo(&pool, b"still here").unwrap(),
            b"still here",
            "after {attempt:?}"
        );
    }
    let too_much = echo(&pool, &vec![0; (1 << 20) + 1]).unwrap_err();
    assert_eq!(too_much, CallError::TooLarge((1 << 20) + 1));
}

#[test]
fn memory_is_limited() {
    let pool = pool(1, |c| c.limits.memory_bytes = 512 << 20);
    for (megabytes, wanted) in [(100, Outcome::Allowed), (600, Outcome::Denied(None))] {
        let (ProbeReply(got), _) = pool.call(&Attempt::Allocate(megabytes), &[], LONG).unwrap();
        assert_eq!(got, wanted, "{megabytes} MB");
    }
}

#[test]
fn processor_time_is_limited_by_the_kernel_too() {
    let pool = pool(1, |c| c.limits.cpu_seconds = 1);
    let error = pool.call(&Attempt::Spin, &[], LONG).unwrap_err();
    assert_eq!(error, CallError::OutOfTime);
}

#[test]
fn a_deadline_is_kept_to_the_moment() {
    let pool = pool(1, |_| {});
    let start = Instant::now();
    let error = pool
        .call(&Attempt::Spin, &[], Duration::from_millis(300))
        .unwrap_err();
    assert_eq!(error, CallError::Timeout);
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn threads_share_a_pool() {
    let pool = pool(2, |c| c.recycle_after = 3);
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..6_u8 {
            let (pool, answered) = (&pool, &answered);
            scope.spawn(move || {
                for n in 0..10_u8 {
                    let bytes = vec![thread ^ n; 300_000];
                    assert_eq!(echo(pool, &bytes).unwrap(), bytes);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(answered.into_inner(), 60);
}

#[test]
fn children_outlive_the_thread_that_first_asked() {
    let pool = std::thread::spawn(|| pool(1, |_| {})).join().unwrap();
    let first = pool.call_on(None, &Attempt::Echo, b"a", LONG).unwrap().0;
    let second = pool
        .call_on(Some(first), &Attempt::Echo, b"b", LONG)
        .unwrap()
        .0;
    assert_eq!(first, second, "the same child answered twice");
}

#[test]
fn what_cannot_start_says_so() {
    for (name, exe) in [
        ("no such program", "/nonexistent/medbot"),
        ("a program that is no child", "/bin/true"),
        ("a program that talks nonsense", "/bin/echo"),
    ] {
        let started = Pool::<Probe>::new(PoolConfig::new(Launch::of(exe), 1), ());
        assert!(started.is_err(), "{name}");
    }
}
