//! What the blanks of a draft stand for: where things are, and certificates and keys.

use crate::draft::Node;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kubecred_loopback::{Authority, Issued};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

/// The authority of every server and proxy.
pub(crate) static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new("kubernetes"));

/// The texts that the blanks stand for, by their names.
#[derive(Clone)]
pub(crate) struct Blanks(BTreeMap<&'static str, String>);

impl Blanks {
    /// Certificates and keys.
    pub(crate) fn new() -> Self {
        static PEM: LazyLock<Blanks> = LazyLock::new(pem);
        PEM.clone()
    }

    pub(crate) fn set(&mut self, name: &'static str, text: impl Into<String>) {
        self.0.insert(name, text.into());
    }

    /// The text with its blanks filled in.
    ///
    /// `«base64 NAME»` is the base64 of what `«NAME»` is, and `«base64-lines NAME»` the same broken
    /// into lines.
    pub(crate) fn fill(&self, text: &str) -> String {
        let Some((before, rest)) = text.split_once('«') else { return text.to_owned() };
        let (name, after) = rest.split_once('»').expect("a blank ends");
        format!("{before}{}{}", self.get(name), self.fill(after))
    }

    fn get(&self, name: &str) -> String {
        if let Some(name) = name.strip_prefix("base64 ") {
            return STANDARD.encode(self.get(name));
        }
        if let Some(name) = name.strip_prefix("base64-lines ") {
            let data = STANDARD.encode(self.get(name)).into_bytes();
            let lines = data.chunks(64).map(String::from_utf8_lossy);
            return lines.collect::<Vec<_>>().join("\n");
        }
        self.0.get(name).unwrap_or_else(|| panic!("no blank is called {name:?}")).clone()
    }

    /// The same in every text of a JSON value, keys left alone.
    pub(crate) fn fill_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.fill(text).into(),
            Value::Array(items) => items.iter().map(|item| self.fill_json(item)).collect(),
            Value::Object(fields) => {
                let filled = |(key, value): (&String, _)| (key.clone(), self.fill_json(value));
                Value::Object(fields.iter().map(filled).collect())
            }
            other => other.clone(),
        }
    }

    pub(crate) fn fill_node(&self, node: &Node) -> Node {
        match node {
            Node::Text(text) => Node::Text(self.fill(text)),
            other => other.clone(),
        }
    }
}

/// A certificate or key of `tests/vectors/certificates`.
macro_rules! vector {
    ($file:literal) => {
        include_str!(concat!("../../../../tests/vectors/certificates/", $file))
    };
}

fn pem() -> Blanks {
    let mut blanks = Blanks(BTreeMap::new());
    let authority = &*AUTHORITY;
    let ca = authority.certificate_pem();
    let other = Authority::new("other");
    let jane = authority.client("jane", &["a"]);
    let pairs: [(&str, &str, Issued); 4] = [
        ("crt", "key", jane.clone()),
        ("stranger-crt", "stranger-key", other.client("jane", &["a"])),
        ("chain-crt", "chain-key", authority.intermediate("office").client("jane", &["a"])),
        ("expired-crt", "expired-key", expired(authority)),
    ];
    for (certificate, key, issued) in pairs {
        blanks.set(certificate, issued.certificate_pem());
        blanks.set(key, issued.key_pem());
    }
    for (name, text) in [
        ("rsa-crt", vector!("rsa.crt")),
        ("rsa-key", vector!("rsa.pkcs1.key")),
        ("p256-crt", vector!("p256.crt")),
        ("p256-sec1-key", vector!("p256.sec1.key")),
        ("p256-parameters-key", vector!("p256.with-parameters.key")),
        ("p256-encrypted-key", vector!("p256.encrypted.key")),
        ("p384-crt", vector!("p384.crt")),
        ("p384-sec1-key", vector!("p384.sec1.key")),
        ("ed25519-crt", vector!("ed25519.crt")),
        ("ed25519-key", vector!("ed25519.pkcs8.key")),
    ] {
        blanks.set(name, text);
    }
    let around = |text: &str| format!("subject=/CN=kubernetes\n\n{text}\nthat was it\n");
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let (certificate, key) = (jane.certificate_pem(), jane.key_pem());
    blanks.set("crt-and-key", format!("{certificate}{key}"));
    blanks.set("crt-in-text", around(certificate));
    blanks.set("key-in-text", around(key));
    blanks.set("crlf-crt", crlf(certificate));
    blanks.set("crlf-key", crlf(key));
    blanks.set("ca", ca);
    blanks.set("other-ca", other.certificate_pem());
    blanks.set("two-cas", format!("{}{ca}", other.certificate_pem()));
    blanks.set("ca-in-text", around(ca));
    blanks.set("crlf-ca", crlf(ca));
    blanks.set("ca-and-key", format!("{key}{ca}"));
    blanks.set("torn-ca", &ca[..ca.len() / 2]);
    blanks.set("hollow", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    blanks
}

fn expired(authority: &Authority) -> Issued {
    let day = Duration::from_secs(86_400);
    let now = SystemTime::now();
    authority.client_valid("jane", &["a"], now - 3 * day, now - 2 * day)
}
