//! From a job to its answer, on a thread that may wait.

use crate::fs::{read_file, save};
use crate::process::{Cancel, PluginStderr, run};
use crate::{ProvidedToken, ProviderError, no_provider, provided};
use kubecred_core::protocol::{FileBytes, HttpResponse, SendRequest, Written};
use kubecred_core::{Action, Failure, FailureKind, Input};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Sends one HTTP request; see [`Builder::send_with`](super::Builder::send_with).
pub type SendFunction = dyn Fn(&SendRequest) -> Result<HttpResponse, Failure> + Send + Sync;

/// Gives a token; see [`Builder::token_provider`](super::Builder::token_provider).
pub type ProviderFunction = dyn Fn() -> Result<ProvidedToken, ProviderError> + Send + Sync;

/// What the jobs need from this program.
pub(super) struct Host {
    pub(super) send: Option<Box<SendFunction>>,
    pub(super) stderr: PluginStderr,
    pub(super) provider: Option<Box<ProviderFunction>>,
}

/// Does a job, whatever becomes of it; `None` for what is none.
pub(super) fn perform(action: Action, host: &Host, cancel: &Cancel) -> Option<Input> {
    Some(match action {
        Action::ReadFile(job) => {
            let outcome = read_file(&job.request.path, job.request.limit).map(FileBytes);
            job.done(outcome)
        }
        Action::RunCommand(job) => {
            // What it writes to standard error may be handed to the program.
            let outcome = caught(|| run(&job.request, &host.stderr, cancel));
            job.done(outcome)
        }
        Action::SendRequest(job) => {
            let outcome = match &host.send {
                Some(send) => caught(|| send(&job.request)),
                None => Err(Failure::new(FailureKind::Unsupported, "this program sends no HTTP")),
            };
            job.done(outcome)
        }
        Action::WriteFile(job) => {
            let outcome = save(&job.request).map(|_| Written);
            job.done(outcome)
        }
        Action::Provide(job) => {
            let outcome = match &host.provider {
                Some(provider) => caught(|| provided(provider(), &job.request)),
                None => Err(no_provider()),
            };
            job.done(outcome)
        }
        Action::Cancel(_) | Action::SetHeaders(_) | Action::RefreshAt(_) | Action::Report(_) => {
            return None;
        }
    })
}

/// Code of the program that panics has failed, and the callers are told so: without this they would
/// wait until the job times out, or for ever.
fn caught<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // Nothing that the panic may have left half done is looked at again.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// A panic of code that the program gave, as a failure of the job that called it.
pub fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Failure::new(FailureKind::Other, format!("it panicked: {}", text.unwrap_or("no message")))
}
