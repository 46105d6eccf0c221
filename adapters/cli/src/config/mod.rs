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

use crate::arguments::{Connection, hide_connection};
use crate::help;
use crate::report::Report;
use clap::{Command, Subcommand};
use delete::Kind;
use files::Files;

/// What to do, each in a file of its own.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the current context's name
    #[command(after_help = help::CURRENT_CONTEXT)]
    CurrentContext(current_context::CurrentContext),
    /// Take a cluster out
    #[command(after_help = help::DELETE_CLUSTER)]
    DeleteCluster(delete::Delete),
    /// Take a context out
    #[command(after_help = help::DELETE_CONTEXT)]
    DeleteContext(delete::Delete),
    /// Take a user out
    #[command(after_help = help::DELETE_USER)]
    DeleteUser(delete::Delete),
    /// Say what is in effect, where it comes from and why, and what is wrong
    #[command(after_help = help::EXPLAIN)]
    Explain(explain::Explain),
    /// List clusters
    #[command(after_help = help::GET_ENTRIES)]
    GetClusters(get_entries::GetEntries),
    /// List contexts, all or some
    #[command(after_help = help::GET_CONTEXTS)]
    GetContexts(get_contexts::GetContexts),
    /// List users
    #[command(after_help = help::GET_ENTRIES)]
    GetUsers(get_entries::GetEntries),
    /// Give a context another name
    #[command(after_help = help::RENAME_CONTEXT)]
    RenameContext(rename_context::RenameContext),
    /// Set a single value
    #[command(after_help = help::SET)]
    Set(set::Set),
    /// Set fields of a cluster, which is made if there is none
    #[command(after_help = help::SET_CLUSTER)]
    SetCluster(set_cluster::SetCluster),
    /// Set fields of a context, which is made if there is none
    #[command(after_help = help::SET_CONTEXT)]
    SetContext(set_context::SetContext),
    /// Set fields of a user, who is made if there is none
    #[command(after_help = help::SET_CREDENTIALS)]
    SetCredentials(set_credentials::SetCredentials),
    /// Take a single value out, or a whole entry
    #[command(after_help = help::UNSET)]
    Unset(unset::Unset),
    /// Make another context the current one
    #[command(alias = "use", after_help = help::USE_CONTEXT)]
    UseContext(use_context::UseContext),
    /// Show kubeconfigs as one, without their secrets
    #[command(after_help = help::VIEW)]
    View(view::View),
}

/// Does it. `before` was said before the subcommand.
pub(crate) fn run(before: Connection, command: ConfigCommand) -> Result<(), Report> {
    match command {
        ConfigCommand::CurrentContext(command) => command.run(before),
        ConfigCommand::DeleteCluster(command) => command.run(before, Kind::Cluster),
        ConfigCommand::DeleteContext(command) => command.run(before, Kind::Context),
        ConfigCommand::DeleteUser(command) => command.run(before, Kind::User),
        ConfigCommand::Explain(command) => command.run(before),
        ConfigCommand::GetClusters(command) => command.clusters(before),
        ConfigCommand::GetContexts(command) => command.run(before),
        ConfigCommand::GetUsers(command) => command.users(before),
        ConfigCommand::RenameContext(command) => command.run(before),
        ConfigCommand::Set(command) => command.run(before),
        ConfigCommand::SetCluster(command) => command.run(before),
        ConfigCommand::SetContext(command) => command.run(before),
        ConfigCommand::SetCredentials(command) => command.run(before),
        ConfigCommand::Unset(command) => command.run(before),
        ConfigCommand::UseContext(command) => command.run(before),
        ConfigCommand::View(command) => command.run(before),
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
