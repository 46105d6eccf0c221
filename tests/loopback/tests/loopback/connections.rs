//! What a connection tells, and how it ends.

use crate::client::Client;
use bytes::Bytes;
use http::{Method, StatusCode, Version};
use kubecred_loopback::{ApiServer, Authority};
use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

async fn open_server() -> ApiServer {
    let server = ApiServer::builder().start().await.expect("a free port on loopback");
    server.accounts().accept_any(true);
    server
}

#[tokio::test]
async fn alpn_decides_between_http_1_and_http_2() {
    let server = open_server().await;
    Client::of(&server).get(&server, "/version", &[]).await;
    Client::of(&server).http2().get(&server, "/version", &[]).await;
    let versions: Vec<_> = server.exchanges().iter().map(|exchange| exchange.version).collect();
    assert_eq!(versions, [Version::HTTP_11, Version::HTTP_2]);
}

#[tokio::test]
async fn http_1_only_is_offered_when_asked_for() {
    let server = ApiServer::builder().http1_only().start().await.unwrap();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let refused = Client::of(&server).http2().connect_over(stream, "localhost").await;
    assert!(refused.is_err(), "there is no protocol in common");
    let reply = Client::of(&server).get(&server, "/version", &[]).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn plain_http_is_served_when_asked_for() {
    let server = ApiServer::builder().plain_http().start().await.unwrap();
    server.accounts().allow_token("good", "jane");
    assert!(server.url().starts_with("http://127.0.0.1:"));
    for client in [Client::of(&server), Client::of(&server).http2()] {
        let reply = client.get(&server, "/version", &[("authorization", "Bearer good")]).await;
        assert_eq!(reply.status, StatusCode::OK);
    }
    assert_eq!(server.counters().handshakes, 0);
}

#[tokio::test]
async fn the_server_name_asked_for_is_recorded() {
    let server = open_server().await;
    Client::of(&server).get(&server, "/version", &[]).await;
    Client::of(&server).asking_for("kubernetes.default.svc").get(&server, "/version", &[]).await;
    let names: Vec<_> = server.exchanges().into_iter().map(|exchange| exchange.sni).collect();
    assert_eq!(names, [None, Some("kubernetes.default.svc".into())]);
}

#[tokio::test]
async fn the_certificate_is_for_the_names_given() {
    let server = ApiServer::builder().names(&["api.internal"]).start().await.unwrap();
    for (name, expected) in [("api.internal", true), ("127.0.0.1", false)] {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let session = Client::of(&server).connect_over(stream, name).await;
        assert_eq!(session.is_ok(), expected, "{name}");
    }
}

#[tokio::test]
async fn connections_are_numbered_and_requests_on_one_share_its_number() {
    let server = open_server().await;
    let mut first = Client::of(&server).connect(&server).await;
    let mut second = Client::of(&server).http2().connect(&server).await;
    for _ in 0..2 {
        first.get("/version", &[]).await;
        second.get("/version", &[]).await;
    }
    let numbers: Vec<_> = server.exchanges().iter().map(|exchange| exchange.connection).collect();
    assert_eq!(numbers, [1, 2, 1, 2]);
    let counters = server.counters();
    assert_eq!((counters.connections, counters.handshakes, counters.requests), (2, 2, 4));
}

#[tokio::test]
async fn no_session_is_resumed_so_each_handshake_shows_its_client() {
    let server = open_server().await;
    let connector = TlsConnector::from(Client::of(&server).tls());
    for _ in 0..2 {
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let mut stream = connector.connect("localhost".try_into().unwrap(), stream).await.unwrap();
        stream
            .write_all(b"GET /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        // Reading to the end takes in whatever the server offers for another time.
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
    }
}

#[tokio::test]
async fn hang_up_ends_what_is_open_and_nothing_else() {
    let server = open_server().await;
    let mut session = Client::of(&server).connect(&server).await;
    session.get("/version", &[]).await;
    server.hang_up();
    // The end of the connection is the event awaited: a request fails, or the next one does.
    while session.send(Method::GET, "/version", &[], Bytes::new()).await.is_ok() {}
    assert_eq!(Client::of(&server).get(&server, "/version", &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn shutdown_frees_the_port() {
    let server = open_server().await;
    let address = server.address();
    let mut session = Client::of(&server).connect(&server).await;
    session.get("/version", &[]).await;
    server.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
    let again = ApiServer::builder().port(address.port()).start().await.expect("the port is free");
    assert_eq!(again.address(), address);
}

#[tokio::test]
async fn another_certificate_is_presented_from_the_next_handshake_on() {
    let server = open_server().await;
    let old = Client::of(&server);
    let mut held = old.connect(&server).await;
    let next = Authority::new("next");
    server.present(&next.server(&["127.0.0.1"]));
    let stream = TcpStream::connect(server.address()).await.unwrap();
    assert!(old.connect_over(stream, "127.0.0.1").await.is_err());
    assert_eq!(Client::trusting(&next).get(&server, "/version", &[]).await.status, StatusCode::OK);
    assert_eq!(held.get("/version", &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn clients_that_leave_in_the_handshake_harm_nobody() {
    let server = open_server().await;
    for opening in [&b""[..], b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(opening).await.unwrap();
        stream.shutdown().await.unwrap();
        // Until the server has given up too; it may do so with a reset.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(Client::of(&server).get(&server, "/version", &[]).await.status, StatusCode::OK);
    let counters = server.counters();
    assert_eq!((counters.handshakes, counters.handshakes_failed, counters.connections), (1, 3, 4));
}

/// Time stands still but when everyone waits, so the limit comes at once.
#[tokio::test(start_paused = true)]
async fn clients_that_stall_in_the_handshake_are_let_go() {
    let server = open_server().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"\x16\x03\x01").await.unwrap();
    let mut rest = Vec::new();
    // The end of the stream or its reset, which only the server can have brought about.
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    assert_eq!(server.counters().handshakes_failed, 1);
}

#[tokio::test]
async fn the_journal_keeps_no_more_than_it_was_told_to() {
    let server = ApiServer::builder().record_at_most(2).start().await.unwrap();
    let silent = ApiServer::builder().record(false).start().await.unwrap();
    for path in ["/a", "/b", "/c"] {
        Client::of(&server).get(&server, path, &[]).await;
        Client::of(&silent).get(&silent, path, &[]).await;
    }
    let paths: Vec<_> =
        server.take_exchanges().into_iter().map(|exchange| exchange.path_and_query).collect();
    assert_eq!(paths, ["/b", "/c"]);
    assert!(server.exchanges().is_empty() && silent.exchanges().is_empty());
    assert_eq!((server.counters().requests, silent.counters().requests), (3, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_requests_at_once_are_all_answered() {
    const REQUESTS: u64 = 10_000;
    const CONNECTIONS: u64 = 20;
    let server = open_server().await;
    let client = Client::of(&server).http2();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let session = client.connect(&server).await;
        for _ in 0..REQUESTS / CONNECTIONS {
            let mut session = session.another();
            tasks.spawn(async move { session.get("/slow?ms=100", &[]).await.status });
        }
    }
    while let Some(status) = tasks.join_next().await {
        assert_eq!(status.expect("no task fails"), StatusCode::OK);
    }
    server.answered(REQUESTS).await;
    let counters = server.counters();
    assert_eq!((counters.successes, counters.handshakes), (REQUESTS, CONNECTIONS));
    assert_eq!(server.exchanges().len() as u64, REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_handshakes_at_once_all_succeed() {
    const CLIENTS: u64 = 300;
    let server = open_server().await;
    let client = Client::of(&server);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (client, address) = (client.clone(), server.address());
        tasks.spawn(async move {
            let stream = TcpStream::connect(address).await.expect("a place in the backlog");
            let mut session = client.connect_over(stream, "localhost").await.expect("a handshake");
            session.get("/version", &[]).await.status
        });
    }
    while let Some(status) = tasks.join_next().await {
        assert_eq!(status.expect("no task fails"), StatusCode::OK);
    }
    assert_eq!(server.counters().handshakes, CLIENTS);
}
