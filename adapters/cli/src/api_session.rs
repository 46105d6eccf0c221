//! A command that makes one typed call: its client, and what its errors mean.

use crate::redact;
use crate::report::{Exit, Report};
use crate::session::{self, Session};
use kubecred_core::Secret;
use kubecred_core::api::call::CallError;
use kubecred_core::api::self_subject_review::SelfSubjectReview;
use kubecred_core::api::status::Status;
use kubecred_core::api::token_request::TokenRequest;
use kubecred_core::api::token_review::TokenReview;
use kubecred_tokio::Client;
use kubecred_tokio::client::{Answer, ApiError};

/// The client of a session.
pub(crate) fn client(session: &Session) -> Result<Client, Report> {
    Client::new(session.auth.clone()).map_err(|error| session::explain(&error, session))
}

/// An object of the API that may hold a secret.
pub(crate) trait Answered {
    /// The token that it is about, or that it brings.
    fn token(&self) -> Option<&Secret>;
}

impl Answered for SelfSubjectReview {
    fn token(&self) -> Option<&Secret> {
        None
    }
}

impl Answered for TokenRequest {
    fn token(&self) -> Option<&Secret> {
        Some(&self.status.token)
    }
}

impl Answered for TokenReview {
    fn token(&self) -> Option<&Secret> {
        Some(&self.spec.token)
    }
}

/// The object of an answer; its `Warning` headers go to standard error, as in kubectl. What was sent,
/// and what the answer brings, is known as a secret before anything of it is shown.
pub(crate) fn object<T: Answered>(
    answer: Result<Answer<T>, ApiError>,
    session: &Session,
    refused: impl FnOnce(&Status) -> String,
) -> Result<T, Report> {
    redact::learn_credential(&session.auth);
    match answer {
        Ok(answer) => {
            answer.object.token().into_iter().for_each(redact::learn);
            for warning in &answer.warnings {
                session.log.warn(format_args!("{warning} (from the server)"));
            }
            Ok(answer.object)
        }
        Err(ApiError::Client(error)) => Err(session::explain(&error, session)),
        Err(ApiError::Call(CallError::Status(status))) => {
            Err(Report::new(Exit::ErrorStatus, refused(&status)))
        }
        Err(error) => Err(Report::new(Exit::ErrorStatus, error)),
    }
}

/// What kubectl says of an error that it does not explain itself (WH-5).
pub(crate) fn from_server(status: &Status) -> String {
    match (status.code, status.reason.as_str()) {
        (401, _) => "You must be logged in to the server (Unauthorized)".into(),
        (_, "") => format!("Error from server: {status}"),
        (_, reason) => format!("Error from server ({reason}): {status}"),
    }
}
