//! The component in JavaScript and in Python: the examples, run as their first lines say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the workspace is there")
}

fn example(path: &str) -> PathBuf {
    root().join("wasm/component/examples").join(path)
}

/// A folder or program that `wasm/component/examples/prepare` makes.
fn tool(path: &str) -> PathBuf {
    let tool = root().join("target/tools").join(path);
    assert!(tool.exists(), "{} is missing: run wasm/component/examples/prepare", tool.display());
    tool
}

fn run(mut command: Command) -> Output {
    let program = command.get_program().to_owned();
    command.output().unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

fn python() -> Command {
    let component = kubecred_wasm_tests::path();
    assert!(component.exists(), "target/wasm/kubecred.wasm is missing: run wasm/build");
    let mut command = Command::new(tool("bin/python"));
    command.arg(example("python/headers.py")).arg(component);
    command
}

fn javascript() -> Command {
    static TRANSPILED: OnceLock<PathBuf> = OnceLock::new();
    let made = TRANSPILED.get_or_init(|| {
        // Node looks for packages beside the program.
        let folder = tool("javascript/node_modules").with_file_name("");
        for name in ["transpile.js", "headers.js"] {
            let to = folder.join(name);
            fs::copy(example("javascript").join(name), &to).expect("it can be copied");
        }
        let mut command = Command::new("node");
        command.arg(folder.join("transpile.js")).arg(kubecred_wasm_tests::path());
        command.arg(folder.join("kubecred"));
        let output = run(command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "is target/wasm/kubecred.wasm built (wasm/build)? {said}");
        folder
    });
    let mut command = Command::new("node");
    command.arg(made.join("headers.js")).arg(made.join("kubecred"));
    command
}

const KUBECONFIG: &str = r#"
current-context: plugin
contexts:
- {name: plugin, context: {cluster: here, user: plugin}}
- {name: file, context: {cluster: here, user: file}}
- {name: pair, context: {cluster: here, user: pair}}
clusters:
- {name: here, cluster: {server: "https://127.0.0.1:6443"}}
users:
- name: plugin
  user:
    as: jane
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./login
      args: ["a word", "*"]
      env: [{name: MODE, value: quiet}]
      interactiveMode: Never
- {name: file, user: {tokenFile: token}}
- {name: pair, user: {client-certificate: gone.crt, client-key: gone.key}}
"#;

/// Prints a token that is made of how it was called.
const LOGIN: &str = r#"#!/bin/sh
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s-%s-%s-%s"}}' \
    "$MODE" "$#" "$2" "$(cat | wc -c | tr -d ' ')"
"#;

/// A folder with a kubeconfig, a plugin and a token.
fn home(context: &str) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().expect("there is a folder for such");
    let config =
        KUBECONFIG.replace("current-context: plugin", &format!("current-context: {context}"));
    fs::write(home.path().join("config"), config).expect("it can be written");
    fs::write(home.path().join("token"), "from-the-file\n").expect("it can be written");
    let login = home.path().join("login");
    fs::write(&login, LOGIN).expect("it can be written");
    fs::set_permissions(&login, fs::Permissions::from_mode(0o700)).expect("it can be set");
    home
}

/// Both examples in such a home: the same words.
fn both_print(context: &str, expected: &str) {
    for mut command in [javascript(), python()] {
        let home = home(context);
        command.env("KUBECONFIG", home.path().join("config")).current_dir(home.path());
        let name = format!("{command:?}");
        let output = run(command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{name}: {said}");
        assert!(output.status.success(), "{name}: {said}");
    }
}

/// Both examples in such a home: nothing, and why.
fn both_fail(kubeconfig: Option<&str>, context: &str, reason: &str) {
    for mut command in [javascript(), python()] {
        let home = home(context);
        command.env("KUBECONFIG", home.path().join(kubeconfig.unwrap_or("config")));
        let name = format!("{command:?}");
        let output = run(command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{name}");
        assert!(output.stdout.is_empty() && said.contains(reason), "{name}: {said}");
    }
}

#[test]
fn a_kubeconfig_with_an_exec_plugin_becomes_headers() {
    let headers = "authorization: Bearer quiet-2-*-0\nimpersonate-user: jane\n";
    both_print("plugin", headers);
}

#[test]
fn a_kubeconfig_with_a_token_file_becomes_headers() {
    both_print("file", "authorization: Bearer from-the-file\n");
}

#[test]
fn what_is_wrong_is_said_in_the_core_s_words() {
    both_fail(Some("absent"), "plugin", "no configuration has been provided");
    both_fail(None, "nobody", "nobody");
    both_fail(None, "pair", "cannot read client ");
}
