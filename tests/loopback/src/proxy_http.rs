//! An HTTP proxy: tunnels by CONNECT, single requests in absolute form (RFC 9110 section 9.3.6, RFC 9112 section 3.2.2).

use crate::accounts::basic_credentials;
use crate::listener::Listener;
use crate::pki::Authority;
use crate::proxy::{Gate, ProxyRequest};
use crate::tls::server_config;
use bytes::Bytes;
use http::header::{CONNECTION, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use http::uri::{PathAndQuery, Uri};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

type Reply = Response<Either<Full<Bytes>, Incoming>>;

/// An HTTP proxy on loopback that leads to loopback, and by its routes anywhere. It stops when it is dropped.
#[derive(Debug)]
pub struct HttpProxy {
    listener: Listener,
    gate: Gate,
    authority: Option<Authority>,
}

impl HttpProxy {
    /// Settings to start a proxy with: plain HTTP, no credentials asked for, a free port of 127.0.0.1.
    pub fn builder() -> HttpProxyBuilder {
        HttpProxyBuilder::default()
    }

    /// The proxy's URL as `proxy-url` has it, without credentials.
    pub fn url(&self) -> String {
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
    }

    /// Where a client connects.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The authority that issued the proxy's certificate, if it speaks TLS.
    pub fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    /// What clients asked for so far, in order.
    pub fn requests(&self) -> Vec<ProxyRequest> {
        self.gate.requests()
    }

    /// Ends all tunnels and stops listening; when it returns, the port is free.
    pub async fn shutdown(self) {
        self.listener.shutdown().await;
    }
}

/// Settings of an [`HttpProxy`] to be.
#[derive(Debug, Default)]
#[must_use]
pub struct HttpProxyBuilder {
    gate: Gate,
    authority: Option<Authority>,
}

impl HttpProxyBuilder {
    /// Leads whoever asks for `target` (`host:port`) to `address`. Names without a route are not looked up.
    pub fn route(mut self, target: &str, address: SocketAddr) -> Self {
        self.gate.route(target, address);
        self
    }

    /// Answers 407 to whoever does not show this name and password.
    pub fn credentials(mut self, name: &str, password: &str) -> Self {
        self.gate.require(name, password);
        self
    }

    /// Speaks TLS to its clients, with a certificate of `authority` for `localhost` and the addresses of loopback.
    pub fn tls(mut self, authority: &Authority) -> Self {
        self.authority = Some(authority.clone());
        self
    }

    /// Starts the proxy on the tokio runtime this is called in.
    ///
    /// # Errors
    ///
    /// What the system says to listening on the address.
    pub async fn start(self) -> io::Result<HttpProxy> {
        let Self { gate, authority } = self;
        let acceptor = authority.as_ref().map(|authority| {
            let identity = authority.server(&["localhost", "127.0.0.1", "::1"]);
            TlsAcceptor::from(server_config(&identity, &[b"http/1.1"], false))
        });
        let serving = gate.clone();
        let listener = Listener::start((Ipv4Addr::LOCALHOST, 0).into(), move |stream| {
            let (gate, acceptor) = (serving.clone(), acceptor.clone());
            async move {
                match acceptor {
                    None => serve(gate, stream).await,
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            serve(gate, stream).await;
                        }
                    }
                }
            }
        })?;
        Ok(HttpProxy { listener, gate, authority })
    }
}

/// A tunnel agreed on: the client's side once its reply is sent, and the other side.
type Tunnel = Arc<Mutex<Option<(OnUpgrade, TcpStream)>>>;

/// Serves a connection until it ends, be it as a tunnel.
async fn serve<S>(gate: Gate, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let tunnel = Tunnel::default();
    let agreed = Arc::clone(&tunnel);
    let service = service_fn(move |request| {
        let (gate, agreed) = (gate.clone(), Arc::clone(&agreed));
        async move { Ok::<_, Infallible>(answer(&gate, &agreed, request).await) }
    });
    let http = hyper::server::conn::http1::Builder::new();
    // Either side's going away ends the tunnel or the connection; there is nobody to tell.
    let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    let agreed = tunnel.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((client, mut server)) = agreed
        && let Ok(client) = client.await
    {
        let _ = copy_bidirectional(&mut TokioIo::new(client), &mut server).await;
    }
}

async fn answer(gate: &Gate, tunnel: &Tunnel, mut request: Request<Incoming>) -> Reply {
    let forward = request.method() != Method::CONNECT;
    let Some((host, port)) = target(request.uri()) else {
        return refusal(
            StatusCode::BAD_REQUEST,
            "a proxy is asked for host:port, or http://host/\n",
        );
    };
    let credentials = gate.judge(shown_credentials(&request).as_ref());
    let mut record = ProxyRequest {
        target: Gate::target(&host, port),
        by_name: host.parse::<IpAddr>().is_err(),
        credentials,
        forward,
        granted: false,
    };
    let reply = if !gate.admits(credentials) {
        let mut reply =
            refusal(StatusCode::PROXY_AUTHENTICATION_REQUIRED, "credentials are needed\n");
        let challenge = HeaderValue::from_static("Basic realm=\"kubecred-loopback\"");
        reply.headers_mut().insert(PROXY_AUTHENTICATE, challenge);
        reply
    } else if let Some(address) = gate.find(&host, port) {
        match TcpStream::connect(address).await {
            Err(_) => refusal(StatusCode::BAD_GATEWAY, "nobody answers there\n"),
            Ok(server) if forward => {
                record.granted = true;
                pass_on(request, server).await
            }
            Ok(server) => {
                record.granted = true;
                let client = hyper::upgrade::on(&mut request);
                *tunnel.lock().unwrap_or_else(PoisonError::into_inner) = Some((client, server));
                Response::new(Either::Left(Full::default()))
            }
        }
    } else {
        refusal(StatusCode::FORBIDDEN, "this proxy leads to loopback only\n")
    };
    gate.record(record);
    reply
}

/// Sends a request on as it is, but for what was meant for the proxy.
async fn pass_on(mut request: Request<Incoming>, server: TcpStream) -> Reply {
    let authority = request.uri().authority().and_then(|authority| authority.as_str().parse().ok());
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    let headers = request.headers_mut();
    for name in [PROXY_AUTHORIZATION, CONNECTION] {
        headers.remove(name);
    }
    headers.remove("proxy-connection");
    if let Some(authority) = authority {
        headers.insert(HOST, authority);
    }
    let sent = async {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(server)).await?;
        tokio::spawn(connection);
        sender.send_request(request).await
    };
    match sent.await {
        Ok(reply) => reply.map(Either::Right),
        Err(_) => refusal(StatusCode::BAD_GATEWAY, "the server broke off\n"),
    }
}

/// Where a request wants to go: an authority (CONNECT), or an `http` URL.
fn target(uri: &Uri) -> Option<(String, u16)> {
    let default = match uri.scheme_str() {
        None => None,
        Some("http") => Some(80),
        Some(_) => return None,
    };
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_owned(), uri.port_u16().or(default)?))
}

fn shown_credentials(request: &Request<Incoming>) -> Option<(String, String)> {
    let value = request.headers().get(PROXY_AUTHORIZATION)?;
    let basic = || {
        let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("basic").then(|| basic_credentials(encoded))?
    };
    // Something that is not Basic was shown, too; it is nobody's name and password.
    Some(basic().unwrap_or_default())
}

fn refusal(status: StatusCode, text: &'static str) -> Reply {
    let mut reply = Response::new(Either::Left(Full::from(text)));
    *reply.status_mut() = status;
    reply
}
