//! Tokens that come from the program itself.

use kubecred_core::Failure;
use kubecred_core::protocol::{Provide, Provided};
use kubecred_host::{ProvidedToken, ProviderError, provided};
use std::pin::Pin;

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
    Pin<Box<dyn Future<Output = Result<ProvidedToken, ProviderError>> + Send + 'a>>;

impl<F, Fut, E> TokenProvider for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<ProvidedToken, E>> + Send + 'static,
    E: Into<ProviderError>,
{
    fn token(&self) -> TokenFuture<'_> {
        let token = self();
        Box::pin(async move { token.await.map_err(Into::into) })
    }
}

/// Asks the provider, as the machine wants it.
pub(crate) fn ask<'a>(
    provider: &'a dyn TokenProvider,
    request: &'a Provide,
) -> Pin<Box<dyn Future<Output = Result<Provided, Failure>> + Send + 'a>> {
    let token = provider.token();
    Box::pin(async move { provided(token.await, request) })
}
