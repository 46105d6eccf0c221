//! What the proxies share: where they lead, whom they serve, what they were asked for.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One thing a client asked of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyRequest {
    /// Where the client wanted to go, `host:port` as it said it.
    pub target: String,
    /// Whether the host was given by name, so that the proxy looks it up and not the client.
    pub by_name: bool,
    /// Whether the client showed credentials, and how they were taken.
    pub credentials: ProxyCredentials,
    /// Whether the proxy was asked to pass on one plain HTTP request, rather than to open a tunnel.
    pub forward: bool,
    /// Whether the client got there.
    pub granted: bool,
}

/// The credentials of a request to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyCredentials {
    /// None were shown.
    Missing,
    /// They were right, or the proxy asks for none.
    Accepted,
    /// They were wrong.
    Refused,
}

/// The settings and the memory of a proxy. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    /// By `host:port` in lower case.
    routes: HashMap<String, SocketAddr>,
    account: Option<(String, String)>,
    requests: Arc<Mutex<Vec<ProxyRequest>>>,
}

impl Gate {
    /// Leads who asks for `target` (`host:port`) to `address`.
    pub(crate) fn route(&mut self, target: &str, address: SocketAddr) {
        self.routes.insert(target.to_ascii_lowercase(), address);
    }

    /// Serves nobody but who knows this name and password.
    pub(crate) fn require(&mut self, name: &str, password: &str) {
        self.account = Some((name.to_owned(), password.to_owned()));
    }

    pub(crate) fn requires_credentials(&self) -> bool {
        self.account.is_some()
    }

    /// How credentials are taken, if any are shown.
    pub(crate) fn judge(&self, shown: Option<&(String, String)>) -> ProxyCredentials {
        match (shown, &self.account) {
            (None, _) => ProxyCredentials::Missing,
            (Some(shown), Some(account)) if shown != account => ProxyCredentials::Refused,
            (Some(_), _) => ProxyCredentials::Accepted,
        }
    }

    /// Whether to serve a client whose credentials were judged so.
    pub(crate) fn admits(&self, credentials: ProxyCredentials) -> bool {
        credentials == ProxyCredentials::Accepted || self.account.is_none()
    }

    /// Where a target is: where its route leads, or on loopback. A proxy for tests goes nowhere else.
    pub(crate) fn find(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let target = Self::target(host, port).to_ascii_lowercase();
        let routed = self.routes.get(&target).copied();
        let on_loopback = || {
            let ip = match host.parse() {
                Ok(ip) => ip,
                Err(_) if host.eq_ignore_ascii_case("localhost") => Ipv4Addr::LOCALHOST.into(),
                Err(_) => return None,
            };
            let ip: IpAddr = ip;
            ip.is_loopback().then(|| SocketAddr::new(ip, port))
        };
        routed.or_else(on_loopback)
    }

    /// A target as it is written down; IPv6 addresses go in brackets.
    pub(crate) fn target(host: &str, port: u16) -> String {
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    pub(crate) fn record(&self, request: ProxyRequest) {
        self.lock().push(request);
    }

    pub(crate) fn requests(&self) -> Vec<ProxyRequest> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ProxyRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("routes", &self.routes).finish_non_exhaustive()
    }
}
