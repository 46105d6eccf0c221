//! The programs compared, run as a person would run them but with nothing inherited.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::LazyLock;
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

    /// The oracle: the `kubectl` of the machine.
    ///
    /// Google Cloud's is a dispatcher, which asks the server for its version before it does what it
    /// is told to; with it, the oracle is the newest of those it chooses from.
    pub(crate) fn kubectl() -> Self {
        static ORACLE: LazyLock<Program> = LazyLock::new(|| {
            let plain = Program::kubectl_at(kubectl_on_path());
            if !plain.is_dispatcher() {
                return plain;
            }
            Program::kubectl_versions().pop().expect("a dispatcher has versions beside it")
        });
        ORACLE.clone()
    }

    /// Further versions, if they stand beside the `kubectl` of the machine as `kubectl.1.27` and so
    /// on, oldest first.
    pub(crate) fn kubectl_versions() -> Vec<Self> {
        let plain = kubectl_on_path().canonicalize().expect("kubectl is a file");
        let beside = |minor: u8| plain.with_file_name(format!("kubectl.1.{minor}"));
        (20..60).map(beside).filter(|path| path.is_file()).map(Self::kubectl_at).collect()
    }

    fn is_dispatcher(&self) -> bool {
        let output = std::process::Command::new(&self.path).args(["version", "--client"]).output();
        let output = output.unwrap_or_else(|error| panic!("kubectl cannot be run: {error}"));
        String::from_utf8_lossy(&output.stdout).contains("dispatcher")
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

fn kubectl_on_path() -> PathBuf {
    on_path("kubectl").expect(
        "kubectl is needed on PATH, to say what is right; see https://kubernetes.io/docs/tasks/tools/",
    )
}

/// Where PATH has a program.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
