//! Which connections there are, who waits for one, and when to make another.
//!
//! Requests are put on the connection of HTTP/2 that has the fewest. When the room that is left is
//! less than half of a connection's, another is made in the background; when there is none, the
//! request waits for the first that comes: a new connection, or a stream that became free. As many
//! connections are made as those who wait need, and no more. Requests that last (watches, logs) have
//! connections of their own, so that they take nobody's place.

use super::connection::{Made, Shared, Single};
use crate::clock;
use crate::net::connect::ConnectError;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant as Moment;

/// Connections of HTTP/1.1 that are kept at most.
const MAX_IDLE: usize = 256;

/// How long a connection is kept that nothing uses (HT-23).
const IDLE: Duration = Duration::from_secs(90);

/// What kind of request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// It is answered soon.
    Short,
    /// It goes on and on: `watch`, `follow`.
    Long,
}

/// A place on a connection, or why there is none.
#[derive(Debug)]
pub(super) enum Grant {
    Stream(Stream),
    Single(Single),
    Failed(Arc<ConnectError>),
}

/// What to do for a request.
pub(super) enum Claim {
    /// Here is its place; `dial`: and make another connection in the background.
    Granted { grant: Grant, dial: bool },
    /// Wait for a place; `dial`: and make a connection.
    Wait { place: oneshot::Receiver<Grant>, dial: bool },
}

/// All connections of a pool.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    short: Queue,
    long: Queue,
    idle: Vec<Single>,
    /// Connections of HTTP/1.1 that carry a request, by number.
    busy: BTreeSet<u64>,
    /// Those of them whose answer has been read to its end: they are idle in a moment.
    returning: BTreeSet<u64>,
    next_number: u64,
    /// How many requests a new connection is likely to carry; `None`: none was made yet.
    expected: Option<usize>,
}

/// The connections and the waiting requests of one lane.
#[derive(Debug, Default)]
struct Queue {
    connections: Vec<Held>,
    waiting: VecDeque<oneshot::Sender<Grant>>,
    /// Connections that are being made.
    dials: usize,
}

#[derive(Debug)]
struct Held {
    shared: Arc<Shared>,
    idle_since: Option<Moment>,
    has_answered: bool,
}

/// A stream of a shared connection; dropped, it makes room for another.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) shared: Arc<Shared>,
    lane: Lane,
    connections: Weak<Connections>,
    /// The connection has carried a request before.
    pub(super) is_reused: bool,
}

impl Drop for Stream {
    fn drop(&mut self) {
        match self.connections.upgrade() {
            Some(connections) => connections.released(self),
            None => self.shared.remove(),
        }
    }
}

impl State {
    fn queue(&mut self, lane: Lane) -> &mut Queue {
        match lane {
            Lane::Short => &mut self.short,
            Lane::Long => &mut self.long,
        }
    }

    /// The connection of HTTP/1.1 that was used last: the server is the least likely to close it.
    fn take_idle(&mut self) -> Option<Single> {
        self.idle.retain(|single| !single.sender.is_closed());
        self.idle.pop()
    }

    /// Waits for a place. Says whether a connection must be made.
    fn wait(&mut self, lane: Lane, place: oneshot::Sender<Grant>) -> bool {
        let queue = self.queue(lane);
        queue.waiting.retain(|waiting| !waiting.is_closed());
        queue.waiting.push_back(place);
        self.missing_dials(lane) > 0
    }

    /// How many more connections those who wait need. They count as being made.
    fn missing_dials(&mut self, lane: Lane) -> usize {
        let expected = self.expected.unwrap_or(usize::MAX).max(1);
        let returning = self.returning.len();
        let queue = self.queue(lane);
        let waiting = queue.waiting.len().saturating_sub(returning);
        let missing = waiting.div_ceil(expected).saturating_sub(queue.dials);
        queue.dials += missing;
        missing
    }

    /// Gives a connection of HTTP/1.1 to the first that waits, or keeps it.
    fn offer(&mut self, single: Single) {
        let mut single = single;
        for lane in [Lane::Short, Lane::Long] {
            let queue = self.queue(lane);
            while let Some(waiting) = queue.waiting.pop_front() {
                match waiting.send(Grant::Single(single)) {
                    Err(Grant::Single(refused)) => single = refused,
                    _ => return,
                }
            }
        }
        if self.idle.len() == MAX_IDLE {
            self.idle.remove(0);
        }
        self.idle.push(single);
    }
}

impl Connections {
    /// A place for a request.
    pub(super) fn claim(self: &Arc<Self>, lane: Lane) -> Claim {
        let mut state = self.state();
        if let Some(stream) = self.stream(&mut state, lane) {
            let expected = state.expected.unwrap_or(1);
            let queue = state.queue(lane);
            let room: usize = queue.connections.iter().map(|held| held.shared.room()).sum();
            let dial = room < expected / 2 && queue.dials == 0;
            queue.dials += usize::from(dial);
            return Claim::Granted { grant: Grant::Stream(stream), dial };
        }
        if let Some(single) = state.take_idle() {
            return Claim::Granted { grant: Grant::Single(single), dial: false };
        }
        let (sender, place) = oneshot::channel();
        let dial = state.wait(lane, sender);
        Claim::Wait { place, dial }
    }

