//! The options of an [`Auth`].

use super::handle::Auth;
use super::perform::{Host, ProviderFunction, SendFunction};
use crate::process::PluginStderr;
use crate::{ProvidedToken, ProviderError, Settings, restrict};
use kubecred_core::protocol::{HttpResponse, SendRequest};
use kubecred_core::{Authentication, ConfigError, Failure, Policy, Profile};
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
    provider: Option<Box<ProviderFunction>>,
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

    /// Takes tokens from this program itself, whatever the profile says of `Authorization`. The
    /// function is called when a token is needed, never twice at a time, on a thread that may wait.
    /// What takes longer than [`Policy::command_timeout`] is given up, and goes on unseen; one that
    /// panics has failed.
    ///
    /// ```
    /// use kubecred_core::Profile;
    /// use kubecred_host::ProvidedToken;
    /// use kubecred_host::blocking::Auth;
    ///
    /// let auth = Auth::builder()
    ///     .token_provider(|| Ok(ProvidedToken::new("from the vault")))
    ///     .profile(Profile::new("https://api.example:6443"));
    /// assert_eq!(auth.credential()?.headers()["authorization"], "Bearer from the vault");
    /// # Ok::<(), kubecred_host::AuthError>(())
    /// ```
    pub fn token_provider(
        self,
        provider: impl Fn() -> Result<ProvidedToken, ProviderError> + Send + Sync + 'static,
    ) -> Self {
        Self { provider: Some(Box::new(provider)), ..self }
    }

    /// The seed of the jitter; by default a random one. For tests.
    pub fn jitter_seed(self, seed: u64) -> Self {
        Self { jitter_seed: Some(seed), ..self }
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
        let Self { settings, policy, jitter_seed, send, stderr, provider } = self;
        if provider.is_some() {
            profile.authentication.authorization = Authentication::provided("").authorization;
        }
        restrict(&mut profile, settings.plugin_policy, settings.stdin);
        let jitter_seed = jitter_seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        Auth::start(
            profile,
            policy.unwrap_or_default(),
            jitter_seed,
            Host { send, stderr, provider },
        )
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .field("policy", &self.policy)
            .field("send", &self.send.is_some())
            .field("stderr", &self.stderr)
            .field("provider", &self.provider.is_some())
            .finish_non_exhaustive()
    }
}
