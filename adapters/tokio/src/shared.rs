//! What holds now: stored by the driver, read by every handle without a lock.

use crate::clock::{Clock, LAG};
use crate::{AuthError, Credential};
use arc_swap::ArcSwap;
use kubecred_core::{Authenticator, Availability, Now, Stats};
use kubecred_host::availability::{CredentialSnapshot, Unavailable, answer, snapshot};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

#[cfg(feature = "client")]
use {kubecred_core::Snapshot, kubecred_host::TlsMaterial};

/// What the machine said last, and a notification for tasks that wait for more.
pub(crate) struct Shared {
    latest: ArcSwap<Latest>,
    pub(crate) changed: Notify,
    /// Why there will never be a credential.
    pub(crate) invalid: Option<AuthError>,
}

impl Shared {
    pub(crate) fn new(machine: &Authenticator, now: Now, invalid: Option<AuthError>) -> Self {
        let latest = Latest::new(machine, 0, now, None, invalid.as_ref());
        Self { latest: ArcSwap::from_pointee(latest), changed: Notify::new(), invalid }
    }

    pub(crate) fn read(&self) -> arc_swap::Guard<Arc<Latest>> {
        self.latest.load()
    }

    /// Stores what holds after an input, and wakes the tasks that wait.
    pub(crate) fn store(&self, machine: &Authenticator, connection: u64, now: Now) {
        let before = self.latest.load();
        let latest = Latest::new(machine, connection, now, Some(&before), self.invalid.as_ref());
        self.latest.store(Arc::new(latest));
        self.changed.notify_waiters();
    }
}

/// What the machine said last.
pub(crate) struct Latest {
    snapshot: CredentialSnapshot,
    #[cfg(feature = "client")]
    connection: Snapshot<Arc<TlsMaterial>>,
    stats: Stats,
    /// Why there will never be a credential; not said any more once the machine is closed.
    invalid: Option<AuthError>,
    /// A handle has sent the demand that the snapshot wants. Each leads to another snapshot.
    demanded: AtomicBool,
}

impl Latest {
    fn new(
        machine: &Authenticator,
        connection: u64,
        now: Now,
        before: Option<&Self>,
        invalid: Option<&AuthError>,
    ) -> Self {
        let kept = before.and_then(Self::credential);
        Self {
            snapshot: snapshot(machine, now, connection, kept),
            #[cfg(feature = "client")]
            connection: machine.connection_snapshot(now, |lent| {
                match before.map(|b| b.connection.taken()) {
                    Some(Availability::Ready(kept))
                        if kept.roots.as_ref().map(kubecred_core::Secret::expose) == lent.roots
                            && kept.identity.as_ref() == lent.identity =>
                    {
                        Arc::clone(kept)
                    }
                    _ => Arc::new(lent.into()),
                }
            }),
            stats: machine.stats(),
            invalid: invalid.filter(|_| !machine.is_closed()).cloned(),
            demanded: AtomicBool::new(false),
        }
    }

    /// What to put on a request now, and whether the caller has to send a demand.
    pub(crate) fn ask(&self, clock: Clock) -> (Result<Credential, Unavailable>, bool) {
        if let Some(error) = &self.invalid {
            return (Err(Unavailable::invalid(error)), false);
        }
        // What nothing can end costs no look at the clocks.
        if self.snapshot.is_timeless() {
            return (answer(self.snapshot.taken()), false);
        }
        let now = self.moment(clock);
        (answer(self.snapshot.at(now)), self.wants_demand(now))
    }

    /// The same for a task that has waited for this snapshot: a failure is its answer, even if the
    /// pause after it is over by now.
    pub(crate) fn ask_after_waiting(
        &self,
        clock: Clock,
    ) -> (Result<Credential, Unavailable>, bool) {
        match self.snapshot.taken() {
            Availability::Failed(error) if self.invalid.is_none() => {
                (Err(Unavailable::failed(error)), false)
            }
            _ => self.ask(clock),
        }
    }

    /// What [`Latest::ask`] says, lent, if that is a credential.
    #[cfg(feature = "tower")]
    pub(crate) fn ready(&self, clock: Clock) -> Option<(&Credential, bool)> {
        if self.invalid.is_some() {
            return None;
        }
        if self.snapshot.is_timeless() {
            return self.credential().map(|credential| (credential, false));
        }
        let now = self.moment(clock);
        match self.snapshot.at(now) {
            Availability::Ready(Ok(credential)) => Some((credential, self.wants_demand(now))),
            _ => None,
        }
    }

    /// The credential of this snapshot, good or not.
    pub(crate) fn credential(&self) -> Option<&Credential> {
        match self.snapshot.taken() {
            Availability::Ready(credential) => credential.as_ref().ok(),
            _ => None,
        }
    }

    /// What TLS needs now, and whether the caller has to send a demand for it.
    #[cfg(feature = "client")]
    pub(crate) fn connection(&self, now: Now) -> (Availability<Arc<TlsMaterial>>, bool) {
        let said = match self.connection.at(now) {
            Availability::Ready(material) => Availability::Ready(Arc::clone(material)),
            Availability::Failed(error) => Availability::Failed(error.clone()),
            Availability::Pending => Availability::Pending,
            Availability::Closed => Availability::Closed,
        };
        (said, self.connection.wants_demand(now))
    }

    pub(crate) fn stats(&self) -> Stats {
        self.stats
    }

    /// Each request asks, so the cheap clocks are read, and the exact ones only close to the end.
    fn moment(&self, clock: Clock) -> Now {
        let recent = clock.recently();
        let soon = Now {
            monotonic: recent.monotonic.saturating_add(LAG),
            wall: recent.wall.saturating_add(LAG),
        };
        match self.snapshot.at(soon) {
            Availability::Ready(Ok(_)) => soon,
            _ => clock.now(),
        }
    }

    fn wants_demand(&self, now: Now) -> bool {
        // The load spares ten thousand callers a contended write.
        self.snapshot.wants_demand(now)
            && !self.demanded.load(Ordering::Acquire)
            && !self.demanded.swap(true, Ordering::AcqRel)
    }
}
