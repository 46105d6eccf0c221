//! One store of several, as they differ from system to system.

use super::KeyringChoice;
use kubecred_core::{Failure, FailureKind, Secret};

/// A store of whole items.
pub(super) trait Items {
    /// The most bytes that an item may have.
    fn limit(&self) -> usize;

    /// The item; `None` if there is none.
    fn get(
        &self,
        service: &str,
        account: &str,
    ) -> impl Future<Output = Result<Option<Secret>, Failure>> + Send;

    /// Makes the item, or replaces it.
    fn set(
        &self,
        service: &str,
        account: &str,
        secret: &Secret,
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Removes the item; one that is not there has been removed.
    fn delete(
        &self,
        service: &str,
        account: &str,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A store that was opened.
pub(super) enum Store {
    #[cfg(all(unix, not(target_os = "macos")))]
    SecretService(super::secret_service::SecretServiceItems),
    #[cfg(target_os = "linux")]
    Kernel(super::kernel::KernelKeys),
    #[cfg(target_os = "macos")]
    Keychain(super::keychain::Keychain),
    #[cfg(windows)]
    Windows(super::windows::CredentialManager),
}

impl Store {
    pub(super) async fn open(choice: KeyringChoice) -> Result<Self, Failure> {
        match choice {
            #[cfg(target_os = "linux")]
            KeyringChoice::Kernel => super::kernel::KernelKeys::open().map(Self::Kernel),
            #[cfg(not(target_os = "linux"))]
            KeyringChoice::Kernel => {
                let text = "only Linux keeps keys in the kernel";
                Err(Failure::new(FailureKind::Unsupported, text))
            }
            #[cfg(all(unix, not(target_os = "macos")))]
            KeyringChoice::System => {
                super::secret_service::SecretServiceItems::open().await.map(Self::SecretService)
            }
            #[cfg(target_os = "macos")]
            KeyringChoice::System => Ok(Self::Keychain(super::keychain::Keychain)),
            #[cfg(windows)]
            KeyringChoice::System => super::windows::CredentialManager::open().map(Self::Windows),
            #[cfg(not(any(unix, windows)))]
            KeyringChoice::System => {
                let text = "this system has no keyring that is known";
                Err(Failure::new(FailureKind::Unsupported, text))
            }
        }
    }
}

/// Does this with whichever store it is.
macro_rules! each {
    ($self:expr, $store:ident => $call:expr) => {
        match $self {
            #[cfg(all(unix, not(target_os = "macos")))]
            Store::SecretService($store) => $call,
            #[cfg(target_os = "linux")]
            Store::Kernel($store) => $call,
            #[cfg(target_os = "macos")]
            Store::Keychain($store) => $call,
            #[cfg(windows)]
            Store::Windows($store) => $call,
        }
    };
}

impl Items for Store {
    fn limit(&self) -> usize {
        each!(self, store => store.limit())
    }

    async fn get(&self, service: &str, account: &str) -> Result<Option<Secret>, Failure> {
        each!(self, store => store.get(service, account).await)
    }

    async fn set(&self, service: &str, account: &str, secret: &Secret) -> Result<(), Failure> {
        each!(self, store => store.set(service, account, secret).await)
    }

    async fn delete(&self, service: &str, account: &str) -> Result<(), Failure> {
        each!(self, store => store.delete(service, account).await)
    }
}

/// Why a keyring cannot be used although it is there.
pub(super) fn locked() -> Failure {
    Failure::new(FailureKind::Denied, "the keyring is locked")
}
