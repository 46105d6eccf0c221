//! `kubecred config use-context` (KB-3).

use super::Files;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::Report;
use clap::Args;

const HELP: &str = "\
Examples:
  kubecred config use-context prod
  kubecred config use prod --kubeconfig staging.yaml

Sets current-context in the first kubeconfig file that exists.

Exit codes: 0 success; 2 invalid command line; 3 no such context, or the file cannot be changed; 7
output.";

/// Set the current context
#[derive(Args)]
#[command(alias = "use", after_help = HELP)]
pub(crate) struct UseContext {
    /// Name of the context
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for UseContext {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let name = self.name.clone();
        files.edit(move |config| Ok(config.use_context(&name)?))?;
        files.say(format_args!("Switched to context {:?}.", self.name))
    }
}
