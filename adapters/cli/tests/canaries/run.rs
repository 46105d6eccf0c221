//! One cell of the product, run.

use crate::echo::{Echo, Failure};
use crate::find::find;
use crate::place::{Form, Place, Setting};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{self, Stdio};
use tempfile::TempDir;

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Get,
    Credential,
    Explain,
    ExplainJson,
    View,
    CurrentContext,
    GetContexts,
    SetCredentials,
    Whoami,
    WhoamiJson,
    Review,
    ReviewYaml,
    CreateToken,
    CreateTokenJson,
}

impl Command {
    pub(crate) const ALL: [Self; 14] = [
        Self::Get,
        Self::Credential,
        Self::Explain,
        Self::ExplainJson,
        Self::View,
        Self::CurrentContext,
        Self::GetContexts,
        Self::SetCredentials,
        Self::Whoami,
        Self::WhoamiJson,
        Self::Review,
        Self::ReviewYaml,
        Self::CreateToken,
        Self::CreateTokenJson,
    ];

    /// Whether it asks a server.
    pub(crate) fn sends(self) -> bool {
        self == Self::Get || self.calls_the_api()
    }

    /// What it prints in another form differs only where there is something to print.
    pub(crate) fn meets(self, failure: Failure) -> bool {
        let other_form =
            matches!(self, Self::WhoamiJson | Self::ReviewYaml | Self::CreateTokenJson);
        !other_form || matches!(failure, Failure::None | Failure::Warning)
    }

    /// Whether it asks a question of the API.
    pub(crate) fn calls_the_api(self) -> bool {
        self.reviews() || self.creates() || matches!(self, Self::Whoami | Self::WhoamiJson)
    }

    /// Whether it sends a token that is not its login.
    pub(crate) fn reviews(self) -> bool {
        matches!(self, Self::Review | Self::ReviewYaml)
    }

    /// Whether it is given a token that is not its login.
    pub(crate) fn creates(self) -> bool {
        matches!(self, Self::CreateToken | Self::CreateTokenJson)
    }

    /// Whether its standard output is to show secrets.
    fn prints_secrets(self, place: Place) -> bool {
        self == Self::Credential || (self.creates() && place == Place::IssuedToken)
    }

    fn arguments(self, path: &str) -> Vec<String> {
        let words = match self {
            Self::Get => return vec!["get".into(), path.into()],
            Self::Credential => &["credential"][..],
            Self::Explain => &["config", "explain"],
            Self::ExplainJson => &["config", "explain", "-o", "json"],
            Self::View => &["config", "view"],
            Self::CurrentContext => &["config", "current-context"],
            Self::GetContexts => &["config", "get-contexts"],
            Self::SetCredentials => &["config", "set-credentials", "someone"],
            Self::Whoami => &["whoami"],
            Self::WhoamiJson => &["whoami", "-o", "json"],
            Self::Review => &["review", "--token-file=reviewed"],
            Self::ReviewYaml => &["review", "--token-file=reviewed", "-o", "yaml"],
            Self::CreateToken => &["create-token", "web"],
            Self::CreateTokenJson => &["create-token", "web", "-o", "json"],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}

/// One run.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) place: Place,
    pub(crate) form: Form,
    pub(crate) failure: Failure,
    pub(crate) command: Command,
    pub(crate) verbose: bool,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Cell {
    pub(crate) fn run(&self, echo: &Echo) -> Ended {
        let folder = TempDir::new().expect("a temporary folder");
        let server = echo.url(self.failure);
        let setting = self.place.setting(self.form, &server);
        prepare(folder.path(), &setting, self.kubeconfig(&setting, &server), echo);
        let path = setting.path.clone().unwrap_or_else(|| "/x".into());
        let mut command = process::Command::new(env!("CARGO_BIN_EXE_kubecred"));
        command.args(self.command.arguments(&path)).args(&setting.arguments);
        command.current_dir(folder.path()).env_clear().env("HOME", folder.path());
        command.env("KUBECONFIG", "config").env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
        if let Some((name, value)) = &setting.variable {
            command.env(name, value);
        }
        if self.verbose {
            command.arg("-v");
        }
        let output = command.arg("--request-timeout=20s").output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("its output is text");
        Ended {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    fn kubeconfig(&self, setting: &Setting, server: &str) -> Value {
        let mut cluster = json!({ "server": server });
        if self.failure != Failure::Untrusted {
            cluster["certificate-authority"] = "ca.crt".into();
        }
        let more = setting.cluster.as_object().cloned().unwrap_or_default();
        cluster.as_object_mut().unwrap().extend(more);
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "main",
            "clusters": [{ "name": "main", "cluster": cluster }],
            "users": [{ "name": "main", "user": setting.user }],
            "contexts": [{ "name": "main", "context": { "cluster": "main", "user": "main" } }],
        })
    }
}

fn prepare(folder: &Path, setting: &Setting, kubeconfig: Value, echo: &Echo) {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("config", &kubeconfig.to_string());
    write("ca.crt", &echo.authority());
    write("reviewed", "the-token-of-another");
    write("login", "#!/bin/sh\nexec cat answer\n");
    std::fs::set_permissions(folder.join("login"), PermissionsExt::from_mode(0o755)).unwrap();
    setting.files.iter().for_each(|(name, text)| write(name, text));
}

impl Ended {
    /// What of the secret it shows, and where.
    pub(crate) fn leak(&self, cell: &Cell) -> Option<String> {
        let secret = cell.form.secret();
        let shown = |name: &str, text: &str| {
            find(&secret, text).map(|piece| format!("{cell:?}: {name} shows {piece:?}: {text}"))
        };
        let stdout = match cell.command.prints_secrets(cell.place) {
            true => None,
            false => shown("stdout", &self.stdout),
        };
        if self.stderr.contains("panicked") {
            return Some(format!("{cell:?}: {}", self.stderr));
        }
        shown("stderr", &self.stderr).or(stdout)
    }
}
