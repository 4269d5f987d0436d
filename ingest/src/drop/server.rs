//! The server as a client sees it: where it is, which key opens it, and what its answers mean.
//!
//! Redirects are not followed, since the key and the documents would follow them. A proxy of the
//! environment is used for other machines only.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use chrono::Utc;
use http::{HeaderValue, StatusCode, header};
use infra::webhook::retry_after;
use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use schemas::Problem;
use url::{Host, Url};

/// Until there is a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Until a small request is answered.
const ANSWER: Duration = Duration::from_secs(30);
/// The longest that a server may ask to be left alone.
const LONGEST_REST: Duration = Duration::from_mins(5);

/// A URL that is no server's. None of the sentences repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WrongUrl {
    #[error("--server is a URL such as https://medbot.example.org")]
    NoUrl,
    #[error("--server holds a name or a key: the key belongs into the file of MEDBOT_API_KEY_FILE")]
    Secret,
    #[error(
        "--server would send documents to another machine in plaintext: use https, or set \
         MEDBOT_ALLOW_PLAINTEXT=1"
    )]
    Plaintext,
}

/// Checks a server's URL. What comes out ends in `/`.
///
/// # Errors
/// [`WrongUrl`].
pub(super) fn address(text: &str, allow_plaintext: bool) -> Result<Url, WrongUrl> {
    let mut url = Url::parse(text).map_err(|_| WrongUrl::NoUrl)?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(WrongUrl::Secret);
    }
    if !matches!(url.scheme(), "http" | "https") || url.fragment().is_some() {
        return Err(WrongUrl::NoUrl);
    }
    if url.scheme() == "http" && !is_this_machine(&url) && !allow_plaintext {
        return Err(WrongUrl::Plaintext);
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// What an answer means for what comes next.
#[derive(Debug)]
pub(super) enum Answer {
    /// The answer to the question.
    Done(Response),
    /// Nothing has changed.
    Same,
    /// What was asked about is refused for good.
    Refused(Problem),
    /// There is no such thing.
    Missing,
    /// Something stands in the way for now.
    Conflict(Option<Duration>),
    /// Ask again, after this long if the server said so.
    Later(Option<Duration>),
    /// Nothing that is asked will be answered; in words.
    Never(&'static str),
}

/// A server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    client: Client,
    base: Url,
    key: Option<HeaderValue>,
}

impl Server {
    /// Reads the key and opens nothing yet.
    ///
    /// # Errors
    /// When the key cannot be read, or there are no certificates to trust.
    pub(super) fn new(base: Url, key_file: Option<&Path>) -> anyhow::Result<Self> {
        let key = key_file.map(key).transpose()?;
        let mut client = Client::builder()
            .user_agent(concat!("medbot/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            // One body a connection: none waits for another's window.
            .http1_only();
        if is_this_machine(&base) {
            client = client.no_proxy();
        }
        if base.scheme() == "http" {
            // Nothing to verify, so nothing to load.
            client = client.tls_certs_only([]);
        }
        let client = client
            .build()
            .context("the certificates that this machine trusts cannot be read")?;
        Ok(Self { client, base, key })
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.with_key(self.client.get(self.at(path)))
            .timeout(ANSWER)
    }

    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.with_key(self.client.post(self.at(path)))
    }

    /// Joins text that stands in this program or is a UUID.
    fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        url
    }

    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.key {
            Some(key) => request.header(header::AUTHORIZATION, key.clone()),
            None => request,
        }
    }

    /// What the answer means.
    pub(super) async fn read(&self, response: Response) -> Answer {
        let status = response.status();
        let rest = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| retry_after(value.to_str().ok()?, Utc::now()))
            .map(|rest| rest.min(LONGEST_REST));
        match status {
            StatusCode::NOT_MODIFIED => Answer::Same,
            StatusCode::UNAUTHORIZED if self.key.is_none() => Answer::Never(
                "the server wants a key: name the file that holds it in MEDBOT_API_KEY_FILE",
            ),
            StatusCode::UNAUTHORIZED => Answer::Never("the server does not know the key"),
            StatusCode::FORBIDDEN => Answer::Never("the key may not do this on the server"),
            StatusCode::NOT_FOUND | StatusCode::GONE => Answer::Missing,
            StatusCode::CONFLICT => Answer::Conflict(rest),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Answer::Later(rest)
            }
            StatusCode::METHOD_NOT_ALLOWED => Answer::Never(NOT_MEDBOT),
            status if status.is_success() => Answer::Done(response),
            status if status.is_redirection() => {
                Answer::Never("--server answers with a redirect: give the URL that it points to")
            }
            status if status.is_server_error() => Answer::Later(rest),
            status => Answer::Refused(response.json().await.unwrap_or_else(|_| Problem {
                kind: "about:blank".into(),
                title: status.canonical_reason().unwrap_or_default().into(),
                detail: format!("the server answered {status}"),
            })),
        }
    }
}

/// What answers there is something else.
pub(super) const NOT_MEDBOT: &str = "what answers at --server is no medbot";

fn key(path: &Path) -> anyhow::Result<HeaderValue> {
    let cannot = || format!("the key in {} cannot be used", path.display());
    let text = std::fs::read_to_string(path).with_context(cannot)?;
    let mut value = HeaderValue::from_str(&format!("Bearer {}", text.trim()))
        .map_err(|_| anyhow::anyhow!("it is not one line of printable characters"))
        .with_context(cannot)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::{Server, WrongUrl, address};

    #[test]
    fn a_key_or_plaintext_does_not_leave_this_machine() {
        for (text, allow, expected) in [
            ("https://a.example", false, Ok("https://a.example/")),
            (
                "https://a.example/medbot",
                false,
                Ok("https://a.example/medbot/"),
            ),
            ("http://127.0.0.1:80", false, Ok("http://127.0.0.1/")),
            ("http://[::1]:8080", false, Ok("http://[::1]:8080/")),
            (
                "http://LOCALHOST:8080/",
                false,
                Ok("http://localhost:8080/"),
            ),
            ("http://a.example", false, Err(WrongUrl::Plaintext)),
            ("http://localhost.example", false, Err(WrongUrl::Plaintext)),
            ("http://127.0.0.1.example", false, Err(WrongUrl::Plaintext)),
            ("http://10.0.0.1", false, Err(WrongUrl::Plaintext)),
            ("http://10.0.0.1", true, Ok("http://10.0.0.1/")),
            ("https://me:secret@a.example", true, Err(WrongUrl::Secret)),
            ("https://a.example?key=secret", true, Err(WrongUrl::Secret)),
            ("a.example:8080", true, Err(WrongUrl::NoUrl)),
            ("ftp://a.example", true, Err(WrongUrl::NoUrl)),
        ] {
            let found = address(text, allow).map(String::from);
            assert_eq!(found, expected.map(String::from), "{text}");
        }
    }

    #[test]
    fn a_path_before_the_routes_is_kept() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = address("http://127.0.0.1:9/clinic", false).unwrap();
        let server = Server::new(base, None).unwrap();
        let url = server.at("v1/documents");
        assert_eq!(url.as_str(), "http://127.0.0.1:9/clinic/v1/documents");
    }
}
