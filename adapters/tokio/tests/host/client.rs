//! The client against a real API server on loopback: TLS, proxies, rotation, 401s.

use crate::plugin::Plugin;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full};
use kubecred_core::policy::Reload;
use kubecred_core::{
    Authentication, Environment, Exec, Impersonation, Kubeconfig, Material, Overrides, Policy,
    Profile, Proxy, Roots,
};
use kubecred_loopback::{
    ApiServer, ApiServerBuilder, Authority, HttpProxy, Issued, ProxyCredentials, SocksProxy, User,
};
use kubecred_tokio::{Auth, Client, ClientError};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// Long enough for anything; a test that gets here has failed.
const LONG: Duration = Duration::from_secs(60);

async fn start(builder: ApiServerBuilder) -> ApiServer {
    let server = builder.start().await.unwrap();
    server.accounts().allow_token("good", User::new("jane"));
    server
}

async fn server() -> ApiServer {
    start(ApiServer::builder()).await
}

fn profile(server: &ApiServer, authentication: Authentication) -> Profile {
    let mut profile = Profile { authentication, ..Profile::new(server.url()) };
    profile.cluster.roots = Roots::Pem(server.authority().certificate_pem().into());
    profile
}

fn with_token(server: &ApiServer) -> Profile {
    profile(server, Authentication::token("good"))
}

fn client(profile: Profile) -> Client {
    Client::new(Auth::from_profile(profile)).unwrap()
}

fn fast() -> Policy {
    let mut policy = Policy { min_interval: Duration::from_millis(1), ..Policy::default() };
    policy.backoff.initial = Duration::from_millis(20);
    policy.backoff.max = Duration::from_millis(50);
    policy
}

/// Reads the body too: a connection with half an answer on it is not used again.
async fn status(client: &Client, path: &str) -> StatusCode {
    let response = client.get(path).await.unwrap_or_else(|error| panic!("{error}"));
    let status = response.status();
    response.into_body().bytes().await.unwrap();
    status
}

fn write(path: &Path, text: &str) -> String {
    std::fs::write(path, text).unwrap();
    path.to_str().unwrap().into()
}

#[tokio::test]
async fn a_token_opens_the_door_over_http2() {
    let server = server().await;
    let client = client(with_token(&server));
    let response = client.get("/version").await.unwrap();
    assert_eq!((response.status(), response.version()), (StatusCode::OK, Version::HTTP_2));
    assert!(response.into_body().bytes().await.unwrap().starts_with(b"{"));
    assert_eq!(status(&client, "/healthz").await, StatusCode::OK);
    let seen = server.exchanges();
    assert_eq!(seen[0].header("authorization"), Some("Bearer good"));
    assert!(seen[0].header("user-agent").unwrap().starts_with("kubecred/"));
    assert_eq!(server.counters().connections, 1, "connections are kept");
}

#[tokio::test]
async fn a_server_without_http2_is_spoken_to_in_http1() {
    let server = start(ApiServer::builder().http1_only()).await;
    let response = client(with_token(&server)).get("/version").await.unwrap();
    assert_eq!((response.status(), response.version()), (StatusCode::OK, Version::HTTP_11));
}

#[tokio::test]
async fn kc_71_a_plain_http_server_is_told_no_credentials_but_impersonation() {
    let server = start(ApiServer::builder().plain_http()).await;
    let text = format!(
        "{{current-context: c, contexts: [{{name: c, context: {{cluster: k, user: u}}}}], clusters: \
         [{{name: k, cluster: {{server: '{}'}}}}], users: [{{name: u, user: {{token: t, as: joe}}}}]}}",
        server.url()
    );
    let config = Kubeconfig::from_bytes(text.as_bytes()).unwrap();
    let profile = config.select(&Overrides::default(), &Environment::default()).unwrap();
    assert_eq!(status(&client(profile), "/version").await, StatusCode::UNAUTHORIZED);
    let seen = &server.exchanges()[0];
    assert_eq!(seen.header("authorization"), None);
    assert_eq!(seen.header("impersonate-user"), Some("joe"));
    // Who makes one by hand is told.
    let error = Client::new(Auth::from_profile(with_token(&server))).unwrap_err();
    assert!(error.to_string().contains("in clear"), "{error}");
}

#[tokio::test]
async fn kc_72_the_servers_path_is_a_prefix() {
    let server = server().await;
    let mut profile = with_token(&server);
    profile.cluster.server += "/k8s/clusters/c-1/";
    client(profile).get("/version?x=1").await.unwrap();
    assert_eq!(server.exchanges()[0].path_and_query, "/k8s/clusters/c-1/version?x=1");
}

