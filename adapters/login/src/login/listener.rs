//! The loopback server that the browser comes back to: it parses HTTP within limits, and decides
//! nothing. The machine answers each request.

use super::render::Rendered;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use kubecred_core::login::{Exchange, ExchangeId, Listen, ListenAddress, ListenHost, Listening};
use kubecred_core::{Failure, FailureKind, Header, Secret};
use rustls::ServerConfig;
use std::convert::Infallible;
use std::io::{Error, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// The limits of LG-51.
const HEAD: usize = 16 << 10;
const BODY: usize = 64 << 10;
const TIME: Duration = Duration::from_secs(5);
const CONNECTIONS: usize = 16;

/// How often another port is tried if a free one is taken on the other family.
const TRIES: usize = 16;

/// A request of the browser, and where its answer goes.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "two parts")]
pub struct Arrival {
    /// What came.
    pub exchange: Exchange,
    /// Takes the one answer. An error is a browser that went away.
    pub answer: oneshot::Sender<Rendered>,
}

/// The running server. Dropped, it listens no more, and what is being answered is cut off.
#[derive(Debug)]
pub struct Listener {
    accepting: JoinSet<()>,
    connections: Arc<tokio::sync::Mutex<JoinSet<()>>>,
}

impl Listener {
    /// Binds the first address that is free, and hands requests to `arrivals`.
    ///
    /// # Errors
    /// All addresses are taken, which is said of each; or certificate or key cannot be used.
    pub async fn start(
        listen: &Listen,
        arrivals: mpsc::Sender<Arrival>,
    ) -> Result<(Self, Listening), Failure> {
        let tls = match &listen.tls {
            Some(files) => Some(TlsAcceptor::from(server_config(&files.certificate, &files.key)?)),
            None => None,
        };
        let (address, sockets) = bind_first(&listen.addresses)?;
        let port = sockets.first().map(TcpListener::local_addr);
        let port = port.and_then(Result::ok).map_or(0, |address| address.port());
        let server = Arc::new(Server {
            arrivals,
            tls,
            ids: AtomicU64::new(1),
            slots: Semaphore::new(CONNECTIONS),
        });
        let connections = Arc::new(tokio::sync::Mutex::new(JoinSet::new()));
        let mut accepting = JoinSet::new();
        for socket in sockets {
            accepting.spawn(accept(socket, server.clone(), connections.clone()));
        }
        Ok((Self { accepting, connections }, Listening { address, port }))
    }

    /// Listens no more; what has been answered is still sent.
    pub fn stop(&mut self) {
        self.accepting.abort_all();
    }

    /// Waits until all answers are sent, at most for `limit` (LG-55).
    pub async fn drain(self, limit: Duration) {
        let Self { mut accepting, connections } = self;
        accepting.shutdown().await;
        let all = async {
            let mut connections = connections.lock().await;
            while connections.join_next().await.is_some() {}
        };
        let _ = tokio::time::timeout(limit, all).await;
    }
}

/// Tries the addresses in order; if all are taken, the error says so of each.
fn bind_first(addresses: &[ListenAddress]) -> Result<(usize, Vec<TcpListener>), Failure> {
    let mut problems = Vec::new();
    for (index, address) in addresses.iter().enumerate() {
        match bind(*address) {
            Ok(sockets) => return Ok((index, sockets)),
            Err(problem) => problems.push(problem),
        }
    }
    let text = match problems.is_empty() {
        true => "no address to listen on is given".to_owned(),
        false => problems.join("; "),
    };
    Err(Failure::new(FailureKind::Other, text))
}

fn bind(address: ListenAddress) -> Result<Vec<TcpListener>, String> {
    let ListenAddress { host, port } = address;
    match host {
        ListenHost::Address(ip) => {
            let address = SocketAddr::new(ip, port);
            bind_one(address).map(|socket| vec![socket]).map_err(|e| said(&address, &e))
        }
        ListenHost::Loopback => {
            // A free port of one family may be taken on the other; then another one is tried.
            let tries = if port == 0 { TRIES } else { 1 };
            let mut last = String::new();
            for _ in 0..tries {
                match bind_both(port) {
                    Ok(sockets) => return Ok(sockets),
                    Err(problem) => last = problem,
                }
            }
            Err(last)
        }
    }
}

/// The same port on both families (LG-38, LG-40); only one of them may be missing in this system.
fn bind_both(port: u16) -> Result<Vec<TcpListener>, String> {
    let bind = |ip: IpAddr, port| {
        let address = SocketAddr::new(ip, port);
        match bind_one(address) {
            Ok(socket) => Ok(Some(socket)),
            Err(error) if is_missing_family(&error) => Ok(None),
            Err(error) => Err(said(&address, &error)),
        }
    };
    let four = bind(Ipv4Addr::LOCALHOST.into(), port)?;
    let got = four.as_ref().and_then(|socket| socket.local_addr().ok());
    let six = bind(Ipv6Addr::LOCALHOST.into(), got.map_or(port, |address| address.port()))?;
    let sockets: Vec<_> = four.into_iter().chain(six).collect();
    if sockets.is_empty() {
        return Err("this system has no loopback interface".into());
    }
    Ok(sockets)
}

/// No `SO_REUSEADDR` and no `SO_REUSEPORT`: the port is this process's alone (LG-41).
fn bind_one(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.bind(address)?;
    socket.listen(CONNECTIONS as u32)
}

fn is_missing_family(error: &Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error()) {
        return true;
    }
    error.kind() == ErrorKind::AddrNotAvailable
}

