//! Where the driver posts what holds now, and every handle reads it without a lock.

use crate::clock::Clock;
use crate::{AuthError, Credential};
use arc_swap::ArcSwap;
use kubecred_core::{Authenticator, Error, Instant, Now, Stats, Unavailable};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// How often at most the machine is told that a credential which will end is in use. What may
/// talk to a person is renewed by such a word only, never by a timer.
const IN_USE: Duration = Duration::from_secs(1);

/// The notice that is up, and a bell for those who wait for another.
pub(crate) struct Board {
    notice: ArcSwap<Notice>,
    pub(crate) changed: Notify,
    /// Why there will never be a credential.
    pub(crate) unfit: Option<AuthError>,
}

impl Board {
    pub(crate) fn new(machine: &Authenticator, now: Now, unfit: Option<AuthError>) -> Self {
        let notice = Notice::new(machine, 0, now, false, None).unless(&unfit);
        Self { notice: ArcSwap::from_pointee(notice), changed: Notify::new(), unfit }
    }

    pub(crate) fn read(&self) -> arc_swap::Guard<Arc<Notice>> {
        self.notice.load()
    }

    /// Puts up what holds after an input, and wakes everybody who waits. `demanded`: a demand was
    /// among the inputs.
    pub(crate) fn post(&self, machine: &Authenticator, connection: u64, now: Now, demanded: bool) {
        let before = self.notice.load();
        let notice = Notice::new(machine, connection, now, demanded, Some(&before));
        let notice = notice.unless(&self.unfit);
        self.notice.store(Arc::new(notice));
        self.changed.notify_waiters();
    }
}

/// The machine's answer to the question that every request asks, and for how long it holds.
pub(crate) struct Notice {
    answer: Result<Credential, Lack>,
    stats: Stats,
    /// The answer does not depend on when it is read.
    timeless: bool,
    /// The answer is good up to here without asking the machine again.
    good_until: Option<Instant>,
    /// From here on the machine wants to hear that the credential is in use.
    demand_from: Option<Instant>,
    /// It will: somebody has posted it. Each demand leads to another notice.
    demanded: AtomicBool,
}

/// Why there is no credential at this moment.
#[derive(Clone, Debug)]
pub(crate) enum Lack {
    Closed,
    Failed(Error),
    Pending,
    Unfit(AuthError),
}

impl Notice {
    fn new(
        machine: &Authenticator,
        connection: u64,
        now: Now,
        demanded: bool,
        before: Option<&Self>,
    ) -> Self {
        let mut notice = Self {
            answer: Err(Lack::Pending),
            stats: machine.stats(),
            timeless: false,
            good_until: None,
            demand_from: None,
            demanded: AtomicBool::new(false),
        };
        match machine.credential(now) {
            Ok(lent) => {
                let ends = lent.expires.is_some() || lent.good_until.is_some();
                notice.good_until = lent.good_until.filter(|until| *until > now.monotonic);
                notice.demand_from = match lent.demand {
                    true => Some(now.monotonic),
                    false => ends.then(|| now.monotonic.saturating_add(IN_USE)),
                };
                notice.timeless = !ends && !lent.demand;
                notice.answer = match before.and_then(|before| before.answer.as_ref().ok()) {
                    Some(kept) if kept.is_same(&lent, connection) => Ok(kept.clone()),
                    _ => Credential::new(&lent, connection).map_err(Lack::Unfit),
                };
            }
            Err(Unavailable::Closed) => notice.answer = Err(Lack::Closed),
            Err(Unavailable::Failed(error)) => notice.answer = Err(Lack::Failed(error.clone())),
            Err(Unavailable::Pending) => {
                // One demand is enough for as long as the credential is missing. Without this,
                // each of ten thousand waiting callers would send one after each thing that
                // happens.
                let before = before.filter(|before| matches!(before.answer, Err(Lack::Pending)));
                let heard = demanded || before.is_some_and(|b| b.demanded.load(Ordering::Acquire));
                notice.demand_from = Some(now.monotonic);
                notice.demanded = AtomicBool::new(heard);
            }
        }
        notice
    }

    /// Says so instead, if there will never be a credential. No demand comes of that.
    fn unless(mut self, unfit: &Option<AuthError>) -> Self {
        if let Some(unfit) = unfit
            && !matches!(self.answer, Err(Lack::Closed))
        {
            self.answer = Err(Lack::Unfit(unfit.clone()));
            (self.timeless, self.demand_from) = (false, None);
        }
        self
    }

    /// What to put on a request now, and whether the caller has to post a demand.
    pub(crate) fn ask(&self, clock: Clock) -> (Result<Credential, Lack>, bool) {
        // What nothing can end costs no look at the clocks.
        if self.timeless {
            return (self.answer.clone(), false);
        }
        let now = clock.now();
        let answer = match &self.answer {
            Ok(credential) if self.ended(credential, now) => Err(Lack::Pending),
            answer => answer.clone(),
        };
        let due = self.demand_from.is_some_and(|from| now.monotonic >= from)
            || self.answer.is_ok() && answer.is_err();
        (answer, due && self.is_first())
    }

    /// What [`Notice::ask`] says, lent, if that is a credential.
    #[cfg(feature = "tower")]
    pub(crate) fn ready(&self, clock: Clock) -> Option<(&Credential, bool)> {
        let credential = self.answer.as_ref().ok()?;
        if self.timeless {
            return Some((credential, false));
        }
        let now = clock.now();
        if self.ended(credential, now) {
            return None;
        }
        let due = self.demand_from.is_some_and(|from| now.monotonic >= from);
        Some((credential, due && self.is_first()))
    }

    /// The credential that was up last, good or not.
    #[cfg(feature = "client")]
    pub(crate) fn peek(&self) -> Option<Credential> {
        self.answer.as_ref().ok().cloned()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.stats
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
