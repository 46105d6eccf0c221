//! What a field says, fit to be shown: a secret is only said to be there.

use crate::certificate;
use crate::kubeconfig::entries::{ClusterEntry, ContextEntry, ExecEntry, UserEntry};
use crate::oauth::id_token;
use crate::redact;
use crate::secret::Secret;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The fields of an entry that matter to a connection, in the order of a profile.
pub(super) trait Shown {
    /// Their names.
    const FIELDS: &'static [&'static str];

    /// What a field says; `None` if it says nothing.
    fn shown(&self, field: &str) -> Option<String>;
}

impl Shown for ClusterEntry {
    const FIELDS: &'static [&'static str] = &[
        "server",
        "certificate-authority",
        "certificate-authority-data",
        "tls-server-name",
        "insecure-skip-tls-verify",
        "proxy-url",
        "disable-compression",
    ];

    fn shown(&self, field: &str) -> Option<String> {
        match field {
            "server" => (!self.server.is_empty()).then(|| redact::url(&self.server)),
            "certificate-authority" => text(&self.certificate_authority),
            "certificate-authority-data" => {
                secret(&self.certificate_authority_data).map(certificates)
            }
            "tls-server-name" => text(&self.tls_server_name),
            "insecure-skip-tls-verify" => flag(self.insecure_skip_tls_verify),
            "proxy-url" => (!self.proxy_url.is_empty()).then(|| redact::url(&self.proxy_url)),
            "disable-compression" => flag(self.disable_compression),
            _ => None,
        }
    }
}

impl Shown for UserEntry {
    const FIELDS: &'static [&'static str] = &[
        "client-certificate",
        "client-certificate-data",
        "client-key",
        "client-key-data",
        "token",
        "tokenFile",
        "username",
        "password",
        "auth-provider",
        "exec",
        "as",
        "as-uid",
        "as-groups",
        "as-user-extra",
    ];

    fn shown(&self, field: &str) -> Option<String> {
        match field {
            "client-certificate" => text(&self.client_certificate),
            "client-certificate-data" => secret(&self.client_certificate_data).map(certificates),
            "client-key" => text(&self.client_key),
            "client-key-data" => secret(&self.client_key_data).map(|_| hidden()),
            "token" => secret(&self.token).map(token),
            "tokenFile" => text(&self.token_file),
            "username" => text(&self.username).map(|_| hidden()),
            "password" => secret(&self.password).map(|_| hidden()),
            "auth-provider" => self.auth_provider.as_ref().map(|provider| provider.name.clone()),
            "exec" => self.exec.as_ref().map(plugin),
            "as" => text(&self.impersonate_user),
            "as-uid" => text(&self.impersonate_uid),
            "as-groups" => text(&self.impersonate_groups.join(", ")),
            "as-user-extra" => {
                let keys: Vec<&str> = self.impersonate_extra.keys().map(String::as_str).collect();
                text(&keys.join(", "))
            }
            _ => None,
        }
    }
}

impl Shown for ContextEntry {
    const FIELDS: &'static [&'static str] = &["cluster", "user", "namespace"];

    fn shown(&self, field: &str) -> Option<String> {
        match field {
            "cluster" => text(&self.cluster),
            "user" => text(&self.user),
            "namespace" => text(&self.namespace),
            _ => None,
        }
    }
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| redact::text(text).into_owned())
}

fn flag(flag: bool) -> Option<String> {
    flag.then(|| "true".to_owned())
}

fn secret(secret: &Secret) -> Option<&Secret> {
    (!secret.is_empty()).then_some(secret)
}

fn hidden() -> String {
    "(hidden)".to_owned()
}

/// A plugin's command line. Of its variables there are the names alone.
fn plugin(exec: &ExecEntry) -> String {
    let words = core::iter::once(&exec.command).chain(&exec.args).map(String::as_str);
    let mut line = redact::arguments(words);
    if !exec.env.is_empty() {
        let names: Vec<_> = exec.env.iter().map(|variable| redact::text(&variable.name)).collect();
        line.extend([", with ", &names.join(", ")]);
    }
    line
}

fn certificates(pem: &Secret) -> String {
    let mut each = certificate::validities(pem.expose());
    match (each.next(), each.count()) {
        (None, _) => hidden(),
        (Some((_, None)), 0) => "a certificate without expiry".to_owned(),
        (Some((_, Some(end))), 0) => format!("a certificate, expires {end}"),
        (Some(_), more) => format!("{} certificates", more + 1),
    }
}

fn token(token: &Secret) -> String {
    match id_token::expiry(token) {
        Ok(Some(end)) => ["(hidden) JWT, expires ", &end.to_string()].concat(),
        Ok(None) => "(hidden) JWT without expiry".to_owned(),
        Err(_) => hidden(),
    }
}
