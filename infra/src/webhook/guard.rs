//! Where a webhook may connect to: https and public addresses, unless the operator says otherwise.
//!
//! The guard is the resolver of the HTTP client, so the address that was judged is the address that
//! is dialled: between the check and the connection no name is looked up again. Hosts written as
//! numbers need no resolver and are judged in the URL, after the `url` crate has brought octal, hex
//! and short spellings into one form, which is the form that the client dials.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::public::is_public;

/// Why no connection was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a URL with a host.
    #[error("it is not a URL with a host")]
    Syntax,
    /// Another scheme than https.
    #[error("a webhook's URL begins with https://")]
    Scheme,
    /// A user or a password in the URL.
    #[error("a webhook's URL holds no user and no password")]
    UserInfo,
    /// The host is, or one of its addresses is, not on the public internet.
    #[error("the host is not on the public internet")]
    NotPublic,
    /// The name has no address now; it may have one later.
    #[error("the host's name has no address")]
    Unresolved,
}

/// Finds the addresses of a name.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// All addresses of `host`, in the order of preference.
    ///
    /// # Errors
    /// When the name has none, or nobody answers.
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Decides where a webhook may connect to.
#[derive(Clone)]
pub struct Guard {
    allow_private: bool,
    lookup: Arc<dyn Lookup>,
}

impl Guard {
    /// With `allow_private` every address will do, and on this machine plain http, too: for
    /// receivers in the clinic's own network and for tests.
    #[must_use]
    pub fn new(allow_private: bool) -> Self {
        Self::with_lookup(allow_private, SystemLookup)
    }

    /// With another resolver.
    #[must_use]
    pub fn with_lookup(allow_private: bool, lookup: impl Lookup + 'static) -> Self {
        Self {
            allow_private,
            lookup: Arc::new(lookup),
        }
    }

    /// Judges a URL as it is written, without asking for the addresses of a name.
    ///
    /// # Errors
    /// Every [`Refusal`] but [`Refusal::Unresolved`].
    pub fn read(&self, url: &str) -> Result<Url, Refusal> {
        let url = Url::parse(url).map_err(|_| Refusal::Syntax)?;
        let host = url.host().ok_or(Refusal::Syntax)?;
        match url.scheme() {
            "https" => {}
            "http" if self.allow_private && is_this_machine(&host) => {}
            _ => return Err(Refusal::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refusal::UserInfo);
        }
        let address: Option<IpAddr> = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        };
        if address.is_some_and(|address| !self.allow_private && !is_public(address)) {
            return Err(Refusal::NotPublic);
        }
        Ok(url)
    }

    /// Judges a URL and the addresses that its host has now: for the moment when a customer enters
    /// it. What the name says later is judged again at each connection.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn check(&self, url: &str) -> Result<Url, Refusal> {
        let url = self.read(url)?;
        if let Some(Host::Domain(name)) = url.host() {
            self.addresses(name).await?;
        }
        Ok(url)
    }

    /// The addresses of a name, if all of them may be dialled: one bad address makes the name bad.
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Refusal> {
        let found = self.lookup.addresses(name).await;
        let addresses = found.map_err(|_| Refusal::Unresolved)?;
        if addresses.is_empty() {
            return Err(Refusal::Unresolved);
        }
        let may_dial = |address: &IpAddr| {
            if is_local_name(name) {
                // Plain http is only let out because such a name stays on this machine.
                self.allow_private && address.is_loopback()
            } else {
                self.allow_private || is_public(*address)
            }
        };
        if addresses.iter().all(may_dial) {
            Ok(addresses)
        } else {
            Err(Refusal::NotPublic)
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = guard.addresses(name.as_str()).await?;
            // The client puts the URL's port in the place of 0.
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_local_name(name),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// `localhost` and what is under it, as RFC 6761 reserves it.
fn is_local_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests;
