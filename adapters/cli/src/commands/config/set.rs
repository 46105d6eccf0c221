//! `kubecred config set` (KB-11).

use super::Files;
use crate::commands::Run;
use crate::connection_flags::{ConnectionFlags, go_bool};
use crate::report::Report;
use crate::{redact, secret_file};
use clap::Args;
use kubecred_core::Secret;
use kubecred_core::kubeconfig::edit::BytesAs;

const HELP: &str = "\
Examples:
  kubecred config set clusters.dev.server https://10.0.0.1:6443
  kubecred config set contexts.dev.namespace web
  kubecred config set users.ann.client-key-data \"$(base64 -w0 client.key)\"
  kubecred config set users.ann.token --value-from token.txt

In LIST.NAME.FIELD, NAME may contain dots; it ends before the first part that is a FIELD. LIST and
FIELD are:
  clusters  server, tls-server-name, insecure-skip-tls-verify, certificate-authority,
            certificate-authority-data, proxy-url, disable-compression
  contexts  cluster, user, namespace
  users     token, tokenFile, username, password, client-certificate, client-certificate-data,
            client-key, client-key-data, act-as, act-as-uid

A relative path is written as given: it is relative to the kubeconfig. A missing entry is created.

Other users of this machine can see VALUE in the list of processes; --value-from keeps a token, a
password or a key out of it.

Exit codes: 0 success; 2 invalid command line; 3 unknown property, invalid value, or the file cannot
be changed; 7 output.";

/// Set a single value
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Set {
    /// current-context, preferences.colors, or LIST.NAME.FIELD
    #[arg(value_name = "PROPERTY")]
    property: String,
    /// The value; base64 for a field that ends in -data
    #[arg(
        value_name = "VALUE",
        allow_hyphen_values = true,
        required_unless_present = "value_from"
    )]
    value: Option<String>,
    /// File to read the value from, without the line break at its end; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "value")]
    value_from: Option<String>,
    /// The value of a -data field is given as plain text, not base64
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    set_raw_bytes: Option<bool>,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for Set {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection)).with_paths_as_given();
        let bytes = match self.set_raw_bytes {
            Some(true) => BytesAs::Raw,
            _ => BytesAs::Base64,
        };
        let property = self.property.clone();
        let value = match (self.value, self.value_from) {
            (None, Some(file)) => {
                let secret = secret_file::read("--value-from", &file)?;
                redact::learn(&secret);
                secret
            }
            (value, _) => Secret::from(value.unwrap_or_default()),
        };
        files.edit(move |config| {
            let value = value.expose_str().unwrap_or_default();
            Ok(config.set_property(&property, value, bytes)?)
        })?;
        files.say(format_args!("Property {:?} set.", self.property))
    }
}
