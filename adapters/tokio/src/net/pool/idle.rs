//! The connections of HTTP/1.1, each for one request at a time.

use super::connection::Single;
use std::collections::BTreeSet;
use tokio::time::Instant as Moment;

/// Idle connections that are kept at most.
const MAX_IDLE: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Singles {
    idle: Vec<Single>,
    /// Those that carry a request, by number.
    busy: BTreeSet<u64>,
    /// Those of them whose answer has been read to its end: they are idle in a moment.
    returning: BTreeSet<u64>,
    next_number: u64,
}

impl Singles {
    /// The one that was used last: the server is the least likely to close it.
    pub(super) fn take(&mut self) -> Option<Single> {
        self.idle.retain(|single| !single.sender.is_closed());
        self.idle.pop()
    }

    /// Keeps one for later.
    pub(super) fn keep(&mut self, single: Single) {
        if self.idle.len() == MAX_IDLE {
            self.idle.remove(0);
        }
        self.idle.push(single);
    }

    /// One carries a request: its number until it comes back.
    pub(super) fn lend(&mut self) -> u64 {
        self.next_number += 1;
        self.busy.insert(self.next_number);
        self.next_number
    }

    /// The answer on this one has been read to its end.
    pub(super) fn read_to_end(&mut self, number: u64) {
        if self.busy.contains(&number) {
            self.returning.insert(number);
        }
    }

    /// This one comes back, or has ended.
    pub(super) fn put_back(&mut self, number: u64) {
        self.busy.remove(&number);
        self.returning.remove(&number);
    }

    /// How many will be idle in a moment.
    pub(super) fn returning(&self) -> usize {
        self.returning.len()
    }

    /// Lets go of those that broke, or that nothing has used for long.
    pub(super) fn forget_idle(&mut self, is_old: impl Fn(Moment) -> bool) {
        self.idle.retain(|single| !single.sender.is_closed() && !is_old(single.idle_since));
    }
}
