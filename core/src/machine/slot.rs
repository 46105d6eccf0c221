//! One part of the credential: a constant, or a value that is fetched and refreshed.

use super::refreshed::Refreshed;
use crate::error::Error;
use crate::policy::Policy;
use crate::source::{CredentialParts, Source};
use crate::time::{Instant, Now, UnixTime};
use alloc::boxed::Box;

/// Holds one part of the credential.
#[derive(Debug)]
pub(crate) enum Slot {
    /// A valid constant. It never changes.
    Constant(Box<CredentialParts>),
    /// An invalid constant: no request can ever be sent.
    Invalid(Box<Error>),
    /// Fetched from a source, and refreshed.
    Refreshed(Box<Refreshed>),
}

/// What a slot has for a request.
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

    /// A slot for a constant.
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

    /// Marks the slot as one of the bootstrap login.
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

    /// The current value, expired or not.
    pub(crate) fn held(&self) -> Option<&CredentialParts> {
        match self {
            Self::Constant(parts) => Some(parts),
            Self::Invalid(_) => None,
            Self::Refreshed(slot) => slot.held(),
        }
    }

    /// What the slot has for a request now.
    #[inline]
    pub(crate) fn state(&self, now: Now) -> SlotState<'_> {
        match self {
            Self::Constant(parts) => SlotState::Ready(parts),
            Self::Invalid(error) => SlotState::Failed(error),
            Self::Refreshed(slot) => slot.state(now),
        }
    }

    /// When the current value expires, by the wall clock.
    #[inline]
    pub(crate) fn expires(&self) -> Option<UnixTime> {
        self.as_refreshed().and_then(Refreshed::expires)
    }

    /// Until when the current value may be used without calling the machine again.
    #[inline]
    pub(crate) fn good_until(&self) -> Option<Instant> {
        self.as_refreshed().and_then(Refreshed::good_until)
    }

    /// Whether a `Demand` would have an effect now.
    #[inline]
    pub(crate) fn asks_for_demand(&self, now: Now, policy: &Policy) -> bool {
        self.as_refreshed().is_some_and(|slot| slot.asks_for_demand(now, policy))
    }

    /// From when on a `Demand` would tell the machine something that it does not know.
    pub(crate) fn demand_from(&self, now: Now, policy: &Policy) -> Option<Instant> {
        self.as_refreshed().and_then(|slot| slot.demand_from(now, policy))
    }

    /// When its failure is no answer any more; `None`: never.
    pub(crate) fn failed_until(&self) -> Option<Instant> {
        self.as_refreshed().and_then(Refreshed::failed_until)
    }

    /// Whether the current value has expired.
    pub(crate) fn is_expired(&self, now: Now) -> bool {
        self.as_refreshed().is_some_and(|slot| slot.is_expired(now))
    }

    /// Whether it will never hold a value.
    pub(crate) const fn is_permanently_failed(&self) -> bool {
        matches!(self, Self::Invalid(_))
    }
}
