//! Threads: each has a filter of its own, and one of them asks for tokens.

use crate::stage::with_issuer;
use kubecred_envoy_tests::{Envoy, Setup};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The refresh tokens of this issuer are good for one use: a second request would be refused.
#[tokio::test]
async fn four_workers_make_one_token_request_and_all_of_them_use_it() {
    let (server, issuer, setup) = with_issuer(4).await;
    let envoy = Envoy::start(&Setup { workers: 4, ..setup }).await;
    // The kernel spreads connections over the workers.
    let mut clients = Vec::new();
    for _ in 0..32 {
        clients.push(envoy.client().await);
    }
    let end = Instant::now() + Duration::from_secs(9);
    while Instant::now() < end {
        for client in &mut clients {
            let reply = client.get("/version").await;
            assert_eq!(reply.status, 200, "{}\n{}", reply.text(), envoy.log());
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!((issuer.refused(), server.counters().unauthorized), (0, 0), "{}", envoy.log());
    let stats = envoy.stats().await;
    assert_eq!(stats["refreshes_succeeded"], issuer.issued(), "{stats:?}");
    assert!((3..=8).contains(&issuer.issued()), "{} tokens", issuer.issued());
    assert_eq!(stats["leads"], 1, "{}", envoy.log());
}

/// What a follower's client is answered reaches the leader, a moment later, and by the leader all.
#[tokio::test]
async fn a_401_on_any_worker_is_news_to_all() {
    let (server, issuer, setup) = with_issuer(600).await;
    let envoy = Envoy::start(&Setup { workers: 4, ..setup }).await;
    for round in 1..=2 {
        // Each time another worker may be the one that sees it.
        let mut client = envoy.client().await;
        assert_eq!(client.get("/version").await.status, 200, "{}", envoy.log());
        assert_eq!(issuer.issued(), round);
        // A token that is refused as soon as it is there would be a reason to slow down.
        sleep(Duration::from_millis(1500)).await;
        issuer.revoke();
        assert_eq!(client.get("/version").await.status, 401);
        while envoy.stat("rejected").await < round {
            sleep(Duration::from_millis(10)).await;
        }
    }
    assert_eq!(envoy.client().await.get("/version").await.status, 200);
    assert_eq!((issuer.issued(), server.counters().unauthorized), (3, 2));
    assert_eq!((issuer.refused(), envoy.stat("rejected").await), (0, 2), "{}", envoy.log());
}
