//! What the leader tells the other threads, and how there comes to be one leader.

use kubecred_core::{Generation, Header, Instant, Now, Secret, Snapshot};
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
    /// What its machine said last. Why there is nothing stands in the leader's log.
    pub(crate) snapshot: Snapshot<Granted, ()>,
}

/// What a request gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Granted {
    pub(crate) generation: Generation,
    pub(crate) headers: Vec<Header>,
}

impl LeaderState {
    /// Whether there is no leader. An end that is too far away was written before the clock was set back.
    pub(crate) fn is_orphaned(&self, now: Now) -> bool {
        self.epoch == 0
            || self.until <= now.monotonic
            || self.until.since(now.monotonic) > LEASE.saturating_mul(2)
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
