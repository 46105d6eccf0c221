//! `kubecred config delete-context`, `delete-cluster` and `delete-user` (KB-10).

use super::Files;
use crate::arguments::Connection;
use crate::report::Report;
use clap::Args;
use kubecred_core::kubeconfig::EntryOrigin;

#[derive(Args)]
pub(crate) struct Delete {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    connection: Connection,
}

/// What is deleted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Cluster,
    Context,
    User,
}

impl Delete {
    pub(super) fn run(self, before: Connection, kind: Kind) -> Result<(), Report> {
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
