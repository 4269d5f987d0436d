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
mod tests {
    use super::{Guard, Lookup, Refusal};
    use async_trait::async_trait;
    use std::{io, net::IpAddr};

    /// A small world of names.
    struct Names;

    #[async_trait]
    impl Lookup for Names {
        async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
            let addresses: &[&str] = match host {
                "clinic.example" => &["93.184.215.14", "2606:2800:21f:cb07::1"],
                "six-only.example" => &["64:ff9b::5db8:d70e"],
                "localhost" | "a.localhost" => &["127.0.0.1", "::1"],
                "localhost.localhost" => &["10.0.0.1"],
                "inside.example" => &["10.1.2.3"],
                "one-of-two.example" => &["93.184.215.14", "127.0.0.1"],
                "metadata.example" => &["169.254.169.254"],
                "six-inside.example" => &["93.184.215.14", "fd00:ec2::254"],
                "mapped.example" => &["::ffff:192.168.1.1"],
                "empty.example" => &[],
                _ => return Err(io::ErrorKind::NotFound.into()),
            };
            Ok(addresses.iter().map(|text| text.parse().unwrap()).collect())
        }
    }

    const STRICT: bool = false;
    const PRIVATE: bool = true;

    async fn check(allow_private: bool, url: &str) -> Option<Refusal> {
        let guard = Guard::with_lookup(allow_private, Names);
        guard.check(url).await.err()
    }

    #[tokio::test]
    async fn hosts() {
        // Grouped by what is refused; the private guard lets all of these out over https.
        for host in [
            "clinic.example",
            "CLINIC.example:8443",
            "six-only.example",
            "8.8.8.8",
            "134744072",
            "0x8.8.8.8:1",
            "[2606:4700::1111]",
            "[::ffff:8.8.8.8]",
            "[64:ff9b::8.8.8.8]",
        ] {
            let url = format!("https://{host}/hook?x=1");
            assert_eq!(check(STRICT, &url).await, None, "{host}");
            assert_eq!(check(PRIVATE, &url).await, None, "{host}");
        }
        for host in [
            // Spellings of loopback.
            "localhost",
            "LOCALHOST",
            "a.localhost",
            "127.0.0.1",
            "127.255.255.254",
            "127.1",
            "127.0.1",
            "0177.0.0.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "2130706433",
            "017700000001",
            "127.0.0.1.",
            "127%2e0%2e0%2e1",
            "127。0。0。1",
            "①②⑦.⓪.⓪.①",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            // IPv4 in other clothes.
            "[::127.0.0.1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::ffff:169.254.169.254]",
            "[::ffff:0:10.0.0.1]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::8.8.8.8]",
            "[2002:7f00:1::]",
            "[2002:0808:0808::1]",
            "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
            // Everything else that is not public.
            "0.0.0.0",
            "0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "169.254.169.254",
            "0xa9fea9fe",
            "172.16.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "[::]",
            "[fe80::1]",
            "[fec0::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[100::1]",
            "[2001:db8::1]",
            "[2001:2::1]",
            "[3fff::1]",
            // Names that lead there.
            "inside.example",
            "one-of-two.example",
            "metadata.example",
            "six-inside.example",
            "mapped.example",
        ] {
            let url = format!("https://{host}/hook");
            let refusal = check(STRICT, &url).await;
            assert_eq!(refusal, Some(Refusal::NotPublic), "{host}");
            assert_eq!(check(PRIVATE, &url).await, None, "{host}");
        }
    }

    #[tokio::test]
    async fn urls() {
        use Refusal::{NotPublic, Scheme, Syntax, Unresolved, UserInfo};
        for (url, strict, private) in [
            ("", Some(Syntax), Some(Syntax)),
            ("clinic.example/hook", Some(Syntax), Some(Syntax)),
            ("https://", Some(Syntax), Some(Syntax)),
            ("https://[::1", Some(Syntax), Some(Syntax)),
            ("https://[fe80::1%25eth0]/", Some(Syntax), Some(Syntax)),
            ("https://256.1.1.1/", Some(Syntax), Some(Syntax)),
            ("https://1.2.3.4.5/", Some(Syntax), Some(Syntax)),
            ("data:text/plain,x", Some(Syntax), Some(Syntax)),
            ("ftp://clinic.example/", Some(Scheme), Some(Scheme)),
            ("file://clinic.example/etc", Some(Scheme), Some(Scheme)),
            ("gopher://127.0.0.1/", Some(Scheme), Some(Scheme)),
            ("http://clinic.example/", Some(Scheme), Some(Scheme)),
            ("http://10.0.0.1/", Some(Scheme), Some(Scheme)),
            ("http://localhost.example/", Some(Scheme), Some(Scheme)),
            ("http://127.0.0.1:9/", Some(Scheme), None),
            ("http://[::1]/", Some(Scheme), None),
            ("http://a.localhost/", Some(Scheme), None),
            // A local name that leads elsewhere must not carry plain http there.
            ("http://localhost.localhost/", Some(Scheme), Some(NotPublic)),
            ("https://u@clinic.example/", Some(UserInfo), Some(UserInfo)),
            ("https://:p@clinic.example/", Some(UserInfo), Some(UserInfo)),
            ("https://8.8.8.8@10.0.0.1/", Some(UserInfo), Some(UserInfo)),
            ("https://10.0.0.1#@8.8.8.8/", Some(NotPublic), None),
            (r"https://10.0.0.1\@8.8.8.8/", Some(NotPublic), None),
            (
                "https://nowhere.example/",
                Some(Unresolved),
                Some(Unresolved),
            ),
            ("https://empty.example/", Some(Unresolved), Some(Unresolved)),
        ] {
            assert_eq!(check(STRICT, url).await, strict, "{url}");
            assert_eq!(check(PRIVATE, url).await, private, "{url} when private");
        }
    }
}
