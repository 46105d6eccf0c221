//! Routes inputs to slots, and merges the slots into one credential.

use super::held::earliest;
use super::outbox::Outbox;
use super::refreshed::{Refreshed, SlotOutcome};
use super::saving::{SaveOutcome, Saving};
use super::slot::{Slot, SlotState};
use super::slots::{self, Slots};
use super::stats::Stats;
use super::timeline::Timeline;
use crate::credential::Generation;
use crate::cx::{Cx, Ids};
use crate::error::Error;
use crate::headers;
use crate::policy::{Jitter, Policy};
use crate::profile::Profile;
use crate::protocol::{Action, ActionId, Completion, Event, Failure, Input, Reply, SlotName};
use crate::store::Store;
use crate::time::{Instant, Now, UnixTime};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The state machine that fetches and refreshes the credential of one profile. It decides what to
/// read, run and send, and when; a host does the I/O.
///
/// - [`handle_input`](Self::handle_input) takes what happened. It cannot fail.
/// - [`poll_action`](Self::poll_action) returns what the host must do, from a queue that the host
///   may empty at any time.
/// - [`credential`](Self::credential) and [`poll_timeout`](Self::poll_timeout) read the current
///   state, and change nothing. They say the same as [`Action::SetHeaders`] and
///   [`Action::RefreshAt`], for hosts that prefer to ask.
#[derive(Debug)]
pub struct Authenticator {
    pub(super) policy: Arc<Policy>,
    jitter: Jitter,
    ids: Ids,
    pub(super) timeline: Timeline,
    pub(super) slots: Slots,
    /// Only for a login that is written back.
    saving: Option<Box<Saving>>,
    pub(super) outbox: Outbox,
    /// Why no request can ever be sent, whatever the slots hold.
    pub(super) invalid: Option<Box<Error>>,
    stats: Stats,
    pub(super) closed: bool,
}

impl Authenticator {
    /// A machine for this profile. It does nothing before the first input, and fetches nothing
    /// before the first [`Input::Demand`]. Tokens that a refresh replaces are written to `store`,
    /// if there is one. `jitter_seed` seeds random delays; it need not be secret. A process with
    /// many machines gives each the same `Arc<Policy>`.
    ///
    /// A server that is not `https` gets no credential, only impersonation (KC-71, UA-25).
    pub fn with_store(
        profile: &Profile,
        policy: impl Into<Arc<Policy>>,
        jitter_seed: u64,
        store: Option<Box<dyn Store>>,
    ) -> Self {
        let authentication = &profile.authentication;
        let impersonation =
            headers::impersonation(&authentication.impersonation, &authentication.user);
        let (impersonation, invalid) = match impersonation {
            // It is sent with the TokenRequest instead.
            Ok(_) if authentication.service_account.is_some() => (Vec::new(), None),
            Ok(headers) => (headers, None),
            Err(error) => (Vec::new(), Some(Box::new(error))),
        };
        let mut slots = Slots::new(profile, store);
        let saving = slots.stored_tokens().map(|_| Box::default());
        let mut machine = Self {
            policy: policy.into(),
            jitter: Jitter::new(jitter_seed),
            ids: Ids::new(),
            timeline: Timeline::default(),
            slots,
            saving,
            outbox: Outbox::new(impersonation),
            invalid,
            stats: Stats::default(),
            closed: false,
        };
        if machine.is_complete() {
            machine.outbox.assemble(&machine.slots);
        }
        machine
    }

    /// Takes what happened. It cannot fail: an input that does not fit the state is ignored.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        if self.closed {
            return;
        }
        let now = self.timeline.advance(now);
        let ignored = self.stats.ignored;
        let tick = matches!(input, Input::Tick);
        match input {
            Input::Tick => {}
            Input::Demand => self.demand(now),
            Input::DemandConnection => self.demand_connection(now),
            Input::Complete(Completion { id, outcome }) => self.complete(now, id, outcome),
            Input::Reject(generation) => self.reject(now, generation),
            Input::Close => return self.close(),
        }
        let tick = tick || self.stats.ignored > ignored;
        self.advance(now);
        self.mark_expired(now);
        self.announce(now);
        self.outbox.announce_deadline(self.poll_timeout(), tick);
    }

    /// The next action, from a first-in-first-out queue, which may be emptied at any time.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.outbox.pop()
    }

    /// When to pass in the next [`Input::Tick`]; `None`: no tick is needed before another input.
    /// The same as the last [`Action::RefreshAt`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        let slots = self.slots.refreshed();
        let next = slots.filter_map(|slot| slot.deadline(&self.policy)).min();
        let next = earliest([next, self.saving.as_ref().and_then(|saving| saving.deadline())]);
        next.map(|at| self.timeline.for_host(at))
    }

    /// Whether refreshed tokens are still being written back. A host that exits now loses them, and
    /// the user may have to log in again. It becomes `false` after about a minute, even if writing
    /// fails.
    pub fn is_saving(&self) -> bool {
        self.saving.as_ref().is_some_and(|saving| saving.is_busy())
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether [`Input::Close`] has come.
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}

