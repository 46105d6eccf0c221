//! The proxies lead where they are told to, and tell what they were asked for.

use crate::client::Client;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use kubecred_loopback::{
    ApiServer, Authority, HttpProxy, ProxyCredentials, ProxyRequest, SocksProxy,
};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A name that only the proxy can make sense of.
const INTERNAL: &str = "api.internal:443";
/// jane:secret in base64.
const RIGHT: &str = "Basic amFuZTpzZWNyZXQ=";
const WRONG: &str = "Basic amFuZTp3cm9uZw==";

async fn open_server() -> ApiServer {
    let server = ApiServer::builder().names(&["api.internal", "127.0.0.1"]).start().await.unwrap();
    server.accounts().accept_any(true);
    server
}

/// Asks for a tunnel over a stream that leads to an HTTP proxy: the tunnel, or the status it was refused with.
async fn tunnel<S>(
    stream: S,
    target: &str,
    credentials: Option<&str>,
) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + 'static, StatusCode>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    let mut request = Request::connect(target).header("host", target);
    if let Some(credentials) = credentials {
        request = request.header("proxy-authorization", credentials);
    }
    let reply = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    if !reply.status().is_success() {
        return Err(reply.status());
    }
    Ok(TokioIo::new(hyper::upgrade::on(reply).await.expect("a tunnel")))
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("it listens")
}

fn only(mut requests: Vec<ProxyRequest>) -> ProxyRequest {
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

#[tokio::test]
async fn an_http_proxy_tunnels_to_a_name_that_it_alone_knows() {
    let server = open_server().await;
    let proxy = HttpProxy::builder().route(INTERNAL, server.address()).start().await.unwrap();
    let tunnel = tunnel(connect(proxy.address()).await, INTERNAL, None).await.expect("a tunnel");
    let mut session = Client::of(&server).connect_over(tunnel, "api.internal").await.unwrap();
    assert_eq!(session.get("/version", &[]).await.status, StatusCode::OK);
    assert_eq!(server.exchanges()[0].sni.as_deref(), Some("api.internal"));
    let request = only(proxy.requests());
    assert_eq!((request.target.as_str(), request.by_name), (INTERNAL, true));
    assert_eq!((request.credentials, request.granted), (ProxyCredentials::Missing, true));
    assert!(!request.forward);
}

#[tokio::test]
async fn an_http_proxy_serves_only_who_shows_its_credentials() {
    let server = open_server().await;
    let builder = HttpProxy::builder().route(INTERNAL, server.address());
    let proxy = builder.credentials("jane", "secret").start().await.unwrap();
    for (shown, judged) in [
        (None, ProxyCredentials::Missing),
        (Some(WRONG), ProxyCredentials::Refused),
        (Some("Bearer token"), ProxyCredentials::Refused),
    ] {
        let refused = tunnel(connect(proxy.address()).await, INTERNAL, shown).await.err();
        assert_eq!(refused, Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED));
        let last = proxy.requests().pop().unwrap();
        assert_eq!((last.credentials, last.granted), (judged, false));
    }
    let tunnel =
        tunnel(connect(proxy.address()).await, INTERNAL, Some(RIGHT)).await.expect("a tunnel");
    let mut session = Client::of(&server).connect_over(tunnel, "api.internal").await.unwrap();
    assert_eq!(session.get("/version", &[]).await.status, StatusCode::OK);
    let last = proxy.requests().pop().unwrap();
    assert_eq!((last.credentials, last.granted), (ProxyCredentials::Accepted, true));
    assert_eq!(server.counters().connections, 1);
}

