//! When the API server is down, and which requests may notice.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So long after the server is back, a request may still be told to wait: the answer may have been
/// on its way.
const AFTER: Duration = Duration::from_secs(2);

/// The one outage of a demo. A clone is the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Outage(Arc<Mutex<Times>>);

#[derive(Debug, Default)]
struct Times {
    down: Option<Instant>,
    back: Option<Instant>,
}

impl Outage {
    /// From now on the server is down.
    pub(super) fn begin(&self) {
        self.times().down = Some(Instant::now());
    }

    /// It is back.
    pub(super) fn end(&self) {
        self.times().back = Some(Instant::now());
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        self.times().back.is_some()
    }

    /// Whether a request that was sent at `sent` and ends now may have met it.
    pub(super) fn excuses(&self, sent: Instant) -> bool {
        let times = self.times();
        times.down.is_some() && times.back.is_none_or(|back| sent < back + AFTER)
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_that_may_have_met_the_outage_are_excused() {
        let outage = Outage::default();
        let before = Instant::now();
        assert!(!outage.excuses(before), "there was none");
        outage.begin();
        assert!(outage.excuses(before) && !outage.is_over());
        outage.end();
        assert!(outage.is_over());
        assert!(outage.excuses(Instant::now()), "its answer was on its way");
        assert!(!outage.excuses(Instant::now() + AFTER + AFTER));
    }
}
