//! The broker's URL, checked before anything is sent. No error repeats it: it holds a password.

use std::net::{Ipv4Addr, Ipv6Addr};

use lapin::uri::{AMQPScheme, AMQPUri};
use url::{Host, Url};

use super::{QueueError, RabbitSettings};

pub(super) fn parse(settings: &RabbitSettings) -> Result<AMQPUri, QueueError> {
    let wrong = |what: &str| QueueError::new(format!("QUEUE_URL {what}"));
    let url = Url::parse(&settings.url).map_err(|_| wrong("is not a URL"))?;
    if !["amqp", "amqps"].contains(&url.scheme()) {
        return Err(wrong("must begin with amqp:// or amqps://"));
    }
    let host = url.host().ok_or_else(|| wrong("names no host"))?;
    let mut uri: AMQPUri = settings
        .url
        .parse()
        .map_err(|_| wrong("is not the URL of a broker"))?;
    // The parser takes an IPv6 address for no host at all, and that for this machine.
    if let Host::Ipv6(address) = host {
        uri.authority.host = address.to_string();
    }
    if uri.scheme == AMQPScheme::AMQP && !is_loopback(&host) && !settings.allow_plaintext {
        return Err(wrong(
            "would send plaintext to another machine: use amqps:// or allow plaintext",
        ));
    }
    // A closing slash means the virtual host without a name, which nobody has.
    if uri.vhost.is_empty() {
        "/".clone_into(&mut uri.vhost);
    }
    let heartbeat = settings.heartbeat.as_secs().clamp(1, u64::from(u16::MAX));
    uri.query.heartbeat = Some(heartbeat as u16);
    Ok(uri)
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => *address == Ipv6Addr::LOCALHOST,
        Host::Domain(name) => {
            *name == "localhost" || name.parse().is_ok_and(|a: Ipv4Addr| a.is_loopback())
        }
    }
}
