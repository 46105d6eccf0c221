//! What a shell asks while a command line is typed: which words may come next.
//!
//! `kubecred completion SHELL` prints a script that makes the shell run this program, with
//! [`VARIABLE`] set, whenever the tab key is pressed. The candidates come from the definition of the
//! command line, and the names of contexts, clusters and users from the kubeconfig. No plugin runs,
//! nothing is sent, and nothing is written to standard error: the line that is being typed is there.

mod line;
mod names;
mod shell;

pub(crate) use names::Names;
pub(crate) use shell::Shell;

use clap::{Arg, Command, ValueHint};
use clap_complete::{ArgValueCandidates, CompletionCandidate};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Set to the name of a shell, it makes the program answer what may come next.
pub(crate) const VARIABLE: &str = "KUBECRED_COMPLETE";

/// kubectl runs a program of this name for the completion of its plugin `kubectl cred`.
const KUBECTL: &str = "kubectl_complete-cred";

/// Answers a shell, if one asks: says whether it did.
pub(crate) fn answer(definition: impl FnOnce() -> Command) -> bool {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let (shell, words) = match variable(VARIABLE) {
        Some(name) => (Shell::of(&name), words.skip_while(|word| word != "--").skip(1).collect()),
        None if Path::new(&program).file_stem().is_some_and(|name| name == KUBECTL) => {
            (Some(Shell::Kubectl), std::iter::once(program).chain(words).collect())
        }
        None => return false,
    };
    if let Some(shell) = shell {
        let text = shell.answer(words, definition);
        // A shell that has gone away needs no answer.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
    true
}

/// What a variable says, if it is text.
fn variable(name: &str) -> Option<String> {
    kubecred_host::variable_os(name)?.into_string().ok()
}

/// A word that may come next, and what it means; the latter may be empty.
struct Candidate {
    value: String,
    help: String,
}

/// What may come in the place of the last word.
fn candidates(words: &[String], definition: impl FnOnce() -> Command) -> Vec<Candidate> {
    let Some((last, before)) = words.split_last() else { return Vec::new() };
    let names = Arc::new(Names::of_line(before));
    let mut program = with_values(definition(), &names);
    let all: Vec<OsString> = words.iter().map(OsString::from).collect();
    let index = before.len();
    let found = clap_complete::engine::complete(&mut program, all, index, Some(Path::new(".")));
    let mut found: Vec<Candidate> = found.unwrap_or_default().iter().filter_map(readable).collect();
    // A person who wants a flag types its dash.
    let is_flag = |candidate: &Candidate| candidate.value.starts_with('-');
    if last.is_empty() && !found.iter().all(is_flag) {
        found.retain(|candidate| !is_flag(candidate));
    }
    found
}

/// Without what is no text, and what would be another text once a shell has shown it.
fn readable(candidate: &CompletionCandidate) -> Option<Candidate> {
    let value = candidate.get_value().to_str()?;
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    let help = help.lines().next().unwrap_or_default().to_owned();
    (!value.contains(char::is_control)).then(|| Candidate { value: value.to_owned(), help })
}

/// The definition, where flags and arguments know the values that there are.
fn with_values(command: Command, names: &Arc<Names>) -> Command {
    let of = command.get_name().to_owned();
    command
        .mut_args(|flag| with_value(&of, flag, names))
        .mut_subcommands(|command| with_values(command, names))
}

fn with_value(command: &str, flag: Arg, names: &Arc<Names>) -> Arg {
    if let Some(kind) = kind(command, &flag) {
        let names = Arc::clone(names);
        return flag.add(ArgValueCandidates::new(move || names.candidates(kind)));
    }
    let value = flag.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
    match value {
        Some("FILE") => flag.value_hint(ValueHint::FilePath),
        Some("DIR" | "FOLDER") => flag.value_hint(ValueHint::DirPath),
        // A flag that takes a template beside these has no list of its own.
        Some("FORMAT") if flag.get_possible_values().is_empty() => {
            let own: &[&str] = match command {
                "create-token" => &["token", "exec-credential"],
                _ => &[],
            };
            let formats: Vec<&str> = ["json", "yaml", "name"].iter().chain(own).copied().collect();
            let candidates = move || formats.iter().map(CompletionCandidate::new).collect();
            flag.add(ArgValueCandidates::new(candidates))
        }
        _ => flag,
    }
}

/// The kind of entry whose name a flag or an argument takes.
fn kind(command: &str, flag: &Arg) -> Option<&'static str> {
    match (command, flag.get_id().as_str(), flag.is_positional()) {
        (_, "context", false) => Some("context"),
        (_, "cluster", false) => Some("cluster"),
        (_, "user", false) => Some("user"),
        (
            "use-context" | "set-context" | "rename-context" | "delete-context" | "get-contexts",
            "name" | "names",
            true,
        ) => Some("context"),
        ("set-cluster" | "rename-cluster" | "delete-cluster", "name", true) => Some("cluster"),
        ("set-credentials" | "rename-user" | "delete-user", "name", true) => Some("user"),
        _ => None,
    }
}
