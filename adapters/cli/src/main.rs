//! The `kubecred` program: the login of a kubeconfig for any tool, an authenticated GET, kubeconfig
//! files shown and changed, and a demonstration.
//!
//! `commands` is the table of commands, each in a file of its own. `session` runs one that needs a
//! login: `settings` makes a profile of flags, variables and files, the tokio host keeps the login
//! fresh, `verbose_log` says what happened, and `report` is how the program ends.
#![forbid(unsafe_code)]

mod api_path;
mod api_session;
mod arguments;
mod clock;
mod commands;
mod completion;
mod connection_flags;
mod error_status;
mod event_formatter;
mod jsonpath;
mod object_output;
mod origin;
mod output_flag;
mod redact;
mod report;
mod runtime;
mod secret_file;
mod service_account_flag;
mod session;
mod settings;
mod signals;
mod usage;
mod verbose_log;

use arguments::Arguments;
use std::process::ExitCode;

fn main() -> ExitCode {
    if completion::answer(arguments::definition) {
        return ExitCode::SUCCESS;
    }
    match arguments::read().and_then(Arguments::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => report.print(),
    }
}
