//! Why there is no credential, as every host tells it.

use kubecred_core::{ConfigError, Error};

/// Why there is no credential to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The authenticator was closed, or what drives it is gone.
    #[error("the authenticator is closed")]
    Closed,
    /// The profile, made by hand, does not make sense: [`Profile::check`](kubecred_core::Profile::check).
    #[error("the profile cannot be used: {0}")]
    Profile(#[source] ConfigError),
    /// The last attempt failed and nothing usable is held.
    #[error("getting credentials: {0}")]
    Source(#[source] Error),
    /// The credential cannot be sent: a header of this name is not one for HTTP.
    #[error("header {0:?} of the credential cannot be sent over HTTP")]
    Header(String),
}
