//! `kubecred config explain`: reads what the core asks for, and shows what it makes of it.

mod text;

use crate::account::Account;
use crate::arguments::Connection;
use crate::clock;
use crate::report::{Exit, Report};
use crate::settings;
use clap::{Args, ValueEnum};
use kubecred_core::kubeconfig::explain::{Explanation, FileFacts, Severity, explain};
use kubecred_core::{Failure, StdinFacts};
use kubecred_tokio::find_program;
use std::io::{IsTerminal, Write};

#[derive(Args)]
pub(crate) struct Explain {
    /// How to tell it: to people, or to programs
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Format,
    /// End with code 1 if there is a warning
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

impl Explain {
    pub(super) fn run(self, before: Connection) -> Result<(), Report> {
        let explanation = gather(&before.then(self.connection))?;
        let text = match self.output {
            Format::Text => text::Page::of_stdout().write(&explanation),
            Format::Json => {
                let json = serde_json::to_string_pretty(&explanation);
                json.map_err(|error| Report::new(Exit::Output, error))? + "\n"
            }
        };
        let mut stdout = std::io::stdout().lock();
        let said = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        said.map_err(|error| Report::output(&error))?;
        // Everything has been said; what is left is the code.
        match explanation.worst() {
            Some(Severity::Error) => Err(Report::new(Exit::Configuration, "")),
            Some(Severity::Warning) if self.strict => Err(Report::new(Exit::Refused, "")),
            _ => Ok(()),
        }
    }
}

fn gather(flags: &Connection) -> Result<Explanation, Report> {
    let account = Account::new(flags.verbose);
    let stdin = StdinFacts { terminal: std::io::stdin().is_terminal(), unavailable: None };
    let environment = settings::environment(stdin);
    let mut overrides = settings::overrides(flags, &environment);
    overrides.timeout = settings::timeout(flags)?;
    let kuberc = settings::plugin_policy(flags, account)?;
    let inquiry = explain(flags.kubeconfig.as_deref(), overrides, &environment).with_kuberc(kuberc);
    let files: Vec<_> = inquiry.paths().iter().map(|path| look(path, account)).collect();
    let survey = inquiry.open(files);
    let files: Vec<_> = survey.paths().iter().map(|path| look(path, account)).collect();
    let programs = survey.programs().iter().map(|program| find_program(program)).collect();
    Ok(survey.finish(files, programs, clock::now()))
}

fn look(path: &str, account: Account) -> Result<FileFacts, Failure> {
    settings::read(path, account).map(|contents| FileFacts { contents, mode: mode(path) })
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
