//! What there is at a moment, as every host says it.

use crate::{AuthError, Credential};
use kubecred_core::{Authenticator, Availability, Error, Identity, Now, Secret, Snapshot};

/// Why there is no credential at this moment.
#[derive(Clone, Debug)]
pub enum Unavailable {
    /// The authenticator is closed.
    Closed,
    /// The last attempt failed.
    Failed(Box<AuthError>),
    /// There will never be one.
    Invalid(Box<AuthError>),
    /// It is being fetched.
    Pending,
}

impl Unavailable {
    /// The last attempt failed like this.
    pub fn failed(error: &Error) -> Self {
        Self::Failed(Box::new(AuthError::Source(error.clone())))
    }

    /// There will never be one, for this reason.
    pub fn invalid(error: &AuthError) -> Self {
        Self::Invalid(Box::new(error.clone()))
    }

    /// As an error, unless it is worth waiting.
    pub fn error(self) -> Option<AuthError> {
        match self {
            Self::Closed => Some(AuthError::Closed),
            Self::Failed(error) | Self::Invalid(error) => Some(*error),
            Self::Pending => None,
        }
    }
}

/// What a host keeps of its machine: a credential, or that it cannot be sent over HTTP.
pub type CredentialSnapshot = Snapshot<Result<Credential, AuthError>>;

/// What the machine says now. `connection` counts the changes of certificate and roots; `kept` is
/// what was said before, used again if it is the same.
pub fn snapshot(
    machine: &Authenticator,
    now: Now,
    connection: u64,
    kept: Option<&Credential>,
) -> CredentialSnapshot {
    machine.snapshot(now, |lent| match kept {
        Some(kept) if kept.is_same(&lent, connection) => Ok(kept.clone()),
        _ => Credential::new(&lent, connection),
    })
}

/// A part of a snapshot as a result.
///
/// # Errors
/// Why there is nothing.
pub fn answer(
    said: Availability<&Result<Credential, AuthError>, &Error>,
) -> Result<Credential, Unavailable> {
    match said {
        Availability::Ready(Ok(credential)) => Ok(credential.clone()),
        Availability::Ready(Err(error)) => Err(Unavailable::invalid(error)),
        Availability::Failed(error) => Err(Unavailable::failed(error)),
        Availability::Pending => Err(Unavailable::Pending),
        Availability::Closed => Err(Unavailable::Closed),
    }
}

/// What TLS needs, for a request that brings an `authorization` of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsMaterial {
    /// The trusted roots as PEM; `None`: those of the system. Empty: trust nothing (UA-33).
    pub roots: Option<Secret>,
    /// The client certificate.
    pub identity: Option<Identity>,
}

impl From<kubecred_core::ConnectionParts<'_>> for TlsMaterial {
    fn from(lent: kubecred_core::ConnectionParts<'_>) -> Self {
        Self { roots: lent.roots.map(Secret::new), identity: lent.identity.cloned() }
    }
}
