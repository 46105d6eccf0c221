//! Making connections: TCP, through a proxy perhaps, with TLS as the profile wants it.

use super::proxied_stream::ProxiedStream;
use super::tls::{self, TlsError, TlsFailure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::uri::Scheme;
use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::rt::TokioIo;
use kubecred_host::net::{ProxyEndpoint, ProxyError, ProxyKind, Route};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

/// client-go's limits and pace (HT-23).
const DIAL: Duration = Duration::from_secs(30);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connects to one kind of servers on one set of settings.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    tcp: HttpConnector,
    route: Route,
    tls: TlsSettings,
}

/// The TLS part of the settings.
#[derive(Clone, Debug)]
pub(crate) struct TlsSettings {
    /// With the server.
    pub(crate) server: Arc<ClientConfig>,
    /// The name to ask for and verify, if it is not the host's.
    pub(crate) server_name: Option<ServerName<'static>>,
    /// With an `https` proxy.
    pub(crate) proxy: Arc<ClientConfig>,
    /// The name to ask an `https` proxy for and verify, if it is not its host's.
    pub(crate) proxy_name: Option<ServerName<'static>>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The connection, or the runtime in which it was made, ended before it was of use.
    #[error("the connection ended before a request could be sent")]
    Ended,
    /// The connection is there, and the other side does not speak HTTP.
    #[error("the server does not speak HTTP: {error}")]
    Http {
        /// What hyper says.
        error: hyper::Error,
    },
    /// A request that is to become another protocol needs HTTP/1.1.
    #[error("the server does not speak HTTP/1.1")]
    NotHttp1,
    /// TCP did not come about.
    #[error("cannot connect to {to}: {error}")]
    Tcp {
        /// Host and port.
        to: String,
        /// What the operating system says.
        error: BoxError,
    },
    /// The proxy could not be reached, or did not connect to the server.
    #[error("cannot connect to {to} through the proxy {proxy}: {error}")]
    Proxy {
        /// The proxy's host and port.
        proxy: String,
        /// The server's host and port.
        to: String,
        /// What it says.
        error: BoxError,
    },
    /// The proxy's URL is not one.
    #[error(transparent)]
    ProxyUrl(#[from] ProxyError),
    /// It took too long.
    #[error("{0} took too long")]
    TimedOut(&'static str),
    /// The other side, or this one, does not accept the TLS handshake.
    #[error("TLS with {with}: {failure}")]
    Tls {
        /// The name that was to be verified.
        with: String,
        /// What is wrong.
        failure: TlsFailure,
    },
    /// TLS cannot be set up.
    #[error(transparent)]
    TlsSettings(#[from] TlsError),
}

type BoxError = Box<dyn Error + Send + Sync>;

impl Connector {
    pub(crate) fn new(route: Route, tls: TlsSettings) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(DIAL));
        tcp.set_keepalive(Some(KEEP_ALIVE));
        tcp.set_nodelay(true);
        Self { tcp, route, tls }
    }

    /// With another pace of TCP keep-alive.
    pub(crate) fn keep_alive(mut self, pace: Duration) -> Self {
        self.tcp.set_keepalive(Some(pace));
        self
    }

    async fn connect(self, target: Uri) -> Result<ProxiedStream, ConnectError> {
        let secure = target.scheme() == Some(&Scheme::HTTPS);
        let Self { tcp, route, tls } = self;
        let link = match route {
            Route::Direct => DialPeer { tcp, tls: None }.connect(target.clone()).await?,
            // A plain request is told to an HTTP proxy whole, and not sent through a tunnel.
            Route::Proxy(endpoint) if !secure && endpoint.kind != ProxyKind::Socks5 => {
                let uri = endpoint.uri.clone();
                return Ok(DialPeer::proxy(tcp, &endpoint, &tls)?
                    .connect(uri)
                    .await?
                    .ending_at_proxy());
            }
            Route::Proxy(endpoint) => {
                let through = timeout(DIAL, through(tcp, &endpoint, &tls, target.clone()));
                through.await.map_err(|_| ConnectError::TimedOut("the proxy's answer"))??
            }
        };
        if !secure {
            return Ok(link);
        }
        let name = match tls.server_name {
            Some(name) => name,
            None => tls::server_name(None, target.host().unwrap_or_default())?,
        };
        handshake(link, name, tls.server).await
    }
}

impl Service<Uri> for Connector {
    type Response = ProxiedStream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<ProxiedStream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        Box::pin(self.clone().connect(target))
    }
}