#[tokio::test]
async fn ua_30_the_server_name_is_asked_for_and_verified() {
    let server = start(ApiServer::builder().names(&["api.internal"])).await;
    let mut profile = with_token(&server);
    let error = client(profile.clone()).get("/version").await.unwrap_err();
    assert!(error.to_string().contains("TLS with 127.0.0.1"), "{error}");
    assert!(error.connect().is_some());
    profile.cluster.tls_server_name = Some("api.internal".into());
    assert_eq!(status(&client(profile), "/version").await, StatusCode::OK);
    assert_eq!(server.exchanges()[0].sni.as_deref(), Some("api.internal"));
}

#[tokio::test]
async fn ua_32_only_the_given_roots_are_trusted() {
    let server = server().await;
    let mut profile = with_token(&server);
    for roots in [Roots::Pem(Authority::new("other").certificate_pem().into()), Roots::System] {
        profile.cluster.roots = roots;
        let error = client(profile.clone()).get("/version").await.unwrap_err();
        assert!(server.exchanges().is_empty(), "{error}");
    }
    profile.cluster.insecure_skip_tls_verify = true;
    assert_eq!(status(&client(profile), "/version").await, StatusCode::OK);
}

#[tokio::test]
async fn ua_33_an_empty_ca_file_trusts_nobody() {
    let server = server().await;
    let folder = TempDir::new().unwrap();
    let mut profile = with_token(&server);
    profile.cluster.roots = Roots::File(write(&folder.path().join("ca"), ""));
    let error = client(profile).get("/version").await.unwrap_err();
    assert!(error.to_string().contains("unknown authority"), "{error}");
}

#[tokio::test]
async fn ht_30_new_roots_in_the_file_are_trusted() {
    let old = server().await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ca");
    let mut profile = with_token(&old);
    profile.cluster.roots = Roots::File(write(&path, old.authority().certificate_pem()));
    let soon = Reload { every: Duration::from_millis(40), leeway: Duration::from_millis(20) };
    let auth = Auth::builder().policy(Policy { roots_file: soon, ..fast() }).profile(profile);
    let client = Client::new(auth).unwrap();
    assert_eq!(status(&client, "/version").await, StatusCode::OK);

    let authority = Authority::new("new");
    old.present(&authority.server(&["127.0.0.1"]));
    old.hang_up();
    write(&path, authority.certificate_pem());
    // Until the file is read again, the new server is not believed.
    let believed = async { while client.get("/version").await.is_err() {} };
    tokio::time::timeout(LONG, believed).await.unwrap();
    assert_eq!(status(&client, "/version").await, StatusCode::OK);
}

fn identity(folder: &TempDir, issued: &Issued) -> Authentication {
    let certificate = write(&folder.path().join("crt"), issued.certificate_pem());
    let key = write(&folder.path().join("key"), issued.key_pem());
    Authentication::certificate(Material::File(certificate), Material::File(key))
}

#[tokio::test]
async fn ht_31_a_new_certificate_in_the_files_makes_new_connections() {
    let server = server().await;
    let folder = TempDir::new().unwrap();
    let profile = profile(&server, identity(&folder, &server.authority().client("one", &["g"])));
    let soon = Reload { every: Duration::from_millis(40), leeway: Duration::from_millis(20) };
    let auth =
        Auth::builder().policy(Policy { certificate_files: soon, ..fast() }).profile(profile);
    let client = Client::new(auth).unwrap();
    assert_eq!(status(&client, "/version").await, StatusCode::OK);
    assert_eq!(status(&client, "/version").await, StatusCode::OK);
    identity(&folder, &server.authority().client("two", &["g"]));
    let user = |server: &ApiServer| {
        let exchange = server.exchanges().pop().unwrap();
        (exchange.client_certificate.unwrap().common_name.clone().unwrap(), exchange.connection)
    };
    assert_eq!(user(&server), ("one".into(), 1));
    let renewed = async {
        while user(&server).0 == "one" {
            assert_eq!(status(&client, "/version").await, StatusCode::OK);
        }
    };
    tokio::time::timeout(LONG, renewed).await.unwrap();
    assert_eq!(user(&server), ("two".into(), 2));
}

#[tokio::test]
async fn ex_56_a_plugins_certificate_is_presented_and_replaced_after_a_401() {
    let server = start(ApiServer::builder().http1_only()).await;
    let one = server.authority().client("one", &[]);
    let two = server.authority().client("two", &[]);
    let plugin = Plugin::presenting(&[&one, &two]);
    let profile = profile(&server, Authentication::exec(Exec::new(plugin.path())));
    let client = Client::new(Auth::builder().policy(fast()).profile(profile)).unwrap();
    assert_eq!(status(&client, "/version").await, StatusCode::OK);
    server.accounts().reject_next(1);
    assert_eq!(status(&client, "/version").await, StatusCode::OK, "retried as the other");
    let users: Vec<_> = server
        .exchanges()
        .into_iter()
        .map(|e| (e.client_certificate.unwrap().common_name.clone().unwrap(), e.status.as_u16()))
        .collect();
    let is = |user: &str, status| (user.to_owned(), status);
    assert_eq!(users, [is("one", 200), is("one", 401), is("two", 200)]);
    assert_eq!(server.counters().connections, 2);
}

