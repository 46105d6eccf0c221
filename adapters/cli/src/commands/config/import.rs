//! `kubecred config import`: the entries of another kubeconfig, taken into one's own.

use super::Files;
use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use crate::{redact, settings};
use clap::Args;
use kubecred_core::kubeconfig::edit::{ImportOutcome, Imported, OnConflict};
use kubecred_core::kubeconfig::search;
use kubecred_core::redact::quoted;
use kubecred_core::{Kubeconfig, StdinState};

const HELP: &str = "\
Examples:
  kubecred config import ~/Downloads/team.yaml --dry-run
  kubecred config import ~/Downloads/team.yaml
  kubecred config import new.yaml --rename
  kubecred config import new.yaml --overwrite --kubeconfig staging.yaml

Adds the clusters, users and contexts of FILE to the kubeconfig, whose comments and order stay. An
entry that is there already with the same content is left as it is. One of the same name with other
content is a conflict: it is shown with the fields that differ, and nothing is written, unless one
of --rename, --overwrite and --skip says what to do with all conflicts. current-context is set if it
was not. Relative paths in FILE are taken from its folder.

Exit codes: 0 success; 2 invalid command line; 3 a conflict, or a file is missing, invalid or cannot
be changed; 7 output.";

/// Add the clusters, users and contexts of another kubeconfig file
#[derive(Args)]
#[command(alias = "merge", after_help = HELP)]
pub(crate) struct Import {
    /// Kubeconfig to take the entries from
    #[arg(value_name = "FILE")]
    file: String,
    /// Give a conflicting entry the name NAME-2; imported contexts use that name
    #[arg(long, conflicts_with_all = ["overwrite", "skip"])]
    rename: bool,
    /// Replace the existing entry
    #[arg(long, conflicts_with = "skip")]
    overwrite: bool,
    /// Leave a conflicting entry out, and imported contexts that would use the existing one
    #[arg(long)]
    skip: bool,
    /// Print what would be done; write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

impl Run for Import {
    fn run(self, before: ConnectionFlags) -> Result<(), Report> {
        let files = Files::new(&before.then(self.connection));
        let other = read(&self.file)?;
        let on_conflict = match (self.rename, self.overwrite, self.skip) {
            (true, _, _) => OnConflict::Rename,
            (_, true, _) => OnConflict::Overwrite,
            (_, _, true) => OnConflict::Skip,
            _ => OnConflict::Report,
        };
        let file = self.file.clone();
        let take = move |config: &mut Kubeconfig| {
            let current = config.current_context.clone();
            let done = config.import(other, on_conflict);
            conflicts(&done, &file)?;
            let now = config.current_context.clone();
            let current = (now != current).then_some(now);
            Ok((done, current))
        };
        let (done, current) = match self.dry_run {
            true => take(&mut files.read()?.config().clone())?,
            false => files.edit(take)?,
        };
        let mut text: String = done.iter().map(line).collect();
        if done.is_empty() {
            files.warn(format_args!("{} has no clusters, users and contexts", quoted(&self.file)));
        }
        if let Some(name) = current {
            text.push_str(&format!("current-context is now {}\n", redact::name(&quoted(&name))));
        }
        if self.dry_run {
            text.push_str("nothing was written (--dry-run)\n");
        }
        files.print(text.as_bytes())
    }
}

/// The file by itself, with absolute paths.
fn read(file: &str) -> Result<Kubeconfig, Report> {
    let path = std::path::absolute(file).ok();
    let path = path.map_or_else(|| file.to_owned(), |path| path.to_string_lossy().into_owned());
    let search = search(Some(&path), &settings::environment(StdinState::default()));
    let reads: Vec<_> =
        search.paths().iter().map(|path| kubecred_tokio::read_kubeconfig(path)).collect();
    search.load(reads).map_err(|error| settings::explain(&error))
}

/// Fails if there are conflicts, with a line for each.
fn conflicts(done: &[Imported], file: &str) -> Result<(), Report> {
    let line = |entry: &Imported| match &entry.outcome {
        ImportOutcome::Conflict { with, fields } => Some(format!(
            "{} {} exists ({}:{}) and differs in {}",
            entry.kind,
            quoted(&entry.name),
            kubecred_core::redact::text(&with.path),
            with.line,
            fields.join(", ")
        )),
        _ => None,
    };
    let lines: Vec<String> = done.iter().filter_map(line).collect();
    match lines.is_empty() {
        true => Ok(()),
        false => Err(Report::lines(Exit::Configuration, lines).advise(format!(
            "Nothing was imported from {}. Choose --rename, --overwrite or --skip.",
            quoted(file)
        ))),
    }
}

fn line(entry: &Imported) -> String {
    let name = redact::name(&quoted(&entry.name));
    let kind = entry.kind;
    match &entry.outcome {
        ImportOutcome::Added => format!("added {kind} {name}\n"),
        ImportOutcome::Unchanged => format!("unchanged {kind} {name}\n"),
        ImportOutcome::Renamed(now) => {
            let now = redact::name(&quoted(now));
            format!("added {kind} {name} as {now}\n")
        }
        ImportOutcome::Overwritten => format!("replaced {kind} {name}\n"),
        _ => format!("skipped {kind} {name}\n"),
    }
}
