//! What a test needs: an API server, an application that says what it was sent, a gate, and bytes to
//! write and read by hand.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use kubecred_core::reviewer::Settings;
use kubecred_core::{Authentication, Profile, Roots};
use kubecred_loopback::{API_AUDIENCE, ApiServer, User};
use kubecred_proxy::gate::{Gate, GateBuilder, Reviewer, Route};
use kubecred_proxy::server::{Drain, Listener, Place, Server};
use kubecred_tokio::{Auth, Client};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A machine that is busy with other tests takes its time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A token of the user `ann`.
pub(crate) const ANN: &str = "ann-token-5f2c9a71";

/// An API server with a user, and a login for the gate.
pub(crate) struct Stage {
    pub(crate) api: ApiServer,
    pub(crate) client: Client,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let api = ApiServer::builder().start().await.unwrap();
        api.accounts().allow_token("gate", User::new("gate"));
        let mut ann = User::new("ann").member_of(["dev", "has,comma"]);
        ann.uid = "u-1".into();
        ann.extra.insert("example.com/Role".into(), vec!["a".into(), "b c".into()]);
        api.accounts().allow_token(ANN, ann);
        let authentication = Authentication::token("gate");
        let mut profile = Profile { authentication, ..Profile::new(api.url()) };
        profile.cluster.roots = Roots::Pem(api.authority().certificate_pem().into());
        let client = Client::new(Auth::from_profile(profile)).unwrap();
        Self { api, client }
    }

    pub(crate) fn settings() -> Settings {
        Settings::for_audiences([API_AUDIENCE])
    }

    pub(crate) fn reviewer(&self, settings: Settings) -> Reviewer {
        Reviewer::new(self.client.clone(), settings).unwrap()
    }

    /// A gate that is not yet built.
    pub(crate) fn gate(&self) -> GateBuilder {
        Gate::builder(self.reviewer(Self::settings()))
    }

    /// How many token reviews the API server was asked.
    pub(crate) fn reviews(&self) -> u64 {
        self.api.accounts().reviews().token_reviews()
    }
}

/// Serves a gate on a port.
pub(crate) fn serve(gate: Gate, drain: &Drain) -> SocketAddr {
    let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).unwrap();
    let Place::Tcp(address) = listener.place() else { panic!("it is a port") };
    tokio::spawn(Server::new(drain).serve(listener, gate));
    address
}

pub(crate) fn route(target: &str) -> Route {
    Route::parse(target, &Profile::new("https://unused")).unwrap()
}

/// An application. It answers with what it was sent, as JSON; `/endless` goes on for ever; an upgrade
/// to `echo` echoes.
pub(crate) struct Application {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Arc<Mutex<Vec<Value>>>,
    _drain: Drain,
}

impl Application {
    pub(crate) async fn start() -> Self {
        let (drain, requests) = (Drain::new(), Arc::default());
        let listener = Listener::tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        let Place::Tcp(address) = listener.place() else { panic!("it is a port") };
        tokio::spawn(Server::new(&drain).serve(listener, Self::service(&requests)));
        Self { address, requests, _drain: drain }
    }

    /// On a unix socket.
    pub(crate) fn on_socket(path: &std::path::Path) -> Drain {
        let drain = Drain::new();
        let listener = Listener::unix(path).unwrap();
        tokio::spawn(Server::new(&drain).serve(listener, Self::service(&Arc::default())));
        drain
    }

    fn service(
        requests: &Arc<Mutex<Vec<Value>>>,
    ) -> impl tower_service::Service<
        Request<Incoming>,
        Response = Response<UnsyncBoxBody<Bytes, Infallible>>,
        Error = Infallible,
        Future: Send,
    > + Clone
    + Send
    + 'static {
        let requests = Arc::clone(requests);
        tower::service_fn(move |request| answer(request, Arc::clone(&requests)))
    }

    /// How many requests came through.
    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

async fn answer(
    mut request: Request<Incoming>,
    requests: Arc<Mutex<Vec<Value>>>,
) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Infallible> {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.to_string()).or_default().push(value);
    }
    let mut seen = json!({
        "method": request.method().as_str(),
        "target": request.uri().to_string(),
        "version": format!("{:?}", request.version()),
        "headers": headers,
    });
    if request.headers().get("upgrade").is_some_and(|upgrade| upgrade == "echo") {
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut stream = TokioIo::new(upgraded.await.unwrap());
            let mut buffer = [0; 1024];
            while let Ok(size @ 1..) = stream.read(&mut buffer).await {
                stream.write_all(&buffer[..size]).await.unwrap();
            }
            // After the other side has ended there is still something to be said.
            let _ = stream.write_all(b"the end").await;
            let _ = stream.shutdown().await;
        });
        requests.lock().unwrap().push(seen);
        let switching = Response::builder().status(101);
        let switching = switching.header("connection", "upgrade").header("upgrade", "echo");
        return Ok(switching.body(Full::default().boxed_unsync()).unwrap());
    }
    if request.uri().path() == "/endless" {
        return Ok(Response::new(Endless(Box::pin(tokio::time::sleep(TICK))).boxed_unsync()));
    }
    let body = request.into_body().collect().await;
    if let Ok(body) = body {
        let trailers = body.trailers().map(|trailers| format!("{trailers:?}"));
        seen["trailers"] = trailers.into();
        seen["body"] = String::from_utf8_lossy(&body.to_bytes()).into_owned().into();
    }
    requests.lock().unwrap().push(seen.clone());
    Ok(Response::new(Full::from(seen.to_string()).boxed_unsync()))
}

const TICK: Duration = Duration::from_millis(50);

/// A body without an end.
struct Endless(std::pin::Pin<Box<tokio::time::Sleep>>);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::ready!(self.0.as_mut().poll(context));
        self.0 = Box::pin(tokio::time::sleep(TICK));
        std::task::Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"tick\n")))))
    }
}

/// An answer, read from the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The lines of a header.
    pub(crate) fn lines(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let named = lines.filter(|(own, _)| own.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.trim()).collect()
    }

    /// A header that is there once.
    pub(crate) fn line(&self, name: &str) -> Option<&str> {
        let lines = self.lines(name);
        assert!(lines.len() < 2, "{name} is there {} times: {}", lines.len(), self.head);
        lines.first().copied()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// A header as the application saw it.
    pub(crate) fn seen(&self, name: &str) -> Vec<String> {
        let lines = self.json()["headers"][name].as_array().cloned().unwrap_or_default();
        lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    }
}

/// Writes these bytes and reads the answer to the end of the connection.
pub(crate) async fn exchange(address: SocketAddr, bytes: &[u8]) -> Answer {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // One that resets the connection after its answer has answered.
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    let answer = tokio::time::timeout(PATIENCE, exchange).await.expect("an answer in time");
    read(&String::from_utf8_lossy(&answer))
}

pub(crate) fn read(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunked(body) } else { body.to_owned() };
    Answer { status, head: head.to_owned(), body }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 || rest.len() < size {
            break;
        }
        whole.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}

/// GET with these lines, each with its name and value; the connection is closed after it.
pub(crate) async fn get(address: SocketAddr, path: &str, lines: &[&str]) -> Answer {
    request(address, "GET", path, lines).await
}

pub(crate) async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    lines: &[&str],
) -> Answer {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: app.example\r\n");
    if !lines.iter().any(|line| line.to_ascii_lowercase().starts_with("connection:")) {
        text.push_str("Connection: close\r\n");
    }
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    exchange(address, text.as_bytes()).await
}

/// `Authorization` with the token.
pub(crate) fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}")
}
