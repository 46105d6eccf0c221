//! The connections that belong to one client certificate and one set of roots.

use super::body::Outgoing;
use crate::connect::{Connector, TlsTerms};
use crate::proxy::Route;
use crate::tls::{self, TlsError, Trust};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kubecred_core::Identity;
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;

/// client-go's numbers (HT-23).
const IDLE_PER_HOST: usize = 25;
const IDLE: Duration = Duration::from_secs(90);
const PING_AFTER: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

pub(crate) type HyperClient = legacy::Client<Connector, Outgoing>;

/// What all connections of a profile have in common.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) route: Route,
    /// `None`: plain HTTP.
    pub(crate) server_name: Option<ServerName<'static>>,
    /// The `tls-server-name`, which an `https` proxy is asked for too.
    pub(crate) proxy_name: Option<ServerName<'static>>,
    pub(crate) skip_verify: bool,
    pub(crate) http2: bool,
    pub(crate) provider: Arc<CryptoProvider>,
}

impl Terms {
    /// How to connect with these roots and this certificate.
    pub(crate) fn connector(
        &self,
        roots: Option<&[u8]>,
        identity: Option<&Identity>,
        http2: bool,
    ) -> Result<Connector, TlsError> {
        let nobody = || Trust::new(Some(&[]), &self.provider);
        let trust = match (&self.server_name, self.skip_verify) {
            (None, _) => nobody()?,
            (Some(_), true) => Trust::dangerously_anybody(&self.provider),
            (Some(_), false) => Trust::new(roots, &self.provider)?,
        };
        let mut server = tls::fixed(trust, identity, &self.provider)?;
        server.alpn_protocols = match http2 {
            true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            false => vec![b"http/1.1".to_vec()],
        };
        let tls = TlsTerms {
            server: Arc::new(server),
            server_name: self.server_name.clone(),
            proxy: Arc::new(self.to_proxy(roots)?),
            proxy_name: self.proxy_name.clone(),
        };
        Ok(Connector::new(self.route.clone(), tls))
    }

    /// TLS with a proxy. What the kubeconfig says of the server's TLS is said of the proxy's too,
    /// as in client-go: whose roots vouch for it (here the system's may as well), by which name, and
    /// that nobody need. What goes there is not for the server, and our certificate is not shown.
    fn to_proxy(&self, roots: Option<&[u8]>) -> Result<ClientConfig, TlsError> {
        let trust = match self.route.is_https_proxy() {
            true if self.skip_verify => Trust::dangerously_anybody(&self.provider),
            true => Trust::with_system(roots, &self.provider)?,
            false => Trust::new(Some(&[]), &self.provider)?,
        };
        tls::fixed(trust, None, &self.provider)
    }
}

/// Clients that keep connections.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Of the credential that they were made for.
    pub(crate) connection: u64,
    any: HyperClient,
    http1: HyperClient,
}

impl Pool {
    pub(crate) fn new(
        terms: &Terms,
        connection: u64,
        roots: Option<&[u8]>,
        identity: Option<&Identity>,
    ) -> Result<Self, TlsError> {
        let client = |http2| Ok(keeping().build(terms.connector(roots, identity, http2)?));
        let http1 = client(false)?;
        Ok(Self { connection, any: if terms.http2 { client(true)? } else { http1.clone() }, http1 })
    }

    /// The client for a request; one that is to become another protocol needs HTTP/1.1.
    pub(crate) fn client(&self, upgrade: bool) -> &HyperClient {
        if upgrade { &self.http1 } else { &self.any }
    }
}

fn keeping() -> legacy::Builder {
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .http2_keep_alive_interval(PING_AFTER)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .http2_keep_alive_while_idle(true);
    builder
}
