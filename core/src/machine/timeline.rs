//! The monotonic clock as the machine sees it.

use crate::time::{Instant, Now};
use core::time::Duration;

/// When the host's clock is wound back, time goes on from where it was, by differences. (Holding on
/// to the latest time seen instead would freeze every deadline until the host's clock is there
/// again.)
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    offset: Duration,
    latest: Instant,
}

impl Timeline {
    /// Takes note of the host's time, and gives it on this timeline.
    pub(super) fn advance(&mut self, now: Now) -> Now {
        let monotonic = now.monotonic.saturating_add(self.offset);
        self.offset = self.offset.saturating_add(self.latest.since(monotonic));
        self.latest = self.latest.max(monotonic);
        Now { monotonic: self.latest, ..now }
    }

    /// The host's time on this timeline.
    pub(super) fn on_timeline(&self, now: Now) -> Now {
        let monotonic = now.monotonic.saturating_add(self.offset).max(self.latest);
        Now { monotonic, ..now }
    }

    /// The same time on the host's clock.
    pub(super) fn for_host(&self, at: Instant) -> Instant {
        at.saturating_sub(self.offset)
    }
}
