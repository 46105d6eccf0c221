//! The Credential Manager of Windows: generic credentials, named `SERVICE:ACCOUNT`.

use super::store::Items;
use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use kubecred_core::{Failure, FailureKind, Secret};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::task::spawn_blocking;
use windows_native_keyring_store::Store;

pub(super) struct CredentialManager(Arc<Store>);

impl CredentialManager {
    pub(super) fn open() -> Result<Self, Failure> {
        Store::new().map(Self).map_err(|error| failure(&error))
    }

    async fn entry<T: Send + 'static>(
        &self,
        service: &str,
        account: &str,
        call: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<Option<T>, Failure> {
        let (store, service, account) = (self.0.clone(), service.to_owned(), account.to_owned());
        let done = spawn_blocking(move || {
            let target = format!("{service}:{account}");
            let names = HashMap::from([("target", target.as_str())]);
            call(&store.build(&service, &account, Some(&names))?)
        });
        match done.await {
            Ok(Ok(value)) => Ok(Some(value)),
            Ok(Err(Error::NoEntry)) => Ok(None),
            Ok(Err(error)) => Err(failure(&error)),
            Err(error) => Err(Failure::new(FailureKind::Other, error.to_string())),
        }
    }
}

impl Items for CredentialManager {
    /// `CRED_MAX_CREDENTIAL_BLOB_SIZE`.
    fn limit(&self) -> usize {
        2560
    }

    async fn get(&self, service: &str, account: &str) -> Result<Option<Secret>, Failure> {
        let found = self.entry(service, account, Entry::get_secret).await?;
        Ok(found.map(Secret::new))
    }

    async fn set(&self, service: &str, account: &str, secret: &Secret) -> Result<(), Failure> {
        let secret = secret.clone();
        let set = move |entry: &Entry| entry.set_secret(secret.expose());
        self.entry(service, account, set).await.map(|_| ())
    }

    async fn delete(&self, service: &str, account: &str) -> Result<(), Failure> {
        self.entry(service, account, Entry::delete_credential).await.map(|_| ())
    }
}

fn failure(error: &Error) -> Failure {
    let kind = match error {
        Error::NoStorageAccess(_) => FailureKind::Denied,
        _ => FailureKind::Other,
    };
    Failure::new(kind, format!("the Credential Manager: {error}"))
}
