//! The system's errors, as the machine tells them apart.

use kubecred_core::{Failure, FailureKind};
use std::io::{Error, ErrorKind};

/// An error of the system as a [`Failure`], in the system's own words.
pub fn failure(error: &Error) -> Failure {
    /// A file that lies in no directory which the embedder has opened for this guest.
    const NOT_CAPABLE: i32 = 76;
    if cfg!(target_os = "wasi") && error.raw_os_error() == Some(NOT_CAPABLE) {
        return Failure::new(FailureKind::NotFound, "no preopened directory holds it");
    }
    let kind = match error.kind() {
        ErrorKind::NotFound => FailureKind::NotFound,
        ErrorKind::PermissionDenied => FailureKind::Denied,
        ErrorKind::TimedOut => FailureKind::TimedOut,
        _ => FailureKind::Other,
    };
    Failure::new(kind, error.to_string())
}
