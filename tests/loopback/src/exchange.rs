//! What the server saw: every exchange written down, and everything counted.

use crate::caller::{Caller, ClientCertificate};
use http::header::HOST;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, Version};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// One request and the status it was answered with.
///
/// `Debug` leaves out the values of headers that carry credentials.
#[derive(Clone)]
#[non_exhaustive]
pub struct Exchange {
    /// The request's method.
    pub method: Method,
    /// The host the client asks for: `:authority` of HTTP/2, the Host header of HTTP/1.
    pub authority: Option<String>,
    /// Path and query as the client sent them.
    pub path_and_query: String,
    /// The version of HTTP the request came by.
    pub version: Version,
    /// Names in lower case with their values, in the order received; lines of one name stand together.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The certificate the client presented on this connection, if it did.
    pub client_certificate: Option<Arc<ClientCertificate>>,
    /// The server name the client asked for in its TLS hello. Clients send none for an IP address.
    pub sni: Option<String>,
    /// The connection's number, counted from 1 in the order of acceptance.
    pub connection: u64,
    /// The status of the reply.
    pub status: StatusCode,
    /// When the reply was decided.
    pub at: SystemTime,
}

impl Exchange {
    /// The first value of a header, if it is there and text. Case of `name` is not regarded.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_all(name).first().copied()
    }

    /// All values of a header that are text, in order.
    pub fn header_all(&self, name: &str) -> Vec<&str> {
        let lines = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        lines.filter_map(|(_, value)| std::str::from_utf8(value).ok()).collect()
    }

    pub(crate) fn new(request: &Parts, caller: &Caller, status: StatusCode) -> Self {
        let path = request.uri.path_and_query().map_or("/", |path| path.as_str());
        let host = || request.headers.get(HOST).and_then(|host| host.to_str().ok());
        let authority = request.uri.authority().map(|authority| authority.as_str()).or_else(host);
        let line = |(name, value): (&http::HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), value.as_bytes().to_vec())
        };
        Self {
            method: request.method.clone(),
            authority: authority.map(str::to_owned),
            path_and_query: path.to_owned(),
            version: request.version,
            headers: request.headers.iter().map(line).collect(),
            client_certificate: caller.certificate.clone(),
            sni: caller.sni.clone(),
            connection: caller.connection,
            status,
            at: SystemTime::now(),
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            |(name, value): &(String, Vec<u8>)| format!("{name}: {}", shown_value(name, value));
        let headers: Vec<String> = self.headers.iter().map(shown).collect();
        f.debug_struct("Exchange")
            .field("method", &self.method)
            .field("authority", &self.authority)
            .field("path_and_query", &self.path_and_query)
            .field("version", &self.version)
            .field("headers", &headers)
            .field("sni", &self.sni)
            .field("connection", &self.connection)
            .field("status", &self.status.as_u16())
            .finish_non_exhaustive()
    }
}

/// A header's value fit to be shown: of a credential only the scheme.
pub(crate) fn shown_value(name: &str, value: &[u8]) -> String {
    let value = String::from_utf8_lossy(value);
    match name {
        "authorization" | "proxy-authorization" => match value.split_once(' ') {
            Some((scheme, _)) => format!("{scheme} <masked>"),
            None => "<masked>".into(),
        },
        "cookie" => "<masked>".into(),
        _ => value.into_owned(),
    }
}

/// How much the server has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Connections accepted.
    pub connections: u64,
    /// TLS handshakes completed.
    pub handshakes: u64,
    /// TLS handshakes begun and not completed.
    pub handshakes_failed: u64,
    /// Requests answered: the sum of the next three.
    pub requests: u64,
    /// Requests answered with a status of 200 to 299.
    pub successes: u64,
    /// Requests answered with 401.
    pub unauthorized: u64,
    /// Requests answered with any other status.
    pub others: u64,
}

/// The live side of [`Counters`].
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) connections: AtomicU64,
    pub(crate) handshakes: AtomicU64,
    pub(crate) handshakes_failed: AtomicU64,
    successes: AtomicU64,
    unauthorized: AtomicU64,
    others: AtomicU64,
}

impl Tally {
    pub(crate) fn count(&self, status: StatusCode) {
        let counter = match status {
            StatusCode::UNAUTHORIZED => &self.unauthorized,
            status if status.is_success() => &self.successes,
            _ => &self.others,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (successes, unauthorized, others) =
            (read(&self.successes), read(&self.unauthorized), read(&self.others));
        Counters {
            connections: read(&self.connections),
            handshakes: read(&self.handshakes),
            handshakes_failed: read(&self.handshakes_failed),
            requests: successes + unauthorized + others,
            successes,
            unauthorized,
            others,
        }
    }
}

/// The exchanges written down, the latest `limit` of them.
#[derive(Debug)]
pub(crate) struct Journal {
    limit: usize,
    exchanges: Mutex<VecDeque<Exchange>>,
}

impl Journal {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, exchanges: Mutex::default() }
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.limit > 0
    }

    pub(crate) fn write(&self, exchange: Exchange) {
        let mut exchanges = self.exchanges();
        if exchanges.len() == self.limit {
            exchanges.pop_front();
        }
        exchanges.push_back(exchange);
    }

    pub(crate) fn read(&self) -> Vec<Exchange> {
        self.exchanges().iter().cloned().collect()
    }

    pub(crate) fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.exchanges()).into()
    }

    fn exchanges(&self) -> MutexGuard<'_, VecDeque<Exchange>> {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
