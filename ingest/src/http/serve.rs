//! Serving: connections with limits on how slowly one may ask, and an end that leaves none hanging.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request};
use futures::FutureExt as _;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tower::ServiceExt as _;

use super::peer::Peer;

/// The longest that the headers of a request may take.
const HEADERS: Duration = Duration::from_secs(10);
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
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS);
    let drain = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let begin = |stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit| {
        let _ = stream.set_nodelay(true);
        let service = router
            .clone()
            .map_request(move |request: Request<Incoming>| {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(Peer(peer));
                request
            });
        let connection = http
            .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service))
            .into_owned();
        let connection = drain.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is the client's business.
            let _ = pin!(connection).await;
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
