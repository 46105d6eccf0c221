//! `kubecred config rename-context` (KB-10).

use super::Files;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::Report;
use clap::Args;

const HELP: &str = "\
Examples:
  kubecred config rename-context arn:aws:eks:eu-west-1:123456789012:cluster/prod prod

If it is the current context, it stays that.

Exit codes: 0 done; 2 usage; 3 no such context, the new name is taken, or the file cannot be
changed; 7 output.";

/// Give a context another name
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct RenameContext {
    /// The name that it has
    #[arg(value_name = "NAME")]
    name: String,
    /// The name that it is to have
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
