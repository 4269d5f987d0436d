//! The database, the store and the master key of a system: for the service, and for the operator's commands,
//! whether a service runs meanwhile or not.

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use infra::{
    audit::Anchors,
    db::{
        Db, DbSettings,
        private::{PrivateError, PrivatePostgres},
    },
    erasure::ErasureList,
    models::{Asset, Cache},
    store::{Local, MasterKey, S3, S3Settings, Store},
};

use crate::settings::Settings;

/// Where the database is, and the private server if this process runs it.
pub(crate) struct Database {
    pub url: String,
    private: Option<PrivatePostgres>,
}

impl Database {
    /// The one of `DATABASE_URL`, or the private one, which is made when it is not there and must not be in
    /// use.
    ///
    /// # Errors
    /// When the private one does not start.
    pub(crate) fn own(settings: &Settings) -> anyhow::Result<Self> {
        if let Some(url) = &settings.database_url {
            return Ok(Self {
                url: url.clone(),
                private: None,
            });
        }
        make_data_folder(&settings.data)?;
        Ok(Self::private(start(&settings.data)?))
    }

    /// The one that is there: of `DATABASE_URL`, or the private one, which another medbot may run.
    ///
    /// # Errors
    /// When there is none, or the private one does not start.
    pub(crate) fn present(settings: &Settings) -> anyhow::Result<Self> {
        let folder = postgres(&settings.data);
        if settings.database_url.is_none() && !PrivatePostgres::has_database(&folder) {
            bail!(
                "there is no system in {}: DATABASE_URL names a database, MEDBOT_DATA the data folder of \
                 `medbot up`",
                settings.data.display()
            );
        }
        if settings.database_url.is_some() {
            return Self::own(settings);
        }
        match start(&settings.data) {
            Ok(private) => Ok(Self::private(private)),
            Err(error) => match error.downcast_ref() {
                Some(PrivateError::InUse { .. }) => Ok(Self {
                    url: PrivatePostgres::url_of_running(&folder).with_context(|| {
                        format!(
                            "the medbot that has {} is starting or stopping: try again",
                            settings.data.display()
                        )
                    })?,
                    private: None,
                }),
                _ => Err(error),
            },
        }
    }

    fn private(private: PrivatePostgres) -> Self {
        Self {
            url: private.url(),
            private: Some(private),
        }
    }

    /// Stops the server that this process runs.
    ///
    /// # Errors
    /// When it does not stop.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        match self.private {
            Some(private) => private
                .stop()
                .context("the private PostgreSQL did not stop"),
            None => Ok(()),
        }
    }
}

fn postgres(data: &Path) -> PathBuf {
    data.join("postgres")
}

fn start(data: &Path) -> anyhow::Result<PrivatePostgres> {
    let tree = Cache::locate()?.require(Asset::Postgres)?;
    Ok(PrivatePostgres::start(&tree, &postgres(data))?)
}

/// The folder of the embedded default. Others may pass through it, since PostgreSQL runs as another
/// user when medbot runs as root; what lies in it is closed.
///
/// # Errors
/// Of the file system.
pub(crate) fn make_data_folder(data: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o711)
        .create(data)
        .with_context(|| format!("the data folder {} cannot be made", data.display()))
}

/// The store of `STORE_URL` or of the data folder, below the one that seals.
///
/// # Errors
/// When it cannot be used.
pub(crate) fn store(settings: &Settings) -> anyhow::Result<Arc<dyn Store>> {
    Ok(match &settings.store_url {
        None => {
            make_data_folder(&settings.data)?;
            Arc::new(Local::open(&settings.data.join("objects"))?)
        }
        Some(url) => {
            let s3 = S3Settings::from_variables(|name| match name {
                "STORE_URL" => Some(url.clone()),
                "STORE_ALLOW_PLAINTEXT" => Some(settings.allow_plaintext.to_string()),
                name => settings.store.get(name).map(ToOwned::to_owned),
            })?;
            Arc::new(S3::open(&s3)?)
        }
    })
}

/// The list of what was erased, anchored beside the audit log where that is.
pub(crate) fn erasure_list(settings: &Settings, master: &MasterKey) -> ErasureList {
    let anchors = settings.audit_anchors.clone().map(Anchors::new);
    ErasureList::new(settings.erasure_list.clone(), Arc::new(master.clone()))
        .anchored(anchors.as_ref())
}

/// The master key, with the other one that is accepted; made when `make` says so and there is none.
///
/// # Errors
/// When it cannot be read or made.
pub(crate) fn master_key(settings: &Settings, make: bool) -> anyhow::Result<MasterKey> {
    let path = &settings.master_key_file;
    let load = |path: &Path| match &settings.master_key_command {
        Some(command) => MasterKey::opened_by(command, path),
        None => MasterKey::load(path),
    };
    // One that a key service seals is made there.
    if make && settings.master_key_command.is_none() && !path.exists() {
        let key = MasterKey::generate(path)?;
        eprintln!(
            "medbot: made the master key {}: keep a copy elsewhere, without it nothing can be read",
            path.display()
        );
        return Ok(key);
    }
    let key = load(path).with_context(|| {
        format!(
            "MEDBOT_MASTER_KEY_FILE names the key that all processes of a system and its backups share \
             ({} without it); `medbot keys master FILE` makes one for a new system",
            path.display()
        )
    })?;
    Ok(match &settings.other_master_key_file {
        Some(other) => {
            key.accepting(load(other).context("the key of MEDBOT_OTHER_MASTER_KEY_FILE")?)
        }
        None => key,
    })
}

/// Runs something on the database that is there.
///
/// # Errors
/// Of the database, and when there is none.
pub(crate) fn with_db<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&Db) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    on(Database::present(settings)?, settings, work)
}

/// Runs something on a database, and stops it if it is this process's.
///
/// # Errors
/// Of the work, and when the database does not stop.
pub(crate) fn on<T>(
    database: Database,
    settings: &Settings,
    work: impl AsyncFnOnce(&Db) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no thread for the database")?;
    let done = runtime.block_on(async {
        let db = Db::new(&DbSettings {
            url: database.url.clone(),
            api_sessions: 1,
            worker_sessions: 2,
            allow_plaintext: settings.allow_plaintext,
        })?;
        let done = work(&db).await;
        db.close().await;
        done
    });
    let stopped = database.stop();
    let done = done?;
    stopped.map(|()| done)
}
