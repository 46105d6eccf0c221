//! Everything that can be chosen about an [`Auth`].

use crate::Auth;
use crate::capability::{Capability, Embedder};
use crate::perform::{CommandRunner, Host, Provider};
use kubecred_core::{Authentication, Environment, Overrides, PluginPolicy, Policy, Profile};
use kubecred_host::net::ProxyVariables;
use kubecred_host::{ProvidedToken, ProviderError, Settings, restrict};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// Collects choices; see [`Auth::builder`].
#[derive(Default)]
#[must_use = "nothing starts before it is given a profile"]
pub struct Builder {
    pub(crate) settings: Settings,
    does: Vec<Capability>,
    in_place: bool,
    policy: Option<Policy>,
    runner: Option<Box<dyn CommandRunner>>,
    provider: Option<Box<Provider>>,
    jitter_seed: Option<u64>,
}

impl Builder {
    /// Reads this kubeconfig and no other; as `--kubeconfig`.
    pub fn kubeconfig(mut self, path: impl Into<String>) -> Self {
        self.settings.kubeconfig = Some(path.into());
        self
    }

    /// What goes over the kubeconfig: another context, server, token …
    pub fn overrides(mut self, overrides: Overrides) -> Self {
        self.settings.overrides = overrides;
        self
    }

    /// The variables and folders to look at, instead of those of this guest:
    /// [`environment`](crate::environment).
    pub fn environment_of(mut self, environment: Environment) -> Self {
        self.settings.environment = Some(environment);
        self
    }

    /// The embedder behind `wasi:http` does this, with the very settings of this profile, for every
    /// server that it names: it was set up so, which nobody here can check. What it is not known
    /// to do is refused where it is needed.
    pub fn embedder_does(mut self, capability: Capability) -> Self {
        self.does.push(capability);
        self
    }

    /// Writes refreshed tokens back to the kubeconfig that they came from, under its lock and only
    /// if nobody else has changed it, into the file as it is, which is how kubectl does it: who is
    /// stopped in the middle leaves half a file. Without this they are not written back at all,
    /// since a guest cannot make a new file private, and who starts from that kubeconfig next may
    /// have to log in.
    pub fn write_in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    /// The pace of refreshing, and every limit. That for reading a file is not kept: nothing stops
    /// a guest that waits for one.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Which exec plugins may be run (EX-80), of those that the profile allows.
    pub fn plugin_policy(mut self, policy: PluginPolicy) -> Self {
        self.settings.plugin_policy = Some(policy);
        self
    }

    /// Who runs exec plugins. Without one they are refused. It must not use the [`Auth`] that it
    /// runs for.
    pub fn command_runner(mut self, runner: impl CommandRunner) -> Self {
        self.runner = Some(Box::new(runner));
        self
    }

    /// Takes tokens from this guest itself, whatever the profile says of `Authorization`. The function
    /// is called when a token is needed, and must not use the [`Auth`] that it is called for.
    pub fn token_provider(
        mut self,
        provider: impl Fn() -> Result<ProvidedToken, ProviderError> + 'static,
    ) -> Self {
        self.provider = Some(Box::new(provider));
        self
    }

    /// The seed of the jitter; by default a random one. For tests.
    pub fn jitter_seed(mut self, jitter_seed: u64) -> Self {
        self.jitter_seed = Some(jitter_seed);
        self
    }

    /// Starts with a profile that is at hand. If it does not make sense
    /// ([`Profile::check`]), every call for a credential fails and says why.
    pub fn profile(self, mut profile: Profile) -> Auth {
        let environment = self.settings.environment.unwrap_or_else(kubecred_host::environment);
        let stdin = Some(environment.stdin.clone());
        restrict(&mut profile, self.settings.plugin_policy, stdin);
        if self.provider.is_some() {
            profile.authentication.authorization = Authentication::provided("").authorization;
        }
        let policy = self.policy.unwrap_or_default();
        let host = Host {
            embedder: Embedder { does: self.does, proxies: ProxyVariables::new(&environment) },
            runner: self.runner,
            provider: self.provider,
            in_place: self.in_place,
            command_timeout: policy.command_timeout,
            request_timeout: policy.request_timeout,
        };
        let jitter_seed = self.jitter_seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        Auth::start(profile, policy, jitter_seed, host)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .field("does", &self.does)
            .field("in_place", &self.in_place)
            .field("policy", &self.policy)
            .field("runner", &self.runner.is_some())
            .field("provider", &self.provider.is_some())
            .finish_non_exhaustive()
    }
}
