//! A command that makes one typed call: its client, and what its errors mean.

use crate::report::{Exit, Report};
use crate::session::{self, Session};
use kubecred_core::api::call::CallError;
use kubecred_core::api::status::Status;
use kubecred_tokio::Client;
use kubecred_tokio::client::{Answer, ApiError};

/// The client of a session.
pub(crate) fn client(session: &Session) -> Result<Client, Report> {
    Client::new(session.auth.clone()).map_err(|error| session::explain(&error, session))
}

/// The object of an answer; its `Warning` headers go to standard error, as in kubectl.
pub(crate) fn object<T>(
    answer: Result<Answer<T>, ApiError>,
    session: &Session,
    refused: impl FnOnce(&Status) -> String,
) -> Result<T, Report> {
    match answer {
        Ok(answer) => {
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
