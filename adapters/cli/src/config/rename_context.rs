//! `kubecred config rename-context` (KB-10).

use super::Files;
use crate::arguments::Connection;
use crate::report::Report;
use clap::Args;

#[derive(Args)]
pub(crate) struct RenameContext {
    /// The name that it has
    #[arg(value_name = "NAME")]
    name: String,
    /// The name that it is to have
    #[arg(value_name = "NEW_NAME")]
    new_name: String,
    #[command(flatten)]
    connection: Connection,
}

impl RenameContext {
    pub(super) fn run(self, before: Connection) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let (from, to) = (self.name.clone(), self.new_name.clone());
        files.edit(move |config| Ok(config.rename_context(&from, &to)?))?;
        files.say(format_args!("Context {:?} renamed to {:?}.", self.name, self.new_name))
    }
}
