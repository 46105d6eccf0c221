//! A clock that never goes back, made from the host's monotonic clock.

use crate::time::{Instant, Now};
use core::time::Duration;

/// If the host's clock goes back, this one goes on from its latest time, by an offset. (If it
/// stayed at the latest time instead, all deadlines would wait until the host's clock had caught
/// up.)
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    offset: Duration,
    latest: Instant,
}

impl Timeline {
    /// Records the host's time, and converts it to this clock.
    pub(super) fn advance(&mut self, now: Now) -> Now {
        let monotonic = now.monotonic.saturating_add(self.offset);
        self.offset = self.offset.saturating_add(self.latest.since(monotonic));
        self.latest = self.latest.max(monotonic);
        Now { monotonic: self.latest, ..now }
    }

    /// Converts the host's time to this clock.
    pub(super) fn on_timeline(&self, now: Now) -> Now {
        let monotonic = now.monotonic.saturating_add(self.offset).max(self.latest);
        Now { monotonic, ..now }
    }

    /// Converts a time of this clock to the host's clock.
    pub(super) fn for_host(&self, at: Instant) -> Instant {
        at.saturating_sub(self.offset)
    }
}
