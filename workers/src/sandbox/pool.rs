//! A pool of children of one kind, for several threads at once.
//!
//! One child is started at once, so that a wrong path is known early; the others when they are first
//! needed. A child that is slow, dead or dishonest is killed and replaced; a healthy one is replaced
//! after `recycle_after` calls or half its processor time, so that leaks and fragments end.

use std::marker::PhantomData;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::child::{Reply, Setup};
use super::frame::{self, Caps, FrameError};
use super::process::Process;
use super::{ChildLimits, Launch, Layers, Service};

/// How a pool starts and replaces its children.
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// The command of a child.
    pub launch: Launch,
    /// Most children at once, at least one.
    pub size: usize,
    /// Calls after which a child is replaced.
    pub recycle_after: u32,
    /// What a child may use.
    pub limits: ChildLimits,
    /// Largest answer in bytes.
    pub response_bytes: u64,
    /// How long a child may load.
    pub start: Duration,
}

impl PoolConfig {
    /// Sensible limits for `size` children.
    #[must_use]
    pub fn new(launch: Launch, size: usize) -> Self {
        Self {
            launch,
            size: size.max(1),
            recycle_after: 500,
            limits: ChildLimits::default(),
            response_bytes: 1 << 30,
            start: Duration::from_mins(1),
        }
    }
}

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The child's program could not be started.
    #[error("a sandboxed child cannot be started: {0}")]
    Start(String),
    /// The child lacks a library or a model.
    #[error("a sandboxed child cannot load: {0}")]
    NotLoaded(String),
    /// No answer before the deadline; the child was killed.
    #[error("the sandboxed child was stopped at its deadline")]
    Timeout,
    /// The child used up its processor time, or something killed it.
    #[error("the sandboxed child was killed, by its time limit or for want of memory")]
    OutOfTime,
    /// The child died by this signal; `SIGABRT` mostly means that memory ran out.
    #[error("the sandboxed child died (signal {0:?})")]
    Crashed(Option<i32>),
    /// The child panicked at this place of the source.
    #[error("the sandboxed child panicked at {0}")]
    Panicked(String),
    /// The child tried what the sandbox forbids, and the kernel killed it.
    #[error("the sandboxed child broke a rule of its sandbox and was killed")]
    Refused,
    /// The request or the answer is above the pool's limits.
    #[error("a message of {0} bytes is above the sandbox's limit")]
    TooLarge(u64),
    /// The child's answer makes no sense; the child was killed.
    #[error("the sandboxed child gave a broken answer")]
    Protocol,
}

impl CallError {
    /// The reason of a child's end, for counting.
    fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::NotLoaded(_) => "not_loaded",
            Self::Timeout => "timeout",
            Self::OutOfTime => "out_of_time",
            Self::Crashed(_) => "crashed",
            Self::Panicked(_) => "panicked",
            Self::Refused => "refused",
            Self::TooLarge(_) => "too_large",
            Self::Protocol => "protocol",
        }
    }
}

/// Names one child for as long as it lives; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildId(u64);

struct Member {
    id: ChildId,
    process: Process,
    calls: u32,
}

#[derive(Default)]
struct State {
    /// Least recently used first.
    idle: Vec<Member>,
    /// Children that live or are being started, the idle ones included.
    live: usize,
    next_id: u64,
}

/// Children that run the service `S`.
pub struct Pool<S: Service> {
    config: PoolConfig,
    service: S::Config,
    layers: Layers,
    state: Mutex<State>,
    freed: Condvar,
    kind: PhantomData<fn() -> S>,
}

impl<S: Service> Pool<S> {
    /// Starts the first child, and says once in the log when a layer of its sandbox is missing.
    ///
    /// # Errors
    /// [`CallError::Start`], or [`CallError::NotLoaded`] with what is missing.
    pub fn new(config: PoolConfig, service: S::Config) -> Result<Self, CallError> {
        let (process, layers) = start::<S>(&config, &service)?;
        for (layer, state) in layers.named() {
            if state.is_missing() {
                tracing::warn!(kind = S::KIND, layer, ?state, "a sandbox layer is missing");
            }
        }
        let first = Member {
            id: ChildId(0),
            process,
            calls: 0,
        };
        Ok(Self {
            config,
            service,
            layers,
            state: Mutex::new(State {
                idle: vec![first],
                live: 1,
                next_id: 1,
            }),
            freed: Condvar::new(),
            kind: PhantomData,
        })
    }

    /// Which layers confine the children.
    #[must_use]
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Asks any child; waits for a free one first, and `time` starts when it is found.
    ///
    /// # Errors
    /// See [`CallError`]; the pool is usable again after each of them.
    pub fn call(
        &self,
        request: &S::Request,
        blob: &[u8],
        time: Duration,
    ) -> Result<(S::Response, Vec<u8>), CallError> {
        let (_, response, blob) = self.call_on(None, request, blob, time)?;
        Ok((response, blob))
    }

