//! Where a request comes from, for callers that a browser knows by itself: a cookie goes with every
//! request to this service, whoever made the browser send it.

use axum::http::{HeaderMap, Method, Uri, header};
use subtle::ConstantTimeEq as _;

use super::problem::ApiError;

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

#[cfg(test)]
mod tests {
    use super::*;

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
