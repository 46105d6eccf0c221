//! The `kubecred` program: the login of a kubeconfig for any tool, an authenticated GET, kubeconfig
//! files looked at and changed, and a demonstration.
#![forbid(unsafe_code)]

mod account;
mod arguments;
mod clock;
mod config;
mod credential;
mod demo;
mod get;
mod help;
mod path;
mod refusal;
mod report;
mod session;
mod settings;
mod words;

use arguments::{Arguments, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match Arguments::read() {
        Command::Credential(flags, output) => credential::run(flags, output),
        Command::Get(flags, path) => get::run(flags, &path),
        Command::Config(flags, command) => config::run(flags, *command),
        Command::Demo(demo) => demo::run(&demo),
        Command::DemoPlugin(plugin) => demo::run_plugin(&plugin),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => report.print(),
    }
}
