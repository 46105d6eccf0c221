//! `kubecred setup`: from a provider's address to a working kubeconfig and cluster.

mod cluster;
mod kubeconfig;
mod provider;

use super::flags::LoginFlags;
use super::{claims, conclude, name, perform, print};
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::Report;
use clap::Args;
use kubeconfig::Entry;
use kubecred_core::login::{Granted, Operation, Success};
use std::cell::RefCell;
use std::fmt::Write as _;

const HELP: &str = "\
Examples:
  kubecred setup --issuer https://idp.example --client-id kubernetes
  kubecred setup --issuer https://idp.example --client-id kubernetes --write --user ann --context prod

Checks the provider and says what it offers, logs in once, and shows the claims that the API server
will see. Then it prints the user entry for your kubeconfig, or writes it with --write, and what the
cluster needs: the flags of kube-apiserver or an AuthenticationConfiguration, and a
ClusterRoleBinding for who has logged in. Nothing is changed without --write, and the cluster is not
asked. Takes the flags of kubecred get-token; those given are put into the kubeconfig.

Exit codes: as for kubecred get-token.";

/// Check a provider, log in once, and prepare kubeconfig and cluster
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Setup {
    /// Write the user to the kubeconfig
    #[arg(long)]
    write: bool,
    /// Kubeconfig file to write to
    #[arg(long, value_name = "FILE", requires = "write")]
    kubeconfig: Option<String>,
    /// Name of the user in the kubeconfig
    #[arg(long, value_name = "NAME", default_value = "oidc")]
    user: String,
    /// Let this context of the kubeconfig use the user
    #[arg(long, value_name = "NAME", requires = "write")]
    context: Option<String>,
    #[command(flatten)]
    flags: LoginFlags,
}

impl Run for Setup {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let found = RefCell::new(None);
        conclude(perform(&self.flags, Operation::Inspect)?, |success| {
            if let Success::Provider(facts) = success {
                found.replace(Some(facts.clone()));
                print(provider::describe(facts).as_bytes())?;
            }
            Ok(())
        })?;
        let Some(facts) = found.take() else { return Ok(()) };
        conclude(perform(&self.flags, Operation::Login)?, |success| match success {
            Success::Credential(granted) => {
                print(logged_in(granted).as_bytes())?;
                self.kubeconfig(before)?;
                let seen = cluster::Seen::new(&facts.issuer, &self.flags, granted);
                print(seen.text().as_bytes())
            }
            _ => Ok(()),
        })
    }
}

impl Setup {
    fn kubeconfig(&self, before: ConnectionFlags) -> Result<(), Report> {
        let entry = Entry::new(&self.user, &self.flags);
        if !self.write {
            return print(entry.text().as_bytes());
        }
        let flags =
            ConnectionFlags { kubeconfig: self.kubeconfig.clone(), ..ConnectionFlags::default() };
        print(b"\n")?;
        entry.write(&before.then(flags), self.context.as_deref())
    }
}

/// Who has logged in, and what the API server will see of it.
fn logged_in(granted: &Granted) -> String {
    let mut text = String::new();
    let who = name(granted.claims.as_ref()).unwrap_or_else(|| "a user without a name".into());
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\nLogged in as {who}.");
    if let Some(expires) = granted.expires {
        let _ = writeln!(text, "The token ends at {expires}.");
    }
    if let Some(claims) = claims(granted.claims.as_ref()) {
        let _ = writeln!(text, "Claims that the API server will see:\n{claims}");
    }
    text
}
