//! The way to a server: straight, or through which proxy.

mod environment;

pub(crate) use environment::Environment;
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use kubecred_core::{Proxy, redact};
use percent_encoding::percent_decode_str;
use std::fmt;

/// A way to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Direct,
    Proxy(Hop),
}

/// A proxy on the way.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) kind: HopKind,
    /// Scheme, host and port; nothing else.
    pub(crate) uri: Uri,
    /// User name and password.
    pub(crate) login: Option<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HopKind {
    Http,
    Https,
    Socks5,
}

impl Route {
    pub(crate) fn is_https_proxy(&self) -> bool {
        matches!(self, Self::Proxy(hop) if hop.kind == HopKind::Https)
    }
}

/// Says where, not how to log in.
impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.kind, self.uri)
    }
}

/// A proxy's URL is not one that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// It is not a URL with a host.
    #[error("the proxy's URL {0:?} cannot be parsed")]
    Malformed(String),
    /// Proxies are `http`, `https` or `socks5`.
    #[error("the proxy's URL {0:?} is neither http, https nor socks5")]
    Scheme(String),
}

/// The way to the target that the settings ask for (KC-73).
pub(crate) fn route(
    proxy: &Proxy,
    target: &Uri,
    environment: &Environment,
) -> Result<Route, ProxyError> {
    match proxy {
        Proxy::Direct => Ok(Route::Direct),
        Proxy::Environment => Ok(environment.route(target)),
        Proxy::Url(url) => Hop::parse(url).map(Route::Proxy),
    }
}

impl Hop {
    pub(crate) fn parse(url: &str) -> Result<Self, ProxyError> {
        let malformed = || ProxyError::Malformed(redact::url(url));
        let (scheme, rest) = url.split_once("://").ok_or_else(malformed)?;
        let (kind, port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (HopKind::Http, 80),
            "https" => (HopKind::Https, 443),
            "socks5" | "socks5h" => (HopKind::Socks5, 1080),
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
        // To whoever makes TCP connections, the scheme means a port, which is there.
        let uri = Uri::builder()
            .scheme(if kind == HopKind::Https { Scheme::HTTPS } else { Scheme::HTTP })
            .authority(address)
            .path_and_query(PathAndQuery::from_static("/"))
            .build();
        Ok(Self { kind, uri: uri.map_err(|_| malformed())?, login })
    }
}

/// The whole URL again, for a library that wants one; names are looked up by the proxy.
#[cfg(feature = "reqwest")]
impl Hop {
    pub(crate) fn url(&self) -> String {
        use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
        let scheme = match self.kind {
            HopKind::Http => "http",
            HopKind::Https => "https",
            HopKind::Socks5 => "socks5h",
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

    #[test]
    fn urls_of_proxies_are_taken_apart() {
        let hop = Hop::parse("http://me%40home:p%3Aw@proxy:3128/ignored?q").unwrap();
        assert_eq!((hop.kind, hop.uri.to_string()), (HopKind::Http, "http://proxy:3128/".into()));
        assert_eq!(hop.login, Some(("me@home".into(), "p:w".into())));
        assert!(!format!("{hop:?}").contains("p:w"));
        for (url, kind, uri) in [
            ("https://proxy", HopKind::Https, "https://proxy:443/"),
            ("HTTP://proxy", HopKind::Http, "http://proxy:80/"),
            ("socks5://[::1]", HopKind::Socks5, "http://[::1]:1080/"),
            ("socks5h://p:1/", HopKind::Socks5, "http://p:1/"),
        ] {
            let hop = Hop::parse(url).unwrap();
            assert_eq!((hop.kind, hop.uri.to_string()), (kind, uri.to_owned()), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_its_password() {
        for url in ["ftp://me:hush@p", "http://me:hush@", "me:hush@p", "http://me:hush@p:x"] {
            let error = Hop::parse(url).unwrap_err().to_string();
            assert!(!error.contains("hush") || !url.contains("://"), "{error}");
        }
        assert!(matches!(Hop::parse("ftp://p"), Err(ProxyError::Scheme(_))));
    }
}
