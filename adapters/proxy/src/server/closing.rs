//! Closing a connection from within a request.

use std::sync::Arc;
use tokio::sync::Notify;

/// Closes the connection that a request came on, an extension of each request.
#[derive(Clone, Debug, Default)]
pub struct Closing(Arc<Notify>);

impl Closing {
    /// The connection ends when it has answered what it was asked until now: `Connection: close` in
    /// HTTP/1.1, GOAWAY in HTTP/2.
    pub fn close(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn asked(&self) {
        self.0.notified().await;
    }
}
