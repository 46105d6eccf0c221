//! One review under way: its attempts and pauses (RV-7).

use super::protocol::ReviewWire;
use super::settings::Settings;
use crate::api::call::CallError;
use crate::protocol::{ActionId, Failure, FailureKind};
use crate::secret::Secret;
use crate::sent::SentSecrets;
use crate::time::{Instant, UnixTime};
use alloc::sync::Arc;
use core::time::Duration;

/// A pause is longer or shorter by up to so many percent (RV-7).
const JITTER_PERCENT: u64 = 20;

/// The most characters of a reason that are kept.
const LONGEST_REASON: usize = 512;

/// A review of one token.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) token: Secret,
    /// The token's own end.
    pub(super) end: Option<UnixTime>,
    /// The token was accepted a short while ago: a flood of unknown ones does not hold it up.
    pub(super) is_known: bool,
    pub(super) state: State,
    pub(super) attempts: u8,
    /// When it is given up.
    pub(super) deadline: Instant,
}

/// What a flight waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The answer to this job.
    Sent(ActionId<ReviewWire>),
    /// This time.
    Paused(Instant),
}

impl Flight {
    /// A reason without the token, which the server may repeat, and no longer than people read.
    pub(super) fn hide(&self, reason: &str) -> Arc<str> {
        let end = reason.char_indices().nth(LONGEST_REASON).map_or(reason.len(), |(at, _)| at);
        let start = reason.get(..end).unwrap_or_default();
        SentSecrets::new([&self.token]).hide(start).into()
    }

    /// When something is to be done about it.
    pub(super) fn next(&self) -> Instant {
        match self.state {
            State::Sent(_) => self.deadline,
            State::Paused(until) => until.min(self.deadline),
        }
    }
}

/// The pause before the next attempt: half as long again each time, with chance, and no shorter than
/// the server wants.
pub(super) fn pause(
    settings: &Settings,
    attempts: u8,
    wanted: Option<Duration>,
    chance: u64,
) -> Duration {
    let mut pause = settings.first_pause;
    for _ in 1..attempts {
        pause = pause.saturating_add(pause / 2);
    }
    let millis = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    let percent = 100 - JITTER_PERCENT + chance % (2 * JITTER_PERCENT + 1);
    let pause = Duration::from_millis(millis.saturating_mul(percent) / 100);
    pause.max(wanted.unwrap_or_default())
}

/// Whether an answer is a reason to try again (RV-7), and how long the server wants that to wait.
pub(super) fn may_pass(error: &CallError) -> Option<Option<Duration>> {
    let status = error.status()?;
    let wanted = status.retry_after();
    (wanted.is_some() || matches!(status.code, 429 | 500 | 504)).then_some(wanted)
}

/// Whether a failure of the host's is one that may pass.
pub(super) fn failure_may_pass(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Network | FailureKind::TimedOut)
}
