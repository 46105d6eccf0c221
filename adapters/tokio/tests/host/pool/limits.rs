//! Limits of streams, and requests that last.

use super::{hold, start, status, within};
use http::{StatusCode, Version};
use kubecred_loopback::{ApiServer, Exchange};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

fn connections<'a>(exchanges: impl IntoIterator<Item = &'a Exchange>) -> BTreeSet<u64> {
    exchanges.into_iter().map(|exchange| exchange.connection).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn px_28_a_hundred_slow_requests_at_a_limit_of_four_streams_hold_up_no_other() {
    let (server, client) = start(ApiServer::builder().max_streams(4)).await;
    let held = hold(&client, 100);
    within("not all come through", server.holds(100)).await;
    for _ in 0..20 {
        assert_eq!(within("the fast one", status(&client, "/version")).await, StatusCode::OK);
    }
    server.release();
    let all = within("the held ones", held.join_all()).await;
    assert!(all.iter().all(|status| *status == StatusCode::OK));
    assert!(server.exchanges().iter().all(|exchange| exchange.version == Version::HTTP_2));
    // As many as they need, and a few ahead.
    let made = server.counters().connections;
    assert!((25..=30).contains(&made), "{made} connections for 100 requests of 4 each");
    // They are used again.
    let held = hold(&client, 100);
    within("not all come through again", server.holds(100)).await;
    server.release();
    within("the held ones", held.join_all()).await;
    assert!(server.counters().connections <= made + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn px_28_a_server_that_allows_one_stream_gets_a_connection_for_each() {
    let (server, client) = start(ApiServer::builder().max_streams(1)).await;
    let held = hold(&client, 5);
    within("not all come through", server.holds(5)).await;
    assert_eq!(within("the fast one", status(&client, "/version")).await, StatusCode::OK);
    server.release();
    within("the held ones", held.join_all()).await;
    assert!(server.counters().connections <= 7, "{:?}", server.counters());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_requests_share_one_connection() {
    let (server, client) = start(ApiServer::builder()).await;
    let held = hold(&client, 40);
    within("not all come through", server.holds(40)).await;
    server.release();
    within("the held ones", held.join_all()).await;
    assert_eq!(server.counters().connections, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_watches_take_no_place_of_others() {
    let (server, client) = start(ApiServer::builder()).await;
    let mut watches = JoinSet::new();
    for _ in 0..500 {
        let client = client.clone();
        watches.spawn(async move {
            let path = "/api/v1/namespaces/kube-public/pods?watch=true";
            client.get(path).await.unwrap().into_body().bytes().await.unwrap()
        });
    }
    within("not all are watched", server.watched(500)).await;
    let mut small = JoinSet::new();
    for _ in 0..100 {
        let client = client.clone();
        small.spawn(async move { status(&client, "/version").await });
    }
    let small = within("the small requests", small.join_all()).await;
    assert!(small.iter().all(|status| *status == StatusCode::OK));
    let exchanges = server.exchanges();
    let is_watch = |exchange: &&Exchange| exchange.path_and_query.contains("watch");
    let watching = connections(exchanges.iter().filter(is_watch));
    let others = connections(exchanges.iter().filter(|exchange| !is_watch(exchange)));
    assert!(watching.is_disjoint(&others), "{watching:?} {others:?}");
    assert!(watching.len() <= 12 && others.len() <= 3, "{watching:?} {others:?}");
    assert_eq!(server.announce(r#"{"type":"BOOKMARK"}"#), 500);
    server.end_watches();
    for events in within("the watches", watches.join_all()).await {
        assert_eq!(events, "{\"type\":\"BOOKMARK\"}\n");
    }
}
