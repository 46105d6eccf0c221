//! A folder with kubeconfigs, and the two programs that change them.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A kubeconfig with something of everything.
pub(crate) const EVERYTHING: &str = r#"# ours
apiVersion: v1
kind: Config
current-context: dev
preferences: {colors: true}
clusters:
- name: c # the first
  cluster:
    server: https://a:1
    tls-server-name: t
    certificate-authority-data: QUJD
    extensions: [{name: e, extension: {a: b}}]
- name: 10.0.0.1
  cluster: {server: "https://b:1", insecure-skip-tls-verify: true}
- name: filed
  cluster: {server: "https://f:1", certificate-authority: pki/../ca.crt}
users:
- name: u
  user: {token: tok, as: joe, as-uid: "7", as-groups: [g1], as-user-extra: {k: [v]}}
- name: x
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: cmd # a plugin
      args: [a]
      env: [{name: A, value: b}, {name: Z, value: z}]
      interactiveMode: Never
- name: p
  user: {auth-provider: {name: oidc, config: {client-id: i, dotted.key: z}}}
- name: b
  user: {username: joe, password: pw, client-certificate: b.crt, client-key-data: S0VZ}
contexts:
- name: dev
  context: {cluster: c, user: u, namespace: ns}
- name: a.b
  context: {cluster: c, user: x}
"#;

/// Files that are at hand for the flags.
const OTHERS: [(&str, &str); 3] = [("cert.pem", "CERT"), ("key.pem", "KEY"), ("empty.pem", "")];

/// A program that takes `config`.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    Kubecred,
    Kubectl,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Its own working directory and home.
pub(crate) struct Folder {
    own: TempDir,
    /// Where programs keep what they remember.
    cache: TempDir,
}

impl Folder {
    /// With these kubeconfigs.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let new = || TempDir::new().expect("a temporary folder");
        let folder = Self { own: new(), cache: new() };
        for (name, text) in files.iter().chain(&OTHERS) {
            std::fs::write(folder.path(name), text).expect("the folder is ours");
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.own.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path(name)).ok()
    }

    /// The names of what is in it.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.own.path()).expect("the folder is ours");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Runs a program with `KUBECONFIG` like this and nothing else from outside.
    pub(crate) fn run(&self, program: Program, kubeconfig: &str, arguments: &[&str]) -> Ended {
        let path = match program {
            Program::Kubecred => Path::new(env!("CARGO_BIN_EXE_kubecred")),
            Program::Kubectl => &kubecred_kubectl::kubectl(),
        };
        let mut command = Command::new(path);
        let home = self.own.path();
        command.args(arguments).current_dir(home).env_clear().env("HOME", home);
        command.env("KUBECACHEDIR", self.cache.path());
        if !kubeconfig.is_empty() {
            command.env("KUBECONFIG", kubeconfig);
        }
        let output = command.output().unwrap_or_else(|error| panic!("{path:?} is needed: {error}"));
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Ended {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// What kubectl finds in a file.
    pub(crate) fn view(&self, name: &str) -> Value {
        if !self.path(name).exists() {
            return Value::Null;
        }
        let arguments = ["config", "view", "--raw", "--output=json", "--kubeconfig", name];
        let view = self.run(Program::Kubectl, "", &arguments);
        assert_eq!(view.code, Some(0), "{name}: {}\n{:?}", view.stderr, self.read(name));
        let mut value = serde_json::from_str(&view.stdout).expect("kubectl's JSON");
        bare(&mut value);
        value
    }
}

/// What is there but empty is as what is not there.
fn bare(value: &mut Value) {
    let empty = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    match value {
        Value::Array(items) => items.iter_mut().for_each(bare),
        Value::Object(fields) => {
            fields.values_mut().for_each(bare);
            fields.retain(|_, value| !empty(value));
        }
        _ => {}
    }
}
