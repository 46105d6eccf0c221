//! Running exec plugins: no shell, bounded output, and nothing of theirs left behind when stopped.

use super::bounded::Bounded;
use super::{failure, path};
use kubecred_core::protocol::{Exit, RunCommand, Stdin};
use kubecred_core::{Failure, FailureKind, exec};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// How long the pipes of a plugin that has ended are read on if somebody, a daemon that it
/// started, still holds them open. What the plugin itself wrote is there at once.
const GRACE: Duration = Duration::from_millis(500);

/// How much of a plugin's standard error is kept.
const TAIL: usize = 4096;

/// Runs programs in place of the operating system: for sandboxes, records, tests.
///
/// Dropping the future must end the program. An implementation must honour
/// [`RunCommand::allowlist`] ([`exec::permit`] decides) and [`RunCommand::limit`].
pub trait CommandRunner: Send + Sync + 'static {
    /// Runs the program to its end.
    fn run<'a>(&'a self, command: &'a RunCommand) -> Running<'a>;
}

/// The answer of a [`CommandRunner`], in time.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Exit, Failure>> + Send + 'a>>;

/// What becomes of the standard error of plugins.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum PluginStderr {
    /// It goes where this process's own goes (EX-22).
    #[default]
    Inherit,
    /// Nobody sees it.
    Discard,
    /// When a plugin ends or is stopped, this gets its last 4 KiB, if there are any. It is the
    /// plugin's text for people, and may hold anything.
    Capture(Arc<Hear>),
}

/// Gets the end of what a plugin wrote to standard error.
pub type Hear = dyn Fn(&[u8]) + Send + Sync;

impl fmt::Debug for PluginStderr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inherit => "Inherit",
            Self::Discard => "Discard",
            Self::Capture(_) => "Capture(..)",
        })
    }
}

/// Runs programs as processes of the operating system.
#[derive(Clone, Debug, Default)]
pub struct SystemCommands {
    pub(crate) stderr: PluginStderr,
}

impl SystemCommands {
    /// With this done about their standard error.
    pub fn new(stderr: PluginStderr) -> Self {
        Self { stderr }
    }
}

impl CommandRunner for SystemCommands {
    fn run<'a>(&'a self, command: &'a RunCommand) -> Running<'a> {
        Box::pin(run(command, &self.stderr))
    }
}

