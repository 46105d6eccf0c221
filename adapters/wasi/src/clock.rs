//! The clocks: the one place that reads them.

use kubecred_core::{Instant, Now, UnixTime};
use std::time::{Duration, Instant as Moment, SystemTime};

/// Both clocks of the guest. The monotonic one counts from when this was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Moment,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub(crate) fn start() -> Self {
        Self { origin: Moment::now() }
    }

    /// What both clocks say.
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub(crate) fn now(self) -> Now {
        Now {
            monotonic: Instant::from_millis(millis(self.origin.elapsed())),
            wall: unix(SystemTime::now()),
        }
    }
}

fn unix(time: SystemTime) -> UnixTime {
    UnixTime::from_millis(match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis)
        }
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
