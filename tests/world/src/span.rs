//! Durations that read like prose.

use std::time::Duration;

/// `5.s()`, `2.minutes()`, `1.h()`, `250.ms()`.
pub trait Span {
    /// Milliseconds.
    fn ms(self) -> Duration;
    /// Seconds.
    fn s(self) -> Duration;
    /// Minutes.
    fn minutes(self) -> Duration;
    /// Hours.
    fn h(self) -> Duration;
}

impl Span for u64 {
    fn ms(self) -> Duration {
        Duration::from_millis(self)
    }
    fn s(self) -> Duration {
        Duration::from_secs(self)
    }
    fn minutes(self) -> Duration {
        Duration::from_secs(self * 60)
    }
    fn h(self) -> Duration {
        Duration::from_secs(self * 3600)
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("a span of the world fits in 64 bits")
}
