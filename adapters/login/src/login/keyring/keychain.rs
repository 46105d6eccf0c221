//! The Keychain of macOS: generic passwords with a service and an account.

use super::store::{Items, locked};
use kubecred_core::{Failure, FailureKind, Secret};
use security_framework::base::Error;
use security_framework::passwords::{
    PasswordOptions, delete_generic_password, generic_password, set_generic_password,
};
use tokio::task::spawn_blocking;

/// `errSecItemNotFound`.
const NOT_FOUND: i32 = -25300;

/// `errSecInteractionNotAllowed`, `errSecAuthFailed`, `errSecUserCanceled`.
const LOCKED: [i32; 3] = [-25308, -25293, -128];

pub(super) struct Keychain;

impl Items for Keychain {
    fn limit(&self) -> usize {
        usize::MAX
    }

    async fn get(&self, service: &str, account: &str) -> Result<Option<Secret>, Failure> {
        let options = (service.to_owned(), account.to_owned());
        let found = blocking(move || {
            generic_password(PasswordOptions::new_generic_password(&options.0, &options.1))
        });
        match found.await {
            Ok(item) => Ok(Some(Secret::new(item))),
            Err(Problem::Keychain(error)) if error.code() == NOT_FOUND => Ok(None),
            Err(problem) => Err(problem.into()),
        }
    }

    async fn set(&self, service: &str, account: &str, secret: &Secret) -> Result<(), Failure> {
        let (service, account) = (service.to_owned(), account.to_owned());
        let secret = secret.clone();
        let set = blocking(move || set_generic_password(&service, &account, secret.expose()));
        Ok(set.await?)
    }

    async fn delete(&self, service: &str, account: &str) -> Result<(), Failure> {
        let (service, account) = (service.to_owned(), account.to_owned());
        match blocking(move || delete_generic_password(&service, &account)).await {
            Err(Problem::Keychain(error)) if error.code() == NOT_FOUND => Ok(()),
            deleted => Ok(deleted?),
        }
    }
}

enum Problem {
    Keychain(Error),
    Thread(tokio::task::JoinError),
}

/// On a thread of its own: the Keychain may wait for the user.
async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    spawn_blocking(call).await.map_err(Problem::Thread)?.map_err(Problem::Keychain)
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Keychain(error) if LOCKED.contains(&error.code()) => locked(),
            Problem::Keychain(error) => {
                Self::new(FailureKind::Other, format!("the Keychain: {error}"))
            }
            Problem::Thread(error) => Self::new(FailureKind::Other, error.to_string()),
        }
    }
}
