//! The clocks of the simulated host, and the true time behind them.

use crate::span::millis;
use kubecred_core::{Now, UnixTime};
use std::time::Duration;

/// What the monotonic clock says at the start: not zero, so that there is room to step back.
pub const START_MONOTONIC: u64 = 100_000_000;

/// What the wall clock says at the start: 2030-01-01T00:00:00Z.
pub const START_WALL: i64 = 1_893_456_000_000;

/// True time since the start, and how far off both clocks are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clocks {
    elapsed: u64,
    monotonic_off: i64,
    wall_off: i64,
}

impl Clocks {
    /// Milliseconds since the start, truly.
    pub fn elapsed(&self) -> u64 {
        self.elapsed
    }

    /// What the clocks say.
    pub fn now(&self) -> Now {
        let monotonic = (START_MONOTONIC + self.elapsed).saturating_add_signed(self.monotonic_off);
        Now::from_millis(monotonic, self.true_wall().as_millis() + self.wall_off)
    }

    /// What a right wall clock says: the one that the API server and the plugins go by.
    pub fn true_wall(&self) -> UnixTime {
        UnixTime::from_millis(START_WALL + self.elapsed as i64)
    }

    /// Time goes on to this point, which is not in the past.
    pub fn set(&mut self, elapsed: u64) {
        assert!(elapsed >= self.elapsed, "time does not run back");
        self.elapsed = elapsed;
    }

    /// Somebody sets the wall clock, forward or back.
    pub fn jump_wall(&mut self, by: i64) {
        self.wall_off += by;
    }

    /// The machine sleeps: the monotonic clock stands still meanwhile.
    pub fn suspend(&mut self, during: Duration) {
        self.elapsed += millis(during);
        self.monotonic_off -= millis(during) as i64;
    }

    /// The monotonic clock breaks its promise and steps back.
    pub fn rewind_monotonic(&mut self, by: Duration) {
        self.monotonic_off -= millis(by) as i64;
    }
}
