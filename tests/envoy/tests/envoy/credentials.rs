//! What a request carries.

use crate::stage::{api_server, kubeconfig, plugin, with_issuer};
use kubecred_envoy_tests::{Envoy, Place, Setup};
use kubecred_loopback::User;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The runtimes that Envoy knows, the first of which each build has that has any.
const RUNTIMES: [&str; 3] = ["v8", "wasmtime", "wamr"];

#[tokio::test]
async fn a_token_goes_to_the_upstream_and_no_other() {
    let server = api_server().await;
    server.accounts().allow_token("t0ken", "ann");
    server.accounts().allow_token("other", "eve");
    let envoy = Envoy::start(&Setup::new(&plugin(&json!({ "token": "t0ken" })), &server)).await;
    let mut client = envoy.client().await;
    assert_eq!(client.get("/version").await.status, 200);
    let own = [("authorization", "Bearer other"), ("x-mine", "kept")];
    assert_eq!(client.get_with("/version", &own).await.status, 200);
    for exchange in server.take_exchanges() {
        assert_eq!(exchange.header_all("authorization"), ["Bearer t0ken"]);
        assert!(exchange.header("x-mine").is_none_or(|value| value == "kept"));
    }
    assert_eq!(envoy.stat("requests_forwarded").await, 2);
    assert!(!envoy.log().contains("t0ken"), "{}", envoy.log());
}

#[tokio::test]
async fn basic_and_a_token_file_of_the_configuration() {
    let server = api_server().await;
    server.accounts().allow_basic("ann", "p:w", "ann");
    server.accounts().allow_token("filed", "bob");
    let basic = plugin(&json!({ "username": "ann", "password": "p:w" }));
    let envoy = Envoy::start(&Setup::new(&basic, &server)).await;
    assert_eq!(envoy.client().await.get("/version").await.status, 200);
    let mut file = plugin(&json!({ "tokenFile": "/run/token" }));
    file["files"] = json!({ "/run/token": "filed\n" });
    let envoy = Envoy::start(&Setup::new(&file, &server)).await;
    assert_eq!(envoy.client().await.get("/version").await.status, 200);
    let sent: Vec<_> = server.take_exchanges();
    assert_eq!(sent[0].header("authorization"), Some("Basic YW5uOnA6dw=="));
    assert_eq!(sent[1].header("authorization"), Some("Bearer filed"));
}

#[tokio::test]
async fn only_the_kubeconfig_impersonates() {
    let server = api_server().await;
    server.accounts().allow_token("t0ken", User::new("ann").member_of(["system:masters"]));
    let user = json!({
        "token": "t0ken", "as": "jane", "as-groups": ["dev", "ops"],
        "as-user-extra": { "scopes": ["view"] },
    });
    let envoy = Envoy::start(&Setup::new(&plugin(&user), &server)).await;
    let own = [
        ("Impersonate-User", "admin"),
        ("Impersonate-Group", "system:masters"),
        ("impersonate-extra-scopes", "all"),
        ("Impersonate-Uid", "0"),
    ];
    assert_eq!(envoy.client().await.get_with("/version", &own).await.status, 200);
    let sent = server.take_exchanges().remove(0);
    assert_eq!(sent.header_all("impersonate-user"), ["jane"]);
    assert_eq!(sent.header_all("impersonate-group"), ["dev", "ops"]);
    assert_eq!(sent.header_all("impersonate-extra-scopes"), ["view"]);
    assert_eq!(sent.header("impersonate-uid"), None);
    assert_eq!(envoy.stat("impersonation_removed").await, 4);

    let nobody = Setup::new(&plugin(&json!({ "token": "t0ken" })), &server);
    let envoy = Envoy::start(&nobody).await;
    assert_eq!(envoy.client().await.get_with("/version", &own).await.status, 200);
    let sent = server.take_exchanges().remove(0);
    assert!(sent.headers.iter().all(|(name, _)| !name.starts_with("impersonate")), "{sent:?}");

    let mut keep = plugin(&json!({ "token": "t0ken" }));
    keep["clientImpersonation"] = json!("keep");
    let envoy = Envoy::start(&Setup::new(&keep, &server)).await;
    assert_eq!(envoy.client().await.get_with("/version", &own).await.status, 200);
    let sent = server.take_exchanges().remove(0);
    assert_eq!(sent.header_all("impersonate-user"), ["admin"]);
}

