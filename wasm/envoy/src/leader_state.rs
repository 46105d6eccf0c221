//! What the leader tells the other threads, and how there comes to be one leader.

use kubecred_core::{Generation, Header, Instant, Now, Secret};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A leader that has not been heard of for this long is gone.
pub(crate) const LEASE: Duration = Duration::from_secs(3);

/// How often a leader is heard of.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(1);

/// Written by the leader, read by all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeaderState {
    /// The number of the leader: one more for each. 0: there has been none.
    pub(crate) epoch: u64,
    /// Until when it leads, if nothing more is heard of it.
    pub(crate) until: Instant,
    pub(crate) availability: Availability,
}

/// What a request can have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Availability {
    /// Nothing. There is no attempt before `retry_at`; `None`: never.
    Failed { retry_at: Option<Instant> },
    /// Nothing yet.
    #[default]
    Pending,
    /// These headers, until then. `demand`: the leader wants to know when they are used.
    Ready {
        generation: Generation,
        headers: Vec<Header>,
        good_until: Option<Instant>,
        demand: bool,
    },
}

impl LeaderState {
    /// Whether there is no leader. An end that is too far away was written before the clock was set back.
    pub(crate) fn is_orphaned(&self, now: Now) -> bool {
        self.epoch == 0
            || self.until <= now.monotonic
            || self.until.since(now.monotonic) > LEASE.saturating_mul(2)
    }

    /// What a request can have now.
    pub(crate) fn availability(&self, now: Now) -> &Availability {
        let over = match &self.availability {
            Availability::Failed { retry_at } => *retry_at,
            Availability::Pending => None,
            Availability::Ready { good_until, .. } => *good_until,
        };
        match over {
            Some(over) if over <= now.monotonic => &Availability::Pending,
            _ => &self.availability,
        }
    }

    pub(crate) fn encode(&self) -> Secret {
        // Of what it consists of everything can be written.
        Secret::new(serde_json::to_vec(self).unwrap_or_default())
    }

    /// `None` for what another version of this filter wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// What a follower tells the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Message {
    /// A request wants to be sent.
    Demand,
    /// The upstream has answered 401 to what the leader of this number gave out.
    Reject { epoch: u64, generation: Generation },
}

impl Message {
    pub(crate) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
