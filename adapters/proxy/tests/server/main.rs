//! Listeners, TLS and draining, by real connections.
#![cfg(unix)]

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use kubecred_loopback::Authority;
use kubecred_proxy::server::{Drain, ListenError, Listener, Peer, Place, Server, Tls, TlsError};
use rustls_pki_types::ServerName;
use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

/// Answers with what is known of the peer. `/slow` takes a moment, `/never` for ever.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    match request.uri().path() {
        "/slow" => tokio::time::sleep(Duration::from_millis(400)).await,
        "/never" => std::future::pending().await,
        _ => {}
    }
    let peer = request.extensions().get::<Arc<Peer>>().expect("each request carries its peer");
    let text = format!("tls {} uid {}", peer.tls, peer.uid.is_some());
    Ok(Response::new(Full::from(text)))
}

fn serve(server: Server, listener: Listener) -> JoinHandle<()> {
    tokio::spawn(server.serve(listener, tower::service_fn(answer)))
}

fn tcp() -> (Listener, SocketAddr) {
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).unwrap();
    let Place::Tcp(address) = listener.place() else { panic!("{:?}", listener.place()) };
    (listener, address)
}

async fn read_some(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut buffer = vec![0; 4096];
    let size = stream.read(&mut buffer).await.unwrap_or(0);
    String::from_utf8_lossy(&buffer[..size]).into_owned()
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}

#[tokio::test]
async fn px_4_a_socket_is_for_its_owner_and_goes_with_its_listener() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("socket");
    let (drain, listener) = (Drain::new(), Listener::unix(&path).unwrap());
    assert_eq!(listener.place(), Place::Unix(path.clone()));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    let serving = serve(Server::new(&drain), listener);

    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(&get("/")).await.unwrap();
    assert!(read_some(&mut stream).await.ends_with("tls false uid true"));
    drop(stream);

    drain.begin();
    serving.await.unwrap();
    assert!(!path.exists(), "the socket's file is still there");
}

#[tokio::test]
async fn px_4_a_left_socket_is_replaced_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("socket");
    // As after kill -9: the file is there, and no process listens.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let first = Listener::unix(&path).unwrap();

    let refused = Listener::unix(&path).unwrap_err();
    assert!(matches!(refused, ListenError::SocketInUse(_)), "{refused}");

    // A file that has taken its place is not removed with the first.
    fs::remove_file(&path).unwrap();
    fs::write(&path, "mine").unwrap();
    drop(first);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    let refused = Listener::unix(&path).unwrap_err();
    assert!(matches!(refused, ListenError::NotASocket(_)), "{refused}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[tokio::test]
async fn px_3_a_port_in_use_is_named() {
    let (_held, address) = tcp();
    let refused = Listener::tcp(address).unwrap_err().to_string();
    assert!(refused.contains(&address.to_string()) && refused.contains("in use"), "{refused}");
}

/// I: kubectl is killed by the signal, and its connections with it.
#[tokio::test]
async fn px_8_draining_answers_what_was_asked_and_accepts_no_more() {
    let (drain, (listener, address)) = (Drain::new(), tcp());
    let serving = serve(Server::new(&drain), listener);
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(&get("/")).await.unwrap();
    assert!(read_some(&mut idle).await.starts_with("HTTP/1.1 200"));
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(&get("/slow")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;

    let cut = drain.run(std::future::ready(()), Duration::from_secs(20));
    let (cut, idle_end, answered) = tokio::join!(cut, read_some(&mut idle), read_some(&mut busy));
    assert_eq!(cut, 0);
    assert_eq!(idle_end, "", "an idle connection is closed");
    assert!(answered.to_lowercase().contains("connection: close"), "{answered}");
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "it still listens");
}

#[tokio::test]
async fn px_8_what_takes_too_long_is_cut() {
    let (drain, (listener, address)) = (Drain::new(), tcp());
    let serving = serve(Server::new(&drain), listener);
    let mut stuck = TcpStream::connect(address).await.unwrap();
    stuck.write_all(&get("/never")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(drain.run(std::future::ready(()), Duration::from_millis(100)).await, 1);
    serving.await.unwrap();
    assert_eq!(read_some(&mut stuck).await, "");
    assert_eq!(drain.open(), 0);
}

/// Connects with trust in `authority`, and gets `/`.
async fn get_by_tls(address: SocketAddr, authority: &Authority) -> Result<String, String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.certificate_der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
    stream.write_all(&get("/")).await.unwrap();
    Ok(read_some(&mut stream).await)
}

#[tokio::test]
async fn a_certificate_is_replaced_while_serving_and_a_bad_one_is_not_taken() {
    let folder = TempDir::new().unwrap();
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let issue = |authority: &Authority| {
        let issued = authority.server(&["localhost"]);
        fs::write(&certificate, issued.certificate_pem()).unwrap();
        fs::write(&key, issued.key_pem()).unwrap();
    };
    issue(&old);
    let tls = Tls::from_files(&certificate, &key, None).unwrap();
    let (drain, (listener, address)) = (Drain::new(), tcp());
    let serving = serve(Server::new(&drain).tls(tls.clone()), listener);
    assert!(get_by_tls(address, &old).await.unwrap().ends_with("tls true uid false"));

    fs::write(&key, old.server(&["localhost"]).key_pem()).unwrap();
    let refused = tls.reload().unwrap_err();
    assert!(matches!(refused, TlsError::Unusable(_)), "{refused}");
    assert!(get_by_tls(address, &old).await.is_ok(), "the certificate before stays");

    issue(&new);
    tls.reload().unwrap();
    assert!(get_by_tls(address, &new).await.is_ok());
    assert!(get_by_tls(address, &old).await.is_err(), "the old one is still presented");
    drain.begin();
    serving.await.unwrap();
}
