//! Keys in the memory of the Linux kernel, of this user, until a restart.

use super::store::Items;
use kubecred_core::{Failure, FailureKind, Secret};
use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};

pub(super) struct KernelKeys(KeyRing);

impl KernelKeys {
    /// The keyring that outlives sessions; where the kernel has none, the user's.
    pub(super) fn open() -> Result<Self, Failure> {
        let ring = KeyRing::get_persistent(KeyRingIdentifier::Session)
            .or_else(|_| KeyRing::from_special_id(KeyRingIdentifier::User, false));
        ring.map(Self).map_err(failure)
    }

    fn find(&self, service: &str, account: &str) -> Result<Option<linux_keyutils::Key>, Failure> {
        match self.0.search(&description(service, account)) {
            Ok(key) => Ok(Some(key)),
            Err(
                KeyError::KeyDoesNotExist
                | KeyError::KeyExpired
                | KeyError::KeyRevoked
                | KeyError::MissingFileOrDirectory,
            ) => Ok(None),
            Err(error) => Err(failure(error)),
        }
    }
}

fn description(service: &str, account: &str) -> String {
    format!("{service}:{account}")
}

impl Items for KernelKeys {
    /// The kernel takes 32,767 bytes.
    fn limit(&self) -> usize {
        32_000
    }

    async fn get(&self, service: &str, account: &str) -> Result<Option<Secret>, Failure> {
        let Some(key) = self.find(service, account)? else { return Ok(None) };
        key.read_to_vec().map(|item| Some(Secret::new(item))).map_err(failure)
    }

    async fn set(&self, service: &str, account: &str, secret: &Secret) -> Result<(), Failure> {
        let added = self.0.add_key(&description(service, account), secret.expose());
        added.map(|_| ()).map_err(failure)
    }

    async fn delete(&self, service: &str, account: &str) -> Result<(), Failure> {
        match self.find(service, account)? {
            Some(key) => key.invalidate().map_err(failure),
            None => Ok(()),
        }
    }
}

fn failure(error: KeyError) -> Failure {
    let (kind, text) = match error {
        KeyError::OperationNotSupported => {
            (FailureKind::Unsupported, "this kernel keeps no keys".to_owned())
        }
        KeyError::AccessDenied | KeyError::PermissionDenied => (
            FailureKind::Unsupported,
            "the kernel's keys may not be used here (a container may forbid it)".to_owned(),
        ),
        KeyError::QuotaExceeded => (
            FailureKind::Other,
            "the kernel keeps no more keys for this user (/proc/sys/kernel/keys)".to_owned(),
        ),
        error => (FailureKind::Other, format!("the kernel's keys: {error}")),
    };
    Failure::new(kind, text)
}
