//! The error of all hosts: why there is no credential.

use kubecred_core::{ConfigError, Error};

/// Why there is no credential to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The `Auth` was closed, or its task has ended.
    #[error("the authenticator is closed")]
    Closed,
    /// The profile is invalid: [`Profile::check`](kubecred_core::Profile::check).
    #[error("the profile cannot be used: {0}")]
    Profile(#[source] ConfigError),
    /// The last fetch failed, and there is no older credential to use.
    #[error("getting credentials: {0}")]
    Source(#[source] Error),
    /// The credential cannot be sent: the header of this name is not valid in HTTP.
    #[error("header {0:?} of the credential cannot be sent over HTTP")]
    Header(String),
}
