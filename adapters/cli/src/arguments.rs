//! The command line: commands, the flags before them, and what is said of one that is invalid.

use crate::commands::{self, Command, Run};
use crate::connection_flags::{ConnectionFlags, allow_hyphen_values, hide_connection};
use crate::report::Report;
use crate::usage;
use clap::{CommandFactory, FromArgMatches, Parser};
use std::ffi::{OsStr, OsString};
use std::path::Path;

const ABOUT: &str = "Authenticate to a Kubernetes API server as kubectl does: log in, send requests, print the credential";

const HELP: &str = "\
Examples:
  kubecred demo
  kubecred get /version
  kubecred whoami --context prod
  kubecred credential --context prod -o token
  kubecred proxy --allow exec
  kubecred config explain
  kubecred config use-context prod
  kubecred cache -- aws eks get-token --cluster-name prod
  kubecred setup --issuer https://idp.example --client-id kubernetes
  kubecred demo login
  kubecred completion bash

kubectl's global flags (--context, --server, --token, --as and the others) can be given before or
after the command. kubecred get --help lists them.

Exit codes:
    0  success: the server answered with a status of 200 to 299
    1  the server returned an error status; or an address cannot be listened on (proxy)
    2  invalid command line
    3  no usable configuration: a kubeconfig is missing, invalid, incomplete or locked
    4  no credential: an exec plugin failed, or a token, certificate or key cannot be read
    5  the server cannot be reached: network, TLS or proxy
    6  timed out (--request-timeout)
    7  standard output cannot be written
  129  the terminal was closed (SIGHUP)
  130  interrupted with Ctrl-C (SIGINT)
  143  terminated (SIGTERM)

Environment:
  KUBECONFIG           kubeconfig files, separated by a colon (a semicolon on Windows). Of several
                       entries with one name the first is used. Default: ~/.kube/config
  KUBERC               kubectl's preferences file, from which kubecred takes credentialPluginPolicy
                       and credentialPluginAllowlist; \"off\" disables it. Default: ~/.kube/kuberc
  KUBERNETES_MASTER    the server, if neither the kubeconfig nor --server names one
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                       the proxy, unless the kubeconfig or --proxy-url names one
  KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT
                       set in a pod: if there is no kubeconfig, the pod's service account is used
  KUBECACHEDIR         folder for cached tokens (get-token, cache). Default: ~/.kube/cache

Differences from kubectl:
  - Without any configuration kubecred fails; kubectl sends the request to http://localhost:8080.
  - kubecred never asks for a user name and a password.
  - After a 401 the request is sent once more, if a new credential can be obtained.
  - --request-timeout includes the time of the exec plugin.
  - If kuberc cannot be read, no exec plugin runs.
  - --token overrides tokenFile in the kubeconfig.
  - get puts the path of the server's URL before PATH; kubectl get --raw ignores it. PATH is sent as
    given; kubectl decodes it, sorts the query and adds a timeout parameter.
  - Redirects are not followed.
  - Wildcard certificates with a single label after the star, such as *.com, are refused.
  - A server certificate that is a CA certificate (CA:TRUE) needs the signature of a trusted CA.
  - RSA keys under 2048 bits, SHA-1, cipher suites with CBC and RSA key exchange are not supported.
  - All levels of -v above 0 mean the same.";

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

/// Reads the command line. Ends the program if it asks for help.
///
/// # Errors
/// When it is invalid. No value of it is repeated.
pub(crate) fn read() -> Result<Arguments, Report> {
    let mut shown = definition();
    let matches = shown.try_get_matches_from_mut(words());
    match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => Ok(arguments),
        Err(error) => match usage::explain(&error, &shown) {
            Some(report) => Err(report),
            None => error.exit(),
        },
    }
}

/// The program's commands and flags, as `--help` shows them.
pub(crate) fn definition() -> clap::Command {
    // Before the command the flags mean the same as after it; one list of them is enough.
    let program = Arguments::command().mut_args(hide_connection);
    with_hyphen_values(program.mut_subcommand("config", commands::config_help))
}

fn with_hyphen_values(command: clap::Command) -> clap::Command {
    command.mut_args(allow_hyphen_values).mut_subcommands(with_hyphen_values)
}

/// The words of the command line. Under the name `kubekey` the program stands in for that plugin,
/// which has no commands: it gets a token, and `-v` is its version.
fn words() -> Vec<OsString> {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    let name = words.first().and_then(|word| Path::new(word).file_stem());
    if name == Some(OsStr::new("kubekey")) {
        let version = words.len() == 2 && words.get(1).is_some_and(|word| word == "-v");
        let word = if version { "--version" } else { "get-token" };
        words.splice(1..if version { 2 } else { 1 }, [word.into()]);
    }
    words
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
        definition().debug_assert();
    }
}