#[tokio::test]
async fn ex_63_a_401_causes_one_run_and_one_retry_with_the_same_body() {
    let server = start(ApiServer::builder()).await;
    server.accounts().allow_token("token-2", User::new("jane"));
    let plugin = Plugin::counting();
    let profile = profile(&server, Authentication::exec(Exec::new(plugin.path())));
    let client = Client::new(Auth::builder().policy(fast()).profile(profile)).unwrap();
    let review = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/apis/authentication.k8s.io/v1/selfsubjectreviews")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(review)))
        .unwrap();
    let response = client.request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    let sent: Vec<_> = server
        .exchanges()
        .iter()
        .map(|e| (e.header("authorization").unwrap().to_owned(), e.status.as_u16()))
        .collect();
    assert_eq!(sent, [("Bearer token-1".into(), 401), ("Bearer token-2".into(), 201)]);
    assert_eq!(plugin.runs(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_requests_at_once_on_a_cold_start_run_the_plugin_once() {
    let server = server().await;
    server.accounts().allow_token("token-1", User::new("jane"));
    let plugin = Plugin::counting();
    let client = client(profile(&server, Authentication::exec(Exec::new(plugin.path()))));
    let requests: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { status(&client, "/version").await })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), StatusCode::OK);
    }
    assert_eq!(plugin.runs(), 1);
}

#[tokio::test]
async fn ua_1_the_callers_authorization_is_sent_and_nothing_runs() {
    let server = server().await;
    let plugin = Plugin::counting();
    let folder = TempDir::new().unwrap();
    let mut profile = profile(&server, Authentication::exec(Exec::new(plugin.path())));
    let ca = write(&folder.path().join("ca"), server.authority().certificate_pem());
    profile.cluster.roots = Roots::File(ca);
    profile.authentication.impersonation =
        Impersonation { user: "joe".into(), ..Impersonation::default() };
    let client = client(profile);
    for token in ["good", "bad", "good"] {
        let request = Request::get("/version").header("authorization", format!("Bearer {token}"));
        client.request(request.body(Full::default()).unwrap()).await.unwrap();
    }
    assert_eq!(plugin.runs(), 0);
    assert_eq!(client.auth().stats().started, 1, "the machine reads the authorities, once");
    let seen = server.exchanges();
    assert_eq!(seen.iter().map(|e| e.status.as_u16()).collect::<Vec<_>>(), [200, 401, 200]);
    assert!(seen.iter().all(|e| e.header("impersonate-user") == Some("joe")), "UA-23, HT-1");
    assert_eq!(server.counters().connections, 1);
}

#[tokio::test]
async fn proxies_of_every_kind_lead_to_the_server() {
    let server = start(ApiServer::builder().names(&["api.internal"])).await;
    let target = "api.internal:6443";
    let mut profile = with_token(&server);
    profile.cluster.server = format!("https://{target}");

    let plain = HttpProxy::builder().route(target, server.address()).start().await.unwrap();
    let authority = server.authority();
    let secure = HttpProxy::builder().route(target, server.address()).tls(authority);
    let secure = secure.credentials("me", "p@ss").start().await.unwrap();
    let socks = SocksProxy::builder().route(target, server.address()).start().await.unwrap();
    let login = secure.url().replace("https://", "https://me:p%40ss@");
    for url in [plain.url(), login, socks.url()] {
        profile.cluster.proxy = Proxy::Url(url.clone());
        assert_eq!(status(&client(profile.clone()), "/version").await, StatusCode::OK, "{url}");
    }
    for requests in [plain.requests(), secure.requests(), socks.requests()] {
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].target, target);
        assert!(requests[0].by_name && requests[0].granted && !requests[0].forward);
    }
    assert_eq!(secure.requests()[0].credentials, ProxyCredentials::Accepted);
}

#[tokio::test]
async fn kc_73_the_environment_chooses_the_proxy() {
    let server = start(ApiServer::builder().names(&["api.internal"])).await;
    let proxy = HttpProxy::builder().route("api.internal:443", server.address());
    let proxy = proxy.start().await.unwrap();
    let mut profile = with_token(&server);
    profile.cluster.server = "https://api.internal".into();
    for (no_proxy, asked) in [("example.com", 1), ("*.internal", 1)] {
        let variables = [("HTTPS_PROXY", proxy.url()), ("no_proxy", no_proxy.to_owned())];
        let builder = Auth::builder().environment_of(Environment::new(variables));
        let answer = Client::new(builder.profile(profile.clone())).unwrap().get("/version").await;
        assert_eq!(answer.is_ok(), no_proxy == "example.com", "the name leads nowhere without it");
        assert_eq!(proxy.requests().len(), asked, "{no_proxy}");
    }
}

