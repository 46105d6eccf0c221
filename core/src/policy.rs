//! When to fetch, refresh, wait and give up: every number, its reason, and what client-go does.

use core::time::Duration;

/// When an [`Authenticator`](crate::Authenticator) refreshes, and its limits. [`Policy::default`]
/// suits most programs; [`Policy::client_go`] fetches only on demand, as client-go does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "struct update from a default is how one is made")]
pub struct Policy {
    /// Whether to refresh a credential before it expires. client-go: [`Renewal::WhenExpired`].
    pub renewal: Renewal,
    /// The shortest time between two fetches of the same credential. However many 401s or expired
    /// credentials there are, the plugin runs once in this time. client-go: none.
    pub min_interval: Duration,
    /// How long to use a credential that had already expired when it arrived. A clock is wrong
    /// then, and the server decides with a 401. client-go runs the plugin again for each request
    /// (EX-62).
    pub clock_skew_grace: Duration,
    /// How often token files are read again. client-go: every 60 s, with a leeway of 10 s (TK-4);
    /// the kubelet replaces a token when 80 % of its lifetime have passed.
    pub token_file: Reload,
    /// How often client certificate and key files are read again. client-go: every 5 min (HT-31).
    pub certificate_files: Reload,
    /// How often CA files are read again. client-go: every 5 min (HT-30).
    pub roots_file: Reload,
    /// An id-token that expires within this time is refreshed before it is used, so that it is
    /// still valid when the request arrives. At most half of its lifetime. client-go: 10 s (OI-12).
    pub id_token_leeway: Duration,
    /// The pause after a failed fetch. It also applies when the server answers 401 to the second
    /// new credential in a row, counted from the start of the last fetch. client-go: none (EX-64).
    pub backoff: Backoff,
    /// The time limit for reading a file, so that a dead network mount does not block every
    /// request. client-go: none.
    pub file_timeout: Duration,
    /// The time limit for a plugin without standard input; `None`: no limit, as in client-go
    /// (EX-23). A plugin that inherits standard input has no limit, since the user may be typing.
    pub command_timeout: Option<Duration>,
    /// The time limit for an HTTP request, such as one to an OpenID provider.
    pub request_timeout: Duration,
    /// The largest file, plugin output or HTTP response, in bytes. Real ones are under 64 KiB.
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
    /// As client-go: a credential is fetched when a request needs it, and used until it expires
    /// (EX-61); a plugin has no time limit (EX-23). Unlike client-go, it keeps the pauses after
    /// failures and the shortest interval.
    pub fn client_go() -> Self {
        Self { renewal: Renewal::WhenExpired, command_timeout: None, ..Self::default() }
    }
}

/// When a credential with a known end is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a choice of two")]
pub enum Renewal {
    /// Before it expires, if a request has used it since the last refresh. So a busy proxy does not
    /// wait for refreshes, and an idle process runs nothing. A plugin that may read standard input
    /// is not run ahead of time.
    ///
    /// The time before the expiry is `margin` (so that the credential is still valid when the
    /// request arrives) or `percent` of the lifetime (which leaves time for retries), whichever is
    /// longer, but at most half of the lifetime, so that a 45-second token is not refreshed for
    /// each request.
    Ahead {
        /// The shortest time before the expiry.
        margin: Duration,
        /// The time before the expiry, in percent of the lifetime: 0 to 50.
        percent: u8,
    },
    /// When it has expired and a request needs it.
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
    /// How old the content may be. Later requests wait until the file has been read again, and use
    /// the old content if that fails.
    pub every: Duration,
    /// How much earlier the file is read again in the background, while requests use the old
    /// content.
    pub leeway: Duration,
}

impl Reload {
    const fn every(every: u64, leeway: u64) -> Self {
        Self { every: Duration::from_secs(every), leeway: Duration::from_secs(leeway) }
    }
}

/// The pause after a failure: it doubles from `initial` to `max`. Up to a quarter of it is added at
/// random, so that a thousand processes do not retry at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two numbers")]
pub struct Backoff {
    /// The pause after the first failure.
    pub initial: Duration,
    /// The longest pause, without the random part.
    pub max: Duration,
}

impl Backoff {
    /// The pause after failure number `attempt`, counted from 0.
    pub(crate) fn pause(self, attempt: u32, jitter: &mut Jitter) -> Duration {
        let doubled = self.initial.saturating_mul(1u32 << attempt.min(20)).min(self.max);
        doubled.saturating_add(jitter.below(doubled / 4))
    }
}

/// Pseudo-random numbers from a seed (SplitMix64). They are not secret.
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
