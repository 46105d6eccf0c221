//! Which proxy leads to a server: the kubeconfig's, that of the variables, or none (KC-73).

use super::idn::ascii_url;
use super::no_proxy::{NoProxy, NoProxyReason};
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use kubecred_core::{ConfigError, Environment, Proxy, redact};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::fmt;

/// A way to a server. Exhaustive: whoever connects has to know every one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Straight to the server.
    Direct,
    /// Through this proxy.
    Proxy(ProxyEndpoint),
}

impl Route {
    /// Whether it leads through a proxy that itself speaks TLS.
    pub fn is_https_proxy(&self) -> bool {
        matches!(self, Self::Proxy(endpoint) if endpoint.kind == ProxyKind::Https)
    }
}

/// Where a proxy is, and how to log in to it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyEndpoint {
    /// What it speaks.
    pub kind: ProxyKind,
    /// Scheme, host and port; nothing else. Of a SOCKS proxy the scheme is `http`: to an HTTP
    /// library that makes TCP connections, the scheme means a port, which is there.
    pub uri: Uri,
    /// User name and password.
    pub login: Option<(String, String)>,
}

/// What a proxy speaks. Exhaustive, as [`Route`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP: requests, and tunnels by `CONNECT`.
    Http,
    /// The same over TLS.
    Https,
    /// SOCKS 5; the proxy looks names up.
    Socks5,
}

/// Where it is, not how to log in.
impl fmt::Debug for ProxyEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.kind, self.uri)
    }
}

/// Why no way to the server is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// It is not a URL with a host.
    #[error("the proxy's URL {0:?} cannot be parsed")]
    Malformed(String),
    /// Proxies are `http`, `https` or `socks5`.
    #[error("the proxy's URL {0:?} is neither http, https nor socks5")]
    Scheme(String),
    /// A variable that is needed to know the proxy cannot be read.
    #[error(transparent)]
    Variable(ConfigError),
}

/// The way to the target that the settings ask for.
///
/// # Errors
/// When the proxy's URL is none, or a variable that is needed is not UTF-8.
pub fn route(proxy: &Proxy, target: &Uri, variables: &ProxyVariables) -> Result<Route, ProxyError> {
    match proxy {
        Proxy::Direct => Ok(Route::Direct),
        Proxy::Environment => variables.route(target),
        Proxy::Url(url) => ProxyEndpoint::parse(url).map(Route::Proxy),
    }
}

/// What `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say. Go does not know `ALL_PROXY`.
#[derive(Clone, Debug, Default)]
pub struct ProxyVariables {
    http: Setting,
    https: Setting,
    exceptions: Option<Result<NoProxy, ConfigError>>,
}

/// A proxy, or why it is not known whether there is one.
type Setting = Option<Result<ProxyEndpoint, ConfigError>>;

impl ProxyVariables {
    /// Upper case goes before lower case, and an empty value is none. A value that is not UTF-8 is
    /// an error for those who need it.
    pub fn new(environment: &Environment) -> Self {
        let either = |upper: &str, lower: &str| {
            let upper = environment.text(upper).transpose();
            let value = upper.or_else(|| environment.text(lower).transpose());
            value.map(|value| value.map(str::to_owned))
        };
        let endpoint = |value: Option<Result<String, ConfigError>>| match value {
            Some(Ok(url)) => endpoint(&url).map(Ok),
            Some(Err(error)) => Some(Err(error)),
            None => None,
        };
        // In a CGI program it is the client who says what HTTP_PROXY is (golang.org/s/cgihttpproxy).
        let cgi = environment.text("REQUEST_METHOD") != Ok(None);
        let http = either("HTTP_PROXY", "http_proxy").filter(|_| !cgi);
        let https = either("HTTPS_PROXY", "https_proxy");
        let exceptions = either("NO_PROXY", "no_proxy");
        Self {
            http: endpoint(http),
            https: endpoint(https),
            exceptions: exceptions.map(|list| list.map(|list| NoProxy::parse(&list))),
        }
    }

    /// The way to the target.
    ///
    /// # Errors
    /// When a variable that is needed to know is not UTF-8.
    pub fn route(&self, target: &Uri) -> Result<Route, ProxyError> {
        let https = target.scheme() == Some(&Scheme::HTTPS);
        let setting = if https { &self.https } else { &self.http };
        let Some(setting) = setting else { return Ok(Route::Direct) };
        if self.exception(target)?.is_some() {
            return Ok(Route::Direct);
        }
        setting.clone().map(Route::Proxy).map_err(ProxyError::Variable)
    }