#[tokio::test]
async fn an_https_proxy_has_an_authority_of_its_own() {
    let server = open_server().await;
    let outer = Authority::new("proxy");
    let proxy =
        HttpProxy::builder().tls(&outer).route(INTERNAL, server.address()).start().await.unwrap();
    assert_eq!(proxy.url(), format!("https://{}", proxy.address()));
    let name = || "127.0.0.1".try_into().unwrap();
    let strange = TlsConnector::from(Client::of(&server).tls());
    assert!(strange.connect(name(), connect(proxy.address()).await).await.is_err());
    let trusted = TlsConnector::from(Client::trusting(&outer).tls());
    let stream =
        trusted.connect(name(), connect(proxy.address()).await).await.expect("a handshake");
    let tunnel = tunnel(stream, INTERNAL, None).await.expect("a tunnel");
    let mut session = Client::of(&server).connect_over(tunnel, "api.internal").await.unwrap();
    assert_eq!(session.get("/version", &[]).await.status, StatusCode::OK);
    assert!(only(proxy.requests()).granted);
}

#[tokio::test]
async fn an_http_proxy_passes_plain_requests_on() {
    let server = ApiServer::builder().plain_http().start().await.unwrap();
    server.accounts().allow_token("good", "jane");
    let route = HttpProxy::builder().route("api.internal:80", server.address());
    let proxy = route.credentials("jane", "secret").start().await.unwrap();
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(connect(proxy.address()).await)).await.unwrap();
    tokio::spawn(connection);
    let request = |path: &str| {
        Request::get(format!("http://api.internal{path}"))
            .header("proxy-authorization", RIGHT)
            .header("authorization", "Bearer good")
            .body(Empty::<Bytes>::new())
            .unwrap()
    };
    let reply = sender.send_request(request("/readyz?x=y")).await.unwrap();
    assert_eq!(reply.status(), StatusCode::OK);
    assert_eq!(reply.into_body().collect().await.unwrap().to_bytes(), "ok");
    let asked = only(proxy.requests());
    assert_eq!((asked.target.as_str(), asked.forward), ("api.internal:80", true));
    let seen = &server.exchanges()[0];
    assert_eq!(
        (seen.path_and_query.as_str(), seen.header("host")),
        ("/readyz?x=y", Some("api.internal"))
    );
    assert_eq!(seen.authority.as_deref(), Some("api.internal"));
    assert_eq!(seen.header("authorization"), Some("Bearer good"));
    assert_eq!(seen.header("proxy-authorization"), None);
}

#[tokio::test]
async fn proxies_lead_nowhere_but_to_loopback() {
    let gone = {
        let server = open_server().await;
        let address = server.address();
        server.shutdown().await;
        address.to_string()
    };
    let proxy = HttpProxy::builder().start().await.unwrap();
    for (target, status) in [
        ("192.0.2.1:443", StatusCode::FORBIDDEN),
        ("api.internal:443", StatusCode::FORBIDDEN),
        (gone.as_str(), StatusCode::BAD_GATEWAY),
    ] {
        let refused = tunnel(connect(proxy.address()).await, target, None).await.err();
        assert_eq!(refused, Some(status), "{target}");
    }
    assert!(proxy.requests().iter().all(|request| !request.granted));
}

/// Asks a SOCKS5 proxy for a tunnel, offering `ways` to authenticate by: its answers as far as it gave them.
async fn socks(
    proxy: &SocksProxy,
    ways: &[u8],
    login: &[u8],
    request: &[u8],
) -> (TcpStream, Vec<u8>) {
    let mut stream = connect(proxy.address()).await;
    let mut answers = Vec::new();
    let greeting = [&[5, u8::try_from(ways.len()).unwrap()], ways].concat();
    for (message, size) in [(&greeting[..], 2), (login, 2), (request, 10)] {
        if message.is_empty() {
            continue;
        }
        // The proxy may have hung up; then there is nothing to read either.
        let _ = stream.write_all(message).await;
        let mut answer = vec![0; size];
        if stream.read_exact(&mut answer).await.is_err() {
            break;
        }
        answers.extend(&answer[..2]);
    }
    (stream, answers)
}

fn connect_to_name(name: &str, port: u16) -> Vec<u8> {
    let mut request = vec![5, 1, 0, 3, u8::try_from(name.len()).unwrap()];
    request.extend(name.as_bytes());
    request.extend(port.to_be_bytes());
    request
}

