//! What is counted while the demo runs.

use std::iter::Sum;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The counters of one login, written by its workers and by the server.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    requests: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    told_to_wait: AtomicU64,
    longest_micros: AtomicU64,
    rotations: AtomicU64,
    failures_to_renew: AtomicU64,
}

/// The counters of one login at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Requests that workers have sent and seen the end of.
    pub(crate) requests: u64,
    /// Those of them that did not end with a status of 200 to 299.
    pub(crate) failed: u64,
    /// How often the server said 401.
    pub(crate) refused: u64,
    /// How often a worker was told to come back later, and did.
    pub(crate) told_to_wait: u64,
    /// The longest that a worker waited for the end of a request.
    pub(crate) longest: Duration,
    /// How often one credential took the place of another.
    pub(crate) rotations: u64,
    /// How many attempts to get a credential failed.
    pub(crate) failures_to_renew: u64,
}

impl Tally {
    /// A request has ended, well or not.
    pub(crate) fn request(&self, took: Duration, good: bool) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(u64::from(!good), Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.longest_micros.fetch_max(micros, Ordering::Relaxed);
    }

    /// The server has said 401.
    pub(crate) fn refusal(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// A worker was told to come back later.
    pub(crate) fn wait(&self) {
        self.told_to_wait.fetch_add(1, Ordering::Relaxed);
    }

    /// A credential has taken the place of another.
    pub(crate) fn rotation(&self) {
        self.rotations.fetch_add(1, Ordering::Relaxed);
    }

    /// An attempt to get a credential has failed.
    pub(crate) fn failure_to_renew(&self) {
        self.failures_to_renew.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub(crate) fn read(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            requests: read(&self.requests),
            failed: read(&self.failed),
            refused: read(&self.refused),
            told_to_wait: read(&self.told_to_wait),
            longest: Duration::from_micros(read(&self.longest_micros)),
            rotations: read(&self.rotations),
            failures_to_renew: read(&self.failures_to_renew),
        }
    }
}

/// All together.
impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, other| Self {
            requests: sum.requests + other.requests,
            failed: sum.failed + other.failed,
            refused: sum.refused + other.refused,
            told_to_wait: sum.told_to_wait + other.told_to_wait,
            longest: sum.longest.max(other.longest),
            rotations: sum.rotations + other.rotations,
            failures_to_renew: sum.failures_to_renew + other.failures_to_renew,
        })
    }
}
