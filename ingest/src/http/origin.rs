//! Where a request comes from, for callers that a browser knows by itself: a cookie goes with every
//! request to this service, whoever made the browser send it. And under which name it asks, where whoever
//! asks is believed.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use subtle::ConstantTimeEq as _;

use super::{Api, auth::Authentication, peer, problem::ApiError, refusals};

/// The header with the session's token against forged requests.
pub(super) const CSRF: &str = "x-csrf-token";

/// May this method change anything?
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses a request that a page of another origin made. A browser says the origin with every unsafe
/// method; who says none is no browser.
pub(super) fn not_foreign(headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.get(header::ORIGIN) {
        Some(origin) if !is_own(origin.to_str().ok(), headers) => Err(ApiError::CrossSite),
        _ => Ok(()),
    }
}

/// Refuses a request that was not made by this service's own page, which alone knows the token.
pub(super) fn own_page(headers: &HeaderMap, token: &str) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let given = text(CSRF).unwrap_or_default();
    let same: bool = given.as_bytes().ct_eq(token.as_bytes()).into();
    if same && is_own(text(header::ORIGIN.as_str()), headers) {
        Ok(())
    } else {
        Err(ApiError::CrossSite)
    }
}

/// Does the origin name the host that was asked? The scheme is not compared: a proxy may speak TLS for
/// this service.
fn is_own(origin: Option<&str>, headers: &HeaderMap) -> bool {
    let authority =
        |origin: &str| Some(origin.parse::<Uri>().ok()?.authority()?.as_str().to_owned());
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    match (origin.and_then(authority), host) {
        (Some(origin), Some(host)) => origin.eq_ignore_ascii_case(host),
        _ => false,
    }
}

/// Where whoever asks is the administrator, answers under this machine's own names alone: a page whose
/// name was made to lead here (DNS rebinding) is no other origin to its browser, and says its own name.
pub(super) async fn own_name(State(api): State<Api>, request: Request, next: Next) -> Response {
    if api.authentication == Authentication::Off
        && !names_this_machine(request.uri(), request.headers())
    {
        let address = peer::address(
            request.extensions(),
            request.headers(),
            &api.trusted_proxies,
        );
        refusals::misdirected(&api, address).await;
        return ApiError::Misdirected.into_response();
    }
    next.run(request).await
}

/// Is every name that a request asks under, and there must be one, `localhost` or a loopback address,
/// which no name server can make lead anywhere else?
fn names_this_machine(uri: &Uri, headers: &HeaderMap) -> bool {
    let in_headers = headers.get_all(header::HOST).iter();
    let in_headers = in_headers.map(|host| Authority::try_from(host.as_bytes()).ok());
    let mut names = in_headers
        .chain(uri.authority().map(|authority| Some(authority.clone())))
        .peekable();
    names.peek().is_some() && names.all(|name| name.as_ref().is_some_and(is_this_machine))
}

fn is_this_machine(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let address = address.unwrap_or(host).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_this_machine_and_nothing_else() {
        for (uri, hosts, own) in [
            ("/", &["localhost"][..], true),
            ("/", &["LocalHost:8080"], true),
            ("/", &["127.0.0.1:8080"], true),
            ("/", &["[::1]:8080"], true),
            ("/", &["[::1]"], true),
            ("http://localhost/", &["localhost"], true),
            ("/", &[], false),
            ("/", &[""], false),
            ("/", &["evil.example"], false),
            ("/", &["evil.example:8080"], false),
            ("/", &["localhost.evil.example"], false),
            ("/", &["127.0.0.1.evil.example"], false),
            ("/", &["10.0.0.1"], false),
            ("/", &["0.0.0.0"], false),
            ("/", &["localhost", "evil.example"], false),
            ("/", &["localhost@evil.example"], false),
            ("http://evil.example/", &["localhost"], false),
        ] {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, header::HeaderValue::from_static(host));
            }
            let found = names_this_machine(&uri.parse().unwrap(), &headers);
            assert_eq!(found, own, "{uri} {hosts:?}");
        }
    }

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let fields = fields.iter().map(|(name, value)| {
            let name = header::HeaderName::from_static(name);
            (name, header::HeaderValue::from_static(value))
        });
        fields.collect()
    }

    #[test]
    fn only_the_own_page_with_the_token_passes() {
        let host = ("host", "clinic.example:8080");
        for (case, fields, passes) in [
            (
                "own",
                vec![host, ("origin", "https://clinic.example:8080"), (CSRF, "t")],
                true,
            ),
            (
                "no token",
                vec![host, ("origin", "https://clinic.example:8080")],
                false,
            ),
            (
                "wrong token",
                vec![host, ("origin", "https://clinic.example:8080"), (CSRF, "u")],
                false,
            ),
            ("no origin", vec![host, (CSRF, "t")], false),
            (
                "another port",
                vec![host, ("origin", "https://clinic.example"), (CSRF, "t")],
                false,
            ),
            (
                "another host",
                vec![
                    host,
                    ("origin", "https://clinic.example.evil:8080"),
                    (CSRF, "t"),
                ],
                false,
            ),
            (
                "a hidden origin",
                vec![host, ("origin", "null"), (CSRF, "t")],
                false,
            ),
            (
                "no host",
                vec![("origin", "https://clinic.example:8080"), (CSRF, "t")],
                false,
            ),
        ] {
            assert_eq!(own_page(&headers(&fields), "t").is_ok(), passes, "{case}");
        }
    }

    #[test]
    fn a_foreign_page_is_told_apart_from_no_page() {
        let host = ("host", "127.0.0.1:8080");
        assert!(not_foreign(&headers(&[host])).is_ok());
        assert!(not_foreign(&headers(&[host, ("origin", "http://127.0.0.1:8080")])).is_ok());
        assert!(not_foreign(&headers(&[host, ("origin", "http://evil.example")])).is_err());
    }
}
