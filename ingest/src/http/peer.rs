//! From where a request comes: the address of the connection, or what a proxy that is trusted says of it.

use std::net::{IpAddr, SocketAddr};

use axum::http::{Extensions, HeaderMap};

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub SocketAddr);

/// The client's address. `X-Forwarded-For` grows at its end, so the last entry that is no trusted proxy
/// is the client; from anybody but a trusted proxy the header says nothing.
pub(super) fn address(
    extensions: &Extensions,
    headers: &HeaderMap,
    proxies: &[IpAddr],
) -> Option<IpAddr> {
    let peer = extensions.get::<Peer>()?.0.ip().to_canonical();
    if !proxies.contains(&peer) {
        return Some(peer);
    }
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|hops| hops.split(','))
        .collect();
    for hop in hops.iter().rev() {
        match hop.trim().parse::<IpAddr>() {
            Ok(hop) if proxies.contains(&hop.to_canonical()) => {}
            Ok(hop) => return Some(hop.to_canonical()),
            // What stands before a hop that is no address was said by nobody that is trusted.
            Err(_) => break,
        }
    }
    Some(peer)
}

#[cfg(test)]
mod tests {
    use axum::http::{Extensions, HeaderMap, HeaderValue};

    use super::{Peer, address};

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxy = "10.0.0.1".parse().unwrap();
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
            let mut extensions = Extensions::new();
            extensions.insert(Peer(peer.parse().unwrap()));
            let mut headers = HeaderMap::new();
            if let Some(forwarded) = forwarded {
                headers.insert("x-forwarded-for", HeaderValue::from_static(forwarded));
            }
            let found = address(&extensions, &headers, &[proxy]).unwrap();
            assert_eq!(found.to_string(), want, "{peer} {forwarded:?}");
        }
    }
}
