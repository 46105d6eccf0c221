//! Exec plugins: the command to run, and how its output is read.

mod failure;
mod info;
mod output;
mod permit;
mod plugin;

pub use failure::explain;
#[cfg(feature = "kubeconfig")]
pub(crate) use failure::readable;
pub use info::{InfoProblem, info_profile, parse_info};
pub use output::{Fetched, accept, credential_json};
pub use permit::permit;
pub(crate) use plugin::ExecPlugin;

use crate::error::PluginProblem;
use crate::profile::{Exec, InteractiveMode, PluginPolicy};
use crate::protocol::{EnvVar, RunCommand, Stdin};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// The environment variable through which a plugin gets its input.
pub const KUBERNETES_EXEC_INFO: &str = "KUBERNETES_EXEC_INFO";

/// The command that runs a plugin.
///
/// `ca` is the content of the cluster's CA file, if there is one and the plugin gets the cluster
/// (EX-35). `limit` is the largest size of its output, in bytes.
///
/// # Errors
/// If the plugin needs a terminal and there is none (EX-20), the policy forbids it (EX-83), or the
/// cluster's configuration for it is not JSON (EX-33).
pub fn request(exec: &Exec, ca: Option<&[u8]>, limit: u64) -> Result<RunCommand, PluginProblem> {
    let interactive = interactive(exec)?;
    let allowlist = match &exec.policy {
        PluginPolicy::AllowAll => None,
        PluginPolicy::Allowlist(entries) => Some(entries.clone()),
        PluginPolicy::DenyAll => return Err(PluginProblem::NotAllowed(permit::denied(exec))),
    };
    let mut env = exec.env.clone();
    // Of equal names the last one is used, so this replaces a configured or inherited value
    // (EX-30).
    env.push(EnvVar {
        name: KUBERNETES_EXEC_INFO.to_owned(),
        value: info::exec_info(exec, interactive, ca)?,
    });
    Ok(RunCommand {
        program: clean(&exec.command),
        args: exec.args.clone(),
        env,
        stdin: if interactive { Stdin::Inherit } else { Stdin::Null },
        allowlist,
        limit,
    })
}

/// Whether the plugin gets the user's standard input (EX-20). If there is no terminal and standard
/// input is also in use, the error is about the terminal.
fn interactive(exec: &Exec) -> Result<bool, PluginProblem> {
    let stdin = &exec.stdin;
    match exec.interactive_mode {
        InteractiveMode::Never => Ok(false),
        InteractiveMode::IfAvailable => Ok(stdin.terminal && stdin.unavailable.is_none()),
        InteractiveMode::Always if !stdin.terminal => Err(PluginProblem::NotATerminal),
        InteractiveMode::Always => match &stdin.unavailable {
            Some(message) => Err(PluginProblem::StdinUnavailable(message.clone())),
            None => Ok(true),
        },
    }
}

/// The shortest equivalent path: without empty parts, without `.`, without `..` after a name
/// (EX-11).
///
/// Unlike in client-go, `./plugin` does not become `plugin`, which would be looked up in PATH. Two
/// leading slashes are kept, since they begin the name of a Windows share.
pub(crate) fn clean(path: &str) -> String {
    let root = match path {
        _ if path.starts_with("//") && !path.starts_with("///") => "//",
        _ if path.starts_with('/') => "/",
        _ => "",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    let cleaned = parts.join("/");
    if !root.is_empty() {
        [root, &cleaned].concat()
    } else if path.contains('/') && !cleaned.contains('/') {
        ["./", &cleaned].concat()
    } else {
        cleaned
    }
}

#[cfg(test)]
mod tests;
