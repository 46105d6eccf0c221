//! `kubecred config set-context` (KB-10).

use super::Files;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use clap::Args;
use kubecred_core::kubeconfig::edit::SetContext as Set;

const HELP: &str = "\
Examples:
  kubecred config set-context dev --cluster dev --user ann
  kubecred config set-context --current --namespace web

Fields you do not pass stay unchanged. An empty value removes a field.

Exit codes: 0 success; 2 invalid command line; 3 no current context, or the file cannot be changed;
7 output.";

/// Set a context entry (created if missing)
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct SetContext {
    /// Name of the context
    #[arg(value_name = "NAME", required_unless_present = "current", conflicts_with = "current")]
    name: Option<String>,
    /// Change the current context
    #[arg(long)]
    current: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for SetContext {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let flags = before.then(self.connection);
        let files = Files::new(&flags);
        let set = Set { cluster: flags.cluster, user: flags.user, namespace: flags.namespace };
        let (name, new) = files.edit(move |config| {
            let name = self.name.unwrap_or_else(|| config.current_context.clone());
            if self.current && name.is_empty() {
                return Err(Report::new(Exit::Configuration, "no current context is set")
                    .advise("Choose one with kubecred config use-context, or name one."));
            }
            Ok((name.clone(), config.set_context(&name, set)?))
        })?;
        let done = if new { "created" } else { "modified" };
        files.say(format_args!("Context {name:?} {done}."))
    }
}
