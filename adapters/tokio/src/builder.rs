//! The options of an [`Auth`].

use crate::Auth;
use crate::perform::{CommandRunner, Host, InPlaceCallback, SystemCommands};
use crate::provider::TokenProvider;
use kubecred_core::{
    Authentication, Environment, Overrides, PluginPolicy, Policy, Profile, StdinState,
};
use kubecred_host::process::PluginStderr;
use kubecred_host::{Settings, restrict};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// The options of an [`Auth`]; made by [`Auth::builder`]. [`load`](Builder::load) or
/// [`profile`](Builder::profile) starts it.
#[derive(Default)]
#[must_use = "nothing starts before it is given a profile"]
pub struct Builder {
    pub(crate) settings: Settings,
    #[cfg(feature = "client")]
    crypto: Option<std::sync::Arc<rustls::crypto::CryptoProvider>>,
    policy: Option<Policy>,
    provider: Option<Box<dyn TokenProvider>>,
    runner: Option<Box<dyn CommandRunner>>,
    jitter_seed: Option<u64>,
    stderr: PluginStderr,
    in_place: Option<InPlaceCallback>,
}

impl Builder {
    /// Reads this kubeconfig only, as `--kubeconfig` does.
    pub fn kubeconfig(mut self, path: impl Into<String>) -> Self {
        self.settings.kubeconfig = Some(path.into());
        self
    }

    /// Applies the exec plugin policy of kuberc, kubectl's preferences file (KB-60): of `file`, as
    /// `--kuberc` does, or if it is `None`, of the file that `KUBERC` names or of `~/.kube/kuberc`.
    /// Without this call kuberc is ignored, as in all programs on client-go except kubectl. It has
    /// an effect on [`load`](Builder::load) and [`find`](Builder::find), not on
    /// [`profile`](Builder::profile).
    pub fn kuberc(mut self, file: Option<&str>) -> Self {
        self.settings.kuberc = Some(file.map(str::to_owned));
        self
    }

    /// Called with the path of a kubeconfig, and the reason, when refreshed tokens were written in
    /// place because the file could not be replaced (a mount, a full disk): a kill in that moment
    /// would have left a mixture of old and new.
    pub fn on_written_in_place(
        mut self,
        told: impl Fn(&str, &str) + Send + Sync + 'static,
    ) -> Self {
        self.in_place = Some(Box::new(told));
        self
    }

    /// Settings that take precedence over the kubeconfig: another context, server, token …
    pub fn overrides(mut self, overrides: Overrides) -> Self {
        self.settings.overrides = overrides;
        self
    }

    /// The environment variables and folders to use, instead of this process's
    /// ([`environment`](crate::environment)).
    pub fn environment_of(mut self, environment: Environment) -> Self {
        self.settings.environment = Some(environment);
        self
    }

    /// The rustls crypto provider. The default is the provider installed for the process, or else
    /// AWS-LC, or ring if only that was built in; neither is installed for the process.
    #[cfg(feature = "client")]
    pub fn crypto_provider(
        mut self,
        provider: std::sync::Arc<rustls::crypto::CryptoProvider>,
    ) -> Self {
        self.crypto = Some(provider);
        self
    }

    /// When to refresh, and the time and size limits.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Which exec plugins may be run (EX-80), in addition to the profile's own policy: a plugin
    /// must be allowed by both.
    pub fn plugin_policy(mut self, policy: PluginPolicy) -> Self {
        self.settings.plugin_policy = Some(policy);
        self
    }

    /// What to do with the standard error of plugins. No effect with
    /// [`command_runner`](Builder::command_runner).
    pub fn plugin_stderr(mut self, stderr: PluginStderr) -> Self {
        self.stderr = stderr;
        self
    }

    /// The state of standard input for plugins, instead of the profile's.
    pub fn stdin(mut self, facts: StdinState) -> Self {
        self.settings.stdin = Some(facts);
        self
    }

    /// Runs exec plugins, instead of the operating system.
    pub fn command_runner(mut self, runner: impl CommandRunner) -> Self {
        self.runner = Some(Box::new(runner));
        self
    }

    /// Gets tokens from `provider`, instead of the profile's `Authorization` source. They are
    /// refreshed like those of a plugin: one refresh at a time, after 401s, with pauses after
    /// failures.
    pub fn with_token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.provider = Some(Box::new(provider));
        self
    }

    /// The seed of the random delays, for tests. The default is a random seed.
    pub fn jitter_seed(mut self, jitter_seed: u64) -> Self {
        self.jitter_seed = Some(jitter_seed);
        self
    }

    /// Starts an [`Auth`] for this profile. If the profile is invalid ([`Profile::check`]), every
    /// call for a credential fails with the reason.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn profile(self, mut profile: Profile) -> Auth {
        let Settings { environment, plugin_policy, stdin, .. } = self.settings;
        restrict(&mut profile, plugin_policy, stdin);
        if self.provider.is_some() {
            profile.authentication.authorization = Authentication::provided("").authorization;
        }
        let invalid = profile.check().err();
        let stderr = self.stderr;
        let runner = self.runner.unwrap_or_else(|| Box::new(SystemCommands::new(stderr)));
        let jitter_seed = self.jitter_seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        let host = Host {
            runner,
            provider: self.provider,
            in_place: self.in_place,
            #[cfg(feature = "client")]
            crypto: self.crypto,
            #[cfg(feature = "client")]
            proxies: kubecred_host::net::ProxyVariables::new(
                &environment.unwrap_or_else(kubecred_host::environment),
            ),
            #[cfg(feature = "client")]
            system_roots: false,
        };
        #[cfg(not(feature = "client"))]
        drop(environment); // only connections need it
        Auth::start(profile, invalid, self.policy.unwrap_or_default(), jitter_seed, host)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .field("policy", &self.policy)
            .field("provider", &self.provider.is_some())
            .field("runner", &self.runner.is_some())
            .field("stderr", &self.stderr)
            .finish()
    }
}
