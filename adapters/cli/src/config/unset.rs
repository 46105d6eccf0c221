//! `kubecred config unset` (KB-11).

use super::Files;
use crate::arguments::Connection;
use crate::report::Report;
use clap::Args;

#[derive(Args)]
pub(crate) struct Unset {
    /// What to take out: current-context, LIST.NAME.FIELD, LIST.NAME, or a whole LIST
    #[arg(value_name = "PROPERTY")]
    property: String,
    #[command(flatten)]
    connection: Connection,
}

impl Unset {
    pub(super) fn run(self, before: Connection) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection)).with_paths_as_given();
        let property = self.property.clone();
        let was_there = files.edit(move |config| Ok(config.unset_property(&property)?))?;
        if !was_there {
            files.warn(format_args!("there was no {:?}", self.property));
        }
        files.say(format_args!("Property {:?} unset.", self.property))
    }
}
