//! Native code on untrusted bytes runs in killable child processes.
//!
//! A child is the same program, executed again with `sandbox-child KIND`. It loads what it needs
//! (a library, a model), then gives up the file system, the network and new processes, and only
//! then reads its first untrusted byte. The parent speaks to it over two pipes, checks every length
//! and kills it at the deadline. Limit: Linux only, and a kernel without Landlock leaves seccomp as
//! the one layer that refuses files; [`layers`] says which layers hold.

mod child;
mod frame;
mod lockdown;
mod pool;
mod probe;
mod process;
mod seccomp;
mod service;
mod spawner;

pub use child::{ChildLimits, child_main};
pub use lockdown::{Layer, Layers};
pub use pool::{CallError, ChildId, Pool, PoolConfig};
pub use probe::{Attempt, Outcome, Probe, ProbeReply};
pub use process::Launch;
pub use service::Service;

use std::time::Duration;

/// Starts one child, lets it try what it must not do, and says which layers hold.
///
/// # Errors
/// The child did not start, or died while trying.
pub fn layers(launch: &Launch) -> Result<(Layers, Vec<(Attempt, Outcome)>), CallError> {
    let pool: Pool<Probe> = Pool::new(PoolConfig::new(launch.clone(), 1), ())?;
    let mut tried = Vec::new();
    for attempt in Attempt::HARMLESS {
        let (ProbeReply(outcome), _) = pool.call(&attempt, &[], Duration::from_secs(10))?;
        tried.push((attempt, outcome));
    }
    Ok((pool.layers().clone(), tried))
}
