//! Why there is no answer.

use crate::{AuthError, MissingCapability};
use kubecred_core::Failure;
use kubecred_host::net::AddressError;
use std::time::Duration;

/// Why [`Client`](crate::Client) has no answer to a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// There is no credential.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// There is no connection, it broke, or the request cannot be sent.
    #[error("no answer from the server: {0}")]
    Http(Failure),
    /// The server's URL is not one, or the request is not for this server.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The profile's time limit is over.
    #[error("no answer within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The connection needs something that the embedder is not known to do.
    #[error(transparent)]
    MissingCapability(#[from] MissingCapability),
}
