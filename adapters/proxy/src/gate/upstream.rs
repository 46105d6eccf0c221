//! The application behind the gate: where it is, and connections to it.

use super::GateError;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use kubecred_core::Profile;
use kubecred_core::redact;
use kubecred_tokio::Auth;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

/// Connecting takes no longer.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Idle connections that are kept, and for how long.
const IDLE: usize = 256;
const IDLE_FOR: Duration = Duration::from_secs(60);

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;

/// The body of a request on its way to the application.
pub(crate) type Outgoing = UnsyncBoxBody<bytes::Bytes, BoxError>;

/// Where the application is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// `http://HOST[:PORT]`.
    Http(Authority),
    /// `h2c://HOST[:PORT]`: HTTP/2 without TLS, for gRPC.
    Http2(Authority),
    /// `https://HOST[:PORT]`; HTTP/2 if the application offers it.
    Https(Authority),
    /// `unix:PATH`.
    Unix(PathBuf),
}

impl Target {
    /// Reads `http://HOST[:PORT]`, `https://…`, `h2c://…` or `unix:PATH`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &str) -> Result<Self, GateError> {
        let invalid = || GateError::Upstream(redact::url(text));
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path.is_empty() {
                true => Err(invalid()),
                false => Ok(Self::Unix(path.into())),
            };
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
        let authority: Authority =
            rest.strip_suffix('/').unwrap_or(rest).parse().map_err(|_| invalid())?;
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return Err(invalid());
        }
        match scheme {
            "http" => Ok(Self::Http(authority)),
            "h2c" => Ok(Self::Http2(authority)),
            "https" => Ok(Self::Https(authority)),
            _ => Err(invalid()),
        }
    }

    /// Its name for `Host`, where the caller's is not passed on.
    fn authority(&self) -> Authority {
        match self {
            Self::Http(authority) | Self::Http2(authority) | Self::Https(authority) => {
                authority.clone()
            }
            Self::Unix(_) => Authority::from_static("localhost"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(authority) => write!(f, "http://{authority}"),
            Self::Http2(authority) => write!(f, "h2c://{authority}"),
            Self::Https(authority) => write!(f, "https://{authority}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The application, and the connections to it that are open. A clone is the same.
#[derive(Clone, Debug)]
pub struct Upstream {
    target: Target,
    authority: Authority,
    client: Client<Connector, Outgoing>,
    /// In HTTP/1.1 whatever the application offers: HTTP/2 has no upgrades.
    upgrading: Client<Connector, Outgoing>,
}

impl Upstream {
    /// An application; nothing is connected yet. `tls` says whom to trust at one with `https`, and
    /// which client certificate to show: the cluster of a [`Profile`], whose server does not matter.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(target: Target, tls: Profile) -> Result<Self, GateError> {
        let authority = target.authority();
        let tls = match &target {
            Target::Https(authority) => Some(Tls::new(tls, authority.host())?),
            _ => None,
        };
        let client = |protocols: &[&[u8]]| {
            let mut builder = Client::builder(TokioExecutor::new());
            builder.pool_timer(TokioTimer::new()).timer(TokioTimer::new());
            builder.pool_max_idle_per_host(IDLE).pool_idle_timeout(IDLE_FOR).set_host(false);
            builder.http2_only(matches!(target, Target::Http2(_)));
            let tls = tls.as_ref().map(|tls| tls.offering(protocols));
            builder.build(Connector { target: target.clone(), tls })
        };
        let (both, one): (&[&[u8]], &[&[u8]]) = (&[b"h2", b"http/1.1"], &[b"http/1.1"]);
        let (client, upgrading) = (client(both), client(one));
        Ok(Self { target, authority, client, upgrading })
    }

    /// Where it is.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether it is spoken to in HTTP/2 without asking.
    pub(crate) fn is_http2_only(&self) -> bool {
        matches!(self.target, Target::Http2(_))
    }

    /// The URI that the client needs for a path: its own name for connections, never the caller's.
    pub(crate) fn uri(&self, path: PathAndQuery) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
    }

    pub(crate) async fn send(
        &self,
        request: Request<Outgoing>,
        upgrades: bool,
    ) -> Result<Response<Incoming>, Error> {
        let client = if upgrades { &self.upgrading } else { &self.client };
        client.request(request).await
    }
}

/// TLS to the application, by the certificates of this moment.
#[derive(Clone, Debug)]
struct Tls {
    auth: Auth,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    fn new(profile: Profile, host: &str) -> Result<Self, GateError> {
        let named = profile.cluster.tls_server_name.clone();
        let name = kubecred_tokio::tls::server_name(named.as_deref(), host)?;
        let auth = Auth::from_profile(profile);
        let config = Arc::new(kubecred_tokio::tls::rustls_config(&auth)?);
        Ok(Self { auth, config, name })
    }

    fn offering(&self, protocols: &[&[u8]]) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Self { config: Arc::new(config), ..self.clone() }
    }
}

/// Makes connections to the one application, whatever the URI says.
#[derive(Clone, Debug)]
struct Connector {
    target: Target,
    tls: Option<Tls>,
}

impl Connector {
    async fn connect(self) -> Result<TokioIo<Stream>, BoxError> {
        let stream: Box<dyn Io> = match &self.target {
            #[cfg(unix)]
            Target::Unix(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
            #[cfg(not(unix))]
            Target::Unix(_) => return Err("there are no unix sockets on this system".into()),
            Target::Http(authority) | Target::Http2(authority) => {
                Box::new(tcp(authority, 80).await?)
            }
            Target::Https(authority) => Box::new(tcp(authority, 443).await?),
        };
        let Some(tls) = self.tls else {
            return Ok(TokioIo::new(Stream { stream, is_http2: false }));
        };
        // The roots' file may have changed.
        tls.auth.credential().await?;
        let stream = TlsConnector::from(tls.config).connect(tls.name, stream).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(TokioIo::new(Stream { stream: Box::new(stream), is_http2 }))
    }
}

async fn tcp(authority: &Authority, port: u16) -> io::Result<TcpStream> {
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(port))).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Stream>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connecting = self.clone().connect();
        Box::pin(async move {
            timeout(CONNECT_LIMIT, connecting).await.map_err(|_| "connecting took too long")?
        })
    }
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection to the application.
pub(crate) struct Stream {
    stream: Box<dyn Io>,
    is_http2: bool,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        let connected = Connected::new();
        if self.is_http2 { connected.negotiated_h2() } else { connected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_url_without_a_path_or_a_socket() {
        for text in ["http://app", "https://10.0.0.1:8443", "h2c://[::1]:50051", "unix:/run/app"] {
            assert_eq!(Target::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Target::parse("unix:///run/app").unwrap(), Target::Unix("/run/app".into()));
        assert_eq!(Target::parse("http://app/").unwrap().to_string(), "http://app");
        for text in ["", "app:80", "http://", "http://a/b", "http://u:p@a", "ftp://a", "unix:"] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
        let error = Target::parse("http://u:secret@a").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
