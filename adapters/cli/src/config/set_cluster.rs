//! `kubecred config set-cluster` (KB-9).

use super::Files;
use super::embed::{Embed, nothing_to_embed};
use crate::arguments::{Connection, go_bool};
use crate::report::Report;
use clap::Args;
use kubecred_core::kubeconfig::edit::SetCluster as Set;

#[derive(Args)]
pub(crate) struct SetCluster {
    /// The name of a cluster, which is made if there is none
    #[arg(value_name = "NAME")]
    name: String,
    /// Put what is in the file of --certificate-authority into the kubeconfig, instead of its path
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    embed_certs: Option<bool>,
    #[command(flatten)]
    connection: Connection,
}

impl SetCluster {
    pub(super) fn run(self, before: Connection) -> Result<(), Report> {
        let flags = before.then(self.connection);
        let files = Files::new(&flags);
        let embed = Embed(self.embed_certs.unwrap_or_default());
        let authority = flags.certificate_authority;
        if embed.0 && authority.as_ref().is_none_or(String::is_empty) {
            return Err(nothing_to_embed("--certificate-authority"));
        }
        let set = Set {
            server: flags.server,
            tls_server_name: flags.tls_server_name,
            insecure_skip_tls_verify: flags.insecure_skip_tls_verify,
            certificate_authority: embed.material("--certificate-authority", authority)?,
            proxy_url: flags.proxy_url,
        };
        let name = self.name.clone();
        files.edit(move |config| Ok(config.set_cluster(&name, set)?))?;
        files.say(format_args!("Cluster {:?} set.", self.name))
    }
}
