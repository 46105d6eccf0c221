//! `kubecred config get-clusters` and `get-users`.

use super::Files;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::redact;
use crate::report::Report;
use clap::Args;
use kubecred_core::Kubeconfig;

const CLUSTERS: &str = "\
Examples:
  kubecred config get-clusters

Exit codes: 0 success; 2 invalid command line; 3 a kubeconfig is invalid; 7 output.";

const USERS: &str = "\
Examples:
  kubecred config get-users

Exit codes: 0 success; 2 invalid command line; 3 a kubeconfig is invalid; 7 output.";

/// List clusters
#[derive(Args)]
#[command(after_help = CLUSTERS)]
pub(crate) struct GetClusters {
    #[command(flatten)]
    connection: ConnectionFlags,
}

/// List users
#[derive(Args)]
#[command(after_help = USERS)]
pub(crate) struct GetUsers {
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for GetClusters {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        print_names(&before.then(self.connection), |config| {
            config.clusters.keys().cloned().collect()
        })
    }
}

impl Run for GetUsers {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        print_names(&before.then(self.connection), |config| config.users.keys().cloned().collect())
    }
}

/// Prints names, sorted; kubectl prints them in no order.
fn print_names(
    flags: &ConnectionFlags,
    names: impl Fn(&Kubeconfig) -> Vec<String>,
) -> Result<(), Report> {
    let files = Files::new(flags);
    let chain = files.read()?;
    let lines = names(chain.config()).into_iter().map(|name| redact::name(&name) + "\n");
    let text: String = std::iter::once("NAME\n".to_owned()).chain(lines).collect();
    files.print(text.as_bytes())
}
