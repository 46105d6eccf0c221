//! Decisions that are remembered, up to a number of them; the one that ends first makes room.

use super::key::Key;
use super::protocol::Decision;
use crate::time::{Instant, Now, UnixTime};
use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

/// The monotonic clocks of two threads that ask at the same time may differ by less than this.
const CLOCK_SLACK: Duration = Duration::from_secs(1);

/// A decision and how long it holds.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) decision: Decision,
    /// When it was made. A clock that was set back before this makes it void, not longer.
    pub(super) made_at: Instant,
    /// From here on a token in use is to be reviewed again.
    pub(super) renew_at: Instant,
    /// From here on it is stale.
    pub(super) until: Instant,
    /// Until here it holds while the server cannot be asked.
    pub(super) stale_until: Instant,
    /// From here on it is forgotten. Between its end and this, an accepted token has precedence over
    /// unknown ones when it is reviewed again.
    pub(super) forget_at: Instant,
    /// The token's own end.
    pub(super) end: Option<UnixTime>,
    /// Since it was made, the server could not be asked.
    pub(super) is_failing: bool,
}

impl Entry {
    /// Whether it holds: by both clocks, and for longer while the server cannot be asked.
    pub(super) fn holds(&self, now: Now) -> bool {
        let until = if self.is_failing { self.stale_until } else { self.until };
        let began = now.monotonic.saturating_add(CLOCK_SLACK) >= self.made_at;
        began && now.monotonic < until && self.end.is_none_or(|end| now.wall < end)
    }
}

/// Decisions of one kind.
#[derive(Debug)]
pub(super) struct Cache {
    entries: BTreeMap<Key, Entry>,
    /// The entries by when they are forgotten.
    order: BTreeSet<(Instant, Key)>,
    most: usize,
}

impl Cache {
    pub(super) fn new(most: usize) -> Self {
        Self { entries: BTreeMap::new(), order: BTreeSet::new(), most }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(key)
    }

    pub(super) fn insert(&mut self, key: Key, entry: Entry) {
        self.remove(&key);
        while self.entries.len() >= self.most {
            let Some((_, first)) = self.order.pop_first() else { return };
            self.entries.remove(&first);
        }
        self.order.insert((entry.forget_at, key));
        self.entries.insert(key, entry);
    }

    pub(super) fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.entries.remove(key) {
            self.order.remove(&(entry.forget_at, *key));
        }
    }

    /// The server could not be asked about this one; it is to be tried again at `renew_at`.
    pub(super) fn fail(&mut self, key: &Key, renew_at: Instant) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.is_failing = true;
            entry.renew_at = entry.renew_at.max(renew_at);
        }
    }

    /// Forgets what is over.
    pub(super) fn forget(&mut self, now: Instant) {
        while let Some((until, key)) = self.order.first().copied() {
            if until > now {
                return;
            }
            self.order.remove(&(until, key));
            self.entries.remove(&key);
        }
    }

    /// When the next one is forgotten.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.first().map(|(until, _)| *until)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.order.clear();
    }
}
