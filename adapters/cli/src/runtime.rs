//! The tokio runtime of a command.

use crate::report::{Exit, Report};
use tokio::runtime::{Builder, Runtime};

/// Descriptors that the runtime opens while it starts. It panics if there are none left.
#[cfg(unix)]
const DESCRIPTORS: usize = 12;

/// A runtime with one thread: enough, and started sooner than several.
///
/// # Errors
/// When the process may not open as many files as it needs.
pub(crate) fn start() -> Result<Runtime, Report> {
    build(Builder::new_current_thread())
}

/// A runtime with a thread for each processor, for a server.
///
/// # Errors
/// As [`start`].
pub(crate) fn start_threads() -> Result<Runtime, Report> {
    build(Builder::new_multi_thread())
}

fn build(mut builder: Builder) -> Result<Runtime, Report> {
    let failed = |error: std::io::Error| {
        Report::new(Exit::Configuration, format_args!("cannot start: {error}"))
            .advise("Is the limit of open files too low? ulimit -n shows it.")
    };
    #[cfg(unix)]
    descriptors().map_err(failed)?;
    builder.enable_all().build().map_err(failed)
}

/// Fails unless so many files can be opened.
#[cfg(unix)]
fn descriptors() -> std::io::Result<()> {
    let (first, second) = std::os::unix::net::UnixStream::pair()?;
    let mut spare = vec![first, second];
    while spare.len() < DESCRIPTORS {
        spare.push(spare[0].try_clone()?);
    }
    Ok(())
}
