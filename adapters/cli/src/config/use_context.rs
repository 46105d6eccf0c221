//! `kubecred config use-context` (KB-3).

use super::Files;
use crate::arguments::Connection;
use crate::report::Report;
use clap::Args;

#[derive(Args)]
pub(crate) struct UseContext {
    /// The name of a context
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    connection: Connection,
}

impl UseContext {
    pub(super) fn run(self, before: Connection) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let name = self.name.clone();
        files.edit(move |config| Ok(config.use_context(&name)?))?;
        files.say(format_args!("Switched to context {:?}.", self.name))
    }
}
