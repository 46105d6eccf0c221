//! `kubecred config set` (KB-11).

use super::Files;
use crate::arguments::{Connection, go_bool};
use crate::report::Report;
use clap::Args;
use kubecred_core::kubeconfig::edit::BytesAs;

#[derive(Args)]
pub(crate) struct Set {
    /// Which value: current-context, preferences.colors, or LIST.NAME.FIELD
    #[arg(value_name = "PROPERTY")]
    property: String,
    /// The value; for a field that ends in -data, in base64
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: String,
    /// The value of a field that ends in -data is given as it is
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    set_raw_bytes: Option<bool>,
    #[command(flatten)]
    connection: Connection,
}

impl Set {
    pub(super) fn run(self, before: Connection) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection)).with_paths_as_given();
        let bytes = match self.set_raw_bytes {
            Some(true) => BytesAs::Raw,
            _ => BytesAs::Base64,
        };
        let property = self.property.clone();
        files.edit(move |config| Ok(config.set_property(&property, &self.value, bytes)?))?;
        files.say(format_args!("Property {:?} set.", self.property))
    }
}
