//! How a kubeconfig comes to a program: written in one style or another, in one file or several,
//! found by a flag or by variables.

use crate::draft::{Draft, Layout, Node};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is written down, and how it is to be found.
#[derive(Clone)]
pub(crate) struct Written {
    /// The kubeconfig, without blanks.
    pub(crate) config: Value,
    pub(crate) files: BTreeMap<String, Node>,
    pub(crate) flags: Vec<String>,
    pub(crate) environment: BTreeMap<String, String>,
}

impl Written {
    /// The draft's kubeconfig, whose blanks are filled in already.
    pub(crate) fn new(draft: &Draft, config: Value) -> Self {
        let mut written = Self {
            config,
            files: BTreeMap::new(),
            flags: Vec::new(),
            environment: BTreeMap::new(),
        };
        match draft.layout {
            Layout::Yaml => written.text_of(yaml),
            Layout::EscapedSlashes => {
                written.text_of(|config| json_line(config).replace('/', "\\/"));
            }
            Layout::Odd(write) => write(&mut written),
        }
        written
    }

    /// One file, named by `--kubeconfig`.
    pub(crate) fn text(&mut self, text: &str) {
        self.text_in("config", text);
    }

    /// One file of that name, named by `--kubeconfig`.
    pub(crate) fn text_in(&mut self, name: &str, text: &str) {
        self.put(name, text);
        self.flag(name);
    }

    /// One file, as `write` writes it, named by `--kubeconfig`.
    pub(crate) fn text_of(&mut self, write: fn(&Value) -> String) {
        let text = write(&self.config);
        self.text(&text);
    }

    /// The kubeconfig as YAML, in a file that is still to be named.
    pub(crate) fn put_yaml(&mut self, name: &str) {
        let text = yaml(&self.config);
        self.put(name, &text);
    }

    /// A file that is still to be named.
    pub(crate) fn put(&mut self, name: &str, text: &str) {
        self.files.insert(name.to_owned(), Node::Text(text.to_owned()));
    }

    pub(crate) fn flag(&mut self, name: &str) {
        self.flags = ["--kubeconfig".to_owned(), name.to_owned()].into();
    }

    pub(crate) fn env(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Takes these lists out of the kubeconfig, and gives them as one of their own.
    pub(crate) fn split(&mut self, fields: &[&str]) -> Value {
        let whole = self.config.as_object_mut().expect("a kubeconfig is an object");
        let taken =
            fields.iter().filter_map(|name| Some(((*name).to_owned(), whole.remove(*name)?)));
        taken.collect::<Map<_, _>>().into()
    }
}

/// Block style, as tools write it.
pub(crate) fn yaml(config: &Value) -> String {
    serde_yaml::to_string(config).expect("JSON can be written as YAML")
}

/// One line.
pub(crate) fn json_line(config: &Value) -> String {
    config.to_string()
}

/// Many lines.
pub(crate) fn json_lines(config: &Value) -> String {
    serde_json::to_string_pretty(config).expect("JSON")
}

/// A kubeconfig that would lead elsewhere.
pub(crate) fn decoy() -> String {
    yaml(&json!({
        "current-context": "decoy",
        "contexts": [{ "name": "decoy", "context": { "cluster": "decoy", "user": "decoy" } }],
        "clusters": [{ "name": "decoy", "cluster": { "server": "https://127.0.0.1:1" } }],
        "users": [{ "name": "decoy", "user": { "token": "of the decoy" } }],
    }))
}
