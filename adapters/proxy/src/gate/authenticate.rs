//! Who sends a request (RV-3…RV-5).

use super::token::{self, InProtocol};
use super::{Caller, Reviewer};
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderValue};
use kubecred_core::Secret;
use kubecred_core::reviewer::Decision;
use std::sync::Arc;
use std::time::Duration;

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    /// This is who it is.
    Accepted(Caller),
    /// There is no credential at all.
    NoCredential,
    /// There is one, and it is bad: why, for a log.
    Refused(Arc<str>),
    /// The API server cannot be asked: why, for a log, and when to come back.
    Unavailable(Arc<str>, Duration),
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Accepted(identity) => Self::Accepted(Caller::new(identity)),
            Decision::Refused { reason } => Self::Refused(reason),
            Decision::Unavailable { reason, retry_after } => Self::Unavailable(reason, retry_after),
        }
    }
}

/// The credentials of one request.
#[derive(Debug)]
pub(crate) struct Credentials {
    bearer: Option<Secret>,
    in_protocol: Result<Option<InProtocol>, &'static str>,
}

impl Credentials {
    /// Those in the headers. Without `subprotocols` there is one place only.
    pub(crate) fn of(headers: &HeaderMap, subprotocols: bool) -> Self {
        let in_protocol = if subprotocols { token::in_protocol(headers) } else { Ok(None) };
        Self { bearer: token::bearer(headers).map(Secret::new), in_protocol }
    }

    /// The token to name in a log.
    pub(crate) fn token(&self) -> Option<&Secret> {
        let in_protocol = self.in_protocol.as_ref().ok().and_then(Option::as_ref);
        self.bearer.as_ref().or_else(|| in_protocol.map(|found| &found.token))
    }

    /// The subprotocols without the token, if one of them was it.
    pub(crate) fn other_protocols(&self) -> Option<&HeaderValue> {
        self.in_protocol.as_ref().ok().and_then(Option::as_ref).map(|found| &found.others)
    }

    /// Whose they are: the bearer token, then the one among the subprotocols; the first that is good
    /// counts (RV-4). If the server could not be asked about one, it is not known whether that was
    /// good.
    pub(crate) async fn judge(&self, reviewer: &Reviewer) -> Verdict {
        let in_protocol = match &self.in_protocol {
            Ok(found) => found.as_ref().map(|found| &found.token),
            Err(problem) => return Verdict::Refused((*problem).into()),
        };
        let mut verdict = Verdict::NoCredential;
        for token in self.bearer.iter().chain(in_protocol) {
            match Verdict::from(reviewer.review(token.expose()).await) {
                Verdict::Accepted(caller) => return Verdict::Accepted(caller),
                Verdict::Refused(_) if matches!(verdict, Verdict::Unavailable(..)) => {}
                other => verdict = other,
            }
        }
        verdict
    }
}

/// Takes the credential off a request that it let in (RV-2, RV-3).
pub(crate) fn take_off(headers: &mut HeaderMap, credentials: Option<&Credentials>) {
    headers.remove(AUTHORIZATION);
    if let Some(others) = credentials.and_then(Credentials::other_protocols) {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, others.clone());
    }
}
