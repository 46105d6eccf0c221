//! From an action to its answer: the four things that a machine can want done.

mod bounded;
mod command;
mod file;
mod lock;
mod path;
mod write;

pub use command::{CommandRunner, Hear, PluginStderr, Running, SystemCommands};

use kubecred_core::{Action, Failure, FailureKind, Input, Job};

/// What the jobs need from this process.
pub(crate) struct Host {
    pub(crate) runner: Box<dyn CommandRunner>,
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
        Action::SendRequest(job) => job.done(Err(Failure::new(
            FailureKind::Unsupported,
            "this program was built without an HTTP client",
        ))),
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
    use std::io::ErrorKind;
    let kind = match error.kind() {
        ErrorKind::NotFound => FailureKind::NotFound,
        ErrorKind::PermissionDenied => FailureKind::Denied,
        ErrorKind::TimedOut => FailureKind::TimedOut,
        _ => FailureKind::Other,
    };
    Failure::new(kind, error.to_string())
}
