//! Runs the kubectl on PATH with an exec plugin that is a shell script.

use kubecred_core::ExecApiVersion;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Nothing listens there; that a server is unreachable is found out after the plugin has run.
pub(crate) const SERVER: &str = "https://127.0.0.1:1";

/// A plugin and the cluster that it is for.
pub(crate) struct Plugin<'a> {
    pub(crate) api_version: ExecApiVersion,
    pub(crate) cluster: &'a Value,
    pub(crate) provide_cluster_info: bool,
    /// What the plugin does; it runs in `folder`.
    pub(crate) script: &'a str,
}

impl Plugin<'_> {
    /// What kubectl says when it has run the plugin and got no further.
    pub(crate) fn run(&self, folder: &Path) -> String {
        let plugin = folder.join("plugin");
        let script = ["#!/bin/sh\ncd \"$1\" || exit 99\n", self.script].concat();
        fs::write(&plugin, script).unwrap();
        fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
        let user = json!({"exec": {
            "apiVersion": self.api_version.as_str(),
            "command": plugin,
            "args": [folder],
            "interactiveMode": "Never",
            "provideClusterInfo": self.provide_cluster_info,
        }});
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": self.cluster}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        });
        let file = folder.join("kubeconfig");
        fs::write(&file, escaped(&kubeconfig.to_string())).unwrap();
        let run = Command::new(kubecred_kubectl::kubectl())
            .args(["get", "--raw", "/version"])
            .env("KUBECONFIG", &file)
            .env("HOME", folder)
            .stdin(Stdio::null())
            .output()
            .expect("kubectl can be run");
        String::from_utf8_lossy(&run.stderr).into_owned()
    }
}

/// Spells out what JSON may hold as it is and YAML reads as a line break, or not at all.
fn escaped(json: &str) -> String {
    let odd = [('\u{7f}', "\\u007f"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];
    odd.into_iter().fold(json.to_owned(), |json, (char, escape)| json.replace(char, escape))
}
