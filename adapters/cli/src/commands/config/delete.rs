//! `kubecred config delete-context`, `delete-cluster` and `delete-user` (KB-10).

use super::Files;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::Report;
use clap::Args;
use kubecred_core::kubeconfig::EntryOrigin;

const DELETE_CLUSTER: &str = "\
Examples:
  kubecred config delete-cluster staging

Contexts that name the cluster are not changed.

Exit codes: 0 success; 2 invalid command line; 3 no such cluster, or the file cannot be changed; 7
output.";

const DELETE_CONTEXT: &str = "\
Examples:
  kubecred config delete-context staging

The context's cluster and user are not deleted. If it is the current context, current-context is not
changed either; a warning says so.

Exit codes: 0 success; 2 invalid command line; 3 no such context, or the file cannot be changed; 7
output.";

const DELETE_USER: &str = "\
Examples:
  kubecred config delete-user ann

Contexts that name the user are not changed.

Exit codes: 0 success; 2 invalid command line; 3 no such user, or the file cannot be changed; 7
output.";

/// What is deleted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cluster,
    Context,
    User,
}

/// Delete a cluster
#[derive(Args)]
#[command(after_help = DELETE_CLUSTER)]
pub(crate) struct DeleteCluster {
    #[command(flatten)]
    entry: Entry,
}

/// Delete a context
#[derive(Args)]
#[command(after_help = DELETE_CONTEXT)]
pub(crate) struct DeleteContext {
    #[command(flatten)]
    entry: Entry,
}

/// Delete a user
#[derive(Args)]
#[command(after_help = DELETE_USER)]
pub(crate) struct DeleteUser {
    #[command(flatten)]
    entry: Entry,
}

#[derive(Args)]
struct Entry {
    /// Name of the entry
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for DeleteCluster {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        self.entry.delete(before, Kind::Cluster)
    }
}

impl Run for DeleteContext {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        self.entry.delete(before, Kind::Context)
    }
}

impl Run for DeleteUser {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        self.entry.delete(before, Kind::User)
    }
}

impl Entry {
    fn delete(self, before: ConnectionFlags, kind: Kind) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let name = self.name.clone();
        let (file, is_current) = files.edit(move |config| {
            let origin = match kind {
                Kind::Cluster => config.clusters.get(&name).map(|entry| &entry.origin),
                Kind::Context => config.contexts.get(&name).map(|entry| &entry.origin),
                Kind::User => config.users.get(&name).map(|entry| &entry.origin),
            };
            let file = origin.map(|EntryOrigin { path, .. }| path.clone()).unwrap_or_default();
            match kind {
                Kind::Cluster => config.delete_cluster(&name)?,
                Kind::Context => config.delete_context(&name)?,
                Kind::User => config.delete_user(&name)?,
            }
            Ok((file, config.current_context == name))
        })?;
        if is_current && kind == Kind::Context {
            files.warn(format_args!(
                "{:?} was the current context, and current-context still names it; choose another \
                 with kubecred config use-context",
                self.name
            ));
        }
        let kind = match kind {
            Kind::Cluster => "cluster",
            Kind::Context => "context",
            Kind::User => "user",
        };
        files.say(format_args!("deleted {kind} {} from {file}", self.name))
    }
}
