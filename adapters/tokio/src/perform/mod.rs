//! From an action to its answer: the four things that a machine can want done.

mod bounded;
mod command;
mod file;
mod path;
#[cfg(unix)]
mod pipe;
#[cfg(feature = "client")]
mod request;
#[cfg(feature = "client")]
mod sender;
mod write;

pub use command::{CommandRunner, Hear, PluginStderr, Running, SystemCommands};
pub use path::find_program;
#[cfg(feature = "client")]
pub use sender::RequestSender;

#[cfg(feature = "client")]
pub(crate) use file::read_file;
pub(crate) use file::{read_any, read_any_now, read_file_now};

use kubecred_core::protocol::{HttpResponse, SendRequest};
use kubecred_core::{Action, Failure, Input, Job};

/// What the jobs need from this process.
pub(crate) struct Host {
    pub(crate) runner: Box<dyn CommandRunner>,
    #[cfg(feature = "client")]
    pub(crate) crypto: Option<std::sync::Arc<rustls::crypto::CryptoProvider>>,
    #[cfg(feature = "client")]
    pub(crate) proxies: crate::proxy::Environment,
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

/// Does the job, whatever becomes of it.
pub(crate) async fn perform(action: Action, host: &Host) -> Input {
    match action {
        Action::ReadFile(Job { id, request }) => {
            let outcome = file::read(&request).await;
            Job { id, request }.done(outcome)
        }
        Action::RunCommand(Job { id, request }) => {
            let outcome = host.runner.run(&request).await;
            Job { id, request }.done(outcome)
        }
        Action::SendRequest(Job { id, request }) => {
            let outcome = host.send(&request).await;
            Job { id, request }.done(outcome)
        }
        Action::WriteFile(Job { id, request }) => {
            let outcome = write::write(&request).await;
            Job { id, request }.done(outcome)
        }
        Action::Cancel(_) | Action::SetHeaders(_) | Action::RefreshAt(_) | Action::Report(_) => {
            Input::Tick
        }
    }
}

/// An operating system's error as the machine tells it apart.
fn failure(error: &std::io::Error) -> Failure {
    use kubecred_core::FailureKind;
    use std::io::ErrorKind;
    let kind = match error.kind() {
        ErrorKind::NotFound => FailureKind::NotFound,
        ErrorKind::PermissionDenied => FailureKind::Denied,
        ErrorKind::TimedOut => FailureKind::TimedOut,
        _ => FailureKind::Other,
    };
    Failure::new(kind, error.to_string())
}
