//! `kubecred config set-credentials` (KB-5 to KB-8).

use super::Files;
use super::embed::{Embed, nothing_to_embed};
use super::flag_list;
use crate::commands::Run;
use crate::connection_flags::{ConnectionFlags, go_bool};
use crate::report::{Exit, Report};
use crate::secret_file;
use clap::Args;
use kubecred_core::Secret;
use kubecred_core::kubeconfig::edit::SetUser;

const HELP: &str = "\
Examples:
  kubecred config set-credentials ann --client-certificate ann.crt --client-key ann.key
  kubecred config set-credentials ann --token-from token.txt
  kubecred config set-credentials ann --exec-command aws --exec-arg eks,get-token \\
    --exec-api-version client.authentication.k8s.io/v1 --exec-interactive-mode Never
  kubecred config set-credentials ann --auth-provider oidc --auth-provider-arg client-id=app \\
    --auth-provider-arg-from client-secret=secret.txt

Fields you do not pass stay unchanged, but a token and a user name with password remove each other.
An empty value removes a field. --exec-arg is split at commas, as kubectl does; write an argument
with a comma in double quotes: '\"a,b\"'.

Flags that end in -from read a secret from a file, or from standard input if the file is -. Other
users of this machine can see the values of all other flags in the process list.

Exit codes: 0 success; 2 invalid command line; 3 conflicting fields, a file that cannot be read, or
the kubeconfig cannot be changed; 7 output.";

/// Set a user entry (created if missing)
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct SetCredentials {
    /// Name of the user
    #[arg(value_name = "NAME")]
    name: String,
    /// Write the content of the --client-certificate and --client-key files to the kubeconfig
    /// instead of their paths
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    embed_certs: Option<bool>,
    /// Auth provider, such as oidc. Changing it removes the arguments of the old one
    #[arg(long, value_name = "NAME")]
    auth_provider: Option<String>,
    /// KEY=VALUE sets an argument of the auth provider, KEY- removes it; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    auth_provider_arg: Vec<String>,
    /// KEY=FILE sets an argument of the auth provider to the content of a file (- is standard
    /// input); may be repeated
    #[arg(long, value_name = "KEY=FILE")]
    auth_provider_arg_from: Vec<String>,
    /// Command of the exec plugin. Setting it removes the old --exec-arg arguments
    #[arg(long, value_name = "COMMAND")]
    exec_command: Option<String>,
    /// API version of the exec plugin, such as client.authentication.k8s.io/v1
    #[arg(long, value_name = "VERSION")]
    exec_api_version: Option<String>,
    /// Argument of the exec plugin, instead of the old arguments; may be repeated, and is split at
    /// commas
    #[arg(long, value_name = "ARG", allow_hyphen_values = true)]
    exec_arg: Vec<String>,
    /// NAME=VALUE sets an environment variable of the exec plugin, NAME- removes it; may be
    /// repeated
    #[arg(long, value_name = "NAME=VALUE")]
    exec_env: Vec<String>,
    /// NAME=FILE sets an environment variable of the exec plugin to the content of a file (- is
    /// standard input); may be repeated
    #[arg(long, value_name = "NAME=FILE")]
    exec_env_from: Vec<String>,
    /// Whether the exec plugin may use the terminal: Never, IfAvailable or Always
    #[arg(long, value_name = "MODE")]
    exec_interactive_mode: Option<String>,
    /// Pass the cluster to the exec plugin, in KUBERNETES_EXEC_INFO
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    exec_provide_cluster_info: Option<bool>,
    #[command(flatten)]
    connection: ConnectionFlags,
}

/// Flags that have no effect unless the user has what they are about.
struct Dependent {
    provider: bool,
    exec: bool,
}

impl Run for SetCredentials {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let flags = before.then(self.connection.clone()).with_secrets_read()?;
        let files = Files::new(&flags);
        let name = self.name.clone();
        let dependent = self.dependent();
        let set = self.set(flags, &files)?;
        let at = name.clone();
        let idle = files.edit(move |config| {
            config.set_user(&at, set)?;
            let user = config.users.get(&at);
            let has = |part: fn(&_) -> bool| user.is_some_and(part);
            Ok(Dependent {
                provider: dependent.provider && !has(|user| user.auth_provider.is_some()),
                exec: dependent.exec && !has(|user| user.exec.is_some()),
            })
        })?;
        if idle.provider {
            files.warn("--auth-provider-arg sets nothing: the user has no auth provider");
        }
        if idle.exec {
            files.warn("--exec-* sets nothing: the user has no exec plugin; say --exec-command");
        }
        files.say(format_args!("User {name:?} set."))
    }
}

