//! The options of an [`Auth`].

use super::handle::Auth;
use super::perform::{Host, SendFunction};
use crate::process::PluginStderr;
use crate::{Settings, restrict};
use kubecred_core::protocol::{HttpResponse, SendRequest};
use kubecred_core::{ConfigError, Failure, Policy, Profile};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// The options of an [`Auth`]; made by [`Auth::builder`]. [`load`](Builder::load) or
/// [`profile`](Builder::profile) starts it.
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
    /// Where to find a profile, the settings that take precedence over it, and which plugins may
    /// run.
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// When to refresh, and the time and size limits. A thread that reads a file or sends a request
    /// cannot be stopped: after the time limit the job fails, and the thread goes on in the
    /// background.
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy: Some(policy), ..self }
    }

    /// What to do with the standard error of plugins.
    pub fn plugin_stderr(self, stderr: PluginStderr) -> Self {
        Self { stderr, ..self }
    }

    /// The function that sends HTTP requests for credentials, such as those to an OpenID provider.
    /// It must apply all settings of the request (TLS, proxy, limit), or fail with
    /// [`FailureKind::Unsupported`](kubecred_core::FailureKind::Unsupported), and must not follow
    /// redirects. Without it, credentials that need HTTP requests fail.
    pub fn send_with(
        self,
        send: impl Fn(&SendRequest) -> Result<HttpResponse, Failure> + Send + Sync + 'static,
    ) -> Self {
        Self { send: Some(Box::new(send)), ..self }
    }

    /// The seed of the random delays, for tests. The default is a random seed.
    pub fn jitter_seed(self, jitter_seed: u64) -> Self {
        Self { jitter_seed: Some(jitter_seed), ..self }
    }

    /// Finds a profile as kubectl does, and starts an [`Auth`] for it.
    ///
    /// # Errors
    /// All problems of the kubeconfig, or of kuberc.
    pub fn load(self) -> Result<Auth, ConfigError> {
        let profile = self.settings.find()?;
        Ok(self.profile(profile))
    }

    /// Starts an [`Auth`] for this profile. If the profile is invalid ([`Profile::check`]), every
    /// call for a credential fails with the reason.
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
