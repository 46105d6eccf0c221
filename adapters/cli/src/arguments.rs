//! The command line: commands, the flags before them, and what is said of one that is invalid.

use crate::commands::{self, Command, Run};
use crate::connection_flags::{ConnectionFlags, hide_connection};
use crate::report::Report;
use clap::{CommandFactory, FromArgMatches, Parser};

const ABOUT: &str =
    "Log in to a Kubernetes API server as kubectl does, and use the login or hand it on";

const HELP: &str = "\
Examples:
  kubecred demo
  kubecred get /version
  kubecred credential --context prod -o token
  kubecred config use-context prod
  kubecred cache -- aws eks get-token --cluster-name prod

kubectl's flags, --context, --server, --token, --as and the rest, go before or after the command;
kubecred get --help lists them.

Exit codes:
    0  done: the server answered with a status of 200 to 299
    1  the server answered, and it said no
    2  the command line is not to be understood
    3  no usable configuration: a kubeconfig is missing, broken, incomplete or locked
    4  no credential: a login plugin failed, a token or key cannot be read
    5  the server cannot be reached: network, TLS or proxy
    6  it took longer than --request-timeout
    7  standard output cannot be written
  130  interrupted

Environment:
  KUBECONFIG           kubeconfig files, separated by a colon (a semicolon on Windows); of
                       entries with one name the first counts. Unset: ~/.kube/config
  KUBERC               kubectl's file of preferences, of which only credentialPluginPolicy and
                       credentialPluginAllowlist count here; off for none. Unset: ~/.kube/kuberc
  KUBERNETES_MASTER    the server, if no kubeconfig names one
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                       how to get there, if neither kubeconfig nor --proxy-url says
  KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT
                       set in a pod: its service account is used if there is no other
                       configuration

What differs from kubectl:
  - No configuration is an error, not a call to http://localhost:8080.
  - Nobody is asked for a user name and a password.
  - A request that is answered 401 is sent once more if a fresh credential is to be had.
  - --request-timeout holds for the login plugin too.
  - A kuberc that is broken and may forbid plugins lets none run.
  - --token goes before a tokenFile of the kubeconfig.
  - The server's path is a prefix of PATH; kubectl get --raw leaves it out. PATH itself goes out
    as it is written; kubectl decodes it, sorts the query and adds --request-timeout to it.
    Redirects are not followed.
  - Wildcard certificates with a single label after the star (*.name) are refused.
  - A server certificate of an authority (CA:TRUE) is taken only if a trusted authority signed it.
  - RSA keys under 2048 bits, SHA-1, cipher suites with CBC and RSA key exchange are not supported.
  - -v takes no level.";

/// The whole command line. No `Debug`: it holds secrets.
#[derive(Parser)]
#[command(
    name = "kubecred",
    version,
    about = ABOUT,
    after_help = HELP,
    args_override_self = true,
    disable_help_subcommand = true
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    connection: ConnectionFlags,
    #[command(subcommand)]
    command: Command,
}

/// Reads the command line. Ends the program if it is invalid or asks for help.
pub(crate) fn read() -> Arguments {
    // Before the command the flags mean the same as after it; one list of them is enough.
    let shown = Arguments::command().mut_args(hide_connection);
    let shown = shown.mut_subcommand("config", commands::config_help);
    match Arguments::from_arg_matches(&shown.get_matches()) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    }
}

impl Arguments {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<(), Report> {
        self.command.run(self.connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }
}
