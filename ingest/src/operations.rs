//! `medbot dlq` and `medbot keys`: what an operator does by hand.

use std::{io::Write as _, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};
use infra::{db::Role, store::MasterKey};
use schemas::{TaskId, TenantId};

use crate::{
    cli::{CANNOT_RUN, DONE},
    http,
    service::{with_db, write_secret},
    settings::Settings,
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

/// Keys.
#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Makes a master key in a new file.
    Master {
        /// The file.
        file: PathBuf,
    },
    /// Makes an API key in a new file.
    Add {
        /// What its holder may do.
        #[arg(long, value_enum)]
        role: RoleName,
        /// The file.
        file: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RoleName {
    Uploader,
    Reviewer,
    Analyst,
    Admin,
}

/// Dead letters of one `--all`.
const MOST: i64 = 10_000;

/// Runs `medbot dlq`.
///
/// # Errors
/// When the database does not answer.
pub(crate) fn dlq(settings: &Settings, command: &Dlq) -> anyhow::Result<u8> {
    with_db(settings, async |db| {
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
                    if db.replay(None, *task).await? {
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
        let mut out = std::io::stdout().lock();
        for letter in letters {
            serde_json::to_writer(&mut out, &letter).context("cannot write")?;
            writeln!(out).context("cannot write")?;
        }
        Ok(DONE)
    })
}

/// Runs `medbot keys`.
///
/// # Errors
/// When a file cannot be written or the database does not answer.
pub(crate) fn keys(settings: &Settings, command: &Keys) -> anyhow::Result<u8> {
    match command {
        Keys::Master { file } => {
            let key = MasterKey::generate(file)?;
            eprintln!(
                "medbot: the master key {} is in {}",
                key.id(),
                file.display()
            );
            Ok(DONE)
        }
        Keys::Add { role, file } => {
            let role = match role {
                RoleName::Uploader => Role::Uploader,
                RoleName::Reviewer => Role::Reviewer,
                RoleName::Analyst => Role::Analyst,
                RoleName::Admin => Role::Admin,
            };
            with_db(settings, async |db| {
                let key = http::new_key();
                write_secret(file, &key)?;
                db.admit(TenantId::DEFAULT, &http::key_digest(&key), role)
                    .await?;
                eprintln!("medbot: the key is in {}", file.display());
                Ok(DONE)
            })
        }
    }
}
