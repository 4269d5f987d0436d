//! The page: its files as they were built, in the program itself.
//!
//! Every file but the first is named after its content and so is good for ever. The policy lets the page
//! load nothing from elsewhere, run no script and take no style that does not lie here, and stand in no
//! frame.

use std::{io::Write as _, sync::LazyLock};

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use flate2::{Compression, write::GzEncoder};
use rust_embed::RustEmbed;

use super::{Api, problem::ApiError};

#[derive(RustEmbed)]
#[folder = "ui/dist"]
struct Built;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// A file of the page.
struct File {
    name: String,
    bytes: Vec<u8>,
    gzip: Vec<u8>,
    etag: String,
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let files = Built::iter().filter_map(|name| Some((name.to_string(), Built::get(&name)?)));
    files
        .map(|(name, file)| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            // A vector takes all that is written.
            let gzip = encoder
                .write_all(&file.data)
                .and_then(|()| encoder.finish())
                .unwrap_or_default();
            let digest = file.metadata.sha256_hash();
            let etag = digest.iter().take(8).map(|byte| format!("{byte:02x}"));
            File {
                name,
                bytes: file.data.into_owned(),
                gzip,
                etag: format!("\"{}\"", etag.collect::<String>()),
            }
        })
        .collect()
});

/// `/` and what it loads.
pub(super) fn router() -> Router<Api> {
    let index = async |headers: HeaderMap| file("index.html", &headers);
    let asset = async |Path(name): Path<String>, headers: HeaderMap| {
        file(&format!("assets/{name}"), &headers)
    };
    Router::new()
        .route("/", get(index))
        .route("/assets/{name}", get(asset))
}

fn file(name: &str, headers: &HeaderMap) -> Response {
    let Some(file) = FILES.iter().find(|file| file.name == name) else {
        return ApiError::NotFound.into_response();
    };
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_first = name == "index.html";
    let mut answer = if text(header::IF_NONE_MATCH) == Some(&file.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if text(header::ACCEPT_ENCODING).is_some_and(|accepted| accepted.contains("gzip")) {
        ([(header::CONTENT_ENCODING, "gzip")], file.gzip.as_slice()).into_response()
    } else {
        file.bytes.as_slice().into_response()
    };
    let fields = answer.headers_mut();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            fields.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, media_type(name));
    set(header::ETAG, &file.etag);
    set(header::VARY, "Accept-Encoding");
    set(
        header::CACHE_CONTROL,
        if is_first {
            "no-cache"
        } else {
            "public, max-age=31536000, immutable"
        },
    );
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::REFERRER_POLICY, "no-referrer");
    answer
}

/// What went wrong, for a person who came by a link.
pub(super) fn problem(error: ApiError) -> Response {
    let (status, problem, after) = error.parts();
    let [style, icon] = [".css", ".svg"].map(|kind| {
        let file = FILES.iter().find(|file| file.name.ends_with(kind));
        file.map_or("", |file| &file.name)
    });
    let text = |text: String| text.replace('&', "&amp;").replace('<', "&lt;");
    let (title, detail) = (text(problem.title), text(problem.detail));
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{title} · medbot</title><link rel=\"stylesheet\" href=\"/{style}\">\
         <link rel=\"icon\" href=\"/{icon}\" type=\"image/svg+xml\">\
         <main class=\"alone\"><div class=\"card sign-in\"><h1>{title}</h1><p>{detail}</p>\
         <a class=\"button is-primary\" href=\"/\">Back to medbot</a></div></main></html>"
    );
    let mut answer = (status, html).into_response();
    let fields = answer.headers_mut();
    let fixed = [
        (header::CONTENT_TYPE, media_type("html")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        fields.insert(name, HeaderValue::from_static(value));
    }
    if status == StatusCode::UNAUTHORIZED {
        fields.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(after) = after {
        fields.insert(header::RETRY_AFTER, after.into());
    }
    answer
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
