//! Requests of other machines than the authenticator, such as a login.

use super::{Host, SystemCommands};
use kubecred_core::Failure;
use kubecred_core::protocol::{HttpResponse, SendRequest};
use kubecred_host::environment;
use kubecred_host::net::ProxyVariables;
use std::fmt;

/// Sends the requests of a machine that this crate does not drive: each over a connection of its
/// own, and no redirect is followed.
pub struct RequestSender(Host);

impl RequestSender {
    /// With the proxies of this process's environment.
    #[must_use]
    pub fn from_env() -> Self {
        let runner = Box::new(SystemCommands::default());
        let proxies = ProxyVariables::new(&environment());
        let (provider, in_place, crypto) = (None, None, None);
        Self(Host { runner, provider, in_place, crypto, proxies, system_roots: false })
    }

    /// Trusts the system's certificate authorities beside those of a request. Without this a request
    /// that brings its own trusts no others.
    #[must_use]
    pub fn with_system_roots(mut self, beside: bool) -> Self {
        self.0.system_roots = beside;
        self
    }

    /// Sends it, and reads the answer up to the request's limit.
    ///
    /// # Errors
    /// It cannot be sent as it says, or there is no answer, or it is too large.
    pub async fn send(&self, request: &SendRequest) -> Result<HttpResponse, Failure> {
        self.0.send(request).await
    }
}

impl fmt::Debug for RequestSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSender").finish_non_exhaustive()
    }
}
