//! `medbot knowledge`: a clinic's own guidelines for the chat.

use std::path::PathBuf;

use clap::Subcommand;
use infra::models::{Asset, Cache};
use schemas::TenantId;
use uuid::Uuid;
use workers::{
    decode::{DecodeConfig, Decoder, Limits},
    sandbox::Launch,
};

use crate::{
    audit_log,
    chat::cards,
    cli::{DONE, SOME_REJECTED},
    compose,
    settings::Settings,
    system::{self, with_db},
};

/// Knowledge.
#[derive(Subcommand)]
pub(crate) enum Knowledge {
    /// Loads a folder of Markdown, HTML and PDF files, whose text layer is read; files of the same name are
    /// replaced. Only the chat of their tenant sees them.
    Add {
        /// The folder.
        folder: PathBuf,
        /// Whose they are; the default tenant's without it.
        #[arg(long)]
        tenant: Option<Uuid>,
    },
}

/// Runs `medbot knowledge`. It leaves a line in the tenant's audit log.
///
/// # Errors
/// When the folder cannot be read or the database does not answer.
pub(crate) fn run(settings: &Settings, command: &Knowledge) -> anyhow::Result<u8> {
    let Knowledge::Add { folder, tenant } = command;
    let tenant = tenant.map_or(TenantId::DEFAULT, TenantId);
    let pdfium = Cache::locate()?.require(Asset::Pdfium).ok();
    let config = DecodeConfig {
        pdfium,
        limits: Limits::default(),
    };
    let decoder = Decoder::new(Launch::this_program(), config, 1)?;
    let encoder = compose::encoder();
    let master = system::master_key(settings, false)?;
    with_db(settings, async |db| {
        let added = cards::add(db, tenant, folder, encoder.as_deref(), &decoder).await;
        let what = ("knowledge.create", "knowledge".to_owned());
        audit_log::record(db, (settings, &master), tenant, what, added.is_ok()).await?;
        let (read, unread) = added?;
        eprintln!("medbot knowledge: {read} files are known");
        for file in &unread {
            eprintln!("medbot knowledge: {file} holds no text that can be read");
        }
        Ok(if unread.is_empty() {
            DONE
        } else {
            SOME_REJECTED
        })
    })
}
