//! `kubecred config current-context` (KB-3).

use super::Files;
use crate::arguments::Connection;
use crate::report::{Exit, Report};
use clap::Args;

#[derive(Args)]
pub(crate) struct CurrentContext {
    #[command(flatten)]
    connection: Connection,
}

impl CurrentContext {
    pub(super) fn run(self, before: Connection) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let chain = files.read()?;
        match chain.config().current_context.as_str() {
            "" => Err(Report::new(Exit::Configuration, "current-context is not set")
                .advise("Choose one with kubecred config use-context.")),
            name => files.say(format_args!("{name}")),
        }
    }
}
