//! Tokens that come from the program itself.

use crate::clock::unix;
use crate::perform::{CommandFuture, CommandRunner};
use kubecred_core::exec::credential_json;
use kubecred_core::protocol::{Exit, RunCommand};
use kubecred_core::{Exec, ExecApiVersion, Failure, FailureKind, Secret};
use std::error::Error;
use std::pin::Pin;
use std::time::SystemTime;

/// A source of tokens inside this program: a cloud SDK, a vault, a test.
///
/// Closures that return a future of `Result<ProvidedToken, E>` are token providers.
pub trait TokenProvider: Send + Sync + 'static {
    /// Fetches a token. Called when one is needed, never twice at a time; dropped when it takes
    /// longer than [`Policy::command_timeout`](kubecred_core::Policy::command_timeout). The
    /// error's text ends up in messages for people. One that panics has failed.
    fn token(&self) -> TokenFuture<'_>;
}

/// The answer of a [`TokenProvider`], in time.
pub type TokenFuture<'a> =
    Pin<Box<dyn Future<Output = Result<ProvidedToken, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

impl<F, Fut, E> TokenProvider for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<ProvidedToken, E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn token(&self) -> TokenFuture<'_> {
        let token = self();
        Box::pin(async move { token.await.map_err(Into::into) })
    }
}

/// A token, and when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvidedToken {
    token: Secret,
    expires: Option<SystemTime>,
}

impl ProvidedToken {
    /// A token that is good until a server says otherwise.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self { token: token.into(), expires: None }
    }

    /// It ends at this time, rounded down to the second.
    #[must_use]
    pub fn expires_at(mut self, time: SystemTime) -> Self {
        self.expires = Some(time);
        self
    }
}

/// Answers the machine's wish to run a plugin with what the provider says, in the plugin's words:
/// so there is one way for credentials to come in, with one set of rules.
pub(crate) struct ProviderCommands(Box<dyn TokenProvider>);

impl ProviderCommands {
    pub(crate) fn new(provider: impl TokenProvider) -> Self {
        Self(Box::new(provider))
    }

    /// The source that asks for it. No such program exists, should another host ever run it.
    pub(crate) fn exec() -> Exec {
        Exec::new("token provider of this program")
    }
}

impl CommandRunner for ProviderCommands {
    fn run<'a>(&'a self, command: &'a RunCommand) -> CommandFuture<'a> {
        Box::pin(async move {
            let provided = self.0.token().await;
            let provided = provided.map_err(|e| Failure::new(FailureKind::Other, e.to_string()))?;
            let expires = provided.expires.map(unix);
            let stdout = credential_json(ExecApiVersion::V1, Some(&provided.token), None, expires)
                .ok_or_else(|| Failure::new(FailureKind::Other, "the token is not UTF-8"))?;
            match u64::try_from(stdout.len()) {
                Ok(len) if len <= command.limit => Ok(Exit { code: 0, stdout }),
                _ => Err(Failure::new(FailureKind::TooLarge, "the token is too long")),
            }
        })
    }
}
