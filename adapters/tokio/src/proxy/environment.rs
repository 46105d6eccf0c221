//! `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, by Go's rules (KC-73).
//!
//! curl's are others, and the libraries at hand follow curl: there `ALL_PROXY` counts, `.a.b`
//! takes `a.b` in, ports do not count, and loopback goes through the proxy.

use super::{Hop, Route};
use http::Uri;
use http::uri::Scheme;
use ipnet::IpNet;
use std::net::IpAddr;

/// What the variables say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    http: Option<Hop>,
    https: Option<Hop>,
    exceptions: Vec<Exception>,
}

#[derive(Clone, Debug)]
enum Exception {
    Everything,
    Network(IpNet),
    Address(IpAddr, Option<u16>),
    /// With a leading dot: what ends so. `itself`: and the name without the dot.
    Domain {
        suffix: String,
        itself: bool,
        port: Option<u16>,
    },
}

impl Environment {
    /// Upper case goes before lower case, and an empty value is none.
    pub(crate) fn capture(variable: impl Fn(&str) -> Option<String>) -> Self {
        let either = |upper: &str, lower: &str| {
            [upper, lower].into_iter().filter_map(&variable).find(|value| !value.is_empty())
        };
        // In a CGI program it is the client who says what HTTP_PROXY is (golang.org/s/cgihttpproxy).
        let http =
            either("HTTP_PROXY", "http_proxy").filter(|_| variable("REQUEST_METHOD").is_none());
        let https = either("HTTPS_PROXY", "https_proxy");
        let exceptions = either("NO_PROXY", "no_proxy").unwrap_or_default();
        Self {
            http: http.as_deref().and_then(hop),
            https: https.as_deref().and_then(hop),
            exceptions: exceptions.split(',').filter_map(Exception::parse).collect(),
        }
    }

    pub(crate) fn route(&self, target: &Uri) -> Route {
        let secure = target.scheme() == Some(&Scheme::HTTPS);
        let proxy = if secure { &self.https } else { &self.http };
        match proxy {
            Some(hop) if !self.is_exception(target, if secure { 443 } else { 80 }) => {
                Route::Proxy(hop.clone())
            }
            _ => Route::Direct,
        }
    }

    fn is_exception(&self, target: &Uri, default_port: u16) -> bool {
        let host = target.host().unwrap_or_default().to_ascii_lowercase();
        let port = target.port_u16().unwrap_or(default_port);
        let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        host == "localhost"
            || ip.is_some_and(|ip| ip.to_canonical().is_loopback())
            || self.exceptions.iter().any(|exception| exception.covers(&host, ip, port))
    }
}

/// A value without a scheme means `http`; one that makes no sense is ignored.
fn hop(value: &str) -> Option<Hop> {
    Hop::parse(value).or_else(|_| Hop::parse(&format!("http://{value}"))).ok()
}

impl Exception {
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim().to_ascii_lowercase();
        if entry == "*" {
            return Some(Self::Everything);
        }
        if entry.contains('/')
            && let Ok(network) = entry.parse()
        {
            return Some(Self::Network(network));
        }
        let (host, port) = split_port(&entry);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = host.parse() {
            return Some(Self::Address(ip, port));
        }
        let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        let itself = !host.starts_with('.');
        let suffix = if itself { format!(".{host}") } else { host.to_owned() };
        (!host.is_empty()).then_some(Self::Domain { suffix, itself, port })
    }

    fn covers(&self, host: &str, ip: Option<IpAddr>, at: u16) -> bool {
        let is_port = |port: &Option<u16>| port.is_none_or(|port| port == at);
        match self {
            Self::Everything => true,
            Self::Network(network) => ip.is_some_and(|ip| network.contains(&ip.to_canonical())),
            Self::Address(address, port) => {
                ip.is_some_and(|ip| ip.to_canonical() == address.to_canonical()) && is_port(port)
            }
            Self::Domain { suffix, itself, port } => {
                let whole = *itself && Some(host) == suffix.strip_prefix('.');
                (host.ends_with(suffix.as_str()) || whole) && is_port(port)
            }
        }
    }
}

