//! `medbot backup` and `medbot restore`.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Args;
use infra::{
    backup::{self, Backup, Erasures, Manifest, Places},
    store::MasterKey,
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    audit_log,
    cli::{DONE, SOME_REJECTED},
    settings::Settings,
    system::{self, Database, on, with_db},
};

/// Arguments of `medbot backup`.
#[derive(Args)]
pub(crate) struct BackupArguments {
    #[command(flatten)]
    of: Of,
}

/// Arguments of `medbot restore`.
#[derive(Args)]
pub(crate) struct RestoreArguments {
    #[command(flatten)]
    of: Of,
    /// Reads and verifies all of it, and changes nothing.
    #[arg(long)]
    check: bool,
    /// There is no erasure list because nothing was erased since the backup; or it cannot be proven, and is whole
    /// all the same.
    #[arg(long)]
    nothing_was_erased: bool,
}

#[derive(Args)]
struct Of {
    /// The backup: a folder.
    folder: PathBuf,
    /// The folder of the documents' keys; `keys` in the backup without it. Keys of a younger backup serve
    /// an older one, without what was erased in between.
    #[arg(long)]
    keys: Option<PathBuf>,
    /// The data folder of `medbot up`.
    #[arg(long)]
    data: Option<PathBuf>,
}

impl BackupArguments {
    pub(crate) fn data(&self) -> Option<&Path> {
        self.of.data.as_deref()
    }
}

impl RestoreArguments {
    pub(crate) fn data(&self) -> Option<&Path> {
        self.of.data.as_deref()
    }
}

impl Of {
    fn places(&self) -> Places {
        Places::new(self.folder.clone(), self.keys.clone())
    }
}

/// What a command prints.
#[derive(Serialize)]
struct Report {
    backup: Uuid,
    made_at: DateTime<Utc>,
    master_key: String,
    schema: i64,
    documents: u64,
    entities: u64,
    audit_lines: u64,
    rows: u64,
    objects: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    restarted_jobs: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_again: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without_original: Option<u64>,
}

impl Report {
    fn new(master: &MasterKey, system: &Manifest, keys: &Manifest, objects: u64) -> Self {
        let of = |table| system.rows_of(table).unwrap_or_default();
        let parts = system.parts.iter().chain(&keys.parts);
        Self {
            backup: system.id,
            made_at: system.made_at,
            master_key: master.id().to_string(),
            schema: system.schema,
            documents: of("documents"),
            entities: of("entities"),
            audit_lines: of("audit_events"),
            rows: parts.filter(|p| p.table.is_some()).map(|p| p.rows).sum(),
            objects,
            restarted_jobs: None,
            erased_again: None,
            without_original: None,
        }
    }

    fn print(&self) -> anyhow::Result<()> {
        let line = serde_json::to_string(self).context("cannot write")?;
        writeln!(std::io::stdout(), "{line}").context("cannot write")
    }
}

/// Runs `medbot backup`. It leaves a line in every tenant's audit log.
///
/// # Errors
/// When the backup is not whole; the message says why.
pub(crate) fn back_up(settings: &Settings, arguments: &BackupArguments) -> anyhow::Result<u8> {
    let places = arguments.of.places();
    let master = system::master_key(settings, false)?;
    let list = system::erasure_list(settings, &master);
    with_db(settings, async |db| {
        db.ready().await?;
        let store = system::store(settings)?;
        let written = backup::write(db, &*store, &master, &list, &places).await;
        for tenant in db.tenants().await? {
            let what = ("system.backup", "backup".to_owned());
            audit_log::record(db, (settings, &master), tenant, what, written.is_ok()).await?;
        }
        let written = written?;
        let mut report = Report::new(&master, &written.system, &written.keys, written.objects);
        eprintln!(
            "medbot: the backup is in {}, the keys of its documents in {}: keep these elsewhere, and no \
             longer than {} days",
            places.system.display(),
            places.keys.display(),
            settings.key_backup_days
        );
        if written.incomplete == 0 {
            report.print()?;
            return Ok(DONE);
        }
        report.without_original = Some(written.incomplete);
        report.print()?;
        eprintln!(
            "medbot: {} documents have no original in the store: the store has lost something",
            written.incomplete
        );
        Ok(SOME_REJECTED)
    })
}

/// Runs `medbot restore`. It leaves a line in every tenant's audit log.
///
/// # Errors
/// When nothing was restored; the message says why and what to do.
pub(crate) fn restore(settings: &Settings, arguments: &RestoreArguments) -> anyhow::Result<u8> {
    let places = arguments.of.places();
    let master = system::master_key(settings, false)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no thread for the backup")?;
    let backup = runtime.block_on(Backup::open(&places, &master))?;
    let objects = backup.object_count() as u64;
    let mut report = Report::new(&master, backup.manifest(), backup.keys(), objects);
    if arguments.check {
        eprintln!("medbot: every part and object is what was written; nothing was changed");
        report.print()?;
        return Ok(DONE);
    }
    let list = system::erasure_list(settings, &master);
    let erasures = if arguments.nothing_was_erased {
        Erasures::None
    } else {
        Erasures::Listed
    };
    on(Database::own(settings)?, settings, async |db| {
        let store = system::store(settings)?;
        let restored = backup::restore(&backup, db, &*store, &list, erasures).await?;
        for tenant in db.tenants().await? {
            let what = ("system.restore", format!("backup {}", report.backup));
            audit_log::record(db, (settings, &master), tenant, what, true).await?;
        }
        report.objects = restored.objects;
        report.restarted_jobs = Some(restored.restarted);
        report.erased_again = Some(restored.erased);
        eprintln!("medbot: the backup is restored; check who may come in: medbot keys list");
        report.print()?;
        Ok(DONE)
    })
}
