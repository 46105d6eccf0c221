//! From what the embedder gave this guest, variables and directories, to a profile.

use crate::{Auth, Builder};
use kubecred_core::{ConfigError, InCluster, Profile};

impl Auth {
    /// As kubectl finds its way: by `KUBECONFIG` or `~/.kube/config`, or else by the pod's own
    /// account. Files are found in preopened directories, variables are those that were given.
    ///
    /// # Errors
    /// Everything that is wrong with the kubeconfig.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::builder().load()
    }

    /// From this kubeconfig.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_kubeconfig(path: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder().kubeconfig(path).load()
    }

    /// With the account of the pod whose files were preopened where a pod has them.
    ///
    /// # Errors
    /// When there is none, or its token cannot be read.
    pub fn in_cluster() -> Result<Self, ConfigError> {
        Self::builder().load_in_cluster(InCluster::default())
    }
}

impl Builder {
    /// Finds a profile as kubectl does, and starts with it.
    ///
    /// # Errors
    /// Everything that is wrong with the kubeconfig.
    pub fn load(self) -> Result<Auth, ConfigError> {
        let profile = self.find()?;
        Ok(self.profile(profile))
    }

    /// Finds a profile as kubectl does, to look at it or to change it: first the kubeconfig, or
    /// else the pod's own account.
    ///
    /// # Errors
    /// Everything that is wrong with the kubeconfig.
    pub fn find(&self) -> Result<Profile, ConfigError> {
        self.settings.find()
    }

    /// Starts with the account of a pod.
    ///
    /// # Errors
    /// When there is none, or its token cannot be read.
    pub fn load_in_cluster(self, pod: InCluster) -> Result<Auth, ConfigError> {
        let profile = self.settings.in_cluster(&pod)?;
        Ok(self.profile(profile))
    }
}
