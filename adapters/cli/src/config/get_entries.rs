//! `kubecred config get-clusters` and `get-users`.

use super::Files;
use crate::arguments::Connection;
use crate::report::Report;
use clap::Args;
use kubecred_core::Kubeconfig;

#[derive(Args)]
pub(crate) struct GetEntries {
    #[command(flatten)]
    connection: Connection,
}

impl GetEntries {
    pub(super) fn clusters(self, before: Connection) -> Result<(), Report> {
        self.run(before, |config| config.clusters.keys().cloned().collect())
    }

    pub(super) fn users(self, before: Connection) -> Result<(), Report> {
        self.run(before, |config| config.users.keys().cloned().collect())
    }

    /// Sorted, where kubectl has no order at all.
    fn run(
        self,
        before: Connection,
        names: impl Fn(&Kubeconfig) -> Vec<String>,
    ) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let chain = files.read()?;
        let lines = names(chain.config()).into_iter().map(|name| name + "\n");
        let text: String = std::iter::once("NAME\n".to_owned()).chain(lines).collect();
        files.print(text.as_bytes())
    }
}
