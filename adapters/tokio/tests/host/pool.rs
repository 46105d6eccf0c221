//! The pool: nobody waits behind the server's limit of streams, and what ends loses no request.

use bytes::Bytes;
use http::{Request, StatusCode, Version};
use http_body::Frame;
use http_body_util::Full;
use kubecred_core::policy::Reload;
use kubecred_core::{Authentication, Material, Policy, Profile, Proxy, Roots};
use kubecred_loopback::{ApiServer, ApiServerBuilder, Authority, Exchange, User};
use kubecred_tokio::{Auth, Client, ClientError};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};
use tower_service::Service;

/// Long enough for anything; a test that gets here has failed.
const LONG: Duration = Duration::from_secs(60);

async fn start(builder: ApiServerBuilder) -> (ApiServer, Client) {
    let server = builder.start().await.unwrap();
    server.accounts().allow_token("good", User::new("jane"));
    let client = client(server.url(), server.authority(), Authentication::token("good"));
    (server, client)
}

fn client(url: String, authority: &Authority, authentication: Authentication) -> Client {
    let mut profile = Profile { authentication, ..Profile::new(url) };
    profile.cluster.roots = Roots::Pem(authority.certificate_pem().into());
    profile.cluster.proxy = Proxy::Direct;
    Client::new(Auth::from_profile(profile)).unwrap()
}

async fn status(client: &Client, path: &str) -> StatusCode {
    let response = client.get(path).await.unwrap_or_else(|error| panic!("{path}: {error}"));
    let status = response.status();
    response.into_body().bytes().await.unwrap();
    status
}

/// Sends requests that are not answered before the server is told to.
fn hold(client: &Client, count: usize) -> JoinSet<StatusCode> {
    let mut held = JoinSet::new();
    for _ in 0..count {
        let client = client.clone();
        held.spawn(async move { status(&client, "/held").await });
    }
    held
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, future).await.unwrap_or_else(|_| panic!("{what} hangs"))
}

