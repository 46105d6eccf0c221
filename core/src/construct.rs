//! A machine with the store that this crate has: the one place that knows both.

use crate::machine::Authenticator;
use crate::policy::Policy;
#[cfg(feature = "edit")]
use crate::profile::Authorization;
use crate::profile::Profile;
use crate::store::Store;
use alloc::boxed::Box;
use alloc::sync::Arc;

impl Authenticator {
    /// A machine for this profile, born idle: the first input wakes it, the first
    /// [`Input::Demand`](crate::Input::Demand) starts the first acquisition. `jitter_seed` is for
    /// jitter only; nothing needs secrecy from it. A process with many machines gives each the same
    /// `Arc<Policy>`.
    ///
    /// Tokens that a refresh replaces are written back to the kubeconfig that they came from. For
    /// another place there is [`Self::with_store`].
    pub fn new(profile: &Profile, policy: impl Into<Arc<Policy>>, jitter_seed: u64) -> Self {
        Self::with_store(profile, policy, jitter_seed, store(profile))
    }
}

#[cfg(feature = "edit")]
fn store(profile: &Profile) -> Option<Box<dyn Store>> {
    let Authorization::Oidc(oidc) = &profile.authentication.authorization else { return None };
    let store = crate::kubeconfig::KubeconfigStore::of(oidc)?;
    Some(Box::new(store))
}

/// Without the feature `edit` nothing is written: before a refresh token is spent, that it cannot be
/// saved is an error.
#[cfg(not(feature = "edit"))]
fn store(_: &Profile) -> Option<Box<dyn Store>> {
    None
}
