//! From an action to its answer: the things that a machine can want done.

mod command;
#[cfg(feature = "client")]
mod request;
#[cfg(feature = "client")]
mod sender;

pub use command::{CommandFuture, CommandRunner, SystemCommands};
#[cfg(feature = "client")]
pub use sender::RequestSender;

use crate::fs;
use crate::provider::{TokenProvider, ask};
use futures::catch_panic;
use kubecred_core::protocol::{HttpResponse, SendRequest, Written};
use kubecred_core::{Action, Failure, Input, Job};
use kubecred_host::fs::Placed;

mod futures;

/// Gets the file that was written in place, and why.
pub(crate) type InPlaceCallback = Box<dyn Fn(&str, &str) + Send + Sync>;

/// What the jobs need from this process.
pub(crate) struct Host {
    pub(crate) runner: Box<dyn CommandRunner>,
    pub(crate) provider: Option<Box<dyn TokenProvider>>,
    pub(crate) in_place: Option<InPlaceCallback>,
    #[cfg(feature = "client")]
    pub(crate) crypto: Option<std::sync::Arc<rustls::crypto::CryptoProvider>>,
    #[cfg(feature = "client")]
    pub(crate) proxies: kubecred_host::net::ProxyVariables,
    /// The system's roots are trusted beside those of a request.
    #[cfg(feature = "client")]
    pub(crate) system_roots: bool,
}

impl Host {
    #[cfg(feature = "client")]
    async fn send(&self, request: &SendRequest) -> Result<HttpResponse, Failure> {
        request::send(request, self).await
    }

    #[cfg(not(feature = "client"))]
    async fn send(&self, _: &SendRequest) -> Result<HttpResponse, Failure> {
        let why = "this program was built without an HTTP client";
        Err(Failure::new(kubecred_core::FailureKind::Unsupported, why))
    }
}

/// Does the job, whatever becomes of it: code of the program that panics has failed, and its callers
/// are told so.
pub(crate) async fn perform(action: Action, host: &Host) -> Input {
    match action {
        Action::ReadFile(Job { id, request }) => {
            let outcome = fs::read(&request).await;
            Job { id, request }.done(outcome)
        }
        Action::RunCommand(Job { id, request }) => {
            let outcome = catch_panic(|| host.runner.run(&request)).await;
            Job { id, request }.done(outcome)
        }
        Action::SendRequest(Job { id, request }) => {
            let outcome = catch_panic(|| Box::pin(host.send(&request))).await;
            Job { id, request }.done(outcome)
        }
        Action::WriteFile(Job { id, request }) => {
            let outcome = fs::write(&request).await.map(|placed| {
                if let (Placed::InPlace(why), Some(told)) = (placed, &host.in_place) {
                    told(&request.path, &why);
                }
                Written
            });
            Job { id, request }.done(outcome)
        }
        Action::Provide(Job { id, request }) => {
            let outcome = match &host.provider {
                Some(provider) => catch_panic(|| ask(&**provider, &request)).await,
                None => Err(kubecred_host::no_provider()),
            };
            Job { id, request }.done(outcome)
        }
        Action::Cancel(_) | Action::SetHeaders(_) | Action::RefreshAt(_) | Action::Report(_) => {
            Input::Tick
        }
    }
}