    /// Why the target is reached without a proxy, though there may be one.
    ///
    /// # Errors
    /// When `NO_PROXY` is needed to know, and not UTF-8.
    pub fn exception(&self, target: &Uri) -> Result<Option<NoProxyReason>, ProxyError> {
        let https = target.scheme() == Some(&Scheme::HTTPS);
        let host = target.host().unwrap_or_default();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        // Compared as it is written.
        let port = target.port();
        let port = port.as_ref().map_or(if https { "443" } else { "80" }, |port| port.as_str());
        match &self.exceptions {
            Some(Ok(exceptions)) => Ok(exceptions.covers(bare, port)),
            // Loopback is reached without a proxy, whatever the variable says.
            Some(Err(error)) => match NoProxy::default().covers(bare, port) {
                None => Err(ProxyError::Variable(error.clone())),
                loopback => Ok(loopback),
            },
            None => Ok(NoProxy::default().covers(bare, port)),
        }
    }
}

/// A value without a scheme means `http`; one that makes no sense is ignored.
fn endpoint(value: &str) -> Option<ProxyEndpoint> {
    ProxyEndpoint::parse(value).or_else(|_| ProxyEndpoint::parse(&format!("http://{value}"))).ok()
}

impl ProxyEndpoint {
    /// From a URL. What follows the port is ignored.
    ///
    /// # Errors
    /// When it is no URL with a host, or of another scheme.
    pub fn parse(url: &str) -> Result<Self, ProxyError> {
        let malformed = || ProxyError::Malformed(redact::url(url));
        let ascii = ascii_url(url);
        let (scheme, rest) = ascii.split_once("://").ok_or_else(malformed)?;
        let (kind, port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 80),
            "https" => (ProxyKind::Https, 443),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            _ => return Err(ProxyError::Scheme(redact::url(url))),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (login, address) = match authority.rsplit_once('@') {
            Some((login, address)) => (Some(self::login(login).ok_or_else(malformed)?), address),
            None => (None, authority),
        };
        let address: Authority = address.parse().map_err(|_| malformed())?;
        if address.host().is_empty() {
            return Err(malformed());
        }
        let address = match address.port_u16() {
            Some(_) => address,
            None if address.host() != address.as_str() => return Err(malformed()),
            None => format!("{}:{port}", address.host()).parse().map_err(|_| malformed())?,
        };
        let uri = Uri::builder()
            .scheme(if kind == ProxyKind::Https { Scheme::HTTPS } else { Scheme::HTTP })
            .authority(address)
            .path_and_query(PathAndQuery::from_static("/"))
            .build();
        Ok(Self { kind, uri: uri.map_err(|_| malformed())?, login })
    }

    /// The whole URL again, login included, for a library that wants one; names are looked up by
    /// the proxy.
    pub fn url(&self) -> String {
        let scheme = match self.kind {
            ProxyKind::Http => "http",
            ProxyKind::Https => "https",
            ProxyKind::Socks5 => "socks5h",
        };
        let address = self.uri.authority().map_or("", Authority::as_str);
        match &self.login {
            None => format!("{scheme}://{address}"),
            Some((user, password)) => {
                let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
                format!("{scheme}://{}:{}@{address}", encoded(user), encoded(password))
            }
        }
    }
}

