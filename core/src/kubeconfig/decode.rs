//! One file's bytes into entries, in one walk over its nodes; every problem is reported, not the
//! first (KC-18…KC-31).

use super::entries::{AuthProvider, EntryOrigin, ExecEntry, Kubeconfig};
use super::extension::Extension;
use super::setting::{Entry, FieldMut, setting};
use super::shape::{Binary, List, Map, Text, folded_field};
use crate::profile::problem::{ConfigError, Problem, ProblemKind, add, entry};
use crate::protocol::EnvVar;
use crate::secret::Secret;
use crate::yaml::{self, Limits, Node};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Deserialize;

/// Reads the content of a file; `file` is its name for problems and origins.
pub(crate) fn decode(file: &str, bytes: &[u8]) -> Result<Kubeconfig, ConfigError> {
    let mut decoder = Decoder { file, problems: Vec::new() };
    let mut config = Kubeconfig::default();
    match yaml::parse(bytes, &Limits::default()) {
        Ok(document) => {
            if let Some(root) = document.root() {
                decoder.config(root, &mut config);
            }
        }
        Err(error) => decoder.malformed(&Body::default(), "", 0, &error),
    }
    ConfigError::check(decoder.problems).map(|()| config)
}

struct Decoder<'f> {
    file: &'f str,
    problems: Vec<Problem>,
}

/// What is being filled: the name that problems quote, and the lines of its fields so far. The
/// kind is empty at top level.
#[derive(Default)]
struct Body<'n> {
    kind: &'static str,
    name: &'n str,
    origin: EntryOrigin,
}

impl Body<'_> {
    fn title(&self) -> String {
        if self.kind.is_empty() { String::new() } else { entry(self.kind, self.name) }
    }
}

/// A field's value, and the line that its key stands on.
#[derive(Clone, Copy)]
struct Value<'d> {
    line: u32,
    node: Node<'d>,
}

fn fields<'d>(node: Node<'d>) -> impl Iterator<Item = (&'d str, Value<'d>)> {
    node.fields().map(|(key, line, node)| (key, Value { line, node }))
}

