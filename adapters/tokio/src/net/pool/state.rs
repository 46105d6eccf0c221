//! Which connections there are, who waits for one, and when to make another.
//!
//! Requests are put on the connection of HTTP/2 that has the fewest. When the room that is left is
//! less than half of a connection's, another is made in the background; when there is none, the
//! request waits for the first that comes: a new connection, or a stream that became free. As many
//! connections are made as those who wait need, and no more. Requests that last (watches, logs) have
//! connections of their own, so that they take no place of others.

use super::connection::{Shared, Single};
use super::idle::Singles;
use super::queue::{Lane, Queue};
use crate::clock;
use crate::net::connect::ConnectError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant as Moment;

/// How long a connection is kept that nothing uses (HT-23).
const IDLE: Duration = Duration::from_secs(90);

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
    singles: Singles,
    /// How many requests a new connection is likely to carry; `None`: none was made yet.
    expected: Option<usize>,
}

/// A stream of a shared connection; dropped, it makes room for another.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) shared: Arc<Shared>,
    lane: Lane,
    connections: Weak<Connections>,
    /// No request was on the connection before.
    pub(super) is_first: bool,
    /// The connection has answered a request before.
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

    /// How many more connections those who wait need. They count as being made.
    fn missing_dials(&mut self, lane: Lane) -> usize {
        let expected = self.expected.unwrap_or(usize::MAX).max(1);
        let returning = self.singles.returning();
        self.queue(lane).missing_dials(returning, expected)
    }

    /// Gives a connection of HTTP/1.1 to the first that waits, or keeps it.
    fn offer(&mut self, single: Single) {
        let mut single = single;
        for lane in Lane::BOTH {
            while let Some(waiting) = self.queue(lane).next_waiting() {
                match waiting.send(Grant::Single(single)) {
                    Err(Grant::Single(refused)) => single = refused,
                    _ => return,
                }
            }
        }
        self.singles.keep(single);
    }
}

impl Connections {
    /// A place for a request.
    pub(super) fn claim(self: &Arc<Self>, lane: Lane) -> Claim {
        let mut state = self.state();
        let expected = state.expected.unwrap_or(1);
        let queue = state.queue(lane);
        if let Some((shared, is_first)) = queue.take() {
            let dial = queue.must_dial_ahead(expected);
            let stream = self.stream(lane, shared, is_first);
            return Claim::Granted { grant: Grant::Stream(stream), dial };
        }
        if let Some(single) = state.singles.take() {
            return Claim::Granted { grant: Grant::Single(single), dial: false };
        }
        let place = state.queue(lane).wait();
        let dial = state.missing_dials(lane) > 0;
        Claim::Wait { place, dial }
    }

    /// A connection of HTTP/2 is there, and takes one request. It counts as being made until
    /// [`settled`](Self::settled) or [`unsettled`](Self::unsettled).
    pub(super) fn opened(self: &Arc<Self>, lane: Lane, shared: &Arc<Shared>) {
        let mut state = self.state();
        state.queue(lane).open(Arc::clone(shared));
        self.serve_waiting(&mut state, lane);
    }

    /// A connection of HTTP/2 takes as many as the server allows. Says how many more must be made.
    pub(super) fn settled(self: &Arc<Self>, lane: Lane, shared: &Shared) -> usize {
        let mut state = self.state();
        state.queue(lane).dialled();
        state.expected = Some(shared.limit());
        self.serve_waiting(&mut state, lane);
        state.missing_dials(lane)
    }

    /// A connection of HTTP/1.1 has been made. Says how many more must be.
    pub(super) fn made(&self, lane: Lane, single: Single) -> usize {
        let mut state = self.state();
        state.queue(lane).dialled();
        state.expected = Some(1);
        state.offer(single);
        state.missing_dials(lane)
    }

    /// A connection could not be made.
    pub(super) fn failed(&self, lane: Lane, error: ConnectError) {
        self.state().queue(lane).failed(error);
    }

    /// A connection of HTTP/2 ended before its limit was known. If it has answered a request, that
    /// was no failure. Says how many more must be made.
    pub(super) fn unsettled(&self, lane: Lane, shared: &Arc<Shared>, error: ConnectError) -> usize {
        let mut state = self.state();
        let queue = state.queue(lane);
        queue.forget(shared);
        if !shared.has_answered() {
            queue.failed(error);
            return 0;
        }
        queue.dialled();
        state.missing_dials(lane)
    }

    /// A connection of HTTP/1.1 carries a request: its number until it comes back.
    pub(super) fn lend(&self) -> u64 {
        self.state().singles.lend()
    }

    /// The answer on this connection has been read to its end.
    pub(super) fn read_to_end(&self, number: u64) {
        self.state().singles.read_to_end(number);
    }

    /// A connection comes back, or has ended (`None`). Says how many must be made in its stead.
    pub(super) fn put_back(&self, number: u64, single: Option<Single>) -> [(Lane, usize); 2] {
        let mut state = self.state();
        state.singles.put_back(number);
        if let Some(single) = single {
            state.offer(Single { is_reused: true, idle_since: clock::moment(), ..single });
        }
        Lane::BOTH.map(|lane| (lane, state.missing_dials(lane)))
    }

    /// Keeps a connection of HTTP/1.1 that has not been used.
    pub(super) fn keep(&self, single: Single) {
        self.state().offer(single);
    }

    /// Lets go of what nothing has used for long, and of what broke.
    pub(super) fn forget_idle(&self) {
        let now = clock::moment();
        let is_old = |since: Moment| now.duration_since(since) >= IDLE;
        let mut state = self.state();
        state.singles.forget_idle(is_old);
        for lane in Lane::BOTH {
            state.queue(lane).forget_idle(is_old);
        }
    }

    fn stream(self: &Arc<Self>, lane: Lane, shared: Arc<Shared>, is_first: bool) -> Stream {
        let is_reused = shared.has_answered();
        Stream { shared, lane, connections: Arc::downgrade(self), is_first, is_reused }
    }

    fn serve_waiting(self: &Arc<Self>, state: &mut State, lane: Lane) {
        let queue = state.queue(lane);
        while let Some(waiting) = queue.next_waiting() {
            let Some((shared, is_first)) = queue.take() else {
                queue.wait_on(waiting);
                return;
            };
            let stream = self.stream(lane, shared, is_first);
            if let Err(Grant::Stream(mut stream)) = waiting.send(Grant::Stream(stream)) {
                // It gave up in this moment. The lock is held, so the stream must not take it.
                stream.connections = Weak::new();
                let shared = Arc::clone(&stream.shared);
                shared.add();
                drop(stream);
                queue.give_back(&shared);
            }
        }
    }

    fn released(self: &Arc<Self>, stream: &Stream) {
        let mut state = self.state();
        state.queue(stream.lane).give_back(&stream.shared);
        self.serve_waiting(&mut state, stream.lane);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