fn login(user_info: &str) -> Option<(String, String)> {
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    let decode = |text| percent_decode_str(text).decode_utf8().ok().map(Into::into);
    Some((decode(user)?, decode(password)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(variables: &[(&str, &str)]) -> ProxyVariables {
        ProxyVariables::new(&Environment::new(variables.iter().copied()))
    }

    fn proxied(variables: &ProxyVariables, target: &str) -> Option<String> {
        match variables.route(&target.parse().unwrap()).unwrap() {
            Route::Direct => None,
            Route::Proxy(endpoint) => Some(endpoint.uri.to_string()),
        }
    }

    #[test]
    fn kc_73_the_scheme_of_the_target_chooses_the_variable() {
        let both = variables(&[("HTTP_PROXY", "plain:1"), ("HTTPS_PROXY", "https://secure:2")]);
        assert_eq!(proxied(&both, "https://api/").as_deref(), Some("https://secure:2/"));
        assert_eq!(proxied(&both, "http://api/").as_deref(), Some("http://plain:1/"));
        let lower = variables(&[("HTTPS_PROXY", ""), ("https_proxy", "socks5://s:3")]);
        assert_eq!(proxied(&lower, "https://api/").as_deref(), Some("http://s:3/"));
        let upper = variables(&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:1")]);
        assert_eq!(proxied(&upper, "https://api/").as_deref(), Some("http://a:1/"));
        let all = variables(&[("ALL_PROXY", "http://a:1"), ("all_proxy", "http://b:1")]);
        assert_eq!(proxied(&all, "https://api/"), None, "Go does not know ALL_PROXY");
        let cgi = variables(&[("HTTP_PROXY", "http://a:1"), ("REQUEST_METHOD", "GET")]);
        assert_eq!(proxied(&cgi, "http://api/"), None);
    }

    #[test]
    fn kc_73_loopback_is_never_proxied() {
        let variables = variables(&[("HTTPS_PROXY", "http://p:1")]);
        for target in ["https://localhost:6443", "https://127.8.8.8", "https://[::1]:6443"] {
            assert_eq!(proxied(&variables, target), None, "{target}");
        }
        assert!(proxied(&variables, "https://localhost.example").is_some());
    }

    #[test]
    fn a_variable_that_is_not_utf8_is_an_error_where_it_is_needed() {
        let bad = |name: &str, others: &[(&str, &str)]| {
            let environment = Environment::new(others.iter().copied()).with_not_utf8([name]);
            ProxyVariables::new(&environment)
        };
        let target: Uri = "https://api:6443/".parse().unwrap();
        let plain: Uri = "http://api:6443/".parse().unwrap();
        for name in ["HTTPS_PROXY", "https_proxy"] {
            let variables = bad(name, &[]);
            let error = variables.route(&target).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("not UTF-8"), "{error}");
            assert_eq!(variables.route(&plain), Ok(Route::Direct), "it is not needed");
        }
        let variables = bad("no_proxy", &[("HTTPS_PROXY", "http://p:1")]);
        assert!(variables.route(&target).unwrap_err().to_string().contains("no_proxy"));
        assert_eq!(variables.route(&plain), Ok(Route::Direct), "there is no proxy");
        let loopback: Uri = "https://127.0.0.1:6443/".parse().unwrap();
        assert_eq!(variables.route(&loopback), Ok(Route::Direct), "loopback needs no exception");
        let upper = bad("https_proxy", &[("HTTPS_PROXY", "http://p:1")]);
        assert!(matches!(upper.route(&target), Ok(Route::Proxy(_))), "upper case goes before");
    }

    #[test]
    fn urls_of_proxies_are_taken_apart() {
        let endpoint = ProxyEndpoint::parse("http://me%40home:p%3Aw@proxy:3128/ignored?q").unwrap();
        assert_eq!(
            (endpoint.kind, endpoint.uri.to_string()),
            (ProxyKind::Http, "http://proxy:3128/".into())
        );
        assert_eq!(endpoint.login, Some(("me@home".into(), "p:w".into())));
        assert!(!format!("{endpoint:?}").contains("p:w"));
        for (url, kind, uri) in [
            ("https://proxy", ProxyKind::Https, "https://proxy:443/"),
            ("HTTP://proxy", ProxyKind::Http, "http://proxy:80/"),
            ("socks5://[::1]", ProxyKind::Socks5, "http://[::1]:1080/"),
            ("socks5h://p:1/", ProxyKind::Socks5, "http://p:1/"),
        ] {
            let endpoint = ProxyEndpoint::parse(url).unwrap();
            assert_eq!((endpoint.kind, endpoint.uri.to_string()), (kind, uri.to_owned()), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_its_password() {
        for url in ["ftp://me:hush@p", "http://me:hush@", "me:hush@p", "http://me:hush@p:x"] {
            let error = ProxyEndpoint::parse(url).unwrap_err().to_string();
            assert!(!error.contains("hush") || !url.contains("://"), "{error}");
        }
        assert!(matches!(ProxyEndpoint::parse("ftp://p"), Err(ProxyError::Scheme(_))));
    }
}
