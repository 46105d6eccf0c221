//! A kubeconfig in memory: clusters, users and contexts by name, each knowing where it came from.

use super::extension::Extension;
use crate::profile::{Notice, Origin};
use crate::protocol::EnvVar;
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Several kubeconfig files merged into one (KC-32…KC-35), or one made by hand.
///
/// An empty text, list or secret is the same as none, as in the files themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct Kubeconfig {
    /// The name of the context that is used unless another is asked for.
    pub current_context: String,
    /// Where `current_context` was set.
    pub current_context_origin: EntryOrigin,
    /// The servers, by name.
    pub clusters: BTreeMap<String, ClusterEntry>,
    /// The ways to authenticate, by name.
    pub users: BTreeMap<String, UserEntry>,
    /// The pairs of a server and a user, by name.
    pub contexts: BTreeMap<String, ContextEntry>,
    /// Settings of a file's author, by name.
    pub extensions: BTreeMap<String, Extension>,
    /// Settings of kubectl's; deprecated.
    pub preferences: Preferences,
    /// The files it was read from, in order of precedence.
    pub files: Vec<String>,
    /// The files that were looked for and are not there.
    pub missing: Vec<String>,
    /// What a person should know about how it was loaded.
    pub notices: Vec<Notice>,
}

/// A server, and how to reach it.
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct ClusterEntry {
    /// `server`.
    pub server: String,
    /// `tls-server-name`.
    pub tls_server_name: String,
    /// `insecure-skip-tls-verify`.
    pub insecure_skip_tls_verify: bool,
    /// `certificate-authority`: the path of a PEM file.
    pub certificate_authority: String,
    /// `certificate-authority-data`: PEM, decoded.
    pub certificate_authority_data: Secret,
    /// `proxy-url`. It may hold a password; `Debug` hides it.
    pub proxy_url: String,
    /// `disable-compression`.
    pub disable_compression: bool,
    /// `extensions`, by name.
    pub extensions: BTreeMap<String, Extension>,
    /// Where it stands.
    pub origin: EntryOrigin,
}

/// A way to authenticate.
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct UserEntry {
    /// `client-certificate`: the path of a PEM file.
    pub client_certificate: String,
    /// `client-certificate-data`: PEM, decoded.
    pub client_certificate_data: Secret,
    /// `client-key`: the path of a PEM file.
    pub client_key: String,
    /// `client-key-data`: PEM, decoded.
    pub client_key_data: Secret,
    /// `token`.
    pub token: Secret,
    /// `tokenFile`: a path.
    pub token_file: String,
    /// `as`: the user to impersonate.
    pub impersonate_user: String,
    /// `as-uid`.
    pub impersonate_uid: String,
    /// `as-groups`.
    pub impersonate_groups: Vec<String>,
    /// `as-user-extra`. `Debug` shows the keys.
    pub impersonate_extra: BTreeMap<String, Vec<String>>,
    /// `username`.
    pub username: String,
    /// `password`.
    pub password: Secret,
    /// `auth-provider`.
    pub auth_provider: Option<AuthProvider>,
    /// `exec`.
    pub exec: Option<ExecEntry>,
    /// `extensions`, by name.
    pub extensions: BTreeMap<String, Extension>,
    /// Where it stands.
    pub origin: EntryOrigin,
}

/// A server and a user that belong together.
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct ContextEntry {
    /// `cluster`: the name of one.
    pub cluster: String,
    /// `user`: the name of one.
    pub user: String,
    /// `namespace`: for requests that name none.
    pub namespace: String,
    /// `extensions`, by name.
    pub extensions: BTreeMap<String, Extension>,
    /// Where it stands.
    pub origin: EntryOrigin,
}

/// An exec plugin as a kubeconfig has it. `Debug` hides arguments and values (KC-95).
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct ExecEntry {
    /// `command`.
    pub command: String,
    /// `args`.
    pub args: Vec<String>,
    /// `env`, in order.
    pub env: Vec<EnvVar>,
    /// `apiVersion`.
    pub api_version: String,
    /// `installHint`.
    pub install_hint: String,
    /// `provideClusterInfo`.
    pub provide_cluster_info: bool,
    /// `interactiveMode`; empty is no valid choice, but see KC-30.
    pub interactive_mode: String,
}

impl fmt::Debug for ExecEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecEntry")
            .field("command", &self.command)
            .field("args", &format_args!("[{} hidden]", self.args.len()))
            .field("env", &self.env)
            .field("api_version", &self.api_version)
            .field("install_hint", &self.install_hint)
            .field("provide_cluster_info", &self.provide_cluster_info)
            .field("interactive_mode", &self.interactive_mode)
            .finish()
    }
}

impl ExecEntry {
    /// The `interactiveMode` of one that has none: before v1 there was no such field (KC-30).
    pub(super) fn default_mode(&self) -> &'static str {
        match self.api_version.as_str() {
            "client.authentication.k8s.io/v1beta1" | "client.authentication.k8s.io/v1alpha1" => {
                "IfAvailable"
            }
            _ => "",
        }
    }
}

/// The old way to authenticate by something else than this file (`auth-provider`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct AuthProvider {
    /// `name`.
    pub name: String,
    /// `config`: refresh tokens, client secrets and the like, by name.
    pub config: BTreeMap<String, Secret>,
}

/// `preferences`, deprecated since Kubernetes 1.34.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "people build one by hand")]
pub struct Preferences {
    /// `colors`.
    pub colors: bool,
    /// `extensions`, by name.
    pub extensions: BTreeMap<String, Extension>,
}

/// Where an entry stands: a file, a line, and the lines of its fields. All empty for one made by
/// hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryOrigin {
    /// The file as it was named; empty for bytes without a file.
    pub path: String,
    /// Counted from 1; 0 if unknown.
    pub line: u32,
    fields: Vec<(&'static str, u32)>,
}

impl EntryOrigin {
    pub(super) fn new(path: &str, line: u32) -> Self {
        Self { path: path.to_owned(), line, fields: Vec::new() }
    }

    pub(super) fn note(&mut self, field: &'static str, line: u32) {
        self.fields.push((field, line));
    }

    /// The line that a field stands on: `token`, `exec`, `exec.command`. If the field is not known
    /// to be there, that of what it would be in.
    pub fn line_of(&self, field: &str) -> u32 {
        let line = |name: &str| self.fields.iter().find(|(known, _)| *known == name);
        let parent = || field.split_once('.').and_then(|(parent, _)| line(parent));
        line(field).or_else(parent).map_or(self.line, |(_, line)| *line)
    }

    /// The origin of a field. `entry` is the entry's name in full: `user "dev"`.
    pub(crate) fn of_field(&self, entry: &str, field: &str) -> Origin {
        Origin::File { path: self.path.clone(), entry: entry.to_owned(), line: self.line_of(field) }
    }
}

impl Kubeconfig {
    /// Whether nothing at all is in it (KC-60). Empty files make an empty configuration.
    pub fn is_empty(&self) -> bool {
        self.current_context.is_empty()
            && self.clusters.is_empty()
            && self.users.is_empty()
            && self.contexts.is_empty()
            && self.extensions.is_empty()
            && self.preferences == Preferences::default()
    }
}

impl ClusterEntry {
    /// Whether no file has it and no field is set (KC-51).
    pub(super) fn is_empty(&self) -> bool {
        self.origin.path.is_empty()
            && *self == Self { origin: self.origin.clone(), ..Self::default() }
    }
}
