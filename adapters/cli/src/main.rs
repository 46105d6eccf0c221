//! The `kubecred` program: the login of a kubeconfig, for any tool.
#![forbid(unsafe_code)]

mod account;
mod arguments;
mod credential;
mod help;
mod report;
mod session;
mod settings;
mod words;

use arguments::{Arguments, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match Arguments::read() {
        Command::Credential(flags, output) => credential::run(flags, output),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => report.print(),
    }
}
