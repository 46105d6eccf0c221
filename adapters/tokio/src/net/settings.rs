//! What all connections of a profile have in common.

use super::connect::{Connector, TlsSettings};
use super::tls::{self, TlsError, Trust};
use kubecred_core::Identity;
use kubecred_host::net::Route;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;

/// How to connect to the server of a profile, but for whom to trust and what to present.
#[derive(Debug)]
pub(crate) struct ConnectionSettings {
    pub(crate) route: Route,
    /// `None`: plain HTTP.
    pub(crate) server_name: Option<ServerName<'static>>,
    /// The `tls-server-name`, which an `https` proxy is asked for too.
    pub(crate) proxy_name: Option<ServerName<'static>>,
    pub(crate) skip_verify: bool,
    pub(crate) http2: bool,
    /// The pace of TCP keep-alive, if it is not client-go's.
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) provider: Arc<CryptoProvider>,
}

impl ConnectionSettings {
    /// How to connect with these roots and this certificate.
    pub(crate) fn connector(
        &self,
        roots: Option<&[u8]>,
        identity: Option<&Identity>,
        http2: bool,
    ) -> Result<Connector, TlsError> {
        let no_one = || Trust::new(Some(&[]), &self.provider);
        let trust = match (&self.server_name, self.skip_verify) {
            (None, _) => no_one()?,
            (Some(_), true) => Trust::dangerously_anybody(&self.provider),
            (Some(_), false) => Trust::new(roots, &self.provider)?,
        };
        let mut server = tls::fixed(trust, identity, &self.provider)?;
        server.alpn_protocols = match http2 {
            true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            false => vec![b"http/1.1".to_vec()],
        };
        let tls = TlsSettings {
            server: Arc::new(server),
            server_name: self.server_name.clone(),
            proxy: Arc::new(self.to_proxy(roots)?),
            proxy_name: self.proxy_name.clone(),
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
