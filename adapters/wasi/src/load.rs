//! From what the embedder gave this guest, variables and directories, to a profile.

use crate::perform::read_any;
use crate::{Auth, Builder};
use kubecred_core::{ConfigError, Environment, InCluster, Profile, StdinState, Step, detect};
use std::env;

/// More than any kubeconfig.
const LIMIT: u64 = 64 << 20;

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
        let environment = self.environment();
        let explicit = self.kubeconfig.as_deref();
        let mut detection = detect(explicit, self.overrides.clone(), &environment);
        loop {
            let reads = detection.reads().iter().map(|path| read_any(path, LIMIT)).collect();
            match detection.feed(reads)? {
                Step::Read(next) => detection = *next,
                Step::Done(profile) => return Ok(*profile),
            }
        }
    }

    /// Starts with the account of a pod.
    ///
    /// # Errors
    /// When there is none, or its token cannot be read.
    pub fn load_in_cluster(self, pod: InCluster) -> Result<Auth, ConfigError> {
        let reads = pod.paths().map(|path| read_any(path, LIMIT));
        let profile = pod.profile(&self.environment(), reads, &self.overrides)?;
        Ok(self.profile(profile))
    }

    fn environment(&self) -> Environment {
        let mut environment = self.environment.clone().unwrap_or_else(environment);
        if let Some(policy) = &self.plugin_policy {
            environment.plugin_policy = policy.clone();
        }
        environment
    }
}

/// What this guest knows of the world: the variables that the embedder gave it, its working
/// directory, and that it has no standard input to lend.
pub fn environment() -> Environment {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let directory = env::current_dir().ok();
    let directory = directory.and_then(|path| path.into_os_string().into_string().ok());
    let why = "a WASI guest has none to lend to a program";
    Environment::new(env::vars_os().filter_map(text))
        .in_directory(directory.unwrap_or_default())
        .with_stdin(StdinState { terminal: false, unavailable: Some(why.into()) })
}
