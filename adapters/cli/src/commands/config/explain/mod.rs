//! `kubecred config explain`: reads what the core asks for, and shows what it makes of it.

mod text;

use crate::clock;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::redact;
use crate::report::{Exit, Report};
use crate::settings;
use crate::verbose_log::VerboseLog;
use clap::{Args, ValueEnum};
use kubecred_core::kubeconfig::explain::{
    Explanation, FileFacts, ProxyAnswer, RULES, Severity, explain,
};
use kubecred_core::{Cluster, Environment, Failure, Policy, Profile, Secret, StdinState};
use kubecred_host::fs::read_file;
use kubecred_host::net::{Address, ProxyVariables, Route};
use kubecred_host::process::look_up;
use kubecred_tokio::client::check_connection;
use serde_json::Value;
use std::io::{IsTerminal, Write};

const HELP: &str = "\
Examples:
  kubecred config explain
  kubecred config explain --context prod --token xyz
  kubecred config explain --strict -o json | jq '.lints[] | select(.severity != \"note\")'

Shows which kubeconfig files are read, each setting with its file and line and the values that it
overrides, which credentials are used, which are not, and why. It reads files and looks the exec
plugin up, but runs no plugin and sends no request: use kubecred get or kubecred whoami to see
whether the server accepts the credential. Expiry times are read from the tokens, whose signatures
are not verified. Secrets are hidden.

Each line follows from a rule of kubectl, such as KC-32. -v shows the rule's id; --rules lists them.

-o json prints one object: kind Explanation, apiVersion explain.kubecred/v1, with the lists
settings, credentials and lints. Later releases may add fields to v1, but remove none, and do not
change the codes of lints.

Exit codes: 0 no problems, or only notes and warnings; 1 a warning, with --strict; 2 invalid command
line; 3 an error: no request can be sent with this configuration; 7 output.";

/// Show the settings in effect, where each comes from and why, and what is wrong
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Explain {
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Format,
    /// Exit with code 1 if there is a warning
    #[arg(long)]
    strict: bool,
    /// List the rules whose ids -v and -o json show, and exit
    #[arg(long)]
    rules: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

impl Run for Explain {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        if self.rules {
            let lines = RULES.iter().map(|(id, rule)| format!("{id:<6} {rule}\n"));
            return print(&lines.collect::<String>());
        }
        let connection = before.then(self.connection).with_secrets_read()?;
        let explanation = gather(&connection)?;
        print(&match self.output {
            Format::Text => text::Page::of_stdout(connection.is_verbose()).write(&explanation),
            Format::Json => {
                let failed = |error| Report::new(Exit::Output, error);
                let mut json = serde_json::to_value(&explanation).map_err(failed)?;
                hide(&mut json);
                serde_json::to_string_pretty(&json).map_err(failed)? + "\n"
            }
        })?;
        // Everything has been said; what is left is the code.
        match explanation.worst() {
            Some(Severity::Error) => Err(Report::new(Exit::Configuration, "")),
            Some(Severity::Warning) if self.strict => Err(Report::new(Exit::ErrorStatus, "")),
            _ => Ok(()),
        }
    }
}

fn print(text: &str) -> Result<(), Report> {
    let mut stdout = std::io::stdout().lock();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    printed.map_err(|error| Report::output(&error))
}

/// Every text of the explanation goes through the door, as those for people do.
fn hide(json: &mut Value) {
    match json {
        Value::String(text) => *text = redact::hidden(text),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| match value {
            Value::String(text) if matches!(name.as_str(), "message" | "advice") => {
                *text = redact::hidden_lines(text);
            }
            value => hide(value),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn gather(flags: &ConnectionFlags) -> Result<Explanation, Report> {
    let log = VerboseLog::new(flags.is_verbose());
    let stdin = StdinState { terminal: std::io::stdin().is_terminal(), unavailable: None };
    let environment = settings::environment(stdin);
    let mut overrides = settings::overrides(flags, &environment)?;
    overrides.timeout = settings::timeout(flags)?;
    let kuberc = settings::plugin_policy(flags, log)?;
    let request = explain(flags.kubeconfig.as_deref(), overrides, &environment).with_kuberc(kuberc);
    let files = request.paths().iter().map(|path| facts(path, settings::read(path, log)));
    let files: Vec<_> = files.collect();
    let inputs = request.open(files);
    // As a login reads them: regular files, up to its limit.
    let limit = Policy::default().max_reply;
    let files = inputs.paths().iter().map(|path| facts(path, read_file(path, limit)));
    let files: Vec<_> = files.collect();
    let programs = inputs.programs().iter().map(|program| look_up(program)).collect();
    let proxy = proxy(inputs.server(), &environment);
    let check = |profile: &Profile| check_connection(profile, &environment);
    Ok(inputs.with_proxy(proxy).finish_with(files, programs, clock::now(), check))
}

/// What a connection to the server would do about the proxy of the variables.
fn proxy(server: &str, environment: &Environment) -> Option<ProxyAnswer> {
    let cluster = Cluster { server: server.to_owned(), ..Cluster::default() };
    let target = Address::parse(&cluster).ok()?.base();
    let variables = ProxyVariables::new(environment);
    match (variables.exception(&target), variables.route(&target).ok()?) {
        (_, Route::Proxy(_)) => Some(ProxyAnswer::Used),
        (Ok(Some(reason)), _) => Some(ProxyAnswer::NotUsed(reason.to_string())),
        _ => Some(ProxyAnswer::NotUsed("it is not the URL of a proxy".to_owned())),
    }
}

fn facts(path: &str, read: Result<Secret, Failure>) -> Result<FileFacts, Failure> {
    read.map(|contents| FileFacts { contents, mode: mode(path) })
}

/// Who may do what with a file. A pipe is nobody else's anyway.
#[cfg(unix)]
fn mode(path: &str) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some(metadata.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_path: &str) -> Option<u32> {
    None
}
