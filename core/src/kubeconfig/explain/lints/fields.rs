//! Fields that are ignored: unknown ones, those in the wrong place, and those that are set twice.

use super::LintContext;
use super::nearest::nearest;
use crate::kubeconfig::entries::{ClusterEntry, ContextEntry, UserEntry};
use crate::kubeconfig::explain::explanation::Lint;
use crate::kubeconfig::setting::Entry;
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
fn lists() -> [(&'static str, &'static str, Vec<&'static str>); 3] {
    fn list<E: Entry>() -> (&'static str, &'static str, Vec<&'static str>) {
        let mut keys: Vec<_> = E::SETTINGS.iter().map(|setting| setting.key).collect();
        keys.sort_unstable();
        (E::LIST, E::KIND, keys)
    }
    [list::<ClusterEntry>(), list::<ContextEntry>(), list::<UserEntry>()]
}

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

/// The keys that are known in a mapping.
#[derive(Default)]
struct Place<'a> {
    known: &'a [&'static str],
    /// The entry that it is in.
    title: &'a str,
    /// Fields that would be known under another key.
    elsewhere: &'a [(&'a str, &'a [&'static str])],
}

/// The fields of one file.
struct Fields<'a> {
    path: &'a str,
    lints: Vec<Lint>,
}

impl Fields<'_> {
    fn root(&mut self, root: Node<'_>) {
        let lists = lists();
        let of = |known| Place { known, ..Place::default() };
        for (key, line, value) in root.fields() {
            let list = lists.iter().find(|(list, ..)| *list == key);
            if let Some((list, kind, known)) = list {
                value.items().for_each(|item| self.item(list, kind, known, item));
            } else if key == "preferences" {
                self.check(value, &of(PREFERENCES));
            } else if key == "extensions" {
                value.items().for_each(|item| self.check(item, &of(EXTENSION)));
            } else if !ROOT.iter().any(|known| known.eq_ignore_ascii_case(key)) {
                // `apiVersion` and `kind` are found whatever the case of their letters (KC-20).
                self.unknown(key, line, &of(ROOT));
            }
        }
    }

    /// An item of a list of entries: a name, and a body under a key of its own.
    fn item(&mut self, list: &str, kind: &'static str, known: &[&'static str], item: Node<'_>) {
        let name = item.get("name").and_then(|name| name.as_str()).unwrap_or_default();
        let title = &entry(kind, name);
        let of = |known| Place { known, title, elsewhere: &[] };
        let (around, inside) = ([(kind, known)], [(list, &["name"][..])]);
        self.check(item, &Place { known: &[kind, "name"], title, elsewhere: &around });
        let Some(body) = item.get(kind) else { return };
        // What belongs to the whole file, or beside the body, may stand in it.
        self.check(body, &Place { known, title, elsewhere: &inside });
        for (field, fields) in [("exec", EXEC), ("auth-provider", AUTH_PROVIDER)] {
            if let Some(value) = body.get(field).filter(|_| kind == "user") {
                self.check(value, &of(fields));
                let variables = value.get("env").into_iter().flat_map(|env| env.items());
                variables.for_each(|item| self.check(item, &of(VARIABLE)));
            }
        }
        let extensions = body.get("extensions").into_iter().flat_map(|list| list.items());
        extensions.for_each(|item| self.check(item, &of(EXTENSION)));
    }

    fn check(&mut self, map: Node<'_>, place: &Place<'_>) {
        for (key, line, _) in map.fields() {
            if !place.known.contains(&key) {
                self.unknown(key, line, place);
            }
        }
    }

    fn unknown(&mut self, key: &str, line: u32, place: &Place<'_>) {
        // A place for anchors, as Compose files have it.
        if key.starts_with("x-") || key.starts_with('.') {
            return;
        }
        let Place { known, title, elsewhere } = place;
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
