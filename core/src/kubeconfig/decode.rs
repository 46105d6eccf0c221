//! One file's bytes into entries, in one walk over its nodes; every problem is reported, not the
//! first (KC-18…KC-31).

use super::entries::{
    AuthProvider, ClusterEntry, ContextEntry, EntryOrigin, ExecEntry, Kubeconfig, UserEntry,
};
use super::extension::Extension;
use super::problem::{ConfigError, Problem, ProblemKind, entry};
use super::shape::{Binary, List, Map, Text};
use crate::protocol::EnvVar;
use crate::secret::Secret;
use crate::yaml::{self, Limits, Node};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Deserialize;

/// Reads the content of a file; `file` is its name for problems and origins.
pub(super) fn decode(file: &str, bytes: &[u8]) -> Result<Kubeconfig, ConfigError> {
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

/// Something with a name in one of the three lists.
trait Entry: Default {
    /// The name of its list.
    const LIST: &'static str;
    /// What one of them is called, which is also the field that holds its body.
    const KIND: &'static str;
    /// Takes one field in.
    fn field(&mut self, decoder: &mut Decoder<'_>, body: &mut Body<'_>, key: &str, node: Node<'_>);
    /// Learns where it stands.
    fn set_origin(&mut self, origin: EntryOrigin);
}

impl Decoder<'_> {
    fn config(&mut self, root: Node<'_>, config: &mut Kubeconfig) {
        let mut top = Body { origin: EntryOrigin::new(self.file, root.line()), ..Body::default() };
        if !self.is::<Map>(&top, "", root) || !self.is_known_version(&mut top, root) {
            return;
        }
        for (key, node) in root.entries() {
            match key {
                "clusters" => config.clusters = self.entries(&top, node),
                "users" => config.users = self.entries(&top, node),
                "contexts" => config.contexts = self.entries(&top, node),
                "current-context" => {
                    config.current_context = self.read(&mut top, "current-context", node);
                }
                "extensions" => config.extensions = self.extensions(&top, node),
                "preferences" if self.is::<Map>(&top, "preferences", node) => {
                    let preferences = &mut config.preferences;
                    for (key, node) in node.entries() {
                        match key {
                            "colors" => preferences.colors = self.read(&mut top, "colors", node),
                            "extensions" => preferences.extensions = self.extensions(&top, node),
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
            let found = root.entries().filter(|(key, _)| key.eq_ignore_ascii_case(field));
            // Go meets the keys sorted, and the last one that matches wins.
            let text = match found.max_by_key(|(key, _)| *key) {
                Some((_, node)) => self.read(top, field, node),
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
            self.problems.push(problem.in_file(self.file, line));
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
                for (key, node) in node.entries() {
                    filled.field(self, &mut body, key, node);
                }
            }
            if entries.contains_key(body.name) {
                self.duplicate(body.title(), item.line());
            } else {
                filled.set_origin(body.origin);
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
            if extensions.contains_key(name) {
                let of = if owner.kind.is_empty() { "" } else { " of " };
                self.duplicate(
                    [&entry("extension", name), of, &owner.title()].concat(),
                    item.line(),
                );
            } else if let Some(node) = item.get("extension").filter(|node| !node.is_null()) {
                match node.deserialize() {
                    Ok(extension) => drop(extensions.insert(name.to_owned(), extension)),
                    Err(error) => self.malformed(owner, "extensions", node.line(), &error),
                }
            }
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

    /// One field, or the zero value and a problem.
    fn read<'d, T>(&mut self, body: &mut Body<'_>, field: &'static str, node: Node<'d>) -> T
    where
        T: Deserialize<'d> + Default,
    {
        body.origin.note(field, node.line());
        node.deserialize().unwrap_or_else(|error| {
            self.malformed(body, field, node.line(), &error);
            T::default()
        })
    }

    fn secret(&mut self, body: &mut Body<'_>, field: &'static str, node: Node<'_>) -> Secret {
        Secret::from(self.read::<Text<'_>>(body, field, node).0)
    }

    /// A `*-data` field (KC-28).
    fn data(&mut self, body: &mut Body<'_>, field: &'static str, node: Node<'_>) -> Secret {
        match self.read::<Binary>(body, field, node) {
            Binary::Bytes(bytes) => bytes,
            Binary::BadAt(byte) => {
                let problem = Problem::new(ProblemKind::Base64(byte)).of(&body.title());
                self.problems.push(problem.field(field).in_file(self.file, node.line()));
                Secret::default()
            }
        }
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
        let path = error.path();
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
        self.problems.push(
            Problem::new(ProblemKind::Malformed(error.message().to_owned()))
                .of(&body.title())
                .field(&field)
                .in_file(self.file, error.line().unwrap_or(line)),
        );
    }

    fn duplicate(&mut self, entry: String, line: u32) {
        let problem = Problem::new(ProblemKind::Duplicate).of(&entry);
        self.problems.push(problem.in_file(self.file, line));
    }

    fn exec(&mut self, body: &mut Body<'_>, node: Node<'_>) -> Option<ExecEntry> {
        body.origin.note("exec", node.line());
        if node.is_null() || !self.is::<Map>(body, "exec", node) {
            return None;
        }
        let mut exec = ExecEntry::default();
        for (key, node) in node.entries() {
            match key {
                "command" => exec.command = self.read(body, "exec.command", node),
                "args" => exec.args = self.read(body, "exec.args", node),
                "env" => {
                    let pairs = self.read::<Vec<NameAndValue<'_>>>(body, "exec.env", node);
                    exec.env = pairs.into_iter().map(EnvVar::from).collect();
                }
                "apiVersion" => exec.api_version = self.read(body, "exec.apiVersion", node),
                "installHint" => exec.install_hint = self.read(body, "exec.installHint", node),
                "provideClusterInfo" => {
                    exec.provide_cluster_info = self.read(body, "exec.provideClusterInfo", node);
                }
                "interactiveMode" => {
                    exec.interactive_mode = self.read(body, "exec.interactiveMode", node);
                }
                _ => {}
            }
        }
        // KC-30: the versions before v1 had no such field.
        if exec.interactive_mode.is_empty()
            && matches!(
                exec.api_version.as_str(),
                "client.authentication.k8s.io/v1beta1" | "client.authentication.k8s.io/v1alpha1"
            )
        {
            exec.interactive_mode = "IfAvailable".to_owned();
        }
        Some(exec)
    }

    fn auth_provider(&mut self, body: &mut Body<'_>, node: Node<'_>) -> Option<AuthProvider> {
        body.origin.note("auth-provider", node.line());
        if node.is_null() || !self.is::<Map>(body, "auth-provider", node) {
            return None;
        }
        let mut provider = AuthProvider::default();
        for (key, node) in node.entries() {
            match key {
                "name" => provider.name = self.read(body, "auth-provider.name", node),
                "config" => {
                    let config: BTreeMap<String, Text<'_>> =
                        self.read(body, "auth-provider.config", node);
                    let config =
                        config.into_iter().map(|(key, value)| (key, Secret::from(value.0)));
                    provider.config = config.collect();
                }
                _ => {}
            }
        }
        Some(provider)
    }
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

impl Entry for ClusterEntry {
    const LIST: &'static str = "clusters";
    const KIND: &'static str = "cluster";

    fn field(&mut self, d: &mut Decoder<'_>, body: &mut Body<'_>, key: &str, node: Node<'_>) {
        match key {
            "server" => self.server = d.read(body, "server", node),
            "tls-server-name" => self.tls_server_name = d.read(body, "tls-server-name", node),
            "insecure-skip-tls-verify" => {
                self.insecure_skip_tls_verify = d.read(body, "insecure-skip-tls-verify", node);
            }
            "certificate-authority" => {
                self.certificate_authority = d.read(body, "certificate-authority", node);
            }
            "certificate-authority-data" => {
                self.certificate_authority_data = d.data(body, "certificate-authority-data", node);
            }
            "proxy-url" => self.proxy_url = d.read(body, "proxy-url", node),
            "disable-compression" => {
                self.disable_compression = d.read(body, "disable-compression", node);
            }
            "extensions" => self.extensions = d.extensions(body, node),
            _ => {}
        }
    }

    fn set_origin(&mut self, origin: EntryOrigin) {
        self.origin = origin;
    }
}

impl Entry for UserEntry {
    const LIST: &'static str = "users";
    const KIND: &'static str = "user";

    fn field(&mut self, d: &mut Decoder<'_>, body: &mut Body<'_>, key: &str, node: Node<'_>) {
        match key {
            "client-certificate" => {
                self.client_certificate = d.read(body, "client-certificate", node);
            }
            "client-certificate-data" => {
                self.client_certificate_data = d.data(body, "client-certificate-data", node);
            }
            "client-key" => self.client_key = d.read(body, "client-key", node),
            "client-key-data" => self.client_key_data = d.data(body, "client-key-data", node),
            "token" => self.token = d.secret(body, "token", node),
            "tokenFile" => self.token_file = d.read(body, "tokenFile", node),
            "as" => self.impersonate_user = d.read(body, "as", node),
            "as-uid" => self.impersonate_uid = d.read(body, "as-uid", node),
            "as-groups" => self.impersonate_groups = d.read(body, "as-groups", node),
            "as-user-extra" => self.impersonate_extra = d.read(body, "as-user-extra", node),
            "username" => self.username = d.read(body, "username", node),
            "password" => self.password = d.secret(body, "password", node),
            "auth-provider" => self.auth_provider = d.auth_provider(body, node),
            "exec" => self.exec = d.exec(body, node),
            "extensions" => self.extensions = d.extensions(body, node),
            _ => {}
        }
    }

    fn set_origin(&mut self, origin: EntryOrigin) {
        self.origin = origin;
    }
}

impl Entry for ContextEntry {
    const LIST: &'static str = "contexts";
    const KIND: &'static str = "context";

    fn field(&mut self, d: &mut Decoder<'_>, body: &mut Body<'_>, key: &str, node: Node<'_>) {
        match key {
            "cluster" => self.cluster = d.read(body, "cluster", node),
            "user" => self.user = d.read(body, "user", node),
            "namespace" => self.namespace = d.read(body, "namespace", node),
            "extensions" => self.extensions = d.extensions(body, node),
            _ => {}
        }
    }

    fn set_origin(&mut self, origin: EntryOrigin) {
        self.origin = origin;
    }
}
