//! From connections to requests.

use super::listener::Accepted;
use super::{Closing, Drain, Listener, Peer, Tls};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

/// A client that has not finished its handshake by then is let go.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// For the head of a request, and between requests: a connection that sends nothing for so long is
/// closed.
const HEAD_LIMIT: Duration = Duration::from_secs(5 * 60);

/// The headers of a request of HTTP/2 in bytes: room for a token of 16 KiB beside others.
const MOST_HEADERS: u32 = 64 << 10;

/// How long to leave a listener alone that could not accept, most likely for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How HTTP is served. HTTP/1.1 and HTTP/2 are told apart by ALPN, or by what is sent first.
#[derive(Clone, Debug)]
pub struct Server {
    drain: Drain,
    tls: Option<Tls>,
    head_limit: Duration,
}

impl Server {
    /// Without TLS, to the end of `drain`.
    #[must_use]
    pub fn new(drain: &Drain) -> Self {
        Self { drain: drain.clone(), tls: None, head_limit: HEAD_LIMIT }
    }

    /// With TLS.
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Closes a connection of HTTP/1.1 that has not sent the head of its next request for so long;
    /// by default after five minutes.
    #[must_use]
    pub fn head_limit(self, head_limit: Duration) -> Self {
        Self { head_limit, ..self }
    }

    /// Accepts connections until draining begins, then lets the listener go, and returns when the
    /// connections have ended or were cut. Those that were upgraded belong to the service.
    pub async fn serve<S, B>(self, listener: Listener, service: S)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut connections = tokio::task::JoinSet::new();
        let mut begun = pin!(self.drain.begun());
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let (server, service) = (self.clone(), service.clone());
                        let held = self.drain.hold();
                        connections.spawn(async move {
                            match stream {
                                Accepted::Tcp(stream) => server.connection(stream, peer, service).await,
                                #[cfg(unix)]
                                Accepted::Unix(stream) => server.connection(stream, peer, service).await,
                            }
                            drop(held);
                        });
                    }
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
                () = &mut begun => break,
            }
        }
        drop(listener);
        tokio::select! {
            () = async { while connections.join_next().await.is_some() {} } => {}
            () = self.drain.ended() => connections.shutdown().await,
        }
    }

    async fn connection<I, S, B>(self, stream: I, mut peer: Peer, service: S)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let Some(tls) = self.tls.as_ref().map(Tls::config) else {
            return self.http(stream, peer, service).await;
        };
        let shaking = timeout(HANDSHAKE_LIMIT, TlsAcceptor::from(tls).accept(stream));
        let Ok(Ok(stream)) = shaking.await else { return };
        peer.tls = true;
        if let Some(shown) = stream.get_ref().1.peer_certificates() {
            peer.certificates = shown.iter().map(|shown| shown.clone().into_owned()).collect();
        }
        self.http(stream, peer, service).await;
    }

    async fn http<I, S, B>(self, stream: I, peer: Peer, service: S)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1().timer(TokioTimer::new()).header_read_timeout(self.head_limit);
        http.http2().timer(TokioTimer::new()).max_header_list_size(MOST_HEADERS);
        let (peer, closing) = (Arc::new(peer), Closing::default());
        let asked = closing.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Arc::clone(&peer));
            request.extensions_mut().insert(closing.clone());
            service.clone().call(request)
        });
        let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        tokio::select! {
            // An error here is the client's going away in the middle of something.
            _ = connection.as_mut() => return,
            () = self.drain.begun() => connection.as_mut().graceful_shutdown(),
            () = asked.asked() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }
}
