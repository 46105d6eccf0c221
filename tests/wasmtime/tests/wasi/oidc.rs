//! The auth-provider `oidc`: refreshed through `wasi:http`, and written back if that is wanted.

use crate::embedder::answer;
use crate::{Embedder, kubeconfig, seen, told, trusting};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderValue;
use kubecred_loopback::{ApiServer, Authority, User};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

fn id_token(name: &str) -> String {
    let end = SystemTime::now() + Duration::from_secs(3600);
    let end = end.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    format!("e30.{}.{name}", BASE64_URL_SAFE_NO_PAD.encode(format!("{{\"exp\":{end}}}")))
}

/// A provider whose discovery document has moved, that gives this id-token and another refresh token for `old`.
async fn provider(authority: &Authority, id_token: String) -> ApiServer {
    let script = move |request: &http::Request<bytes::Bytes>| {
        let host = request.headers().get("host").map_or("", |host| host.to_str().unwrap_or(""));
        let body = String::from_utf8_lossy(request.body());
        Some(match request.uri().path() {
            "/.well-known/openid-configuration" => {
                let mut moved = answer(301, "");
                moved.headers_mut().insert("location", HeaderValue::from_static("/moved"));
                moved
            }
            "/moved" => answer(200, format!("{{\"token_endpoint\":\"https://{host}/token\"}}")),
            "/token" if body.contains("refresh_token=old") => {
                answer(200, format!("{{\"id_token\":\"{id_token}\",\"refresh_token\":\"next\"}}"))
            }
            _ => answer(400, "{\"error\":\"invalid_grant\"}"),
        })
    };
    let server = ApiServer::builder().authority(authority).respond(script).http1_only();
    server.start().await.expect("a provider")
}

async fn stage() -> (ApiServer, ApiServer, Embedder, String) {
    let token = id_token("new");
    let server = ApiServer::builder().start().await.expect("a server");
    server.accounts().allow_token(&token, User::new("jane"));
    let provider = provider(server.authority(), token.clone()).await;
    let user = format!(
        "auth-provider:\n  name: oidc\n  config:\n    idp-issuer-url: {}\n    client-id: kube\n    \
         client-secret: hush\n    refresh-token: old\n    idp-certificate-authority-data: {}",
        provider.url(),
        crate::base64(server.authority().certificate_pem()),
    );
    let text = kubeconfig(&server.url(), &trusting(server.authority()), &user);
    let embedder = Embedder::new().trust(server.authority()).kubeconfig(&text);
    let config = embedder.folder.path().join("config");
    std::fs::set_permissions(config, PermissionsExt::from_mode(0o600)).expect("a mode");
    (server, provider, embedder, token)
}

const ROOTS: [&str; 2] = ["--embedder-does", "roots"];

#[tokio::test(flavor = "multi_thread")]
async fn a_refreshed_token_is_in_use_and_by_default_not_written_back() {
    let (server, provider, embedder, token) = stage().await;
    let embedder = embedder.writable();
    let before = embedder.read("config");
    let ended = embedder.run(&[&ROOTS[..], &["/version", "/version"]].concat()).await;
    ended.was_good();
    assert_eq!(told(&server), seen(&[(200, &token), (200, &token)]));
    assert_eq!(provider.exchanges().len(), 3, "a look, a look where it moved, one refresh");
    assert!(ended.stderr.contains("NotSaved"), "{ended:?}");
    assert!(ended.stderr.contains("write_in_place"), "{ended:?}");
    assert_eq!(embedder.read("config"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refreshed_token_is_written_back_in_place_under_the_lock() {
    let (_server, _provider, embedder, token) = stage().await;
    let embedder = embedder.writable();
    let arguments = [&ROOTS[..], &["--write-in-place", "/version"]].concat();
    let ended = embedder.run(&arguments).await;
    ended.was_good();
    let after = embedder.read("config");
    assert!(after.contains(&token) && after.contains("refresh-token: next"), "{ended:?}");
    assert!(!after.contains("refresh-token: old"));
    let mode = std::fs::metadata(embedder.folder.path().join("config")).expect("there");
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    let names = std::fs::read_dir(embedder.folder.path()).expect("a folder").count();
    assert_eq!(names, 1, "no lock is left");
    // The next guest needs no provider.
    assert!(embedder.run(&arguments).await.good);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_writable_costs_nothing_but_the_saving() {
    let (server, _provider, embedder, token) = stage().await;
    let before = embedder.read("config");
    let ended = embedder.run(&[&ROOTS[..], &["--write-in-place", "/version"]].concat()).await;
    ended.was_good();
    assert_eq!(told(&server), seen(&[(200, &token)]));
    assert!(ended.stderr.contains("NotSaved"), "{ended:?}");
    assert_eq!(embedder.read("config"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_needs_what_the_embedder_is_not_known_to_do_is_told_nothing() {
    let (server, provider, embedder, _) = stage().await;
    let text = embedder.read("config");
    // The server is reached without: only the provider has an authority of its own.
    let plain: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("certificate-authority-data"))
        .fold(String::new(), |text, line| text + line + "\n");
    embedder.write("config", &plain);
    let ended = embedder.run(&["/version"]).await;
    ended.failed_with(&["https://127.0.0.1 needs a certificate authority", "Capability::Roots"]);
    assert_eq!((server.counters().connections, provider.counters().connections), (0, 0));
}
