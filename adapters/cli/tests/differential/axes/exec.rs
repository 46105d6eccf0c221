//! The exec stanza: which command, called how, told what.

use crate::axis::{Axis, no, ok};
use crate::draft::{Draft, Node};
use crate::plugin::{V1, V1BETA1};
use serde_json::json;

pub(crate) const AXES: &[Axis] =
    &[VERSIONS, COMMANDS, ARGUMENTS, VARIABLES, MODES, TERMINAL, CLUSTER_INFO, HINTS];

const EXEC: &[&str] = &["login=exec"];

pub(crate) fn has_exec(draft: &Draft) -> bool {
    draft.has("exec")
}

const VERSIONS: Axis = Axis {
    name: "exec version",
    with: EXEC,
    applies: has_exec,
    variants: &[
        ok("v1", |d| d.exec(json!({ "apiVersion": V1 }))),
        ok("v1beta1", |d| d.exec(json!({ "apiVersion": V1BETA1 }))),
        no("v1alpha1", |d| {
            d.exec(json!({ "apiVersion": "client.authentication.k8s.io/v1alpha1" }));
        }),
        no("v2", |d| d.exec(json!({ "apiVersion": "client.authentication.k8s.io/v2" }))),
        no("plain v1", |d| d.exec(json!({ "apiVersion": "v1" }))),
        no("none", |d| d.exec(json!({ "apiVersion": null }))),
        no("empty", |d| d.exec(json!({ "apiVersion": "" }))),
    ],
};

const COMMANDS: Axis = Axis {
    name: "command",
    with: EXEC,
    applies: has_exec,
    variants: &[
        ok("in a folder", |d| at(d, "bin/plugin")),
        ok("on PATH", |d| {
            d.plugins = vec!["tools/login".to_owned()];
            d.env("PATH", "«dir»/tools:«path»");
            d.exec(json!({ "command": "login" }));
        }),
        ok("absolute", |d| d.exec(json!({ "command": "«dir»/plugin" }))),
        ok("up and down", |d| d.exec(json!({ "command": "./no/../plugin" }))),
        ok("blanks in it", |d| at(d, "my plugin")),
        ok("a dollar in it", |d| at(d, "bin/$HOME")),
        ok("a link", |d| {
            d.files.insert("link".to_owned(), Node::Link("plugin".to_owned()));
            d.exec(json!({ "command": "./link" }));
        }),
        ok("slashes", |d| d.exec(json!({ "command": ".//plugin" }))),
        no("a trailing slash", |d| d.exec(json!({ "command": "./no-plugin/" }))),
        no("in the working directory only", |d| d.exec(json!({ "command": "plugin" }))),
        no("on a relative PATH", |d| {
            d.plugins = vec!["tools/login".to_owned()];
            d.env("PATH", "tools:«path»");
            d.exec(json!({ "command": "login" }));
        }),
        no("a path to nothing", |d| d.exec(json!({ "command": "./no/such/plugin" }))),
        no("a name of nothing", |d| d.exec(json!({ "command": "no-such-plugin" }))),
        no("a name of nothing, with a hint", |d| {
            d.exec(json!({ "command": "no-such-plugin", "installHint": "Get\n\u{1b}[1mit" }));
        }),
        no("a path to nothing, with a hint", |d| {
            d.exec(json!({ "command": "./no/such/plugin", "installHint": "Get it" }));
        }),
        no("a folder", |d| d.exec(json!({ "command": "./home" }))),
        no("not to be run", |d| {
            d.file("text", "#!/bin/sh\n");
            d.exec(json!({ "command": "./text" }));
        }),
        no("with a tilde", |d| d.exec(json!({ "command": "~/plugin" }))),
        no("empty", |d| d.exec(json!({ "command": "" }))),
        no("none", |d| d.exec(json!({ "command": null }))),
        no("words", |d| d.exec(json!({ "command": "./plugin get-token" }))),
    ],
};

/// Moves the plugin, and names it there.
fn at(draft: &mut Draft, place: &str) {
    draft.plugins = vec![place.to_owned()];
    draft.exec(json!({ "command": format!("./{place}") }));
}

const ARGUMENTS: Axis = Axis {
    name: "arguments",
    with: EXEC,
    applies: has_exec,
    variants: &[
        ok("some", |d| d.exec(json!({ "args": ["get-token", "--audience", "here"] }))),
        ok("odd", |d| {
            let odd = ["$HOME", "~", "*", "", "a b", "\"q\"", "'", "two\nlines", "é", "-", "--"];
            d.exec(json!({ "args": odd }));
        }),
        ok("an empty list", |d| d.exec(json!({ "args": [] }))),
        ok("blanks", |d| d.exec(json!({ "args": [" ", "\t", ""] }))),
        no("a number", |d| d.exec(json!({ "args": [1] }))),
        no("text", |d| d.exec(json!({ "args": "get-token" }))),
    ],
};

