//! reqwest against a real API server on loopback.

use crate::plugin::Plugin;
use kubecred_core::{Authentication, Exec, Policy, Profile, Proxy, Roots};
use kubecred_loopback::{ApiServer, Authority, HttpProxy, SocksProxy, User};
use kubecred_tokio::Auth;
use kubecred_tokio::reqwest::{Authenticated, ReqwestError, client};
use reqwest::{Method, Request, StatusCode, Version};
use std::time::Duration;

async fn server() -> ApiServer {
    let server = ApiServer::builder().names(&["127.0.0.1", "api.internal"]).start().await.unwrap();
    server.accounts().allow_token("good", User::new("jane"));
    server
}

fn profile(server: &ApiServer, authentication: Authentication) -> Profile {
    let mut profile = Profile { authentication, ..Profile::new(server.url()) };
    profile.cluster.roots = Roots::Pem(server.authority().certificate_pem().into());
    profile
}

fn with_token(server: &ApiServer) -> Profile {
    profile(server, Authentication::token("good"))
}

fn hasty() -> Policy {
    Policy { min_interval: Duration::ZERO, ..Policy::default() }
}

async fn get(api: &Authenticated, path: &str) -> Result<reqwest::Response, ReqwestError> {
    api.execute(Request::new(Method::GET, api.url(path)?)).await
}

#[tokio::test]
async fn a_token_opens_the_door_over_http2() {
    let server = server().await;
    let mut profile = with_token(&server);
    profile.cluster.server += "/prefix";
    let api = Authenticated::new(Auth::from_profile(profile)).unwrap();
    let answer = get(&api, "/version?x=1").await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    let seen = &server.exchanges()[0];
    assert_eq!(seen.path_and_query, "/prefix/version?x=1");
    assert_eq!(seen.header("authorization"), Some("Bearer good"));
    assert_eq!(seen.header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn ex_63_a_401_causes_one_run_and_one_retry() {
    let server = server().await;
    server.accounts().allow_token("token-2", User::new("jane"));
    let plugin = Plugin::counting();
    let profile = profile(&server, Authentication::exec(Exec::new(plugin.path())));
    let api = Authenticated::new(Auth::builder().policy(hasty()).profile(profile)).unwrap();
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let mut request = Request::new(Method::POST, api.url(path).unwrap());
    *request.body_mut() = Some("{}".into());
    assert_eq!(api.execute(request).await.unwrap().status(), StatusCode::CREATED);
    let statuses: Vec<_> = server.exchanges().iter().map(|e| e.status.as_u16()).collect();
    assert_eq!((statuses, plugin.runs()), (vec![401, 201], 2));
}

#[tokio::test]
async fn ex_56_a_rotated_certificate_makes_new_connections() {
    let server = server().await;
    let one = server.authority().client("one", &[]);
    let two = server.authority().client("two", &[]);
    let plugin = Plugin::presenting(&[&one, &two]);
    let profile = profile(&server, Authentication::exec(Exec::new(plugin.path())));
    let api = Authenticated::new(Auth::builder().policy(hasty()).profile(profile)).unwrap();
    assert_eq!(get(&api, "/version").await.unwrap().status(), StatusCode::OK);
    server.accounts().reject_next(1);
    assert_eq!(get(&api, "/version").await.unwrap().status(), StatusCode::OK);
    let seen = server.exchanges();
    let users: Vec<_> = seen
        .iter()
        .map(|e| e.client_certificate.as_ref().unwrap().common_name.as_deref().unwrap())
        .collect();
    assert_eq!(users, ["one", "one", "two"]);
    assert_ne!(seen[1].connection, seen[2].connection);
}

#[tokio::test]
async fn ua_1_the_callers_authorization_is_sent_and_nothing_runs() {
    let server = server().await;
    let plugin = Plugin::counting();
    let mut profile = profile(&server, Authentication::exec(Exec::new(plugin.path())));
    profile.cluster.insecure_skip_tls_verify = true;
    profile.cluster.roots = Roots::System;
    let api = Authenticated::new(Auth::from_profile(profile)).unwrap();
    let mut request = Request::new(Method::GET, api.url("/version").unwrap());
    request.headers_mut().insert("authorization", "Bearer good".parse().unwrap());
    assert_eq!(api.execute(request).await.unwrap().status(), StatusCode::OK);
    assert_eq!(plugin.runs(), 0);
}

#[tokio::test]
async fn another_server_is_not_told_the_credentials() {
    let server = server().await;
    let api = Authenticated::new(Auth::from_profile(with_token(&server))).unwrap();
    for url in ["https://evil.example/version", &server.url().replace("https", "http")] {
        let request = Request::new(Method::GET, url.parse().unwrap());
        let error = api.execute(request).await.unwrap_err();
        assert!(error.to_string().contains("another server"), "{error}");
    }
    assert!(server.exchanges().is_empty());
}

#[tokio::test]
async fn proxies_lead_to_the_server_or_are_refused() {
    let server = server().await;
    let target = "api.internal:6443";
    let http = HttpProxy::builder().route(target, server.address()).credentials("me", "p@ss");
    let http = http.start().await.unwrap();
    let socks = SocksProxy::builder().route(target, server.address()).start().await.unwrap();
    let mut profile = with_token(&server);
    profile.cluster.server = format!("https://{target}");
    for url in [http.url().replace("//", "//me:p%40ss@"), socks.url()] {
        profile.cluster.proxy = Proxy::Url(url);
        let api = Authenticated::new(Auth::from_profile(profile.clone())).unwrap();
        assert_eq!(get(&api, "/version").await.unwrap().status(), StatusCode::OK);
    }
    assert!(http.requests()[0].granted && socks.requests()[0].by_name);
    profile.cluster.proxy = Proxy::Url("https://proxy".into());
    let error = Authenticated::new(Auth::from_profile(profile)).unwrap_err();
    assert!(matches!(error, ReqwestError::Unsupported(_)), "{error}");
}

#[tokio::test]
async fn ua_30_a_server_name_of_its_own_is_refused_and_not_ignored() {
    let server = server().await;
    let mut profile = with_token(&server);
    profile.cluster.tls_server_name = Some("api.internal".into());
    let error = client(&Auth::from_profile(profile)).unwrap_err();
    assert!(error.to_string().contains("tls-server-name"), "{error}");
}

#[tokio::test]
async fn ua_32_only_the_given_roots_are_trusted() {
    let server = server().await;
    let mut profile = with_token(&server);
    profile.cluster.roots = Roots::Pem(Authority::new("other").certificate_pem().into());
    let api = Authenticated::new(Auth::from_profile(profile)).unwrap();
    assert!(matches!(get(&api, "/version").await, Err(ReqwestError::Reqwest(_))));
    assert!(server.exchanges().is_empty());
}