    /// A connection has been made. Says how many more must be.
    pub(super) fn made(self: &Arc<Self>, lane: Lane, made: Made) -> usize {
        let mut state = self.state();
        state.queue(lane).dials -= 1;
        match made {
            Made::Shared(shared) => {
                state.expected = Some(shared.limit());
                let held = Held {
                    shared: Arc::new(shared),
                    idle_since: Some(clock::moment()),
                    has_answered: false,
                };
                state.queue(lane).connections.push(held);
                self.serve_waiting(&mut state, lane);
            }
            Made::Single(single) => {
                state.expected = Some(1);
                state.offer(single);
            }
        }
        state.missing_dials(lane)
    }

    /// A connection could not be made. Those who wait for it are told, as Go's client does it: a
    /// stream may become free soon, and it may be a day until then.
    pub(super) fn failed(&self, lane: Lane, error: ConnectError) {
        let mut state = self.state();
        let queue = state.queue(lane);
        queue.dials -= 1;
        let error = Arc::new(error);
        // As many as this connection was for.
        let share = queue.waiting.len().div_ceil(queue.dials + 1);
        for waiting in queue.waiting.drain(..share) {
            // Whoever has given up need not know.
            let _ = waiting.send(Grant::Failed(Arc::clone(&error)));
        }
    }

    /// A connection of HTTP/1.1 carries a request: its number until it comes back.
    pub(super) fn lend(&self) -> u64 {
        let mut state = self.state();
        state.next_number += 1;
        let number = state.next_number;
        state.busy.insert(number);
        number
    }

    /// The answer on this connection has been read to its end.
    pub(super) fn read_to_end(&self, number: u64) {
        let mut state = self.state();
        if state.busy.contains(&number) {
            state.returning.insert(number);
        }
    }

    /// A connection comes back, or has ended (`None`). Says how many must be made in its stead.
    pub(super) fn put_back(&self, number: u64, single: Option<Single>) -> [(Lane, usize); 2] {
        let mut state = self.state();
        state.busy.remove(&number);
        state.returning.remove(&number);
        if let Some(single) = single {
            state.offer(Single { is_reused: true, idle_since: clock::moment(), ..single });
        }
        [Lane::Short, Lane::Long].map(|lane| (lane, state.missing_dials(lane)))
    }

    /// Keeps a connection of HTTP/1.1 that has not been used.
    pub(super) fn keep(&self, single: Single) {
        self.state().offer(single);
    }

    /// Lets go of what nothing has used for long, and of what broke.
    pub(super) fn forget_idle(&self) {
        let now = clock::moment();
        let old = |since: Moment| now.duration_since(since) >= IDLE;
        let mut state = self.state();
        state.idle.retain(|single| !single.sender.is_closed() && !old(single.idle_since));
        for lane in [Lane::Short, Lane::Long] {
            let connections = &mut state.queue(lane).connections;
            connections
                .retain(|held| !held.shared.is_closed() && !held.idle_since.is_some_and(old));
        }
    }

    /// A stream on the connection that has the fewest.
    fn stream(self: &Arc<Self>, state: &mut State, lane: Lane) -> Option<Stream> {
        let queue = state.queue(lane);
        queue.connections.retain(|held| !held.shared.is_closed());
        let with_room = queue.connections.iter_mut().filter(|held| held.shared.room() > 0);
        let held = with_room.min_by_key(|held| held.shared.streams())?;
        held.shared.add();
        held.idle_since = None;
        let is_reused = held.has_answered;
        let connections = Arc::downgrade(self);
        Some(Stream { shared: Arc::clone(&held.shared), lane, connections, is_reused })
    }

    fn serve_waiting(self: &Arc<Self>, state: &mut State, lane: Lane) {
        loop {
            let queue = state.queue(lane);
            while queue.waiting.front().is_some_and(oneshot::Sender::is_closed) {
                queue.waiting.pop_front();
            }
            if queue.waiting.is_empty() {
                return;
            }
            let Some(stream) = self.stream(state, lane) else { return };
            let Some(waiting) = state.queue(lane).waiting.pop_front() else { return };
            if let Err(Grant::Stream(mut stream)) = waiting.send(Grant::Stream(stream)) {
                // It gave up in this moment. The lock is held, so the stream must not take it.
                stream.connections = Weak::new();
            }
        }
    }

    fn released(self: &Arc<Self>, stream: &Stream) {
        let mut state = self.state();
        stream.shared.remove();
        let is_idle = stream.shared.streams() == 0;
        let held = state.queue(stream.lane).connections.iter_mut();
        if let Some(held) = held.into_iter().find(|held| Arc::ptr_eq(&held.shared, &stream.shared))
        {
            held.has_answered = true;
            held.idle_since = is_idle.then(clock::moment);
        }
        self.serve_waiting(&mut state, stream.lane);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
