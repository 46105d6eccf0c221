//! Informational answers (1xx): a server may send some before the answer, and not for ever.

use http::Request;
use hyper::ext::on_informational;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Go's limit, for HTTP/1.1 and HTTP/2 alike.
pub(crate) const MOST: usize = 5;

/// The server sent more informational answers than that.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("it sent more than {} informational answers (1xx) and no other", MOST)]
pub(crate) struct TooMany;

/// Ends a request of HTTP/1.1 whose server sends too many. Those of HTTP/2 are counted where its
/// frames come in, since hyper tells of none.
pub(super) struct Limit(Arc<Notify>);

impl Limit {
    /// Counts those that come for this request.
    pub(super) fn of<B>(request: &mut Request<B>) -> Self {
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
    pub(super) async fn hold<T>(self, answer: impl Future<Output = T>) -> Result<T, TooMany> {
        tokio::select! {
            answer = answer => Ok(answer),
            () = self.0.notified() => Err(TooMany),
        }
    }
}
