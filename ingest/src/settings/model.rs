//! The chat's model, and what it may be told.

use std::{fs, time::Duration};

use anyhow::{Context as _, bail};
use infra::llm::LlmSettings;
use url::Url;

use super::switch;

/// What goes to a model on another machine is de-identified, unless the site says that it has an agreement with
/// whoever runs it; of what goes to one on this machine a site may ask the same.
pub(super) fn hides_identifiers(
    get: &dyn Fn(&str) -> Option<String>,
    model: Option<&LlmSettings>,
) -> anyhow::Result<bool> {
    let is_yes = |name: &str| switch(name, get(name).as_deref());
    let agreed = is_yes("MEDBOT_LLM_AGREEMENT")?;
    let always = is_yes("MEDBOT_LLM_DEIDENTIFY")?;
    Ok(always || !agreed && model.is_some_and(|model| !model.is_local()))
}

/// The chat's model.
pub(super) fn model(get: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Option<LlmSettings>> {
    let Some(url) = get("LLM_BASE_URL") else {
        return Ok(None);
    };
    let url: Url = url
        .parse()
        .ok()
        .filter(|url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .context("LLM_BASE_URL is an address such as http://127.0.0.1:8000/v1")?;
    let key = match get("LLM_API_KEY_FILE") {
        Some(path) => Some(
            fs::read_to_string(&path)
                .context("the file of LLM_API_KEY_FILE cannot be read")?
                .trim()
                .to_owned(),
        ),
        None => get("LLM_API_KEY"),
    };
    let settings = LlmSettings {
        url,
        model: get("LLM_MODEL").context("LLM_BASE_URL needs LLM_MODEL: the model's name there")?,
        key,
        silence: Duration::from_secs(30),
        whole: Duration::from_mins(2),
    };
    let plaintext = switch(
        "MEDBOT_ALLOW_PLAINTEXT",
        get("MEDBOT_ALLOW_PLAINTEXT").as_deref(),
    )?;
    if !settings.is_local() && settings.url.scheme() == "http" && !plaintext {
        bail!("a remote LLM_BASE_URL needs TLS: https://…");
    }
    Ok(Some(settings))
}
