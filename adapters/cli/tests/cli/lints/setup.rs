//! A folder with a kubeconfig, and a run of the program in it.

use kubecred_core::kubeconfig::explain::Explanation;
use kubecred_loopback::Issued;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use tempfile::TempDir;

/// What a run finds in its folder.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) files: Vec<(&'static str, String, u32)>,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Setup {
    /// A kubeconfig and nothing else.
    pub(super) fn file(text: impl Into<String>) -> Self {
        let files = vec![("config", text.into(), 0o600)];
        Self { files, arguments: vec!["--kubeconfig=config".into()], environment: Vec::new() }
    }

    /// A kubeconfig with one of everything, bodies in flow style.
    pub(super) fn of(cluster: &str, user: &str) -> Self {
        Self::file(format!(
            "current-context: x\n\
             contexts: [{{name: x, context: {{cluster: c, user: u, namespace: ns}}}}]\n\
             clusters: [{{name: c, cluster: {cluster}}}]\nusers: [{{name: u, user: {user}}}]\n"
        ))
    }

    pub(super) fn user(user: &str) -> Self {
        Self::of("{server: 'https://h'}", user)
    }

    pub(super) fn cluster(cluster: &str) -> Self {
        Self::of(cluster, "{token: t}")
    }

    pub(super) fn with(mut self, name: &'static str, text: impl Into<String>, mode: u32) -> Self {
        self.files.push((name, text.into(), mode));
        self
    }

    /// With a client certificate and its key, in the files that `CERTIFICATE` names.
    pub(super) fn pair(self, issued: &Issued) -> Self {
        let certificate = issued.certificate_pem();
        self.with("crt", certificate, 0o644).with("key", issued.key_pem(), 0o600)
    }

    pub(super) fn flag(mut self, flag: &str) -> Self {
        self.arguments.push(flag.to_owned());
        self
    }

    /// By a variable, and by no flag unless one follows.
    pub(super) fn variable(mut self, name: &'static str, value: &str) -> Self {
        if name == "KUBECONFIG" {
            self.arguments.clear();
        }
        self.environment.push((name, value.to_owned()));
        self
    }

    pub(super) fn run(&self) -> (Explanation, String, Option<i32>) {
        let folder = self.folder();
        let (said, code) = self.run_in(&folder, "text");
        let (json, json_code) = self.run_in(&folder, "json");
        assert_eq!(json_code, code);
        (serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}")), said, code)
    }

    pub(super) fn codes(&self) -> Vec<String> {
        let (json, _) = self.run_in(&self.folder(), "json");
        let explanation: Explanation = serde_json::from_str(&json).unwrap();
        explanation.lints.into_iter().map(|lint| lint.code).collect()
    }

    fn folder(&self) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (name, text, mode) in &self.files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
        }
        folder
    }

    fn run_in(&self, folder: &TempDir, form: &str) -> (String, Option<i32>) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubecred"));
        command.args(["config", "explain", "-o", form]).args(&self.arguments);
        command.current_dir(folder.path()).env_clear().env("HOME", folder.path());
        command.env("PATH", "/usr/bin:/bin").envs(self.environment.iter().cloned());
        let output = command.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    }

    /// With this mode of the kubeconfig.
    pub(super) fn mode(mut self, mode: u32) -> Self {
        self.files[0].2 = mode;
        self
    }

    /// With a change of the kubeconfig.
    pub(super) fn edit(mut self, from: &str, to: &str) -> Self {
        let text = &mut self.files[0].1;
        assert!(text.contains(from), "{text}");
        *text = text.replace(from, to);
        self
    }
}
