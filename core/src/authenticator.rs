//! The one state machine.

use crate::credential::{Credential, Unready};
use crate::policy::Policy;
use crate::profile::Profile;
use crate::protocol::{Action, Input};
use crate::time::{Instant, Now};

/// Decides what to read, run and send, and when. See the crate's documentation.
#[derive(Debug, Clone)]
pub struct Authenticator {}

impl Authenticator {
    /// Born idle: the first input wakes it. `seed` is for jitter only.
    pub fn new(_profile: &Profile, _policy: Policy, _seed: u64) -> Self {
        Self {}
    }

    /// The only way in. Infallible: there are no wrong inputs, only disappointing ones.
    pub fn handle_input(&mut self, _now: Now, _input: Input) {}

    /// The only way out: first in, first out; drain it when you like.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        None
    }

    /// When to send the next [`Input::Tick`]; `None`: not before something else happens. The pull
    /// form of [`Action::RefreshAt`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// What to put on a request now: pure, allocates nothing. The pull form of
    /// [`Action::SetHeaders`].
    ///
    /// # Errors
    /// Why there is nothing to send now.
    pub fn credential(&self, _now: Now) -> Result<Credential<'_>, Unready<'_>> {
        Err(Unready::Pending)
    }

    /// Counters since the start.
    pub fn stats(&self) -> Stats {
        Stats::default()
    }

    /// Whether [`Input::Close`] has come.
    pub fn is_closed(&self) -> bool {
        false
    }
}

/// What a machine has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Stats {
    /// Jobs handed out.
    pub started: u64,
    /// Acquisitions that gave a credential (each of one or more jobs).
    pub succeeded: u64,
    /// Acquisitions that failed.
    pub failed: u64,
    /// Jobs called off.
    pub cancelled: u64,
    /// Current generations that a server refused.
    pub rejected: u64,
    /// Answers and rejections that came too late, twice, or for nothing.
    pub ignored: u64,
}
