//! Running exec plugins: no shell, bounded output, and nothing of theirs left behind when stopped.

use kubecred_core::Failure;
use kubecred_core::protocol::{Exit, RunCommand};
use kubecred_host::fs::{Bounded, failure};
use kubecred_host::process::{self, PIPE_GRACE, PluginStderr, Prepared, Tail};
use std::pin::Pin;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// Runs programs in place of the operating system: for sandboxes, records, tests.
///
/// Dropping the future must end the program. An implementation must honour
/// [`RunCommand::allowlist`] ([`permit`](kubecred_core::exec::permit) decides) and
/// [`RunCommand::limit`]. One that panics has failed.
pub trait CommandRunner: Send + Sync + 'static {
    /// Runs the program to its end.
    fn run<'a>(&'a self, command: &'a RunCommand) -> CommandFuture<'a>;
}

/// The answer of a [`CommandRunner`], in time.
pub type CommandFuture<'a> = Pin<Box<dyn Future<Output = Result<Exit, Failure>> + Send + 'a>>;

/// Runs programs as processes of the operating system.
#[derive(Clone, Debug, Default)]
pub struct SystemCommands {
    stderr: PluginStderr,
}

impl SystemCommands {
    /// With this done about their standard error.
    pub fn new(stderr: PluginStderr) -> Self {
        Self { stderr }
    }
}

impl CommandRunner for SystemCommands {
    fn run<'a>(&'a self, command: &'a RunCommand) -> CommandFuture<'a> {
        Box::pin(run(command, &self.stderr))
    }
}

async fn run(request: &RunCommand, stderr: &PluginStderr) -> Result<Exit, Failure> {
    let mut process = Process::spawn(process::prepare(request, stderr)?, request)?;
    let mut output = Bounded::new(request.limit);
    let mut tail = Tail::new(stderr);
    let (mut stdout, mut stderr) = (process.child.stdout.take(), process.child.stderr.take());
    let mut said = [0; 1024];
    let (mut code, mut ended) = (None, None);

    // Its end and the ends of its pipes come in any order.
    while code.is_none() || stdout.is_some() || stderr.is_some() {
        tokio::select! {
            read = read(&mut stdout, output.space()) => match read {
                0 => stdout = None,
                count => output.advance(count)?,
            },
            read = read(&mut stderr, &mut said) => match read {
                0 => stderr = None,
                count => tail.push(&said[..count]),
            },
            status = process.child.wait(), if code.is_none() => {
                code = Some(process::code(status.map_err(|e| failure(&e))?)); // EX-41
                process.running = None;
                ended = Some(Box::pin(tokio::time::sleep(PIPE_GRACE)));
            }
            () = async { if let Some(grace) = &mut ended { grace.await } }, if ended.is_some() => {
                (stdout, stderr) = (None, None);
            }
        }
    }
    Ok(Exit { code: code.unwrap_or(-1), stdout: output.into_secret() })
}

/// Waits for bytes; 0 at the end, which a broken pipe is, too.
async fn read(pipe: &mut Option<impl AsyncRead + Unpin>, space: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(space).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

/// A running plugin. Dropped before its end, it is killed with all that it started. What it has
/// left running when it ended is meant to run on.
struct Process {
    child: Child,
    leads_group: bool,
    running: Option<u32>,
}

impl Process {
    fn spawn(prepared: Prepared, request: &RunCommand) -> Result<Self, Failure> {
        let leads_group = prepared.leads_group;
        let child = Command::from(prepared.command).kill_on_drop(true).spawn();
        let child = child.map_err(|error| process::not_run(&error, request))?;
        Ok(Self { running: child.id(), child, leads_group })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its number is its own: it has not been waited for. It is killed, and waited for, by the
        // child's own `kill_on_drop`.
        if let Some(process) = self.running {
            process::stop(process, self.leads_group);
        }
    }
}
