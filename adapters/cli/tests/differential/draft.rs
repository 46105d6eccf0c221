//! A kubeconfig to be, and everything around it that a program may take notice of: plain data, with
//! blanks for what is known only once a server runs.

use crate::case::{PATH, TOKEN};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The name of the entries that the kubeconfig leads to. There is a second of each, [`OTHER`].
pub(crate) const MAIN: &str = "main";

/// The name of the entries that are there to be chosen instead.
pub(crate) const OTHER: &str = "other";

/// The token of the other user, which the server lets in too.
pub(crate) const OTHER_TOKEN: &str = "good as well";

/// The usual plugin, which a stanza names `./plugin`.
pub(crate) const PLUGIN: &str = "plugin";

/// A kubeconfig and how it is used. Text may hold blanks, `«port»` and the like (`stage.rs`).
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) plain_http: bool,
    pub(crate) listen_on_ipv6: bool,
    /// Whether a proxy runs, and of which kind. Nothing leads there by that alone.
    pub(crate) proxy: Option<ProxyKind>,
    pub(crate) cluster: Map<String, Value>,
    pub(crate) user: Map<String, Value>,
    pub(crate) context: Map<String, Value>,
    /// Fields of the kubeconfig's root that take the place of the usual ones; null takes one out.
    pub(crate) root: Map<String, Value>,
    pub(crate) layout: Layout,
    pub(crate) files: BTreeMap<String, Node>,
    /// What a token file holds from the first request on.
    pub(crate) rotated: Option<String>,
    /// Where plugins stand; each gives the same answers.
    pub(crate) plugins: Vec<String>,
    pub(crate) answers: Vec<Reply>,
    pub(crate) flags: Vec<String>,
    pub(crate) environment: BTreeMap<String, Option<String>>,
    pub(crate) path: String,
    pub(crate) terminal: bool,
}

/// What stands in the directory of a case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Text(String),
    Folder,
    /// A symbolic link.
    Link(String),
}

/// A kind of proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyKind {
    Http,
    Https,
    Socks,
}

/// What a plugin answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// An ExecCredential of the version that the stanza names, with this status.
    Status(Value),
    /// This text. `«version»` in it is that version.
    Text(String),
    /// Nothing, and this exit status.
    Exit(u8),
    /// What a shell makes of this.
    Shell(String),
}

/// How the kubeconfig is written down, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layout {
    /// YAML in the file that `--kubeconfig` names.
    Yaml,
    /// JSON whose slashes are escaped, there.
    EscapedSlashes,
    /// Any other way.
    Odd(fn(&mut crate::layout::Written)),
}

impl Draft {
    /// A server by its address, its authority, a token that is good, and `/version` to get.
    pub(crate) fn usual() -> Self {
        Self {
            plain_http: false,
            listen_on_ipv6: false,
            proxy: None,
            cluster: object(json!({
                "server": "https://127.0.0.1:«port»",
                "certificate-authority-data": "«base64 ca»",
            })),
            user: object(json!({ "token": TOKEN })),
            context: object(json!({ "cluster": MAIN, "user": MAIN })),
            root: Map::new(),
            layout: Layout::Yaml,
            files: BTreeMap::new(),
            rotated: None,
            plugins: Vec::new(),
            answers: vec![Reply::Status(json!({ "token": TOKEN }))],
            flags: Vec::new(),
            environment: BTreeMap::new(),
            path: PATH.to_owned(),
            terminal: false,
        }
    }

    /// Sets fields of the cluster; null takes one out.
    pub(crate) fn cluster(&mut self, fields: Value) {
        overlay(&mut self.cluster, fields);
    }

    /// Sets fields of the user; null takes one out.
    pub(crate) fn user(&mut self, fields: Value) {
        overlay(&mut self.user, fields);
    }

    /// Makes this the whole user.
    pub(crate) fn user_is(&mut self, fields: Value) {
        self.user = object(fields);
    }

    /// Sets fields of the user's exec stanza; null takes one out.
    pub(crate) fn exec(&mut self, fields: Value) {
        let mut stanza = self.stanza().cloned().unwrap_or_default();
        overlay(&mut stanza, fields);
        self.user.insert("exec".to_owned(), stanza.into());
    }

    /// The user's exec stanza.
    pub(crate) fn stanza(&self) -> Option<&Map<String, Value>> {
        self.user.get("exec")?.as_object()
    }

    /// Sets keys of the auth-provider; null takes one out.
    pub(crate) fn provider(&mut self, fields: Value) {
        let config = self.user.get_mut("auth-provider").and_then(|p| p.get_mut("config"));
        if let Some(config) = config.and_then(Value::as_object_mut) {
            overlay(config, fields);
        }
    }

    pub(crate) fn context(&mut self, fields: Value) {
        overlay(&mut self.context, fields);
    }

    pub(crate) fn root(&mut self, fields: Value) {
        self.root.extend(object(fields));
    }

    pub(crate) fn file(&mut self, name: &str, text: &str) {
        self.files.insert(name.to_owned(), Node::Text(text.to_owned()));
    }

    pub(crate) fn flag(&mut self, flags: &[&str]) {
        self.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
    }

    pub(crate) fn env(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), Some(value.to_owned()));
    }

    pub(crate) fn answer(&mut self, status: Value) {
        self.answers = vec![Reply::Status(status)];
    }

    pub(crate) fn has(&self, field: &str) -> bool {
        self.user.contains_key(field)
    }

    /// A field of the user that is text and not empty.
    pub(crate) fn user_text(&self, field: &str) -> Option<&str> {
        self.user.get(field)?.as_str().filter(|text| !text.is_empty())
    }

    /// The value of a flag that is said as `--name=value`.
    pub(crate) fn flag_value(&self, name: &str) -> Option<&str> {
        let value = |flag: &'_ String| flag.strip_prefix(name)?.strip_prefix('=').map(str::len);
        let flag = self.flags.iter().rev().find(|flag| value(flag).is_some())?;
        flag.get(name.len() + 1..)
    }

    /// The kubeconfig, blanks and all.
    pub(crate) fn kubeconfig(&self) -> Value {
        let other = json!({
            "server": "https://localhost:«port»",
            "certificate-authority-data": "«base64 ca»",
        });
        let mut root = object(json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": MAIN,
            "clusters": [
                { "name": MAIN, "cluster": self.cluster },
                { "name": OTHER, "cluster": other },
            ],
            "users": [
                { "name": MAIN, "user": self.user },
                { "name": OTHER, "user": { "token": OTHER_TOKEN } },
            ],
            "contexts": [
                { "name": MAIN, "context": self.context },
                { "name": OTHER, "context": { "cluster": OTHER, "user": OTHER } },
            ],
        }));
        overlay(&mut root, self.root.clone().into());
        root.into()
    }
}

/// Lays fields over others; null takes one out.
fn overlay(under: &mut Map<String, Value>, fields: Value) {
    for (name, value) in object(fields) {
        match value {
            Value::Null => under.remove(&name),
            value => under.insert(name, value),
        };
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("fields, not {other}"),
    }
}
