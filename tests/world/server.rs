//! The API server of this world: it knows what it issued, by its own clock, and answers 401 to
//! everything else.

use crate::{CANARY, Served, certificates};
use kubecred_core::UnixTime;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// When the tokens that plugins printed end.
#[derive(Debug, Default)]
pub(crate) struct Issued {
    ends: BTreeMap<String, Option<UnixTime>>,
    refused: BTreeSet<String>,
    everything: bool,
}

impl Issued {
    pub(crate) fn record(&mut self, token: &str, end: Option<UnixTime>) {
        self.ends.insert(token.into(), end);
    }

    pub(crate) fn revoke(&mut self, name: &str) {
        match name {
            "*" => self.everything = true,
            _ => _ = self.refused.insert(name.into()),
        }
    }

    pub(crate) fn pardon(&mut self) {
        self.refused.clear();
        self.everything = false;
    }

    /// 200 or 401.
    pub(crate) fn status(&self, served: &Served, clock: UnixTime) -> u16 {
        let names = [token_name(served), certificate_name(served)];
        let bad = names.into_iter().flatten().any(|name| {
            let ended = matches!(self.ends.get(&name), Some(Some(end)) if clock >= *end);
            ended || self.refused.contains(&name)
        });
        if bad || self.everything { 401 } else { 200 }
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer(pub(crate) String);

impl Answer {
    /// The request ended like this: `200 as TOKEN`, `401 as TOKEN`, `closed`, `stuck`, or
    /// `error: …`, of which the beginning is enough.
    #[track_caller]
    pub fn is(&self, expected: &str) {
        let same = if expected.starts_with("error") {
            self.0.starts_with(expected)
        } else {
            self.0 == expected
        };
        assert!(same, "the request ended with {:?}, not with {expected:?}", self.0);
    }

    /// The text that [`Answer::is`] compares.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom the server sees: `first`, `first with certificate a`, `certificate a`, `basic`, `nobody`.
pub(crate) fn whom(served: &Served) -> String {
    let mut parts = Vec::new();
    parts.extend(token_name(served));
    parts.extend(certificate_name(served).map(|name| match parts.is_empty() {
        true => format!("certificate {name}"),
        false => format!("with certificate {name}"),
    }));
    if parts.is_empty() {
        parts.push("nobody".into());
    }
    let mut whom = parts.join(" ");
    if let Some(user) = header(served, "impersonate-user") {
        whom += &format!(" for {}", String::from_utf8_lossy(user));
    }
    whom
}

fn token_name(served: &Served) -> Option<String> {
    let value = String::from_utf8_lossy(header(served, "authorization")?).into_owned();
    if value.starts_with("Basic ") {
        return Some("basic".into());
    }
    let token = value.strip_prefix("Bearer ").unwrap_or("no bearer token");
    // The name of an id-token stands where its signature would.
    let named = token.rsplit_once('.').map_or(token, |(_, signature)| signature);
    Some(named.strip_prefix(CANARY).unwrap_or("a stranger").to_owned())
}

fn certificate_name(served: &Served) -> Option<String> {
    let identity = served.identity.as_ref()?;
    let name = certificates::name_of(identity.certificate.expose());
    Some(name.unwrap_or("of a stranger").to_owned())
}

fn header<'a>(served: &'a Served, name: &str) -> Option<&'a [u8]> {
    let header = served.headers.iter().find(|header| header.name == name)?;
    Some(header.value.expose())
}
