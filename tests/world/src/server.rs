//! The API server of this world: it knows what it issued, by its own clock, and answers 401 to
//! everything else.

use crate::{CANARY, Served, certificates, openid};
use kubecred_core::{UnixTime, certificate};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// When the tokens that plugins printed end.
#[derive(Debug, Default)]
pub(crate) struct Issued {
    ends: BTreeMap<String, Option<UnixTime>>,
    refused: BTreeSet<String>,
    everything: bool,
    pub(crate) traffic: Traffic,
}

/// What the API server has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests, the second tries included.
    pub requests: u64,
    /// Those with a credential of this world whose end had come, by the server's clock, which is
    /// right. They are refused.
    pub expired: u64,
    /// Those answered with 401: the expired ones, and the ones with something revoked.
    pub refused: u64,
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

    pub(crate) fn unrevoke(&mut self) {
        self.refused.clear();
        self.everything = false;
    }

    /// Whether a credential is good. Nothing is counted.
    pub(crate) fn accepts(&self, served: &Served, clock: UnixTime) -> bool {
        self.judge(served, clock) == (false, false)
    }

    /// A request comes in: 200 or 401.
    pub(crate) fn receive(&mut self, served: &Served, clock: UnixTime) -> u16 {
        let (expired, refused) = self.judge(served, clock);
        self.traffic.requests += 1;
        self.traffic.expired += u64::from(expired);
        self.traffic.refused += u64::from(refused);
        if refused { 401 } else { 200 }
    }

    /// Whether it has ended, and whether it is refused.
    fn judge(&self, served: &Served, clock: UnixTime) -> (bool, bool) {
        let names = [token_name(served), certificate_name(served)].into_iter().flatten();
        let names: Vec<String> = names.collect();
        let ended = |name: &String| matches!(self.ends.get(name), Some(Some(end)) if clock >= *end);
        let expired = names.iter().any(ended) || own_ends(served).any(|end| clock >= end);
        let refused = expired || self.everything || names.iter().any(|n| self.refused.contains(n));
        (expired, refused)
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

    /// Whether the server answered it with 200.
    pub fn is_ok(&self) -> bool {
        self.0.starts_with("200 ")
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

/// What a JWT and a client certificate say of their own end.
fn own_ends(served: &Served) -> impl Iterator<Item = UnixTime> {
    let token = header(served, "authorization").and_then(|value| value.strip_prefix(b"Bearer "));
    let identity = served.identity.as_ref().map(|identity| identity.certificate.expose());
    let identity = identity.and_then(|pem| certificate::not_after(pem).ok().flatten());
    token.and_then(openid::end).into_iter().chain(identity)
}

fn header<'a>(served: &'a Served, name: &str) -> Option<&'a [u8]> {
    let header = served.headers.iter().find(|header| header.name == name)?;
    Some(header.value.expose())
}
