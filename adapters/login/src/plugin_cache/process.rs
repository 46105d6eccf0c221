//! Running the plugin to its end, or to ours.

use crate::signals::{Interrupt, Signals};
use kubecred_core::protocol::{Exit, RunCommand, Stdin};
use kubecred_core::{Failure, FailureKind, PluginProblem};
use kubecred_tokio::{CommandRunner, SystemCommands};
use std::time::Duration;

/// The most that is taken of its output: a real one is under 64 KiB.
const LIMIT: u64 = 1 << 20;

pub(super) enum ProcessError {
    Interrupted(Interrupt),
    Plugin(PluginProblem),
}

pub(super) struct Run<'a> {
    pub(super) program: &'a str,
    pub(super) args: &'a [String],
    pub(super) stdin: Stdin,
    pub(super) timeout: Duration,
}

impl Run<'_> {
    /// Runs it. When the time is over or a signal comes, it is stopped, with what it has started.
    pub(super) fn to_its_end(&self) -> Result<Exit, ProcessError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            let failure = Failure::new(FailureKind::Other, error.to_string());
            ProcessError::Plugin(PluginProblem::NotRun(failure))
        })?;
        runtime.block_on(self.supervise())
    }

    async fn supervise(&self) -> Result<Exit, ProcessError> {
        let command = RunCommand {
            program: self.program.to_owned(),
            args: self.args.to_vec(),
            env: Vec::new(),
            stdin: self.stdin,
            allowlist: None,
            limit: LIMIT,
        };
        let commands = SystemCommands::default();
        let mut signals = Signals::new();
        let problem = tokio::select! {
            exit = commands.run(&command) => match exit {
                Ok(exit) => return Ok(exit),
                Err(failure) => problem(failure),
            },
            interrupt = signals.next() => return Err(ProcessError::Interrupted(interrupt)),
            () = tokio::time::sleep(self.timeout) => PluginProblem::TimedOut(self.timeout),
        };
        Err(ProcessError::Plugin(problem))
    }
}

fn problem(failure: Failure) -> PluginProblem {
    match failure.kind {
        FailureKind::NotFound => PluginProblem::NotFound,
        FailureKind::TooLarge => PluginProblem::TooLarge(LIMIT),
        _ => PluginProblem::NotRun(failure),
    }
}
