//! `medbot keys`: the master key, tenants, and API keys from their making to their end.

use std::{io::Write as _, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use chrono::{TimeDelta, Utc};
use clap::{Subcommand, ValueEnum};
use infra::{
    api_key::KeptKey,
    db::{NewKey, Role},
    store::MasterKey,
};
use schemas::TenantId;
use uuid::Uuid;

use crate::{
    audit_log,
    cli::{CANNOT_RUN, DONE},
    http,
    service::write_secret,
    settings::Settings,
    system::{self, with_db},
};

/// Keys.
#[derive(Subcommand)]
pub(crate) enum Keys {
    /// Makes a master key in a new file.
    Master {
        /// The file.
        file: PathBuf,
    },
    /// Wraps and seals everything anew by the master key, while the service goes on: by the key of
    /// `MEDBOT_MASTER_KEY_FILE` what that of `MEDBOT_OTHER_MASTER_KEY_FILE` did. Prints what it did, as JSON;
    /// called again it does what is left.
    Rewrap,
    /// Makes a tenant, a clinic whose data no other sees, and prints its id.
    Tenant {
        /// What it is called.
        name: String,
    },
    /// Makes an API key in a new file.
    Add {
        /// What its holder may do.
        #[arg(long, value_enum)]
        role: RoleName,
        /// What it is for.
        #[arg(long)]
        name: Option<String>,
        /// Days after which it is no longer good; without it, it is good until it is revoked.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
        #[command(flatten)]
        of: Of,
        /// The file.
        file: PathBuf,
    },
    /// Lists API keys, a JSON object a line, the newest first.
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Takes an API key back, and ends the sessions that it opened.
    Revoke {
        #[command(flatten)]
        of: Of,
        /// Its id.
        id: Uuid,
    },
    /// Takes back every token that a person of the identity provider was given until now, and ends their sessions.
    RevokeTokens {
        #[command(flatten)]
        of: Of,
        /// The person's id, as the audit log names them.
        person: Uuid,
    },
    /// Takes back one token of the identity provider.
    RevokeToken {
        #[command(flatten)]
        of: Of,
        /// Its claim `jti`.
        jti: String,
    },
    /// Makes a key of the same role in the place of another, which stays good for a while.
    Rotate {
        /// Hours for which the old key stays good.
        #[arg(long, default_value_t = 24)]
        overlap: u16,
        #[command(flatten)]
        of: Of,
        /// The old key's id.
        id: Uuid,
        /// The file of the new one.
        file: PathBuf,
    },
}

/// What the audit log calls a tenant's keys, as for who asks the API.
const KEYS: &str = "/v1/admin/keys";
/// And what it calls tokens that were taken back.
const TOKENS: &str = "/v1/admin/token-revocations";
/// And one of them alone.
const TOKEN: &str = "/v1/admin/revoked-tokens";

/// Whose keys.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Of {
    /// The tenant's id; without it the tenant that was there first.
    #[arg(long)]
    tenant: Option<Uuid>,
}

impl Of {
    fn id(self) -> TenantId {
        self.tenant.map_or(TenantId::DEFAULT, TenantId)
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RoleName {
    Uploader,
    Reviewer,
    Analyst,
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Uploader => Self::Uploader,
            RoleName::Reviewer => Self::Reviewer,
            RoleName::Analyst => Self::Analyst,
            RoleName::Admin => Self::Admin,
        }
    }
}

