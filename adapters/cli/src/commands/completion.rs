//! `kubecred completion`: the script that makes a shell complete command lines.

use super::Run;
use crate::completion::Shell;
use crate::connection_flags::ConnectionFlags;
use crate::object_output;
use crate::report::Report;
use clap::Args;
use std::path::{MAIN_SEPARATOR, Path};

const HELP: &str = "\
Examples:
  source <(kubecred completion bash)        # in ~/.bashrc
  source <(kubecred completion zsh)         # in ~/.zshrc, after compinit
  kubecred completion fish > ~/.config/fish/completions/kubecred.fish
  kubecred completion powershell | Out-String | Invoke-Expression    # in $PROFILE

Commands, flags, their values and file names are completed, and the names of contexts, clusters and
users in the kubeconfig (that of --kubeconfig, if it is on the line). No plugin is run, and nothing
is sent to a server.

For kubectl cred, put a link to the program on PATH that is called kubectl_complete-cred.

Exit codes: 0 success; 2 invalid command line; 7 output.";

/// Print a script that completes commands, flags and names in your shell
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Completion {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl Run for Completion {
    /// The connection flags do not matter: no kubeconfig is read.
    fn run(self, _: ConnectionFlags) -> Result<(), Report> {
        let called = std::env::args_os().next().unwrap_or_default();
        let called = Path::new(&called);
        let name = called.file_stem().and_then(|name| name.to_str()).unwrap_or("kubecred");
        // One that was called by its name is found again; of one with a path the folder may change.
        let is_path = called.to_string_lossy().contains(MAIN_SEPARATOR);
        let program = std::env::current_exe().ok().filter(|_| is_path);
        let program = program.as_ref().map_or_else(|| name.into(), |path| path.to_string_lossy());
        object_output::write(self.shell.script(name, &program).as_bytes())
    }
}
