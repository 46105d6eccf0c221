//! Everything that can be chosen about an [`Auth`].

use crate::Auth;
use crate::perform::{CommandRunner, Host, SystemCommands};
use crate::provider::{ProviderCommands, TokenProvider};
use kubecred_core::{
    Authentication, Bearer, Environment, Overrides, PluginPolicy, Policy, Profile, StdinState,
};
use kubecred_host::process::PluginStderr;
use kubecred_host::{Settings, restrict};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// Collects choices; see [`Auth::builder`].
#[derive(Default)]
#[must_use = "nothing starts before it is given a profile"]
pub struct Builder {
    pub(crate) settings: Settings,
    #[cfg(feature = "client")]
    crypto: Option<std::sync::Arc<rustls::crypto::CryptoProvider>>,
    policy: Option<Policy>,
    provider: Option<ProviderCommands>,
    runner: Option<Box<dyn CommandRunner>>,
    jitter_seed: Option<u64>,
    stderr: PluginStderr,
}

impl Builder {
    /// Reads this kubeconfig and no other; as `--kubeconfig`.
    pub fn kubeconfig(mut self, path: impl Into<String>) -> Self {
        self.settings.kubeconfig = Some(path.into());
        self
    }

    /// Obeys kuberc, kubectl's file of preferences, in what it says of exec plugins (KB-60): the
    /// file that is named, as with `--kuberc`, or else the one that `KUBERC` names or that is in the
    /// home directory. Without this it is not looked at, as by all that is built on client-go and
    /// is not kubectl. It counts where a profile is looked for: [`load`](Builder::load),
    /// [`find`](Builder::find).
    pub fn kuberc(mut self, file: Option<&str>) -> Self {
        self.settings.kuberc = Some(file.map(str::to_owned));
        self
    }

    /// What goes over the kubeconfig: another context, server, token …
    pub fn overrides(mut self, overrides: Overrides) -> Self {
        self.settings.overrides = overrides;
        self
    }

    /// The variables and folders to look at, instead of those of this process:
    /// [`environment`](crate::environment).
    pub fn environment_of(mut self, environment: Environment) -> Self {
        self.settings.environment = Some(environment);
        self
    }

    /// The cryptography of TLS. By default that of the process, if it has one, or else ring. None
    /// is ever installed for the process.
    #[cfg(feature = "client")]
    pub fn crypto_provider(
        mut self,
        provider: std::sync::Arc<rustls::crypto::CryptoProvider>,
    ) -> Self {
        self.crypto = Some(provider);
        self
    }

    /// The pace of refreshing, and every limit.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Which exec plugins may be run (EX-80), of those that the profile allows.
    pub fn plugin_policy(mut self, policy: PluginPolicy) -> Self {
        self.settings.plugin_policy = Some(policy);
        self
    }

    /// What becomes of the standard error of plugins. Not for a runner of one's own.
    pub fn plugin_stderr(mut self, stderr: PluginStderr) -> Self {
        self.stderr = stderr;
        self
    }

    /// What plugins are told of standard input, whatever the profile says.
    pub fn stdin(mut self, facts: StdinState) -> Self {
        self.settings.stdin = Some(facts);
        self
    }

    /// Who runs programs, instead of the operating system.
    pub fn command_runner(mut self, runner: impl CommandRunner) -> Self {
        self.runner = Some(Box::new(runner));
        self
    }

    /// Takes tokens from this program itself, whatever the profile says of `Authorization`.
    /// Refreshing, 401s, single flight and pauses are the same as for a plugin.
    pub fn with_token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.provider = Some(ProviderCommands::new(provider));
        self
    }

    /// The seed of the jitter; by default a random one. For tests.
    pub fn jitter_seed(mut self, jitter_seed: u64) -> Self {
        self.jitter_seed = Some(jitter_seed);
        self
    }

    /// Starts with a profile that is at hand. If it does not make sense
    /// ([`Profile::check`]), every call for a credential fails and says why.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn profile(self, mut profile: Profile) -> Auth {
        let Settings { environment, plugin_policy, stdin, .. } = self.settings;
        restrict(&mut profile, plugin_policy, stdin);
        let invalid = match &self.provider {
            None => profile.check().err(),
            Some(_) => {
                // What the provider gives is a token, whatever the profile says.
                profile.authentication.bearer = Authentication::token("provided").bearer;
                profile.check().err()
            }
        };
        let runner = match (self.provider, self.runner) {
            (Some(provider), _) => {
                profile.authentication.bearer = Bearer::Exec(Box::new(ProviderCommands::exec()));
                Box::new(provider)
            }
            (None, Some(runner)) => runner,
            (None, None) => Box::new(SystemCommands::new(self.stderr)),
        };
        let jitter_seed = self.jitter_seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        let host = Host {
            runner,
            #[cfg(feature = "client")]
            crypto: self.crypto,
            #[cfg(feature = "client")]
            proxies: kubecred_host::net::ProxyVariables::new(
                &environment.unwrap_or_else(kubecred_host::environment),
            ),
        };
        #[cfg(not(feature = "client"))]
        drop(environment); // it is about connections
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
