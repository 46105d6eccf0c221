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

Sets current-context, in the first of the files that is there.

Exit codes: 0 done; 2 usage; 3 no such context, or the file cannot be changed; 7 output.";

/// Make another context the current one
#[derive(Args)]
#[command(alias = "use", after_help = HELP)]
pub(crate) struct UseContext {
    /// The name of a context
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
