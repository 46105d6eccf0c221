//! Tokens that come from the program itself.

use crate::clock::unix;
use crate::fs::fits;
use kubecred_core::protocol::{Provide, Provided};
use kubecred_core::{Failure, FailureKind, Secret};
use std::error::Error;
use std::time::SystemTime;

/// What a token provider says when it fails. Its text ends up in messages for people.
pub type ProviderError = Box<dyn Error + Send + Sync>;

/// A token that the program gives, and when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvidedToken {
    token: Secret,
    expires: Option<SystemTime>,
}

impl ProvidedToken {
    /// A token that is good until a server says otherwise.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self { token: token.into(), expires: None }
    }

    /// It ends at this time, rounded down to the millisecond.
    #[must_use]
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.expires = Some(time);
        self
    }
}

/// The answer to a job, from what the provider said.
///
/// # Errors
/// It failed, or its token is too long.
pub fn provided(
    said: Result<ProvidedToken, ProviderError>,
    request: &Provide,
) -> Result<Provided, Failure> {
    let ProvidedToken { token, expires } =
        said.map_err(|error| Failure::new(FailureKind::Other, error.to_string()))?;
    fits(token.len() as u64, request.limit)?;
    Ok(Provided { token, expires: expires.map(unix) })
}

/// What a host answers whose program has no token provider.
pub fn no_provider() -> Failure {
    Failure::new(FailureKind::Unsupported, "this program has no token provider")
}
