//! Who is refused while still sending is let finish, within limits: a connection that closes on unread
//! bytes is reset, and the answer that says why is lost on its way.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use futures::{Stream, StreamExt as _};
use tokio::time::timeout;

/// What is read of a refused body, and for how long.
const MOST_BYTES: usize = 16 << 20;
const MOST_TIME: Duration = Duration::from_secs(5);

/// Reads on after a refusal.
pub(super) async fn read_on(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body.into_data_stream())));
    let mut rest = shared.clone();
    let request = Request::from_parts(parts, Body::from_stream(shared));
    let response = next.run(request).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        let reading = async {
            let mut read = 0;
            while let Some(Ok(piece)) = rest.next().await {
                read += piece.len();
                if read > MOST_BYTES {
                    break;
                }
            }
        };
        // Slower than that, the connection may as well be reset.
        let _ = timeout(MOST_TIME, reading).await;
    }
    response
}

/// A body that the handler and whoever reads on share; the handler has let go of it by then.
#[derive(Clone)]
struct Shared(Arc<Mutex<BodyDataStream>>);

impl Stream for Shared {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stream.poll_next_unpin(context)
    }
}
