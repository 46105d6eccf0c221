//! From this process's variables and files to a profile.

use crate::fs::spawn_blocking_io;
use crate::{Auth, Builder};
use kubecred_core::{ConfigError, Failure, InCluster, Profile, Secret};
use kubecred_host::fs::{KUBECONFIG_LIMIT, read_any};

impl Auth {
    /// As kubectl finds its way: by `KUBECONFIG` or `~/.kube/config`, or else by the pod's own
    /// account.
    ///
    /// # Errors
    /// Everything that is wrong with the kubeconfig.
    ///
    /// # Panics
    /// Outside of a tokio runtime; as all that start an [`Auth`].
    pub async fn from_env() -> Result<Self, ConfigError> {
        Self::builder().load().await
    }

    /// From this kubeconfig.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub async fn from_kubeconfig(path: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder().kubeconfig(path).load().await
    }

    /// With the account of the pod that this runs in.
    ///
    /// # Errors
    /// When this is no pod, or its token cannot be read.
    pub async fn in_cluster() -> Result<Self, ConfigError> {
        Self::builder().load_in_cluster(InCluster::default()).await
    }
}

impl Builder {
    /// Finds a profile as kubectl does, and starts with it.
    ///
    /// # Errors
    /// Everything that is wrong with the kubeconfig, or with [kuberc](Builder::kuberc).
    pub async fn load(self) -> Result<Auth, ConfigError> {
        let profile = self.find().await?;
        Ok(self.profile(profile))
    }

    /// Finds a profile as kubectl does, to look at it or to change it: first the kubeconfig, or
    /// else the pod's own account.
    ///
    /// # Errors
    /// Everything that is wrong with the kubeconfig, or with [kuberc](Builder::kuberc).
    pub async fn find(&self) -> Result<Profile, ConfigError> {
        let settings = self.settings.clone();
        spawn_blocking_io(move || settings.find()).await
    }

    /// Starts with the account of the pod that this runs in.
    ///
    /// # Errors
    /// When this is no pod, or its token cannot be read.
    pub async fn load_in_cluster(self, pod: InCluster) -> Result<Auth, ConfigError> {
        let settings = self.settings.clone();
        let profile = spawn_blocking_io(move || settings.in_cluster(&pod)).await?;
        Ok(self.profile(profile))
    }
}

/// The content of a kubeconfig, of what a person wants put into one, or of any other file that a
/// [`detect`](kubecred_core::detect) wants read; blocks while it reads. It may be a pipe: a slow
/// writer is waited for, and a pipe without a writer fails after 500 ms.
///
/// # Errors
/// [`FailureKind::TooLarge`] from 16 MiB on; [`FailureKind::TimedOut`] for a pipe without a writer;
/// what the operating system says.
///
/// [`FailureKind::TooLarge`]: kubecred_core::FailureKind::TooLarge
/// [`FailureKind::TimedOut`]: kubecred_core::FailureKind::TimedOut
pub fn read_kubeconfig(path: &str) -> Result<Secret, Failure> {
    read_any(path, KUBECONFIG_LIMIT)
}
