//! Servers that answer as no API server should.

use super::{client, status, within};
use bytes::Bytes;
use h2::server::SendResponse;
use http::{Request, StatusCode};
use http_body::Frame;
use http_body_util::Full;
use kubecred_core::{Authentication, Profile, Proxy};
use kubecred_loopback::{ApiServer, Authority};
use kubecred_tokio::{Auth, Client, ClientError};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tower_service::Service;

/// A server of HTTP/1.1 that reads the head of the first request on each connection, and answers it
/// with this. Gives its URL, and the path of each request that came.
async fn scripted(answer: &'static str) -> (String, UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (seen, paths) = unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    if stream.read_buf(&mut head).await.unwrap() == 0 {
                        return;
                    }
                }
                let path = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap().to_owned();
                seen.send(path).unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
                if !answer.is_empty() {
                    // It reads no further, and keeps the connection.
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    (url, paths)
}

fn plain(url: String) -> Client {
    let mut profile = Profile::new(url);
    profile.cluster.proxy = Proxy::Direct;
    Client::new(Auth::from_profile(profile)).unwrap()
}

/// `exec` is a GET, and runs a command.
#[tokio::test]
async fn a_request_that_becomes_another_protocol_is_sent_once() {
    let (url, mut paths) = scripted("").await;
    let client = plain(url);
    let exec = Request::get("/exec").header("connection", "upgrade").header("upgrade", "websocket");
    let outcome = within("exec", client.request(exec.body(Full::default()).unwrap())).await;
    assert!(matches!(outcome, Err(ClientError::Http(_))), "{outcome:?}");
    drop(client);
    assert_eq!(paths.recv().await.as_deref(), Some("/exec"));
    assert!(paths.try_recv().is_err(), "it was sent again");
}

#[tokio::test]
async fn a_request_that_is_answered_before_it_is_sent_whole_holds_up_no_other() {
    let (url, mut paths) = scripted("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let mut client = plain(url);
    let (_more, body) = tokio::sync::mpsc::channel::<Bytes>(1);
    let upload = Request::post("/upload").body(Channel(body)).unwrap();
    let answer = within("the answer", client.call(upload)).await.unwrap();
    assert_eq!(answer.into_body().bytes().await.unwrap(), "ok");
    assert_eq!(within("the next", status(&client, "/next")).await, StatusCode::OK);
    assert_eq!(paths.recv().await.as_deref(), Some("/upload"));
    assert_eq!(paths.recv().await.as_deref(), Some("/next"));
}

/// A body of unknown length.
struct Channel(tokio::sync::mpsc::Receiver<Bytes>);

impl http_body::Body for Channel {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|data| data.map(|data| Ok(Frame::data(data))))
    }
}

/// A server of HTTP/2 that gets each request, and its URL.
async fn http2(
    authority: &Authority,
    serve: impl Fn(Request<h2::RecvStream>, SendResponse<Bytes>) + Clone + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let issued = authority.server(&["127.0.0.1"]);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut tls = builder.with_single_cert(issued.chain().to_vec(), issued.key_der()).unwrap();
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let tls = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (tls, serve) = (tls.clone(), serve.clone());
            tokio::spawn(async move {
                let stream = tls.accept(stream).await.unwrap();
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((request, respond))) = connection.accept().await {
                    serve(request, respond);
                }
            });
        }
    });
    url
}

/// Go's limit, which hyper does not have for HTTP/2.
#[tokio::test]
async fn informational_answers_of_http_2_end_if_the_answer_does_not_come() {
    let count = Arc::new(AtomicUsize::new(0));
    let requests = Arc::clone(&count);
    let authority = Authority::new("flood");
    let url = http2(&authority, move |request, mut respond| {
        requests.fetch_add(1, Ordering::Relaxed);
        let hint = || http::Response::builder().status(103).body(()).unwrap();
        tokio::spawn(async move {
            if request.uri().path() == "/five" {
                (0..5).for_each(|_| respond.send_informational(hint()).unwrap());
                respond.send_response(http::Response::new(()), true).unwrap();
                return;
            }
            while respond.send_informational(hint()).is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    })
    .await;
    let client = client(url, &authority, Authentication::token("good"));
    for _ in 0..3 {
        assert_eq!(within("five", status(&client, "/five")).await, StatusCode::OK);
    }
    let outcome = within("the flood", client.get("/flood")).await;
    assert!(matches!(outcome, Err(ClientError::Informational(5))), "{outcome:?}");
    assert_eq!(count.load(Ordering::Relaxed), 4, "it was sent again");
    assert_eq!(within("the next", status(&client, "/five")).await, StatusCode::OK);
}

/// As Go: what ends a new connection over its first request would end the next one too.
#[tokio::test]
async fn a_request_that_is_too_large_is_sent_once_and_its_error_is_in_words() {
    let server = ApiServer::builder().start().await.unwrap();
    let token = "x".repeat(2 << 20);
    let client = client(server.url(), server.authority(), Authentication::token(token));
    let error = within("the error", client.get("/version")).await.unwrap_err().to_string();
    assert!(
        error.starts_with("no answer from the server: it ended the connection (ENHANCE_YOUR_CALM"),
        "{error}"
    );
    assert_eq!(server.counters().connections, 1);
}

/// A server of HTTP/1.1 that gives each request this answer, and closes.
async fn answering(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    if stream.read_buf(&mut head).await.unwrap() == 0 {
                        return;
                    }
                }
                // The client may have had enough.
                let _ = stream.write_all(&answer).await;
            });
        }
    });
    url
}

