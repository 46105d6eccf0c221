//! The wire of a reviewer: what it asks of a host, and what a host tells it.

use super::key::Key;
use crate::api::call::ApiRequest;
use crate::api::user_info::UserInfo;
use crate::protocol::{ActionId, Completion, Job, Request, Wire, sealed};
use crate::secret::Secret;
use crate::time::Instant;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const ANONYMOUS: &str = "system:anonymous";

/// The wire of a [`Reviewer`](super::Reviewer).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "it names a wire and has no values")]
pub enum ReviewWire {}

impl sealed::Wire for ReviewWire {}

impl Wire for ReviewWire {
    type Input = Input;
    type Reply = ReviewReply;
}

/// What can happen to a reviewer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Input {
    /// A request came with this token, and [`Reviewer::lookup`](super::Reviewer::lookup) does not
    /// know it, or wants it reviewed again. An [`Action::Decided`] answers it, and all others of the
    /// same token that came meanwhile.
    Review(Secret),
    /// The answer to a job.
    Complete(Completion<ReviewWire>),
    /// The time of [`Action::WakeAt`] has come. Always harmless.
    Tick,
    /// The end: reviews are cancelled, secrets wiped; whatever comes later is ignored.
    Close,
}

impl From<Completion<ReviewWire>> for Input {
    fn from(completion: Completion<ReviewWire>) -> Self {
        Self::Complete(completion)
    }
}

/// What a reviewer wants done.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the wire")]
pub enum Action {
    /// Send this call to the API server, with the host's own login. It wants one
    /// [`Input::Complete`].
    SendReview(Job<ApiRequest, ReviewWire>),
    /// Stop this job; its answer is not waited for any more.
    Cancel(ActionId<ReviewWire>),
    /// Whoever waits for this key has its answer.
    Decided(Decided),
    /// Send an [`Input::Tick`] at this time; replaces what an earlier one said.
    WakeAt(Instant),
}

impl sealed::Sealed for ApiRequest {}

impl Request<ReviewWire> for ApiRequest {
    type Reply = ReviewReply;
}

/// An API server's answer. The host takes [`MAX_REPLY`](crate::api::call::MAX_REPLY) bytes of body at
/// most, and fails the job if there are more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct ReviewReply {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After`, if there is one.
    pub retry_after: Option<String>,
    /// The whole body.
    pub body: Secret,
}

/// An answer for those who wait.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Decided {
    /// The token's.
    pub key: Key,
    /// What came of it.
    pub decision: Decision,
}

/// Whether to let a token in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a host must act on each")]
pub enum Decision {
    /// It is good: whose it is.
    Accepted(Arc<Identity>),
    /// It is not: 401.
    Refused {
        /// Why, for a log; it is not for the caller.
        reason: Arc<str>,
    },
    /// It is not known, as the server cannot be asked: 503, never 401.
    Unavailable {
        /// Why, for a log.
        reason: Arc<str>,
        /// For `Retry-After`.
        retry_after: Duration,
    },
}

/// Whose a token is, as the API server says it, and in the group `system:authenticated` (RV-4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the wire")]
pub struct Identity {
    /// The user.
    pub user: UserInfo,
    /// For which of the audiences asked the token is good.
    pub audiences: Vec<String>,
}

impl Identity {
    pub(super) fn new(mut user: UserInfo, audiences: Vec<String>) -> Self {
        let is = |group: &String| group == AUTHENTICATED || group == UNAUTHENTICATED;
        if user.username != ANONYMOUS && !user.groups.iter().any(is) {
            user.groups.push(AUTHENTICATED.into());
        }
        Self { user, audiences }
    }

    /// Of a request without any credential, where that is allowed (RV-5).
    #[must_use]
    pub fn anonymous() -> Self {
        let user = UserInfo {
            username: ANONYMOUS.into(),
            groups: [UNAUTHENTICATED.into()].into(),
            ..UserInfo::default()
        };
        Self { user, audiences: Vec::new() }
    }
}