const VARIABLES: Axis = Axis {
    name: "variables",
    with: EXEC,
    applies: has_exec,
    variants: &[
        ok("one", |d| variables(d, &[("REGION", "eu")])),
        ok("empty", |d| variables(d, &[("REGION", "")])),
        ok("odd", |d| variables(d, &[("REGION", "$HOME a=b\n\"é\""), ("a.b-c", "x")])),
        ok("the parent's", |d| {
            d.env("REGION", "of the parent");
            variables(d, &[("REGION", "of the stanza")]);
        }),
        ok("twice", |d| variables(d, &[("A", "1"), ("B", "2"), ("A", "3")])),
        ok("HOME", |d| variables(d, &[("HOME", "/nowhere")])),
        ok("KUBERNETES_EXEC_INFO", |d| variables(d, &[("KUBERNETES_EXEC_INFO", "mine")])),
        ok("inherited KUBERNETES_EXEC_INFO", |d| d.env("KUBERNETES_EXEC_INFO", "inherited")),
        ok("an empty list", |d| d.exec(json!({ "env": [] }))),
        ok("without a value", |d| d.exec(json!({ "env": [{ "name": "REGION" }] }))),
        no("without a name", |d| d.exec(json!({ "env": [{ "value": "eu" }] }))),
        no("null", |d| d.exec(json!({ "env": [null] }))),
        no("a mapping", |d| d.exec(json!({ "env": { "REGION": "eu" } }))),
        no("NUL in a value", |d| variables(d, &[("REGION", "a\0b")])),
    ],
};

fn variables(draft: &mut Draft, pairs: &[(&str, &str)]) {
    let each = pairs.iter().map(|(name, value)| json!({ "name": name, "value": value }));
    draft.exec(json!({ "env": each.collect::<Vec<_>>() }));
}

const MODES: Axis = Axis {
    name: "mode",
    with: EXEC,
    applies: has_exec,
    variants: &[
        ok("IfAvailable", |d| d.exec(json!({ "interactiveMode": "IfAvailable" }))),
        no("Always", |d| d.exec(json!({ "interactiveMode": "Always" }))),
        no("none", |d| d.exec(json!({ "interactiveMode": null }))),
        no("empty", |d| d.exec(json!({ "interactiveMode": "" }))),
        no("unknown", |d| d.exec(json!({ "interactiveMode": "never" }))),
        ok("none, of v1beta1", |d| {
            d.exec(json!({ "apiVersion": V1BETA1, "interactiveMode": null }));
        }),
    ],
};

const TERMINAL: Axis = Axis {
    name: "terminal",
    with: EXEC,
    // Without a login kubectl would ask a person, who is not there, and wait.
    applies: has_exec,
    variants: &[
        ok("and Never", |d| d.terminal = true),
        ok("and IfAvailable", |d| {
            d.terminal = true;
            d.exec(json!({ "interactiveMode": "IfAvailable" }));
        }),
        ok("and Always", |d| {
            d.terminal = true;
            d.exec(json!({ "interactiveMode": "Always" }));
        }),
    ],
};

const CLUSTER_INFO: Axis = Axis {
    name: "cluster info",
    with: EXEC,
    applies: has_exec,
    variants: &[
        ok("provided", |d| d.exec(json!({ "provideClusterInfo": true }))),
        ok("not provided", |d| d.exec(json!({ "provideClusterInfo": false }))),
        ok("with an extension", |d| {
            d.exec(json!({ "provideClusterInfo": true }));
            let body = json!({ "z": "<&>", "a": [1, 2.50, null, "é"], "m": { "y": true } });
            extension(d, body);
        }),
        ok("with a text as extension", |d| {
            d.exec(json!({ "provideClusterInfo": true }));
            extension(d, json!("audience"));
        }),
        ok("with null as extension", |d| {
            d.exec(json!({ "provideClusterInfo": true }));
            extension(d, json!(null));
        }),
        ok("with everything", |d| {
            d.exec(json!({ "provideClusterInfo": true }));
            d.cluster(json!({ "tls-server-name": "api.internal", "disable-compression": true }));
            extension(d, json!({ "audience": "here" }));
        }),
        no("as text", |d| d.exec(json!({ "provideClusterInfo": "true" }))),
    ],
};

fn extension(draft: &mut Draft, body: serde_json::Value) {
    let name = "client.authentication.k8s.io/exec";
    draft.cluster(json!({ "extensions": [{ "name": name, "extension": body }] }));
}

const HINTS: Axis = Axis {
    name: "hint",
    with: EXEC,
    applies: has_exec,
    variants: &[
        ok("plain", |d| d.exec(json!({ "installHint": "Get it." }))),
        ok("with escapes", |d| d.exec(json!({ "installHint": "\u{1b}[31mred\u{7}" }))),
    ],
};
