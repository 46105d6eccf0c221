//! `kubecred config set-cluster` (KB-9).

use super::Files;
use super::embed::{Embed, nothing_to_embed};
use crate::commands::Run;
use crate::connection_flags::{ConnectionFlags, go_bool};
use crate::report::Report;
use clap::Args;
use kubecred_core::kubeconfig::edit::SetCluster as Set;

const HELP: &str = "\
Examples:
  kubecred config set-cluster dev --server https://10.0.0.1:6443
  kubecred config set-cluster dev --certificate-authority ca.crt --embed-certs
  kubecred config set-cluster dev --proxy-url socks5://127.0.0.1:1080

Fields you do not pass stay unchanged, with two exceptions: --server removes tls-server-name, and
certificate-authority and insecure-skip-tls-verify remove each other. An empty value removes a field.

Exit codes: 0 success; 2 invalid command line; 3 the file cannot be changed; 7 output.";

/// Set a cluster entry (created if missing)
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct SetCluster {
    /// Name of the cluster
    #[arg(value_name = "NAME")]
    name: String,
    /// Write the content of the --certificate-authority file to the kubeconfig instead of its path
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    embed_certs: Option<bool>,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for SetCluster {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
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