async fn run(request: &RunCommand, stderr: &PluginStderr) -> Result<Exit, Failure> {
    let mut process = spawn(request, stderr)?;
    let mut output = Bounded::new(request.limit);
    let mut tail = Tail::new(stderr);
    let (mut stdout, mut stderr) = (process.child.stdout.take(), process.child.stderr.take());
    let mut noise = [0; 1024];
    let (mut code, mut ended) = (None, None);

    // Its end and the ends of its pipes come in any order.
    while code.is_none() || stdout.is_some() || stderr.is_some() {
        tokio::select! {
            read = read(&mut stdout, output.space()) => match read {
                0 => stdout = None,
                count => output.advance(count)?,
            },
            read = read(&mut stderr, &mut noise) => match read {
                0 => stderr = None,
                count => tail.push(&noise[..count]),
            },
            status = process.child.wait(), if code.is_none() => {
                code = Some(status.map_err(|e| failure(&e))?.code().unwrap_or(-1)); // EX-41
                process.ended();
                ended = Some(Box::pin(tokio::time::sleep(GRACE)));
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

fn spawn(request: &RunCommand, stderr: &PluginStderr) -> Result<Process, Failure> {
    let allowlist = request.allowlist.as_deref();
    let permitted = exec::permit(&request.program, allowlist, &mut path::find_program)
        .map_err(|why| Failure::new(FailureKind::Denied, why))?;
    let program = permitted.ok_or_else(|| missing(&request.program))?;

    let mut command = Command::new(program);
    // It was found by its path and is called as the stanza has it, as client-go's is.
    #[cfg(unix)]
    command.arg0(&request.program);
    command.args(&request.args).kill_on_drop(true).stdout(Stdio::piped());
    for variable in &request.env {
        command.env(&variable.name, os_string(variable.value.expose())?);
    }
    command.stderr(match stderr {
        PluginStderr::Inherit => Stdio::inherit(),
        PluginStderr::Discard => Stdio::null(),
        PluginStderr::Capture(_) => Stdio::piped(),
    });
    command.stdin(match request.stdin {
        Stdin::Inherit => Stdio::inherit(),
        Stdin::Null => Stdio::null(),
    });
    // A group of its own, so that what it starts can be stopped with it; but only the terminal's
    // foreground group may read from the terminal.
    let leads = cfg!(unix) && request.stdin == Stdin::Null;
    #[cfg(unix)]
    if leads {
        command.process_group(0);
    }
    let child = command.spawn().map_err(|error| not_run(&error, request))?;
    Ok(Process { group: child.id().filter(|_| leads), child })
}

/// Only the policy denies: what the system forbids is another thing to do something about.
fn not_run(error: &std::io::Error, request: &RunCommand) -> Failure {
    const INFO: &str = "KUBERNETES_EXEC_INFO";
    let info = request.env.iter().find(|variable| *variable.name == *INFO);
    if let (std::io::ErrorKind::ArgumentListTooLong, Some(info)) = (error.kind(), info) {
        let bytes = info.value.expose().len();
        let detail = format!(
            "{error}: {INFO} has {bytes} bytes; with provideClusterInfo the cluster's \
             certificate authorities and extension are in it"
        );
        return Failure::new(FailureKind::Other, detail);
    }
    match failure(error) {
        Failure { kind: FailureKind::Denied, detail } => Failure::new(FailureKind::Other, detail),
        other => other,
    }
}

fn missing(program: &str) -> Failure {
    // A file that is there but cannot be run is not a missing program (EX-43).
    match std::fs::metadata(program) {
        Ok(_) if program.contains(std::path::is_separator) => {
            Failure::new(FailureKind::Other, "the file is not an executable program")
        }
        _ => Failure::new(FailureKind::NotFound, "executable not found"),
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems want Unicode")]
fn os_string(bytes: &[u8]) -> Result<&std::ffi::OsStr, Failure> {
    Ok(std::os::unix::ffi::OsStrExt::from_bytes(bytes))
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> Result<&std::ffi::OsStr, Failure> {
    std::str::from_utf8(bytes)
        .map(std::ffi::OsStr::new)
        .map_err(|_| Failure::new(FailureKind::Unsupported, "a variable is not Unicode"))
}

/// A running plugin. Dropped before its end, it and its group are killed.
struct Process {
    child: Child,
    group: Option<u32>,
}

impl Process {
    /// What it may have left running is meant to run on.
    fn ended(&mut self) {
        self.group = None;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The group's number cannot be anybody else's: its leader has not been waited for. The
        // leader itself is killed, and waited for, by the child's own `kill_on_drop`.
        #[cfg(unix)]
        if let Some(group) = self.group.and_then(|id| i32::try_from(id).ok())
            && let Some(group) = rustix::process::Pid::from_raw(group)
        {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// The end of what a plugin said, for whoever wants it.
struct Tail<'a> {
    last: VecDeque<u8>,
    to: &'a PluginStderr,
}

impl<'a> Tail<'a> {
    fn new(to: &'a PluginStderr) -> Self {
        Self { last: VecDeque::new(), to }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.last.extend(bytes);
        let excess = self.last.len().saturating_sub(TAIL);
        self.last.drain(..excess);
    }
}

impl Drop for Tail<'_> {
    fn drop(&mut self) {
        if let PluginStderr::Capture(tell) = self.to
            && !self.last.is_empty()
        {
            tell(self.last.make_contiguous());
        }
    }
}
