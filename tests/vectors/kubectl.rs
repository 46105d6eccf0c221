//! The oracle: kubectl 1.33, real client-go. It gets the files of a vector below a folder of its own
//! (`/v` becomes that folder), and a proxy that nobody listens at: how far it comes tells whether it
//! took the configuration.

use crate::kubeconfig::{Content, Expected, Fails, Vector};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Who says that a vector is right.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Checked {
    /// kubectl, whenever the vectors are played.
    Kubectl,
    /// The rule alone, since kubectl cannot tell, or is meant to be different.
    Rule { because: String },
}

/// What kubectl says when a configuration is good and a server, or a proxy, cannot be reached.
const REACHED: [&str; 6] = [
    "proxyconnect tcp",
    "connection refused",
    "no such host",
    "dial tcp",
    "was refused - did you specify",
    "socks connect",
];

/// What it says when a plugin was run.
const RUN: &str = "getting credentials: exec";

/// What it asks who has no credentials, once everything else is in order (KC-75).
const PROMPT: &str = "Please enter Username";

/// A port that nobody listens at.
const NOWHERE: &str = "http://127.0.0.1:9";

pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(TempDir::new().expect("a temporary folder"));
        for name in ["v/work", "v/home", "v/bin"] {
            fs::create_dir_all(folder.0.path().join(name)).expect("a folder");
        }
        folder
    }

    fn root(&self) -> &str {
        self.0.path().to_str().expect("a temporary folder has a plain name")
    }

    pub(crate) fn moved(&self, text: &str) -> String {
        text.replace("/v/", &format!("{}/v/", self.root()))
    }

    pub(crate) fn write(&self, path: &str, text: &str, mode: u32) -> PathBuf {
        let path = PathBuf::from(self.moved(path));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, self.moved(text)).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
        path
    }

    pub(crate) fn kubectl(&self, arguments: &[String], variables: &[(String, String)]) -> Output {
        let mut command = Command::new(kubecred_kubectl::version(33));
        command.current_dir(self.0.path().join("v/work")).env_clear();
        command.env("PATH", format!("{}/v/bin:/usr/bin:/bin", self.root()));
        command.env("HOME", self.0.path().join("v/home"));
        command.env("HTTPS_PROXY", NOWHERE).env("HTTP_PROXY", NOWHERE);
        for (name, value) in variables {
            command.env(name, self.moved(value));
        }
        command.args(arguments.iter().map(|argument| self.moved(argument)));
        command.output().expect("kubectl can be run")
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether kubectl came as far as the network, or as its question.
pub(crate) fn reached(output: &Output) -> bool {
    REACHED.iter().any(|words| said(output).contains(words))
        || String::from_utf8_lossy(&output.stdout).contains(PROMPT)
}

/// What kubectl thinks otherwise about a vector.
pub(crate) fn judge(vector: &Vector) -> Option<String> {
    let folder = Folder::new();
    for (path, content) in &vector.files {
        match content {
            Content::Text(text) => drop(folder.write(path, text, 0o600)),
            Content::Fails(Fails::Directory) => {
                fs::create_dir_all(folder.moved(path)).expect("a folder");
            }
            Content::Fails(Fails::Denied) => panic!("who is root may read everything"),
        }
    }
    let plugin = "#!/bin/sh\nprintf %s \"$KUBERNETES_EXEC_INFO\" >/v/info\nprintf '%s\\n' \"$@\" >/v/args\nexit 7\n";
    folder.write("/v/bin/plugin", plugin, 0o755);
    let variables: Vec<_> = vector.variables.clone().into_iter().collect();
    let flags = flags(vector);
    let get = ["get", "--raw", "/version"].map(str::to_owned);
    let output = folder.kubectl(&[&get[..], &flags].concat(), &variables);
    let ran = said(&output).contains(RUN);
    match &vector.expected {
        Expected::Errors(_) if reached(&output) || ran || output.status.success() => {
            Some(format!("kubectl takes it: {}", said(&output)))
        }
        Expected::Errors(_) => None,
        _ if !reached(&output) && !ran => Some(format!("kubectl refuses: {}", said(&output))),
        Expected::Plugin { args, info, .. } => {
            let heard = |name| fs::read_to_string(folder.0.path().join("v").join(name));
            let told = heard("info").unwrap_or_default();
            let given: Vec<_> =
                heard("args").unwrap_or_default().lines().map(str::to_owned).collect();
            let same = told == folder.moved(info) && (given == *args || args.is_empty());
            (!same).then(|| format!("kubectl tells the plugin {told} {given:?}"))
        }
        Expected::Connection(expected) => view(&folder, vector, &variables, expected),
    }
}

fn flags(vector: &Vector) -> Vec<String> {
    let mut arguments = Vec::new();
    for (flag, value) in &vector.flags {
        match value {
            Value::Array(items) => {
                let items = items.iter().filter_map(Value::as_str);
                arguments.extend(items.map(|item| format!("--{flag}={item}")));
            }
            Value::String(text) => arguments.push(format!("--{flag}={text}")),
            other => arguments.push(format!("--{flag}={other}")),
        }
    }
    arguments
}

/// Fields of `kubectl config view --minify` that a connection has as they are.
const CLUSTER: [(&str, &str); 4] = [
    ("tls-server-name", "tls-server-name"),
    ("insecure-skip-tls-verify", "insecure-skip-tls-verify"),
    ("proxy-url", "proxy-url"),
    ("disable-compression", "disable-compression"),
];
const USER: [(&str, &str); 6] = [
    ("token", "/token"),
    ("username", "/username"),
    ("password", "/password"),
    ("as", "/impersonate/user"),
    ("as-uid", "/impersonate/uid"),
    ("as-groups", "/impersonate/groups"),
];

/// Compares with what kubectl has merged and selected; with flags it cannot be asked this way.
fn view(
    folder: &Folder,
    vector: &Vector,
    variables: &[(String, String)],
    expected: &Value,
) -> Option<String> {
    let plain = |flag: &String| matches!(flag.as_str(), "context" | "kubeconfig");
    if !vector.flags.keys().all(plain) {
        return None;
    }
    let arguments = ["config", "view", "--raw", "--minify", "--output=json"].map(str::to_owned);
    let output = folder.kubectl(&[&arguments[..], &flags(vector)].concat(), variables);
    if !output.status.success() {
        return None; // nothing is selected; a default server was used
    }
    let view: Value = serde_json::from_slice(&output.stdout).expect("kubectl's JSON");
    let cluster = &view["clusters"][0]["cluster"];
    let user = &view["users"][0]["user"];
    let notices = expected["notices"].as_array().cloned().unwrap_or_default();
    let mut faults = Vec::new();
    let mut same = |name: &str, theirs: &Value, ours: Option<&Value>| {
        let nothing = [Value::Null, json!(""), json!(false)];
        let ours = ours.unwrap_or(&Value::Null);
        if theirs != ours && !(nothing.contains(theirs) && nothing.contains(ours)) {
            faults.push(format!("{name} is {theirs}, not {ours}"));
        }
    };
    let server = cluster["server"].as_str().unwrap_or_default();
    if server.contains("://") && !server.contains(['?', '#']) {
        same("server", &cluster["server"], expected.get("server"));
    }
    let namespace = &view["contexts"][0]["context"]["namespace"];
    same("namespace", namespace, expected.get("namespace"));
    if notices.is_empty() {
        for (theirs, ours) in CLUSTER {
            same(theirs, &cluster[theirs], expected.get(ours));
        }
        for (theirs, ours) in USER {
            same(theirs, &user[theirs], expected.pointer(ours));
        }
    }
    (!faults.is_empty()).then(|| faults.join(", "))
}

/// Whether kubectl takes what a plugin prints.
pub(crate) fn takes(configured: &str, stdout: &[u8], exit: i32) -> Result<(), String> {
    let folder = Folder::new();
    let kubeconfig = json!({
        "current-context": "c",
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
        "clusters": [{ "name": "c", "cluster": { "server": "https://h" } }],
        "users": [{ "name": "u", "user": { "exec": {
            "apiVersion": configured, "command": "plugin", "interactiveMode": "Never",
        } } }],
    });
    folder.write("/v/config", &kubeconfig.to_string(), 0o600);
    fs::write(Path::new(folder.root()).join("v/answer"), stdout).expect("a file");
    let script = format!("#!/bin/sh\ncat /v/answer\nexit {exit}\n");
    folder.write("/v/bin/plugin", &script, 0o755);
    let arguments = ["get", "--raw", "/version", "--kubeconfig=/v/config"].map(str::to_owned);
    let output = folder.kubectl(&arguments, &[]);
    match reached(&output) {
        true => Ok(()),
        false => Err(said(&output)),
    }
}
