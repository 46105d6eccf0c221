//! The system's keyring, with a limit on every call (LG-96).
//!
//! Each store is a file of its own, which reads, writes and removes whole items; [`parts`] splits
//! those that are larger than a store takes. A keyring that cannot be used is a failure, and the
//! machine goes on as if there were none.

#[cfg(feature = "keyring")]
mod parts;
#[cfg(feature = "keyring")]
mod store;

#[cfg(all(feature = "keyring", target_os = "linux"))]
mod kernel;
#[cfg(all(feature = "keyring", target_os = "macos"))]
mod keychain;
#[cfg(all(feature = "keyring", unix, not(target_os = "macos")))]
mod secret_service;
#[cfg(all(feature = "keyring", windows))]
mod windows;

use kubecred_core::{Failure, FailureKind, Secret};
use std::sync::OnceLock;
use std::time::Duration;

/// Which keyring holds tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyringChoice {
    /// The user's own: a Secret Service such as GNOME Keyring or KWallet, the Keychain of macOS,
    /// the Credential Manager of Windows.
    #[default]
    System,
    /// The keys of the Linux kernel: in memory, and gone at a restart. A server without a desktop
    /// has them.
    Kernel,
}

/// The keyring of this run. It is not touched before the first call.
pub(super) struct Keyring {
    #[cfg_attr(not(feature = "keyring"), expect(dead_code, reason = "there is no keyring"))]
    choice: KeyringChoice,
    #[cfg(feature = "keyring")]
    store: tokio::sync::OnceCell<store::Store>,
    /// What is said of a keyring that did not answer in time: it is not asked again in this run.
    silent: OnceLock<Failure>,
}

impl Keyring {
    pub(super) fn new(choice: KeyringChoice) -> Self {
        Self {
            choice,
            #[cfg(feature = "keyring")]
            store: tokio::sync::OnceCell::new(),
            silent: OnceLock::new(),
        }
    }

    async fn limited<T>(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        if let Some(failure) = self.silent.get() {
            return Err(failure.clone());
        }
        if let Ok(outcome) = tokio::time::timeout(limit, call).await {
            return outcome;
        }
        let text = format!("the keyring has not answered within {} s", limit.as_secs());
        let failure = Failure::new(FailureKind::TimedOut, text);
        Err(self.silent.get_or_init(|| failure).clone())
    }
}

#[cfg(feature = "keyring")]
impl Keyring {
    pub(super) async fn get(
        &self,
        service: &str,
        account: &str,
        limit: Duration,
    ) -> Result<Option<Secret>, Failure> {
        self.limited(limit, async { parts::get(self.store().await?, service, account).await }).await
    }

    pub(super) async fn set(
        &self,
        service: &str,
        account: &str,
        secret: &Secret,
        limit: Duration,
    ) -> Result<(), Failure> {
        let set = async { parts::set(self.store().await?, service, account, secret).await };
        self.limited(limit, set).await
    }

    pub(super) async fn delete(
        &self,
        service: &str,
        account: &str,
        limit: Duration,
    ) -> Result<(), Failure> {
        let delete = async { parts::delete(self.store().await?, service, account).await };
        self.limited(limit, delete).await
    }

    async fn store(&self) -> Result<&store::Store, Failure> {
        self.store.get_or_try_init(|| store::Store::open(self.choice)).await
    }
}

#[cfg(not(feature = "keyring"))]
impl Keyring {
    pub(super) async fn get(
        &self,
        _service: &str,
        _account: &str,
        limit: Duration,
    ) -> Result<Option<Secret>, Failure> {
        self.limited(limit, async { none() }).await
    }

    pub(super) async fn set(
        &self,
        _service: &str,
        _account: &str,
        _secret: &Secret,
        limit: Duration,
    ) -> Result<(), Failure> {
        self.limited(limit, async { none() }).await
    }

    pub(super) async fn delete(
        &self,
        _service: &str,
        _account: &str,
        limit: Duration,
    ) -> Result<(), Failure> {
        self.limited(limit, async { none() }).await
    }
}

#[cfg(not(feature = "keyring"))]
fn none<T>() -> Result<T, Failure> {
    let text = "this program was built without keyring support";
    Err(Failure::new(FailureKind::Unsupported, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lg_96_a_keyring_that_does_not_answer_is_waited_for_once_and_not_again() {
        let keyring = Keyring::new(KeyringChoice::System);
        let limit = Duration::from_secs(2);
        let never = || std::future::pending::<Result<(), Failure>>();
        let first = tokio::time::timeout(limit * 2, keyring.limited(limit, never())).await;
        let failure = first.unwrap().unwrap_err();
        assert_eq!(failure.kind, FailureKind::TimedOut);
        let at_once = limit / 1000;
        let second = tokio::time::timeout(at_once, keyring.limited(limit, never())).await;
        assert_eq!(second.unwrap().unwrap_err(), failure);
    }
}
