//! Which connections requests use, and how those end.

use crate::plugin::Plugin;
use http::StatusCode;
use kubecred_core::{Authentication, Exec, PluginPolicy, Policy, Profile, Proxy, Roots};
use kubecred_loopback::{ApiServer, ApiServerBuilder, HttpProxy, Issued, User};
use kubecred_tokio::{Auth, Client};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, mpsc};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::block_in_place;

/// Long enough for anything; a test that gets here has failed.
const LONG: Duration = Duration::from_secs(60);

fn fast() -> Policy {
    Policy { min_interval: Duration::from_millis(1), ..Policy::default() }
}

fn profile(server: &ApiServer, authentication: Authentication) -> Profile {
    let mut profile = Profile { authentication, ..Profile::new(server.url()) };
    profile.cluster.roots = Roots::Pem(server.authority().certificate_pem().into());
    profile
}

/// Reads the body too: a connection with half an answer on it is not used again.
async fn status(client: &Client, path: &str) -> StatusCode {
    let response = client.get(path).await.unwrap_or_else(|error| panic!("{error}"));
    let status = response.status();
    response.into_body().bytes().await.unwrap();
    status
}

/// A server that answers `/version?held` when it is told to, and how to tell it.
async fn holding(server: ApiServerBuilder) -> (ApiServer, UnboundedReceiver<()>, mpsc::Sender<()>) {
    let (came, comes) = unbounded_channel();
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let server = server.respond(move |request| {
        if request.uri().query() == Some("held") {
            came.send(()).unwrap();
            block_in_place(|| released.lock().unwrap().recv_timeout(LONG)).unwrap();
        }
        None
    });
    (server.start().await.unwrap(), comes, release)
}

/// Leads to a server, and tells the number of each connection that the client ends.
async fn relay(to: SocketAddr) -> (SocketAddr, UnboundedReceiver<u64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ended, ends) = unbounded_channel();
    tokio::spawn(async move {
        for number in 1.. {
            let (mut client, _) = listener.accept().await.unwrap();
            let ended = ended.clone();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(to).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
                let _ = ended.send(number);
            });
        }
    });
    (address, ends)
}

/// I: client-go cuts all connections in the middle of what they do; here a request that is under
/// way comes to its end, as whom it began.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ex_69_ht_31_ht_33_a_rotation_ends_connections_when_they_are_done() {
    let (server, mut comes, release) = holding(ApiServer::builder().http1_only()).await;
    let (address, mut ends) = relay(server.address()).await;
    let [one, two] = ["one", "two"].map(|name| server.authority().client(name, &[]));
    let plugin = Plugin::presenting(&[&one, &two]);
    let mut profile = profile(&server, Authentication::exec(Exec::new(plugin.path())));
    profile.cluster.server = format!("https://{address}");
    let client = Client::new(Auth::builder().policy(fast()).profile(profile)).unwrap();

    let held = tokio::spawn({
        let client = client.clone();
        async move { status(&client, "/version?held").await }
    });
    comes.recv().await.unwrap();
    server.accounts().reject_next(1);
    assert_eq!(status(&client, "/version").await, StatusCode::OK, "as two, after a 401 as one");
    assert!(!held.is_finished());
    release.send(()).unwrap();
    assert_eq!(held.await.unwrap(), StatusCode::OK);
    let mut next = async || tokio::time::timeout(LONG, ends.recv()).await.unwrap().unwrap();
    let mut ended = [next().await, next().await];
    ended.sort_unstable();
    assert_eq!(ended, [1, 2]);

    assert_eq!(status(&client, "/version").await, StatusCode::OK);
    let seen: Vec<_> = server.exchanges().iter().map(|e| (name(e), e.status.as_u16())).collect();
    let is = |name: &str, status| (Some(name.to_owned()), status);
    assert_eq!(seen, [is("one", 401), is("two", 200), is("one", 200), is("two", 200)]);
    assert_eq!(server.counters().connections, 3, "the new connection is kept");
}

fn name(exchange: &kubecred_loopback::Exchange) -> Option<String> {
    exchange.client_certificate.as_ref()?.common_name.clone()
}

