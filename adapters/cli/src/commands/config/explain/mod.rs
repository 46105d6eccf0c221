//! `kubecred config explain`: reads what the core asks for, and shows what it makes of it.

mod text;

use crate::clock;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use crate::settings;
use crate::verbose_log::VerboseLog;
use clap::{Args, ValueEnum};
use kubecred_core::kubeconfig::explain::{Explanation, FileFacts, Severity, explain};
use kubecred_core::{Failure, StdinState};
use kubecred_tokio::find_program;
use std::io::{IsTerminal, Write};

const HELP: &str = "\
Examples:
  kubecred config explain
  kubecred config explain --context prod --token xyz
  kubecred config explain --strict -o json | jq '.lints[] | select(.severity != \"note\")'

Says which files were looked for, what each setting is, where it stands and what it masks, which
credential goes out, which ones do not, and why. Files are read and the plugin is looked up, but
nothing is run and nothing is sent: whether the server takes the credential is for kubecred get to
say. When tokens end is what they say themselves; nobody verifies it here. No secret is shown.

-o json prints one object: kind Explanation, apiVersion explain.kubecred/v1, with the lists
settings, credentials and lints. Fields may be added to a version; none goes. The codes of lints
stay.

Exit codes: 0 nothing is wrong, or only notes and warnings; 1 a warning, with --strict; 2 usage;
3 an error: no request could be made with this; 7 output.";

/// Say what is in effect, where it comes from and why, and what is wrong
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Explain {
    /// How to tell it: to people, or to programs
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Format,
    /// End with code 1 if there is a warning
    #[arg(long)]
    strict: bool,
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

fn gather(flags: &ConnectionFlags) -> Result<Explanation, Report> {
    let log = VerboseLog::new(flags.verbose);
    let stdin = StdinState { terminal: std::io::stdin().is_terminal(), unavailable: None };
    let environment = settings::environment(stdin);
    let mut overrides = settings::overrides(flags, &environment);
    overrides.timeout = settings::timeout(flags)?;
    let kuberc = settings::plugin_policy(flags, log)?;
    let inquiry = explain(flags.kubeconfig.as_deref(), overrides, &environment).with_kuberc(kuberc);
    let files: Vec<_> = inquiry.paths().iter().map(|path| look(path, log)).collect();
    let survey = inquiry.open(files);
    let files: Vec<_> = survey.paths().iter().map(|path| look(path, log)).collect();
    let programs = survey.programs().iter().map(|program| find_program(program)).collect();
    Ok(survey.finish(files, programs, clock::now()))
}

fn look(path: &str, log: VerboseLog) -> Result<FileFacts, Failure> {
    settings::read(path, log).map(|contents| FileFacts { contents, mode: mode(path) })
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
