//! No core files: what a process was reading would lie in them in the clear.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Bytes of a core file. The kernel writes none that is smaller than a page, and hands none to a program that
/// collects them where the limit is exactly one (core(5)), which it does where it is zero.
const MOST: u64 = 1;

/// Forbids core files to this process and all that it starts.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn forbid() -> rustix::io::Result<()> {
    let most = getrlimit(Resource::Core).maximum.unwrap_or(MOST).min(MOST);
    let limit = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(Resource::Core, limit)
}
