//! `medbot erase`: erasing a document as `DELETE /v1/documents/{id}` does, with a certificate.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use infra::{
    db::{ErasedRows, WrappedKeys},
    erasure,
    store::Sealed,
};
use schemas::{DocumentId, TenantId};
use serde::Serialize;

use crate::{
    audit_log,
    cli::{CANNOT_RUN, DONE},
    settings::Settings,
    system::{self, with_db},
};

/// Arguments of `medbot erase`.
#[derive(Args)]
pub(crate) struct EraseArguments {
    /// The document's id.
    document: DocumentId,
    /// Whose it is; the default tenant's without it.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// The data folder of `medbot up`.
    #[arg(long)]
    data: Option<PathBuf>,
}

impl EraseArguments {
    pub(crate) fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }
}

/// What was destroyed, and what may still hold something of it.
#[derive(Serialize)]
struct Certificate {
    #[serde(rename = "certificate")]
    form: &'static str,
    tenant: TenantId,
    document: DocumentId,
    erased_at: DateTime<Utc>,
    data_key: &'static str,
    /// Null when an erasure that had begun before was ended: the rows went then.
    rows: Option<ErasedRows>,
    /// Null when the store did not answer; what it holds cannot be read without the key.
    objects: Option<u64>,
    erasure_list: PathBuf,
    /// How many lines it has with this one: a list that is brought back must have as many.
    erasure_list_lines: Option<usize>,
    /// Until then a backup of keys may hold the key, by the site's `MEDBOT_KEY_BACKUP_DAYS`.
    key_in_backups_until: DateTime<Utc>,
    remains: [&'static str; 2],
}

const REMAINS: [&str; 2] = [
    "backups from before hold its rows, sealed under the master key, until they are deleted; a restore \
     erases them again by the erasure list",
    "a running process may keep the unwrapped key in memory for 20 seconds",
];

/// Runs `medbot erase`. It leaves a line in the tenant's audit log.
///
/// # Errors
/// When nothing was erased.
pub(crate) fn run(settings: &Settings, arguments: &EraseArguments) -> anyhow::Result<u8> {
    let tenant = arguments.tenant.unwrap_or(TenantId::DEFAULT);
    let document = arguments.document;
    let master = system::master_key(settings, false)?;
    let list = system::erasure_list(settings, &master);
    with_db(settings, async |db| {
        let keys = WrappedKeys::new(db.clone(), master.clone());
        let store = Sealed::new(system::store(settings)?, Arc::new(keys));
        let erased = erasure::erase(db, &store, &list, tenant, document).await;
        if !matches!(erased, Ok(None)) {
            let what = ("document.erase", format!("/v1/documents/{document}"));
            audit_log::record(db, (settings, &master), tenant, what, erased.is_ok()).await?;
        }
        let Some(erased) = erased? else {
            bail!("the tenant {tenant} has no document {document}");
        };
        let days = TimeDelta::days(settings.key_backup_days.into());
        let certificate = Certificate {
            form: "medbot.erasure/1",
            tenant,
            document,
            erased_at: erased.at,
            data_key: "destroyed",
            rows: erased.rows,
            objects: erased.objects.as_ref().ok().copied(),
            erasure_list: list.path().into(),
            erasure_list_lines: erased.listed,
            key_in_backups_until: erased.at + days,
            remains: REMAINS,
        };
        let text = serde_json::to_string_pretty(&certificate).context("cannot write")?;
        writeln!(std::io::stdout(), "{text}").context("cannot write")?;
        Ok(match erased.objects {
            Ok(_) => DONE,
            Err(error) => {
                eprintln!(
                    "medbot: its key is destroyed, but {error}: call this again to remove the rest"
                );
                CANNOT_RUN
            }
        })
    })
}
