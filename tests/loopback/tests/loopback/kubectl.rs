//! kubectl and curl, as they are installed, find an API server here.

use http::{StatusCode, Version};
use kubecred_loopback::{ApiServer, Authority, HttpProxy, Issued, ProxyRequest, SocksProxy, User};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;
use tokio::process::Command;

const WHO: [&str; 4] = ["auth", "whoami", "-o", "json"];
const VERSION: [&str; 3] = ["get", "--raw", "/version"];

async fn server() -> ApiServer {
    let builder = ApiServer::builder().names(&["api.internal", "localhost", "127.0.0.1"]);
    builder.start().await.expect("a free port on loopback")
}

/// A directory with a kubeconfig in it for one cluster and one user.
fn kubeconfig(server: &ApiServer, cluster: Value, user: Value) -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    fs::write(directory.path().join("ca.crt"), server.authority().certificate_pem()).unwrap();
    let mut whole = json!({ "server": server.url(), "certificate-authority": "ca.crt" });
    whole.as_object_mut().unwrap().extend(cluster.as_object().unwrap().clone());
    // JSON is YAML.
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "main",
        "clusters": [{ "name": "main", "cluster": whole }],
        "users": [{ "name": "main", "user": user }],
        "contexts": [{ "name": "main", "context": { "cluster": "main", "user": "main" } }],
    });
    fs::write(directory.path().join("config"), config.to_string()).unwrap();
    directory
}

fn with_certificate(directory: &Path, issued: &Issued) {
    fs::write(directory.join("client.crt"), issued.certificate_pem()).unwrap();
    fs::write(directory.join("client.key"), issued.key_pem()).unwrap();
}

/// Runs a program of the machine in `directory`, where it finds no settings but those the test wrote.
async fn run(program: &str, directory: &Path, arguments: &[&str]) -> Output {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", path)
        .env("HOME", directory);
    let output = command.kill_on_drop(true).output().await;
    output.unwrap_or_else(|error| panic!("{program} is needed on PATH for this test: {error}"))
}

/// What `kubectl` printed, which must be JSON.
async fn kubectl(directory: &Path, arguments: &[&str]) -> Value {
    let output = try_kubectl(directory, arguments).await.expect("kubectl succeeds");
    serde_json::from_str(&output).expect("kubectl prints JSON")
}