#[tokio::test]
async fn nothing_goes_to_a_server_that_is_not_https() {
    let server = api_server().await;
    server.accounts().accept_any(true);
    let kubeconfig = kubeconfig("http://api.example", &json!({ "token": "t0ken" }));
    let plugin = json!({ "kubeconfig": kubeconfig });
    let envoy = Envoy::start(&Setup::new(&plugin, &server)).await;
    let own = [("authorization", "Bearer mine")];
    assert_eq!(envoy.client().await.get_with("/version", &own).await.status, 200);
    assert_eq!(server.take_exchanges().remove(0).header("authorization"), None);
}

/// The build of Envoy that can be had from a package registry has V8 and says so of the others.
#[tokio::test]
async fn each_runtime_that_this_envoy_has_runs_it() {
    let mut ran = Vec::new();
    for runtime in RUNTIMES {
        let (server, issuer, setup) = with_issuer(600).await;
        let setup = Setup { runtime, ..setup };
        let envoy = match Envoy::try_start(&setup).await {
            Ok(envoy) => envoy,
            Err(log) => {
                assert!(log.contains("Envoy was compiled without support for it"), "{log}");
                continue;
            }
        };
        let mut client = envoy.client().await;
        for _ in 0..20 {
            assert_eq!(client.get("/version").await.status, 200, "{runtime}: {}", envoy.log());
        }
        assert_eq!(issuer.issued(), 1, "{runtime}");
        assert_eq!(server.counters().unauthorized, 0, "{runtime}");
        ran.push(runtime);
    }
    println!("ran in {}", ran.join(", "));
    assert!(ran.contains(&"v8"), "{ran:?}");
}

#[tokio::test]
async fn a_token_that_expires_is_renewed_by_the_timer() {
    let (server, issuer, setup) = with_issuer(4).await;
    let envoy = Envoy::start(&setup).await;
    let mut client = envoy.client().await;
    let end = Instant::now() + Duration::from_secs(9);
    while Instant::now() < end {
        assert_eq!(client.get("/version").await.status, 200, "{}", envoy.log());
        sleep(Duration::from_millis(50)).await;
    }
    assert!(issuer.issued() >= 3, "{} tokens in nine seconds", issuer.issued());
    assert_eq!((issuer.refused(), server.counters().unauthorized), (0, 0));
    let stats = envoy.stats().await;
    assert_eq!(stats["refreshes_succeeded"], issuer.issued(), "{stats:?}");
    // Of so short a life half is left for the refresh, and requests in that half wait for it.
    assert!(stats["requests_held"] <= issuer.issued(), "{stats:?}\n{}", envoy.log());
    assert!(stats["credential_expires"] > 1_700_000_000, "{stats:?}");
}

#[tokio::test]
async fn a_401_goes_through_and_the_next_request_has_another_token() {
    let (server, issuer, setup) = with_issuer(600).await;
    let envoy = Envoy::start(&setup).await;
    let mut client = envoy.client().await;
    assert_eq!(client.get("/version").await.status, 200);
    // A refresh follows another by a second at the earliest.
    sleep(Duration::from_millis(1100)).await;
    issuer.revoke();
    assert_eq!(client.get("/version").await.status, 401);
    assert_eq!(client.get("/version").await.status, 200, "{}", envoy.log());
    assert_eq!((issuer.issued(), server.counters().unauthorized), (2, 1));
    let stats = envoy.stats().await;
    assert_eq!((stats["responses_unauthorized"], stats["rejected"]), (1, 1), "{stats:?}");
}

#[tokio::test]
async fn among_the_filters_of_the_cluster_no_client_sees_a_401() {
    let (server, issuer, setup) = with_issuer(600).await;
    let envoy = Envoy::start(&Setup { place: Place::Cluster, ..setup }).await;
    let mut client = envoy.client().await;
    assert_eq!(client.get("/version").await.status, 200, "{}", envoy.log());
    sleep(Duration::from_millis(1100)).await;
    issuer.revoke();
    assert_eq!(client.get("/version").await.status, 200, "{}", envoy.log());
    assert_eq!((issuer.issued(), server.counters().unauthorized), (2, 1));
}