/// What a client makes of an answer with these headers and this body.
async fn body_of(headers: &str, body: &[u8]) -> Result<Bytes, String> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
    let url = answering([head.as_bytes(), body].concat()).await;
    let answer = within("the answer", plain(url).get("/")).await.map_err(|e| e.to_string())?;
    within("the body", answer.into_body().bytes()).await.map_err(|e| e.to_string())
}

/// `hello` as one member of gzip.
const HELLO: [u8; 25] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 7, 0, 0x86, 0xa6, 0x10, 0x36,
    5, 0, 0, 0,
];

/// As Go's transport: members are read one after another, and what follows them is an error.
#[tokio::test]
async fn what_is_compressed_is_read_to_its_end_or_refused() {
    for name in ["gzip", "GZIP", "Gzip"] {
        let header = format!("Content-Encoding: {name}\r\n");
        assert_eq!(body_of(&header, &HELLO).await.as_deref(), Ok(&b"hello"[..]), "{name}");
    }
    let gzip = "Content-Encoding: gzip\r\n";
    let read = async |body: &[u8]| body_of(gzip, body).await;
    assert_eq!(read(&[HELLO, HELLO].concat()).await.as_deref(), Ok(&b"hellohello"[..]));
    assert_eq!(read(b"").await.as_deref(), Ok(&b""[..]));
    for (what, body) in [
        ("junk", [&HELLO[..], b"junk"].concat()),
        ("zeros", [&HELLO[..], &[0; 64]].concat()),
        ("half a member", [&HELLO[..], &HELLO[..12]].concat()),
        ("a wrong sum", [&HELLO[..17], &[0; 8]].concat()),
        ("no gzip", b"hello".to_vec()),
    ] {
        let error = read(&body).await.unwrap_err();
        assert!(error.contains("gzip"), "{what}: {error}");
    }
    let other = body_of("Content-Encoding: x-gzip\r\n", &HELLO).await;
    assert_eq!(other.as_deref(), Ok(&HELLO[..]), "it was not asked for");
}

/// Go refuses what it does not know, and what may be read in two ways.
#[tokio::test]
async fn an_answer_of_another_framing_than_go_reads_is_refused() {
    let chunks = b"3\r\nabc\r\n0\r\n\r\n";
    for (headers, body, says) in [
        ("Transfer-Encoding: chunked\r\n", &chunks[..], None),
        ("Transfer-Encoding: Chunked\r\n", chunks, None),
        ("Content-Length: 3\r\n", b"abc", None),
        ("Content-Length: 3\r\nContent-Length: 3\r\n", b"abc", None),
        ("Content-Length: 3, 3\r\n", b"abc", Some("Content-Length")),
        ("Transfer-Encoding: gzip, chunked\r\n", chunks, Some("Transfer-Encoding")),
        ("Transfer-Encoding: identity\r\n", b"abc", Some("Transfer-Encoding")),
        ("Transfer-Encoding: identity, chunked\r\n", chunks, Some("Transfer-Encoding")),
        (
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
            chunks,
            Some("Transfer-Encoding"),
        ),
    ] {
        match (body_of(headers, body).await, says) {
            (Ok(body), None) => assert_eq!(body, "abc", "{headers}"),
            (Err(error), Some(says)) => assert!(error.contains(says), "{headers}: {error}"),
            (outcome, _) => panic!("{headers}: {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_told_as_what_it_is() {
    let line = format!("X: {}\r\n", "x".repeat(1000));
    for headers in ["X: y\r\n".repeat(200), line.repeat(900)] {
        let error = body_of(&headers, b"").await.unwrap_err();
        assert!(error.contains("head of its answer is too large"), "{error}");
    }
}
