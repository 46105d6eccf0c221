//! kubectl, which says what is right.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What kubectl makes of a kubeconfig.
pub(crate) enum Answer {
    /// The JSON of `config view --raw`.
    Read(Value),
    /// Accepted, with so much JSON that it is not looked at.
    ReadMuch,
    /// Its error.
    Refused(String),
}

/// More JSON than this is not kept.
const MUCH: usize = 64 << 10;

/// A kubectl with a directory of its own, so that tests may run side by side.
pub(crate) struct Kubectl {
    directory: PathBuf,
}

impl Kubectl {
    pub(crate) fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&directory).expect("a directory for kubectl's input");
        Self { directory }
    }

    /// Asks kubectl to read `bytes` as a kubeconfig.
    pub(crate) fn view(&self, bytes: &[u8]) -> Answer {
        self.ask(bytes, MUCH)
    }

    /// The same, with all the JSON there is.
    pub(crate) fn view_all(&self, bytes: &[u8]) -> Answer {
        self.ask(bytes, usize::MAX)
    }

    fn ask(&self, bytes: &[u8], much: usize) -> Answer {
        let file = self.directory.join("config");
        std::fs::write(&file, bytes).expect("the file for kubectl");
        let output = Command::new(kubecred_kubectl::kubectl())
            .args(["config", "view", "--raw", "--output=json", "--kubeconfig"])
            .arg(&file)
            .env("HOME", &self.directory)
            .env_remove("KUBECONFIG")
            .output()
            .expect("kubectl can be run");
        if output.status.success() && output.stdout.len() > much {
            Answer::ReadMuch
        } else if output.status.success() {
            Answer::Read(serde_json::from_slice(&output.stdout).expect("kubectl's JSON"))
        } else {
            let text = String::from_utf8_lossy(&output.stderr);
            let loading = format!("error: error loading config file {file:?}: ");
            Answer::Refused(text.trim().replacen(&loading, "", 1))
        }
    }
}
