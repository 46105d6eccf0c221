//! The programs compared, run as a person would run them but with nothing inherited.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::Command;

/// No run takes a second; one that takes this long has hung.
const LIMIT: Duration = Duration::from_secs(60);

/// A program that takes `get` and kubectl's flags.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// What to call it in messages.
    pub(crate) name: String,
    path: PathBuf,
    get: &'static [&'static str],
}

impl Program {
    /// The program under test.
    pub(crate) fn kubecred() -> Self {
        let path = PathBuf::from(env!("CARGO_BIN_EXE_kubecred"));
        Self { name: "kubecred".into(), path, get: &["get"] }
    }

    /// The kubectl that tests compare with.
    pub(crate) fn kubectl() -> Self {
        Self::kubectl_version(kubecred_kubectl::USUAL)
    }

    /// kubectl 1.`minor`.
    pub(crate) fn kubectl_version(minor: u8) -> Self {
        Self::kubectl_at(kubecred_kubectl::version(minor))
    }

    fn kubectl_at(path: PathBuf) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, path, get: &["get", "--raw"] }
    }

    /// The command line that gets `path`, flags first, as far as the program's own part of it goes.
    pub(crate) fn command_line(&self, flags: &[String], path: &str) -> Vec<String> {
        let mut line = vec![self.path.to_string_lossy().into_owned()];
        line.extend(flags.iter().cloned());
        line.extend(self.get.iter().map(|word| (*word).to_owned()));
        line.push(path.to_owned());
        line
    }
}

/// What a process left behind.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// Runs a command line in `directory` with `environment` and nothing else in its environment.
pub(crate) async fn run<'a>(
    line: &[String],
    directory: &Path,
    environment: impl IntoIterator<Item = (&'a String, &'a String)>,
    stdin: Stdio,
) -> Ended {
    let [program, arguments @ ..] = line else { panic!("an empty command line") };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).env_clear().envs(environment);
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{program} hangs"));
    let output = output.unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    Ended {
        status: output.status,
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
