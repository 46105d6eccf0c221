//! `kubecred config rename-cluster` and `rename-user`, which kubectl does not have.

use super::Files;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::Report;
use clap::Args;
use kubecred_core::Kubeconfig;
use kubecred_core::kubeconfig::edit::EditError;

const RENAME_CLUSTER: &str = "\
Examples:
  kubecred config rename-cluster arn:aws:eks:eu-west-1:123456789012:cluster/prod prod

Contexts that use the cluster are changed too, also those in other files of KUBECONFIG.

Exit codes: 0 success; 2 invalid command line; 3 no such cluster, the new name exists, or a file
cannot be changed; 7 output.";

const RENAME_USER: &str = "\
Examples:
  kubecred config rename-user clusterUser_group_prod prod

Contexts that use the user are changed too, also those in other files of KUBECONFIG.

Exit codes: 0 success; 2 invalid command line; 3 no such user, the new name exists, or a file cannot
be changed; 7 output.";

/// Rename a cluster, also in the contexts that use it
#[derive(Args)]
#[command(after_help = RENAME_CLUSTER)]
pub(crate) struct RenameCluster {
    #[command(flatten)]
    names: Names,
}

/// Rename a user, also in the contexts that use it
#[derive(Args)]
#[command(after_help = RENAME_USER)]
pub(crate) struct RenameUser {
    #[command(flatten)]
    names: Names,
}

#[derive(Args)]
struct Names {
    /// Current name
    #[arg(value_name = "NAME")]
    name: String,
    /// New name
    #[arg(value_name = "NEW_NAME")]
    new_name: String,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for RenameCluster {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        self.names.rename(before, "Cluster", Kubeconfig::rename_cluster)
    }
}

impl Run for RenameUser {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        self.names.rename(before, "User", Kubeconfig::rename_user)
    }
}

impl Names {
    fn rename(
        self,
        before: ConnectionFlags,
        kind: &str,
        rename: fn(&mut Kubeconfig, &str, &str) -> Result<usize, EditError>,
    ) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let (from, to) = (self.name.clone(), self.new_name.clone());
        let contexts = files.edit(move |config| Ok(rename(config, &from, &to)?))?;
        let contexts = match contexts {
            1 => "1 context".to_owned(),
            several => format!("{several} contexts"),
        };
        files.say(format_args!(
            "{kind} {:?} renamed to {:?}, also in {contexts}.",
            self.name, self.new_name
        ))
    }
}
