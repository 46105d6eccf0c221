//! When to fetch, renew, wait and give up: every number, its reason, and what client-go does.

use core::time::Duration;

/// The pace of a machine. [`Policy::default`] is right for nearly everyone;
/// [`Policy::client_go`] is client-go's laziness.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "struct update from a default is how one is made")]
pub struct Policy {
    /// Whether to renew before it is too late. client-go: [`Renewal::WhenExpired`].
    pub renewal: Renewal,
    /// The least time between two starts of the same source, whatever happens: a storm of 401s
    /// or of expired answers costs one run in this time. client-go: none.
    pub min_interval: Duration,
    /// How long to use a credential that had already expired when it arrived. Someone's clock is
    /// wrong; running the plugin for each request (as client-go does, EX-62) helps no one, and the
    /// server's 401 decides.
    pub clock_skew_grace: Duration,
    /// Token files. client-go: 60 s and 10 s (TK-4); the kubelet replaces a token at 80 % of its
    /// life.
    pub token_file: Reload,
    /// Client certificate and key files. client-go: 5 min, by a background poll (HT-31).
    pub certificate_files: Reload,
    /// CA files. client-go: 5 min (HT-30).
    pub roots_file: Reload,
    /// An id-token with less than this left is refreshed before it is used, if it can be: a request
    /// in flight must arrive. Never more than half of its life. client-go: 10 s (OI-12).
    pub id_token_leeway: Duration,
    /// The pause after a failure; and after 401s in a row, from the second new credential on that
    /// soon gets one itself, counted from when it was asked for. client-go: none (EX-64).
    pub backoff: Backoff,
    /// A limit for reading a file: a FIFO or a dead network mount must not hold every request.
    /// client-go: none.
    pub file_timeout: Duration,
    /// A limit for a plugin that cannot be talking to a person; `None`: none, as in client-go
    /// (EX-23). One that inherits standard input has no limit.
    pub command_timeout: Option<Duration>,
    /// A limit for an HTTP request of a source.
    pub request_timeout: Duration,
    /// The most bytes taken from a file, a plugin or a server: real ones are under 64 KiB.
    pub max_reply: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            renewal: Renewal::Ahead { margin: Duration::from_secs(10), percent: 20 },
            min_interval: Duration::from_secs(1),
            clock_skew_grace: Duration::from_secs(10),
            token_file: Reload::every(60, 10),
            certificate_files: Reload::every(300, 10),
            roots_file: Reload::every(300, 10),
            id_token_leeway: Duration::from_secs(10),
            backoff: Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(60) },
            file_timeout: Duration::from_secs(10),
            command_timeout: Some(Duration::from_secs(60)),
            request_timeout: Duration::from_secs(30),
            max_reply: 1 << 20,
        }
    }
}

impl Policy {
    /// client-go's laziness: nothing runs until a request needs it, a credential is used to its
    /// last millisecond (EX-61), a plugin may take for ever (EX-23). Its storms are not
    /// reproduced: pauses and the least interval stay.
    pub fn client_go() -> Self {
        Self { renewal: Renewal::WhenExpired, command_timeout: None, ..Self::default() }
    }
}

/// When a credential with a known end is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a choice of two")]
pub enum Renewal {
    /// This long before its end, if anyone has used it since the last renewal and no person can
    /// be asked: a busy proxy never stalls, an idle process runs nothing.
    ///
    /// The lead is the larger of `margin` (a request in flight must arrive) and `percent` of the
    /// lifetime (room for retries), but never more than half of the lifetime, so that a 45-second
    /// token is not renewed for each request.
    Ahead {
        /// The least lead.
        margin: Duration,
        /// The lead as a share of the lifetime, 0 to 50.
        percent: u8,
    },
    /// Not before it has ended and someone asks.
    WhenExpired,
}

impl Renewal {
    /// How long before its end to renew a credential that lives for `lifetime`; `None`: not
    /// before.
    pub(crate) fn lead(self, lifetime: Duration) -> Option<Duration> {
        match self {
            Self::Ahead { margin, percent } => {
                let share = lifetime.saturating_mul(u32::from(percent.min(50))) / 100;
                Some(margin.max(share).min(lifetime / 2))
            }
            Self::WhenExpired => None,
        }
    }
}

/// How often a file is read again while it is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two numbers")]
pub struct Reload {
    /// What was read counts as fresh for this long; after that a request waits for the next read
    /// (and goes on with the old content if that fails).
    pub every: Duration,
    /// This much earlier it is read again beside the requests.
    pub leeway: Duration,
}

impl Reload {
    const fn every(every: u64, leeway: u64) -> Self {
        Self { every: Duration::from_secs(every), leeway: Duration::from_secs(leeway) }
    }
}

/// The pause after a failure: doubles from `initial` to `max`, plus up to a quarter by chance, so
/// that a thousand processes do not come back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two numbers")]
pub struct Backoff {
    /// After the first failure.
    pub initial: Duration,
    /// At the most, before the chance is added.
    pub max: Duration,
}

impl Backoff {
    /// The pause after failure number `attempt`, counted from 0.
    pub(crate) fn pause(self, attempt: u32, jitter: &mut Jitter) -> Duration {
        let doubled = self.initial.saturating_mul(1u32 << attempt.min(20)).min(self.max);
        doubled.saturating_add(jitter.below(doubled / 4))
    }
}

/// A sequence of chances from a seed (SplitMix64). Nothing here needs secrecy from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A duration from zero to `limit`, in whole milliseconds.
    pub(crate) fn below(&mut self, limit: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        let millis = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(z.checked_rem(millis.saturating_add(1)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn lead_is_ten_seconds_or_a_fifth_and_at_most_half() {
        let renewal = Policy::default().renewal;
        for (life, lead) in [(3, 1500), (15, 7500), (45, 10_000), (900, 180_000), (3600, 720_000)] {
            assert_eq!(renewal.lead(secs(life)), Some(Duration::from_millis(lead)), "{life} s");
        }
        assert_eq!(Policy::client_go().renewal.lead(secs(3600)), None);
    }

    #[test]
    fn pauses_double_to_the_limit_and_vary_by_a_quarter() {
        let backoff = Policy::default().backoff;
        for seed in 0..50 {
            let mut jitter = Jitter::new(seed);
            for (attempt, base) in [(0, 1), (1, 2), (5, 32), (6, 60), (400, 60)] {
                let pause = backoff.pause(attempt, &mut jitter);
                assert!(pause >= secs(base) && pause <= secs(base) * 5 / 4, "{attempt}: {pause:?}");
            }
        }
    }

    #[test]
    fn chances_depend_on_the_seed_alone() {
        let draw = |seed| {
            let mut jitter = Jitter::new(seed);
            [0; 8].map(|_| jitter.below(secs(1000)))
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_eq!(Jitter::new(3).below(Duration::ZERO), Duration::ZERO);
    }
}
