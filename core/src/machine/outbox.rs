//! The headers, their generation, and the queue of actions.

use super::slots::Slots;
use crate::credential::{Generation, Header};
use crate::headers;
use crate::protocol::{Action, ActionId, Event, SetHeaders, SlotName};
use crate::time::{Instant, UnixTime};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// The headers of the merged credential, and what the host has been told about them.
#[derive(Debug)]
pub(super) struct Outbox {
    actions: VecDeque<Action>,
    impersonation: Box<[Header]>,
    headers: Box<[Header]>,
    generation: Generation,
    /// What the last [`Action::SetHeaders`] said, unless it has been withdrawn.
    announced: Option<(Generation, Option<UnixTime>)>,
    /// What the last [`Action::RefreshAt`] said.
    announced_deadline: Option<Instant>,
    /// There has been an [`Action::SetHeaders`], so the host may have connections.
    pushed: bool,
    /// Since then the client certificate or the roots have changed.
    reconnect: bool,
    /// The generation of the last [`Event::Rejected`], which is reported once.
    reported_rejection: Option<Generation>,
}

impl Outbox {
    pub(super) fn new(impersonation: Vec<Header>) -> Self {
        Self {
            actions: VecDeque::new(),
            impersonation: impersonation.into(),
            headers: Box::default(),
            generation: Generation(0),
            announced: None,
            announced_deadline: None,
            pushed: false,
            reconnect: false,
            reported_rejection: None,
        }
    }

    pub(super) const fn generation(&self) -> Generation {
        self.generation
    }

    pub(super) fn headers(&self) -> &[Header] {
        &self.headers
    }

    pub(super) fn push(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub(super) fn report(&mut self, event: Event) {
        self.push(Action::Report(event));
    }

    /// The next action. An empty queue frees its memory.
    pub(super) fn pop(&mut self) -> Option<Action> {
        let action = self.actions.pop_front();
        if self.actions.is_empty() {
            self.actions = VecDeque::new();
        }
        action
    }

    /// Reports that the current generation was refused.
    pub(super) fn report_rejection(&mut self) {
        let generation = self.generation;
        if self.reported_rejection.replace(generation) != Some(generation) {
            self.report(Event::Rejected { generation });
        }
    }

    /// A fetch has succeeded. `reconnect`: the client certificate or the roots changed.
    pub(super) fn note_renewal(&mut self, reconnect: bool) {
        self.reported_rejection = None;
        self.reconnect |= reconnect;
    }

    /// Builds the headers. Their bytes have changed, so the generation rises.
    pub(super) fn assemble(&mut self, slots: &Slots) {
        let authorization = slots.iter().filter_map(|slot| slot.held()?.authorization.as_ref());
        self.headers = authorization
            .map(headers::authorization)
            .chain(self.impersonation.iter().cloned())
            .collect();
        self.generation.0 += 1;
    }

    /// Sends the headers to a host that keeps a copy, unless it has them.
    pub(super) fn announce(&mut self, expires: Option<UnixTime>) {
        let current = (self.generation, expires);
        if self.announced == Some(current) {
            return;
        }
        let pushed = core::mem::replace(&mut self.pushed, true);
        let reconnect = core::mem::take(&mut self.reconnect) && pushed;
        self.announced = Some(current);
        self.push(Action::SetHeaders(SetHeaders {
            generation: self.generation,
            headers: self.headers.to_vec(),
            expires,
            reconnect,
        }));
    }

    /// Tells a host that keeps a copy to stop using it.
    pub(super) fn withdraw(&mut self, slot: SlotName) {
        if let Some((generation, _)) = self.announced.take() {
            self.report(Event::Withdrawn { slot, generation });
        }
    }

    /// Tells the host when to pass in a tick, if the time has changed or the host asked.
    pub(super) fn announce_deadline(&mut self, deadline: Option<Instant>, asked: bool) {
        if let Some(at) = deadline.filter(|_| asked || deadline != self.announced_deadline) {
            self.push(Action::RefreshAt(at));
        }
        self.announced_deadline = deadline;
    }

    /// Cancels a job. One that is still in the queue is removed from it.
    pub(super) fn cancel(&mut self, id: ActionId) {
        let before = self.actions.len();
        self.actions.retain(|action| action.job_id() != Some(id));
        if self.actions.len() == before {
            self.push(Action::Cancel(id));
        }
    }

    /// Drops everything but the cancellation of running jobs.
    pub(super) fn close(&mut self) {
        self.actions.retain(|action| matches!(action, Action::Cancel(_)));
        self.headers = Box::default();
        self.impersonation = Box::default();
        self.announced = None;
        self.announced_deadline = None;
    }
}
