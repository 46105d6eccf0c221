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
    /// The same moment on the cheap clock.
    #[cfg(target_os = "linux")]
    cheap_origin: u64,
}

/// So far [`Clock::recently`] may be off: twice the kernel's longest tick.
pub(crate) const LAG: Duration = Duration::from_millis(20);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub(crate) fn start() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            cheap_origin: u64::try_from(cheap::read(cheap::MONOTONIC)).unwrap_or_default(),
            origin: Moment::now(),
        }
    }

    /// What both clocks say.
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub(crate) fn now(self) -> Now {
        Now {
            monotonic: Instant::from_millis(millis(self.origin.elapsed())),
            wall: unix(SystemTime::now()),
        }
    }

    /// What both clocks say, give or take [`LAG`], at a seventh of the cost: for each request.
    pub(crate) fn recently(self) -> Now {
        #[cfg(target_os = "linux")]
        return Now {
            monotonic: Instant::from_millis(
                u64::try_from(cheap::read(cheap::MONOTONIC))
                    .unwrap_or_default()
                    .saturating_sub(self.cheap_origin),
            ),
            wall: UnixTime::from_millis(cheap::read(cheap::WALL)),
        };
        #[cfg(not(target_os = "linux"))]
        self.now()
    }

    /// When the runtime's timer has to fire to be there at `instant`.
    pub(crate) fn at(self, instant: Instant) -> Moment {
        self.origin + Duration::from_millis(instant.as_millis()).min(FOR_EVER)
    }
}

/// The clocks that the kernel moves on with each of its ticks.
#[cfg(target_os = "linux")]
mod cheap {
    pub(super) use rustix::time::ClockId;
    pub(super) const MONOTONIC: ClockId = ClockId::MonotonicCoarse;
    pub(super) const WALL: ClockId = ClockId::RealtimeCoarse;

    /// In milliseconds.
    pub(super) fn read(clock: ClockId) -> i64 {
        let time = rustix::time::clock_gettime(clock);
        time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000)
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
