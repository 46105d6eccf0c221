//! Informational answers (1xx): a server may send some before the answer, and not for ever.

use super::ClientError;
use http::Request;
use hyper::ext::on_informational;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Go's limit.
const MOST: usize = 5;

/// Ends a request whose server sends too many informational answers. HTTP/2 has limits of its own.
pub(crate) struct Limit(Arc<Notify>);

impl Limit {
    /// Counts those that come for this request.
    pub(crate) fn of<B>(request: &mut Request<B>) -> Self {
        let (seen, over) = (AtomicUsize::new(0), Arc::new(Notify::new()));
        let limit = Self(Arc::clone(&over));
        on_informational(request, move |_| {
            if seen.fetch_add(1, Ordering::Relaxed) == MOST {
                over.notify_one();
            }
        });
        limit
    }

    /// The answer, unless too many others come before it.
    pub(crate) async fn hold<T>(self, answer: impl Future<Output = T>) -> Result<T, ClientError> {
        tokio::select! {
            answer = answer => Ok(answer),
            () = self.0.notified() => Err(ClientError::Informational(MOST)),
        }
    }
}
