//! One part of the credential: given outright, or fetched and kept fresh.

use super::refreshed::Refreshed;
use crate::error::Error;
use crate::policy::Policy;
use crate::source::{CredentialParts, Source};
use crate::time::{Instant, Now, UnixTime};
use alloc::boxed::Box;

/// Where one part of the credential is held.
#[derive(Debug)]
pub(crate) enum Slot {
    /// Given outright, and good: it never changes.
    Constant(Box<CredentialParts>),
    /// Given outright, and no good: no request can ever be sent.
    Invalid(Box<Error>),
    /// Fetched from a source, and fetched again.
    Refreshed(Box<Refreshed>),
}

/// What a request can have of a slot.
#[derive(Debug)]
pub(crate) enum SlotState<'a> {
    Ready(&'a CredentialParts),
    Failed(&'a Error),
    Pending,
}

impl Slot {
    /// A slot that fetches on demand.
    pub(crate) fn refreshed(source: impl Source + 'static) -> Self {
        Self::Refreshed(Box::new(Refreshed::new(Box::new(source))))
    }

    /// A slot for what was given outright.
    pub(crate) fn constant(checked: Result<CredentialParts, Error>) -> Self {
        match checked {
            Ok(parts) => Self::Constant(Box::new(parts)),
            Err(error) => Self::invalid(error),
        }
    }

    /// A slot that can never hold anything.
    pub(crate) fn invalid(error: Error) -> Self {
        Self::Invalid(Box::new(error))
    }

    /// The same slot, for a login that another one is made with.
    pub(crate) fn into_bootstrap(self) -> Self {
        match self {
            Self::Refreshed(slot) => Self::Refreshed(Box::new(slot.into_bootstrap())),
            constant => constant,
        }
    }

    pub(crate) fn as_refreshed(&self) -> Option<&Refreshed> {
        match self {
            Self::Refreshed(slot) => Some(slot),
            Self::Constant(_) | Self::Invalid(_) => None,
        }
    }

    pub(crate) fn as_refreshed_mut(&mut self) -> Option<&mut Refreshed> {
        match self {
            Self::Refreshed(slot) => Some(slot),
            Self::Constant(_) | Self::Invalid(_) => None,
        }
    }

    /// What is held, whether it is still good or not.
    pub(crate) fn held(&self) -> Option<&CredentialParts> {
        match self {
            Self::Constant(parts) => Some(parts),
            Self::Invalid(_) => None,
            Self::Refreshed(slot) => slot.held(),
        }
    }

    /// What a request can have now.
    #[inline]
    pub(crate) fn state(&self, now: Now) -> SlotState<'_> {
        match self {
            Self::Constant(parts) => SlotState::Ready(parts),
            Self::Invalid(error) => SlotState::Failed(error),
            Self::Refreshed(slot) => slot.state(now),
        }
    }

    /// The end of what is held on the wall clock.
    #[inline]
    pub(crate) fn expires(&self) -> Option<UnixTime> {
        self.as_refreshed().and_then(Refreshed::expires)
    }

    /// Until when what is held may be used without asking again.
    #[inline]
    pub(crate) fn good_until(&self) -> Option<Instant> {
        self.as_refreshed().and_then(Refreshed::good_until)
    }

    /// Whether a `Demand` would tell the machine something that it does not know.
    #[inline]
    pub(crate) fn asks_for_demand(&self, now: Now, policy: &Policy) -> bool {
        self.as_refreshed().is_some_and(|slot| slot.asks_for_demand(now, policy))
    }

    /// Whether what is held has ended.
    pub(crate) fn is_expired(&self, now: Now) -> bool {
        self.as_refreshed().is_some_and(|slot| slot.is_expired(now))
    }

    /// Whether it can never hold anything.
    pub(crate) const fn is_permanently_failed(&self) -> bool {
        matches!(self, Self::Invalid(_))
    }
}
