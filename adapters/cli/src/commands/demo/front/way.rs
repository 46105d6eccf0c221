//! The ways in which callers of the demo reach what they want.

/// Who sends requests, and through what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// Without a credential through the proxy, which lends its login.
    Proxy,
    /// Through the gate with a token that is good for as long as the demo lasts.
    Gate,
    /// Through the gate with tokens that live for three seconds.
    ShortLived,
    /// Through the gate with a token that is revoked.
    Revoked,
}

impl Way {
    /// All of them, in the order in which they are shown.
    pub(crate) const ALL: [Self; 4] = [Self::Proxy, Self::Gate, Self::ShortLived, Self::Revoked];

    /// In the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Gate => "gate, long-lived token",
            Self::ShortLived => "gate, short-lived tokens",
            Self::Revoked => "gate, revoked token",
        }
    }

    /// Who goes this way, in the timeline.
    pub(crate) const fn caller(self) -> &'static str {
        match self {
            Self::Proxy => "caller of the proxy",
            Self::Gate => "caller, long-lived token",
            Self::ShortLived => "caller, short-lived tokens",
            Self::Revoked => "caller, revoked token",
        }
    }

    /// The name of the user who goes this way, as the gate tells the application.
    pub(crate) const fn user(self) -> &'static str {
        match self {
            Self::Proxy => "proxy",
            Self::Gate => "long-lived",
            Self::ShortLived => "short-lived",
            Self::Revoked => "revoked",
        }
    }

    /// How many of the workers go this way: half through the proxy, one with the token that is
    /// revoked, and each way has one at least.
    pub(crate) const fn share(self, workers: u32) -> u32 {
        let proxy = workers / 2;
        let gate = (workers - proxy - 1).div_ceil(2);
        match self {
            Self::Proxy => proxy,
            Self::Gate => gate,
            Self::ShortLived => workers - proxy - gate - 1,
            Self::Revoked => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_worker_has_a_way_and_every_way_a_worker() {
        for workers in 5..=1000 {
            let shares = Way::ALL.map(|way| way.share(workers));
            assert_eq!(shares.iter().sum::<u32>(), workers);
            assert!(shares.iter().all(|share| *share > 0), "{workers}: {shares:?}");
        }
    }
}
