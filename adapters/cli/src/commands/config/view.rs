//! `kubecred config view` (KB-2).

use super::Files;
use crate::commands::Run;
use crate::completion::Names;
use crate::connection_flags::{ConnectionFlags, go_bool};
use crate::output_flag::{Form, Output, output};
use crate::report::{Exit, Report};
use clap::{Args, ValueEnum};
use kubecred_core::kubeconfig::ViewError;
use kubecred_core::{Kubeconfig, Secret};

const HELP: &str = "\
Examples:
  kubecred config view
  kubecred config view --minify --context prod
  kubecred config view -o jsonpath='{.contexts[*].name}'
  kubecred config view --raw --flatten --minify > portable.kubeconfig

Secrets are hidden unless you pass --raw. These are hidden too, although kubectl config view prints
them: arguments and variables of exec plugins, user names, auth-provider settings, extensions,
passwords in URLs, and what --flatten embeds. As in kubectl, empty lists are printed as null.

Exit codes: 0 success; 2 invalid command line; 3 a kubeconfig or a file it names is missing or
invalid; 7 output.";

/// Print the merged kubeconfig, without secrets
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct View {
    /// Print secrets too
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    raw: Option<bool>,
    /// Print only the current context, or that of --context, with its cluster and user
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    minify: Option<bool>,
    /// Print the content of certificate and key files in place of their paths
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    flatten: Option<bool>,
    /// Merge all files; --merge=false prints the file of --kubeconfig alone
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    merge: Option<bool>,
    /// Output format: yaml, json, name, jsonpath=TEMPLATE, jsonpath-as-json=TEMPLATE or
    /// jsonpath-file=FILE
    #[arg(short, long, value_parser = output::<Format>, value_name = "FORMAT",
          default_value = "yaml")]
    output: Output<Format>,
    /// With jsonpath: a missing field prints nothing; =false makes it an error (default: true)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", value_parser = go_bool)]
    allow_missing_template_keys: Option<bool>,
    #[command(flatten)]
    connection: ConnectionFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    // No doc comments: they would become part of the help.
    Yaml,
    Json,
    Name,
}

impl Run for View {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let flags = before.then(self.connection);
        let form = self.output.form(self.allow_missing_template_keys)?;
        let files = Files::new(&flags);
        let explicit = flags.kubeconfig.as_deref().filter(|path| !path.is_empty());
        if self.merge == Some(false) && explicit.is_none() {
            let text = "if merge==false a precise file must be specified";
            return Err(Report::new(Exit::Usage, text).advise("Name it with --kubeconfig."));
        }
        let chain = files.read()?;
        let mut config = chain.config().clone();
        if self.merge == Some(false) && config.files.is_empty() {
            let path = explicit.unwrap_or_default();
            let text = format_args!("open {path}: no such file or directory");
            return Err(Report::new(Exit::Configuration, text));
        }
        if self.minify.unwrap_or_default() {
            if let Some(context) = flags.context.filter(|name| !name.is_empty()) {
                config.current_context = context;
            }
            let known = || Names::of(chain.config());
            config.minify().map_err(|error| Report::from(error).suggest(known))?;
        }
        if self.flatten.unwrap_or_default() {
            config = files.flatten(config)?;
        }
        if !self.raw.unwrap_or_default() {
            config.redact();
        }
        match form {
            Form::Template(printer) => printer.print(&config.to_json()?),
            Form::Format(format) => files.print(format.of(&config)?.expose()),
        }
    }
}

impl Format {
    fn of(self, config: &Kubeconfig) -> Result<Secret, Report> {
        match self {
            Self::Yaml => Ok(config.to_yaml()?),
            Self::Json => Ok(config.to_json()?),
            // A kubeconfig has no name.
            Self::Name => Ok(Secret::from("config/<unknown>\n")),
        }
    }
}

impl From<ViewError> for Report {
    fn from(error: ViewError) -> Self {
        let report = Self::new(Exit::Configuration, &error);
        match error {
            ViewError::NoSuchEntry { kind, name } => report.missing(kind, &name),
            _ => report,
        }
    }
}
