//! What the machine lends: pure getters, which copy nothing.

use super::authenticator::Authenticator;
use super::held::earliest;
use super::slot::{Slot, SlotState};
use crate::credential::{ConnectionParts, Credential, Unavailable};
use crate::secret::Secret;
use crate::time::{Instant, Now, UnixTime};

impl Authenticator {
    /// What to put on a request now: pure, allocates nothing. The pull form of
    /// [`Action::SetHeaders`](crate::Action::SetHeaders).
    ///
    /// # Errors
    /// Why there is nothing to send now; see [`Unavailable`].
    pub fn credential(&self, now: Now) -> Result<Credential<'_>, Unavailable<'_>> {
        if self.closed {
            return Err(Unavailable::Closed);
        }
        if let Some(error) = &self.invalid {
            return Err(Unavailable::Failed(error));
        }
        let now = self.timeline.on_timeline(now);
        let mut credential = Credential {
            generation: self.outbox.generation(),
            headers: self.outbox.headers(),
            identity: None,
            roots: None,
            expires: None,
            good_until: None,
            demand: false,
        };
        let mut pending = false;
        for slot in self.slots.iter() {
            match slot.state(now) {
                SlotState::Ready(parts) => {
                    credential.identity = credential.identity.or(parts.identity.as_ref());
                    credential.roots =
                        credential.roots.or_else(|| parts.roots.as_ref().map(Secret::expose));
                    credential.demand |= slot.asks_for_demand(now, &self.policy);
                    credential.expires = sooner(credential.expires, slot.expires());
                    credential.good_until = earliest([credential.good_until, slot.good_until()]);
                }
                SlotState::Failed(error) => return Err(Unavailable::Failed(error)),
                SlotState::Pending => pending = true,
            }
        }
        if pending {
            return Err(Unavailable::Pending);
        }
        let by_wall =
            credential.expires.map(|end| now.monotonic.saturating_add(end.since(now.wall)));
        credential.good_until = earliest([credential.good_until, by_wall]);
        credential.good_until = credential.good_until.map(|at| self.timeline.for_host(at));
        Ok(credential)
    }

    /// What TLS needs now, for a request that brings an `authorization` of its own: the trusted roots
    /// and the client certificate. It waits for no plugin and no provider; a certificate that one has
    /// brought is lent while it is good. Fetched after
    /// [`Input::DemandConnection`](crate::Input::DemandConnection).
    ///
    /// # Errors
    /// Why there is nothing to connect with now; see [`Unavailable`].
    pub fn connection(&self, now: Now) -> Result<ConnectionParts<'_>, Unavailable<'_>> {
        if self.closed {
            return Err(Unavailable::Closed);
        }
        let now = self.timeline.on_timeline(now);
        let mut connection = ConnectionParts {
            identity: None,
            roots: None,
            expires: None,
            good_until: None,
            demand: false,
        };
        let mut pending = false;
        for slot in self.slots.connection() {
            match slot.state(now) {
                SlotState::Ready(parts) => {
                    connection.identity = connection.identity.or(parts.identity.as_ref());
                    connection.roots =
                        connection.roots.or_else(|| parts.roots.as_ref().map(Secret::expose));
                    connection.demand |= slot.asks_for_demand(now, &self.policy);
                    connection.expires = sooner(connection.expires, slot.expires());
                    connection.good_until = earliest([connection.good_until, slot.good_until()]);
                }
                SlotState::Failed(error) => return Err(Unavailable::Failed(error)),
                SlotState::Pending => pending = true,
            }
        }
        if pending {
            return Err(Unavailable::Pending);
        }
        if let Some(slot) = self.slots.authorization()
            && let SlotState::Ready(parts) = slot.state(now)
            && let Some(identity) = &parts.identity
        {
            connection.identity = Some(identity);
            connection.expires = sooner(connection.expires, slot.expires());
            connection.good_until = earliest([connection.good_until, slot.good_until()]);
        }
        let by_wall =
            connection.expires.map(|end| now.monotonic.saturating_add(end.since(now.wall)));
        connection.good_until = earliest([connection.good_until, by_wall]);
        connection.good_until = connection.good_until.map(|at| self.timeline.for_host(at));
        Ok(connection)
    }
}

/// How long what it says holds, and when it wants to hear of it.
impl Authenticator {
    /// When the failure that is said now is no answer any more.
    pub(super) fn failed_until(&self, now: Now) -> Option<Instant> {
        if self.closed || self.invalid.is_some() {
            return None;
        }
        self.end_of_failure(self.slots.iter(), now)
    }

    pub(super) fn connection_failed_until(&self, now: Now) -> Option<Instant> {
        if self.closed { None } else { self.end_of_failure(self.slots.connection(), now) }
    }

    /// From when on a demand would tell something.
    pub(super) fn demand_from(&self, now: Now) -> Option<Instant> {
        if self.closed || self.invalid.is_some() || self.slots.is_permanently_failed() {
            return None;
        }
        self.first_demand(self.slots.iter(), now)
    }

    pub(super) fn connection_demand_from(&self, now: Now) -> Option<Instant> {
        if self.closed { None } else { self.first_demand(self.slots.connection(), now) }
    }

    fn end_of_failure<'a>(
        &self,
        mut slots: impl Iterator<Item = &'a Slot>,
        now: Now,
    ) -> Option<Instant> {
        let now = self.timeline.on_timeline(now);
        let failed = slots.find(|slot| matches!(slot.state(now), SlotState::Failed(_)))?;
        failed.failed_until().map(|at| self.timeline.for_host(at))
    }

    fn first_demand<'a>(&self, slots: impl Iterator<Item = &'a Slot>, now: Now) -> Option<Instant> {
        let now = self.timeline.on_timeline(now);
        let first = slots.filter_map(|slot| slot.demand_from(now, &self.policy)).min();
        first.map(|at| self.timeline.for_host(at))
    }
}

fn sooner(a: Option<UnixTime>, b: Option<UnixTime>) -> Option<UnixTime> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