#[tokio::test]
async fn a_plain_request_is_told_to_the_proxy_whole() {
    let server = start(ApiServer::builder().plain_http()).await;
    let proxy = HttpProxy::builder().route("api.internal:80", server.address());
    let proxy = proxy.credentials("me", "pw").start().await.unwrap();
    let mut profile = Profile::new("http://api.internal");
    profile.cluster.proxy = Proxy::Url(proxy.url().replace("http://", "http://me:pw@"));
    assert_eq!(status(&client(profile), "/version").await, StatusCode::UNAUTHORIZED);
    let requests = proxy.requests();
    assert!(requests[0].forward);
    assert_eq!(requests[0].credentials, ProxyCredentials::Accepted);
    assert_eq!(server.exchanges()[0].header("proxy-authorization"), None);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_and_its_password_is_not() {
    let server = server().await;
    let proxy = HttpProxy::builder().credentials("me", "right").start().await.unwrap();
    let mut profile = with_token(&server);
    profile.cluster.proxy = Proxy::Url(proxy.url().replace("http://", "http://me:canary-77@"));
    let client = client(profile);
    let error = client.get("/version").await.unwrap_err();
    let seen = format!("{error} {error:?} {client:?}");
    assert!(error.to_string().contains(&proxy.address().to_string()), "{error}");
    assert!(!seen.contains("canary-77"), "{seen}");

    let mut profile = with_token(&server);
    profile.cluster.proxy = Proxy::Url("ftp://me:canary-77@p".into());
    let error = Client::new(Auth::from_profile(profile)).unwrap_err();
    assert!(matches!(error, ClientError::Proxy(_)) && !format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn compressed_answers_are_asked_for_and_read_unless_forbidden() {
    const GZIPPED: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\xce\xcf\x2d\x28\x4a\x2d\x2e\x4e\x4d\x51\xb2\x2a\x29\x2a\x4d\xad\xe5\x02\x00\xf3\xfd\xf8\xf8\x14\x00\x00\x00";
    let server = start(ApiServer::builder().respond(|request| {
        let gzip = request.headers().get("accept-encoding").is_some_and(|v| v == "gzip");
        let response = Response::builder().header("content-type", "application/json");
        Some(match gzip {
            true => response.header("content-encoding", "gzip").body(GZIPPED.into()).unwrap(),
            false => response.body("plain".into()).unwrap(),
        })
    }))
    .await;
    let mut profile = with_token(&server);
    let response = client(profile.clone()).get("/").await.unwrap();
    assert_eq!(response.headers().get("content-encoding"), None);
    assert_eq!(response.into_body().bytes().await.unwrap(), "{\"compressed\":true}\n");

    let own = Request::get("/").header("accept-encoding", "gzip").body(Full::default()).unwrap();
    let response = client(profile.clone()).request(own).await.unwrap();
    assert_eq!(response.into_body().bytes().await.unwrap(), GZIPPED, "as the caller asked");

    profile.cluster.disable_compression = true;
    let response = client(profile).get("/").await.unwrap();
    assert_eq!(response.into_body().bytes().await.unwrap(), "plain");
    assert_eq!(server.exchanges()[2].header("accept-encoding"), None);
}

#[tokio::test]
async fn kc_69_the_time_limit_counts_plugins_too() {
    let server = server().await;
    let plugin = Plugin::hanging();
    let mut profile = profile(&server, Authentication::exec(Exec::new(plugin.path())));
    profile.timeout = Some(Duration::from_millis(200));
    let client = client(profile);
    let (answer, lifeline) = tokio::join!(client.get("/version"), plugin.lifeline());
    assert!(matches!(answer.unwrap_err(), ClientError::TimedOut(_)));
    client.auth().close().await;
    lifeline.ends().await;
    let error = client.get("/version").await.unwrap_err();
    assert!(error.to_string().contains("closed"), "{error}");
}

#[tokio::test]
async fn kc_69_the_time_limit_counts_the_body_too() {
    let server = server().await;
    let mut profile = with_token(&server);
    let limit = Duration::from_secs(2);
    profile.timeout = Some(limit);
    let client = client(profile);
    let mut body = client.get("/big?bytes=100000000").await.unwrap().into_body();
    assert!(body.frame().await.unwrap().unwrap().data_ref().is_some(), "its beginning is in time");
    tokio::time::sleep(limit).await;
    let error = body.frame().await.unwrap().unwrap_err();
    let error = error.downcast::<ClientError>().unwrap();
    assert!(matches!(*error, ClientError::TimedOut(after) if after == limit), "{error:?}");
}
