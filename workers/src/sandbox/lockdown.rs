//! What a child gives up before its first untrusted byte, and whether the kernel took it.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus,
    Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use serde::{Deserialize, Serialize};

use super::{ChildLimits, seccomp};

/// Does one layer hold?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The kernel enforces it.
    Holds,
    /// The kernel enforces the part that it knows.
    Partly,
    /// It does not hold, and why.
    Missing(String),
}

impl Layer {
    /// Is there nothing, not even a part?
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }

    fn of<E: ToString>(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::Holds,
            Err(e) => Self::Missing(e.to_string()),
        }
    }
}

/// Which layers confine a child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers {
    /// No program that it could run gains rights.
    pub no_new_privs: Layer,
    /// Caps on memory, processor time, open files, core dumps and file sizes.
    pub rlimits: Layer,
    /// The kernel kills it when the parent's spawning thread dies.
    pub parent_death: Layer,
    /// No file, no TCP port, no signal beyond itself.
    pub landlock: Layer,
    /// Only the system calls that computing needs.
    pub seccomp: Layer,
}

impl Layers {
    /// Each layer with its name, from the outermost.
    #[must_use]
    pub fn named(&self) -> [(&'static str, &Layer); 5] {
        [
            ("no_new_privs", &self.no_new_privs),
            ("rlimits", &self.rlimits),
            ("parent_death", &self.parent_death),
            ("landlock", &self.landlock),
            ("seccomp", &self.seccomp),
        ]
    }
}

/// Confines this process for ever. `parent_death` was set before anything was loaded.
pub(super) fn lock_down(limits: &ChildLimits, parent_death: Layer) -> Layers {
    // A process that cannot be dumped cannot be traced by another of the same user either.
    let undumpable = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let no_new_privs = Layer::of(rustix::thread::set_no_new_privs(true));
    let rlimits = Layer::of(undumpable.and_then(|()| set_limits(limits)));
    let landlock = landlock();
    let seccomp = Layer::of(seccomp::confine());
    Layers {
        no_new_privs,
        rlimits,
        parent_death,
        landlock,
        seccomp,
    }
}

fn set_limits(limits: &ChildLimits) -> rustix::io::Result<()> {
    for (resource, value) in [
        (Resource::As, limits.memory_bytes),
        (Resource::Cpu, limits.cpu_seconds),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, 8),
    ] {
        let value = Some(value);
        rustix::process::setrlimit(
            resource,
            Rlimit {
                current: value,
                maximum: value,
            },
        )?;
    }
    Ok(())
}

fn landlock() -> Layer {
    let abi = ABI::V6;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))
        .and_then(|r| r.handle_access(AccessNet::from_all(abi)))
        .and_then(|r| r.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self)
        .map(|status| status.ruleset);
    match status {
        Ok(RulesetStatus::FullyEnforced) => Layer::Holds,
        Ok(RulesetStatus::PartiallyEnforced) => Layer::Partly,
        Ok(RulesetStatus::NotEnforced) => Layer::Missing("this kernel has no Landlock".into()),
        Err(e) => Layer::Missing(e.to_string()),
    }
}
