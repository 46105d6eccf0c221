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
mod import;
mod previous;
mod rename;
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
pub(crate) use files::Files;

const HELP: &str = "\
Examples:
  kubecred config use-context prod
  kubecred config set-context --current --namespace web
  kubecred config set-credentials ann --token-from token.txt --kubeconfig staging.yaml
  kubecred config explain --context prod
  kubecred config view --minify

Commands, output and rules are those of kubectl config. --kubeconfig names the only file to use;
without it the files in KUBECONFIG are used, or ~/.kube/config. A changed entry is written to the
file that holds it, a new entry to the first file that exists.

Differences from kubectl:
  - A file is replaced as a whole: a reader sees the old content or the new, even if kubecred is
    killed while it writes.
  - Comments, order and unknown fields are kept.
  - If another program holds the lock (FILE.lock), kubecred waits up to five seconds. A lock that
    was left behind is reported with its age and owner.
  - Files are read after they are locked, so that no concurrent change is lost.
  - view hides more than kubectl does unless --raw is given, and has no Go templates.
  - use-context takes the beginning of a name, and - for the context before.
  - explain, import, rename-cluster and rename-user do not exist in kubectl.

Exit codes: 0 success; 2 invalid command line; 3 a kubeconfig or an entry in it is missing or
invalid; 7 output; 129, 130, 143 signals.";

/// Show and change kubeconfig files, as kubectl config does
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
    /// The subcommands.
    ConfigCommand {
        CurrentContext: current_context::CurrentContext,
        DeleteCluster: delete::DeleteCluster,
        DeleteContext: delete::DeleteContext,
        DeleteUser: delete::DeleteUser,
        Explain: explain::Explain,
        GetClusters: get_entries::GetClusters,
        GetContexts: get_contexts::GetContexts,
        GetUsers: get_entries::GetUsers,
        Import: import::Import,
        RenameCluster: rename::RenameCluster,
        RenameContext: rename_context::RenameContext,
        RenameUser: rename::RenameUser,
        Set: set::Set,
        SetCluster: set_cluster::SetCluster,
        SetContext: set_context::SetContext,
        SetCredentials: set_credentials::SetCredentials,
        Unset: unset::Unset,
        UseContext: use_context::UseContext,
        View: view::View,
    }
}

/// The connection flags that have an effect on a subcommand, with their help. The others are
/// accepted, as in kubectl, and ignored.
fn needs(subcommand: &str) -> &'static [(&'static str, &'static str)] {
    match subcommand {
        "set-cluster" => &[
            ("server", "URL of the API server"),
            ("tls_server_name", "Name for SNI and verification (default: the URL's host)"),
            ("certificate_authority", "CA bundle used to verify the server (PEM file)"),
            ("insecure_skip_tls_verify", "Do not verify the server"),
            ("proxy_url", "Proxy: an http, https or socks5 URL"),
        ],
        "set-context" => &[
            ("cluster", "Cluster of the context"),
            ("user", "User of the context"),
            ("namespace", "Default namespace of the context"),
        ],
        "set-credentials" => &[
            (
                "token",
                "Bearer token. Other users of this machine can see it in the process list; use --token-from",
            ),
            ("token_from", "File to read the bearer token from; - is standard input"),
            ("username", "User name for basic authentication"),
            (
                "password",
                "Password for basic authentication. Other users can see it, as with --token",
            ),
            ("password_from", "File to read the password from; - is standard input"),
            ("client_certificate", "Client certificate (PEM file)"),
            ("client_key", "Key of the client certificate (PEM file)"),
        ],
        "view" => &[("context", "With --minify: context to print (default: the current one)")],
        _ => &[],
    }
}

/// Shows in the help of each subcommand only the flags that have an effect.
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
