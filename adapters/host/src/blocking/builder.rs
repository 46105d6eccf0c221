//! Everything that can be chosen about an [`Auth`].

use super::handle::Auth;
use super::perform::{Host, SendFunction};
use crate::process::PluginStderr;
use crate::{Settings, restrict};
use kubecred_core::protocol::{HttpResponse, SendRequest};
use kubecred_core::{ConfigError, Failure, Policy, Profile};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// Collects choices; see [`Auth::builder`].
#[derive(Default)]
#[must_use = "nothing starts before it is given a profile"]
pub struct Builder {
    settings: Settings,
    policy: Option<Policy>,
    jitter_seed: Option<u64>,
    send: Option<Box<SendFunction>>,
    stderr: PluginStderr,
}

impl Builder {
    /// Where to look for a profile, what goes over it, and which plugins may run.
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// The pace of refreshing, and every limit. Reading a file and sending a request cannot be
    /// stopped; what takes longer than its limit is given up, and goes on unseen.
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// What becomes of the standard error of plugins.
    pub fn plugin_stderr(self, stderr: PluginStderr) -> Self {
        Self { stderr, ..self }
    }

    /// How HTTP requests of the credentials' sources are sent, to an identity provider for one. The
    /// function must honour everything that the request says (TLS settings, proxy, limit), or refuse
    /// it with [`FailureKind::Unsupported`](kubecred_core::FailureKind::Unsupported); it follows no
    /// redirects. Without one such sources are refused.
    pub fn send_with(
        self,
        send: impl Fn(&SendRequest) -> Result<HttpResponse, Failure> + Send + Sync + 'static,
    ) -> Self {
        Self { send: Some(Box::new(send)), ..self }
    }

    /// The seed of the jitter; by default a random one. For tests.
    pub fn jitter_seed(self, jitter_seed: u64) -> Self {
        Self { jitter_seed: Some(jitter_seed), ..self }
    }

    /// Finds a profile as kubectl does, and starts with it.
    ///
    /// # Errors
    /// Everything that is wrong with the kubeconfig, or with kuberc.
    pub fn load(self) -> Result<Auth, ConfigError> {
        let profile = self.settings.find()?;
        Ok(self.profile(profile))
    }

    /// Starts with a profile that is at hand. If it does not make sense ([`Profile::check`]), every
    /// call for a credential fails and says why.
    pub fn profile(self, mut profile: Profile) -> Auth {
        let Self { settings, policy, jitter_seed, send, stderr } = self;
        restrict(&mut profile, settings.plugin_policy, settings.stdin);
        let jitter_seed = jitter_seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        Auth::start(profile, policy.unwrap_or_default(), jitter_seed, Host { send, stderr })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .field("policy", &self.policy)
            .field("send", &self.send.is_some())
            .field("stderr", &self.stderr)
            .finish_non_exhaustive()
    }
}
