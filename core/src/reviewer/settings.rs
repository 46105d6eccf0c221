//! What a reviewer asks, and how long it believes the answer.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// Whom a token must be for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "these are all")]
pub enum Audiences {
    /// For the API server, or for nobody that the API server knows of: no audience is asked for. A
    /// token that was made for this service alone is then refused, and any token for the API server
    /// is accepted.
    ApiServer,
    /// For one of these. An empty list refuses every token.
    OneOf(Vec<String>),
}

/// How a [`Reviewer`](super::Reviewer) works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct Settings {
    /// Whom a token must be for.
    pub audiences: Audiences,
    /// What an API server that knows no audiences is taken to have answered (RV-10, RV-11); without
    /// them its answers are refusals.
    pub implicit_audiences: Vec<String>,
    /// How long an accepted token is believed (RV-16). The token's own end cuts it.
    pub accepted_for: Duration,
    /// How long a refused one is: short, since it may be good a moment later.
    pub refused_for: Duration,
    /// In this last part of `accepted_for`, in percent, a token that is in use is reviewed again
    /// beside the requests.
    pub ahead_percent: u8,
    /// For so long after that an accepted token is believed while the server cannot be asked; never
    /// after its own end. Zero: not at all.
    pub stale_for: Duration,
    /// The most accepted tokens that are remembered.
    pub max_accepted: usize,
    /// The most refused ones.
    pub max_refused: usize,
    /// The most reviews of unknown tokens in flight; one more is unavailable at once. As many again
    /// may be of tokens that were accepted during the last minutes, so that a flood of unknown ones
    /// does not keep these from being reviewed again.
    pub max_in_flight: usize,
    /// The time for a review, attempts and pauses included (RV-6).
    pub timeout: Duration,
    /// The most attempts of a review (RV-7).
    pub max_attempts: u8,
    /// The pause after the first attempt; each next one is half as long again (RV-7).
    pub first_pause: Duration,
}

impl Settings {
    /// For tokens that are for one of these audiences.
    pub fn for_audiences<A: Into<String>>(audiences: impl IntoIterator<Item = A>) -> Self {
        Self::new(Audiences::OneOf(audiences.into_iter().map(Into::into).collect()))
    }

    /// For these audiences, and otherwise as kube-apiserver's delegated authentication has it, with
    /// bounds.
    pub fn new(audiences: Audiences) -> Self {
        Self {
            audiences,
            implicit_audiences: Vec::new(),
            accepted_for: Duration::from_secs(10),
            refused_for: Duration::from_secs(2),
            ahead_percent: 20,
            stale_for: Duration::ZERO,
            max_accepted: 8192,
            max_refused: 8192,
            max_in_flight: 100,
            timeout: Duration::from_secs(10),
            max_attempts: 5,
            first_pause: Duration::from_millis(500),
        }
    }

    /// Whether no token can be for the right audience.
    pub(super) fn refuses_all(&self) -> bool {
        matches!(&self.audiences, Audiences::OneOf(audiences) if audiences.is_empty())
    }

    /// The audiences to ask for.
    pub(super) fn asked(&self) -> &[String] {
        match &self.audiences {
            Audiences::ApiServer => &[],
            Audiences::OneOf(audiences) => audiences,
        }
    }
}