/// What each input does.
impl Authenticator {
    /// Borrows the context of a step together with the parts that the step changes.
    fn split(&mut self, now: Now) -> (Cx<'_>, &mut Slots, Option<&mut Saving>) {
        let Self { policy, jitter, ids, slots, saving, .. } = self;
        (Cx { now, policy, jitter, ids }, slots, saving.as_deref_mut())
    }

    /// A request needs the credential. If it can never be complete, nothing is fetched.
    fn demand(&mut self, now: Now) {
        if self.invalid.is_some() || self.slots.is_permanently_failed() {
            return;
        }
        let (cx, slots, _) = self.split(now);
        slots.iter_mut().filter_map(Slot::as_refreshed_mut).for_each(|slot| slot.demand(&cx));
    }

    /// A connection is wanted, and no header. (Impersonation that cannot be sent is no reason against
    /// it.)
    fn demand_connection(&mut self, now: Now) {
        let (cx, slots, _) = self.split(now);
        for name in [SlotName::Roots, SlotName::Identity] {
            if let Some(slot) = slots.get_mut(name).and_then(Slot::as_refreshed_mut) {
                slot.demand(&cx);
            }
        }
    }

    fn complete(&mut self, now: Now, job: ActionId, outcome: Result<Reply, Failure>) {
        let (mut cx, slots, saving) = self.split(now);
        if let Some(name) = slots.waiting_for(job)
            && let Some(slot) = slots.get_mut(name).and_then(Slot::as_refreshed_mut)
        {
            let outcome = slot.complete(&mut cx, outcome);
            slots.reject_bootstrap(&mut cx);
            return self.settle(now, name, outcome);
        }
        if let Some(saving) = saving
            && saving.is_waiting_for(job)
            && let Some(stored) = slots.stored_tokens()
        {
            let outcome = saving.complete(&mut cx, outcome, stored);
            return self.saved(now, outcome);
        }
        self.stats.ignored += 1;
    }

    fn reject(&mut self, now: Now, generation: Generation) {
        let current = generation == self.outbox.generation();
        if !current || !self.is_complete() || self.slots.is_expired(now) {
            self.stats.ignored += 1;
            return;
        }
        self.stats.rejected += 1;
        let (mut cx, slots, _) = self.split(now);
        let mut fetched = false;
        for slot in slots.iter_mut().filter_map(Slot::as_refreshed_mut) {
            fetched |= slot.reject(&mut cx);
        }
        if fetched {
            self.outbox.report_rejection();
        }
    }

    /// Handles what is due by now in the slots and in saving.
    fn advance(&mut self, now: Now) {
        let (cx, slots, _) = self.split(now);
        slots.wake_bootstrap(&cx);
        for name in slots::ALL {
            let (mut cx, slots, _) = self.split(now);
            if name == SlotName::Authorization
                && let Some(outcome) = slots.lend_bootstrap(&mut cx)
            {
                self.settle(now, name, outcome);
                continue;
            }
            let Some(slot) = slots.get_mut(name).and_then(Slot::as_refreshed_mut) else { continue };
            let late = slot.overdue(now);
            let outcome = slot.advance(&mut cx);
            self.cancel(late);
            if let Some(outcome) = outcome {
                self.settle(now, name, outcome);
            }
        }
        loop {
            let (mut cx, slots, saving) = self.split(now);
            let (Some(saving), Some(stored)) = (saving, slots.stored_tokens()) else { return };
            let late = saving.overdue(now);
            let Some(outcome) = saving.advance(&mut cx, stored) else { return };
            self.cancel(late);
            self.saved(now, outcome);
        }
    }

