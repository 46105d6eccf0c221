//! Waiting: for answers, and for time to pass.

use std::time::Duration;
use wasip2::clocks::monotonic_clock;
use wasip2::io::poll::{Pollable, poll};

/// Returns when one of these is ready, or when the time is over.
pub(crate) fn wait(ready: &[&Pollable], time: Option<Duration>) {
    match (ready, time) {
        ([], None) => {}
        ([], Some(time)) => std::thread::sleep(time),
        (_, None) => _ = poll(ready),
        (_, Some(time)) => {
            let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            let alarm = monotonic_clock::subscribe_duration(nanos);
            let mut all = ready.to_vec();
            all.push(&alarm);
            poll(&all);
        }
    }
}
