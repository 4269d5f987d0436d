//! `medbot audit`: whether the log holds, and the log itself.

use std::{io::Write as _, path::PathBuf};

use anyhow::Context as _;
use chrono::{SubsecRound as _, Utc};
use clap::{Subcommand, ValueEnum};
use infra::{
    audit::{Actor, Anchors, Chain, Event, Extent, Occurrence, audit_event},
    db::Db,
    store::MasterKey,
};
use schemas::TenantId;
use uuid::Uuid;

use crate::{
    cli::{CANNOT_RUN, DONE},
    settings::Settings,
    system::{self, with_db},
};

/// The audit log.
#[derive(Subcommand)]
pub(crate) enum Audit {
    /// Walks along every chain; exit code 1 when one of them does not hold.
    Verify {
        /// One tenant's alone.
        #[arg(long)]
        tenant: Option<TenantId>,
        /// The file of `MEDBOT_AUDIT_ANCHORS`: finds what was cut off together with the head.
        #[arg(long)]
        anchors: Option<PathBuf>,
    },
    /// Writes every line to standard output.
    Export {
        /// One tenant's alone.
        #[arg(long)]
        tenant: Option<TenantId>,
        /// In which form.
        #[arg(long, value_enum, default_value_t = Form::Ndjson)]
        format: Form,
    },
}

/// The form of an export.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Form {
    /// The lines as they were written, a JSON object each.
    Ndjson,
    /// A FHIR R4 `AuditEvent` a line.
    Fhir,
}

/// Lines that are read together.
const PAGE: i64 = 1000;

/// Runs `medbot audit`. An export begins with a line in each log that it writes, and holds it; a walk along the
/// chains shows nothing of them and leaves them as they are.
///
/// # Errors
/// When the database does not answer, or the master key or the anchors cannot be read.
pub(crate) fn run(settings: &Settings, command: &Audit) -> anyhow::Result<u8> {
    let master = system::master_key(settings, false)?;
    with_db(settings, async |db| {
        let (tenant, format) = match command {
            Audit::Verify { tenant, anchors } => {
                let mut anchored = match anchors {
                    Some(path) => Anchors::new(path.clone())
                        .read()
                        .with_context(|| format!("the anchors {}", path.display()))?,
                    None => Default::default(),
                };
                let mut intact = true;
                for tenant in tenants(db, *tenant).await? {
                    let chain = db.audit_chain(&master, tenant).await?;
                    let heads = anchored.remove(&tenant).unwrap_or_default();
                    match db.verify_audit(tenant, &chain, &heads).await? {
                        Ok(head) => println!("{tenant}: intact, {} lines", head.seq),
                        Err(flaw) => {
                            intact = false;
                            println!("{tenant}: NOT intact: {flaw}");
                        }
                    }
                }
                return Ok(if intact { DONE } else { CANNOT_RUN });
            }
            Audit::Export { tenant, format } => (tenant, *format),
        };
        let mut out = std::io::stdout().lock();
        for tenant in tenants(db, *tenant).await? {
            let what = ("audit.read", "/v1/admin/audit".to_owned());
            record(db, (settings, &master), tenant, what, true).await?;
            let mut after = 0;
            loop {
                let lines = db.audit_lines(tenant, after, PAGE).await?;
                let Some(last) = lines.last() else { break };
                after = last.seq;
                for line in &lines {
                    match format {
                        Form::Ndjson => writeln!(out, "{}", line.event),
                        Form::Fhir => {
                            let event: Event = serde_json::from_str(&line.event)
                                .with_context(|| format!("line {} is no event", line.seq))?;
                            writeln!(out, "{}", audit_event(&event))
                        }
                    }
                    .context("cannot write")?;
                }
            }
        }
        Ok(DONE)
    })
}

/// Writes down what an operator did with a command: a line of the tenant's log, by nobody's key.
///
/// # Errors
/// When the database does not take it.
pub(crate) async fn record(
    db: &Db,
    (settings, master): (&Settings, &MasterKey),
    tenant: TenantId,
    (action, object): (&str, String),
    done: bool,
) -> anyhow::Result<()> {
    let at = Utc::now().trunc_subsecs(6);
    let what = Occurrence {
        at,
        actor: Some(Actor {
            id: Uuid::nil(),
            role: "operator".into(),
            emergency: false,
        }),
        action: action.into(),
        object,
        outcome: if done { 200 } else { 500 },
        address: None,
        extent: Extent::default(),
    };
    let chain = Chain::new(master, tenant);
    let head = db.append_audit(tenant, &chain, vec![what]).await?;
    if let Some(path) = &settings.audit_anchors {
        let anchored = Anchors::new(path.clone()).add(tenant, &head, at);
        anchored.with_context(|| format!("the anchors {}", path.display()))?;
    }
    Ok(())
}

async fn tenants(db: &Db, one: Option<TenantId>) -> anyhow::Result<Vec<TenantId>> {
    Ok(match one {
        Some(tenant) => vec![tenant],
        None => db.tenants().await?,
    })
}
