//! One thread that starts every child.
//!
//! The kernel's parent-death signal fires when the *thread* that made the child ends, so children
//! must not be made by a thread of some pool that may end first. This one lives as long as the
//! process.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Sender};
use std::sync::{LazyLock, Mutex};
use std::thread;

type Job = (Command, Sender<io::Result<Child>>);

static SPAWNER: LazyLock<io::Result<Mutex<Sender<Job>>>> = LazyLock::new(|| {
    let (sender, jobs) = mpsc::channel::<Job>();
    thread::Builder::new()
        .name("sandbox-spawner".into())
        .spawn(move || {
            for (mut command, reply) in jobs {
                // A caller that is gone gets no child.
                if let Err(mpsc::SendError(Ok(mut orphan))) = reply.send(command.spawn()) {
                    orphan.kill().and_then(|()| orphan.wait()).ok();
                }
            }
        })?;
    Ok(Mutex::new(sender))
});

/// Starts `command` from the thread that outlives all others.
pub(super) fn spawn(command: Command) -> io::Result<Child> {
    let gone = || io::Error::other("the thread that starts children is gone");
    let spawner = SPAWNER.as_ref().map_err(|e| io::Error::from(e.kind()))?;
    let (reply, answer) = mpsc::channel();
    spawner
        .lock()
        .map_err(|_| gone())?
        .send((command, reply))
        .map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}
