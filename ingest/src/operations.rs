//! `medbot dlq`: what an operator does with tasks that were given up.

use std::{collections::BTreeSet, io::Write as _};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use schemas::{TaskId, TenantId};

use crate::{
    audit_log,
    cli::{CANNOT_RUN, DONE},
    settings::Settings,
    system::{self, with_db},
};

/// Dead letters.
#[derive(Subcommand)]
pub(crate) enum Dlq {
    /// Lists tasks that were given up, a JSON object a line, the newest first.
    List {
        /// At most.
        #[arg(long, default_value_t = 100)]
        most: u16,
    },
    /// Shows one.
    Show {
        /// Its id.
        task: TaskId,
    },
    /// Gives tasks all their attempts again; their jobs run on.
    Replay {
        /// Their ids.
        #[arg(required_unless_present = "all")]
        tasks: Vec<TaskId>,
        /// All that there are.
        #[arg(long, conflicts_with = "tasks")]
        all: bool,
    },
}

/// Dead letters of one `--all`.
const MOST: i64 = 10_000;

/// What the audit log calls them, as for who asks the API.
const LETTERS: &str = "/v1/admin/dead-letters";

/// Runs `medbot dlq`. Each tenant whose tasks it shows or replays finds a line in its audit log.
///
/// # Errors
/// When the database does not answer or the log cannot be written.
pub(crate) fn dlq(settings: &Settings, command: &Dlq) -> anyhow::Result<u8> {
    let master = system::master_key(settings, false)?;
    with_db(settings, async |db| {
        let record = async |tenant, action, object| {
            audit_log::record(db, (settings, &master), tenant, (action, object), true).await
        };
        let (task, most) = match command {
            Dlq::List { most } => (None, i64::from(*most)),
            Dlq::Show { task } => (Some(*task), 1),
            Dlq::Replay { tasks, all } => {
                let tasks: Vec<TaskId> = if *all {
                    let letters = db.dead_letters(None, None, MOST).await?;
                    letters.into_iter().map(|letter| letter.task).collect()
                } else {
                    tasks.clone()
                };
                let mut refused = 0;
                for task in &tasks {
                    let letter = db.dead_letters(None, Some(*task), 1).await?.pop();
                    if let Some(letter) = letter
                        && db.replay(None, *task).await?
                    {
                        let replayed = format!("{LETTERS}/{task}/replay");
                        record(letter.tenant, "dead_letter.replay", replayed).await?;
                        eprintln!("medbot: {task} is tried again");
                    } else {
                        refused += 1;
                        eprintln!("medbot: {task} is no dead letter, or its job was cancelled");
                    }
                }
                eprintln!("medbot: {} replayed, {refused} not", tasks.len() - refused);
                // One that a replay before it made undone is no fault of the call.
                return Ok(if refused > 0 && !*all {
                    CANNOT_RUN
                } else {
                    DONE
                });
            }
        };
        let letters = db.dead_letters(None, task, most).await?;
        if letters.is_empty() && task.is_some() {
            bail!("there is no such dead letter");
        }
        let tenants: BTreeSet<TenantId> = letters.iter().map(|letter| letter.tenant).collect();
        for tenant in tenants {
            record(tenant, "dead_letter.list", LETTERS.to_owned()).await?;
        }
        let mut out = std::io::stdout().lock();
        for letter in letters {
            serde_json::to_writer(&mut out, &letter).context("cannot write")?;
            writeln!(out).context("cannot write")?;
        }
        Ok(DONE)
    })
}
