//! What all connections of a profile have in common.

use super::connect::{Connector, TlsSettings};
use super::tls::{self, TlsError, Trust};
use kubecred_core::{Cluster, Identity};
use kubecred_host::net::{Address, Route};
use kubecred_host::variable_os;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;

/// How to connect to the server of a profile, but for whom to trust and what to present.
#[derive(Debug)]
pub(crate) struct ConnectionSettings {
    pub(crate) route: Route,
    pub(crate) names: ServerNames,
    pub(crate) skip_verify: bool,
    /// The system's roots are trusted beside those that are given.
    pub(crate) system_roots: bool,
    pub(crate) http2: bool,
    /// The pace of TCP keep-alive, if it is not client-go's.
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) provider: Arc<CryptoProvider>,
}

/// The names to ask for in TLS, and to verify.
#[derive(Clone, Debug)]
pub(crate) struct ServerNames {
    /// The server's. `None`: plain HTTP.
    pub(crate) server: Option<ServerName<'static>>,
    /// The `tls-server-name`, which an `https` proxy is asked for too.
    pub(crate) proxy: Option<ServerName<'static>>,
}

impl ServerNames {
    /// With this `tls-server-name`, for a server on this host. `host` is `None` for plain HTTP.
    pub(crate) fn of(given: Option<&str>, host: Option<&str>) -> Result<Self, TlsError> {
        let server = host.map(|host| tls::server_name(given, host)).transpose()?;
        Ok(Self { server, proxy: tls::given_name(given)? })
    }

    /// Those of a cluster's server.
    pub(crate) fn of_cluster(cluster: &Cluster, address: &Address) -> Result<Self, TlsError> {
        let host = address.is_https().then(|| address.host());
        Self::of(cluster.tls_server_name.as_deref(), host)
    }
}

impl ConnectionSettings {
    /// Those of a cluster's server, on this way to it.
    pub(crate) fn new(
        cluster: &Cluster,
        route: Route,
        names: ServerNames,
        provider: Arc<CryptoProvider>,
    ) -> Self {
        Self {
            route,
            names,
            skip_verify: cluster.insecure_skip_tls_verify,
            system_roots: false,                           // UA-32
            http2: variable_os("DISABLE_HTTP2").is_none(), // HT-23
            keep_alive: None,
            provider,
        }
    }

    /// How to connect with these roots and this certificate.
    pub(crate) fn connector(
        &self,
        roots: Option<&[u8]>,
        identity: Option<&Identity>,
        http2: bool,
    ) -> Result<Connector, TlsError> {
        let no_one = || Trust::new(Some(&[]), &self.provider);
        let trust = match (&self.names.server, self.skip_verify) {
            (None, _) => no_one()?,
            (Some(_), true) => Trust::dangerously_anybody(&self.provider),
            (Some(_), false) if self.system_roots => Trust::with_system(roots, &self.provider)?,
            (Some(_), false) => Trust::new(roots, &self.provider)?,
        };
        let mut server = tls::fixed(trust, identity, &self.provider)?;
        server.alpn_protocols = match http2 {
            true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            false => vec![b"http/1.1".to_vec()],
        };
        let tls = TlsSettings {
            server: Arc::new(server),
            server_name: self.names.server.clone(),
            proxy: Arc::new(self.to_proxy(roots)?),
            proxy_name: self.names.proxy.clone(),
        };
        let connector = Connector::new(self.route.clone(), tls);
        Ok(match self.keep_alive {
            Some(pace) => connector.keep_alive(pace),
            None => connector,
        })
    }

    /// TLS with a proxy. What the kubeconfig says of the server's TLS is said of the proxy's too,
    /// as in client-go: whose roots vouch for it (here the system's may as well), by which name, and
    /// whether it is verified. What goes there is not for the server, and our certificate is not shown.
    fn to_proxy(&self, roots: Option<&[u8]>) -> Result<ClientConfig, TlsError> {
        let trust = match self.route.is_https_proxy() {
            true if self.skip_verify => Trust::dangerously_anybody(&self.provider),
            true => Trust::with_system(roots, &self.provider)?,
            false => Trust::new(Some(&[]), &self.provider)?,
        };
        tls::fixed(trust, None, &self.provider)
    }
}
