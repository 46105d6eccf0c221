//! The clocks: the one place that reads them.

use kubecred_core::{Instant, Now, UnixTime};
use std::time::{Duration, SystemTime};

/// Both clocks of this process. The monotonic one counts from when this was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: std::time::Instant,
}

impl Clock {
    /// Starts counting.
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub fn start() -> Self {
        Self { origin: std::time::Instant::now() }
    }

    /// What both clocks say.
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub fn now(self) -> Now {
        Now { monotonic: Instant::from_millis(millis(self.origin.elapsed())), wall: wall() }
    }
}

/// What the wall clock says.
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub fn wall() -> UnixTime {
    unix(SystemTime::now())
}

/// A time of the operating system in the machine's terms.
pub fn unix(time: SystemTime) -> UnixTime {
    UnixTime::from_millis(match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis)
        }
    })
}

/// A duration in whole milliseconds, rounded down.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
