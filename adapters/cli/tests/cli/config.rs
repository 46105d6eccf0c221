//! `kubecred config` beside `kubectl config`: words, output, and what is in the file afterwards.

use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const CONFIG: &str = "\
# mine
current-context: one
contexts:
- name: one # the first
  context: {cluster: c, user: u}
- name: two
  context: {cluster: c, user: u, colour: red}
";

fn run(program: &str, folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .env_remove("KUBECONFIG")
        .env("HOME", folder)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed: {error}"))
}

fn kubecred(folder: &Path, arguments: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_kubecred"), folder, arguments)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn kb_3_a_context_becomes_the_current_one_and_nothing_else_changes() {
    for word in ["use-context", "use"] {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("config");
        std::fs::write(&file, CONFIG).unwrap();
        let said = kubecred(folder.path(), &["config", word, "two", "--kubeconfig=config"]);
        assert_eq!(text(&said.stdout), "Switched to context \"two\".\n", "{said:?}");
        let expected = CONFIG.replace("current-context: one", "current-context: two");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
        let names = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 1, "neither a lock nor a temporary file is left");
        let said = kubecred(folder.path(), &["--kubeconfig=config", "config", "current-context"]);
        assert_eq!(text(&said.stdout), "two\n");
    }
}

#[test]
fn kb_3_a_context_that_is_not_there_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, CONFIG).unwrap();
    for (name, error) in [
        ("three", "error: no context exists with the name: \"three\"\n"),
        ("", "error: a context must have a name\n"),
    ] {
        let said = kubecred(folder.path(), &["config", "use", name, "--kubeconfig=config"]);
        assert_eq!((text(&said.stderr), said.status.code()), (error, Some(3)));
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), CONFIG);
    let said = kubecred(folder.path(), &["config", "current-context"]);
    assert!(text(&said.stderr).starts_with("error: current-context is not set\n"), "{said:?}");
    assert_eq!(said.status.code(), Some(3));
}
