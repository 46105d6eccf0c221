//! What a run of the program needs: a server, a folder with a kubeconfig, and nothing from outside.

use kubecred_loopback::{Accounts, ApiServer, Issued};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// A secret: it must not show where it is not asked for.
pub(crate) const CANARY: &str = "canary-7b1f4c0d9e";

/// A server, and a folder to work in.
pub(crate) struct Stage {
    pub(crate) server: ApiServer,
    pub(crate) folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Stage {
    /// With a server that has a name, too.
    pub(crate) async fn new() -> Self {
        Self::with(ApiServer::builder().names(&["api.internal", "localhost", "127.0.0.1"])).await
    }

    pub(crate) async fn with(builder: kubecred_loopback::ApiServerBuilder) -> Self {
        let server = builder.start().await.expect("a free port on loopback");
        let folder = TempDir::new().expect("a temporary folder");
        let stage = Self { server, folder };
        stage.write("ca.crt", stage.server.authority().certificate_pem());
        stage
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        self.server.accounts()
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("the folder is ours");
        path
    }

    /// Writes a plugin, or any other program, for `/bin/sh`.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.write(name, &["#!/bin/sh\n", text].concat());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
        path
    }

    /// Writes `config`, a kubeconfig with one user for the server.
    pub(crate) fn kubeconfig(&self, user: Value) {
        self.kubeconfig_with(json!({}), user);
    }

    /// The same with more to say about the cluster.
    pub(crate) fn kubeconfig_with(&self, cluster: Value, user: Value) {
        let mut whole = json!({ "server": self.server.url(), "certificate-authority": "ca.crt" });
        whole.as_object_mut().unwrap().extend(cluster.as_object().unwrap().clone());
        self.write("config", &kubeconfig(whole, user).to_string());
    }

    /// Writes a client certificate and its key.
    pub(crate) fn write_pair(&self, pair: &Issued) {
        self.write("client.crt", pair.certificate_pem());
        self.write("client.key", pair.key_pem());
    }

    /// Runs `kubecred` with that kubeconfig to its end.
    pub(crate) async fn kubecred(&self, arguments: &[&str]) -> Ended {
        let child = self.start(&[arguments, &["--kubeconfig", "config"]].concat());
        ended(child).await
    }

    /// Starts `kubecred` in the folder.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        start(command(self.folder.path()).args(arguments))
    }
}

/// A kubeconfig with one of everything, called `main`.
pub(crate) fn kubeconfig(cluster: Value, user: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "main",
        "clusters": [{ "name": "main", "cluster": cluster }],
        "users": [{ "name": "main", "user": user }],
        "contexts": [{ "name": "main", "context": { "cluster": "main", "user": "main" } }],
    })
}

/// A user whose plugin is a program in the folder.
pub(crate) fn plugin(program: &str) -> Value {
    json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": program,
        "interactiveMode": "Never",
    }})
}

/// `kubecred` in a folder, where it finds no settings but those of the test.
pub(crate) fn command(folder: &Path) -> Command {
    clean(env!("CARGO_BIN_EXE_kubecred").as_ref(), folder)
}

/// Another program in the same state.
pub(crate) fn clean(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().env("HOME", folder);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Starts a program whose output is ours.
pub(crate) fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let name = command.as_std().get_program().to_owned();
    command.spawn().unwrap_or_else(|error| panic!("{name:?} is needed for this test: {error}"))
}

/// Waits for the end.
pub(crate) async fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().await.expect("the process is ours");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("its output is text");
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Ended {
    /// It ended with this code and printed nothing but an error.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        &self.stderr
    }

    /// It ended well; gives its output.
    #[track_caller]
    pub(crate) fn good(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.stdout
    }

    /// Nobody can learn the secret from it.
    #[track_caller]
    pub(crate) fn hides_the_canary(&self) -> &Self {
        assert!(!format!("{self:?}").contains(CANARY), "{self:?}");
        self
    }
}