impl SetCredentials {
    fn dependent(&self) -> Dependent {
        Dependent {
            provider: !self.auth_provider_arg.is_empty() || !self.auth_provider_arg_from.is_empty(),
            exec: self.exec_api_version.is_some()
                || !self.exec_arg.is_empty()
                || !self.exec_env.is_empty()
                || !self.exec_env_from.is_empty()
                || self.exec_interactive_mode.is_some()
                || self.exec_provide_cluster_info.is_some(),
        }
    }

    fn set(self, flags: ConnectionFlags, files: &Files) -> Result<SetUser, Report> {
        let embed = Embed(self.embed_certs.unwrap_or_default());
        let (certificate, key) = (flags.client_certificate, flags.client_key);
        let none = |path: &Option<String>| path.as_ref().is_none_or(String::is_empty);
        if embed.0 && none(&certificate) && none(&key) {
            return Err(nothing_to_embed("--client-certificate or --client-key"));
        }
        let secret = |flag: Option<String>| flag.map(Secret::from);
        let args = items("--exec-arg", &self.exec_arg)?;
        if args.len() > self.exec_arg.len() {
            files.warn(format_args!(
                "--exec-arg: split at commas into {} arguments, as kubectl does; an argument with a \
                 comma in it is written in double quotes: '\"a,b\"'",
                args.len()
            ));
        }
        let provider_args = items("--auth-provider-arg", &self.auth_provider_arg)?;
        Ok(SetUser {
            client_certificate: embed.material("--client-certificate", certificate)?,
            client_key: embed.material("--client-key", key)?,
            token: secret(flags.token),
            username: flags.username,
            password: secret(flags.password),
            auth_provider: self.auth_provider,
            auth_provider_config: [
                pairs("--auth-provider-arg", provider_args)?,
                pairs_from("--auth-provider-arg-from", &self.auth_provider_arg_from)?,
            ]
            .concat(),
            exec_command: self.exec_command,
            exec_api_version: self.exec_api_version,
            exec_args: (!args.is_empty()).then_some(args),
            exec_env: [
                pairs("--exec-env", self.exec_env)?,
                pairs_from("--exec-env-from", &self.exec_env_from)?,
            ]
            .concat(),
            exec_interactive_mode: self.exec_interactive_mode,
            exec_provide_cluster_info: self.exec_provide_cluster_info,
        })
    }
}

/// The items of a flag that may be repeated, or have several separated by commas.
fn items(flag: &str, values: &[String]) -> Result<Vec<String>, Report> {
    let items: Result<Vec<_>, _> = values.iter().map(|value| flag_list::items(value)).collect();
    match items {
        Ok(items) => Ok(items.concat()),
        Err(error) => Err(Report::new(Exit::Usage, format_args!("{flag}: {error}"))),
    }
}

/// `KEY=VALUE`, or `KEY-` for one to take out. What is set stays, even if it is taken out as well.
fn pairs(flag: &str, items: Vec<String>) -> Result<Vec<(String, Option<Secret>)>, Report> {
    let (mut removed, mut set) = (Vec::new(), Vec::new());
    for (at, item) in items.into_iter().enumerate() {
        match (item.split_once('='), item.strip_suffix('-')) {
            (Some((key, value)), _) if !key.is_empty() => {
                set.push((key.to_owned(), Some(Secret::from(value))));
            }
            (None, Some(key)) if !key.is_empty() => removed.push((key.to_owned(), None)),
            // It may be a secret that lost its name, so it is not repeated.
            _ => {
                let text = format!("number {} of {flag} is neither KEY=VALUE nor KEY-", at + 1);
                return Err(Report::new(Exit::Usage, text));
            }
        }
    }
    removed.extend(set);
    Ok(removed)
}

/// `KEY=FILE`: the values are what is in the files.
fn pairs_from(flag: &str, items: &[String]) -> Result<Vec<(String, Option<Secret>)>, Report> {
    let pair = |(at, item): (usize, &String)| match item.split_once('=') {
        Some((key, file)) if !key.is_empty() && !file.is_empty() => {
            Ok((key.to_owned(), Some(secret_file::read(flag, file)?)))
        }
        _ => {
            let text = format!("number {} of {flag} is not KEY=FILE", at + 1);
            Err(Report::new(Exit::Usage, text))
        }
    };
    items.iter().enumerate().map(pair).collect()
}
