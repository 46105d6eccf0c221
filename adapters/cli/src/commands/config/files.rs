//! The kubeconfig files that the command line means, read and changed by every subcommand in the
//! same way.

use super::previous::Previous;
use crate::completion::Names;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use crate::verbose_log::VerboseLog;
use crate::{runtime, settings, signals};
use kubecred_core::kubeconfig::edit::{Chain, EditError};
use kubecred_core::kubeconfig::search;
use kubecred_core::{ConfigError, Kubeconfig, StdinState, redact};
use kubecred_tokio::KubeconfigFiles;
use kubecred_tokio::kubeconfig_file::{Editing, FileError};
use std::fmt;
use std::io::Write;
use tokio::runtime::Runtime;

/// The files, and how to tell what is done with them.
pub(crate) struct Files {
    files: KubeconfigFiles,
    paths: Vec<String>,
    /// Why it is not known which files are meant.
    problem: Option<ConfigError>,
    log: VerboseLog,
}

impl Files {
    /// Those that the flags and variables name.
    pub(crate) fn new(flags: &ConnectionFlags) -> Self {
        let search =
            search(flags.kubeconfig.as_deref(), &settings::environment(StdinState::default()));
        let log = VerboseLog::new(flags.is_verbose());
        let paths = search.paths().to_vec();
        let shown: Vec<_> = paths.iter().map(|path| redact::text(path)).collect();
        log.tell(format_args!("kubeconfig files: {}", shown.join(", ")));
        let problem = search.check().err();
        Self { files: KubeconfigFiles::new(search), paths, problem, log }
    }

    /// The same, with paths written as they are given.
    pub(super) fn with_paths_as_given(self) -> Self {
        Self { files: self.files.with_paths_as_given(), ..self }
    }

    /// Where the context before the current one is remembered.
    pub(super) fn previous(&self) -> Previous {
        Previous::of(&self.paths)
    }

    /// What is in them now, paths as they are written (KB-1).
    pub(crate) fn read(&self) -> Result<Chain, Report> {
        self.check()?;
        run(self.files.read(), Runtime::shutdown_background)?
            .map_err(|error| Report::new(Exit::Configuration, error))
    }

    /// Changes what is in them.
    pub(in crate::commands) fn edit<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Kubeconfig) -> Result<T, Report> + Send + 'static,
    ) -> Result<T, Report> {
        self.check()?;
        let editing = Editing::default();
        // One that is interrupted before it writes is given up, and its locks with it. One that is
        // writing does so to the end, so that no file is left half changed.
        let end = |runtime: Runtime| match editing.cancel() {
            true => runtime.shutdown_background(),
            false => drop(runtime),
        };
        let change = |config: &mut Kubeconfig| {
            change(config).map_err(|report| report.suggest(|| Names::of(config)))
        };
        let changed = run(self.files.edit_with(editing.clone(), change), end)?.map_err(explain)?;
        for (path, why) in &changed.in_place {
            self.log.tell(format_args!("{path} was written in place: {why}"));
        }
        match changed.written.as_slice() {
            [] => self.log.tell("nothing to change"),
            written => self.log.tell(format_args!("wrote {}", written.join(", "))),
        }
        Ok(changed.value)
    }

    /// Takes the content of certificates and keys in.
    pub(super) fn flatten(&self, config: Kubeconfig) -> Result<Kubeconfig, Report> {
        let flattening = config.flatten(&settings::environment(StdinState::default()))?;
        let reads: Vec<_> =
            flattening.paths().iter().map(|path| settings::read(path, self.log)).collect();
        Ok(flattening.finish(reads)?)
    }

    fn check(&self) -> Result<(), Report> {
        match &self.problem {
            Some(problem) => Err(settings::explain(problem)),
            None => Ok(()),
        }
    }

    /// Prints a line.
    pub(in crate::commands) fn say(&self, line: fmt::Arguments<'_>) -> Result<(), Report> {
        self.print(format!("{line}\n").as_bytes())
    }

    /// Prints a text that ends with a line break.
    pub(super) fn print(&self, text: &[u8]) -> Result<(), Report> {
        let mut stdout = std::io::stdout().lock();
        let said = stdout.write_all(text).and_then(|()| stdout.flush());
        said.map_err(|error| Report::output(&error))
    }

    /// Tells what `-v` asks for.
    pub(super) fn tell(&self, what: impl fmt::Display) {
        self.log.tell(what);
    }

    /// Tells what a person should know, whatever comes of it.
    pub(super) fn warn(&self, what: impl fmt::Display) {
        self.log.warn(what);
    }
}

/// On a runtime of its own. `end` says what becomes of what is still being done.
fn run<T>(work: impl Future<Output = T>, end: impl FnOnce(Runtime)) -> Result<T, Report> {
    let runtime = runtime::start()?;
    let done = runtime.block_on(async {
        tokio::select! {
            done = work => Ok(done),
            report = signals::ended() => Err(report),
        }
    });
    end(runtime);
    done
}

fn explain(error: FileError<Report>) -> Report {
    match error {
        FileError::Refused(report) => report,
        other => Report::new(Exit::Configuration, other),
    }
}

impl From<EditError> for Report {
    fn from(error: EditError) -> Self {
        let report = Self::new(Exit::Configuration, &error);
        match error {
            EditError::NoSuchEntry { kind, name } => {
                report.missing(kind, &name).advise("Run with -v to see which files were read.")
            }
            _ => report,
        }
    }
}
