//! From a request to run a program to a command of the standard library.

use super::find::look_up;
use super::stderr::PluginStderr;
use crate::fs::failure;
use kubecred_core::protocol::{RunCommand, Stdin};
use kubecred_core::{Failure, FailureKind, exec};
use std::process::{Command, ExitStatus, Stdio};

/// A command that is ready to be started.
#[derive(Debug)]
#[non_exhaustive]
pub struct Prepared {
    /// Arguments, variables and pipes are set; standard output is a pipe.
    pub command: Command,
    /// The process leads a group of its own, so that what it starts can be stopped with it. One
    /// that talks to a person does not: only the terminal's foreground group may read from it.
    pub leads_group: bool,
}

/// Finds the program, asks the allowlist, and sets up the command.
///
/// # Errors
/// [`FailureKind::Denied`] by the allowlist, [`FailureKind::NotFound`] without such a program,
/// [`FailureKind::Unsupported`] for a variable that this system cannot pass on.
pub fn prepare(request: &RunCommand, stderr: &PluginStderr) -> Result<Prepared, Failure> {
    let allowlist = request.allowlist.as_deref();
    let permitted = exec::permit(&request.program, allowlist, &mut super::find_program)
        .map_err(|why| Failure::new(FailureKind::Denied, why))?;
    let program = permitted.map_or_else(|| look_up(&request.program), Ok)?;

    let mut command = Command::new(program);
    // It was found by its path and is called by the name in the kubeconfig, as client-go's is.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, &request.program);
    command.args(&request.args).stdout(Stdio::piped()).stderr(stderr.stdio());
    for variable in &request.env {
        command.env(&variable.name, os_string(variable.value.expose())?);
    }
    command.stdin(match request.stdin {
        Stdin::Inherit => Stdio::inherit(),
        Stdin::Null => Stdio::null(),
    });
    let leads_group = cfg!(unix) && request.stdin == Stdin::Null;
    #[cfg(unix)]
    if leads_group {
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    Ok(Prepared { command, leads_group })
}

/// Why a program was not started. Only the allowlist denies: what the system forbids is another
/// thing to do something about.
pub fn not_run(error: &std::io::Error, request: &RunCommand) -> Failure {
    const INFO: &str = exec::KUBERNETES_EXEC_INFO;
    // Linux takes 128 KiB in one variable, with its name; a smaller one is not to blame.
    const LARGE: usize = 128 * 1024 - INFO.len() - "=\0".len();
    let is_large = |value: &[u8]| value.len() > LARGE || cfg!(not(target_os = "linux"));
    let info = request.env.iter().find(|variable| *variable.name == *INFO);
    let info = info.filter(|info| is_large(info.value.expose()));
    if let (std::io::ErrorKind::ArgumentListTooLong, Some(info)) = (error.kind(), info) {
        let bytes = info.value.expose().len();
        let detail = format!(
            "{error}: {INFO} has {bytes} bytes; with provideClusterInfo the cluster's certificate \
             authorities and extension are in it"
        );
        return Failure::new(FailureKind::Other, detail);
    }
    match failure(error) {
        Failure { kind: FailureKind::Denied, detail } => Failure::new(FailureKind::Other, detail),
        other => other,
    }
}

/// The exit code, -1 for a process that a signal ended (EX-41).
pub fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

/// Ends all that a running plugin has started, but not itself: it has to be waited for by the one
/// who started it, who kills it first.
///
/// With a group of its own, that is the group; else its descendants, as far as the system tells
/// which they are (Linux). The process must not have been waited for: its number is then its own.
pub fn stop(process: u32, leads_group: bool) {
    if leads_group {
        stop_group(process);
    } else {
        super::descendants::stop(process);
    }
}

#[cfg(unix)]
fn stop_group(leader: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL); // it may have ended by itself
    }
}

#[cfg(not(unix))]
fn stop_group(_leader: u32) {}

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
