//! Connections that end, and requests that are given up.

use super::{hold, start, status, within};
use http::StatusCode;
use kubecred_loopback::ApiServer;
use kubecred_tokio::Client;
use tokio::task::JoinHandle;

/// Sends requests one after another until it is told to stop, and gives how many.
fn load(client: &Client, stop: &tokio::sync::watch::Sender<bool>) -> JoinHandle<usize> {
    let (client, stop) = (client.clone(), stop.subscribe());
    tokio::spawn(async move {
        let mut count = 0;
        while !*stop.borrow() {
            assert_eq!(status(&client, "/version").await, StatusCode::OK);
            count += 1;
        }
        count
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goaway_loses_no_request_of_either_version() {
    for builder in [ApiServer::builder(), ApiServer::builder().http1_only()] {
        let (server, client) = start(builder).await;
        let held = hold(&client, 3);
        within("not all come through", server.holds(3)).await;
        let stop = tokio::sync::watch::Sender::new(false);
        let load: Vec<_> = (0..8).map(|_| load(&client, &stop)).collect();
        for _ in 0..20 {
            let before = server.counters().requests;
            server.go_away();
            within("the next requests", server.answered(before + 40)).await;
        }
        assert!(server.counters().connections > 10, "{:?}", server.counters());
        stop.send_replace(true);
        for load in load {
            assert!(within("the load", load).await.unwrap() > 0);
        }
        // What was under way is answered on its old connection.
        server.release();
        within("the held ones", held.join_all()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_closed_for_idleness_lose_no_get() {
    for builder in [ApiServer::builder(), ApiServer::builder().http1_only()] {
        let (server, client) = start(builder).await;
        for _ in 0..20 {
            assert_eq!(within("a request", status(&client, "/version")).await, StatusCode::OK);
            // The client learns of it before, while, or after it sends the next request.
            server.hang_up();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_http_1_are_kept_and_used_again() {
    let (server, client) = start(ApiServer::builder().http1_only()).await;
    for _ in 0..3 {
        let held = hold(&client, 10);
        within("not all come through", server.holds(10)).await;
        server.release();
        within("the held ones", held.join_all()).await;
    }
    assert!(server.counters().connections <= 12, "{:?}", server.counters());
    let before = server.counters().connections;
    for _ in 0..20 {
        assert_eq!(status(&client, "/version").await, StatusCode::OK);
    }
    assert!(server.counters().connections <= before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_given_up_gives_its_place_back() {
    let (server, client) = start(ApiServer::builder().max_streams(2)).await;
    for _ in 0..10 {
        let mut held = hold(&client, 6);
        within("not all come through", server.holds(6)).await;
        held.shutdown().await;
        assert_eq!(within("the fast one", status(&client, "/version")).await, StatusCode::OK);
    }
    let made = server.counters().connections;
    assert!(made <= 16, "{made} connections, so places were not given back");
}
