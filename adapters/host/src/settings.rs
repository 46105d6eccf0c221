//! From variables and files to a profile, as kubectl finds it.

use crate::environment;
use crate::fs::{KUBECONFIG_LIMIT, read_any};
use kubecred_core::kubeconfig::{Kuberc, KubercPolicy};
use kubecred_core::{
    Authorization, ConfigError, DetectionStep, Environment, Failure, InCluster, Overrides,
    PluginPolicy, Profile, Secret, StdinState, detect,
};

/// Where to look for a profile, and what goes over it.
///
/// ```no_run
/// use kubecred_host::Settings;
///
/// let profile = Settings::default().find()?; // KUBECONFIG, ~/.kube/config, or the pod's account
/// println!("{}", profile.cluster.server);
/// # Ok::<(), kubecred_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Settings {
    /// Read this kubeconfig and no other, as `--kubeconfig`.
    pub kubeconfig: Option<String>,
    /// Obey kuberc, kubectl's file of preferences, in what it says of exec plugins (KB-60):
    /// `Some(Some(path))` that file, `Some(None)` the one that `KUBERC` names or that is in the home
    /// directory. `None`: it is not looked at.
    pub kuberc: Option<Option<String>>,
    /// What goes over the kubeconfig: another context, server, token …
    pub overrides: Overrides,
    /// Look at these variables and folders instead of this process's own ([`environment`]).
    pub environment: Option<Environment>,
    /// What plugins are told of standard input, instead of what the environment says.
    pub stdin: Option<StdinState>,
    /// Which exec plugins may run, of those that kuberc and environment allow (EX-80).
    pub plugin_policy: Option<PluginPolicy>,
}

impl Settings {
    /// Finds a profile: first the kubeconfig, or else the pod's service account. Blocks while it
    /// reads, without a limit if a file is a pipe.
    ///
    /// # Errors
    /// Everything that is wrong with the kubeconfig or with kuberc.
    pub fn find(&self) -> Result<Profile, ConfigError> {
        self.find_with(&mut |path| read_any(path, KUBECONFIG_LIMIT))
    }

    /// The same, where `read` reads files.
    ///
    /// # Errors
    /// As [`Settings::find`].
    pub fn find_with(
        &self,
        read: &mut dyn FnMut(&str) -> Result<Secret, Failure>,
    ) -> Result<Profile, ConfigError> {
        let environment = self.environment();
        let policy = self.kuberc_policy(&environment, read)?;
        let explicit = self.kubeconfig.as_deref();
        let mut detection = detect(explicit, self.overrides.clone(), &environment);
        loop {
            let reads = detection.reads().iter().map(|path| read(path)).collect();
            match detection.feed(reads)? {
                DetectionStep::Read(next) => detection = *next,
                DetectionStep::Done(mut profile) => {
                    policy.apply(&mut profile)?;
                    return Ok(*profile);
                }
            }
        }
    }

    /// The profile of the service account of the pod that this runs in.
    ///
    /// # Errors
    /// When this is no pod, or its token cannot be read.
    pub fn in_cluster(&self, pod: &InCluster) -> Result<Profile, ConfigError> {
        let reads = pod.paths().map(|path| read_any(path, KUBECONFIG_LIMIT));
        pod.profile(&self.environment(), reads, &self.overrides)
    }

    /// The environment that profiles are made in: captured, or given, with what these settings say.
    pub fn environment(&self) -> Environment {
        let mut environment = self.environment.clone().unwrap_or_else(environment);
        if let Some(stdin) = &self.stdin {
            environment.stdin = stdin.clone();
        }
        if let Some(policy) = &self.plugin_policy {
            environment.plugin_policy = environment.plugin_policy.and(policy.clone());
        }
        environment
    }

    /// What kuberc says of exec plugins, if it is to be obeyed.
    ///
    /// # Errors
    /// When it is named and cannot be read, or what it says cannot be understood.
    pub fn kuberc_policy(
        &self,
        environment: &Environment,
        read: &mut dyn FnMut(&str) -> Result<Secret, Failure>,
    ) -> Result<KubercPolicy, ConfigError> {
        let Some(file) = &self.kuberc else { return Ok(KubercPolicy::default()) };
        match Kuberc::search(file.as_deref(), environment)? {
            Some(kuberc) => kuberc.read(kuberc.paths().iter().map(|path| read(path))),
            None => Ok(KubercPolicy::default()),
        }
    }
}

/// Lays what a host says of exec plugins over a profile: they may run only if the profile *and* this
/// policy allow it, and are told this of standard input.
pub fn restrict(profile: &mut Profile, policy: Option<PluginPolicy>, stdin: Option<StdinState>) {
    if let Authorization::Exec(exec) = &mut profile.authentication.authorization {
        if let Some(stdin) = stdin {
            exec.stdin = stdin;
        }
        exec.policy = std::mem::take(&mut exec.policy).and(policy.unwrap_or_default());
    }
}
