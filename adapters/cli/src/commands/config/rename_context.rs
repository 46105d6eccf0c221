//! `kubecred config rename-context` (KB-10).

use super::Files;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::Report;
use clap::Args;

const HELP: &str = "\
Examples:
  kubecred config rename-context arn:aws:eks:eu-west-1:123456789012:cluster/prod prod

If it is the current context, current-context is changed too.

Exit codes: 0 success; 2 invalid command line; 3 no such context, the new name exists, or the file
cannot be changed; 7 output.";

/// Rename a context
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct RenameContext {
    /// Current name
    #[arg(value_name = "NAME")]
    name: String,
    /// New name
    #[arg(value_name = "NEW_NAME")]
    new_name: String,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for RenameContext {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let (from, to) = (self.name.clone(), self.new_name.clone());
        files.edit(move |config| Ok(config.rename_context(&from, &to)?))?;
        files.say(format_args!("Context {:?} renamed to {:?}.", self.name, self.new_name))
    }
}
