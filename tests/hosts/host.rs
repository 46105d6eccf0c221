//! The hosts, behind one face.

use crate::service_account::Sender;
use kubecred_core::protocol::{Exit, RunCommand};
use kubecred_core::{ConfigError, Environment, Failure, Generation, PluginPolicy, Policy, Profile};
use kubecred_host::process::{Cancel, PluginStderr, run};
use kubecred_host::{AuthError, Credential, ProvidedToken, ProviderError, Settings, blocking};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Longer than any call here takes, however slow the machine; a call that waits for ever fails.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Threads,
    Tokio,
    Wasi,
}

/// Runs a scenario in every host, each on a thread of its own: one that waits for ever is a failure.
pub(crate) fn each_host(scenario: impl Fn(Kind) + Clone + Send + 'static) {
    kinds(&[Kind::Threads, Kind::Tokio, Kind::Wasi], scenario);
}

/// The same in some of them.
pub(crate) fn kinds(kinds: &[Kind], scenario: impl Fn(Kind) + Clone + Send + 'static) {
    for kind in kinds.iter().copied() {
        let (done, ended) = mpsc::channel();
        let scenario = scenario.clone();
        let thread = std::thread::spawn(move || {
            scenario(kind);
            let _ = done.send(());
        });
        match ended.recv_timeout(PATIENCE) {
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("{kind:?} waits for ever"),
            _ => {
                if let Err(panic) = thread.join() {
                    eprintln!("in the host {kind:?}:");
                    std::panic::resume_unwind(panic);
                }
            }
        }
    }
}

/// What a scenario may choose.
pub(crate) struct Choices {
    pub(crate) kind: Kind,
    pub(crate) policy: Policy,
    pub(crate) plugin_policy: Option<PluginPolicy>,
    pub(crate) environment: Option<Environment>,
    pub(crate) provider: Option<Provider>,
}

/// The program's own source of tokens.
pub(crate) type Provider = Arc<dyn Fn() -> Result<ProvidedToken, ProviderError> + Send + Sync>;

impl From<Kind> for Choices {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            policy: Policy::default(),
            plugin_policy: None,
            environment: None,
            provider: None,
        }
    }
}

impl Choices {
    pub(crate) fn start(self, profile: Profile) -> Box<dyn Host> {
        let Self { kind, policy, plugin_policy, environment, provider } = self;
        match kind {
            Kind::Threads => {
                let sender = Sender::new();
                let builder = threads(plugin_policy, environment)
                    .policy(policy)
                    .send_with(move |request| sender.send(request));
                Box::new(match provider {
                    Some(provider) => builder.token_provider(move || provider()).profile(profile),
                    None => builder.profile(profile),
                })
            }
            Kind::Tokio => {
                let runtime = Runtime::new().unwrap();
                let auth = runtime.block_on(async {
                    let builder = tokio_host(plugin_policy, environment).policy(policy);
                    match provider {
                        Some(provider) => builder
                            .with_token_provider(move || std::future::ready(provider()))
                            .profile(profile),
                        None => builder.profile(profile),
                    }
                });
                Box::new(OnTokio { runtime, auth })
            }
            Kind::Wasi => {
                let builder = wasi(plugin_policy, environment).policy(policy);
                Box::new(match provider {
                    Some(provider) => builder.token_provider(move || provider()).profile(profile),
                    None => builder.profile(profile),
                })
            }
        }
    }

    pub(crate) fn load(self) -> Result<(), ConfigError> {
        let Self { kind, plugin_policy, environment, .. } = self;
        match kind {
            Kind::Threads => threads(plugin_policy, environment).load().map(drop),
            Kind::Tokio => {
                let runtime = Runtime::new().unwrap();
                runtime.block_on(tokio_host(plugin_policy, environment).load()).map(drop)
            }
            Kind::Wasi => wasi(plugin_policy, environment).load().map(drop),
        }
    }
}

fn threads(policy: Option<PluginPolicy>, environment: Option<Environment>) -> blocking::Builder {
    let mut settings = Settings::default();
    (settings.plugin_policy, settings.environment) = (policy, environment);
    blocking::Auth::builder().settings(settings)
}

fn tokio_host(
    policy: Option<PluginPolicy>,
    environment: Option<Environment>,
) -> kubecred_tokio::Builder {
    let builder = kubecred_tokio::Auth::builder();
    let builder = match policy {
        Some(policy) => builder.plugin_policy(policy),
        None => builder,
    };
    match environment {
        Some(environment) => builder.environment_of(environment),
        None => builder,
    }
}

fn wasi(policy: Option<PluginPolicy>, environment: Option<Environment>) -> kubecred_wasi::Builder {
    let builder = kubecred_wasi::Auth::builder().command_runner(Embedder);
    let builder = match policy {
        Some(policy) => builder.plugin_policy(policy),
        None => builder,
    };
    match environment {
        Some(environment) => builder.environment_of(environment),
        None => builder,
    }
}

/// What a scenario may do.
pub(crate) trait Host {
    fn credential(&self) -> Result<Credential, AuthError>;
    fn try_credential(&self) -> Result<Option<Credential>, AuthError>;
    fn unauthorized(&self, refused: Generation) -> bool;
    fn close(&self);
}

impl Host for blocking::Auth {
    fn credential(&self) -> Result<Credential, AuthError> {
        self.credential()
    }
    fn try_credential(&self) -> Result<Option<Credential>, AuthError> {
        self.try_credential()
    }
    fn unauthorized(&self, refused: Generation) -> bool {
        self.unauthorized(refused)
    }
    fn close(&self) {
        self.close();
    }
}

struct OnTokio {
    runtime: Runtime,
    auth: kubecred_tokio::Auth,
}

impl Host for OnTokio {
    fn credential(&self) -> Result<Credential, AuthError> {
        self.runtime.block_on(self.auth.credential())
    }
    fn try_credential(&self) -> Result<Option<Credential>, AuthError> {
        self.auth.try_credential()
    }
    fn unauthorized(&self, refused: Generation) -> bool {
        self.runtime.block_on(self.auth.unauthorized(refused))
    }
    fn close(&self) {
        self.runtime.block_on(self.auth.close());
    }
}

impl Host for kubecred_wasi::Auth {
    fn credential(&self) -> Result<Credential, AuthError> {
        self.credential()
    }
    fn try_credential(&self) -> Result<Option<Credential>, AuthError> {
        self.try_credential()
    }
    fn unauthorized(&self, refused: Generation) -> bool {
        self.unauthorized(refused)
    }
    fn close(&self) {
        self.close();
    }
}

/// An embedder that runs plugins.
struct Embedder;

impl kubecred_wasi::CommandRunner for Embedder {
    fn run(&self, command: &RunCommand, _timeout: Option<Duration>) -> Result<Exit, Failure> {
        run(command, &PluginStderr::Discard, &Cancel::default())
    }
}