fn connections<'a>(exchanges: impl IntoIterator<Item = &'a Exchange>) -> BTreeSet<u64> {
    exchanges.into_iter().map(|exchange| exchange.connection).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn px_28_a_hundred_slow_requests_at_a_limit_of_four_streams_hold_up_nobody() {
    let (server, client) = start(ApiServer::builder().max_streams(4)).await;
    let held = hold(&client, 100);
    within("not all come through", server.holds(100)).await;
    for _ in 0..20 {
        assert_eq!(within("the fast one", status(&client, "/version")).await, StatusCode::OK);
    }
    server.release();
    let all = within("the held ones", held.join_all()).await;
    assert!(all.iter().all(|status| *status == StatusCode::OK));
    assert!(server.exchanges().iter().all(|exchange| exchange.version == Version::HTTP_2));
    // As many as they need, and a few ahead.
    let made = server.counters().connections;
    assert!((25..=30).contains(&made), "{made} connections for 100 requests of 4 each");
    // They are used again.
    let held = hold(&client, 100);
    within("not all come through again", server.holds(100)).await;
    server.release();
    within("the held ones", held.join_all()).await;
    assert!(server.counters().connections <= made + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn px_28_a_server_that_allows_one_stream_gets_a_connection_for_each() {
    let (server, client) = start(ApiServer::builder().max_streams(1)).await;
    let held = hold(&client, 5);
    within("not all come through", server.holds(5)).await;
    assert_eq!(within("the fast one", status(&client, "/version")).await, StatusCode::OK);
    server.release();
    within("the held ones", held.join_all()).await;
    assert!(server.counters().connections <= 7, "{:?}", server.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_requests_share_one_connection() {
    let (server, client) = start(ApiServer::builder()).await;
    let held = hold(&client, 40);
    within("not all come through", server.holds(40)).await;
    server.release();
    within("the held ones", held.join_all()).await;
    assert_eq!(server.counters().connections, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_watches_take_nobodys_place() {
    let (server, client) = start(ApiServer::builder()).await;
    let mut watches = JoinSet::new();
    for _ in 0..500 {
        let client = client.clone();
        watches.spawn(async move {
            let path = "/api/v1/namespaces/kube-public/pods?watch=true";
            client.get(path).await.unwrap().into_body().bytes().await.unwrap()
        });
    }
    within("not all are watched", server.watched(500)).await;
    let mut small = JoinSet::new();
    for _ in 0..100 {
        let client = client.clone();
        small.spawn(async move { status(&client, "/version").await });
    }
    let small = within("the small requests", small.join_all()).await;
    assert!(small.iter().all(|status| *status == StatusCode::OK));
    let exchanges = server.exchanges();
    let is_watch = |exchange: &&Exchange| exchange.path_and_query.contains("watch");
    let watching = connections(exchanges.iter().filter(is_watch));
    let others = connections(exchanges.iter().filter(|exchange| !is_watch(exchange)));
    assert!(watching.is_disjoint(&others), "{watching:?} {others:?}");
    assert!(watching.len() <= 12 && others.len() <= 3, "{watching:?} {others:?}");
    assert_eq!(server.announce(r#"{"type":"BOOKMARK"}"#), 500);
    server.end_watches();
    for events in within("the watches", watches.join_all()).await {
        assert_eq!(events, "{\"type\":\"BOOKMARK\"}\n");
    }
}

/// Sends requests one after another until it is told to stop, and gives how many.
fn load(client: &Client, stop: &tokio::sync::watch::Sender<bool>) -> JoinHandle<usize> {
    let (client, stop) = (client.clone(), stop.subscribe());
    tokio::spawn(async move {
        let mut count = 0;
        while !*stop.borrow() {
            assert_eq!(status(&client, "/version").await, StatusCode::OK);
            count += 1;
        }
        count
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goaway_loses_no_request_of_either_version() {
    for builder in [ApiServer::builder(), ApiServer::builder().http1_only()] {
        let (server, client) = start(builder).await;
        let held = hold(&client, 3);
        within("not all come through", server.holds(3)).await;
        let stop = tokio::sync::watch::Sender::new(false);
        let load: Vec<_> = (0..8).map(|_| load(&client, &stop)).collect();
        for _ in 0..20 {
            let before = server.counters().requests;
            server.go_away();
            within("the next requests", server.answered(before + 40)).await;
        }
        assert!(server.counters().connections > 10, "{:?}", server.counters());
        stop.send_replace(true);
        for load in load {
            assert!(within("the load", load).await.unwrap() > 0);
        }
        // What was under way is answered on its old connection.
        server.release();
        within("the held ones", held.join_all()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_closed_for_idleness_lose_no_get() {
    for builder in [ApiServer::builder(), ApiServer::builder().http1_only()] {
        let (server, client) = start(builder).await;
        for _ in 0..20 {
            assert_eq!(within("a request", status(&client, "/version")).await, StatusCode::OK);
            // The client learns of it before, while, or after it sends the next request.
            server.hang_up();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_http_1_are_kept_and_used_again() {
    let (server, client) = start(ApiServer::builder().http1_only()).await;
    for _ in 0..3 {
        let held = hold(&client, 10);
        within("not all come through", server.holds(10)).await;
        server.release();
        within("the held ones", held.join_all()).await;
    }
    assert!(server.counters().connections <= 12, "{:?}", server.counters());
    let before = server.counters().connections;
    for _ in 0..20 {
        assert_eq!(status(&client, "/version").await, StatusCode::OK);
    }
    assert!(server.counters().connections <= before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_up_gives_the_place_back() {
    let (server, client) = start(ApiServer::builder().max_streams(2)).await;
    for _ in 0..10 {
        let mut held = hold(&client, 6);
        within("not all come through", server.holds(6)).await;
        held.shutdown().await;
        assert_eq!(within("the fast one", status(&client, "/version")).await, StatusCode::OK);
    }
    let made = server.counters().connections;
    assert!(made <= 16, "{made} connections, so places were not given back");
}

/// The certificate is in files that are read again at once.
fn certificate(folder: &TempDir, authority: &Authority, name: &str) {
    let pair = authority.client(name, &[]);
    for (file, text) in [("crt", pair.certificate_pem()), ("key", pair.key_pem())] {
        let new = folder.path().join(format!("new.{file}"));
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, folder.path().join(format!("client.{file}"))).unwrap();
    }
}

/// I: Go's client makes the first request after a rotation wait for a handshake.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_certificate_is_dialled_before_a_request_needs_it() {
    let server = ApiServer::builder().start().await.unwrap();
    let folder = TempDir::new().unwrap();
    certificate(&folder, server.authority(), "one");
    let path = |file: &str| folder.path().join(file).to_str().unwrap().to_owned();
    let authentication = Authentication::certificate(
        Material::File(path("client.crt")),
        Material::File(path("client.key")),
    );
    let mut profile = Profile { authentication, ..Profile::new(server.url()) };
    profile.cluster.roots = Roots::Pem(server.authority().certificate_pem().into());
    let policy = Policy {
        min_interval: Duration::from_millis(1),
        certificate_files: Reload { every: Duration::from_millis(20), leeway: Duration::ZERO },
        ..Policy::default()
    };
    let auth = Auth::builder().policy(policy).profile(profile);
    let client = Client::new(auth).unwrap();
    assert_eq!(status(&client, "/version").await, StatusCode::OK);
    certificate(&folder, server.authority(), "two");
    let names = |exchanges: &[Exchange]| -> Vec<(u64, String)> {
        let name = |exchange: &Exchange| exchange.client_certificate.clone()?.common_name.clone();
        exchanges.iter().filter_map(|e| Some((e.connection, name(e)?))).collect()
    };
    let seen = within("the new certificate", async {
        loop {
            assert_eq!(status(&client, "/version").await, StatusCode::OK);
            let handshakes = server.counters().handshakes;
            let seen = names(&server.exchanges());
            if seen.last().is_some_and(|(_, name)| name == "two") {
                return seen;
            }
            // While the new connection is made, requests go on over the old one.
            assert!(handshakes <= 2, "{seen:?}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert!(
        seen.iter().all(|(connection, name)| (*connection == 1) == (name == "one")),
        "{seen:?}"
    );
    assert_eq!(server.counters().connections, 2);
}

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
async fn a_request_that_is_answered_before_it_is_sent_whole_holds_up_nobody() {
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

/// nginx, which Debian and others have, with a limit of four streams before a server that is slow.
struct Nginx {
    folder: TempDir,
    process: tokio::process::Child,
    port: u16,
}

impl Nginx {
    async fn before(upstream: &ApiServer, authority: &Authority) -> Self {
        let folder = TempDir::new().unwrap();
        let issued = authority.server(&["127.0.0.1", "localhost"]);
        std::fs::write(folder.path().join("tls.crt"), issued.certificate_pem()).unwrap();
        std::fs::write(folder.path().join("tls.key"), issued.key_pem()).unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let configuration = format!(
            "daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log stderr warn;
            events {{ worker_connections 2000; }}
            http {{
              access_log off; client_body_temp_path body; proxy_temp_path proxy;
              fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
              server {{
                listen 127.0.0.1:{port} ssl http2;
                ssl_certificate tls.crt; ssl_certificate_key tls.key;
                http2_max_concurrent_streams 4; keepalive_requests 50;
                location / {{ proxy_pass {}; proxy_http_version 1.1; proxy_read_timeout 60s; }}
              }}
            }}",
            upstream.url()
        );
        std::fs::write(folder.path().join("nginx.conf"), configuration).unwrap();
        let mut command = tokio::process::Command::new("nginx");
        command.arg("-p").arg(folder.path()).args(["-c", "nginx.conf"]).kill_on_drop(true);
        command.env("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin:/usr/local/bin");
        command.stderr(Stdio::null());
        let mut process = command.spawn().unwrap_or_else(|error| {
            panic!("nginx is needed for this test; the distribution has it: {error}")
        });
        within("nginx", async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                let ended = process.try_wait().unwrap();
                assert!(ended.is_none(), "nginx does not start: {ended:?}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        Self { folder, process, port }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its process ends with it, and then the folder may go.
        let _ = self.process.start_kill();
        let _ = self.folder.path();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn px_28_slow_requests_through_nginx_hold_up_nobody_and_its_goaways_lose_none() {
    let upstream = ApiServer::builder().plain_http().start().await.unwrap();
    upstream.accounts().accept_any(true);
    upstream.accounts().allow_token("good", User::new("jane"));
    let authority = Authority::new("nginx");
    let nginx = Nginx::before(&upstream, &authority).await;
    let url = format!("https://127.0.0.1:{}", nginx.port);
    let client = client(url, &authority, Authentication::token("good"));
    let held = hold(&client, 100);
    within("not all come through", upstream.holds(100)).await;
    assert_eq!(within("the fast one", status(&client, "/version")).await, StatusCode::OK);
    upstream.release();
    within("the held ones", held.join_all()).await;
    // nginx ends each connection after fifty requests.
    let mut load = JoinSet::new();
    for _ in 0..16 {
        let client = client.clone();
        load.spawn(async move {
            for _ in 0..60 {
                assert_eq!(status(&client, "/version").await, StatusCode::OK);
            }
        });
    }
    within("the load", load.join_all()).await;
}
