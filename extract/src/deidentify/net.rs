//! E-mail addresses, web addresses, IP addresses.

use std::{net::IpAddr, sync::LazyLock};

use regex::Regex;

use super::Found;

pub(crate) fn find(text: &str) -> Vec<Found> {
    static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)\b[a-z0-9._%+\-]+[ ]?@[ ]?[a-z0-9\-]+(?:\.[a-z0-9\-]+)+\b")
            .expect("a valid expression")
    });
    static URL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i)\b(?:https?://|ftp://|www\.)[^\s<>"')\]]+|\b[a-z0-9\-]+(?:\.[a-z0-9\-]+)*\.(?:com|org|net|edu|gov|info|health|clinic|nhs\.uk|co\.uk|org\.uk|ac\.uk)\b(?:/[^\s<>"')\]]*)?"#)
            .expect("a valid expression")
    });
    static IP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b|\b(?:[0-9a-fA-F]{1,4})?(?::{1,2}[0-9a-fA-F]{1,4}){3,7}\b")
            .expect("a valid expression")
    });
    let mut out = Vec::new();
    for (pattern, label) in [(&EMAIL, "EMAIL"), (&URL, "URL")] {
        for found in pattern.find_iter(text) {
            let printed = found.as_str().trim_end_matches(['.', ',', ';']);
            let span = found.start()..found.start() + printed.len();
            out.push(Found::new(span, label, printed));
        }
    }
    for found in IP.find_iter(text) {
        if found.as_str().parse::<IpAddr>().is_ok() {
            out.push(Found::new(found.range(), "IP", found.as_str()));
        }
    }
    out
}
