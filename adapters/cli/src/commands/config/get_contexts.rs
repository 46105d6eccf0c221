//! `kubecred config get-contexts` (KB-4).

use super::Files;
use super::columns::columns;
use crate::commands::Run;
use crate::completion::Names;
use crate::connection_flags::{ConnectionFlags, go_bool};
use crate::redact;
use crate::report::{Exit, Report};
use clap::Args;
use kubecred_core::Kubeconfig;

const HELP: &str = "\
Examples:
  kubecred config get-contexts
  kubecred config get-contexts prod
  kubecred config get-contexts -o name

Exit codes: 0 success; 2 invalid command line; 3 no such context, or a kubeconfig is invalid; 7
output.";

/// List contexts
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct GetContexts {
    /// Contexts to list (default: all)
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Do not print the header line
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    no_headers: Option<bool>,
    /// "name" prints the names only
    #[arg(short, long, value_name = "FORMAT", value_parser = ["", "name"], hide_possible_values = true)]
    output: Option<String>,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for GetContexts {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let chain = files.read()?;
        let config = chain.config();
        let (known, unknown): (Vec<&str>, Vec<&str>) = match self.names.is_empty() {
            true => (config.contexts.keys().map(String::as_str).collect(), Vec::new()),
            false => {
                let names = self.names.iter().map(String::as_str);
                names.partition(|name| config.contexts.contains_key(*name))
            }
        };
        let mut known = known;
        known.sort_unstable();
        let text = match self.output.as_deref() {
            Some("name") => known.iter().map(|name| redact::name(name) + "\n").collect(),
            _ => table(config, &known, !self.no_headers.unwrap_or_default()),
        };
        files.print(text.as_bytes())?;
        let not_found = unknown.iter().map(|name| format!("context {name} not found"));
        let report = Report::lines(Exit::Configuration, not_found);
        match unknown.as_slice() {
            [] => Ok(()),
            [name] => Err(report.missing("context", name).suggest(|| Names::of(config))),
            _ => Err(report),
        }
    }
}

fn table(config: &Kubeconfig, names: &[&str], headers: bool) -> String {
    let header = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"];
    let rows = names.iter().filter_map(|name| {
        let context = config.contexts.get(*name)?;
        let current = if *name == config.current_context { "*" } else { "" };
        let cells = [current, name, &context.cluster, &context.user, &context.namespace];
        Some(cells.map(redact::name))
    });
    let header = headers.then(|| header.map(str::to_owned));
    let rows: Vec<[String; 5]> = header.into_iter().chain(rows).collect();
    columns(&rows)
}
