//! From where a request comes: the address of the connection, or what a proxy that is trusted says of it.

use std::net::{IpAddr, SocketAddr};

use axum::http::{Extensions, HeaderMap};
use ipnet::{AddrParseError, IpNet, Ipv4Net};

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub SocketAddr);

/// Proxies whose word on the client's address is taken.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Takes addresses, and networks as `10.0.0.0/8` or `2001:db8::/32`.
    ///
    /// # Errors
    /// When one is neither.
    pub(crate) fn of(texts: &[String]) -> Result<Self, AddrParseError> {
        let network = |text: &String| match text.parse::<IpAddr>() {
            Ok(address) => Ok(IpNet::from(address.to_canonical())),
            Err(_) => text.parse().map(canonical),
        };
        texts
            .iter()
            .map(network)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Is this, in its canonical form, the address of one?
    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// A network of IPv4 addresses that are written as of IPv6 is one of IPv4.
fn canonical(network: IpNet) -> IpNet {
    let IpAddr::V4(address) = network.addr().to_canonical() else {
        return network;
    };
    let prefix = match network {
        IpNet::V4(_) => Some(network.prefix_len()),
        IpNet::V6(_) => network.prefix_len().checked_sub(96),
    };
    let mapped = prefix.and_then(|prefix| Ipv4Net::new(address, prefix).ok());
    mapped.map_or(network, IpNet::V4)
}

/// The client's address. `X-Forwarded-For` grows at its end, so the last entry that is no trusted proxy
/// is the client, or else the first of those that are; from anybody but a trusted proxy the header says nothing.
pub(super) fn address(
    extensions: &Extensions,
    headers: &HeaderMap,
    proxies: &Proxies,
) -> Option<IpAddr> {
    let peer = extensions.get::<Peer>()?.0.ip().to_canonical();
    if !proxies.contains(peer) {
        return Some(peer);
    }
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|hops| hops.split(','))
        .collect();
    let mut furthest = peer;
    for hop in hops.iter().rev() {
        // What stands before a hop that is no address was said by nobody that is trusted.
        let Ok(hop) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        furthest = hop.to_canonical();
        if !proxies.contains(furthest) {
            break;
        }
    }
    Some(furthest)
}

/// Whose requests are counted together: all of a network of 64 bits in IPv6, which is the least that one customer is
/// given and of which one may use each address in turn.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(network.into())
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::http::{Extensions, HeaderMap, HeaderValue};

    use super::{Peer, Proxies, address, counted};

    fn proxies(texts: &[&str]) -> Proxies {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Proxies::of(&texts).unwrap()
    }

    fn seen(peer: &str, forwarded: Option<&'static str>, proxies: &Proxies) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().unwrap()));
        let mut headers = HeaderMap::new();
        if let Some(forwarded) = forwarded {
            headers.insert("x-forwarded-for", HeaderValue::from_static(forwarded));
        }
        let found = address(&extensions, &headers, proxies).unwrap();
        found.to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxy = proxies(&["10.0.0.1"]);
        for (peer, forwarded, want) in [
            ("10.0.0.1:1", Some("198.51.100.7"), "198.51.100.7"),
            (
                "10.0.0.1:1",
                Some("6.6.6.6, 198.51.100.7, 10.0.0.1"),
                "198.51.100.7",
            ),
            ("10.0.0.1:1", Some("6.6.6.6, nonsense"), "10.0.0.1"),
            ("10.0.0.1:1", None, "10.0.0.1"),
            ("203.0.113.9:1", Some("198.51.100.7"), "203.0.113.9"),
            ("[::ffff:203.0.113.9]:1", None, "203.0.113.9"),
        ] {
            assert_eq!(seen(peer, forwarded, &proxy), want, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn networks_of_proxies_are_believed_and_no_address_beside_them() {
        let ours = proxies(&["10.1.0.0/16", "2001:db8:1::/48", "::ffff:192.0.2.0/120"]);
        for (peer, forwarded, want) in [
            ("10.1.255.9:1", Some("198.51.100.7"), "198.51.100.7"),
            ("10.2.0.1:1", Some("198.51.100.7"), "10.2.0.1"),
            ("[2001:db8:1:ff::9]:1", Some("198.51.100.7"), "198.51.100.7"),
            ("[2001:db8:2::9]:1", Some("198.51.100.7"), "2001:db8:2::9"),
            ("192.0.2.200:1", Some("198.51.100.7"), "198.51.100.7"),
            ("[::ffff:10.1.2.3]:1", Some("198.51.100.7"), "198.51.100.7"),
            (
                "10.1.0.1:1",
                Some("6.6.6.6, 198.51.100.7, 2001:db8:1::2, 10.1.4.4"),
                "198.51.100.7",
            ),
            // A client within the network itself.
            ("10.1.0.1:1", Some("10.1.7.7, 10.1.4.4"), "10.1.7.7"),
        ] {
            assert_eq!(seen(peer, forwarded, &ours), want, "{peer} {forwarded:?}");
        }
        for wrong in [
            "10.0.0.0/33",
            "10.0.0/8",
            "example.org",
            "10.0.0.1:80",
            "/8",
        ] {
            assert!(Proxies::of(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_of_one_customer_are_counted_together() {
        for (address, want) in [
            ("198.51.100.7", "198.51.100.7"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::9", "2001:db8:1:2::"),
            ("2001:db8:1:3::9", "2001:db8:1:3::"),
        ] {
            let found = counted(address.parse::<IpAddr>().unwrap());
            assert_eq!(found.to_string(), want, "{address}");
        }
    }
}
