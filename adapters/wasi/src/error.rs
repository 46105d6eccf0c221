//! Why there is no credential, as this host tells it.

use kubecred_core::Error;

/// Why [`Auth`](crate::Auth) has no credential to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// [`Auth::close`](crate::Auth::close) was called.
    #[error("the authenticator is closed")]
    Closed,
    /// The last attempt failed and nothing usable is held.
    #[error("getting credentials: {0}")]
    Source(Error),
    /// The credential cannot be sent: a header of this name is not one for HTTP.
    #[error("header {0:?} of the credential cannot be sent over HTTP")]
    Header(String),
}
