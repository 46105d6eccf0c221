//! What goes wrong around a proxy: servers that go and come back, slow readers, limits of streams.

use crate::run::{Running, TOKEN, code, stage, stage_with};
use crate::stage::Stage;
use kubecred_loopback::{ApiServer, HttpProxy, User};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// I: kubectl answers 500 with Go's text.
#[tokio::test]
async fn px_29_a_server_that_is_killed_and_back_is_used_again() {
    let Stage { server, folder } = stage().await;
    let (authority, port) = (server.authority().clone(), server.address().port());
    let stage = Stage { server, folder };
    let running = Running::kubecred(&stage, &[]).await;
    assert_eq!(code(&running.get("/version").await), 200);
    let Stage { server, folder } = stage;
    server.shutdown().await;
    let down = running.get("/version").await;
    assert_eq!(code(&down), 503, "{down}");
    assert!(down.contains("retry-after: 1") && down.contains("\"kind\":\"Status\""), "{down}");
    let server = ApiServer::builder().authority(&authority).port(port).start().await.unwrap();
    server.accounts().allow_token(TOKEN, User::new("jane"));
    assert_eq!(code(&running.get("/version").await), 200);
    let stage = Stage { server, folder };

    // Connections that break while they are idle cost no request.
    stage.server.hang_up();
    assert_eq!(code(&running.get("/version").await), 200);
    stage.server.go_away();
    assert_eq!(code(&running.get("/version").await), 200);
    let ended = running.stop().await;
    assert!(
        ended.stderr.contains("cannot connect to 127.0.0.1"),
        "the operator is told: {ended:?}"
    );
}

#[tokio::test]
async fn px_28_requests_do_not_wait_for_streams() {
    let stage = stage_with(ApiServer::builder().max_streams(4)).await;
    let running = Running::kubecred(&stage, &[]).await;
    let mut held = Vec::new();
    for _ in 0..9 {
        let mut stream = running.connect().await;
        stream.write_all(b"GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        held.push(stream);
    }
    stage.server.holds(9).await;
    assert_eq!(code(&running.get("/version").await), 200);
    let exchange = stage.server.exchanges().pop().unwrap();
    assert_eq!(exchange.version, http::Version::HTTP_2);
    stage.server.release();
    for mut stream in held {
        let mut piece = [0; 1024];
        assert!(stream.read(&mut piece).await.unwrap() > 0);
    }
    running.stop().await;
}

#[tokio::test]
async fn px_33_a_watch_passes_events_on_as_they_come() {
    let stage = stage().await;
    let running = Running::kubecred(&stage, &[]).await;
    let mut watch = running.connect().await;
    let get = "GET /api/v1/namespaces/default/pods?watch=true HTTP/1.1\r\nHost: localhost\r\n\r\n";
    watch.write_all(get.as_bytes()).await.unwrap();
    stage.server.watched(1).await;
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    for event in ["one", "two"] {
        assert_eq!(stage.server.announce(&format!("{{\"event\":\"{event}\"}}")), 1);
        while !text.contains(event) {
            let size = tokio::time::timeout(Duration::from_secs(20), watch.read(&mut piece));
            let size = size.await.unwrap_or_else(|_| panic!("no {event} in {text}")).unwrap();
            text += &String::from_utf8_lossy(&piece[..size]);
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn slow_readers_get_all_and_hold_up_no_one() {
    let stage = stage().await;
    let running = Running::kubecred(&stage, &[]).await;
    let mut slow = running.connect().await;
    let size: usize = 64 << 20;
    let get =
        format!("GET /big?bytes={size} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    slow.write_all(get.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..5 {
        assert_eq!(code(&running.get("/version").await), 200);
    }
    let mut all = Vec::new();
    slow.read_to_end(&mut all).await.unwrap();
    let head = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(all.len() - head, size);
    running.stop().await;
}

/// I: kubectl's upgrades dial directly (#120318).
#[tokio::test]
async fn px_38_upgrades_go_through_the_proxy_of_the_kubeconfig() {
    let stage = Stage::with(ApiServer::builder().names(&["api.internal", "127.0.0.1"])).await;
    stage.accounts().allow_token(TOKEN, User::new("jane"));
    let proxy = HttpProxy::builder().start().await.unwrap();
    stage.kubeconfig_with(json!({ "proxy-url": proxy.url() }), json!({ "token": TOKEN }));
    let running = Running::kubecred(&stage, &[]).await;
    assert_eq!(code(&running.get("/version").await), 200);
    let before = proxy.requests().len();
    assert!(before > 0, "plain requests go through it");
    let upgrade = "GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    // The server does not know it, and says so: an answer that is no upgrade.
    assert_eq!(code(&running.raw(upgrade).await), 502);
    assert_eq!(
        proxy.requests().len(),
        before + 1,
        "the upgrade has a connection of its own through it"
    );
    running.stop().await;
}
