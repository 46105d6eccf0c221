//! The clocks: the one place that reads them.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What the monotonic clock says now.
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since 1970, by the wall clock.
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub(crate) fn unix_millis() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
