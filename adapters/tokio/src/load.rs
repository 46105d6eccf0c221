//! From this process's variables and files to a profile.

use crate::perform::{read_any, read_any_now};
use crate::{Auth, Builder};
use kubecred_core::kubeconfig::{Kuberc, KubercPolicy};
use kubecred_core::{
    ConfigError, Environment, Failure, InCluster, PathFlavour, Profile, Secret, StdinState, Step,
    detect,
};
use std::env;
use std::ffi::OsString;
use std::io::IsTerminal;

/// More than any kubeconfig: of clusters with certificates in it, some four thousand.
pub(crate) const LIMIT: u64 = 16 << 20;

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
        let environment = self.environment();
        let policy = self.read_kuberc(&environment).await?;
        let explicit = self.kubeconfig.as_deref();
        let mut detection = detect(explicit, self.overrides.clone(), &environment);
        loop {
            let reads = read_all(detection.reads()).await;
            match detection.feed(reads)? {
                Step::Read(next) => detection = *next,
                Step::Done(mut profile) => {
                    policy.apply(&mut profile)?;
                    return Ok(*profile);
                }
            }
        }
    }

    /// What kuberc says, if it is to be obeyed.
    async fn read_kuberc(&self, environment: &Environment) -> Result<KubercPolicy, ConfigError> {
        let Some(file) = &self.kuberc else { return Ok(KubercPolicy::default()) };
        match Kuberc::search(file.as_deref(), environment)? {
            Some(kuberc) => kuberc.read(read_all(kuberc.paths()).await),
            None => Ok(KubercPolicy::default()),
        }
    }

    /// Starts with the account of the pod that this runs in.
    ///
    /// # Errors
    /// When this is no pod, or its token cannot be read.
    pub async fn load_in_cluster(self, pod: InCluster) -> Result<Auth, ConfigError> {
        let environment = self.environment();
        let reads = pod.paths().map(|path| read_any(path.to_owned(), LIMIT));
        let [token, roots, namespace] = reads;
        let reads = [token.await, roots.await, namespace.await];
        let profile = pod.profile(&environment, reads, &self.overrides)?;
        Ok(self.profile(profile))
    }

    fn environment(&self) -> Environment {
        let mut environment = self.environment.clone().unwrap_or_else(environment);
        if let Some(stdin) = &self.stdin {
            environment.stdin = stdin.clone();
        }
        if let Some(policy) = &self.plugin_policy {
            environment.plugin_policy = environment.plugin_policy.and(policy.clone());
        }
        environment
    }
}

/// What this process knows of the world: variables that are text, the working directory, whether
/// standard input is a terminal.
pub fn environment() -> Environment {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let directory =
        env::current_dir().ok().and_then(|path| path.into_os_string().into_string().ok());
    let terminal = std::io::stdin().is_terminal();
    Environment::new(env::vars_os().filter_map(text))
        .in_directory(directory.unwrap_or_default())
        .with_paths(if cfg!(windows) { PathFlavour::Windows } else { PathFlavour::Unix })
        .with_stdin(StdinState { terminal, unavailable: None })
}

/// The content of a kubeconfig, of what a person wants put into one, or of any other file that a
/// [`detect`] wants read; blocks while it reads. It may be a pipe, whose writer may take time; but nobody who never ends, nor a pipe that
/// has no writer, is waited for.
///
/// # Errors
/// [`FailureKind::TooLarge`] from 16 MiB on; [`FailureKind::TimedOut`] for a pipe without a writer;
/// what the operating system says.
///
/// [`FailureKind::TooLarge`]: kubecred_core::FailureKind::TooLarge
/// [`FailureKind::TimedOut`]: kubecred_core::FailureKind::TimedOut
pub fn read_kubeconfig(path: &str) -> Result<Secret, Failure> {
    read_any_now(path, LIMIT)
}

async fn read_all(paths: &[String]) -> Vec<Result<Secret, Failure>> {
    let mut reads = Vec::with_capacity(paths.len());
    for path in paths {
        reads.push(read_any(path.clone(), LIMIT).await);
    }
    reads
}
