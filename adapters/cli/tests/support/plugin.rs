//! An exec plugin that writes down how it was run and answers as the test wants.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub(crate) const V1: &str = "client.authentication.k8s.io/v1";
pub(crate) const V1BETA1: &str = "client.authentication.k8s.io/v1beta1";

/// Where, in a case's directory, plugins write their runs down.
pub(crate) const RUNS: &str = "runs";

/// Stands for what a plugin did not come to write down.
const STOPPED: &str = "(it was stopped)";

/// What a plugin does in one of its runs.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Prints this and succeeds.
    Print(String),
    /// Prints a complaint on standard error and exits with this status.
    Fail(u8),
    /// Does what a shell makes of this.
    Do(String),
}

impl Answer {
    /// Prints an ExecCredential of version v1 with this status.
    pub(crate) fn credential(status: &Value) -> Self {
        Self::versioned(V1, status)
    }

    /// Prints an ExecCredential of any version with this status.
    pub(crate) fn versioned(api_version: &str, status: &Value) -> Self {
        let whole =
            json!({ "apiVersion": api_version, "kind": "ExecCredential", "status": status });
        Self::Print(whole.to_string())
    }

    /// Prints an ExecCredential with a token that never expires.
    pub(crate) fn token(token: &str) -> Self {
        Self::credential(&json!({ "token": token }))
    }

    fn script(&self) -> String {
        match self {
            Self::Print(text) => format!("cat <<'THE_END'\n{text}\nTHE_END\n"),
            Self::Fail(status) => format!("echo 'no credential today' >&2\nexit {status}\n"),
            Self::Do(script) => format!("{script}\n"),
        }
    }
}

/// Writes a plugin to `directory/file`. Its n-th run gives the n-th answer; the last answer holds
/// from there on.
pub(crate) fn write_plugin(directory: &Path, file: &str, answers: &[Answer]) {
    let mut choice = String::new();
    for (index, answer) in answers.iter().enumerate() {
        let pattern = if index + 1 == answers.len() { "*" } else { &(index + 1).to_string() };
        // Writing to a String does not fail.
        let _ = writeln!(choice, "{pattern})\n{};;", answer.script());
    }
    let runs = directory.join(RUNS);
    let script = format!(
        r#"#!/bin/sh
n=1
until mkdir '{runs}/'$n 2>/dev/null; do n=$((n + 1)); done
run='{runs}/'$n
echo '{file}' >"$run/name"
env -0 >"$run/env"
if [ $# -gt 0 ]; then printf '%s\0' "$@"; fi >"$run/arguments"
if [ -t 0 ]; then echo a terminal
elif [ /dev/stdin -ef /dev/null ]; then echo /dev/null
else echo something else
fi >"$run/stdin"
pwd >"$run/directory"
case $n in
{choice}esac
"#,
        runs = runs.display(),
    );
    let path = directory.join(file);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).expect("a directory for the plugin");
    }
    fs::write(&path, script).expect("the plugin is written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("and can be run");
}

/// One run of a plugin, as the plugin saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PluginRun {
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) stdin: String,
    pub(crate) directory: String,
}

impl PluginRun {
    /// The text of KUBERNETES_EXEC_INFO.
    pub(crate) fn exec_info(&self) -> &str {
        self.environment.get("KUBERNETES_EXEC_INFO").map_or("", String::as_str)
    }
}

/// The runs written down in a case's directory since they were last taken, in order.
pub(crate) fn take_runs(directory: &Path) -> Vec<PluginRun> {
    let runs = directory.join(RUNS);
    let mut taken = Vec::new();
    for number in 1.. {
        let run = runs.join(number.to_string());
        if !run.is_dir() {
            break;
        }
        taken.push(read_run(&run));
        fs::remove_dir_all(&run).expect("a run is forgotten");
    }
    taken
}

fn read_run(run: &Path) -> PluginRun {
    let read = |file: &str| {
        // A program that does not wait for its plugin may end it at any moment.
        let bytes = fs::read(run.join(file)).unwrap_or_else(|_| STOPPED.into());
        String::from_utf8(bytes).expect("what the plugin saw is text")
    };
    let line = |file: &str| read(file).trim_end().to_owned();
    let items = |file: &str| -> Vec<String> {
        read(file).split_terminator('\0').map(str::to_owned).collect()
    };
    let variable = |item: &String| {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        (name.to_owned(), value.to_owned())
    };
    PluginRun {
        name: line("name"),
        arguments: items("arguments"),
        environment: items("env").iter().map(variable).collect(),
        stdin: line("stdin"),
        directory: line("directory"),
    }
}
