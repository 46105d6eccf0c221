//! The wall clock: the one place that reads it.

use kubecred_core::UnixTime;
use std::time::{SystemTime, UNIX_EPOCH};

/// What it says now.
pub(crate) fn now() -> UnixTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_millis(i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}
