//! `kubecred config unset` (KB-11).

use super::Files;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::Report;
use clap::Args;

const HELP: &str = "\
Examples:
  kubecred config unset current-context
  kubecred config unset contexts.dev.namespace
  kubecred config unset users.ann.exec
  kubecred config unset users.ann

You can unset what kubecred config set can set, and also auth-provider, exec, extensions,
act-as-groups and act-as-user-extra, each as a whole. If there is nothing to remove, a warning says
so and the exit code is 0.

Exit codes: 0 success; 2 invalid command line; 3 unknown property, or the file cannot be changed; 7
output.";

/// Remove a field or an entry
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Unset {
    /// What to remove: current-context, LIST.NAME.FIELD, LIST.NAME, or a whole LIST
    #[arg(value_name = "PROPERTY")]
    property: String,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for Unset {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection)).with_paths_as_given();
        let property = self.property.clone();
        let was_there = files.edit(move |config| Ok(config.unset_property(&property)?))?;
        if !was_there {
            files.warn(format_args!("there was no {:?}", self.property));
        }
        files.say(format_args!("Property {:?} unset.", self.property))
    }
}
