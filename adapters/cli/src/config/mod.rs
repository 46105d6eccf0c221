//! `kubecred config`: kubeconfig files, looked at and changed. Words and output are kubectl's.

mod current_context;
mod files;
mod use_context;

use crate::arguments::{Connection, hide_connection};
use crate::help;
use crate::report::Report;
use clap::{Command, Subcommand};
use files::Files;

/// What to do, each in a file of its own.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the current context's name
    #[command(after_help = help::CURRENT_CONTEXT)]
    CurrentContext(current_context::CurrentContext),
    /// Make another context the current one
    #[command(alias = "use", after_help = help::USE_CONTEXT)]
    UseContext(use_context::UseContext),
}

/// Does it. `before` was said before the subcommand.
pub(crate) fn run(before: Connection, command: ConfigCommand) -> Result<(), Report> {
    match command {
        ConfigCommand::CurrentContext(command) => command.run(before),
        ConfigCommand::UseContext(command) => command.run(before),
    }
}

/// Which of the connection flags a subcommand needs, and what they are to it. The others may be
/// said, as to kubectl, and mean nothing.
fn needs(_subcommand: &str) -> &'static [(&'static str, &'static str)] {
    &[]
}

/// Leaves only what is needed in the help of every subcommand.
pub(crate) fn help(config: Command) -> Command {
    let always = [("kubeconfig", ""), ("verbose", "")];
    config.mut_args(hide_connection).mut_subcommands(|subcommand| {
        let needed = needs(subcommand.get_name());
        subcommand.mut_args(|flag| {
            let id = flag.get_id().as_str();
            match always.iter().chain(needed).find(|(needed, _)| *needed == id) {
                Some((_, "")) => flag.help_heading(None),
                Some((_, help)) => flag.help_heading(None).help(*help),
                None => hide_connection(flag),
            }
        })
    })
}