/// A plugin that prints a token first, and then a certificate.
fn token_then(issued: &Issued) -> Plugin {
    let plugin = Plugin::presenting(&[issued, issued]);
    let first = Path::new(&plugin.path()).with_file_name("answer-1");
    let answer = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",
        "status":{"token":"first"}}"#;
    std::fs::write(first, answer).unwrap();
    plugin
}

#[tokio::test]
async fn ex_70_each_handshake_presents_what_there_is_then_and_nothing_is_no_error() {
    let server = ApiServer::builder().start().await.unwrap();
    server.accounts().allow_token("first", User::new("jane"));
    let plugin = token_then(&server.authority().client("later", &[]));
    let profile = profile(&server, Authentication::exec(Exec::new(plugin.path())));
    let client = Client::new(Auth::builder().policy(fast()).profile(profile)).unwrap();
    assert_eq!(status(&client, "/version").await, StatusCode::OK);
    server.accounts().reject_next(1);
    assert_eq!(status(&client, "/version").await, StatusCode::OK);
    let seen: Vec<_> = server.exchanges().iter().map(|e| (name(e), e.connection)).collect();
    assert_eq!(seen, [(None, 1), (None, 1), (Some("later".to_owned()), 2)]);
}

/// I: client-go finds connections for a client by comparing TLS settings with those of every other
/// one in the process, and gives up if there is a proxy; here those who share say so.
#[tokio::test]
async fn ht_24_clones_share_connections_and_others_do_not() {
    let server = ApiServer::builder().start().await.unwrap();
    server.accounts().allow_token("good", User::new("jane"));
    let proxy = HttpProxy::builder().route("api.internal:443", server.address());
    let proxy = proxy.start().await.unwrap();
    let mut profile = profile(&server, Authentication::token("good"));
    profile.cluster.tls_server_name = Some("localhost".into());
    for through in [false, true] {
        if through {
            profile.cluster.server = "https://api.internal".into();
            profile.cluster.proxy = Proxy::Url(proxy.url());
        }
        let before = server.counters().connections;
        let auth = Auth::from_profile(profile.clone());
        let client = Client::new(auth.clone()).unwrap();
        let clone = client.clone();
        for client in [&client, &clone, &client, &clone] {
            assert_eq!(status(client, "/version").await, StatusCode::OK);
        }
        assert_eq!(server.counters().connections - before, 1, "{through}");
        let other = Client::new(auth).unwrap();
        assert_eq!(status(&other, "/version").await, StatusCode::OK);
        assert_eq!(server.counters().connections - before, 2, "{through}");
    }
    assert_eq!(proxy.requests().len(), 2);
}

/// I: in client-go equal plugins of a process share one credential, and one set of connections, for
/// ever; here those who share say so.
#[tokio::test]
async fn ex_71_clones_share_a_credential_and_others_do_not() {
    let plugin = Plugin::counting();
    let mut profile = Profile::new("https://127.0.0.1");
    profile.authentication = Authentication::exec(Exec::new(plugin.path()));
    let auth = Auth::from_profile(profile.clone());
    for _ in 0..3 {
        let clone = auth.clone();
        assert_eq!(clone.credential().await.unwrap().headers()["authorization"], "Bearer token-1");
    }
    let other = Auth::from_profile(profile);
    assert_eq!(other.credential().await.unwrap().headers()["authorization"], "Bearer token-2");
    // What one of them is refused is nothing to the other.
    let refused = auth.credential().await.unwrap().generation();
    assert!(auth.unauthorized(refused).await);
    assert_eq!(other.credential().await.unwrap().headers()["authorization"], "Bearer token-2");
}

/// I: in client-go the policy is part of what makes two plugins of a process equal; here no two are.
#[tokio::test]
async fn ex_87_a_policy_holds_for_those_who_have_it() {
    let plugin = Plugin::counting();
    let mut profile = Profile::new("https://127.0.0.1");
    profile.authentication = Authentication::exec(Exec::new(plugin.path()));
    let free = Auth::from_profile(profile.clone());
    free.credential().await.unwrap();
    let bound = Auth::builder().plugin_policy(PluginPolicy::DenyAll).profile(profile);
    let error = bound.credential().await.unwrap_err();
    assert!(error.to_string().contains("DenyAll"), "{error}");
    free.credential().await.unwrap();
    assert_eq!(plugin.runs(), 1);
}
