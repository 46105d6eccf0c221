//! The system's keyring, with a limit on every call (LG-96).

use kubecred_core::{Failure, FailureKind, Secret};
use std::time::Duration;
use tokio::task::spawn_blocking;

/// Does it on a thread of its own: a keyring may wait for a person, or for nothing at all.
pub(super) async fn limited<T: Send + 'static>(
    limit: Duration,
    call: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, spawn_blocking(call)).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Err(Failure::new(FailureKind::Other, error.to_string())),
        Err(_) => {
            let text = format!("the keyring has not answered within {} s", limit.as_secs());
            Err(Failure::new(FailureKind::TimedOut, text))
        }
    }
}

const NONE: &str = "this program was built without keyring support";

fn none<T>() -> Result<T, Failure> {
    Err(Failure::new(FailureKind::Unsupported, NONE))
}

pub(super) fn get(_service: &str, _account: &str) -> Result<Option<Secret>, Failure> {
    none()
}

pub(super) fn set(_service: &str, _account: &str, _secret: &Secret) -> Result<(), Failure> {
    none()
}

pub(super) fn delete(_service: &str, _account: &str) -> Result<(), Failure> {
    none()
}
