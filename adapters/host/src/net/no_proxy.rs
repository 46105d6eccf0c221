//! `NO_PROXY`, by Go's rules and client-go's (KC-73).
//!
//! Go's are those of `golang.org/x/net/http/httpproxy`. client-go looks before that for networks
//! that are written with leading zeros. curl's rules are others, and the libraries at hand follow
//! curl: there `.a.b` takes `a.b` in, ports do not count, and loopback goes through the proxy.

use super::ip::{self, Network};
use std::fmt;
use std::net::IpAddr;

/// Which servers are reached without the proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Entry>);

/// Why a server is reached without the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoProxyReason {
    /// The server is `localhost` or a loopback address: no entry is needed.
    Loopback,
    /// This entry of `NO_PROXY` matches.
    Entry(String),
}

impl fmt::Display for NoProxyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback => f.write_str("loopback addresses are never proxied"),
            Self::Entry(entry) => write!(f, "NO_PROXY has {entry:?}"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    text: String,
    rule: Rule,
}

/// A port is compared as text: `0443` is not `443`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Everything,
    Network(Network),
    /// client-go's own look at networks: zeros before numbers do not count, for the host either.
    SloppyNetwork(Network),
    Address(IpAddr, String),
    /// What ends so; `itself`: and the name without the dot. Never an IP address.
    Domain {
        suffix: String,
        itself: bool,
        port: String,
    },
}

impl NoProxy {
    /// From the variable's value: entries with commas between them. One that makes no sense is
    /// ignored.
    ///
    /// ```
    /// use kubecred_host::net::NoProxy;
    ///
    /// let no_proxy = NoProxy::parse("10.0.0.0/8, .internal, api.example:6443");
    /// assert!(no_proxy.covers("10.1.2.3", "443").is_some());
    /// assert!(no_proxy.covers("db.internal", "443").is_some());
    /// assert!(no_proxy.covers("internal", "443").is_none());
    /// assert!(no_proxy.covers("api.example", "443").is_none());
    /// ```
    pub fn parse(list: &str) -> Self {
        let mut entries = Vec::new();
        for raw in list.split(',') {
            let text = raw.trim();
            let mut add = |rule| entries.push(Entry { text: text.to_owned(), rule });
            if let Some(network) = Network::parse_sloppy(raw) {
                add(Rule::SloppyNetwork(network));
            }
            if let Some(rule) = Rule::parse(&text.to_lowercase()) {
                add(rule);
            }
        }
        Self(entries)
    }

    /// Why the server with this host, without brackets, and this port is reached without the proxy;
    /// `None` if it is not.
    pub fn covers(&self, host: &str, port: &str) -> Option<NoProxyReason> {
        let address = ip::parse(host);
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return Some(NoProxyReason::Loopback);
        }
        let name = host.trim().to_lowercase();
        let sloppy = ip::parse_sloppy(host);
        let entry = self.0.iter().find(|entry| match &entry.rule {
            Rule::Everything => true,
            Rule::SloppyNetwork(network) => sloppy.is_some_and(|ip| network.contains(ip)),
            Rule::Network(network) => address.is_some_and(|ip| network.contains(ip)),
            Rule::Address(ip, at) => address == Some(*ip) && is_port(at, port),
            Rule::Domain { suffix, itself, port: at } => {
                let whole = *itself && suffix.strip_prefix('.') == Some(&name);
                address.is_none() && (whole || name.ends_with(suffix)) && is_port(at, port)
            }
        })?;
        Some(NoProxyReason::Entry(entry.text.clone()))
    }
}

fn is_port(wanted: &str, port: &str) -> bool {
    wanted.is_empty() || wanted == port
}

impl Rule {
    /// Of an entry in lower case, without blanks around it.
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Some(network) = Network::parse(entry) {
            return Some(Self::Network(network));
        }
        let (host, port) = split_port(entry).unwrap_or((entry, ""));
        if host.is_empty() {
            return None;
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical(), port.to_owned()));
        }
        let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        let itself = !host.starts_with('.');
        let suffix = if itself { format!(".{host}") } else { host.to_owned() };
        Some(Self::Domain { suffix, itself, port: port.to_owned() })
    }
}

/// Go's `SplitHostPort`: `host:port`, `[v6]:port`, and `host:` with an empty port; `None` without a
/// colon, or with one too many.
fn split_port(entry: &str) -> Option<(&str, &str)> {
    let (host, port) = entry.rsplit_once(':')?;
    let (name, rest) = match host.strip_prefix('[') {
        Some(bracketed) => {
            let (name, rest) = bracketed.split_once(']')?;
            if !rest.is_empty() {
                return None;
            }
            (name, "")
        }
        None if host.contains(':') => return None,
        None => (host, host),
    };
    let stray = |text: &str| text.contains(['[', ']']);
    (!name.contains('[') && !stray(rest) && !stray(port)).then_some((name, port))
}
