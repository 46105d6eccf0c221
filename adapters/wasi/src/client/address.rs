//! The server's URL, and paths under it (KC-70, KC-72).

use super::ClientError;
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use kubecred_core::{Cluster, redact};

/// Where a profile's requests go.
#[derive(Clone, Debug)]
pub(super) struct Address {
    scheme: Scheme,
    authority: Authority,
    /// Before every path; without a slash at its end.
    prefix: String,
}

impl Address {
    pub(super) fn parse(cluster: &Cluster) -> Result<Self, ClientError> {
        let bad = || ClientError::Server(redact::url(&cluster.server));
        let uri: Uri = cluster.server.parse().map_err(|_| bad())?;
        let scheme = match uri.scheme_str() {
            Some("https") => Scheme::HTTPS,
            Some("http") => Scheme::HTTP,
            _ => return Err(bad()),
        };
        let authority = uri.authority().map_or("", Authority::as_str);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let authority: Authority = authority.parse().map_err(|_| bad())?;
        if authority.port_u16().is_none() && authority.host() != authority.as_str() {
            return Err(bad()); // what stands behind the colon is no port
        }
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { scheme, authority, prefix })
    }

    pub(super) fn scheme(&self) -> &str {
        self.scheme.as_str()
    }

    pub(super) fn host(&self) -> &str {
        self.authority.host()
    }

    /// The whole URI for what a caller asks for.
    pub(super) fn join(&self, asked: &Uri) -> Result<Uri, ClientError> {
        if let Some(authority) = asked.authority() {
            let ours = asked.scheme() == Some(&self.scheme) && *authority == self.authority;
            return if ours { Ok(asked.clone()) } else { Err(ClientError::OtherServer) };
        }
        let path = asked.path_and_query().map_or("/", PathAndQuery::as_str);
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{path}", self.prefix))
            .build()
            .map_err(|_| ClientError::Path(asked.to_string()))
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
            ("https://api/", "/version?x=1", "https://api/version?x=1"),
            ("https://api/k8s/clusters/c-1/", "/api", "https://api/k8s/clusters/c-1/api"),
            ("HTTPS://api/p?q=1", "/api", "https://api/p/api"),
            ("http://10.0.0.1:8080", "/api", "http://10.0.0.1:8080/api"),
            ("https://[fd00::1]:6443", "/api", "https://[fd00::1]:6443/api"),
            ("https://me:pw@api", "/api", "https://api/api"),
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
        let servers = [
            "",
            "host/path",
            "host:80",
            "ftp://me:hush@api",
            "https://",
            "https://a b",
            "https://a:b",
        ];
        for server in servers {
            let said = joined(server, "/");
            assert!(said.contains("server") && !said.contains("hush"), "{said}");
        }
    }
}