    fn close(&mut self) {
        self.closed = true;
        let saving = self.saving.take().and_then(|mut saving| saving.cancel());
        let in_flight = self.slots.refreshed_mut().filter_map(Refreshed::cancel);
        let in_flight: Vec<ActionId> = in_flight.chain(saving).collect();
        for id in in_flight {
            self.cancel(Some(id));
        }
        self.slots = Slots::default();
        self.outbox.close();
    }
}

/// What outcomes lead to.
impl Authenticator {
    fn settle(&mut self, now: Now, slot: SlotName, outcome: SlotOutcome) {
        match outcome {
            SlotOutcome::Ask(action) => self.ask(action),
            // The bootstrap login is no part of the credential, so it reports no events; its
            // failures are reported as failures of the token.
            SlotOutcome::Renewed { .. } if slots::is_bootstrap(slot) => self.stats.succeeded += 1,
            SlotOutcome::Failed { .. } if slots::is_bootstrap(slot) => self.stats.failed += 1,
            SlotOutcome::Renewed { changed, reconnect, skew } => {
                self.stats.succeeded += 1;
                self.outbox.note_renewal(reconnect);
                if let Some(skew) = skew {
                    let millis = u64::try_from(skew.as_millis()).unwrap_or(u64::MAX);
                    self.outbox.report(Event::ClockSkew { slot, millis });
                }
                let complete = self.is_complete();
                if changed && complete {
                    self.outbox.assemble(&self.slots);
                }
                self.announce(now);
                if complete {
                    let (generation, expires) = (self.outbox.generation(), self.slots.expires());
                    self.outbox.report(Event::Renewed { slot, generation, expires });
                }
            }
            SlotOutcome::Failed { error, retry_at } => {
                self.stats.failed += 1;
                if self.outbox.generation() == Generation(0) && self.is_complete() {
                    self.outbox.assemble(&self.slots);
                    self.announce(now);
                }
                let serving = self.is_serving(now);
                let retry_at = by_wall(now, retry_at);
                self.outbox.report(Event::Failed { slot, error, retry_at, serving });
            }
        }
    }

    fn saved(&mut self, now: Now, outcome: SaveOutcome) {
        match outcome {
            SaveOutcome::Ask(action) => self.ask(action),
            SaveOutcome::Nothing => {}
            SaveOutcome::NotSaved { error, retry_at } => {
                let retry_at = retry_at.map(|at| by_wall(now, at));
                self.outbox.report(Event::NotSaved { error, retry_at });
            }
            SaveOutcome::Saved { path } => self.outbox.report(Event::Saved { path }),
        }
    }

    fn ask(&mut self, action: Action) {
        self.stats.started += 1;
        self.outbox.push(action);
    }

    fn cancel(&mut self, job: Option<ActionId>) {
        if let Some(id) = job {
            self.stats.cancelled += 1;
            self.outbox.cancel(id);
        }
    }

    /// Tells a host that keeps a copy to stop using it, when it has expired.
    fn mark_expired(&mut self, now: Now) {
        let mut ended = None;
        for name in [SlotName::Roots, SlotName::Identity, SlotName::Authorization] {
            let slot = self.slots.get_mut(name).and_then(Slot::as_refreshed_mut);
            if slot.is_some_and(|slot| slot.mark_expired(now)) {
                ended = ended.or(Some(name));
            }
        }
        if let Some(slot) = ended {
            self.outbox.withdraw(slot);
        }
    }

    fn announce(&mut self, now: Now) {
        if self.is_complete() && !self.slots.is_expired(now) {
            self.outbox.announce(self.slots.expires());
        }
    }

    /// Whether every slot holds something.
    fn is_complete(&self) -> bool {
        self.invalid.is_none() && self.slots.is_complete()
    }

    fn is_serving(&self, now: Now) -> bool {
        let is_ready = |slot: &Slot| matches!(slot.state(now), SlotState::Ready(_));
        self.invalid.is_none() && self.slots.iter().all(is_ready)
    }
}

/// A time on the monotonic clock as the wall clock has it now.
fn by_wall(now: Now, at: Instant) -> UnixTime {
    now.wall.saturating_add(at.since(now.monotonic))
}
