//! `kubecred config`: kubeconfig files, looked at and changed. Words and output are kubectl's.

mod columns;
mod current_context;
mod delete;
mod embed;
mod explain;
mod files;
mod flag_list;
mod get_contexts;
mod get_entries;
mod rename_context;
mod set;
mod set_cluster;
mod set_context;
mod set_credentials;
mod unset;
mod use_context;
mod view;

use crate::commands::{Run, commands};
use crate::connection_flags::{ConnectionFlags, hide_connection};
use crate::report::Report;
use clap::{Args, Command};
use files::Files;

const HELP: &str = "\
Examples:
  kubecred config use-context prod
  kubecred config set-context --current --namespace web
  kubecred config set-credentials ann --token \"$(cat token)\" --kubeconfig staging.yaml
  kubecred config explain --context prod
  kubecred config view --minify

Words, output and rules are those of kubectl config: --kubeconfig names one file and no other;
without it the files in KUBECONFIG count, or else ~/.kube/config. A change goes to the file where
the entry stands, and a new entry to the first of the files that is there.

What differs from kubectl:
  - A file is replaced as a whole: whenever it is read, or whatever is killed, it is the old one or
    the new one.
  - Comments, order, and fields that nobody knows stay.
  - Somebody else's lock (FILE.lock) is waited for, five seconds at most; one that was left behind
    is reported with its age and whose it is.
  - Files are read after they are locked, so that of two changes at the same time none is lost.
  - view shows no secret without --raw, --flatten or not, and has the forms yaml and json only.
  - explain is not there at all.

Exit codes: 0 done; 2 usage; 3 configuration; 7 output; 130 interrupted.";

/// Look at kubeconfig files and change them, as kubectl config does
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Config {
    #[command(subcommand)]
    command: ConfigCommand,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for Config {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        self.command.run(before.then(self.connection))
    }
}

commands! {
    /// What to do, each in a file of its own.
    ConfigCommand {
        CurrentContext: current_context::CurrentContext,
        DeleteCluster: delete::DeleteCluster,
        DeleteContext: delete::DeleteContext,
        DeleteUser: delete::DeleteUser,
        Explain: explain::Explain,
        GetClusters: get_entries::GetClusters,
        GetContexts: get_contexts::GetContexts,
        GetUsers: get_entries::GetUsers,
        RenameContext: rename_context::RenameContext,
        Set: set::Set,
        SetCluster: set_cluster::SetCluster,
        SetContext: set_context::SetContext,
        SetCredentials: set_credentials::SetCredentials,
        Unset: unset::Unset,
        UseContext: use_context::UseContext,
        View: view::View,
    }
}

/// Which of the connection flags a subcommand needs, and what they are to it. The others may be
/// said, as to kubectl, and mean nothing.
fn needs(subcommand: &str) -> &'static [(&'static str, &'static str)] {
    match subcommand {
        "set-cluster" => &[
            ("server", "URL of the API server"),
            ("tls_server_name", "Name to ask the server for and to verify, instead of the host's"),
            ("certificate_authority", "PEM file with the authorities that may vouch for it"),
            ("insecure_skip_tls_verify", "Do not verify the server"),
            ("proxy_url", "Proxy to go through: an http, https or socks5 URL"),
        ],
        "set-context" => &[
            ("cluster", "The name of its cluster"),
            ("user", "The name of its user"),
            ("namespace", "Namespace for requests that name none"),
        ],
        "set-credentials" => &[
            ("token", "Bearer token. Others on this machine may see it in the list of processes"),
            ("username", "User name for basic authentication"),
            ("password", "Password for basic authentication. Visible like --token"),
            ("client_certificate", "PEM file with a client certificate"),
            ("client_key", "PEM file with its key"),
        ],
        "view" => &[("context", "With --minify: the context instead of the current one")],
        _ => &[],
    }
}

/// Leaves only what is needed in the help of every subcommand.
pub(crate) fn help(config: Command) -> Command {
    let always = [("kubeconfig", ""), ("verbose", "")];
    config.mut_args(hide_connection).mut_subcommands(|subcommand| {
        if subcommand.get_name() == "explain" {
            return subcommand; // it is about all of them
        }
        let needed = needs(subcommand.get_name());
        subcommand.mut_args(|flag| {
            let id = flag.get_id().as_str();
            match always.iter().chain(needed).find(|(needed, _)| *needed == id) {
                Some((_, "")) => flag.help_heading(None),
                Some((_, help)) => flag.help_heading(None).help(*help),
                None => hide_connection(flag),
            }
        })
    })
}
