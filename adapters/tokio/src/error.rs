//! Why there is no credential, as this host tells it.

use kubecred_core::{ConfigError, Error};

/// Why [`Auth`](crate::Auth) has no credential to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// [`Auth::close`](crate::Auth::close) was called, or the runtime is gone.
    #[error("the authenticator is closed")]
    Closed,
    /// The profile, made by hand, does not make sense: [`Profile::check`](kubecred_core::Profile::check).
    #[error("the profile cannot be used: {0}")]
    Profile(ConfigError),
    /// The last attempt failed and nothing usable is held.
    #[error("getting credentials: {0}")]
    Source(Error),
    /// The credential cannot be sent: a header of this name is not one for HTTP.
    #[error("header {0:?} of the credential cannot be sent over HTTP")]
    Header(String),
}
