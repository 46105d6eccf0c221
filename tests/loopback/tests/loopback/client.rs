//! A small HTTP client over rustls, so that every test decides for itself what it presents and trusts.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kubecred_loopback::{ApiServer, Authority, Issued};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What a client brings to a handshake.
#[derive(Clone, Default)]
pub(crate) struct Client {
    roots: Vec<Authority>,
    certificate: Option<Issued>,
    server_name: Option<String>,
    http2: bool,
}

/// One open connection.
pub(crate) enum Session {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON document")
    }
}

impl Client {
    pub(crate) fn of(server: &ApiServer) -> Self {
        Self::trusting(server.authority())
    }

    pub(crate) fn trusting(authority: &Authority) -> Self {
        Self { roots: vec![authority.clone()], ..Self::default() }
    }

    pub(crate) fn presenting(mut self, certificate: Issued) -> Self {
        self.certificate = Some(certificate);
        self
    }

    pub(crate) fn asking_for(mut self, server_name: &str) -> Self {
        self.server_name = Some(server_name.to_owned());
        self
    }

    pub(crate) fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// A connection to the server, by TLS unless it speaks plain HTTP.
    pub(crate) async fn connect(&self, server: &ApiServer) -> Session {
        let stream = TcpStream::connect(server.address()).await.expect("the server listens");
        if server.url().starts_with("http:") {
            return self.converse(stream).await;
        }
        let name = self.server_name.clone().unwrap_or_else(|| server.address().ip().to_string());
        self.connect_over(stream, &name).await.expect("the handshake succeeds")
    }

    /// A TLS connection over a stream that already leads to the server.
    pub(crate) async fn connect_over<S>(&self, stream: S, server_name: &str) -> io::Result<Session>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let name = server_name.to_owned().try_into().expect("a server name");
        let stream = TlsConnector::from(self.tls()).connect(name, stream).await?;
        Ok(self.converse(stream).await)
    }

    /// One request on a connection of its own.
    pub(crate) async fn get(
        &self,
        server: &ApiServer,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Reply {
        self.connect(server).await.get(path, headers).await
    }

    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        for authority in &self.roots {
            roots.add(authority.certificate_der().clone()).expect("a root");
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has suites")
            .with_root_certificates(roots);
        let mut config = match &self.certificate {
            Some(issued) => builder
                .with_client_auth_cert(issued.chain().to_vec(), issued.key_der())
                .expect("a certificate and its key"),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols =
            vec![if self.http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        Arc::new(config)
    }

    /// HTTP over a stream that is ready for it.
    pub(crate) async fn converse<S>(&self, stream: S) -> Session
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = TokioIo::new(stream);
        if self.http2 {
            let (sender, connection) =
                http2::handshake(TokioExecutor::new(), stream).await.expect("an HTTP/2 preface");
            tokio::spawn(connection);
            Session::Http2(sender)
        } else {
            let (sender, connection) =
                http1::handshake(stream).await.expect("an HTTP/1 connection");
            tokio::spawn(connection);
            Session::Http1(sender)
        }
    }
}

impl Session {
    /// Another sender of requests on this HTTP/2 connection.
    pub(crate) fn another(&self) -> Self {
        match self {
            Self::Http2(sender) => Self::Http2(sender.clone()),
            Self::Http1(_) => panic!("an HTTP/1 connection carries one request at a time"),
        }
    }

    pub(crate) async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(Method::GET, path, headers, Bytes::new()).await.expect("a reply")
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> hyper::Result<Reply> {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = match self {
            Self::Http1(sender) => {
                let request = request.header("host", "loopback").uri(path);
                sender.ready().await?;
                sender.send_request(request.body(Full::new(body)).expect("a request")).await?
            }
            Self::Http2(sender) => {
                let request = request.uri(format!("https://loopback{path}"));
                sender.ready().await?;
                sender.send_request(request.body(Full::new(body)).expect("a request")).await?
            }
        };
        let (parts, body) = reply.into_parts();
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await?.to_bytes(),
        })
    }
}
