//! What a machine says at one moment, and for how long that holds: for hosts whose callers must not
//! wait for the machine, nor decide anything themselves.

use super::authenticator::Authenticator;
use crate::credential::{ConnectionParts, Credential, Unavailable};
use crate::error::Error;
use crate::time::{Instant, Now, UnixTime};

/// What there is: `C` is a credential, in the form in which a host keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[expect(clippy::exhaustive_enums, reason = "a caller must decide about each")]
pub enum Availability<C, E = Error> {
    /// This.
    Ready(C),
    /// Nothing: the last attempt failed.
    Failed(E),
    /// Nothing yet.
    #[default]
    Pending,
    /// Nothing ever again: the machine is closed.
    Closed,
}

/// The machine's answer to the question that every request asks, owned. At any later time it says
/// what the machine itself would say then, as long as nothing has been handed in to that.
///
/// ```
/// use kubecred_core::{Authentication, Authenticator, Availability, Input, Now, Policy, Profile};
///
/// let mut profile = Profile::new("https://10.0.0.1:6443");
/// profile.authentication = Authentication::token("hunter2");
/// let mut machine = Authenticator::new(&profile, Policy::default(), 0);
/// let now = Now::from_millis(0, 0);
/// machine.handle_input(now, Input::Tick);
///
/// // A host keeps it in the form that it needs: here, the number of headers.
/// let snapshot = machine.snapshot(now, |lent| lent.headers.len());
/// assert_eq!(snapshot.at(Now::from_millis(86_400_000, 86_400_000)), Availability::Ready(&1));
/// assert!(!snapshot.wants_demand(now));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Snapshot<C, E = Error> {
    answer: Availability<C, E>,
    good_until: Option<Instant>,
    expires: Option<UnixTime>,
    demand_from: Option<Instant>,
}

/// Of a machine that has not said anything.
impl<C, E> Default for Snapshot<C, E> {
    fn default() -> Self {
        Self { answer: Availability::Pending, good_until: None, expires: None, demand_from: None }
    }
}

impl<C, E> Snapshot<C, E> {
    /// What there is now, by both clocks. What has ended is [`Availability::Pending`].
    #[inline]
    pub fn at(&self, now: Now) -> Availability<&C, &E> {
        match &self.answer {
            Availability::Closed => Availability::Closed,
            _ if self.is_over(now) => Availability::Pending,
            _ => self.taken(),
        }
    }

    /// What there was when it was taken.
    #[inline]
    pub const fn taken(&self) -> Availability<&C, &E> {
        match &self.answer {
            Availability::Ready(credential) => Availability::Ready(credential),
            Availability::Failed(error) => Availability::Failed(error),
            Availability::Pending => Availability::Pending,
            Availability::Closed => Availability::Closed,
        }
    }

    /// Whether to hand in [`Input::Demand`](crate::Input::Demand) when somebody asks now: that tells
    /// the machine something. Once is enough; another snapshot follows from it.
    #[inline]
    pub fn wants_demand(&self, now: Now) -> bool {
        let over = !matches!(self.answer, Availability::Closed) && self.is_over(now);
        over || self.demand_from.is_some_and(|from| from <= now.monotonic)
    }

    /// Whether it says the same at any time, so that no clock need be read.
    #[inline]
    pub const fn is_timeless(&self) -> bool {
        self.good_until.is_none() && self.expires.is_none() && self.demand_from.is_none()
    }

    /// Up to when the answer holds, by the monotonic clock; `None`: until another snapshot.
    pub const fn good_until(&self) -> Option<Instant> {
        self.good_until
    }

    /// When the credential ends by the wall clock, if that is known.
    pub const fn expires(&self) -> Option<UnixTime> {
        self.expires
    }

    /// From when on the machine wants to hear of a use; `None`: not before another snapshot.
    pub const fn demand_from(&self) -> Option<Instant> {
        self.demand_from
    }

    /// The same with another form of error.
    pub fn map_error<F>(self, change: impl FnOnce(E) -> F) -> Snapshot<C, F> {
        let Self { answer, good_until, expires, demand_from } = self;
        let answer = match answer {
            Availability::Ready(credential) => Availability::Ready(credential),
            Availability::Failed(error) => Availability::Failed(change(error)),
            Availability::Pending => Availability::Pending,
            Availability::Closed => Availability::Closed,
        };
        Snapshot { answer, good_until, expires, demand_from }
    }

    fn is_over(&self, now: Now) -> bool {
        self.good_until.is_some_and(|until| until <= now.monotonic)
            || self.expires.is_some_and(|end| end <= now.wall)
    }
}

impl<C> Snapshot<C> {
    fn new(answer: Result<C, Unavailable<'_>>) -> Self {
        let answer = match answer {
            Ok(credential) => Availability::Ready(credential),
            Err(Unavailable::Failed(error)) => Availability::Failed(error.clone()),
            Err(Unavailable::Pending) => Availability::Pending,
            Err(Unavailable::Closed) => Availability::Closed,
        };
        Self { answer, ..Self::default() }
    }
}

impl Authenticator {
    /// What [`credential`](Self::credential) says now, in the form that `own` makes of it.
    pub fn snapshot<C>(&self, now: Now, own: impl FnOnce(Credential<'_>) -> C) -> Snapshot<C> {
        let lent = self.credential(now);
        let (good_until, expires) = match &lent {
            Ok(lent) => (lent.good_until, lent.expires),
            Err(_) => (self.failed_until(now), None),
        };
        let demand_from = self.demand_from(now);
        Snapshot { good_until, expires, demand_from, ..Snapshot::new(lent.map(own)) }
    }

    /// What [`connection`](Self::connection) says now, in the form that `own` makes of it. What it
    /// wants is [`Input::DemandConnection`](crate::Input::DemandConnection).
    pub fn connection_snapshot<C>(
        &self,
        now: Now,
        own: impl FnOnce(ConnectionParts<'_>) -> C,
    ) -> Snapshot<C> {
        let lent = self.connection(now);
        let (good_until, expires) = match &lent {
            Ok(lent) => (lent.good_until, lent.expires),
            Err(_) => (self.connection_failed_until(now), None),
        };
        let demand_from = self.connection_demand_from(now);
        Snapshot { good_until, expires, demand_from, ..Snapshot::new(lent.map(own)) }
    }
}
