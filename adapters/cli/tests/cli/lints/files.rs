//! Kubeconfig files, and what is selected in them.

use super::Case;
use super::setup::Setup;

/// Where files are, what is in them, and who may read them.
pub(super) fn of_files() -> Vec<Case> {
    let file = |text: &str| Setup::file(text);
    let users = "users: [{name: u, user: {token: t}}";
    vec![
        ("no-configuration", Setup::file("").variable("KUBECONFIG", "gone"), Setup::user("{}")),
        (
            "missing-files",
            Setup::user("{}").variable("KUBECONFIG", "gone:lost"),
            Setup::user("{}").variable("KUBECONFIG", "gone:config"),
        ),
        (
            "missing-file",
            Setup::user("{}").variable("KUBECONFIG", "gone:config"),
            Setup::user("{}").variable("KUBECONFIG", "config::config"),
        ),
        (
            "unexpanded-path",
            Setup::user("{}").variable("KUBECONFIG", "~/x:config"),
            Setup::user("{}").variable("KUBECONFIG", "x~:config"),
        ),
        (
            "no-files",
            Setup::user("{}").variable("KUBECONFIG", ":"),
            Setup::user("{}").variable("KUBECONFIG", "").flag("--kubeconfig=config"),
        ),
        (
            "unreadable-kubeconfig",
            Setup::user("{}").flag("--kubeconfig=gone"),
            Setup::user("{}").flag("--kubeconfig=./config"),
        ),
        ("malformed-kubeconfig", file("users: {a: b}"), file("users: [{name: b, user: {x: {}}}]")),
        (
            "bad-base64",
            Setup::user("{client-key-data: 'a b'}"),
            Setup::user("{client-key-data: aGk=}"),
        ),
        (
            "content-not-path",
            Setup::user("{tokenFile: eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmVk}"),
            Setup::user("{tokenFile: eyJ/token}"),
        ),
        (
            "unknown-field",
            Setup::user("{token-file: t}"),
            Setup::user("{extensions: [{name: e, extension: {token-file: t}}]}"),
        ),
        (
            "misplaced-field",
            Setup::user("{}").edit("namespace: ns}}", "}, namespace: ns}"),
            Setup::user("{}"),
        ),
        (
            "duplicate-key",
            Setup::user("{token: a, token: b}"),
            Setup::user("{token: a, username: ''}"),
        ),
        (
            "unrendered-template",
            file("clusters: {{ .clusters }}"),
            Setup::user("{exec: {command: '{{x}}'}}"),
        ),
        ("unknown-version", file("apiVersion: v2"), file("apiVersion: v1\nkind: Config")),
        (
            "duplicate-name",
            file(&format!("{users}, {{name: u}}]")),
            file(&format!("{users}, {{name: U}}]")),
        ),
        (
            "masked-entry",
            Setup::user("{}")
                .with("b", "users: [{name: u}]", 0o600)
                .variable("KUBECONFIG", "config:b"),
            Setup::user("{}")
                .with("b", "users: [{name: v}]", 0o600)
                .variable("KUBECONFIG", "config:b"),
        ),
        (
            "readable-kubeconfig",
            Setup::user("{token: t}").mode(0o644),
            Setup::user("{tokenFile: t}").mode(0o644),
        ),
    ]
}

/// Contexts, and what they name.
pub(super) fn of_selections() -> Vec<Case> {
    let file = |text: &str| Setup::file(text);
    vec![
        ("no-context", file("contexts: [{name: x}]"), Setup::user("{}")),
        ("missing-context", file("current-context: z\ncontexts: [{name: x}]"), Setup::user("{}")),
        ("no-such-entry", Setup::user("{}").flag("--user=v"), Setup::user("{}").flag("--user=u")),
        (
            "missing-cluster",
            file("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]"),
            file(
                "current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n\
                 clusters: [{name: c, cluster: {server: h}}]",
            ),
        ),
        ("missing-user", Setup::user("{}").edit("user: u,", "user: v,"), Setup::user("{}")),
        (
            "bad-namespace",
            Setup::user("{}").edit("namespace: ns", "namespace: Ns"),
            Setup::user("{}").flag("--namespace=n-1"),
        ),
    ]
}
