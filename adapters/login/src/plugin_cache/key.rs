//! The key of a run, from this process's surroundings.

use kubecred_core::UnixTime;
use kubecred_core::api::exec_credential::ExecCredential;
use kubecred_core::plugin_cache::{Asker, KeyInput, VOLATILE};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;

/// The names under which a run's files are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// A digest of everything that can make a difference.
    pub(super) run: String,
    /// A digest of program and arguments alone.
    pub(super) command: String,
}

/// The key of running `program`, which was found for its name, now and here.
pub(super) fn key(
    program: &str,
    args: &[String],
    asked: &ExecCredential,
    only: Option<&[String]>,
) -> Key {
    let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let directory = names_a_file_here(args, &environment, only).then(std::env::current_dir);
    let directory = directory.and_then(Result::ok).map(|path| path.into_os_string());
    let input = KeyInput {
        program,
        args,
        directory: directory.as_ref().map(|path| path.as_encoded_bytes()),
        user: user(),
        asked,
        environment: environment
            .iter()
            .map(|(name, value)| (name.as_encoded_bytes(), value.as_encoded_bytes()))
            .collect(),
        only,
    };
    Key { run: digest(input.canonical().expose(), 32), command: command(program, args) }
}

/// A digest of program and arguments.
pub(super) fn command(program: &str, args: &[String]) -> String {
    let mut text = program.as_bytes().to_vec();
    for arg in args {
        text.push(0);
        text.extend_from_slice(arg.as_bytes());
    }
    digest(&text, 16)
}

/// So many bytes of SHA-256, in hexadecimal.
pub(super) fn digest(bytes: &[u8], length: usize) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(length).fold(String::with_capacity(length * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether an argument, what follows its first `=`, or a variable is the relative path of a file in
/// the working directory: then the same words mean another file elsewhere.
fn names_a_file_here(
    args: &[String],
    environment: &[(OsString, OsString)],
    only: Option<&[String]>,
) -> bool {
    let is_here =
        |text: &Path| text.is_relative() && !text.as_os_str().is_empty() && text.is_file();
    let counts = |name: &OsString| match only {
        Some(names) => names.iter().any(|only| name == only.as_str()),
        None => !VOLATILE.iter().any(|volatile| name == volatile),
    };
    let values = environment.iter().filter(|(name, _)| counts(name)).map(|(_, value)| value);
    args.iter().any(|arg| {
        let value = arg.split_once('=').map_or(arg.as_str(), |(_, value)| value);
        is_here(Path::new(arg)) || is_here(Path::new(value))
    }) || values.into_iter().any(|value| is_here(Path::new(value)))
}

#[cfg(unix)]
fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The environment names the user, and the store is in the user's folder.
#[cfg(not(unix))]
fn user() -> u32 {
    0
}

/// The parent process, if the system says when it started.
#[cfg(target_os = "linux")]
pub(super) fn asker() -> Option<Asker> {
    let process = rustix::process::getppid()?.as_raw_nonzero().get().unsigned_abs();
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is a name in parentheses, which may hold anything; the 22nd is the start.
    let (_, fields) = stat.rsplit_once(')')?;
    let started = fields.split_ascii_whitespace().nth(19)?.parse().ok()?;
    Some(Asker { process, started })
}

/// Other systems tell only by calls that need `unsafe`. Without it no refusal is noticed, and a
/// refused credential is replaced at its end.
#[cfg(not(target_os = "linux"))]
pub(super) fn asker() -> Option<Asker> {
    None
}

/// When this process started, as far as it matters: before it looked at anything.
pub(super) fn started() -> UnixTime {
    kubecred_host::Clock::start().now().wall
}
