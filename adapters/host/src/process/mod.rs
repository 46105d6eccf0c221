//! Exec plugins: found, started without a shell, stopped with all that they started.

mod command;
mod descendants;
mod find;
mod run;
mod stderr;

pub use command::{Prepared, code, not_run, prepare, stop};
pub use find::{find_program, look_up};
pub use run::{Cancel, run};
pub use stderr::{PluginStderr, StderrCallback, Tail};

use std::time::Duration;

/// How long the pipes of a plugin that has ended are read on if a process that it started, a daemon
/// for one, still holds them open. What the plugin itself wrote is there at once.
pub const PIPE_GRACE: Duration = Duration::from_millis(500);