/// Runs `medbot keys`. What it shows or changes of a tenant's leaves a line in that tenant's audit log.
///
/// # Errors
/// When a file cannot be written, the database does not answer, there is no such tenant or key, or the log
/// cannot be written.
pub(crate) fn run(settings: &Settings, command: Keys) -> anyhow::Result<u8> {
    let command = match command {
        Keys::Rewrap => return rewrap(settings),
        Keys::Master { file } => {
            let key = MasterKey::generate(&file)?;
            eprintln!(
                "medbot: the master key {} is in {}",
                key.id(),
                file.display()
            );
            return Ok(DONE);
        }
        command => command,
    };
    let master = system::master_key(settings, false)?;
    with_db(settings, async |db| {
        let known = async |of: Of| match db.knows(of.id()).await? {
            true => Ok(of.id()),
            false => bail!("there is no tenant {}", of.id()),
        };
        let record = async |tenant, action, object| {
            audit_log::record(db, (settings, &master), tenant, (action, object), true).await
        };
        let one = |id| format!("{KEYS}/{id}");
        match command {
            Keys::Master { .. } | Keys::Rewrap => {}
            Keys::Tenant { name } => {
                let id = TenantId(Uuid::now_v7());
                db.found_tenant(id, &name).await?;
                record(id, "tenant.create", format!("tenant {id}")).await?;
                print(&id.to_string())?;
            }
            Keys::Add {
                role,
                name,
                days,
                of,
                file,
            } => {
                let tenant = known(of).await?;
                let key = http::new_key();
                write_secret(&file, &key)?;
                let new = NewKey {
                    key: &KeptKey::of(&key)?,
                    role: role.into(),
                    name: name.as_deref(),
                    expires_at: days.map(|days| Utc::now() + TimeDelta::days(days.into())),
                };
                let id = db.add_key(tenant, &new).await?;
                record(tenant, "key.create", one(id)).await?;
                eprintln!("medbot: the key {id} is in {}", file.display());
            }
            Keys::List { of } => {
                let tenant = known(of).await?;
                let keys = db.keys(tenant).await?;
                record(tenant, "key.list", KEYS.to_owned()).await?;
                for key in keys {
                    let line = serde_json::to_string(&http::ApiKeyView::from(key));
                    print(&line.context("cannot write")?)?;
                }
            }
            Keys::Revoke { of, id } => {
                if !db.revoke_key(of.id(), id).await? {
                    bail!("the tenant has no key {id} that is good");
                }
                record(of.id(), "key.remove", one(id)).await?;
                eprintln!("medbot: the key {id} is good no longer");
            }
            Keys::RevokeTokens { of, person } => {
                let tenant = known(of).await?;
                db.revoke_tokens(tenant, person, None).await?;
                let object = format!("{TOKENS}/{person}");
                record(tenant, "token.revoke", object).await?;
                eprintln!("medbot: no token that {person} was given until now is good any more");
            }
            Keys::RevokeToken { of, jti } => {
                let tenant = known(of).await?;
                db.revoke_token(tenant, &jti, None).await?;
                let object = format!("{TOKEN}/{}", http::named_token(&jti));
                record(tenant, "token.revoke", object).await?;
                eprintln!("medbot: the token is good no longer");
            }
            Keys::Rotate {
                overlap,
                of,
                id,
                file,
            } => {
                let key = http::new_key();
                write_secret(&file, &key)?;
                let overlap = Duration::from_hours(overlap.into());
                let kept = KeptKey::of(&key)?;
                let Some(new) = db.rotate_key(of.id(), id, &kept, overlap).await? else {
                    let _ = std::fs::remove_file(&file);
                    bail!("the tenant has no key {id} that is good");
                };
                record(of.id(), "key.rotate", one(id)).await?;
                record(of.id(), "key.create", one(new)).await?;
                eprintln!("medbot: the key {new} is in {}", file.display());
            }
        }
        Ok(DONE)
    })
}

/// `medbot keys rewrap`. It leaves a line in every tenant's audit log.
fn rewrap(settings: &Settings) -> anyhow::Result<u8> {
    let master = system::master_key(settings, false)?;
    let Some(other) = master.other() else {
        bail!(
            "MEDBOT_OTHER_MASTER_KEY_FILE is not set: it names the key whose place that of \
             MEDBOT_MASTER_KEY_FILE takes"
        );
    };
    let list = system::erasure_list(settings, &master);
    with_db(settings, async |db| {
        list.prove()?;
        let done = db.rewrap(&master).await;
        for tenant in db.tenants().await? {
            let what = ("key.rewrap", format!("master key {}", master.id()));
            audit_log::record(db, (settings, &master), tenant, what, done.is_ok()).await?;
        }
        let done = done?;
        print(&serde_json::to_string(&done).context("cannot write")?)?;
        if done.unopened > 0 {
            eprintln!(
                "medbot: {} values open with neither key and stay as they are",
                done.unopened
            );
            return Ok(CANNOT_RUN);
        }
        eprintln!(
            "medbot: nothing needs the master key {} any more but backups from before",
            other.id()
        );
        Ok(DONE)
    })
}

fn print(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("cannot write")
}