fn connect_to_loopback(port: u16) -> Vec<u8> {
    [&[5, 1, 0, 1, 127, 0, 0, 1][..], &port.to_be_bytes()].concat()
}

#[tokio::test]
async fn a_socks_proxy_tunnels_to_names_and_addresses() {
    let server = open_server().await;
    let proxy = SocksProxy::builder().route(INTERNAL, server.address()).start().await.unwrap();
    let port = server.address().port();
    for (request, target, by_name) in [
        (connect_to_name("api.internal", 443), INTERNAL.to_owned(), true),
        (connect_to_loopback(port), server.address().to_string(), false),
    ] {
        let (stream, answers) = socks(&proxy, &[0], &[], &request).await;
        assert_eq!(answers, [5, 0, 5, 0]);
        let mut session = Client::of(&server).connect_over(stream, "api.internal").await.unwrap();
        assert_eq!(session.get("/version", &[]).await.status, StatusCode::OK);
        let last = proxy.requests().pop().unwrap();
        assert_eq!((last.target, last.by_name, last.granted), (target, by_name, true));
    }
}

#[tokio::test]
async fn a_socks_proxy_serves_only_who_shows_its_credentials() {
    let server = open_server().await;
    let builder = SocksProxy::builder().route(INTERNAL, server.address());
    let proxy = builder.credentials("jane", "secret").start().await.unwrap();
    let request = connect_to_name("api.internal", 443);
    for (ways, login, expected, judged) in [
        (&[0][..], &b""[..], &[5, 0xff][..], ProxyCredentials::Missing),
        (&[0, 2], b"\x01\x04jane\x05wrong", &[5, 2, 1, 1], ProxyCredentials::Refused),
        (&[0, 2], b"\x01\x04jane\x06secret", &[5, 2, 1, 0, 5, 0], ProxyCredentials::Accepted),
    ] {
        let (_, answers) = socks(&proxy, ways, login, &request).await;
        assert_eq!(answers, expected);
        assert_eq!(proxy.requests().pop().unwrap().credentials, judged);
    }
    let granted: Vec<_> = proxy.requests().iter().map(|request| request.granted).collect();
    assert_eq!(granted, [false, false, true]);
}

#[tokio::test]
async fn a_socks_proxy_refuses_what_it_does_not_do() {
    let proxy = SocksProxy::builder().start().await.unwrap();
    let bind = b"\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50";
    let elsewhere = b"\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50";
    let strange = b"\x05\x01\x00\x09\x00\x00\x00\x00\x00\x00";
    for (request, answer) in [(&bind[..], 7), (&elsewhere[..], 2), (&strange[..], 8)] {
        let (_, answers) = socks(&proxy, &[0], &[], request).await;
        assert_eq!(answers, [5, 0, 5, answer]);
    }
    let mut stream = connect(proxy.address()).await;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    // The end of the stream, or its reset: the proxy has hung up.
    let _ = stream.read_to_end(&mut Vec::new()).await;
    assert!(proxy.requests().iter().all(|request| !request.granted));
}

#[tokio::test]
async fn shutdown_ends_tunnels() {
    let server = open_server().await;
    let http = HttpProxy::builder().start().await.unwrap();
    let socks_proxy = SocksProxy::builder().start().await.unwrap();
    let target = server.address().to_string();
    let by_http = tunnel(connect(http.address()).await, &target, None).await.expect("a tunnel");
    let (by_socks, _) =
        socks(&socks_proxy, &[0], &[], &connect_to_loopback(server.address().port())).await;
    let client = Client::of(&server);
    let mut first = client.connect_over(by_http, "127.0.0.1").await.unwrap();
    let mut second = client.connect_over(by_socks, "127.0.0.1").await.unwrap();
    http.shutdown().await;
    socks_proxy.shutdown().await;
    for session in [&mut first, &mut second] {
        let reply = session.send(Method::GET, "/version", &[], Bytes::new()).await;
        assert!(reply.is_err(), "the tunnel is gone");
    }
}