impl Decoder<'_> {
    fn config(&mut self, root: Node<'_>, config: &mut Kubeconfig) {
        let mut top = Body { origin: EntryOrigin::new(self.file, root.line()), ..Body::default() };
        if !self.is::<Map>(&top, "", root) || !self.is_known_version(&mut top, root) {
            return;
        }
        for (key, value) in fields(root) {
            match key {
                "clusters" => config.clusters = self.entries(&top, value.node),
                "users" => config.users = self.entries(&top, value.node),
                "contexts" => config.contexts = self.entries(&top, value.node),
                "current-context" => {
                    config.current_context = self.read(&mut top, "current-context", value);
                }
                "extensions" => config.extensions = self.extensions(&top, value.node),
                "preferences" if self.is::<Map>(&top, "preferences", value.node) => {
                    let preferences = &mut config.preferences;
                    for (key, value) in fields(value.node) {
                        match key {
                            "colors" => preferences.colors = self.read(&mut top, "colors", value),
                            "extensions" => {
                                preferences.extensions = self.extensions(&top, value.node)
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        config.current_context_origin = top.origin;
    }

    /// `apiVersion` and `kind`, whatever the case of their letters (KC-20, KC-22).
    fn is_known_version(&mut self, top: &mut Body<'_>, root: Node<'_>) -> bool {
        let known = self.problems.len();
        let mut sniff = |field: &'static str, default: &str| -> String {
            let text = match folded_field(root, field) {
                Some((line, node)) => self.read(top, field, Value { line, node }),
                None => String::new(),
            };
            if text.is_empty() { default.to_owned() } else { text }
        };
        let api_version = sniff("apiVersion", "v1");
        let kind = sniff("kind", "Config");
        let right_version = matches!(api_version.as_str(), "v1" | "/v1" | "/");
        if self.problems.len() == known && !(right_version && kind == "Config") {
            let line = top.origin.line_of(if right_version { "kind" } else { "apiVersion" });
            let problem = Problem::new(ProblemKind::UnknownVersion { api_version, kind });
            add(&mut self.problems, problem.in_file(self.file, line));
        }
        self.problems.len() == known
    }

    /// A list of `{name, <body>}` (KC-26, KC-27).
    fn entries<T: Entry>(&mut self, top: &Body<'_>, list: Node<'_>) -> BTreeMap<String, T> {
        let mut entries = BTreeMap::new();
        for item in self.named(top, T::LIST, list) {
            let origin = EntryOrigin::new(self.file, item.line());
            let mut body = Body { kind: T::KIND, name: self.name(top, T::LIST, item), origin };
            let mut filled = T::default();
            if let Some(node) = item.get(T::KIND)
                && self.is::<Map>(&body, T::KIND, node)
            {
                for (key, value) in fields(node) {
                    self.field(&mut filled, &mut body, key, value);
                }
            }
            if entries.contains_key(body.name) {
                self.duplicate(body.title(), item.line());
            } else {
                *filled.origin_mut() = body.origin;
                entries.insert(body.name.to_owned(), filled);
            }
        }
        entries
    }

    /// A list of `{name, extension}`. A null does not reserve its name (KC-27).
    fn extensions(&mut self, owner: &Body<'_>, list: Node<'_>) -> BTreeMap<String, Extension> {
        let mut extensions = BTreeMap::new();
        for item in self.named(owner, "extensions", list) {
            let name = self.name(owner, "extensions", item);
            if extensions.get(name).is_some_and(|known: &Extension| !known.is_null()) {
                let of = if owner.kind.is_empty() { "" } else { " of " };
                self.duplicate(
                    [&entry("extension", name), of, &owner.title()].concat(),
                    item.line(),
                );
                continue;
            }
            let extension = match item.get("extension").map(|node| node.deserialize()) {
                None => Extension::default(),
                Some(Ok(extension)) => extension,
                Some(Err(error)) => {
                    self.malformed(owner, "extensions", item.line(), &error);
                    continue;
                }
            };
            extensions.insert(name.to_owned(), extension);
        }
        extensions
    }

    /// The items of a list of names and bodies, without those that are no such thing.
    fn named<'d>(&mut self, owner: &Body<'_>, field: &str, list: Node<'d>) -> Vec<Node<'d>> {
        if !self.is::<List>(owner, field, list) {
            return Vec::new();
        }
        list.items().filter(|item| self.is::<Map>(owner, field, *item)).collect()
    }

    fn name<'d>(&mut self, owner: &Body<'_>, list: &str, item: Node<'d>) -> &'d str {
        let Some(node) = item.get("name") else { return "" };
        match node.deserialize() {
            Ok(Text(name)) => name,
            Err(error) => {
                self.malformed(owner, &[list, ": name"].concat(), node.line(), &error);
                ""
            }
        }
    }

    /// Takes one field into an entry, if it is a setting of it.
    fn field<E: Entry>(&mut self, entry: &mut E, body: &mut Body<'_>, key: &str, value: Value<'_>) {
        let Some(setting) = setting::<E>(key) else { return };
        let key = setting.key;
        match (setting.get_mut)(entry) {
            FieldMut::Text(text) => *text = self.read(body, key, value),
            FieldMut::Secret(secret) => *secret = self.secret(body, key, value),
            FieldMut::Data(bytes) => *bytes = self.data(body, key, value),
            FieldMut::Flag(flag) => *flag = self.read(body, key, value),
            FieldMut::Texts(list) => *list = self.read(body, key, value),
            FieldMut::Lists(lists) => *lists = self.read(body, key, value),
            FieldMut::Provider(provider) => *provider = self.auth_provider(body, value),
            FieldMut::Exec(exec) => *exec = self.exec(body, value),
            FieldMut::Extensions(extensions) => *extensions = self.extensions(body, value.node),
        }
    }

    /// One field, or the zero value and a problem.
    fn read<'d, T>(&mut self, body: &mut Body<'_>, field: &'static str, value: Value<'d>) -> T
    where
        T: Deserialize<'d> + Default,
    {
        body.origin.note(field, value.line);
        value.node.deserialize().unwrap_or_else(|error| {
            self.malformed(body, field, value.line, &error);
            T::default()
        })
    }

    fn secret(&mut self, body: &mut Body<'_>, field: &'static str, value: Value<'_>) -> Secret {
        Secret::from(self.read::<Text<'_>>(body, field, value).0)
    }

    /// A `*-data` field (KC-28).
    fn data(&mut self, body: &mut Body<'_>, field: &'static str, value: Value<'_>) -> Secret {
        let kind = match self.read::<Binary>(body, field, value) {
            Binary::Bytes(bytes) => return bytes,
            Binary::BadAt(byte) => ProblemKind::Base64(byte),
            Binary::Pem => ProblemKind::PemNotBase64,
        };
        let problem = Problem::new(kind).of(&body.title());
        add(&mut self.problems, problem.field(field).in_file(self.file, value.line));
        Secret::default()
    }

    /// Whether the value is of this shape; a null is of any.
    fn is<'d, Shape: Deserialize<'d>>(
        &mut self,
        body: &Body<'_>,
        field: &str,
        node: Node<'d>,
    ) -> bool {
        match node.deserialize::<Shape>() {
            Ok(_) => true,
            Err(error) => {
                self.malformed(body, field, node.line(), &error);
                false
            }
        }
    }

    fn malformed(&mut self, body: &Body<'_>, field: &str, line: u32, error: &yaml::Error) {
        let path = public(error.path());
        let path = path.as_str();
        // Where a value stands as a field of its own, the path within it is empty.
        let joint = match (field, path) {
            ("", _) | (_, "") => "",
            (_, path) if path.starts_with('[') => "",
            _ => ".",
        };
        let mut field = [field, joint, path].concat();
        if !field.is_empty() {
            field.push(':');
        }
        add(
            &mut self.problems,
            Problem::new(ProblemKind::Malformed(error.message().to_owned()))
                .of(&body.title())
                .field(&field)
                .in_file(self.file, error.line().unwrap_or(line)),
        );
    }

    fn duplicate(&mut self, entry: String, line: u32) {
        let problem = Problem::new(ProblemKind::Duplicate).of(&entry);
        add(&mut self.problems, problem.in_file(self.file, line));
    }

    fn exec(&mut self, body: &mut Body<'_>, value: Value<'_>) -> Option<ExecEntry> {
        body.origin.note("exec", value.line);
        if value.node.is_null() || !self.is::<Map>(body, "exec", value.node) {
            return None;
        }
        let mut exec = ExecEntry::default();
        for (key, value) in fields(value.node) {
            match key {
                "command" => exec.command = self.read(body, "exec.command", value),
                "args" => exec.args = self.read(body, "exec.args", value),
                "env" => {
                    let pairs = self.read::<Vec<NameAndValue<'_>>>(body, "exec.env", value);
                    exec.env = pairs.into_iter().map(EnvVar::from).collect();
                }
                "apiVersion" => exec.api_version = self.read(body, "exec.apiVersion", value),
                "installHint" => exec.install_hint = self.read(body, "exec.installHint", value),
                "provideClusterInfo" => {
                    exec.provide_cluster_info = self.read(body, "exec.provideClusterInfo", value);
                }
                "interactiveMode" => {
                    exec.interactive_mode = self.read(body, "exec.interactiveMode", value);
                }
                _ => {}
            }
        }
        if exec.interactive_mode.is_empty() {
            exec.interactive_mode = exec.default_mode().to_owned();
        }
        Some(exec)
    }

    fn auth_provider(&mut self, body: &mut Body<'_>, value: Value<'_>) -> Option<AuthProvider> {
        body.origin.note("auth-provider", value.line);
        if value.node.is_null() || !self.is::<Map>(body, "auth-provider", value.node) {
            return None;
        }
        let mut provider = AuthProvider::default();
        for (key, value) in fields(value.node) {
            match key {
                "name" => provider.name = self.read(body, "auth-provider.name", value),
                "config" => {
                    let config: BTreeMap<String, Text<'_>> =
                        self.read(body, "auth-provider.config", value);
                    let config =
                        config.into_iter().map(|(key, value)| (key, Secret::from(value.0)));
                    provider.config.extend(config);
                }
                _ => {}
            }
        }
        Some(provider)
    }
}

/// A path with its known keys only: in a broken file another one may be a secret.
fn public(path: &str) -> String {
    let shown = path.split('.').map(|step| match step.split_once('[') {
        _ if matches!(step, "name" | "value") => step.to_owned(),
        Some(("", index)) => ["[", index].concat(),
        Some((_, index)) => ["?[", index].concat(),
        None if step.is_empty() => String::new(),
        None => "?".to_owned(),
    });
    shown.collect::<Vec<_>>().join(".")
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NameAndValue<'d> {
    name: String,
    #[serde(borrow)]
    value: Text<'d>,
}

impl From<NameAndValue<'_>> for EnvVar {
    fn from(pair: NameAndValue<'_>) -> Self {
        Self { name: pair.name, value: pair.value.0.into() }
    }
}
