//! `kubecred config current-context` (KB-3).

use super::Files;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::redact;
use crate::report::{Exit, Report};
use clap::Args;

const HELP: &str = "\
Examples:
  kubecred config current-context
  kubecred config use-context \"$(kubecred config current-context --kubeconfig staging.yaml)\"

Exit codes: 0 success; 2 invalid command line; 3 it is not set, or a kubeconfig is invalid; 7 output.";

/// Print the name of the current context
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct CurrentContext {
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for CurrentContext {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let chain = files.read()?;
        match chain.config().current_context.as_str() {
            "" => Err(Report::new(Exit::Configuration, "current-context is not set")
                .advise("Choose one with kubecred config use-context.")),
            name => files.say(format_args!("{}", redact::name(name))),
        }
    }
}
