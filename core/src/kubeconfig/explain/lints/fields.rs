//! Fields that are ignored: unknown ones, those in the wrong place, and those that are set twice.

use super::LintContext;
use super::nearest::nearest;
use crate::kubeconfig::explain::explanation::Lint;
use crate::profile::Origin;
use crate::profile::problem::entry;
use crate::redact::quoted;
use crate::yaml::{Limits, Node, parse_with_layout};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// No more of them are told: a file that is no kubeconfig has nothing else.
const MOST: usize = 20;

const ROOT: &[&str] = &[
    "apiVersion",
    "clusters",
    "contexts",
    "current-context",
    "extensions",
    "kind",
    "preferences",
    "users",
];
const PREFERENCES: &[&str] = &["colors", "extensions"];
const EXTENSION: &[&str] = &["extension", "name"];
const EXEC: &[&str] = &[
    "apiVersion",
    "args",
    "command",
    "env",
    "installHint",
    "interactiveMode",
    "provideClusterInfo",
];
const VARIABLE: &[&str] = &["name", "value"];
const AUTH_PROVIDER: &[&str] = &["config", "name"];
/// The lists of entries: the list, what one of them is called, and the fields of its body.
const LISTS: [(&str, &str, &[&str]); 3] = [
    (
        "clusters",
        "cluster",
        &[
            "certificate-authority",
            "certificate-authority-data",
            "disable-compression",
            "extensions",
            "insecure-skip-tls-verify",
            "proxy-url",
            "server",
            "tls-server-name",
        ],
    ),
    ("contexts", "context", &["cluster", "extensions", "namespace", "user"]),
    (
        "users",
        "user",
        &[
            "as",
            "as-groups",
            "as-uid",
            "as-user-extra",
            "auth-provider",
            "client-certificate",
            "client-certificate-data",
            "client-key",
            "client-key-data",
            "exec",
            "extensions",
            "password",
            "token",
            "tokenFile",
            "username",
        ],
    ),
];

impl LintContext<'_> {
    pub(super) fn fields(&self, lints: &mut Vec<Lint>) {
        for path in self.inputs.search.paths() {
            let Some(contents) = self.content(path) else { continue };
            let Ok(document) = parse_with_layout(contents.expose(), &Limits::default()) else {
                continue;
            };
            let mut fields = Fields { path, lints: Vec::new() };
            if let Some(root) = document.root() {
                fields.root(root);
            }
            for (key, line) in document.repeated_keys() {
                let text = format!("{} is set twice here; the last one counts", quoted(key));
                let lint = Lint::warning("duplicate-key", "KC-21", text);
                fields.push(lint.advise("Remove one of them."), "", line);
            }
            lints.append(&mut fields.lints);
        }
    }
}

/// The fields of one file.
struct Fields<'a> {
    path: &'a str,
    lints: Vec<Lint>,
}

impl Fields<'_> {
    fn root(&mut self, root: Node<'_>) {
        for (key, line, value) in root.fields() {
            let list = LISTS.iter().find(|(list, ..)| *list == key);
            if let Some((list, kind, known)) = list {
                value.items().for_each(|item| self.item(list, kind, known, item));
            } else if key == "preferences" {
                self.check(value, PREFERENCES, "", &[]);
            } else if key == "extensions" {
                value.items().for_each(|item| self.check(item, EXTENSION, "", &[]));
            } else if !ROOT.iter().any(|known| known.eq_ignore_ascii_case(key)) {
                // `apiVersion` and `kind` are found whatever the case of their letters (KC-20).
                self.unknown(key, line, ROOT, "", &[]);
            }
        }
    }

    /// An item of a list of entries: a name, and a body under a key of its own.
    fn item(&mut self, list: &str, kind: &'static str, known: &[&'static str], item: Node<'_>) {
        let name = item.get("name").and_then(|name| name.as_str()).unwrap_or_default();
        let title = entry(kind, name);
        self.check(item, &[kind, "name"], &title, &[(kind, known)]);
        let Some(body) = item.get(kind) else { return };
        // What belongs to the whole file, or beside the body, may stand in it.
        self.check(body, known, &title, &[(list, &["name"])]);
        for (field, fields) in [("exec", EXEC), ("auth-provider", AUTH_PROVIDER)] {
            if let Some(value) = body.get(field).filter(|_| kind == "user") {
                self.check(value, fields, &title, &[]);
                let variables = value.get("env").into_iter().flat_map(|env| env.items());
                variables.for_each(|item| self.check(item, VARIABLE, &title, &[]));
            }
        }
        let extensions = body.get("extensions").into_iter().flat_map(|list| list.items());
        extensions.for_each(|item| self.check(item, EXTENSION, &title, &[]));
    }

    /// The keys of a mapping. `elsewhere`: fields that would be known under another key.
    fn check(
        &mut self,
        map: Node<'_>,
        known: &[&'static str],
        title: &str,
        elsewhere: &[(&str, &[&'static str])],
    ) {
        for (key, line, _) in map.fields() {
            if !known.contains(&key) {
                self.unknown(key, line, known, title, elsewhere);
            }
        }
    }

    fn unknown(
        &mut self,
        key: &str,
        line: u32,
        known: &[&'static str],
        title: &str,
        elsewhere: &[(&str, &[&'static str])],
    ) {
        // A place for anchors, as Compose files have it.
        if key.starts_with("x-") || key.starts_with('.') {
            return;
        }
        let home = elsewhere.iter().find(|(_, fields)| fields.contains(&key));
        let (code, text, advice) = match home {
            Some((parent, _)) => {
                let text = format!("{} is ignored here: it belongs under {parent}", quoted(key));
                ("misplaced-field", text, "Indent it.".into())
            }
            None => {
                let known = known.iter().chain(elsewhere.iter().flat_map(|(_, fields)| *fields));
                let advice = nearest(key, known.copied())
                    .map_or_else(String::new, |name| format!("Did you mean {name}?"));
                ("unknown-field", format!("{} is not a known field", quoted(key)), advice)
            }
        };
        self.push(Lint::warning(code, "KC-20", text).advise(advice), title, line);
    }

    fn push(&mut self, lint: Lint, title: &str, line: u32) {
        if self.lints.len() < MOST {
            let (path, entry) = (self.path.into(), title.into());
            self.lints.push(lint.at(Origin::File { path, entry, line }));
        }
    }
}