async fn try_kubectl(directory: &Path, arguments: &[&str]) -> Result<String, String> {
    let all = [&["--kubeconfig", "config"], arguments].concat();
    let program = kubecred_kubectl::kubectl();
    let output = run(program.to_str().expect("text"), directory, &all).await;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn user_name(review: &Value) -> &str {
    review["status"]["userInfo"]["username"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn kubectl_comes_in_by_token() {
    let server = server().await;
    server.accounts().allow_token("good", User::new("jane").member_of(["developers"]));
    let config = kubeconfig(&server, json!({}), json!({ "token": "good" }));
    assert_eq!(kubectl(config.path(), &VERSION).await["major"], "1");
    let review = kubectl(config.path(), &WHO).await;
    assert_eq!(user_name(&review), "jane");
    assert_eq!(
        review["status"]["userInfo"]["groups"],
        json!(["developers", "system:authenticated"])
    );
    let seen = server.exchanges();
    assert!(seen.iter().all(|exchange| exchange.header("authorization") == Some("Bearer good")));
    assert!(seen.iter().all(|exchange| exchange.version == Version::HTTP_2));
}

#[tokio::test]
async fn kubectl_comes_in_by_password() {
    let server = server().await;
    server.accounts().allow_basic("jane", "secret", "jane");
    let user = json!({ "username": "jane", "password": "secret" });
    let config = kubeconfig(&server, json!({}), user);
    assert_eq!(kubectl(config.path(), &VERSION).await["major"], "1");
}

#[tokio::test]
async fn kubectl_comes_in_by_certificate() {
    let clients = Authority::new("clients");
    let server = ApiServer::builder().client_authority(&clients).start().await.unwrap();
    let user = json!({ "client-certificate": "client.crt", "client-key": "client.key" });
    let config = kubeconfig(&server, json!({}), user);
    with_certificate(config.path(), &clients.intermediate("office").client("jane", &["a", "b"]));
    assert_eq!(kubectl(config.path(), &VERSION).await["major"], "1");
    let groups = &kubectl(config.path(), &WHO).await["status"]["userInfo"]["groups"];
    assert_eq!(groups, &json!(["a", "b", "system:authenticated"]));
    with_certificate(config.path(), &Authority::new("somebody else").client("jane", &[]));
    assert!(try_kubectl(config.path(), &VERSION).await.is_err());
    let last = server.exchanges().pop().unwrap();
    assert_eq!(last.status, StatusCode::UNAUTHORIZED);
    assert!(!last.client_certificate.expect("it was recorded").trusted);
}

#[tokio::test]
async fn kubectl_understands_the_refusal() {
    let server = server().await;
    let config = kubeconfig(&server, json!({}), json!({ "token": "bad" }));
    let error = try_kubectl(config.path(), &VERSION).await.expect_err("a bad token");
    assert!(error.contains("You must be logged in to the server"), "{error}");
    server.accounts().allow_token("bad", "jane");
    let error = try_kubectl(config.path(), &["get", "--raw", "/forbidden"]).await.expect_err("403");
    assert!(error.contains("forbidden: User \"jane\" cannot get path \"/forbidden\""), "{error}");
}

#[tokio::test]
async fn ua_21_kubectl_acts_as_someone_else() {
    let server = server().await;
    server.accounts().allow_token("good", "jane");
    let user = json!({
        "token": "good", "as": "bob", "as-uid": "u-1", "as-groups": ["ops"],
        "as-user-extra": { "example.com/scope": ["view", "edit"] },
    });
    let config = kubeconfig(&server, json!({}), user);
    let info = &kubectl(config.path(), &WHO).await["status"]["userInfo"];
    let expected = json!({
        "username": "bob", "uid": "u-1", "groups": ["ops", "system:authenticated"],
        "extra": { "example.com/scope": ["view", "edit"] },
    });
    assert_eq!(info, &expected);
}

#[tokio::test]
async fn kubectl_lists_what_there_is() {
    let server = server().await;
    server.accounts().allow_token("good", "jane");
    let config = kubeconfig(&server, json!({}), json!({ "token": "good" }));
    let listed =
        try_kubectl(config.path(), &["get", "namespaces,pods", "-o", "name"]).await.unwrap();
    let expected = ["namespace/default", "namespace/kube-public", "namespace/kube-system"];
    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        [&expected[..], &["pod/web-0", "pod/web-1"]].concat()
    );
}

#[tokio::test]
async fn ua_30_kubectl_asks_for_the_server_name_it_is_told() {
    let server = server().await;
    server.accounts().allow_token("good", "jane");
    let cluster = json!({ "tls-server-name": "api.internal" });
    let config = kubeconfig(&server, cluster, json!({ "token": "good" }));
    kubectl(config.path(), &VERSION).await;
    let exchange = &server.exchanges()[0];
    assert_eq!(exchange.sni.as_deref(), Some("api.internal"));
    // The name is for TLS alone.
    assert_eq!(exchange.authority, Some(server.address().to_string()));
}

#[tokio::test]
async fn kc_73_kubectl_goes_through_each_proxy() {
    let server = server().await;
    server.accounts().allow_token("good", "jane");
    let target = "api.internal:443";
    let http = HttpProxy::builder().route(target, server.address()).credentials("jane", "secret");
    let http = http.start().await.unwrap();
    let socks = SocksProxy::builder().route(target, server.address()).credentials("jane", "secret");
    let socks = socks.start().await.unwrap();
    // kubectl trusts a proxy by the authority of the cluster behind it.
    let https = HttpProxy::builder().route(target, server.address()).tls(server.authority());
    let https = https.credentials("jane", "secret").start().await.unwrap();
    let through_http = || http.requests();
    let through_https = || https.requests();
    let through_socks = || socks.requests();
    let proxies: [(String, &dyn Fn() -> Vec<ProxyRequest>); 3] =
        [(http.url(), &through_http), (https.url(), &through_https), (socks.url(), &through_socks)];
    for (url, requests) in proxies {
        let url = url.replace("://", "://jane:secret@");
        let cluster = json!({ "server": "https://api.internal", "proxy-url": url });
        let config = kubeconfig(&server, cluster, json!({ "token": "good" }));
        assert_eq!(kubectl(config.path(), &VERSION).await["major"], "1");
        let request = requests().pop().expect("it went through the proxy");
        assert_eq!(
            (request.target.as_str(), request.by_name, request.granted),
            (target, true, true)
        );
    }
}

#[tokio::test]
async fn curl_speaks_both_versions_of_http() {
    let server = server().await;
    server.accounts().allow_token("good", "jane");
    let directory = kubeconfig(&server, json!({}), json!({}));
    let url = format!("{}/version", server.url());
    for (version, expected) in [("--http1.1", Version::HTTP_11), ("--http2", Version::HTTP_2)] {
        let header = "Authorization: Bearer good";
        let arguments =
            ["-sS", "--fail", version, "--cacert", "ca.crt", "-H", header, url.as_str()];
        let output = run("curl", directory.path(), &arguments).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(server.exchanges().pop().unwrap().version, expected);
    }
}
