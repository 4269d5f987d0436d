//! The identity provider whose tokens are accepted, and medbot as its client.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, bail};

use crate::http::{Client, Provider};

/// The identity provider, when its issuer is named.
pub(super) fn provider(get: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Option<Provider>> {
    let Some(issuer) = get("MEDBOT_OIDC_ISSUER") else {
        return Ok(None);
    };
    let secret = get("MEDBOT_OIDC_SECRET_FILE")
        .map(|path| {
            let secret = fs::read_to_string(&path).with_context(|| format!("the secret {path}"))?;
            let secret = secret.trim().as_bytes().to_vec();
            // RFC 7518, 3.2: as long as the hash at least.
            if secret.len() < 32 {
                bail!("the secret of MEDBOT_OIDC_SECRET_FILE has fewer than 32 characters");
            }
            Ok(secret)
        })
        .transpose()?;
    Ok(Some(Provider {
        issuer,
        audience: get("MEDBOT_OIDC_AUDIENCE")
            .context("MEDBOT_OIDC_ISSUER needs MEDBOT_OIDC_AUDIENCE: for whom tokens are made")?,
        jwks_url: get("MEDBOT_OIDC_JWKS_URL"),
        secret,
        role_claim: get("MEDBOT_OIDC_ROLE_CLAIM").unwrap_or_else(|| "medbot_role".into()),
        tenant_claim: get("MEDBOT_OIDC_TENANT_CLAIM").unwrap_or_else(|| "medbot_tenant".into()),
    }))
}

/// Sign-in by the provider, when medbot's id there is named.
pub(super) fn sign_in(get: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Option<Client>> {
    let Some(id) = get("MEDBOT_OIDC_CLIENT_ID") else {
        return Ok(None);
    };
    if get("MEDBOT_OIDC_ISSUER").is_none() {
        bail!("MEDBOT_OIDC_CLIENT_ID needs MEDBOT_OIDC_ISSUER: by whom people sign in");
    }
    let public_url = get("MEDBOT_PUBLIC_URL").context(
        "MEDBOT_OIDC_CLIENT_ID needs MEDBOT_PUBLIC_URL: where the provider sends people back to",
    )?;
    let scope = get("MEDBOT_OIDC_SCOPE").unwrap_or_else(|| "openid".into());
    if !scope.split(' ').any(|one| one == "openid") {
        bail!("MEDBOT_OIDC_SCOPE has `openid` among its words");
    }
    Ok(Some(Client {
        id,
        secret_file: get("MEDBOT_OIDC_CLIENT_SECRET_FILE").map(PathBuf::from),
        scope,
        public_url: Client::public_url(&public_url).context(
            "MEDBOT_PUBLIC_URL is an address such as https://medbot.example.org, without a path, and with TLS but on \
             this machine",
        )?,
    }))
}
