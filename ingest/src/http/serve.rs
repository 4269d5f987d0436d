//! Serving: HTTP/1.1, in TLS where there is a certificate, with limits on how slowly one may ask, and an end
//! that leaves no connection hanging.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request};
use futures::FutureExt as _;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tower::ServiceExt as _;

use super::{peer::Peer, tls::Tls};

/// The longest that the headers of a request may take, the silence before them included.
const HEADERS: Duration = Duration::from_secs(10);
/// The longest that a handshake of TLS may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The longest that requests may go on after the end was asked for.
const DRAIN: Duration = Duration::from_secs(25);
/// Connections at once; more wait to be accepted.
const CONNECTIONS: usize = 16_384;

/// Serves until `stop`, then answers what was asked and ends.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    // HTTP/1.1 alone: who looks first which version is spoken waits for the first bytes without an end.
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let drain = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let begin = |stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit| {
        let _ = stream.set_nodelay(true);
        let acceptor = tls.as_ref().map(|tls| tls.acceptor());
        let answering = Answering {
            http: http.clone(),
            router: router.clone(),
            peer,
            watcher: drain.watcher(),
        };
        tokio::spawn(async move {
            match acceptor {
                None => answering.until_done(stream).await,
                // Who does not finish, or speaks no TLS, is gone with its own connection.
                Some(acceptor) => {
                    if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        answering.until_done(stream).await;
                    }
                }
            }
            drop(place);
        });
    };
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many open files, or a connection that was gone at once.
                tracing::warn!(%error, "a connection was not accepted");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        begin(stream, peer, place);
    }
    // Who was connected by the kernel and not accepted yet would be reset with the listener.
    while let Ok(place) = Arc::clone(&room).try_acquire_owned()
        && let Some(Ok((stream, peer))) = listener.accept().now_or_never()
    {
        begin(stream, peer, place);
    }
    drop(listener);
    if timeout(DRAIN, drain.shutdown()).await.is_err() {
        tracing::warn!("some requests were cut off at the end");
    }
    Ok(())
}

/// What the requests of one connection are answered with.
struct Answering {
    http: http1::Builder,
    router: Router,
    peer: SocketAddr,
    watcher: Watcher,
}

impl Answering {
    async fn until_done(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let peer = self.peer;
        let service = self.router.map_request(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            request
        });
        let service = TowerToHyperService::new(service);
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        // A connection that breaks is the client's business.
        let _ = pin!(self.watcher.watch(connection)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::routing::get;
    use futures::future::join_all;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Much longer than any limit on a machine that is busy, and still an end.
    const PATIENCE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn who_says_nothing_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(async || "here"));
        let (tell, told) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, None, router, told));
        let asked = "GET / HTTP/1.1\r\nHost: localhost\r\n";
        let cases = [
            ("nothing at all", String::new(), 0),
            ("half a line", "GE".into(), 0),
            ("half a head", asked.into(), 0),
            ("nothing after an answer", format!("{asked}\r\n"), 1),
            (
                "half a head after an answer",
                format!("{asked}\r\n{asked}"),
                1,
            ),
            (
                "the preface of HTTP/2",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
                0,
            ),
        ];
        let ends = cases.map(|(case, said, answers)| async move {
            let begun = Instant::now();
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            let mut heard = Vec::new();
            // Reset or ended: the server let it go.
            let ended = timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
            assert!(ended.is_ok(), "{case}: it is held");
            assert!(
                begun.elapsed() >= HEADERS || said.starts_with("PRI"),
                "{case}: too soon"
            );
            let heard = String::from_utf8(heard).unwrap();
            assert_eq!(heard.matches("200 OK").count(), answers, "{case}: {heard}");
        });
        join_all(ends).await;
        tell.send_replace(true);
        serving.await.unwrap().unwrap();
    }
}