/// A tunnel to the target.
async fn through(
    tcp: HttpConnector,
    endpoint: &ProxyEndpoint,
    tls: &TlsSettings,
    target: Uri,
) -> Result<ProxiedStream, ConnectError> {
    let to_proxy = DialPeer::proxy(tcp, endpoint, tls)?;
    let refused = |error: BoxError| {
        // Of a tunnel that has no connection to go through, the cause says why.
        let error = error.source().map(|cause| cause.to_string().into()).unwrap_or(error);
        ConnectError::Proxy { proxy: address(&endpoint.uri), to: address(&target), error }
    };
    match endpoint.kind {
        ProxyKind::Socks5 => {
            // The proxy looks names up: they may mean something on its side only.
            let mut socks = SocksV5::new(endpoint.uri.clone(), to_proxy);
            if let Some((user, password)) = endpoint.login.clone() {
                socks = socks.with_auth(user, password);
            }
            socks.call(with_port(&target)).await.map_err(|error| refused(error.into()))
        }
        ProxyKind::Http | ProxyKind::Https => {
            let mut tunnel = Tunnel::new(endpoint.uri.clone(), to_proxy);
            if let Some(login) = proxy_authorization(endpoint) {
                tunnel = tunnel.with_auth(login);
            }
            tunnel.call(target.clone()).await.map_err(|error| refused(error.into()))
        }
    }
}

/// `Proxy-Authorization` for this proxy.
pub(crate) fn proxy_authorization(endpoint: &ProxyEndpoint) -> Option<HeaderValue> {
    let (user, password) = endpoint.login.as_ref()?;
    let login = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
    let mut value = HeaderValue::try_from(login).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// TCP to the next machine on the way, with TLS if that is a proxy which speaks it.
#[derive(Clone, Debug)]
struct DialPeer {
    tcp: HttpConnector,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

impl DialPeer {
    fn proxy(
        tcp: HttpConnector,
        endpoint: &ProxyEndpoint,
        tls: &TlsSettings,
    ) -> Result<Self, ConnectError> {
        if endpoint.kind != ProxyKind::Https {
            return Ok(Self { tcp, tls: None });
        }
        let name = match tls.proxy_name.clone() {
            Some(name) => name,
            None => tls::server_name(None, endpoint.uri.host().unwrap_or_default())?,
        };
        Ok(Self { tcp, tls: Some((Arc::clone(&tls.proxy), name)) })
    }

    async fn connect(mut self, peer: Uri) -> Result<ProxiedStream, ConnectError> {
        let tcp = self.tcp.call(peer.clone()).await;
        let tcp = tcp.map_err(|error| {
            let error = match error.source() {
                Some(cause) => cause.to_string().into(),
                None => error.into(),
            };
            ConnectError::Tcp { to: address(&peer), error }
        })?;
        let link = ProxiedStream::new(tcp.into_inner());
        match self.tls {
            Some((config, name)) => handshake(link, name, config).await,
            None => Ok(link),
        }
    }
}

impl Service<Uri> for DialPeer {
    type Response = ProxiedStream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<ProxiedStream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, peer: Uri) -> Self::Future {
        let peer = self.clone().connect(peer);
        Box::pin(async move { peer.await.map_err(Into::into) })
    }
}

async fn handshake(
    link: ProxiedStream,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
) -> Result<ProxiedStream, ConnectError> {
    let with = name.to_str().into_owned();
    let shaking = TlsConnector::from(config).connect(name, TokioIo::new(link));
    let stream = timeout(HANDSHAKE, shaking)
        .await
        .map_err(|_| ConnectError::TimedOut("the TLS handshake"))?
        .map_err(|error| ConnectError::Tls { with, failure: TlsFailure::of(&error) })?;
    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let link = ProxiedStream::new(stream);
    Ok(if h2 { link.speaking_h2() } else { link })
}

/// Host and port, for messages.
fn address(uri: &Uri) -> String {
    with_port(uri).authority().map_or_else(String::new, ToString::to_string)
}

fn with_port(uri: &Uri) -> Uri {
    let port = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let (Some(host), None) = (uri.host(), uri.port()) else { return uri.clone() };
    let mut parts = uri.clone().into_parts();
    parts.authority = format!("{host}:{port}").parse().ok();
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}
