//! The connections of HTTP/2 for one kind of request, and the requests that wait for one.

use super::connection::Shared;
use super::state::Grant;
use crate::clock;
use crate::net::connect::ConnectError;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant as Moment;

/// What kind of request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// It is answered soon.
    Short,
    /// It goes on and on: `watch`, `follow`.
    Long,
}

impl Lane {
    pub(super) const BOTH: [Self; 2] = [Self::Short, Self::Long];
}

/// The connections and the waiting requests of one lane.
#[derive(Debug, Default)]
pub(super) struct Queue {
    connections: Vec<Held>,
    waiting: VecDeque<oneshot::Sender<Grant>>,
    /// Connections that are being made, or whose limit is not known yet.
    dials: usize,
}

#[derive(Debug)]
struct Held {
    shared: Arc<Shared>,
    /// `None`: there are requests on it.
    idle_since: Option<Moment>,
}

impl Queue {
    /// A stream on the connection that has the fewest, and whether it is that connection's first.
    pub(super) fn take(&mut self) -> Option<(Arc<Shared>, bool)> {
        self.connections.retain(|held| !held.shared.is_closed());
        let with_room = self.connections.iter_mut().filter(|held| held.shared.room() > 0);
        let held = with_room.min_by_key(|held| held.shared.streams())?;
        let is_first = held.shared.add();
        held.idle_since = None;
        Some((Arc::clone(&held.shared), is_first))
    }

    /// A stream is free again.
    pub(super) fn give_back(&mut self, shared: &Arc<Shared>) {
        shared.remove();
        let mut held = self.connections.iter_mut();
        if let Some(held) = held.find(|held| Arc::ptr_eq(&held.shared, shared)) {
            held.idle_since = (shared.streams() == 0).then(clock::moment);
        }
    }

    /// Whether to make a connection before one is needed: less than half of one is free, where each
    /// carries so many requests.
    pub(super) fn must_dial_ahead(&mut self, expected: usize) -> bool {
        let room: usize = self.connections.iter().map(|held| held.shared.room()).sum();
        let dial = room < expected / 2 && self.dials == 0;
        self.dials += usize::from(dial);
        dial
    }

    /// How many more connections those who wait need, but for so many, where each carries so many
    /// requests. They count as being made.
    pub(super) fn missing_dials(&mut self, but_for: usize, expected: usize) -> usize {
        let waiting = self.waiting.len().saturating_sub(but_for);
        let missing = waiting.div_ceil(expected).saturating_sub(self.dials);
        self.dials += missing;
        missing
    }

    /// A new connection may be used, as far as its limit is known.
    pub(super) fn open(&mut self, shared: Arc<Shared>) {
        self.connections.push(Held { shared, idle_since: Some(clock::moment()) });
    }

    /// A connection is made, and its limit known.
    pub(super) fn dialled(&mut self) {
        self.dials -= 1;
    }

    /// A connection could not be made, or ended before its limit was known. Those who wait for it
    /// are told, as Go's client does it: a stream may become free soon, or in a day.
    pub(super) fn failed(&mut self, error: ConnectError) {
        self.dials -= 1;
        let error = Arc::new(error);
        // As many as this connection was for.
        let share = self.waiting.len().div_ceil(self.dials + 1);
        for waiting in self.waiting.drain(..share) {
            // Those who have given up need not know.
            let _ = waiting.send(Grant::Failed(Arc::clone(&error)));
        }
    }

    /// No request is put on this connection any more.
    pub(super) fn forget(&mut self, shared: &Arc<Shared>) {
        self.connections.retain(|held| !Arc::ptr_eq(&held.shared, shared));
    }

    /// Lets go of connections that broke, or that nothing has used for long.
    pub(super) fn forget_idle(&mut self, is_old: impl Fn(Moment) -> bool) {
        let is_kept =
            |held: &Held| !held.shared.is_closed() && !held.idle_since.is_some_and(&is_old);
        self.connections.retain(is_kept);
    }

    /// Waits for a place.
    pub(super) fn wait(&mut self) -> oneshot::Receiver<Grant> {
        let (sender, place) = oneshot::channel();
        self.waiting.retain(|waiting| !waiting.is_closed());
        self.waiting.push_back(sender);
        place
    }

    /// The first that waits and has not given up.
    pub(super) fn next_waiting(&mut self) -> Option<oneshot::Sender<Grant>> {
        loop {
            let waiting = self.waiting.pop_front()?;
            if !waiting.is_closed() {
                return Some(waiting);
            }
        }
    }

    /// This one goes on waiting, before the others.
    pub(super) fn wait_on(&mut self, waiting: oneshot::Sender<Grant>) {
        self.waiting.push_front(waiting);
    }
}
