//! The value of a slot, and the times at which it expires or is refreshed.

use crate::cx::Cx;
use crate::policy::Renewal;
use crate::source::{CredentialParts, Lifecycle};
use crate::time::{Instant, Now, UnixTime};
use core::time::Duration;

/// A refresh because of the age is up to this much earlier, at random (TR-21).
const MAX_AGE_JITTER: Duration = Duration::from_secs(10);

/// What a source gave, with its times.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) parts: CredentialParts,
    /// When it expires, by the wall clock.
    pub(crate) expires: Option<UnixTime>,
    /// When it expires, by the monotonic clock.
    pub(crate) ends: Option<Instant>,
    /// From this time on it is refreshed in the background, while requests use it.
    pub(crate) renew_at: Option<Instant>,
    /// From this time on requests wait for a refresh, unless one has just failed.
    pub(crate) fresh_until: Option<Instant>,
    /// A server has answered 401 to it.
    pub(crate) rejected: bool,
    /// It replaced a value to which a server had answered 401.
    pub(crate) replacement: bool,
    /// The host has been told that it has expired.
    pub(crate) marked_expired: bool,
}

impl Held {
    /// A value that does not expire.
    pub(crate) const fn endless(parts: CredentialParts) -> Self {
        Self {
            parts,
            expires: None,
            ends: None,
            renew_at: None,
            fresh_until: None,
            rejected: false,
            replacement: false,
            marked_expired: false,
        }
    }

    /// What a source with this lifecycle gave just now.
    pub(crate) fn new(cx: &mut Cx<'_>, parts: CredentialParts, lifecycle: &Lifecycle) -> Self {
        let mut held = Self::endless(parts);
        let now = cx.now;
        let life = match held.parts.expires {
            // It had expired when it arrived, so a clock is wrong. The server decides.
            Some(end) if end <= now.wall => Some(cx.policy.clock_skew_grace),
            Some(end) => {
                held.expires = Some(end);
                Some(end.since(now.wall))
            }
            None => None,
        };
        if let Some(life) = life {
            let ends = now.monotonic.saturating_add(life);
            held.ends = Some(ends);
            held.renew_at = lifecycle
                .renewal
                .lead(life)
                .map(|lead| ends.saturating_sub(lead).saturating_sub(cx.jitter.below(lead / 10)));
            held.fresh_until =
                lifecycle.leeway.map(|leeway| ends.saturating_sub(leeway.min(life / 2)));
        }
        if let (Some(age), Renewal::Ahead { .. }) = (lifecycle.max_age, lifecycle.renewal) {
            let early = cx.jitter.below(MAX_AGE_JITTER);
            let aged = now.monotonic.saturating_add(age / 5 * 4).saturating_sub(early);
            held.renew_at = earliest([held.renew_at, Some(aged)]);
        }
        if let Some(reload) = lifecycle.reload {
            let again = now.monotonic.saturating_add(reload.every.saturating_sub(reload.leeway));
            let limit = match cx.policy.renewal {
                Renewal::Ahead { .. } => now.monotonic.saturating_add(reload.every),
                // client-go reads the file in the first request after this time (TK-4).
                Renewal::WhenExpired => again,
            };
            held.renew_at = earliest([held.renew_at, Some(again)]);
            held.fresh_until = Some(limit);
        }
        held
    }

    /// Whether it has expired, by either clock.
    pub(crate) fn is_expired(&self, now: Now) -> bool {
        self.expires.is_some_and(|end| now.wall >= end)
            || self.ends.is_some_and(|end| now.monotonic >= end)
    }

    /// Whether requests must wait for a refresh.
    pub(crate) fn is_doubtful(&self, now: Now) -> bool {
        self.rejected || self.fresh_until.is_some_and(|limit| now.monotonic >= limit)
    }

    /// Whether it is time to refresh it.
    pub(crate) fn is_due(&self, now: Now) -> bool {
        self.is_expired(now)
            || self.is_doubtful(now)
            || self.renew_at.is_some_and(|at| now.monotonic >= at)
    }

    /// When it will be time to refresh it.
    pub(crate) fn due_at(&self) -> Option<Instant> {
        if self.rejected {
            return Some(Instant::default());
        }
        earliest([self.renew_at, self.fresh_until, self.ends])
    }
}

/// The earliest of the given times. (It runs for each request; an iterator's `min` takes several
/// nanoseconds more.)
#[inline]
pub(crate) fn earliest<const N: usize>(times: [Option<Instant>; N]) -> Option<Instant> {
    let mut first: Option<Instant> = None;
    for time in times {
        first = match (first, time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    first
}