fn said(address: &SocketAddr, error: &Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => format!("{address} is in use by another program"),
        _ => format!("{address}: {error}"),
    }
}

struct Server {
    arrivals: mpsc::Sender<Arrival>,
    tls: Option<TlsAcceptor>,
    ids: AtomicU64,
    slots: Semaphore,
}

type Connections = Arc<tokio::sync::Mutex<JoinSet<()>>>;

async fn accept(socket: TcpListener, server: Arc<Server>, connections: Connections) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => {
                let mut connections = connections.lock().await;
                while connections.try_join_next().is_some() {}
                connections.spawn(connection(stream, server.clone()));
            }
            // Too many open files, or a peer that has gone: neither is the end of the login.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(stream: tokio::net::TcpStream, server: Arc<Server>) {
    // More than so many wait for their turn, and not longer than one has to read a request.
    let Ok(Ok(_slot)) = tokio::time::timeout(TIME, server.slots.acquire()).await else { return };
    match &server.tls {
        None => serve(stream, &server).await,
        Some(acceptor) => {
            let handshake = tokio::time::timeout(TIME, acceptor.accept(stream)).await;
            if let Ok(Ok(stream)) = handshake {
                serve(stream, &server).await;
            }
        }
    }
}

/// One request, and its answer. What is not HTTP, or too large or too slow, gets hyper's answer.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, server: &Arc<Server>) {
    let service = service_fn(async |request| answer(request, server).await);
    // An error is a browser that went away.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(TIME)
        .max_buf_size(HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: http::Request<Incoming>,
    server: &Arc<Server>,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = tokio::time::timeout(TIME, Limited::new(body, BODY).collect()).await;
    let body = match body {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return Ok(refused(http::StatusCode::PAYLOAD_TOO_LARGE)),
        Err(_) => return Ok(refused(http::StatusCode::REQUEST_TIMEOUT)),
    };
    let headers = head.headers.iter().map(|(name, value)| Header {
        name: name.as_str().to_owned().into(),
        value: Secret::new(value.as_bytes()),
    });
    let exchange = Exchange {
        id: ExchangeId(server.ids.fetch_add(1, Ordering::Relaxed)),
        method: head.method.as_str().to_owned(),
        target: head.uri.to_string().into(),
        headers: headers.collect(),
        body: Secret::new(body.to_vec()),
    };
    let (answer, answered) = oneshot::channel();
    if server.arrivals.send(Arrival { exchange, answer }).await.is_err() {
        return Ok(refused(http::StatusCode::SERVICE_UNAVAILABLE));
    }
    Ok(match answered.await {
        Ok(rendered) => rendered.into_response(),
        Err(_) => refused(http::StatusCode::SERVICE_UNAVAILABLE),
    })
}

