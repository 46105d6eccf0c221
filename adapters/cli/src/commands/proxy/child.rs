//! A command that is run with a KUBECONFIG that points to the proxy.

use crate::report::{Exit, Report};
use crate::signals;
use std::path::Path;
use std::process::ExitStatus;
use tokio::process::Command;

/// Runs it to its end, and says how it ended. A signal for us is one for it.
pub(super) async fn run(command: &[String], kubeconfig: &Path) -> Result<ExitStatus, Report> {
    let [program, arguments @ ..] = command else {
        return Err(Report::new(Exit::Usage, "no command is given"));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .env("KUBECONFIG", kubeconfig)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            Report::new(Exit::Usage, format_args!("cannot run {program:?}: {error}"))
        })?;
    let id = child.id();
    loop {
        tokio::select! {
            ended = child.wait() => {
                return ended.map_err(|error| Report::new(Exit::Output, error));
            }
            // Ctrl-C reaches it from the terminal, too; a second of the same does no harm.
            _ = signals::ended() => pass_on(id),
        }
    }
}

#[cfg(unix)]
fn pass_on(id: Option<u32>) {
    let id = id.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(id) = id {
        // It may have ended in this moment.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
    }
}

#[cfg(not(unix))]
fn pass_on(_: Option<u32>) {}

/// The exit code for a shell.
pub(super) fn code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128 + signal;
    }
    status.code().unwrap_or(1)
}
