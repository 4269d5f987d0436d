//! Hosts and URLs that may and may not be dialled, judged in a small world of names.

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