    /// Like [`Pool::call`], on the child `prefer` if it is free, and says which child answered:
    /// for services that keep something for the next request.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn call_on(
        &self,
        prefer: Option<ChildId>,
        request: &S::Request,
        blob: &[u8],
        time: Duration,
    ) -> Result<(ChildId, S::Response, Vec<u8>), CallError> {
        if blob.len() as u64 > self.config.limits.request_bytes {
            return Err(CallError::TooLarge(blob.len() as u64));
        }
        let mut member = self.take(prefer)?;
        let caps = Caps {
            header: 1 << 26,
            blob: self.config.response_bytes,
        };
        let answer = exchange::<S>(&mut member.process, request, blob, caps, time);
        let (response, blob, cpu_seconds) = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let error = diagnose(error, member.process);
                infra::telemetry::sandbox_ended(S::KIND, error.name());
                self.release(None);
                return Err(error);
            }
        };
        member.calls += 1;
        let id = member.id;
        let worn = member.calls >= self.config.recycle_after
            || cpu_seconds >= self.config.limits.cpu_seconds / 2;
        self.release((!worn).then_some(member));
        Ok((id, response, blob))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, prefer: Option<ChildId>) -> Result<Member, CallError> {
        let mut state = self.state();
        let id = loop {
            let wanted = state.idle.iter().position(|m| Some(m.id) == prefer);
            if let Some(at) = wanted.or((!state.idle.is_empty()).then_some(0)) {
                return Ok(state.idle.remove(at));
            }
            if state.live < self.config.size {
                state.live += 1;
                state.next_id += 1;
                break ChildId(state.next_id);
            }
            state = self
                .freed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        match start::<S>(&self.config, &self.service) {
            Ok((process, _)) => Ok(Member {
                id,
                process,
                calls: 0,
            }),
            Err(error) => {
                self.release(None);
                Err(error)
            }
        }
    }

    fn release(&self, member: Option<Member>) {
        let mut state = self.state();
        match member {
            Some(member) => state.idle.push(member),
            None => state.live -= 1,
        }
        drop(state);
        self.freed.notify_one();
    }
}

fn start<S: Service>(
    config: &PoolConfig,
    service: &S::Config,
) -> Result<(Process, Layers), CallError> {
    let mut process = Process::start(&config.launch, S::KIND)
        .map_err(|error| CallError::Start(error.to_string()))?;
    let setup = Setup {
        limits: config.limits,
        config: service.clone(),
    };
    let caps = Caps {
        header: 1 << 16,
        blob: 0,
    };
    let ready = {
        let (mut input, mut output) = process.until(Instant::now() + config.start);
        frame::write(&mut input, &setup, &[])
            .map_err(FrameError::from)
            .and_then(|()| frame::read::<Reply<S::Response>>(&mut output, caps))
    };
    match ready {
        Ok((Reply::Ready(layers), _)) => Ok((process, layers)),
        Ok((Reply::NotLoaded(reason), _)) => Err(CallError::NotLoaded(reason)),
        Ok(_) => Err(CallError::Protocol),
        Err(error) => Err(match diagnose(Failure::Frame(error), process) {
            CallError::Timeout => CallError::Start("it took too long to load".into()),
            error => CallError::Start(error.to_string()),
        }),
    }
}

enum Failure {
    Frame(FrameError),
    Panicked(String),
    Confused,
}

fn exchange<S: Service>(
    process: &mut Process,
    request: &S::Request,
    blob: &[u8],
    caps: Caps,
    time: Duration,
) -> Result<(S::Response, Vec<u8>, u64), Failure> {
    let (mut input, mut output) = process.until(Instant::now() + time);
    // A child that died while it was idle, or dies while it reads, closes the pipe: its end is
    // diagnosed, not the pipe's.
    frame::write(&mut input, request, blob).map_err(|e| Failure::Frame(e.into()))?;
    match frame::read::<Reply<S::Response>>(&mut output, caps) {
        Ok((Reply::Done(response, cpu_seconds), blob)) => Ok((response, blob, cpu_seconds)),
        Ok((Reply::Panicked(place), _)) => Err(Failure::Panicked(place)),
        Ok(_) => Err(Failure::Confused),
        Err(error) => Err(Failure::Frame(error)),
    }
}

fn diagnose(failure: Failure, process: Process) -> CallError {
    match failure {
        Failure::Panicked(place) => CallError::Panicked(place),
        Failure::Confused | Failure::Frame(FrameError::Broken(_)) => CallError::Protocol,
        Failure::Frame(FrameError::TooLarge(bytes)) => CallError::TooLarge(bytes),
        Failure::Frame(FrameError::Io(e)) if e.kind() == std::io::ErrorKind::TimedOut => {
            CallError::Timeout
        }
        Failure::Frame(FrameError::Ended | FrameError::Io(_)) => process.end(),
    }
}
