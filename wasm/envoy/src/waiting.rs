//! The requests that wait for a credential, in the order in which they came.

use kubecred_core::{Instant, Now};
use std::collections::VecDeque;

/// They all wait equally long, so the first is the first to go.
#[derive(Debug, Default)]
pub(crate) struct Waiting(VecDeque<(u32, Instant)>);

impl Waiting {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, stream: u32, until: Instant) {
        self.0.push_back((stream, until));
    }

    /// The client has gone away.
    pub(crate) fn forget(&mut self, stream: u32) {
        self.0.retain(|(waiting, _)| *waiting != stream);
    }

    /// When the first has waited for long enough.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.0.front().map(|(_, until)| *until)
    }

    /// The next one that has waited for long enough.
    pub(crate) fn late(&mut self, now: Now) -> Option<u32> {
        self.0.pop_front_if(|(_, until)| *until <= now.monotonic).map(|(stream, _)| stream)
    }

    /// The next one.
    pub(crate) fn next(&mut self) -> Option<u32> {
        self.0.pop_front().map(|(stream, _)| stream)
    }
}
