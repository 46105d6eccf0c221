//! The clocks: the one place that reads them.

use kubecred_core::{Instant, Now, UnixTime};
use std::time::{Duration, SystemTime};
use tokio::time::Instant as Moment;

/// Longer than any process runs, and short enough to be added to any moment.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600 * 30);

/// Both clocks of this process. The monotonic one counts from when this was made.
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

    /// When the runtime's timer has to fire to be there at `instant`.
    pub(crate) fn at(self, instant: Instant) -> Moment {
        self.origin + Duration::from_millis(instant.as_millis()).min(FOR_EVER)
    }
}

/// A moment of the runtime's timer: since when something is idle.
#[cfg(feature = "client")]
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub(crate) fn moment() -> Moment {
    Moment::now()
}

/// What the wall clock says.
#[cfg(feature = "client")]
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub(crate) fn wall() -> UnixTime {
    unix(SystemTime::now())
}

/// A time of the operating system as the machine has it.
pub(crate) fn unix(time: SystemTime) -> UnixTime {
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
