//! What connections need, and `wasi:http` has no words for.

use crate::embedder::{Embedder, answer};
use crate::{base64, embedder, kubeconfig, seen, told, trusting};
use http::HeaderValue;
use kubecred_loopback::{ApiServer, User};
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test(flavor = "multi_thread")]
async fn a_kubeconfig_in_a_preopened_folder_reaches_the_server_over_tls() {
    let server = ApiServer::builder().start().await.expect("a server");
    server.accounts().allow_token("hush", User::new("jane"));
    let embedder = embedder(&server, "token: hush");
    let ended = embedder.run(&["--embedder-does", "roots", "/version", "/nowhere"]).await;
    assert!(ended.stdout.starts_with("200 /version\n{"), "{ended:?}");
    assert!(ended.stdout.contains("404 /nowhere\n"), "{ended:?}");
    assert!(!ended.good, "one of the answers was bad");
    let exchanges = server.exchanges();
    assert_eq!(exchanges[0].header("authorization"), Some("Bearer hush"));
    assert!(exchanges[0].header("user-agent").is_some_and(|agent| agent.starts_with("kubecred/")));
    assert_eq!(server.counters().handshakes, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_embedder_is_not_known_to_do_is_refused_and_nothing_is_sent() {
    let server = ApiServer::builder().start().await.expect("a server");
    server.accounts().allow_token("hush", User::new("jane"));
    let issued = server.authority().client("joe", &[]);
    let pair = format!(
        "client-certificate-data: {}\nclient-key-data: {}",
        base64(issued.certificate_pem()),
        base64(issued.key_pem())
    );
    let roots = trusting(server.authority());
    let token = "token: hush";
    for (need, cluster, user) in [
        ("Roots", roots.as_str(), token),
        ("Identity", "", pair.as_str()),
        ("ServerName", "tls-server-name: kubernetes", token),
        ("SkipVerify", "insecure-skip-tls-verify: true", token),
        ("Proxy", "proxy-url: http://127.0.0.1:1", token),
    ] {
        let text = kubeconfig(&server.url(), cluster, user);
        let embedder = Embedder::new().trust(server.authority()).kubeconfig(&text);
        let said = format!("Builder::embedder_does(Capability::{need})");
        embedder.run(&["/version"]).await.failed_with(&[&server.url()[..17], &said]);
    }
    let text = kubeconfig("https://api.example", "", token);
    let proxied = Embedder::new().kubeconfig(&text).variable("https_proxy", "http://127.0.0.1:1");
    proxied.run(&["/version"]).await.failed_with(&["https://api.example needs a proxy"]);
    assert_eq!(server.counters().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedder_that_presents_the_client_certificate_may_be_declared_to() {
    let server = ApiServer::builder().start().await.expect("a server");
    let issued = server.authority().client("joe", &["dev"]);
    let user = format!(
        "client-certificate-data: {}\nclient-key-data: {}",
        base64(issued.certificate_pem()),
        base64(issued.key_pem())
    );
    let embedder = embedder(&server, &user).present(&issued);
    let does = ["--embedder-does", "roots", "--embedder-does", "identity", "/version"];
    embedder.run(&does).await.was_good();
    let exchanges = server.exchanges();
    let presented = exchanges[0].client_certificate.as_ref().expect("a certificate");
    assert_eq!(presented.common_name.as_deref(), Some("joe"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_the_embedder_does_not_trust_is_told_nothing() {
    let server = ApiServer::builder().start().await.expect("a server");
    let embedder = embedder(&server, "token: hush");
    let stranger = ApiServer::builder().start().await.expect("a server");
    embedder.write("config", &kubeconfig(&stranger.url(), "", "token: hush"));
    embedder.run(&["/version"]).await.failed_with(&["no answer from the server"]);
    assert_eq!(told(&stranger), seen(&[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_withheld_from_plain_http_and_impersonation_is_not() {
    let server = ApiServer::builder().plain_http().start().await.expect("a server");
    server.accounts().accept_any(true);
    let text = kubeconfig(&server.url(), "", "token: hush\nas: jane\nas-groups: [dev, ops]");
    let embedder = Embedder::new().kubeconfig(&text);
    let ended = embedder.run(&["/version"]).await;
    let exchanges = server.exchanges();
    assert_eq!(exchanges.len(), 1, "{ended:?}");
    assert_eq!(exchanges[0].header("authorization"), None);
    assert_eq!(exchanges[0].header("impersonate-user"), Some("jane"));
    assert_eq!(exchanges[0].header_all("impersonate-group"), ["dev", "ops"]);
}

/// As the tokio client and client-go.
#[tokio::test(flavor = "multi_thread")]
async fn ht_5_a_request_is_sent_again_if_the_server_says_when() {
    for (turn, status, requests) in [(3, "200", 3), (100, "429", 11)] {
        let seen = AtomicUsize::new(0);
        let server = ApiServer::builder().respond(move |_| {
            let is_good = seen.fetch_add(1, Ordering::Relaxed) % turn == turn - 1;
            let mut later = answer(429, "later");
            later.headers_mut().insert("retry-after", HeaderValue::from_static("0"));
            (!is_good).then_some(later)
        });
        let server = server.start().await.expect("a server");
        server.accounts().allow_token("hush", User::new("jane"));
        let embedder = embedder(&server, "token: hush");
        let ended = embedder.run(&["--embedder-does", "roots", "/version"]).await;
        assert!(ended.stdout.starts_with(status), "{ended:?}");
        assert_eq!(server.exchanges().len(), requests);
    }
}
