//! What holds now: stored by the driver, read by every handle without a lock.

use crate::clock::{Clock, LAG};
use crate::{AuthError, Credential};
use arc_swap::ArcSwap;
use kubecred_core::{Authenticator, Error, Instant, Now, Stats};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// How often at most the machine is told that a credential which will end is in use. What may
/// talk to a person is renewed by such a word only, never by a timer.
const DEMAND_INTERVAL: Duration = Duration::from_secs(1);

/// The latest snapshot, and a notification for tasks that wait for another.
pub(crate) struct Shared {
    snapshot: ArcSwap<Snapshot>,
    pub(crate) changed: Notify,
    /// Why there will never be a credential.
    pub(crate) invalid: Option<AuthError>,
}

impl Shared {
    pub(crate) fn new(machine: &Authenticator, now: Now, invalid: Option<AuthError>) -> Self {
        let snapshot = Snapshot::new(machine, 0, now, false, None).unless(&invalid);
        Self { snapshot: ArcSwap::from_pointee(snapshot), changed: Notify::new(), invalid }
    }

    pub(crate) fn read(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    /// Stores what holds after an input, and wakes the tasks that wait. `demanded`: a demand was
    /// among the inputs.
    pub(crate) fn store(&self, machine: &Authenticator, connection: u64, now: Now, demanded: bool) {
        let before = self.snapshot.load();
        let snapshot = Snapshot::new(machine, connection, now, demanded, Some(&before));
        let snapshot = snapshot.unless(&self.invalid);
        self.snapshot.store(Arc::new(snapshot));
        self.changed.notify_waiters();
    }
}

/// The machine's answer to the question that every request asks, and for how long it holds.
pub(crate) struct Snapshot {
    answer: Result<Credential, Unavailable>,
    stats: Stats,
    /// The answer does not depend on when it is read.
    timeless: bool,
    /// The answer is good up to here without asking the machine again.
    good_until: Option<Instant>,
    /// From here on the machine wants to hear that the credential is in use.
    demand_from: Option<Instant>,
    /// It will: a handle has sent it. Each demand leads to another snapshot.
    demanded: AtomicBool,
}

/// Why there is no credential at this moment.
#[derive(Clone, Debug)]
pub(crate) enum Unavailable {
    Closed,
    Failed(Error),
    Pending,
    Invalid(AuthError),
}

impl Snapshot {
    fn new(
        machine: &Authenticator,
        connection: u64,
        now: Now,
        demanded: bool,
        before: Option<&Self>,
    ) -> Self {
        let mut snapshot = Self {
            answer: Err(Unavailable::Pending),
            stats: machine.stats(),
            timeless: false,
            good_until: None,
            demand_from: None,
            demanded: AtomicBool::new(false),
        };
        match machine.credential(now) {
            Ok(lent) => {
                let ends = lent.expires.is_some() || lent.good_until.is_some();
                snapshot.good_until = lent.good_until.filter(|until| *until > now.monotonic);
                snapshot.demand_from = match lent.demand {
                    true => Some(now.monotonic),
                    false => ends.then(|| now.monotonic.saturating_add(DEMAND_INTERVAL)),
                };
                snapshot.timeless = !ends && !lent.demand;
                snapshot.answer = match before.and_then(|before| before.answer.as_ref().ok()) {
                    Some(kept) if kept.is_same(&lent, connection) => Ok(kept.clone()),
                    _ => Credential::new(&lent, connection).map_err(Unavailable::Invalid),
                };
            }
            Err(kubecred_core::Unavailable::Closed) => snapshot.answer = Err(Unavailable::Closed),
            Err(kubecred_core::Unavailable::Failed(error)) => {
                // The machine wants to hear of the next caller, who may come after the pause. It is
                // told once a second at most, however many callers there are.
                let again = if demanded { DEMAND_INTERVAL } else { Duration::ZERO };
                snapshot.demand_from = Some(now.monotonic.saturating_add(again));
                snapshot.answer = Err(Unavailable::Failed(error.clone()));
            }
            Err(kubecred_core::Unavailable::Pending) => {
                // One demand is enough for as long as the credential is missing. Without this,
                // each of ten thousand waiting callers would send one after each thing that
                // happens.
                let before =
                    before.filter(|before| matches!(before.answer, Err(Unavailable::Pending)));
                let heard = demanded || before.is_some_and(|b| b.demanded.load(Ordering::Acquire));
                snapshot.demand_from = Some(now.monotonic);
                snapshot.demanded = AtomicBool::new(heard);
            }
        }
        snapshot
    }

    /// Says so instead, if there will never be a credential. No demand comes of that.
    fn unless(mut self, invalid: &Option<AuthError>) -> Self {
        if let Some(invalid) = invalid
            && !matches!(self.answer, Err(Unavailable::Closed))
        {
            self.answer = Err(Unavailable::Invalid(invalid.clone()));
            (self.timeless, self.demand_from) = (false, None);
        }
        self
    }

    /// What to put on a request now, and whether the caller has to send a demand.
    pub(crate) fn ask(&self, clock: Clock) -> (Result<Credential, Unavailable>, bool) {
        // What nothing can end costs no look at the clocks.
        if self.timeless {
            return (self.answer.clone(), false);
        }
        let (answer, due) = match &self.answer {
            Ok(credential) => match self.use_now(credential, clock) {
                Some(due) => (Ok(credential.clone()), due),
                None => (Err(Unavailable::Pending), true),
            },
            answer => {
                let now = clock.now().monotonic;
                (answer.clone(), self.demand_from.is_some_and(|from| now >= from))
            }
        };
        (answer, due && self.is_first())
    }

    /// What [`Snapshot::ask`] says, lent, if that is a credential.
    #[cfg(feature = "tower")]
    pub(crate) fn ready(&self, clock: Clock) -> Option<(&Credential, bool)> {
        let credential = self.answer.as_ref().ok()?;
        if self.timeless {
            return Some((credential, false));
        }
        let due = self.use_now(credential, clock)?;
        Some((credential, due && self.is_first()))
    }

    /// The credential of this snapshot, good or not.
    #[cfg(feature = "client")]
    pub(crate) fn peek(&self) -> Option<Credential> {
        self.answer.as_ref().ok().cloned()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether the machine has to hear that the credential is in use; `None` if it has ended. Each
    /// request asks, so the cheap clocks are read, and the exact ones only close to the end.
    fn use_now(&self, credential: &Credential, clock: Clock) -> Option<bool> {
        let recent = clock.recently();
        let soon = Now {
            monotonic: recent.monotonic.saturating_add(LAG),
            wall: recent.wall.saturating_add(LAG),
        };
        if self.ended(credential, soon) && self.ended(credential, clock.now()) {
            return None;
        }
        Some(self.demand_from.is_some_and(|from| soon.monotonic >= from))
    }

    /// By either clock.
    fn ended(&self, credential: &Credential, now: Now) -> bool {
        self.good_until.is_some_and(|until| now.monotonic >= until)
            || credential.expires().is_some_and(|end| now.wall >= end)
    }

    fn is_first(&self) -> bool {
        // The load spares ten thousand callers a contended write.
        !self.demanded.load(Ordering::Acquire) && !self.demanded.swap(true, Ordering::AcqRel)
    }
}
