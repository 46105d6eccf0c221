//! Why there is no answer.

use crate::{AuthError, Unmet};
use kubecred_core::Failure;
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
    /// The URI names another server than the profile.
    #[error("the request is for another server than the one of the profile")]
    OtherServer,
    /// The path is not one.
    #[error("{0:?} is not a path")]
    Path(String),
    /// The server's URL is not one.
    #[error("the server {0:?} is not an http or https URL")]
    Server(String),
    /// The profile's time limit is over.
    #[error("no answer within {} s", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The connection needs something that the embedder is not known to do.
    #[error(transparent)]
    Unmet(#[from] Unmet),
}