fn refused(status: http::StatusCode) -> http::Response<Full<Bytes>> {
    let mut response = http::Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// Certificate and key of the listener (LG-56).
fn server_config(certificate: &str, key: &str) -> Result<Arc<ServerConfig>, Failure> {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let wrong = |path: &str, why: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Other, format!("{path}: {why}"))
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(certificate, &error))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(certificate, &error))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| wrong(certificate, &error))?;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubecred_core::login::ResponseBody;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    fn loopback(port: u16) -> Listen {
        let addresses = vec![ListenAddress { host: ListenHost::Loopback, port }];
        Listen { addresses, tls: None }
    }

    /// A server that answers each request with its method and target.
    async fn echo() -> (Listener, u16) {
        let (arrivals, mut arrived) = mpsc::channel::<Arrival>(8);
        let (listener, listening) = Listener::start(&loopback(0), arrivals).await.unwrap();
        tokio::spawn(async move {
            while let Some(Arrival { exchange, answer }) = arrived.recv().await {
                let target = exchange.target.expose_str().unwrap();
                let text = format!("{} {target} {}", exchange.method, exchange.body.len());
                let _ = answer.send(Rendered::text(200, &text));
            }
        });
        (listener, listening.port)
    }

    async fn send(port: u16, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn lg_38_one_port_of_both_families_and_lg_51_one_request_each() {
        let (_listener, port) = echo().await;
        let request =
            b"GET /callback?code=x HTTP/1.1\r\nhost: a\r\n\r\nGET /again HTTP/1.1\r\n\r\n";
        let answer = send(port, request).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(
            answer.ends_with("GET /callback?code=x 0") && !answer.contains("again"),
            "{answer}"
        );
        if let Ok(mut six) = TcpStream::connect(("::1", port)).await {
            six.write_all(b"GET /six HTTP/1.0\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            six.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with("GET /six 0"), "{answer}");
        }
    }

    #[tokio::test]
    async fn lg_51_what_is_too_large_is_refused_and_a_slow_peer_delays_nobody() {
        let (_listener, port) = echo().await;
        let mut slow = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        slow.write_all(b"GET /slow HT").await.unwrap();
        let head = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(17 << 10));
        let answer = send(port, head.as_bytes()).await;
        assert!(!answer.contains(" 200 "), "{answer}");
        let body = "a".repeat((64 << 10) + 1);
        let post = |body: &str| {
            format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        };
        let answer = send(port, post(&body).as_bytes()).await;
        assert!(!answer.contains(" 200 "), "{answer}");
        let answer = send(port, post(&body[1..]).as_bytes()).await;
        assert!(answer.ends_with("POST / 65536"), "{answer}");
        assert!(!send(port, b"\x16\x03\x01 not HTTP\r\n\r\n").await.contains(" 200 "));
    }

    #[tokio::test]
    async fn lg_39_to_41_a_port_in_use_is_not_shared_and_the_error_names_each() {
        let (_listener, port) = echo().await;
        let (arrivals, _arrived) = mpsc::channel(8);
        let taken = Listener::start(&loopback(port), arrivals.clone()).await.map(|_| ());
        let text = taken.unwrap_err().detail;
        assert!(text.contains(&format!("127.0.0.1:{port} is in use")), "{text}");
        let mut list = loopback(port);
        list.addresses.extend(loopback(0).addresses);
        let (_second, listening) = Listener::start(&list, arrivals.clone()).await.unwrap();
        assert_eq!(listening.address, 1);
        // Taken on one of the families is taken.
        if let Ok(six) = std::net::TcpListener::bind(("::1", 0)) {
            let port = six.local_addr().unwrap().port();
            let taken = Listener::start(&loopback(port), arrivals).await.map(|_| ());
            let text = taken.unwrap_err().detail;
            assert!(text.contains(&format!("[::1]:{port} is in use")), "{text}");
        }
    }

    #[tokio::test]
    async fn lg_42_a_stopped_server_takes_no_more_and_still_sends_what_is_answered() {
        let (arrivals, mut arrived) = mpsc::channel::<Arrival>(8);
        let (mut listener, listening) = Listener::start(&loopback(0), arrivals).await.unwrap();
        let port = listening.port;
        let client = tokio::spawn(send2(port));
        let Arrival { answer, .. } = arrived.recv().await.unwrap();
        listener.stop();
        answer.send(Rendered::new(200, &[], &ResponseBody::Text("bye"), String::new())).unwrap();
        listener.drain(Duration::from_secs(30)).await;
        assert!(client.await.unwrap().ends_with("bye"));
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    }

    async fn send2(port: u16) -> String {
        send(port, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await
    }
}