/// `host:port` and `[v6]:port`, but not a bare IPv6 address.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            port.parse().map_or((entry, None), |port| (host, Some(port)))
        }
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::capture(|name| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn proxied(environment: &Environment, target: &str) -> Option<String> {
        match environment.route(&target.parse().unwrap()) {
            Route::Direct => None,
            Route::Proxy(hop) => Some(hop.uri.to_string()),
        }
    }

    #[test]
    fn kc_73_the_scheme_of_the_target_chooses_the_variable() {
        let both = environment(&[("HTTP_PROXY", "plain:1"), ("HTTPS_PROXY", "https://secure:2")]);
        assert_eq!(proxied(&both, "https://api/").as_deref(), Some("https://secure:2/"));
        assert_eq!(proxied(&both, "http://api/").as_deref(), Some("http://plain:1/"));
        let lower = environment(&[("HTTPS_PROXY", ""), ("https_proxy", "socks5://s:3")]);
        assert_eq!(proxied(&lower, "https://api/").as_deref(), Some("http://s:3/"));
        let upper = environment(&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:1")]);
        assert_eq!(proxied(&upper, "https://api/").as_deref(), Some("http://a:1/"));
        let all = environment(&[("ALL_PROXY", "http://a:1"), ("all_proxy", "http://b:1")]);
        assert_eq!(proxied(&all, "https://api/"), None, "Go does not know ALL_PROXY");
        let cgi = environment(&[("HTTP_PROXY", "http://a:1"), ("REQUEST_METHOD", "GET")]);
        assert_eq!(proxied(&cgi, "http://api/"), None);
    }

    #[test]
    fn kc_73_loopback_is_never_proxied() {
        let environment = environment(&[("HTTPS_PROXY", "http://p:1")]);
        for target in ["https://localhost:6443", "https://127.8.8.8", "https://[::1]:6443"] {
            assert_eq!(proxied(&environment, target), None, "{target}");
        }
        assert!(proxied(&environment, "https://localhost.example").is_some());
    }

    /// Entry, target, whether the entry keeps it from the proxy: the cases of Go's own rules.
    #[test]
    fn kc_73_no_proxy_by_gos_rules() {
        for (entry, target, direct) in [
            ("*", "https://a.b", true),
            ("a.b", "https://a.b:6443", true),
            ("a.b", "https://x.a.b", true),
            ("a.b", "https://xa.b", false),
            (".a.b", "https://x.a.b", true),
            (".a.b", "https://a.b", false),
            ("*.a.b", "https://x.a.b", true),
            ("*.a.b", "https://a.b", false),
            ("A.B", "https://a.B", true),
            ("a.b:6443", "https://a.b:6443", true),
            ("a.b:6443", "https://a.b", false),
            ("a.b:443", "https://a.b", true),
            ("10.0.0.0/8", "https://10.1.2.3:6443", true),
            ("10.0.0.0/8", "https://11.1.2.3", false),
            ("10.0.0.0/8", "https://10.1.2.3.example", false),
            ("10.1.2.3", "https://10.1.2.3", true),
            ("10.1.2.3:80", "https://10.1.2.3", false),
            ("fd00::/8", "https://[fd00::1]", true),
            ("fd00::1", "https://[fd00::1]:6443", true),
            ("[fd00::1]:6443", "https://[fd00::1]:6443", true),
            ("[fd00::1]:6443", "https://[fd00::1]:443", false),
            ("other, a.b ,,", "https://a.b", true),
            ("", "https://a.b", false),
        ] {
            let environment = environment(&[("HTTPS_PROXY", "http://p:1"), ("no_proxy", entry)]);
            assert_eq!(proxied(&environment, target).is_none(), direct, "{entry} {target}");
        }
    }
}
