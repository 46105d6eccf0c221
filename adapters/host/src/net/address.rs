//! The server's URL, and paths under it (KC-70, KC-72).

use super::idn::{ascii_url, parse_url};
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use kubecred_core::{Cluster, redact};

/// Why a server has no address, or a request does not fit it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The URI names another server than the profile.
    #[error("the request is for another server than the one of the profile")]
    OtherServer,
    /// The path is not one.
    #[error("{0:?} is not a path")]
    Path(String),
    /// The server's URL is not one.
    #[error("the server {0:?} is not an http or https URL")]
    Server(String),
}

/// Where a profile's requests go.
#[derive(Clone, Debug)]
pub struct Address {
    scheme: Scheme,
    authority: Authority,
    /// Before every path; without a slash at its end.
    prefix: String,
}

impl Address {
    /// The address of a cluster's server. User information in it is left out.
    ///
    /// # Errors
    /// When it is not an http or https URL.
    pub fn parse(cluster: &Cluster) -> Result<Self, AddressError> {
        let server = ascii_url(&cluster.server);
        let server = server.as_ref();
        let bad = || AddressError::Server(redact::url(&cluster.server));
        // Without a scheme it is plain HTTP, and credentials are withheld (KC-71).
        let (scheme, rest) = match server.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None if server.contains('/') => return Err(bad()),
            None => ("http".to_owned(), if server.is_empty() { "localhost" } else { server }),
        };
        let scheme = match scheme.as_str() {
            "https" => Scheme::HTTPS,
            "http" => Scheme::HTTP,
            _ => return Err(bad()),
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // A colon without a port is the usual port.
        let host = host.strip_suffix(':').unwrap_or(host);
        let authority: Authority = host.parse().map_err(|_| bad())?;
        if authority.port_u16().is_none() && authority.host() != authority.as_str() {
            return Err(bad()); // what stands behind the colon is no port
        }
        let prefix = path.trim_end_matches('/').to_owned();
        format!("{prefix}/").parse::<PathAndQuery>().map_err(|_| bad())?;
        Ok(Self { scheme, authority, prefix })
    }

    /// Whether connections are to be made with TLS.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The host, an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.authority.host()
    }

    /// The same server without the path of its URL.
    #[must_use]
    pub fn without_path(self) -> Self {
        Self { prefix: String::new(), ..self }
    }

    /// The server itself.
    pub fn base(&self) -> Uri {
        let path = PathAndQuery::from_static("/");
        let base = Uri::builder().scheme(self.scheme.clone()).authority(self.authority.clone());
        base.path_and_query(path).build().unwrap_or_default()
    }

    /// Whether a URL is one of this server's, for it would be told the credentials.
    ///
    /// # Errors
    /// When it is not.
    pub fn admits(&self, url: &str) -> Result<(), AddressError> {
        let uri = parse_url(url).map_err(|_| AddressError::OtherServer)?;
        let port =
            |port: Option<u16>| port.unwrap_or(if self.scheme == Scheme::HTTPS { 443 } else { 80 });
        let ours = uri.scheme() == Some(&self.scheme)
            && uri.host() == Some(self.authority.host())
            && port(uri.port_u16()) == port(self.authority.port_u16());
        if ours { Ok(()) } else { Err(AddressError::OtherServer) }
    }

    /// The whole URI for what a caller asks for: a path, or a URI of this server.
    ///
    /// # Errors
    /// When it names another server, or is no path.
    pub fn join(&self, asked: &Uri) -> Result<Uri, AddressError> {
        if let Some(authority) = asked.authority() {
            let ours = asked.scheme() == Some(&self.scheme) && *authority == self.authority;
            return if ours { Ok(asked.clone()) } else { Err(AddressError::OtherServer) };
        }
        let path = asked.path_and_query().map_or("/", PathAndQuery::as_str);
        let path = match self.prefix.as_str() {
            "" => path.to_owned(),
            prefix => format!("{prefix}{path}"),
        };
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .map_err(|_| AddressError::Path(asked.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(server: &str, path: &str) -> String {
        let cluster = Cluster { server: server.into(), ..Cluster::default() };
        match Address::parse(&cluster).and_then(|address| address.join(&path.parse().unwrap())) {
            Ok(uri) => uri.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn kc_72_a_servers_path_is_a_prefix_of_every_path() {
        for (server, path, whole) in [
            ("https://api:6443", "/version", "https://api:6443/version"),
            ("https://api:", "/version", "https://api/version"),
            ("https://[::1]:/p", "/version", "https://[::1]/p/version"),
            ("https://api/", "/version?x=1", "https://api/version?x=1"),
            ("https://api/k8s/clusters/c-1/", "/api", "https://api/k8s/clusters/c-1/api"),
            ("HTTPS://api/p?q=1#f", "/api", "https://api/p/api"),
            ("10.0.0.1:8080", "/api", "http://10.0.0.1:8080/api"),
            ("", "/api", "http://localhost/api"),
            ("https://[fd00::1]:6443", "/api", "https://[fd00::1]:6443/api"),
            ("https://me:pw@api", "/api", "https://api/api"),
            #[cfg(feature = "idn")]
            (
                "https://bücher.example:6443/ü",
                "/api",
                "https://xn--bcher-kva.example:6443/%C3%BC/api",
            ),
        ] {
            assert_eq!(joined(server, path), whole, "{server} {path}");
        }
    }

    #[test]
    fn another_server_is_not_told_the_credentials() {
        assert_eq!(joined("https://api:6443", "https://api:6443/v"), "https://api:6443/v");
        for other in ["https://evil/v", "http://api:6443/v", "https://api/v"] {
            assert!(joined("https://api:6443", other).contains("another server"), "{other}");
        }
    }

    #[test]
    fn what_is_no_server_is_refused_without_its_password() {
        for server in ["host/path", "ftp://me:hush@api", "https://", "https://a b", "https://a:b"] {
            let said = joined(server, "/");
            assert!(said.contains("server") && !said.contains("hush"), "{said}");
        }
    }
}
