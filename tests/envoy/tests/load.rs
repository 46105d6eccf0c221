//! A proxy that is busy. It is alone in this program, and so has the machine to itself.

use kubecred_envoy_tests::{Envoy, Issuer, Setup};
use kubecred_loopback::ApiServer;
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

const RATE: u64 = 1000;
const SECONDS: u64 = 20;
const CONNECTIONS: u64 = 50;

/// Each connection has its own beat; one that comes late catches up. The rate that was reached is
/// printed, and not asserted: how fast the machine is says nothing about the filter.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_a_second_notice_no_refresh_and_fail_only_with_the_upstream() {
    let server = ApiServer::builder().record(false).start().await.expect("a port of loopback");
    let issuer = Issuer::start(server.accounts(), Duration::from_secs(4)).await;
    let kubeconfig = json!({
        "current-context": "here",
        "contexts": [{ "name": "here", "context": { "cluster": "east", "user": "me" } }],
        "clusters": [{ "name": "east", "cluster": { "server": "https://api.example" } }],
        "users": [{ "name": "me", "user": issuer.user() }],
    });
    let plugin = json!({ "kubeconfig": kubeconfig, "clusters": { "id.example": "issuer" } });
    let setup = Setup { issuer: Some(issuer.cluster()), ..Setup::new(&plugin, &server) };
    let envoy = Envoy::start(&Setup { workers: 2, ..setup }).await;
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(envoy.client().await);
    }

    let begin = Instant::now();
    let mut load = JoinSet::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        load.spawn(async move {
            let mut statuses = BTreeMap::new();
            for beat in 0..RATE * SECONDS / CONNECTIONS {
                let due = (beat * CONNECTIONS + number as u64) * 1_000_000 / RATE;
                sleep_until(begin + Duration::from_micros(due)).await;
                let status = match client.try_get("/readyz", &[]).await {
                    Ok(reply) => reply.status.to_string(),
                    Err(error) => error.to_string(),
                };
                *statuses.entry(status).or_insert(0u64) += 1;
            }
            statuses
        });
    }
    sleep_until(begin + Duration::from_secs(SECONDS / 2)).await;
    let refused_before = server.counters().unauthorized;
    issuer.revoke();
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    while let Some(connection) = load.join_next().await {
        for (status, count) in connection.expect("no panic") {
            *statuses.entry(status).or_default() += count;
        }
    }
    let rate = (RATE * SECONDS) as f64 / begin.elapsed().as_secs_f64();
    let stats = envoy.stats().await;
    println!(
        "{rate:.0} of {RATE} requests a second for {SECONDS} s: {statuses:?}, {} tokens\n{stats:?}",
        issuer.issued(),
    );

    let upstream = server.counters();
    let failed = statuses.get("401").copied().unwrap_or_default();
    assert_eq!(refused_before, 0, "no refresh was noticed");
    assert_eq!(failed, upstream.unauthorized, "{statuses:?}");
    assert_eq!(statuses["200"] + failed, RATE * SECONDS, "{statuses:?}\n{}", envoy.log());
    assert!(failed <= CONNECTIONS, "each connection has at most one on its way: {failed}");
    assert!(issuer.issued() >= 5, "{} tokens", issuer.issued());
    assert_eq!((issuer.refused(), stats["leads"]), (0, 1), "{}", envoy.log());
}
