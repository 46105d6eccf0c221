//! Requests that come before the first credential.

use crate::stage::{api_server, plugin, with_issuer};
use kubecred_envoy_tests::{Envoy, Setup};
use serde_json::json;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

#[tokio::test]
async fn the_first_requests_wait_for_the_first_credential() {
    let (server, issuer, setup) = with_issuer(600).await;
    let envoy = Envoy::start(&setup).await;
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let mut client = envoy.client().await;
        requests.spawn(async move { client.get("/version").await.status });
    }
    while let Some(status) = requests.join_next().await {
        assert_eq!(status.expect("no panic"), 200, "{}", envoy.log());
    }
    assert_eq!((issuer.issued(), server.counters().successes), (1, 20));
    assert!(envoy.stat("requests_held").await >= 1);
}

/// The issuer accepts connections and says nothing.
#[tokio::test]
async fn so_many_and_no_more_wait_and_not_for_longer_than_they_are_told() {
    let server = api_server().await;
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of loopback");
    let mut configuration = plugin(&json!({ "auth-provider": { "name": "oidc", "config": {
        "idp-issuer-url": "https://id.example", "client-id": "c", "refresh-token": "r",
    } } }));
    configuration["clusters"] = json!({ "id.example": "issuer" });
    configuration["hold"] = json!({ "requests": 2, "milliseconds": 1500 });
    let authority = server.authority().certificate_pem().to_owned();
    let at = (silent.local_addr().expect("it is bound"), authority);
    let setup = Setup { issuer: Some(at), ..Setup::new(&configuration, &server) };
    let envoy = Envoy::start(&setup).await;
    let mut waiting = JoinSet::new();
    for _ in 0..2 {
        let mut client = envoy.client().await;
        waiting.spawn(async move { client.get("/version").await });
    }
    while envoy.stat("requests_held").await < 2 {
        sleep(Duration::from_millis(10)).await;
    }
    let third = envoy.client().await.get("/version").await;
    assert_eq!(third.status, 503);
    assert_eq!(third.text(), "kubecred: 2 requests, which is the limit, wait for a credential\n");
    while let Some(reply) = waiting.join_next().await {
        let reply = reply.expect("no panic");
        assert_eq!(reply.status, 503);
        assert_eq!(reply.text(), "kubecred: there was no credential within 1500 ms\n");
        assert_eq!(reply.headers["retry-after"], "1");
    }
    let stats = envoy.stats().await;
    assert_eq!((stats["requests_refused_full"], stats["requests_refused_late"]), (1, 2));
    assert_eq!(server.counters().requests, 0);
}

#[tokio::test]
async fn without_a_credential_requests_are_answered_at_once_and_later_ones_go_on() {
    let (server, issuer, setup) = with_issuer(600).await;
    issuer.fail(true);
    let envoy = Envoy::start(&setup).await;
    let mut client = envoy.client().await;
    let reply = client.get("/version").await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.text(), "kubecred: no credential is to be had; the proxy's log says why\n");
    assert!(envoy.log().contains("https://id.example/realm"), "{}", envoy.log());
    issuer.fail(false);
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(client.get("/version").await.status, 200, "{}", envoy.log());
    assert_eq!(server.counters().requests, 1);
    assert!(envoy.stat("requests_refused_unavailable").await >= 1);
}
