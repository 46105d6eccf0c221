//! Running exec plugins: by the embedder, for WASI has no processes.

use super::unsupported;
use kubecred_core::Failure;
use kubecred_core::protocol::{Exit, RunCommand, Stdin};
use kubecred_host::fs::fits;
use std::time::Duration;

/// Who runs programs.
pub trait CommandRunner: 'static {
    /// Runs a program with nothing to read, and waits for its end, or for `timeout`: then it is
    /// stopped and the answer [`FailureKind::TimedOut`](kubecred_core::FailureKind::TimedOut).
    ///
    /// # Errors
    /// Why it did not run, or not to its end. In particular the allowlist, if there is one, is to be
    /// kept to: see [`kubecred_core::exec::permit`].
    fn run(&self, command: &RunCommand, timeout: Option<Duration>) -> Result<Exit, Failure>;
}

pub(super) fn run(
    runner: Option<&dyn CommandRunner>,
    command: &RunCommand,
    timeout: Option<Duration>,
) -> Result<Exit, Failure> {
    let Some(runner) = runner else {
        return Err(unsupported(
            "WASI has no processes; an embedder can offer to run plugins (the feature \
             run-command, and Builder::command_runner)",
        ));
    };
    if command.stdin == Stdin::Inherit {
        return Err(unsupported("a guest has no standard input to lend to a program"));
    }
    let exit = runner.run(command, timeout)?;
    fits(exit.stdout.len() as u64, command.limit)?;
    Ok(exit)
}

#[cfg(feature = "run-command")]
pub use embedder::EmbedderCommands;

#[cfg(feature = "run-command")]
mod embedder {
    use super::CommandRunner;
    use crate::bindings::kubecred::host::commands as wit;
    use kubecred_core::protocol::{Exit, RunCommand};
    use kubecred_core::{Failure, FailureKind};
    use std::time::Duration;
    use zeroize::Zeroize;

    /// The embedder runs programs: it provides the import `kubecred:host/commands`.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct EmbedderCommands;

    impl CommandRunner for EmbedderCommands {
        fn run(&self, command: &RunCommand, timeout: Option<Duration>) -> Result<Exit, Failure> {
            let env = command.env.iter().map(|variable| {
                let value = variable.value.expose_str();
                let value = value.ok_or_else(|| {
                    let detail = format!("the variable {:?} is not text", variable.name);
                    Failure::new(FailureKind::Unsupported, detail)
                })?;
                Ok((variable.name.clone(), value.to_owned()))
            });
            let mut asked = wit::Command {
                program: command.program.clone(),
                args: command.args.clone(),
                env: env.collect::<Result<_, Failure>>()?,
                allowlist: command.allowlist.clone(),
                limit: command.limit,
                timeout_ms: timeout
                    .map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)),
            };
            let outcome = wit::run_command(&asked);
            asked.args.iter_mut().for_each(Zeroize::zeroize);
            asked.env.iter_mut().for_each(|(_, value)| value.zeroize());
            match outcome {
                Ok(wit::Exit { code, stdout }) => Ok(Exit { code, stdout: stdout.into() }),
                Err(wit::Failure { kind, detail }) => Err(Failure::new(self::kind(kind), detail)),
            }
        }
    }

    fn kind(kind: wit::FailureKind) -> FailureKind {
        match kind {
            wit::FailureKind::Denied => FailureKind::Denied,
            wit::FailureKind::NotFound => FailureKind::NotFound,
            wit::FailureKind::TimedOut => FailureKind::TimedOut,
            wit::FailureKind::TooLarge => FailureKind::TooLarge,
            wit::FailureKind::Unsupported => FailureKind::Unsupported,
            wit::FailureKind::Other => FailureKind::Other,
        }
    }
}
