//! The Secret Service of a desktop, over D-Bus: GNOME Keyring, KWallet, KeePassXC.
//!
//! Items have the attributes `service` and `username`, as those of many other programs, so that
//! `secret-tool lookup service kubecred username KEY` finds them. The session with the service is
//! encrypted.

use super::store::{Items, locked};
use kubecred_core::{Failure, FailureKind, Secret, one_line};
use secret_service::{EncryptionType, Error, SecretService};
use std::collections::HashMap;

/// Opened by the first call of a run; that takes some ten milliseconds.
pub(super) struct SecretServiceItems(SecretService<'static>);

impl SecretServiceItems {
    pub(super) async fn open() -> Result<Self, Failure> {
        let opened = SecretService::connect(EncryptionType::Dh).await;
        opened.map(Self).map_err(failure)
    }
}

fn attributes<'a>(service: &'a str, account: &'a str) -> HashMap<&'a str, &'a str> {
    HashMap::from([("service", service), ("username", account)])
}

impl Items for SecretServiceItems {
    /// 60,000 bytes have been tried with GNOME Keyring; no limit is documented.
    fn limit(&self) -> usize {
        usize::MAX
    }

    async fn get(&self, service: &str, account: &str) -> Result<Option<Secret>, Failure> {
        let found = self.0.search_items(attributes(service, account)).await.map_err(failure)?;
        match found.unlocked.first() {
            Some(item) => {
                item.get_secret().await.map(|item| Some(Secret::new(item))).map_err(failure)
            }
            None if found.locked.is_empty() => Ok(None),
            // Unlocking asks the user, who may not be there: kubectl waits for this run.
            None => Err(locked()),
        }
    }

    async fn set(&self, service: &str, account: &str, secret: &Secret) -> Result<(), Failure> {
        let collection = self.0.get_default_collection().await.map_err(|error| match error {
            Error::NoResult => {
                Failure::new(FailureKind::NotFound, "the keyring has no default collection")
            }
            error => failure(error),
        })?;
        if collection.is_locked().await.map_err(failure)? {
            return Err(locked());
        }
        let label = format!("{service}: {account}");
        let attributes = attributes(service, account);
        let created =
            collection.create_item(&label, attributes, secret.expose(), true, "text/plain").await;
        created.map(|_| ()).map_err(failure)
    }

    async fn delete(&self, service: &str, account: &str) -> Result<(), Failure> {
        let found = self.0.search_items(attributes(service, account)).await.map_err(failure)?;
        for item in &found.unlocked {
            item.delete().await.map_err(failure)?;
        }
        if found.locked.is_empty() { Ok(()) } else { Err(locked()) }
    }
}

/// Names by which a bus says that no keyring is behind it.
const NO_SERVICE: [&str; 4] =
    ["ServiceUnknown", "NameHasNoOwner", "Spawn.ServiceNotFound", "Spawn.ExecFailed"];

/// How the library says that nothing listens where the bus should be.
const NO_BUS: &str = "Failed to connect to address";

fn failure(error: Error) -> Failure {
    match &error {
        Error::Unavailable => return no_bus(),
        Error::Locked | Error::Prompt | Error::PromptDisconnected => return locked(),
        _ => {}
    }
    let text = error.to_string();
    if text.contains(NO_BUS) {
        return no_bus();
    }
    if NO_SERVICE.iter().any(|name| text.contains(name)) {
        let text = "no keyring (Secret Service) is running on the session bus";
        return Failure::new(FailureKind::Unsupported, text);
    }
    Failure::new(FailureKind::Other, one_line(&text))
}

fn no_bus() -> Failure {
    Failure::new(FailureKind::Unsupported, "there is no session bus (D-Bus), and so no keyring")
}
